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

/** Bytes that are read at once: a request has several pieces, of which the next is read while one is looked at. */
const PIECE_BYTES: number = 1024 * 1024;

/** The number of the first chunk that is not what it should be, or cannot be read; -1 where all are right. */
export async function checkChunks(fs: FileSystem, pieces: CheckedPieces, request: CheckRequest): Promise<number> {
  const { digests, lengths, position, to } = request;
  const reading = pieces.readOn(request, position, inPieces(lengths));
  let chunk = 0;
  let at = position;
  try {
    for (let piece = await nextOf(reading); piece !== undefined; piece = await nextOf(reading)) {
      let end = 0;
      for (
        let length = lengths[chunk];
        length !== undefined && end + length <= piece.length;
        length = lengths[++chunk]
      ) {
        const wanted = digests.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES);
        if (Buffer.compare(hashContentBytes(piece.subarray(end, end + length)), wanted) !== 0) return chunk;
        end += length;
      }
      if (to !== undefined) writeFully(fs, to, piece.subarray(0, end), at);
      at += end;
    }
  } finally {
    await reading.return();
  }
  return chunk === lengths.length ? -1 : chunk;
}

/** The next piece; nothing where there is none, or it cannot be read. */
async function nextOf(reading: AsyncGenerator<Buffer, void, undefined>): Promise<Buffer | undefined> {
  try {
    const { value, done } = await reading.next();
    return done === true ? undefined : value;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

/** The lengths of pieces that hold whole chunks. */
function* inPieces(lengths: Uint32Array): Generator<number, void, undefined> {
  let bytes = 0;
  for (const length of lengths) {
    if (bytes > 0 && bytes + length > PIECE_BYTES) {
      yield bytes;
      bytes = 0;
    }
    bytes += length;
  }
  if (bytes > 0) yield bytes;
}
