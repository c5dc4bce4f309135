/**
 * Frames of chunks that stand one after another in a file of the store: read together, to be passed on as they are. Of an
 * adopted file, which has none, they are made: one for each chunk.
 */
import { DIGEST_BYTES, hashContentBytes } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { looksCompressible } from "./compression.ts";
import { codecs, FRAME_RAW_BYTES, Frame, frameLengthOf, writeFrameHead } from "./frame.ts";

/** Frames, and what each of them is to hold. */
export interface FrameRun {
  /** The file, as a path below the store's folder. */
  readonly path: string;
  /** Where the first frame begins in it or, in an adopted file, the first chunk. */
  readonly offset: number;
  /** How long each frame is, or will be, and how many chunks it is to hold. */
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

/** How long the chunks of an adopted file are together that a run is to be made of. */
export function bareBytesOf({ lengths }: Pick<FrameRun, "lengths">): number {
  return lengths.reduce((sum, length) => sum + length - BARE_HEAD_BYTES, 0);
}

/**
 * Makes frames of chunks that stand in no frame, each checked against its digest.
 *
 * @param raw the chunks, one after another
 * @param bytes where the frames go
 * @returns 1 for each frame that was made; 0 where the chunk is not what it should be, or would be better compressed
 */
export function frameBareChunks(raw: Uint8Array, { lengths, digests }: FrameRun, bytes: Uint8Array): Uint8Array {
  const frames = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const areRight = new Uint8Array(lengths.length);
  let at = 0;
  let from = 0;
  for (const [number, length] of lengths.entries()) {
    const chunk = raw.subarray(from, from + length - BARE_HEAD_BYTES);
    const wanted = digests.subarray(number * DIGEST_BYTES, (number + 1) * DIGEST_BYTES);
    const isRight = chunk.length <= FRAME_RAW_BYTES && Buffer.compare(hashContentBytes(chunk), wanted) === 0;
    if (isRight && !looksCompressible(chunk)) {
      const head = { type: "chunk", codec: codecs.none, storedLength: chunk.length } as const;
      frames.set(chunk, writeFrameHead(frames, at, head, [chunk.length]));
      areRight[number] = 1;
    }
    at += length;
    from += chunk.length;
  }
  return areRight;
}

const BARE_HEAD_BYTES: number = frameLengthOf(1, 0);
