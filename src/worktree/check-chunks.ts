/** Checks content that lies in a file as it is: each chunk against its digest. Runs in a worker thread or in place. */
import { DIGEST_BYTES, hashContentBytes } from "../digest/index.ts";
import { type FileSystem, readFully } from "../platform/index.ts";

/** What is to be checked. */
export interface CheckRequest {
  readonly op: "check";
  /** An open file. */
  readonly fd: number;
  /** Where the first chunk begins in it; the others follow one after another. */
  readonly position: number;
  /** Digests, 32 bytes each. */
  readonly digests: Uint8Array;
  readonly lengths: Uint32Array;
}

/** The number of the first chunk that is not what it should be; -1 where all are. */
export function checkChunks(fs: FileSystem, { fd, position, digests, lengths }: CheckRequest): number {
  const bytes = Buffer.allocUnsafeSlow(lengths.reduce((sum, length) => sum + length, 0));
  const read = readFully(fs, fd, bytes, position);
  let at = 0;
  for (let chunk = 0; chunk < lengths.length; chunk++) {
    const end = at + (lengths[chunk] as number);
    if (end > read) return chunk;
    const wanted = digests.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES);
    if (Buffer.compare(hashContentBytes(bytes.subarray(at, end)), wanted) !== 0) return chunk;
    at = end;
  }
  return -1;
}
