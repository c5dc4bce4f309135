/** Reads the files of a store that hold content. */
import path from "node:path";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { type FileSystem, openFlags, readFully, storeReadError } from "../platform/index.ts";
import { BoundedCache } from "./bounded-cache.ts";

const OPEN_FILES_MAX = 64;

/** The folder of adopted files, below the store's. */
export const FILES_FOLDER = "files";

/** Path of an adopted file below the store's folder. */
export function adoptedPath(name: string): string {
  return `${FILES_FOLDER}/${name}`;
}

/** Whether a file of the store is an adopted one: then its objects are its bytes, and in no frame. */
export function isAdopted(file: string): boolean {
  return file.startsWith(`${FILES_FOLDER}/`);
}

/** Where the table of a file stands: that of an adopted one in a file beside it, that of others at their end. */
export function tablePathOf(file: string): string {
  return isAdopted(file) ? `${file}.table` : file;
}

/** A file that is open. */
interface OpenFile {
  readonly fd: number;
  /** Reads that are under way off the main thread. */
  reads: number;
  isDropped: boolean;
}

/** The files of one store, kept open while they are used. Paths are below the store's folder. */
export class StoreFiles {
  readonly fs: FileSystem;
  readonly folder: string;
  readonly #files = new BoundedCache<OpenFile>(OPEN_FILES_MAX, (open) => this.#close(open));

  constructor(fs: FileSystem, folder: string) {
    this.fs = fs;
    this.folder = folder;
  }

  /** Length of a file in bytes. @throws ArtifoldError DAMAGED when it is not there, STORE_READ_FAILED */
  length(file: string): number {
    return this.fs.stat(this.#open(file).fd).size;
  }

  /** Reads a part of a file, in a buffer of its own. @throws ArtifoldError DAMAGED when it ends before, STORE_READ_FAILED */
  read(file: string, offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    this.readInto(bytes, file, offset);
    return bytes;
  }

  /** Fills bytes with a part of a file. @throws ArtifoldError as {@link read} does */
  readInto(bytes: Uint8Array, file: string, offset: number): void {
    const { fd } = this.#open(file);
    try {
      if (readFully(this.fs, fd, bytes, offset) === bytes.length) return;
    } catch (error) {
      throw storeReadError(error);
    }
    throw endsTooEarly(file, offset);
  }

  /** As {@link read}, off the main thread. */
  async readLater(file: string, offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    const open = this.#open(file);
    open.reads++;
    try {
      for (let done = 0; done < length; ) {
        const read = await this.fs.readLater(open.fd, bytes.subarray(done), offset + done);
        if (read === 0) throw endsTooEarly(file, offset);
        done += read;
      }
      return bytes;
    } catch (error) {
      throw storeReadError(error);
    } finally {
      open.reads--;
      if (open.isDropped) this.#close(open);
    }
  }

  close(): void {
    this.#files.clear();
  }

  #open(file: string): OpenFile {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    let fd: number;
    try {
      fd = this.fs.open(path.join(this.folder, file), openFlags.read);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw storeReadError(error);
      throw new ArtifoldError("DAMAGED", `${file} of the store is not there`, { cause: error, info: { file } });
    }
    const open: OpenFile = { fd, reads: 0, isDropped: false };
    this.#files.set(file, open, 1);
    return open;
  }

  /** A descriptor must not be closed under a read: its number might be another file's by then. */
  #close(open: OpenFile): void {
    open.isDropped = true;
    if (open.reads === 0) this.fs.close(open.fd);
  }
}

function endsTooEarly(file: string, offset: number): ArtifoldError {
  return new ArtifoldError("DAMAGED", `${file} ends too early`, { info: { file, offset } });
}
