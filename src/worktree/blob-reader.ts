/**
 * Reads content, cuts it into chunks, hashes them, and packs those that are wanted into frames.
 *
 * Runs in a worker thread or, without workers, in place. All calls are synchronous; what they read stays in buffers of
 * this reader until the caller says which chunks it wants.
 */
import { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, chunkLength } from "../chunking/index.ts";
import {
  contentHasher,
  DIGEST_BYTES,
  digestToBytes,
  EMPTY_DIGEST,
  type Hasher,
  hashContentBytes,
} from "../digest/index.ts";
import { errnoOf } from "../errors.ts";
import { type EncodedFrames, FrameEncoder } from "../objects/index.ts";
import { type FileStat, type FileSystem, kindOf, openFlags, readFully } from "../platform/index.ts";
import { FileRows, readStatus } from "./file-columns.ts";
import type { ChunkColumns, FilesRead, ReadRequest, StreamOpened, WindowRead } from "./read-request.ts";

/** Files up to this size are read whole, many in one request; larger ones come window by window. */
export const WHOLE_FILE_BYTES: number = 1024 * 1024;
/** Bytes of whole files in one request. */
export const BATCH_BYTES: number = 2 * 1024 * 1024;
/** Files in one request: what they come to must fit into a buffer, with room for files that grew a little. */
export const BATCH_FILES = 256;

const BUFFER_BYTES: number = 4 * 1024 * 1024;
/** How often a file that changes while it is read is read again. */
const ATTEMPTS = 3;

/** Why a read could not be made. Internal to the reader; callers see statuses. */
class NotAFile extends Error {}

interface Batch {
  readonly buffer: Buffer;
  /** Where each chunk lies in the buffer. */
  readonly offsets: number[];
  readonly lengths: number[];
  readonly digests: Uint8Array[];
}

interface Stream {
  readonly fd: number | undefined;
  readonly before: FileStat | undefined;
  readonly hasher: Hasher;
  /** Bytes after the last cut: the beginning of the next chunk. */
  rest: Buffer;
  length: number;
  chunks: number;
  first: Uint8Array | undefined;
}

/** One reader; its streams and batches are its own. */
export class BlobReader {
  readonly #fs: FileSystem;
  readonly #buffers: Buffer[] = [];
  readonly #batches = new Map<number, Batch>();
  readonly #streams = new Map<number, Stream>();
  #nextId = 1;

  constructor(fs: FileSystem) {
    this.#fs = fs;
  }

