/**
 * Writes stored content out as files of the user's: each under a temporary name first, checked, then renamed; in a folder that
 * nobody finds yet, under its own.
 *
 * Runs in a worker thread or in place. Where frames lie is told by the caller; what they hold is checked here, against
 * the digest of each chunk and, for a file of several chunks, of the whole. A large file may be checked by another thread
 * instead, which follows this one.
 */
import path from "node:path";
import { CHUNK_MAX_BYTES } from "../chunking/index.ts";
import { contentHasher, type Digest, EMPTY_DIGEST, type Hasher } from "../digest/index.ts";
import { ArtifoldError, errnoOf } from "../errors.ts";
import type { FileEntry } from "../manifest/index.ts";
import { type FileSystem, openFlags, removeQuietly, writeFully } from "../platform/index.ts";
import { type FreshStat, putStat, STAT_NUMBERS } from "./file-columns.ts";
import { digestInRow, type PlacedColumns, sizeInRow } from "./placed-columns.ts";
import type { PlacedReader, ReadRow } from "./placed-reader.ts";

/** What is asked of a writer. */
export type WriteRequest =
  /** Write small files whole. */
  | {
      readonly op: "write-files";
      readonly store: string;
      readonly chunks: PlacedColumns;
      readonly files: readonly FileToWrite[];
    }
  /** Begin a large file. One that is followed is not checked here: whoever follows it does. */
  | { readonly op: "write-begin"; readonly file: Omit<FileToWrite, "chunks">; readonly isFollowed: boolean }
  /** Write on in it. */
  | {
      readonly op: "write-on";
      readonly stream: number;
      readonly store: string;
      readonly chunks: PlacedColumns;
    }
  /** Give it its name. */
  | { readonly op: "write-end"; readonly stream: number }
  /** Give it up. */
  | { readonly op: "write-abort"; readonly stream: number };

/** A file to be written. */
export interface FileToWrite {
  /** Where it goes. The folder is there; a file of that name is replaced. */
  readonly path: string;
  /** How its path reads to the user, for errors. */
  readonly shown: string;
  readonly digest: Digest;
  readonly executable: boolean;
  /** How many of the chunks are its own. */
  readonly chunks: number;
  /** Whether nobody finds it by its path before it is whole: then it needs no other name until it is. */
  readonly isHidden: boolean;
}

/** Answer to "write-files" (a row a file) and "write-end" (one row): inode, size, mtime, ctime under the final name. */
export interface FilesWritten {
  readonly stats: Float64Array;
}

/** A file that was written, and its stat under its final name. */
export interface Written {
  readonly entry: FileEntry;
  readonly stat: FreshStat;
}

/** Answer to "write-begin". */
export interface WriteBegun {
  readonly stream: number;
  /** The name that it has while it is written. */
  readonly temporary: string;
}

/** Names of files and folders of the user's folder that are still being written. */
export const TEMPORARY_NAME: RegExp = /^\.artifold-[0-9a-f]{16}\.tmp$/;

/** Gives such names, each once. */
export function temporaryNames(): () => string {
  const salt = hex8(Math.floor(Math.random() * 2 ** 32));
  let next = 0;
  return () => `.artifold-${salt}${hex8(next++)}.tmp`;
}

function hex8(value: number): string {
  return value.toString(16).padStart(8, "0");
}

interface Stream {
  readonly file: Omit<FileToWrite, "chunks">;
  readonly temporary: string;
  readonly fd: number;
  readonly isFollowed: boolean;
  /** Of the whole content; a file of one chunk needs none. */
  readonly hasher: Hasher | undefined;
  length: number;
  /** Whether the file itself ends before that, for its last bytes are zeros. */
  endsInHole: boolean;
  /** Digest of the chunk written last. */
  last: Digest;
}

/** Writes for one thread. */
export class BlobWriter {
  readonly #fs: FileSystem;
  readonly #chunks: PlacedReader;
  readonly #streams = new Map<number, Stream>();
  #nextId = 1;
  readonly #temporaryName: () => string = temporaryNames();

  constructor(fs: FileSystem, chunks: PlacedReader) {
    this.#fs = fs;
    this.#chunks = chunks;
  }

