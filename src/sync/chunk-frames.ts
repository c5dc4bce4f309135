/** Frames of chunks for a push: those of the store as they are, where all in them is wanted, and else new ones. */
import { DIGEST_BYTES, type Digest, digestToBytes } from "../digest/index.ts";
import {
  bytesOfFrames,
  type EncodedFrames,
  type Frame,
  FrameEncoder,
  isAdopted,
  type Place,
} from "../objects/index.ts";
import { Breather } from "../platform/index.ts";

/** Where the chunks of a store lie. */
export interface ChunkSource {
  locate(digest: Digest): Place | undefined;
  frameAt(place: Place): Frame;
  /** The bytes of a chunk, checked. @throws ArtifoldError DAMAGED */
  readChunk(digest: Digest): Uint8Array;
}

/**
 * Frames that hold some chunks and nothing else, one frame each. Every chunk is checked against its digest on the way, so
 * that what is damaged here never leaves.
 *
 * @throws ArtifoldError DAMAGED
 */
export async function* framesOfChunks(
  source: ChunkSource,
  digests: readonly Digest[],
  signal: AbortSignal | undefined,
): AsyncGenerator<EncodedFrames, void, undefined> {
  const breather = new Breather(signal);
  const wanted = new Set(digests);
  const encoder = new FrameEncoder("chunk");
  for (const digest of digests) {
    if (!wanted.has(digest)) continue;
    const whole = wholeFrame(source, digest, wanted);
    if (whole === undefined) {
      encoder.add({ digest: digestToBytes(digest), bytes: source.readChunk(digest) });
      wanted.delete(digest);
    } else {
      yield whole;
    }
    if (breather.due()) await breather.pause();
  }
  yield* singleFrames(encoder.finish());
}

/** The frame that a chunk lies in, when all in it is wanted, which it is no longer then. */
function wholeFrame(source: ChunkSource, digest: Digest, wanted: Set<Digest>): EncodedFrames | undefined {
  const place = source.locate(digest);
  // An adopted file has no frames.
  if (place === undefined || place.isDelta || isAdopted(place.path)) return undefined;
  const frame = source.frameAt(place);
  const { count, type } = frame.head;
  if (type !== "chunk" || frame.bases.length > 0) return undefined;
  const digests = Array.from({ length: count }, (_, index) => frame.digest(index));
  if (!digests.includes(digest) || !digests.every((each) => wanted.has(each))) return undefined;
  const bytes = new Uint8Array(count * DIGEST_BYTES);
  digests.forEach((each, index) => {
    digestToBytes(each, bytes, index * DIGEST_BYTES);
    wanted.delete(each);
  });
  return {
    type: "chunk",
    pieces: [frame.bytes],
    byteLength: frame.bytes.length,
    frameLengths: Uint32Array.of(frame.bytes.length),
    objectCounts: Int32Array.of(count),
    digests: bytes,
  };
}

/** The same frames, each by itself. */
export function* singleFrames(frames: EncodedFrames): Generator<EncodedFrames, void, undefined> {
  const bytes = bytesOfFrames(frames);
  let at = 0;
  let digestAt = 0;
  for (const [number, length] of frames.frameLengths.entries()) {
    const count = frames.objectCounts[number] as number;
    const digestsEnd = digestAt + Math.abs(count) * DIGEST_BYTES;
    yield {
      type: frames.type,
      pieces: [bytes.subarray(at, at + length)],
      byteLength: length,
      frameLengths: Uint32Array.of(length),
      objectCounts: Int32Array.of(count),
      digests: frames.digests.subarray(digestAt, digestsEnd),
    };
    at += length;
    digestAt = digestsEnd;
  }
}
