/** The thread's side of hashing a file of the store. */
import { contentHasher, type Digest } from "../digest/index.ts";
import { type FileSystem, openFlags, readFully } from "../platform/index.ts";

/** What a thread is asked: to hash a file of the store. */
export interface HashFileRequest {
  readonly op: "hash-file";
  readonly path: string;
}

/** How much of a file is read at once. */
const WINDOW_BYTES: number = 1024 * 1024;
let window: Buffer | undefined;

/** Hashes all bytes of a file. Runs in a thread. */
export function hashFile(fs: FileSystem, path: string): Digest {
  window ??= Buffer.allocUnsafeSlow(WINDOW_BYTES);
  const hasher = contentHasher();
  const fd = fs.open(path, openFlags.read);
  try {
    for (let at = 0, read = WINDOW_BYTES; read === WINDOW_BYTES; at += read) {
      read = readFully(fs, fd, window, at);
      hasher.update(window.subarray(0, read));
    }
  } finally {
    fs.close(fd);
  }
  return hasher.digest();
}