  handle(request: WriteRequest): FilesWritten | WriteBegun | undefined {
    switch (request.op) {
      case "write-files":
        return this.#writeFiles(request);
      case "write-begin": {
        const stream = this.#begin(request.file, request.isFollowed ? "elsewhere" : "whole");
        return { stream, temporary: (this.#streams.get(stream) as Stream).temporary };
      }
      case "write-on": {
        const stream = this.#streams.get(request.stream) as Stream;
        const { store, chunks } = request;
        const read = this.#chunks.open(store, chunks, stream.isFollowed ? "borrowed" : "checked");
        this.#guard(request.stream, () => this.#writeChunks(stream, chunks, read, 0, chunks.count));
        return undefined;
      }
      case "write-end": {
        const stats = new Float64Array(STAT_NUMBERS);
        this.#guard(request.stream, () => this.#end(request.stream, stats, 0));
        return { stats };
      }
      case "write-abort":
        this.#abort(request.stream);
        return undefined;
    }
  }

  close(): void {
    for (const stream of [...this.#streams.keys()]) this.#abort(stream);
  }

  #writeFiles(request: WriteRequest & { op: "write-files" }): FilesWritten {
    const { store, chunks, files } = request;
    const stats = new Float64Array(files.length * STAT_NUMBERS);
    const read = this.#chunks.open(store, chunks);
    let chunk = 0;
    files.forEach((file, row) => {
      const id = this.#begin(file, file.chunks < 2 ? "chunk" : "whole");
      this.#guard(id, () => {
        this.#writeChunks(this.#streams.get(id) as Stream, chunks, read, chunk, chunk + file.chunks);
        this.#end(id, stats, row);
      });
      chunk += file.chunks;
    });
    return { stats };
  }

  /** @param checked what its digest is compared with: its one chunk, the hash of the whole, or nothing here */
  #begin(file: Omit<FileToWrite, "chunks">, checked: "chunk" | "whole" | "elsewhere"): number {
    const temporary = file.isHidden ? file.path : path.join(path.dirname(file.path), this.#temporaryName());
    let fd: number;
    try {
      // The user's umask takes away what it takes away from every new file.
      fd = this.#fs.open(temporary, openFlags.createNew, file.executable ? 0o777 : 0o666);
    } catch (error) {
      throw writeError(file.shown, error);
    }
    const id = this.#nextId++;
    const hasher = checked === "whole" ? contentHasher() : undefined;
    const isFollowed = checked === "elsewhere";
    this.#streams.set(id, {
      file,
      temporary,
      fd,
      isFollowed,
      hasher,
      length: 0,
      endsInHole: false,
      last: EMPTY_DIGEST,
    });
    return id;
  }

  #writeChunks(stream: Stream, chunks: PlacedColumns, read: ReadRow, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      const digest = digestInRow(chunks, row);
      const bytes = read(row);
      if (bytes.length !== sizeInRow(chunks, row)) throw wrongLength(stream.file.shown, digest);
      stream.hasher?.update(bytes);
      stream.last = digest;
      this.#write(stream, bytes);
    }
    if (stream.endsInHole) this.#writing(stream, () => this.#fs.truncate(stream.fd, stream.length));
    stream.endsInHole = false;
  }

  /** The file is new: where nothing is written it reads as zeros, and takes no room where the file system has holes. */
  #write(stream: Stream, bytes: Uint8Array): void {
    stream.endsInHole = isZeros(bytes);
    if (!stream.endsInHole) this.#writing(stream, () => writeFully(this.#fs, stream.fd, bytes, stream.length));
    stream.length += bytes.length;
  }

  #writing(stream: Stream, action: () => void): void {
    try {
      action();
    } catch (error) {
      throw writeError(stream.file.shown, error);
    }
  }

  #end(id: number, stats: Float64Array, row: number): void {
    const stream = this.#streams.get(id) as Stream;
    const { file, temporary, fd } = stream;
    if (!stream.isFollowed && (stream.hasher?.digest() ?? stream.last) !== file.digest) {
      throw new ArtifoldError("DAMAGED", `the stored chunks of ${file.shown} do not make its content`, {
        info: { path: file.shown, digest: file.digest },
      });
    }
    this.#streams.delete(id);
    try {
      if (file.isHidden) putStat(stats, row, this.#fs.stat(fd));
      this.#fs.close(fd);
      if (file.isHidden) return;
      this.#fs.rename(temporary, file.path);
      const stat = this.#fs.lookAt(file.path);
      if (stat === undefined) throw Object.assign(new Error("it vanished"), { code: "ENOENT" });
      putStat(stats, row, stat);
    } catch (error) {
      removeQuietly(this.#fs, temporary);
      throw writeError(file.shown, error);
    }
  }

  /** Gives a file up when writing it fails. */
  #guard(id: number, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#abort(id);
      throw error;
    }
  }

  #abort(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    this.#fs.close(stream.fd);
    removeQuietly(this.#fs, stream.temporary);
  }
}

const zeros: Buffer = Buffer.alloc(CHUNK_MAX_BYTES);
/** Fewer zeros are written like anything else. */
const HOLE_BYTES_MIN = 16 * 1024;

function isZeros(bytes: Uint8Array): boolean {
  if (bytes.length < HOLE_BYTES_MIN || bytes.length > zeros.length || bytes[0] !== 0) return false;
  return zeros.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

function wrongLength(shown: string, digest: Digest): ArtifoldError {
  return new ArtifoldError("DAMAGED", `the content of ${shown} is not as long as its version says`, {
    info: { path: shown, digest },
  });
}

/** The error for a file or folder of the user's that could not be written. */
export function writeError(shown: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const noSpace = errno === "ENOSPC" || errno === "EDQUOT";
  return new ArtifoldError(noSpace ? "NO_SPACE" : "WRITE_FAILED", `cannot write ${shown}: ${errno}`, {
    cause: error,
    info: { path: shown, errno },
    ...(noSpace ? { hint: "Make room and run the download again: it goes on where it stopped." } : {}),
  });
}
