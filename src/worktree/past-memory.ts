/**
 * Reads files of the store that are only looked at to be checked.
 *
 * What lies in memory is read there. What does not is read past the page cache: pages for it would cost more time than the
 * disk takes, put out what others need, and be of no use once the file is checked.
 */
import { errnoOf } from "../errors.ts";
import { type FileSystem, openFlags, PAGE_BYTES, pageMemory, randomBytes, readFully } from "../platform/index.ts";

/** A file that is read to be checked. */
export interface CheckedFile {
  readonly fd: number;
  /** Whether `fd` is read past memory: from and to whole pages only. */
  readonly isPastMemory: boolean;
}

/** Smaller files are not worth the looks. */
const LOOKED_AT_BYTES: number = 8 * 1024 * 1024;
const LOOKS = 8;

/** For looks at a file: never used across calls. */
let page: Buffer | undefined;

/**
 * Opens a file again, to read it past memory; `undefined` where most of it is in memory, or that cannot be done.
 *
 * @param fd the file, open
 * @param size of it, in bytes
 */
export function openPastMemory(fs: FileSystem, fd: number, size: number): number | undefined {
  if (openFlags.readPastMemory === undefined || size < LOOKED_AT_BYTES || isInMemory(fs, fd, size)) return undefined;
  let again: number | undefined;
  try {
    again = fs.open(`/proc/self/fd/${fd}`, openFlags.readPastMemory);
    // Some file systems only say now that they cannot.
    page ??= pageMemory(PAGE_BYTES);
    fs.read(again, page, 0);
    return again;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    if (again !== undefined) fs.close(again);
    return undefined;
  }
}

/** Whether most looks at a file, here and there, need no disk. Where the system does not count what comes from one, none seem to. */
function isInMemory(fs: FileSystem, fd: number, size: number): boolean {
  page ??= pageMemory(PAGE_BYTES);
  // Elsewhere each time: what is looked at is in memory from then on.
  const places = Buffer.from(randomBytes(LOOKS * 4));
  let missing = 0;
  for (let look = 0; look < LOOKS; look++) {
    const place = Math.floor((places.readUInt32LE(look * 4) / 2 ** 32) * (size / PAGE_BYTES)) * PAGE_BYTES;
    const before = process.resourceUsage().fsRead;
    fs.read(fd, page, place);
    if (process.resourceUsage().fsRead !== before) missing++;
  }
  return missing * 2 <= LOOKS;
}

/** Memory for pieces of files, one after another. */
export class CheckedPieces {
  readonly #fs: FileSystem;
  #memory: Buffer = Buffer.alloc(0);

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** Reads a piece: less than was asked for where the file ends. It is good until the next is read. */
  read({ fd, isPastMemory }: CheckedFile, position: number, length: number): Buffer {
    if (!isPastMemory) {
      const bytes = this.#take(length);
      return bytes.subarray(0, readFully(this.#fs, fd, bytes, position));
    }
    const from = position - (position % PAGE_BYTES);
    const bytes = this.#take(Math.ceil((position + length - from) / PAGE_BYTES) * PAGE_BYTES);
    const read = this.#readPages(fd, bytes, from);
    return bytes.subarray(Math.min(read, position - from), Math.min(read, position - from + length));
  }

  /** A part of a page comes where the file ends: nothing may be asked for behind it. */
  #readPages(fd: number, bytes: Buffer, from: number): number {
    let done = 0;
    while (done < bytes.length && done % PAGE_BYTES === 0) {
      const read = this.#fs.read(fd, bytes.subarray(done), from + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  #take(length: number): Buffer {
    if (this.#memory.length < length) this.#memory = pageMemory(length);
    return this.#memory.subarray(0, length);
  }
}
