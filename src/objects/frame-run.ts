/** Frames of chunks that stand one after another in a file of the store: read together, to be passed on as they are. */
import { DIGEST_BYTES, hashContentBytes } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { Frame } from "./frame.ts";

/** Frames, and what each of them is to hold. */
export interface FrameRun {
  /** The file, as a path below the store's folder. */
  readonly path: string;
  /** Where the first frame begins in it. */
  readonly offset: number;
  /** How long each frame is, and how many chunks it is to hold. */
  readonly lengths: Uint32Array;
  readonly counts: Uint32Array;
  /** Digests of all chunks, 32 bytes each, frame after frame. */
  readonly digests: Uint8Array;
}

/**
 * Checks frames: every chunk against its digest.
 *
 * @returns 1 for each frame that holds the chunks that it is to hold, whole, and nothing else; 0 for others
 */
export function checkFrames(
  bytes: Uint8Array,
  { lengths, counts, digests }: Pick<FrameRun, "lengths" | "counts" | "digests">,
): Uint8Array {
  const areRight = new Uint8Array(lengths.length);
  let at = 0;
  let digestAt = 0;
  for (const [number, length] of lengths.entries()) {
    const digestEnd = digestAt + (counts[number] as number) * DIGEST_BYTES;
    if (isRight(bytes.subarray(at, at + length), digests.subarray(digestAt, digestEnd))) areRight[number] = 1;
    at += length;
    digestAt = digestEnd;
  }
  return areRight;
}

function isRight(bytes: Uint8Array, digests: Uint8Array): boolean {
  try {
    const frame = new Frame(bytes);
    const { type, count } = frame.head;
    if (type !== "chunk" || frame.bases.length > 0 || count * DIGEST_BYTES !== digests.length) return false;
    for (let index = 0; index < count; index++) {
      const wanted = digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
      if (Buffer.compare(hashContentBytes(frame.unchecked(index)), wanted) !== 0) return false;
    }
    return true;
  } catch (error) {
    if (isArtifoldError(error, "DAMAGED") || isArtifoldError(error, "FORMAT_UNSUPPORTED")) return false;
    throw error;
  }
}
