/**
 * Reads content into windows, cuts it into chunks, hashes them, and packs those that are wanted into frames.
 *
 * Runs in a worker thread or, without workers, in place. All calls are synchronous.
 */
import { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, MemoryChunker, type SharedMemory } from "../chunking/index.ts";
import { DIGEST_BYTES, digestToBytes, EMPTY_DIGEST, hashContentBytes } from "../digest/index.ts";
import { errnoOf } from "../errors.ts";
import { looksCompressible } from "../objects/index.ts";
import { type FileStat, type FileSystem, kindOf, openFlags, readFully } from "../platform/index.ts";
import { FileRows, readStatus } from "./file-columns.ts";
import { encodeChunks, framesOfWindow } from "./frames-of-window.ts";
import type { PlacedReader } from "./placed-reader.ts";
import { ReadBases } from "./read-bases.ts";
import type {
  CutRequest,
  EncodeRequest,
  FilesRead,
  FramesOfWindow,
  HashRequest,
  ReadRequest,
  WindowCut,
  WindowHashed,
} from "./read-request.ts";
import { windowAddress, windowBytes } from "./windows.ts";

/** Files up to this size are read whole, many in one request; larger ones come window by window. */
export const WHOLE_FILE_BYTES: number = 1024 * 1024;
/** Bytes of whole files in one request. */
export const BATCH_BYTES: number = 2 * 1024 * 1024;
/** Files in one request: what they come to must fit into a window, with room for files that grew a little. */
export const BATCH_FILES = 256;

/** How often a file that changes while it is read is read again. */
const ATTEMPTS = 3;

/** Why a read could not be made. Internal to the reader; callers see statuses. */
class NotAFile extends Error {}

/** Chunks of one window in the making. */
interface Chunks {
  readonly lengths: number[];
  readonly digests: Uint8Array[];
}

/** One reader. */
export class BlobReader {
  readonly #fs: FileSystem;
  readonly #memory: SharedMemory;
  readonly #chunks: PlacedReader;
  readonly #windows: Buffer[] = [];
  #chunker: MemoryChunker | undefined;

  constructor(fs: FileSystem, memory: SharedMemory, chunks: PlacedReader) {
    this.#fs = fs;
    this.#memory = memory;
    this.#chunks = chunks;
  }

  /** Answers a request. */
  handle(request: ReadRequest): FilesRead | WindowCut | WindowHashed | FramesOfWindow {
    switch (request.op) {
      case "files":
        return this.#readFiles(request.window, request.paths.split("\0"));
      case "contents":
        return this.#lookAtContents(request.window, request.lengths);
      case "cut":
        return this.#cutWindow(request);
      case "hash":
        return this.#hashWindow(request);
      case "encode":
        return this.#encode(request);
    }
  }

