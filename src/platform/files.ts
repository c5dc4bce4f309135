/** Reading and writing whole files with the care that a store needs (rules R1, R2, R5 of docs/durability.md). */
import path from "node:path";
import { ArtifoldError, errnoOf, isArtifoldError } from "../errors.ts";
import { type FileStat, type FileSystem, openFlags } from "./file-system.ts";
import { randomHex } from "./random.ts";

/** Begins the names of files that are still being written. Nothing ever reads them. */
export const TEMPORARY_PREFIX = ".tmp-";

/** A fresh name for a file in the making, in the same folder as `path`. */
export function temporaryPath(filePath: string): string {
  return path.join(path.dirname(filePath), `${TEMPORARY_PREFIX}${randomHex(8)}`);
}

/** Writes all of the buffer: a single write may stop early without an error. */
export function writeFully(fs: FileSystem, fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength; ) {
    const written = fs.write(fd, bytes.subarray(done), position + done);
    if (written === 0) throw Object.assign(new Error("the file system wrote nothing"), { code: "EIO" });
    done += written;
  }
}

/** As {@link writeFully}, off the main thread. The buffer must not be touched until it settles. */
export async function writeFullyLater(fs: FileSystem, fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const written = await fs.writeLater(fd, done === 0 ? bytes : bytes.subarray(done), position + done);
    if (written === 0) throw Object.assign(new Error("the file system wrote nothing"), { code: "EIO" });
    done += written;
  }
}

/** The system takes so many buffers in one call, and no more. */
const BUFFERS_AT_ONCE = 1024;

/** As {@link writeFullyLater}, of several buffers one after another. */
export async function writeAllLater(
  fs: FileSystem,
  fd: number,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  const left = [...buffers];
  for (let at = position; left.length > 0; ) {
    let written = await fs.writeManyLater(fd, left.slice(0, BUFFERS_AT_ONCE), at);
    if (written === 0 && left.some((buffer) => buffer.byteLength > 0)) {
      throw Object.assign(new Error("the file system wrote nothing"), { code: "EIO" });
    }
    at += written;
    let whole = 0;
    for (let next = left[whole]; next !== undefined && next.byteLength <= written; next = left[++whole]) {
      written -= next.byteLength;
    }
    left.splice(0, whole);
    if (written > 0) left[0] = (left[0] as Uint8Array).subarray(written);
  }
}

/**
 * Fills the buffer from the file.
 *
 * @returns how many bytes there were: less than the buffer holds only at the end of the file
 */
export function readFully(fs: FileSystem, fd: number, buffer: Uint8Array, position: number): number {
  let done = 0;
  while (done < buffer.byteLength) {
    const read = fs.read(fd, done === 0 ? buffer : buffer.subarray(done), position + done);
    if (read === 0) break;
    done += read;
  }
  return done;
}

/** Reads a small file whole; `undefined` when there is none. */
export function readWholeFile(fs: FileSystem, filePath: string): Uint8Array | undefined {
  let fd: number;
  try {
    fd = fs.open(filePath, openFlags.read);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.allocUnsafe(fs.stat(fd).size);
    return bytes.subarray(0, readFully(fs, fd, bytes, 0));
  } finally {
    fs.close(fd);
  }
}

/** Looks at a file; what is in a folder that somebody else keeps to himself, or below a file, is as good as not there. */
export function lookIfAllowed(fs: FileSystem, filePath: string): FileStat | undefined {
  try {
    return fs.lookAt(filePath);
  } catch (error) {
    if (errnoOf(error) === "EACCES" || errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Makes the names in a folder durable. A new file needs this beside its own flush. */
export async function flushFolder(fs: FileSystem, folder: string): Promise<void> {
  // Windows has no flush of folders; NTFS journals names itself.
  if (process.platform === "win32") return;
  const fd = fs.open(folder, openFlags.folder);
  try {
    await fs.flush(fd);
  } finally {
    fs.close(fd);
  }
}

/**
 * Makes a file appear under its name whole and durable, or not at all: temporary file in the same folder, flush,
 * rename, flush of the folder. An existing file of that name is replaced.
 */
export async function publishFile(fs: FileSystem, filePath: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const temporary = temporaryPath(filePath);
  const fd = fs.open(temporary, openFlags.createNew, mode);
  try {
    try {
      writeFully(fs, fd, bytes, 0);
      await fs.flush(fd);
    } finally {
      fs.close(fd);
    }
    fs.rename(temporary, filePath);
  } catch (error) {
    removeQuietly(fs, temporary);
    throw error;
  }
  await flushFolder(fs, path.dirname(filePath));
}

/** The names in one of the store's own folders, which hold few: a user's folder is read piece by piece instead. */
export function namesIn(fs: FileSystem, folder: string): string[] {
  const names: string[] = [];
  const reader = fs.openFolder(folder);
  try {
    while (reader.next(1024, (name) => names.push(name))) {
      // The names arrive in the callback.
    }
  } finally {
    reader.close();
  }
  return names;
}

/** Removes a file that may already be gone; used where another error is on its way to the caller. */
export function removeQuietly(fs: FileSystem, filePath: string): void {
  try {
    fs.remove(filePath);
  } catch {
    // What stays behind has a temporary name, and temporary names are swept at the next upload.
  }
}

/** Makes a folder and what is missing above it, each durable in its parent. */
export async function makeFolders(fs: FileSystem, folder: string, mode = 0o700): Promise<void> {
  const missing: string[] = [];
  let at = folder;
  while (fs.lookAt(at) === undefined) {
    missing.push(at);
    const parent = path.dirname(at);
    if (parent === at) break;
    at = parent;
  }
  for (const each of missing.reverse()) {
    try {
      fs.makeFolder(each, mode);
    } catch (error) {
      // Somebody else made it in the meantime: that is what we wanted.
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    await flushFolder(fs, path.dirname(each));
  }
}

/** Turns a failed write to the store into the error the user gets. The user's own files never pass through here. */
export function storeWriteError(error: unknown, what: string, happened: "no" | "unknown" = "no"): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const info = { errno, path: (error as { path?: string }).path };
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    return new ArtifoldError("NO_SPACE", `no space left to write ${what}`, {
      cause: error,
      happened,
      info,
      hint: "Make room on the disk that holds the store and try again; the store is as it was.",
    });
  }
  return new ArtifoldError("STORE_WRITE_FAILED", `cannot write ${what}: ${(error as Error).message}`, {
    cause: error,
    happened,
    info,
  });
}

/** Turns a failed read of the store into the error the user gets. */
export function storeReadError(error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  return new ArtifoldError("STORE_READ_FAILED", `cannot read the store: ${(error as Error).message}`, {
    cause: error,
    info: { errno, path: (error as { path?: string }).path },
    hint: "Check the disk that holds the store and your rights there.",
  });
}

/** Runs an action on files of the store; what the machine refuses, and nobody below expected, is told as such. */
export async function onStoreFiles<Result>(action: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw storeReadError(error);
  }
}

/** Runs what comes after a change is durable: whatever fails there, the error says that the change was made. */
export async function afterwards<Result>(action: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await onStoreFiles(action);
  } catch (error) {
    const { code, message, hint, info } = isArtifoldError(error)
      ? error
      : {
          code: "INTERNAL" as const,
          message: `a fault after the change was made: ${String(error)}`,
          hint: undefined,
          info: {},
        };
    throw new ArtifoldError(code, message, {
      cause: error,
      happened: "yes",
      info,
      ...(hint !== undefined && { hint }),
    });
  }
}
