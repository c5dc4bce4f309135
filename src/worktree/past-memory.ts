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

/** Opens a file of the store, to read it where it lies. @param fds gets what is to be closed, whatever happens */
export function openChecked(fs: FileSystem, file: string, fds: number[]): CheckedFile & { readonly size: number } {
  const fd = fs.open(file, openFlags.read);
  fds.push(fd);
  const { size } = fs.stat(fd);
  const past = openPastMemory(fs, fd, size);
  if (past !== undefined) fds.push(past);
  return { fd: past ?? fd, isPastMemory: past !== undefined, size };
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

/** Pieces are mostly no longer than this. */
const PIECE_BYTES: number = 4 * 1024 * 1024;

/** Reads pieces of files into memory that is used again. */
export class CheckedPieces {
  readonly #fs: FileSystem;
  /** Two, so that one can be filled while somebody looks at the other. */
  readonly #memories: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
  #turn: 0 | 1 = 0;

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** Reads a piece: less than was asked for where the file ends. It is good until the next is read. */
  read(file: CheckedFile, position: number, length: number): Buffer {
    if (!file.isPastMemory) {
      const bytes = this.#take(length);
      return bytes.subarray(0, readFully(this.#fs, file.fd, bytes, position));
    }
    const { from, bytes } = this.#takePages(position, length);
    let done = 0;
    while (isUnfinished(bytes, done)) {
      const read = this.#fs.read(file.fd, bytes.subarray(done), from + done);
      if (read === 0) break;
      done += read;
    }
    return within(bytes, done, position - from, length);
  }

  /**
   * Reads pieces of these lengths one after another, the next while one is looked at: where it comes from the disk, whoever
   * looks does not wait for it. Each is good until the one after the next is asked for; where the file ends there is less, and
   * then nothing more. Whoever reads on must not read anything else with these pieces until he has ended.
   */
  async *readOn(
    file: CheckedFile,
    position: number,
    lengths: Iterable<number>,
  ): AsyncGenerator<Buffer, void, undefined> {
    let at = position;
    let next: Promise<Buffer> | undefined;
    try {
      for (const length of lengths) {
        const here = at;
        const before = next;
        if (!file.isPastMemory) yield this.read(file, here, length);
        else {
          next = this.#readLater(file.fd, here, length);
          // Met where it is awaited.
          next.catch(() => {});
          if (before !== undefined) yield await before;
        }
        at += length;
      }
      if (next !== undefined) yield await next;
    } finally {
      // The file must not be closed under a read.
      await next?.catch(() => {});
    }
  }

  async #readLater(fd: number, position: number, length: number): Promise<Buffer> {
    const { from, bytes } = this.#takePages(position, length);
    let done = 0;
    while (isUnfinished(bytes, done)) {
      const read = await this.#fs.readLater(fd, bytes.subarray(done), from + done);
      if (read === 0) break;
      done += read;
    }
    return within(bytes, done, position - from, length);
  }

  /** Memory for a piece and what of its first and last page is beside it. */
  #takePages(position: number, length: number): { from: number; bytes: Buffer } {
    const from = position - (position % PAGE_BYTES);
    return { from, bytes: this.#take(Math.ceil((position + length - from) / PAGE_BYTES) * PAGE_BYTES) };
  }

  #take(length: number): Buffer {
    this.#turn = this.#turn === 0 ? 1 : 0;
    if (this.#memories[this.#turn].length < length)
      this.#memories[this.#turn] = pageMemory(Math.max(length, PIECE_BYTES));
    return this.#memories[this.#turn].subarray(0, length);
  }
}

/** A part of a page comes where the file ends: nothing may be asked for behind it. */
function isUnfinished(bytes: Buffer, done: number): boolean {
  return done < bytes.length && done % PAGE_BYTES === 0;
}

function within(bytes: Buffer, read: number, at: number, length: number): Buffer {
  return bytes.subarray(Math.min(read, at), Math.min(read, at + length));
}
