/**
 * Checks content that lies in a file as it is: each chunk against its digest; and copies it, where that is wanted. Runs in a
 * worker thread or in place.
 */
import { DIGEST_BYTES, hashContentBytes } from "../digest/index.ts";
import { errnoOf } from "../errors.ts";
import { type FileSystem, writeFully } from "../platform/index.ts";
import type { CheckedFile, CheckedPieces } from "./past-memory.ts";

/** What is to be checked. */
export interface CheckRequest extends CheckedFile {
  readonly op: "check";
  /** Where the first chunk begins in the file; the others follow one after another. */
  readonly position: number;
  /** Digests, 32 bytes each. */
  readonly digests: Uint8Array;
  readonly lengths: Uint32Array;
  /** A file that gets the chunks at the same place, when all of them are right. */
  readonly to: number | undefined;
}

/** The number of the first chunk that is not what it should be, or cannot be read; -1 where all are right. */
export function checkChunks(fs: FileSystem, pieces: CheckedPieces, request: CheckRequest): number {
  const { digests, lengths, position, to } = request;
  const length = lengths.reduce((sum, each) => sum + each, 0);
  let bytes: Uint8Array;
  try {
    bytes = pieces.read(request, position, length);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return 0;
  }
  let at = 0;
  for (let chunk = 0; chunk < lengths.length; chunk++) {
    const end = at + (lengths[chunk] as number);
    if (end > bytes.length) return chunk;
    const wanted = digests.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES);
    if (Buffer.compare(hashContentBytes(bytes.subarray(at, end)), wanted) !== 0) return chunk;
    at = end;
  }
  if (to !== undefined) writeFully(fs, to, bytes, position);
  return -1;
}
