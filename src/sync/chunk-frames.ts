/** Frames of chunks for a push: those of the store as they are, where all in them is wanted, and else new ones. */
import { DIGEST_BYTES, type Digest, digestToBytes } from "../digest/index.ts";
import {
  bytesOfFrames,
  type EncodedFrames,
  FRAME_BYTES_MAX,
  FrameEncoder,
  type FrameRun,
  frameLengthOf,
  isAdopted,
  type Place,
} from "../objects/index.ts";
import { Breather, sideBySide } from "../platform/index.ts";

/** Where the chunks of a store lie. */
export interface ChunkSource {
  locate(digest: Digest): Place | undefined;
  /** How many runs of frames may be read at once. */
  readonly runsAtOnce: number;
  /** Reads frames as they are, or makes them of chunks of an adopted file; checked; of at most {@link RUN_BYTES_MAX} bytes. */
  readFrames(run: FrameRun): Promise<ReadFrames>;
  /** The bytes of a chunk, checked. @throws ArtifoldError DAMAGED */
  readChunk(digest: Digest): Uint8Array;
}

/** Frames that were read. */
export interface ReadFrames {
  /** Their bytes, one frame behind the other. */
  readonly bytes: Uint8Array;
  /** 1 for each that can go as it is: it holds the chunks that it is to hold, whole, and nothing else; 0 for others. */
  readonly areRight: Uint8Array;
  /** Called when the bytes are needed no longer: they lie in memory that is used again. */
  giveBack(): void;
}

/** A chunk, and how long it is. */
export interface SizedChunk {
  readonly digest: Digest;
  readonly length: number;
}

/** Some of the chunks, and the frames that hold them. */
export interface ChunkFrames {
  readonly chunks: readonly SizedChunk[];
  readonly frames: EncodedFrames;
}

/** Bytes of frames that are read and checked together. */
const RUN_BYTES: number = 512 * 1024;
/** The most that a run of frames has: one frame may be all of it. */
export const RUN_BYTES_MAX: number = Math.max(RUN_BYTES, FRAME_BYTES_MAX);
/** Raw bytes of chunks that go into new frames before these are closed. */
const ENCODER_BYTES: number = 1024 * 1024;

/**
 * Frames that hold some chunks and nothing else. Every chunk is checked against its digest on the way, so that what is damaged
 * here never leaves. Frames that can go as they are are read ahead, several at once.
 *
 * @param windows chunks, each once
 * @throws ArtifoldError DAMAGED
 */