  /** Answers a request. */
  handle(request: ReadRequest): FilesRead | StreamOpened | WindowRead | EncodedFrames | undefined {
    switch (request.op) {
      case "files":
        return this.#readFiles(request.paths.split("\0"));
      case "open":
        return this.#openFile(request.path);
      case "begin":
        return { stream: this.#addStream(undefined, undefined) };
      case "window":
        return this.#readWindow(request.stream);
      case "feed":
        return this.#feed(request.stream, request.bytes, request.end);
      case "close":
        this.#closeStream(request.stream);
        return undefined;
      case "encode":
        return this.#encode(request.batch, request.wanted);
      case "release":
        this.#freeBatch(request.batch);
        return undefined;
    }
  }

  /** Closes what is open. */
  close(): void {
    for (const stream of [...this.#streams.keys()]) this.#closeStream(stream);
    this.#batches.clear();
  }

  #readFiles(paths: readonly string[]): FilesRead {
    const batch = this.#newBatch();
    const rows = new FileRows(paths.length);
    let used = 0;
    for (let row = 0; row < paths.length; row++) {
      const length = this.#readWhole(paths[row] as string, batch, used, rows, row);
      if (length === undefined) {
        // The buffer is full: the rest is asked for again.
        while (row < paths.length) rows.fail(row++, readStatus.later);
        break;
      }
      used += length;
    }
    return { ...this.#keepBatch(batch), files: rows.columns() };
  }

  /** Reads one file into the batch's buffer. @returns how much of it is taken; `undefined` where not enough is left */
  #readWhole(path: string, batch: Batch, used: number, rows: FileRows, row: number): number | undefined {
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const read = this.#readOnce(path, batch.buffer, used);
        if (read === "changed") continue;
        if (read === "large") {
          rows.fail(row, readStatus.large);
          return 0;
        }
        if (read === "full") return undefined;
        const firstChunk = batch.lengths.length;
        this.#cut(batch, used, read.length, true);
        const chunks = batch.lengths.length - firstChunk;
        const digest = wholeDigest(batch.buffer, used, read.length, chunks, batch.digests[firstChunk]);
        rows.set(row, readStatus.ok, read.stat, digest, chunks);
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
      const size = before.size;
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

  #openFile(path: string): StreamOpened {
    let fd: number | undefined;
    try {
      fd = this.#fs.open(path, openFlags.readUserFile);
      const stat = this.#fs.stat(fd);
      if (kindOf(stat) !== "file") throw new NotAFile();
      return { stream: this.#addStream(fd, stat) };
    } catch (error) {
      if (fd !== undefined) this.#fs.close(fd);
      return { stream: 0, failed: error instanceof NotAFile ? "" : errnoOrThrow(error) };
    }
  }

  #addStream(fd: number | undefined, before: FileStat | undefined): number {
    const id = this.#nextId++;
    const stream = {
      fd,
      before,
      hasher: contentHasher(),
      rest: Buffer.alloc(0),
      length: 0,
      chunks: 0,
      first: undefined,
    };
    this.#streams.set(id, stream);
    return id;
  }

  #readWindow(id: number): WindowRead {
    const stream = this.#streams.get(id) as Stream & { fd: number; before: FileStat };
    const batch = this.#newBatch();
    stream.rest.copy(batch.buffer);
    // One byte more than there should be: a file that grows is noticed, and is not followed for as long as it does.
    const left = stream.before.size - stream.length;
    const from = stream.rest.length;
    const space = batch.buffer.subarray(from, Math.min(batch.buffer.length, from + left + 1));
    let read: number;
    try {
      read = readFully(this.#fs, stream.fd, space, stream.length);
    } catch (error) {
      return this.#failWindow(id, batch, readStatus.failed, errnoOrThrow(error));
    }
    if (read > left) return this.#failWindow(id, batch, readStatus.changed);
    return this.#takeWindow(id, batch, read, read < space.length);
  }

  #feed(id: number, bytes: Uint8Array, end: boolean): WindowRead {
    const stream = this.#streams.get(id) as Stream;
    const batch = this.#newBatch();
    if (stream.rest.length + bytes.length > batch.buffer.length) throw new TypeError("fed more than a window");
    stream.rest.copy(batch.buffer);
    batch.buffer.set(bytes, stream.rest.length);
    return this.#takeWindow(id, batch, bytes.length, end);
  }

  #takeWindow(id: number, batch: Batch, read: number, isEnd: boolean): WindowRead {
    const stream = this.#streams.get(id) as Stream;
    const known = stream.rest.length;
    const filled = known + read;
    stream.hasher.update(batch.buffer.subarray(known, filled));
    stream.length += read;
    const cutTo = this.#cut(batch, 0, filled, isEnd);
    stream.chunks += batch.lengths.length;
    stream.first ??= batch.digests[0];
    stream.rest = Buffer.from(batch.buffer.subarray(cutTo, filled));
    if (!isEnd) return this.#keepBatch(batch);
    const rows = new FileRows(1);
    const after = stream.fd === undefined ? undefined : this.#fs.stat(stream.fd);
    const isWhole =
      stream.before === undefined || after === undefined
        ? true
        : isSameState(stream.before, after) && after.size === stream.length;
    const digest = stream.chunks === 1 ? (stream.first as Uint8Array) : digestToBytes(stream.hasher.digest());
    if (isWhole) rows.set(0, readStatus.ok, after ?? memoryStat(stream.length), digest, stream.chunks);
    else rows.fail(0, readStatus.changed);
    this.#closeStream(id);
    return { ...this.#keepBatch(batch), end: rows.columns() };
  }

  #failWindow(id: number, batch: Batch, status: number, errno?: string): WindowRead {
    const rows = new FileRows(1);
    rows.fail(0, status, errno);
    this.#closeStream(id);
    return { ...this.#keepBatch(batch), end: rows.columns() };
  }

  /**
   * Cuts `length` bytes at `from` of a batch's buffer into chunks and hashes them.
   *
   * @param isEnd whether the content ends there; else what may belong to a longer chunk is left
   * @returns where what is left begins
   */
  #cut(batch: Batch, from: number, length: number, isEnd: boolean): number {
    const { buffer } = batch;
    const to = from + length;
    let at = from;
    while (at < to && (isEnd || to - at >= CHUNK_MAX_BYTES)) {
      const chunk = to - at <= CHUNK_MIN_BYTES ? to - at : chunkLength(buffer, at, to);
      batch.offsets.push(at);
      batch.lengths.push(chunk);
      batch.digests.push(hashContentBytes(buffer.subarray(at, at + chunk)));
      at += chunk;
    }
    return at;
  }