  #readFiles(window: number, paths: readonly string[]): FilesRead {
    const rows = new FileRows(paths.length);
    const chunks: Chunks = { lengths: [], digests: [] };
    let used = 0;
    for (let row = 0; row < paths.length; row++) {
      const length = this.#readWhole(paths[row] as string, window, used, rows, row, chunks);
      if (length === undefined) {
        // The window is full: the rest is asked for again.
        while (row < paths.length) rows.fail(row++, readStatus.later);
        break;
      }
      used += length;
    }
    return answerOf(rows, chunks);
  }

  /** Reads one file to a place of a window. @returns how much of it is taken; `undefined` where not enough is left */
  #readWhole(
    path: string,
    window: number,
    used: number,
    rows: FileRows,
    row: number,
    chunks: Chunks,
  ): number | undefined {
    const bytes = this.#window(window);
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const read = this.#readOnce(path, bytes, used);
        if (read === "changed") continue;
        if (read === "large") {
          rows.fail(row, readStatus.large);
          return 0;
        }
        if (read === "full") return undefined;
        this.#lookAtContent(window, used, read.length, rows, row, chunks);
        rows.setStat(row, read.stat);
        return read.length;
      }
      rows.fail(row, readStatus.changed);
    } catch (error) {
      if (error instanceof NotAFile) rows.fail(row, readStatus.notAFile);
      else rows.fail(row, readStatus.failed, errnoOrThrow(error));
    }
    return 0;
  }

  /** Reads a file as it is between two looks at it. */
  #readOnce(
    path: string,
    buffer: Buffer,
    from: number,
  ): { length: number; stat: FileStat } | "changed" | "large" | "full" {
    const fd = this.#fs.open(path, openFlags.readUserFile);
    try {
      const before = this.#fs.stat(fd);
      if (kindOf(before) !== "file") throw new NotAFile();
      const { size } = before;
      if (size > WHOLE_FILE_BYTES) return "large";
      if (size >= buffer.length - from) return "full";
      // One byte more than there should be: a file that grew is noticed.
      const length = readFully(this.#fs, fd, buffer.subarray(from, from + size + 1), 0);
      const after = this.#fs.stat(fd);
      return length === size && isSameState(before, after) ? { length, stat: after } : "changed";
    } finally {
      this.#fs.close(fd);
    }
  }

  #lookAtContents(window: number, contentLengths: Uint32Array): FilesRead {
    const rows = new FileRows(contentLengths.length);
    const chunks: Chunks = { lengths: [], digests: [] };
    let from = 0;
    contentLengths.forEach((length, row) => {
      this.#lookAtContent(window, from, length, rows, row, chunks);
      from += length;
    });
    return answerOf(rows, chunks);
  }

  /** Cuts and hashes content that is whole and lies in a window. */
  #lookAtContent(window: number, from: number, length: number, rows: FileRows, row: number, chunks: Chunks): void {
    const bytes = this.#window(window);
    const first = chunks.lengths.length;
    const address = windowAddress(window) + from;
    this.#cut(address, address + length, true, chunks.lengths);
    for (let at = from, index = first; index < chunks.lengths.length; index++) {
      const chunkLength = chunks.lengths[index] as number;
      chunks.digests.push(hashContentBytes(bytes.subarray(at, at + chunkLength)));
      at += chunkLength;
    }
    rows.setContent(row, wholeDigest(bytes, from, length, chunks.digests, first), chunks.lengths.length - first);
  }

  #cutWindow({ window, fd, position, length, isEnd }: CutRequest): WindowCut {
    const bytes = this.#window(window);
    let read = length;
    if (fd !== undefined) {
      try {
        read = readFully(this.#fs, fd, bytes.subarray(0, length), position);
      } catch (error) {
        return { read: 0, lengths: new Uint32Array(), failed: errnoOrThrow(error) };
      }
    }
    const lengths: number[] = [];
    const address = windowAddress(window);
    this.#cut(address, address + read, isEnd, lengths);
    return { read, lengths: Uint32Array.from(lengths) };
  }

  #hashWindow({ window, lengths }: HashRequest): WindowHashed {
    const bytes = this.#window(window);
    const digests: Uint8Array[] = [];
    let arePlain = true;
    let at = 0;
    for (const length of lengths) {
      const content = bytes.subarray(at, at + length);
      digests.push(hashContentBytes(content));
      arePlain &&= !looksCompressible(content);
      at += length;
    }
    return { digests: joined(digests), arePlain };
  }

  /** Cuts what lies between two addresses. @param isEnd whether the content ends there; else what may be cut later is left */
  #cut(from: number, to: number, isEnd: boolean, lengths: number[]): void {
    for (let at = from; at < to && (isEnd || to - at >= CHUNK_MAX_BYTES); ) {
      const length = to - at <= CHUNK_MIN_BYTES ? to - at : this.#chunkLength(at, to);
      lengths.push(length);
      at += length;
    }
  }

  #chunkLength(from: number, to: number): number {
    this.#chunker ??= new MemoryChunker(this.#memory);
    return this.#chunker.length(from, to);
  }

  #encode({ window, offset, wanted, effort, resembling, ...chunks }: EncodeRequest): FramesOfWindow {
    const bytes = this.#window(window);
    const bases = resembling === undefined ? undefined : new ReadBases(this.#chunks, resembling);
    return framesOfWindow(encodeChunks(bytes.subarray(offset), chunks, wanted, effort, bases), bytes);
  }

  #window(number: number): Buffer {
    this.#windows[number] ??= windowBytes(this.#memory, number);
    return this.#windows[number] as Buffer;
  }
}

function answerOf(rows: FileRows, { digests, lengths }: Chunks): FilesRead {
  return { digests: joined(digests), lengths: Uint32Array.from(lengths), arePlain: false, files: rows.columns() };
}

function joined(digests: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(digests.length * DIGEST_BYTES);
  digests.forEach((digest, index) => {
    bytes.set(digest, index * DIGEST_BYTES);
  });
  return bytes;
}

/** The digest of a file that lies in a window; of its chunks the first is `first`. */
function wholeDigest(
  bytes: Buffer,
  from: number,
  length: number,
  digests: readonly Uint8Array[],
  first: number,
): Uint8Array {
  const chunks = digests.length - first;
  if (chunks === 0) return digestToBytes(EMPTY_DIGEST);
  return chunks === 1 ? (digests[first] as Uint8Array) : hashContentBytes(bytes.subarray(from, from + length));
}

/** Whether two looks at an open file show the same state of it. */
export function isSameState(before: FileStat, after: FileStat): boolean {
  return before.size === after.size && before.mtimeMs === after.mtimeMs && before.ctimeMs === after.ctimeMs;
}

/** The errno of a failed read; anything else is a fault of ours and is thrown. */
export function errnoOrThrow(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno;
}
