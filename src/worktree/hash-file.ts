/** The thread's side of hashing a file of the store. */
import { contentHasher, type Digest } from "../digest/index.ts";
import type { FileSystem } from "../platform/index.ts";
import { type CheckedPieces, openChecked } from "./past-memory.ts";

/** What a thread is asked: to hash a file of the store. */
export interface HashFileRequest {
  readonly op: "hash-file";
  readonly path: string;
}

/** How much of a file is read at once. */
const PIECE_BYTES: number = 1024 * 1024;
/** The same where it comes from the disk. */
const PIECE_BYTES_PAST_MEMORY: number = 4 * 1024 * 1024;

/** Hashes all bytes of a file. Runs in a thread. */
export async function hashFile(fs: FileSystem, pieces: CheckedPieces, path: string): Promise<Digest> {
  const hasher = contentHasher();
  const fds: number[] = [];
  try {
    const file = openChecked(fs, path, fds);
    const length = file.isPastMemory ? PIECE_BYTES_PAST_MEMORY : PIECE_BYTES;
    const lengths = Array.from({ length: Math.ceil(file.size / length) }, () => length);
    for await (const piece of pieces.readOn(file, 0, lengths)) hasher.update(piece);
  } finally {
    for (const fd of fds) fs.close(fd);
  }
  return hasher.digest();
}
