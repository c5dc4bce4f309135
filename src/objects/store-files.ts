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

/** The files of one store, kept open while they are used. Paths are below the store's folder. */
export class StoreFiles {
  readonly fs: FileSystem;
  readonly folder: string;
  readonly #descriptors = new BoundedCache<number>(OPEN_FILES_MAX, (fd) => this.fs.close(fd));

  constructor(fs: FileSystem, folder: string) {
    this.fs = fs;
    this.folder = folder;
  }

  /** Length of a file in bytes. @throws ArtifoldError DAMAGED when it is not there, STORE_READ_FAILED */
  length(file: string): number {
    return this.fs.stat(this.#open(file)).size;
  }

  /** Reads a part of a file, in a buffer of its own. @throws ArtifoldError DAMAGED when it ends before, STORE_READ_FAILED */
  read(file: string, offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length);
    this.readInto(bytes, file, offset);
    return bytes;
  }

  /** Fills bytes with a part of a file. @throws ArtifoldError as {@link read} does */
  readInto(bytes: Uint8Array, file: string, offset: number): void {
    const fd = this.#open(file);
    try {
      if (readFully(this.fs, fd, bytes, offset) === bytes.length) return;
    } catch (error) {
      throw storeReadError(error);
    }
    throw new ArtifoldError("DAMAGED", `${file} ends too early`, { info: { file, offset } });
  }

  close(): void {
    this.#descriptors.clear();
  }

  #open(file: string): number {
    const known = this.#descriptors.get(file);
    if (known !== undefined) return known;
    let fd: number;
    try {
      fd = this.fs.open(path.join(this.folder, file), openFlags.read);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw storeReadError(error);
      throw new ArtifoldError("DAMAGED", `${file} of the store is not there`, { cause: error, info: { file } });
    }
    this.#descriptors.set(file, fd, 1);
    return fd;
  }
}