export async function* framesOfChunks(
  source: ChunkSource,
  windows: AsyncIterable<readonly SizedChunk[]>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ChunkFrames, void, undefined> {
  const breather = new Breather(signal);
  const loose = new LooseChunks(source);
  const reads = sideBySide(ordersOf(source, windows), source.runsAtOnce, (order) => readOrder(source, order), signal);
  for await (const { whole, left } of reads) {
    if (whole !== undefined) yield whole;
    if (breather.dueAfterLong()) await breather.pause();
    for (const chunk of left) {
      loose.add(chunk);
      if (loose.areMany) yield* loose.finish();
      if (breather.due()) await breather.pause();
    }
  }
  yield* loose.finish();
}

/** Frames to be read as they are, or chunks that lie in none that could be. */
interface Order {
  /** In the order of the frames, where there are some. */
  readonly chunks: readonly SizedChunk[];
  readonly run: FrameRun | undefined;
}

async function* ordersOf(
  source: ChunkSource,
  windows: AsyncIterable<readonly SizedChunk[]>,
): AsyncGenerator<Order, void, undefined> {
  for await (const window of windows) {
    const { frames, loose } = framesIn(source, window);
    let run: WantedFrame[] = [];
    let end = 0;
    let runBytes = 0;
    for (const frame of frames) {
      const { path, offset, length } = frame.place;
      const goesOn = run[0]?.place.path === path && end === offset && runBytes + frame.length <= RUN_BYTES;
      if (!goesOn && run.length > 0) {
        yield orderOf(run);
        run = [];
        runBytes = 0;
      }
      run.push(frame);
      runBytes += frame.length;
      end = offset + length;
    }
    if (run.length > 0) yield orderOf(run);
    if (loose.length > 0) yield { chunks: loose, run: undefined };
  }
}

/** A frame of the store, and what is wanted of it, by where it stands in the frame. */
interface WantedFrame {
  readonly place: Place;
  /** How long it is: of a chunk of an adopted file the frame that is made of it. */
  readonly length: number;
  readonly chunks: SizedChunk[];
}

/** The frames that chunks lie in, in the order in which they stand, and the chunks that lie in none that can be sent. */
function framesIn(
  source: ChunkSource,
  window: readonly SizedChunk[],
): { readonly frames: readonly WantedFrame[]; readonly loose: readonly SizedChunk[] } {
  const frames = new Map<string, WantedFrame>();
  const loose: SizedChunk[] = [];
  for (const chunk of window) {
    const place = source.locate(chunk.digest);
    // A delta stays where what it goes on from is.
    if (place === undefined || place.isDelta || place.length > FRAME_BYTES_MAX) {
      loose.push(chunk);
      continue;
    }
    const key = `${place.path}:${place.offset}`;
    const length = isAdopted(place.path) ? frameLengthOf(1, place.length) : place.length;
    const frame = frames.get(key) ?? { place, length, chunks: [] };
    frames.set(key, frame);
    frame.chunks[place.index] = chunk;
  }
  const whole: WantedFrame[] = [];
  for (const frame of frames.values()) {
    // Where one before the last is not wanted, there is a hole.
    const wanted = Object.values(frame.chunks);
    if (wanted.length === frame.chunks.length) whole.push(frame);
    else loose.push(...wanted);
  }
  whole.sort(({ place: left }, { place: right }) => {
    if (left.path !== right.path) return left.path < right.path ? -1 : 1;
    return left.offset - right.offset;
  });
  return { frames: whole, loose };
}

function orderOf(frames: readonly WantedFrame[]): Order {
  const { path, offset } = (frames[0] as WantedFrame).place;
  const chunks = frames.flatMap((frame) => frame.chunks);
  const lengths = Uint32Array.from(frames, ({ length }) => length);
  const counts = Uint32Array.from(frames, (frame) => frame.chunks.length);
  return { chunks, run: { path, offset, lengths, counts, digests: digestsOf(chunks) } };
}

function digestsOf(chunks: readonly SizedChunk[]): Uint8Array {
  const digests = new Uint8Array(chunks.length * DIGEST_BYTES);
  chunks.forEach(({ digest }, index) => {
    digestToBytes(digest, digests, index * DIGEST_BYTES);
  });
  return digests;
}

/** @returns what can go as it is, and chunks that need new frames */
async function readOrder(
  source: ChunkSource,
  { chunks, run }: Order,
): Promise<{ readonly whole: ChunkFrames | undefined; readonly left: readonly SizedChunk[] }> {
  if (run === undefined) return { whole: undefined, left: chunks };
  const { bytes, areRight, giveBack } = await source.readFrames(run);
  const right: SizedChunk[] = [];
  const left: SizedChunk[] = [];
  const pieces: Uint8Array[] = [];
  let at = 0;
  let chunkAt = 0;
  for (const [number, length] of run.lengths.entries()) {
    const own = chunks.slice(chunkAt, chunkAt + (run.counts[number] as number));
    if (areRight[number] === 1) pieces.push(bytes.subarray(at, at + length));
    (areRight[number] === 1 ? right : left).push(...own);
    at += length;
    chunkAt += own.length;
  }
  if (pieces.length === 0) {
    giveBack();
    return { whole: undefined, left };
  }
  const frames = {
    type: "chunk",
    pieces,
    giveBack,
    byteLength: pieces.reduce((sum, piece) => sum + piece.length, 0),
    frameLengths: run.lengths.filter((_, number) => areRight[number] === 1),
    objectCounts: Int32Array.from(run.counts.filter((_, number) => areRight[number] === 1)),
    digests: left.length === 0 ? run.digests : digestsOf(right),
  } as const;
  return { whole: { chunks: right, frames }, left };
}

/** Chunks on their way into new frames. */
class LooseChunks {
  readonly #source: ChunkSource;
  #encoder = new FrameEncoder("chunk");
  #chunks: SizedChunk[] = [];
  #rawBytes = 0;

  constructor(source: ChunkSource) {
    this.#source = source;
  }

  get areMany(): boolean {
    return this.#rawBytes >= ENCODER_BYTES;
  }

  /** @throws ArtifoldError DAMAGED */
  add(chunk: SizedChunk): void {
    this.#encoder.add({ digest: digestToBytes(chunk.digest), bytes: this.#source.readChunk(chunk.digest) });
    this.#chunks.push(chunk);
    this.#rawBytes += chunk.length;
  }

  *finish(): Generator<ChunkFrames, void, undefined> {
    if (this.#chunks.length > 0) yield { chunks: this.#chunks, frames: this.#encoder.finish() };
    this.#encoder = new FrameEncoder("chunk");
    this.#chunks = [];
    this.#rawBytes = 0;
  }
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
