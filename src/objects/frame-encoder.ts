/** Gathers objects into frames: neighbours together, what compresses apart from what does not, deltas by themselves. */
import { DIGEST_BYTES, type Digest, digestFromBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import {
  compress,
  compressDelta,
  compressedLength,
  type Effort,
  estimateCompressed,
  looksCompressible,
} from "./compression.ts";
import {
  type Codec,
  codecs,
  FRAME_OBJECTS_MAX,
  FRAME_RAW_BYTES,
  frameLengthOf,
  type ObjectType,
  readFrameHead,
  readFrameLength,
  writeFrameHead,
} from "./frame.ts";

/** An object on its way into a frame. */
export interface NewObject {
  /** Its digest, 32 bytes. */
  readonly digest: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Objects that a new one may resemble: their digests, and their bytes one after another. */
export interface DeltaBase {
  readonly digests: readonly Uint8Array[];
  readonly bytes: Uint8Array;
}

/** How much time frames may take; "compared" are high ones, and it is looked at what normal ones would be. */
export type FrameEffort = Effort | "compared";

/** What compressed frames take in bytes with an effort, each. */
export interface ComparedLengths {
  readonly normal: number;
  readonly high: number;
}

/** Frames one after another, with what an index needs to know of them. */
export interface EncodedFrames {
  readonly type: ObjectType;
  /** Their bytes, piece by piece: what is stored as it is, is not copied. */
  readonly pieces: readonly Uint8Array[];
  readonly byteLength: number;
  /** Called when the pieces are needed no longer: some lie in memory that is used again. */
  readonly giveBack?: () => void;
  /** Length of each frame. */
  readonly frameLengths: Uint32Array;
  /** How many objects each frame holds; negative for a delta. */
  readonly objectCounts: Int32Array;
  /** Digests of all objects, 32 bytes each, frame after frame. */
  readonly digests: Uint8Array;
  /** Of frames that were compared. */
  readonly compared?: ComparedLengths | undefined;
}

/** Compressed bytes are kept only when they save at least this part: reading them costs time for ever. */
const WORTHWHILE = 0.95;
/** A delta costs a second frame each time it is read: so much of what the object would take without it, it may take. */
const DELTA_WORTHWHILE = 0.6;
/** Of what can be compressed, a delta that is a tenth of it is surely worth while: nobody needs to look what it would take. */
const DELTA_SURELY_WORTHWHILE = 0.1;

/** Below this thorough compression takes no time that anybody notices. */
const SHORT_BYTES: number = 16 * 1024;

/** Takes objects and gives frames. The bytes of an object must stay as they are while the frames are in use. */
export class FrameEncoder {
  readonly #type: ObjectType;
  readonly #effort: FrameEffort;
  readonly #compared = { normal: 0, high: 0 };
  readonly #compressible: Group;
  readonly #plain: Group;
  readonly #out = new FrameBuffer();

  /** @param rawBytes how many raw bytes of neighbours go into one frame */
  constructor(type: ObjectType, rawBytes: number = FRAME_RAW_BYTES, effort: FrameEffort = "normal") {
    this.#type = type;
    this.#effort = effort;
    this.#compressible = new Group(rawBytes);
    this.#plain = new Group(rawBytes);
  }

  /** @param isPlain whether it is known that compression cannot pay; else that is found out */
  add(object: NewObject, isPlain = false): void {
    const group = isPlain || !looksCompressible(object.bytes) ? this.#plain : this.#compressible;
    if (!group.hasRoomFor(object)) this.#close(group);
    group.add(object);
  }

  /** Adds objects that may resemble others. @returns whether they are deltas, which have a frame of their own */
  addResembling(objects: readonly NewObject[], base: DeltaBase): boolean {
    const raw = oneAfterAnother(objects);
    // Nodes are mostly digests, which are copied from the base or not to be had at all, whatever the effort.
    const isText = this.#type === "chunk" && looksCompressible(raw);
    // What is short and repeats itself may be taken from itself instead of its base, unless it is looked at thoroughly.
    const thorough = raw.length < SHORT_BYTES ? "high" : "normal";
    const delta = compressDelta(raw, base.bytes, isText ? thorough : "low", (length) =>
      isWorthwhile(length, raw, isText),
    );
    if (delta !== undefined) this.#out.add(this.#type, codecs.delta, objects, delta, base.digests);
    else for (const object of objects) this.add(object);
    return delta !== undefined;
  }

  /** Closes the frames in the making. */
  finish(): EncodedFrames {
    this.#close(this.#compressible);
    this.#close(this.#plain);
    const frames = this.#out.finish(this.#type);
    return this.#effort === "compared" ? { ...frames, compared: this.#compared } : frames;
  }

  #close(group: Group): void {
    if (group.objects.length === 0) return;
    const compressed = group === this.#compressible ? this.#compress(oneAfterAnother(group.objects)) : undefined;
    this.#out.add(this.#type, compressed === undefined ? codecs.none : codecs.zstd, group.objects, compressed);
    group.clear();
  }

  /** @returns nothing where it saves too little */
  #compress(raw: Uint8Array): Uint8Array | undefined {
    const isCompared = this.#effort === "compared";
    const compressed = compress(raw, isCompared ? "high" : this.#effort);
    if (isCompared) {
      this.#compared.high += compressed.length;
      this.#compared.normal += compressedLength(raw, "normal");
    }
    return compressed.length < raw.length * WORTHWHILE ? compressed : undefined;
  }
}

class Group {
  readonly #rawBytesMax: number;
  objects: NewObject[] = [];
  rawBytes = 0;

  constructor(rawBytesMax: number) {
    this.#rawBytesMax = rawBytesMax;
  }

  hasRoomFor(object: NewObject): boolean {
    if (this.objects.length === 0) return true;
    return this.objects.length < FRAME_OBJECTS_MAX && this.rawBytes + object.bytes.length <= this.#rawBytesMax;
  }

  add(object: NewObject): void {
    this.objects.push(object);
    this.rawBytes += object.bytes.length;
  }

  clear(): void {
    this.objects = [];
    this.rawBytes = 0;
  }
}

/** What is compressed together lies here one after another; used within one call only. */
let scratch = Buffer.alloc(0);

/** @param length of a delta */
function isWorthwhile(length: number, raw: Uint8Array, isText: boolean): boolean {
  if (length > raw.length * DELTA_WORTHWHILE) return false;
  return (
    !isText || length <= raw.length * DELTA_SURELY_WORTHWHILE || length <= estimateCompressed(raw) * DELTA_WORTHWHILE
  );
}

function oneAfterAnother(objects: readonly NewObject[]): Uint8Array {
  const [{ bytes: first }] = objects as [NewObject];
  const rawBytes = objects.reduce((sum, object) => sum + object.bytes.length, 0);
  // Chunks of a file mostly lie so already, in the window that it was read into: memory that threads share is slow to copy.
  if (areAdjacent(objects)) return new Uint8Array(first.buffer, first.byteOffset, rawBytes);
  if (scratch.length < rawBytes) scratch = Buffer.allocUnsafeSlow(rawBytes);
  let at = 0;
  for (const { bytes } of objects) {
    scratch.set(bytes, at);
    at += bytes.length;
  }
  return scratch.subarray(0, rawBytes);
}

function areAdjacent(objects: readonly NewObject[]): boolean {
  const [{ bytes: first }] = objects as [NewObject];
  let end = first.byteOffset;
  for (const { bytes } of objects) {
    if (bytes.buffer !== first.buffer || bytes.byteOffset !== end) return false;
    end += bytes.length;
  }
  return true;
}

/** Frames one after another: their heads and compressed payloads in one buffer of their own, the rest as it is. */
class FrameBuffer {
  #own = Buffer.alloc(0);
  #used = 0;
  /** What of the own buffer comes next, and where it is not enough what else does. */
  readonly #parts: (Uint8Array | { readonly from: number; to: number })[] = [];
  #length = 0;
  readonly #frameLengths: number[] = [];
  readonly #objectCounts: number[] = [];
  readonly #digests: Uint8Array[] = [];

  /** @param compressed what is stored in the place of the objects' bytes */
  add(
    type: ObjectType,
    codec: Codec,
    objects: readonly NewObject[],
    compressed?: Uint8Array,
    bases: readonly Uint8Array[] = [],
  ): void {
    const lengths = objects.map((object) => object.bytes.length);
    const storedLength = compressed?.length ?? lengths.reduce((sum, length) => sum + length, 0);
    const headLength = frameLengthOf(objects.length, 0, bases.length);
    const from = this.#take(headLength + (compressed?.length ?? 0));
    const payloadAt = writeFrameHead(this.#own, from, { type, codec, storedLength }, lengths, bases);
    if (compressed !== undefined) this.#own.set(compressed, payloadAt);
    else for (const { bytes } of objects) if (bytes.length > 0) this.#parts.push(bytes);
    this.#length += headLength + storedLength;
    this.#frameLengths.push(headLength + storedLength);
    this.#objectCounts.push(codec === codecs.delta ? -objects.length : objects.length);
    for (const { digest } of objects) this.#digests.push(digest);
  }

  finish(type: ObjectType): EncodedFrames {
    const digests = new Uint8Array(this.#digests.length * DIGEST_BYTES);
    this.#digests.forEach((digest, index) => {
      digests.set(digest, index * DIGEST_BYTES);
    });
    return {
      type,
      pieces: this.#parts.map((part) => (part instanceof Uint8Array ? part : this.#own.subarray(part.from, part.to))),
      byteLength: this.#length,
      frameLengths: Uint32Array.from(this.#frameLengths),
      objectCounts: Int32Array.from(this.#objectCounts),
      digests,
    };
  }

  /** Takes room in the own buffer. @returns where it begins */
  #take(count: number): number {
    const from = this.#used;
    this.#used += count;
    if (this.#used > this.#own.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#used, this.#own.length * 2, OWN_BYTES_MIN));
      larger.set(this.#own.subarray(0, from));
      this.#own = larger;
    }
    const last = this.#parts[this.#parts.length - 1];
    if (last === undefined || last instanceof Uint8Array) this.#parts.push({ from, to: this.#used });
    else last.to = this.#used;
    return from;
  }
}

/** What a buffer of frames begins with. */
const OWN_BYTES_MIN = 4096;

/** The bytes of frames in one piece, copied unless they are one already. */
export function bytesOfFrames({ pieces }: EncodedFrames): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}

/** How many objects frames hold. */
export function objectCountOf(frames: EncodedFrames): number {
  return frames.digests.length / DIGEST_BYTES;
}

/** Calls back for each object of encoded frames, in their order. */
export function eachObject(
  { frameLengths, objectCounts }: EncodedFrames,
  onObject: (digestAt: number, frameOffset: number, frameLength: number, index: number, isDelta: boolean) => void,
): void {
  let digestAt = 0;
  let frameOffset = 0;
  for (let frame = 0; frame < frameLengths.length; frame++) {
    const frameLength = frameLengths[frame] as number;
    const count = objectCounts[frame] as number;
    for (let index = 0; index < Math.abs(count); index++) {
      onObject(digestAt, frameOffset, frameLength, index, count < 0);
      digestAt += DIGEST_BYTES;
    }
    frameOffset += frameLength;
  }
}

/** An object and where it lies in the file that its frame was written to. */
export interface PlacedObject {
  readonly digest: Digest;
  readonly offset: number;
  readonly length: number;
  readonly index: number;
  readonly isDelta: boolean;
}

/** The objects of frames that lie one after another from an offset of a file. */
export function* placedObjects(frames: readonly EncodedFrames[], start: number): Generator<PlacedObject> {
  let at = start;
  for (const each of frames) {
    const places: PlacedObject[] = [];
    eachObject(each, (digestAt, offset, length, index, isDelta) => {
      places.push({ digest: digestFromBytes(each.digests, digestAt), offset: at + offset, length, index, isDelta });
    });
    yield* places;
    at += each.byteLength;
  }
}

/**
 * The objects of frames as they stand in a file, one after another.
 *
 * @param bytes the frames
 * @param digests of all their objects, 32 bytes each
 * @param start where the first frame begins in the file
 * @throws ArtifoldError DAMAGED or FORMAT_UNSUPPORTED
 */
export function* readPlacedObjects(bytes: Uint8Array, digests: Uint8Array, start: number): Generator<PlacedObject> {
  let digestAt = 0;
  for (let at = 0; at < bytes.length; ) {
    const frame = bytes.subarray(at);
    const { count, codec } = readFrameHead(frame);
    const length = readFrameLength(frame);
    if (digestAt + count * DIGEST_BYTES > digests.length) break;
    for (let index = 0; index < count; index++, digestAt += DIGEST_BYTES) {
      const digest = digestFromBytes(digests, digestAt);
      yield { digest, offset: start + at, length, index, isDelta: codec === codecs.delta };
    }
    at += length;
  }
  if (digestAt !== digests.length)
    throw new ArtifoldError("DAMAGED", "frames that hold other objects than they should");
}
