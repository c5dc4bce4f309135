/** Checks content that lies in a file as it is: each chunk against its digest. Runs in a worker thread or in place. */
import { DIGEST_BYTES, hashContentBytes } from "../digest/index.ts";
import type { CheckedFile, CheckedPieces } from "./past-memory.ts";

/** What is to be checked. */
export interface CheckRequest extends CheckedFile {
  readonly op: "check";
  /** Where the first chunk begins in the file; the others follow one after another. */
  readonly position: number;
  /** Digests, 32 bytes each. */
  readonly digests: Uint8Array;
  readonly lengths: Uint32Array;
}

/** The number of the first chunk that is not what it should be; -1 where all are. */
export function checkChunks(pieces: CheckedPieces, { digests, lengths, ...file }: CheckRequest): number {
  const length = lengths.reduce((sum, each) => sum + each, 0);
  const bytes = pieces.read(file, file.position, length);
  let at = 0;
  for (let chunk = 0; chunk < lengths.length; chunk++) {
    const end = at + (lengths[chunk] as number);
    if (end > bytes.length) return chunk;
    const wanted = digests.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES);
    if (Buffer.compare(hashContentBytes(bytes.subarray(at, end)), wanted) !== 0) return chunk;
    at = end;
  }
  return -1;
}