  #encode(id: number, wanted: Uint8Array): EncodedFrames {
    const batch = this.#batches.get(id) as Batch;
    const encoder = new FrameEncoder("chunk");
    batch.lengths.forEach((length, index) => {
      if (wanted[index] === 0) return;
      const offset = batch.offsets[index] as number;
      const digest = batch.digests[index] as Uint8Array;
      encoder.add({ digest, bytes: batch.buffer.subarray(offset, offset + length) });
    });
    const frames = encoder.finish();
    this.#freeBatch(id);
    return frames;
  }

  #newBatch(): Batch {
    const buffer = this.#buffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
    return { buffer, offsets: [], lengths: [], digests: [] };
  }

  #keepBatch(batch: Batch): ChunkColumns {
    const id = this.#nextId++;
    this.#batches.set(id, batch);
    const digests = new Uint8Array(batch.digests.length * DIGEST_BYTES);
    batch.digests.forEach((digest, index) => {
      digests.set(digest, index * DIGEST_BYTES);
    });
    return { batch: id, digests, lengths: Uint32Array.from(batch.lengths) };
  }

  #freeBatch(id: number): void {
    const batch = this.#batches.get(id);
    this.#batches.delete(id);
    if (batch !== undefined) this.#buffers.push(batch.buffer);
  }

  #closeStream(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    if (stream?.fd !== undefined) this.#fs.close(stream.fd);
  }
}

/** The largest piece that "feed" takes: a window, with room for what is left of the one before. */
export const FEED_BYTES_MAX: number = BUFFER_BYTES - CHUNK_MAX_BYTES;

function wholeDigest(
  buffer: Buffer,
  from: number,
  length: number,
  chunks: number,
  onlyChunk: Uint8Array | undefined,
): Uint8Array {
  if (chunks === 0) return digestToBytes(EMPTY_DIGEST);
  return chunks === 1 ? (onlyChunk as Uint8Array) : hashContentBytes(buffer.subarray(from, from + length));
}

/** Whether two looks at an open file show the same state of it. */
function isSameState(before: FileStat, after: FileStat): boolean {
  return before.size === after.size && before.mtimeMs === after.mtimeMs && before.ctimeMs === after.ctimeMs;
}

/** Stat of content that was never a file. */
function memoryStat(size: number): FileStat {
  return { mode: 0, ino: 0, dev: 0, uid: 0, size, mtimeMs: 0, ctimeMs: 0 };
}

/** The errno of a failed read; anything else is a fault of ours and is thrown. */
function errnoOrThrow(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return errno;
}
