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
  ChunkColumns,
  ChunkRequest,
  EncodeRequest,
  FilesRead,
  FramesOfWindow,
  ReadRequest,
  RechunkRequest,
  WindowChunked,
  WindowRechunked,
} from "./read-request.ts";
import { WINDOW_STEP_BYTES, windowAddress, windowBytes } from "./windows.ts";

/** Files up to this size are read whole, many in one request; larger ones come window by window. */
export const WHOLE_FILE_BYTES: number = 1024 * 1024;
/** Bytes of whole files in one request. */
export const BATCH_BYTES: number = 2 * 1024 * 1024;
/** Files in one request: what they come to must fit into a window, with room for files that grew a little. */
export const BATCH_FILES = 256;

/** So much is read at once: little enough to be close to the processor when it is cut and hashed. */
const PIECE_BYTES: number = 512 * 1024;

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
  handle(request: ReadRequest): FilesRead | WindowChunked | WindowRechunked | FramesOfWindow {
    switch (request.op) {
      case "files":
        return this.#readFiles(request.window, request.paths.split("\0"));
      case "contents":
        return this.#lookAtContents(request.window, request.lengths);
      case "chunks":
        return this.#chunkWindow(request);
      case "rechunk":
        return this.#rechunkWindow(request);
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
    this.#cut(address, address + length, chunks.lengths);
    for (let at = from, index = first; index < chunks.lengths.length; index++) {
      const chunkLength = chunks.lengths[index] as number;
      chunks.digests.push(hashContentBytes(bytes.subarray(at, at + chunkLength)));
      at += chunkLength;
    }
    rows.setContent(row, wholeDigest(bytes, from, length, chunks.digests, first), chunks.lengths.length - first);
  }

  #chunkWindow({ window, fd, position, length, isEnd }: ChunkRequest): WindowChunked {
    const bytes = this.#window(window);
    const found = new HashedChunks(bytes, 0);
    let read = fd === undefined ? length : 0;
    let wanted = length;
    for (;;) {
      if (fd !== undefined && read < wanted) {
        const end = Math.min(wanted, read + PIECE_BYTES);
        try {
          const more = readFully(this.#fs, fd, bytes.subarray(read, end), position + read);
          read += more;
          if (read < end) wanted = read;
        } catch (error) {
          return { ...found.columns(), read: 0, failed: errnoOrThrow(error) };
        }
      }
      this.#findChunks(window, found, read, isEnd && read === wanted);
      if (read === wanted) return { ...found.columns(), read };
    }
  }

  #rechunkWindow({ window, from, length, isEnd, known }: RechunkRequest): WindowRechunked {
    const found = new HashedChunks(this.#window(window), from);
    let instead = 0;
    for (let edge = 0; found.end !== edge; ) {
      if (edge < found.end && instead < known.length) edge += known[instead++] as number;
      else if (!this.#findChunk(window, found, length, isEnd)) {
        instead = known.length;
        break;
      }
    }
    return { ...found.columns(), instead };
  }

  #findChunks(window: number, found: HashedChunks, to: number, isEnd: boolean): void {
    while (this.#findChunk(window, found, to, isEnd));
  }

  /** Finds the next chunk in a window. @param to where the known bytes end @returns whether there is one */
  #findChunk(window: number, found: HashedChunks, to: number, isEnd: boolean): boolean {
    const { end } = found;
    if (isEnd ? end >= to : end >= WINDOW_STEP_BYTES || to - end < CHUNK_MAX_BYTES) return false;
    const address = windowAddress(window);
    found.add(this.#chunkLength(address + end, address + to));
    return true;
  }

  /** Cuts content that lies between two addresses. */
  #cut(from: number, to: number, lengths: number[]): void {
    for (let at = from; at < to; ) {
      const length = this.#chunkLength(at, to);
      lengths.push(length);
      at += length;
    }
  }

  #chunkLength(from: number, to: number): number {
    if (to - from <= CHUNK_MIN_BYTES) return to - from;
    this.#chunker ??= new MemoryChunker(this.#memory);
    return this.#chunker.length(from, to);
  }

  #encode({ window, wanted, effort, resembling, ...chunks }: EncodeRequest): FramesOfWindow {
    const bytes = this.#window(window);
    const bases = resembling === undefined ? undefined : new ReadBases(this.#chunks, resembling);
    return framesOfWindow(encodeChunks(bytes, chunks, wanted, effort, bases), bytes);
  }

  #window(number: number): Buffer {
    this.#windows[number] ??= windowBytes(this.#memory, number);
    return this.#windows[number] as Buffer;
  }
}

/** Chunks of a window, hashed as they are found. */
class HashedChunks {
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #lengths: number[] = [];
  readonly #digests: Uint8Array[] = [];
  #arePlain = true;
  /** Where the last one ends in the window. */
  end: number;

  constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.#from = from;
    this.end = from;
  }

  add(length: number): void {
    const content = this.#bytes.subarray(this.end, this.end + length);
    this.#lengths.push(length);
    this.#digests.push(hashContentBytes(content));
    this.#arePlain &&= !looksCompressible(content);
    this.end += length;
  }

  columns(): ChunkColumns {
    const lengths = Uint32Array.from(this.#lengths);
    return { from: this.#from, lengths, digests: joined(this.#digests), arePlain: this.#arePlain };
  }
}

function answerOf(rows: FileRows, { digests, lengths }: Chunks): FilesRead {
  const columns = { from: 0, digests: joined(digests), lengths: Uint32Array.from(lengths), arePlain: false };
  return { ...columns, files: rows.columns() };
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
