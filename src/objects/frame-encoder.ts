/** Gathers objects into frames: neighbours together, what compresses apart from what does not. */
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes } from "../digest/index.ts";
import { compress, looksCompressible } from "./compression.ts";
import { encodeFrame, FRAME_OBJECTS_MAX, FRAME_RAW_BYTES, type NewObject, type ObjectType } from "./frame.ts";

/** Frames one after another, with what an index needs to know of them. Made to travel between threads. */
export interface EncodedFrames {
  readonly type: ObjectType;
  readonly bytes: Uint8Array;
  /** Length of each frame. */
  readonly frameLengths: Uint32Array;
  /** How many objects each frame holds. */
  readonly objectCounts: Uint32Array;
  /** Digests of all objects, 32 bytes each, frame after frame. */
  readonly digests: Uint8Array;
}

/** Compressed bytes are kept only when they save at least this part: reading them costs time for ever. */
const WORTHWHILE = 0.95;

/** Takes objects and gives frames. The bytes of an object must stay as they are until `finish`. */
export class FrameEncoder {
  readonly #type: ObjectType;
  readonly #compressible: Group;
  readonly #plain: Group;
  readonly #frames: Uint8Array[] = [];
  readonly #objects: Digest[][] = [];

  /** @param rawBytes how many raw bytes of neighbours go into one frame */
  constructor(type: ObjectType, rawBytes: number = FRAME_RAW_BYTES) {
    this.#type = type;
    this.#compressible = new Group(rawBytes);
    this.#plain = new Group(rawBytes);
  }

  add(object: NewObject): void {
    const group = looksCompressible(object.bytes) ? this.#compressible : this.#plain;
    if (!group.hasRoomFor(object)) this.#close(group);
    group.add(object);
  }

  /** Closes the frames in the making. */
  finish(): EncodedFrames {
    this.#close(this.#compressible);
    this.#close(this.#plain);
    const digests = new Uint8Array(this.#objects.reduce((sum, each) => sum + each.length, 0) * DIGEST_BYTES);
    let at = 0;
    for (const digest of this.#objects.flat()) {
      digestToBytes(digest, digests, at);
      at += DIGEST_BYTES;
    }
    return {
      type: this.#type,
      bytes: this.#frames.length === 1 ? (this.#frames[0] as Uint8Array) : concatenate(this.#frames),
      frameLengths: Uint32Array.from(this.#frames, (frame) => frame.length),
      objectCounts: Uint32Array.from(this.#objects, (objects) => objects.length),
      digests,
    };
  }

  #close(group: Group): void {
    if (group.objects.length === 0) return;
    const compressed = group === this.#compressible ? compressIfWorthwhile(group) : undefined;
    this.#frames.push(encodeFrame(this.#type, group.objects, compressed));
    this.#objects.push(group.objects.map((object) => object.digest));
    group.clear();
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

function compressIfWorthwhile(group: Group): Uint8Array | undefined {
  const [first] = group.objects as [NewObject];
  const raw = group.objects.length === 1 ? first.bytes : concatenate(group.objects.map((object) => object.bytes));
  const compressed = compress(raw);
  return compressed.length < raw.length * WORTHWHILE ? compressed : undefined;
}

/** One array of all bytes, with a buffer of its own, so that it can move to another thread. */
function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** How many objects frames hold. */
export function objectCountOf(frames: EncodedFrames): number {
  return frames.digests.length / DIGEST_BYTES;
}

/** Calls back for each object of encoded frames: its digest, the frame's place in `bytes`, its index in the frame. */
export function eachObject(
  frames: EncodedFrames,
  onObject: (digest: Digest, frameOffset: number, frameLength: number, index: number) => void,
): void {
  let digestAt = 0;
  let frameOffset = 0;
  for (let frame = 0; frame < frames.frameLengths.length; frame++) {
    const frameLength = frames.frameLengths[frame] as number;
    const count = frames.objectCounts[frame] as number;
    for (let index = 0; index < count; index++) {
      onObject(digestFromBytes(frames.digests, digestAt), frameOffset, frameLength, index);
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
}

/** The objects of frames that lie one after another from an offset of a file. */
export function* placedObjects(frames: readonly EncodedFrames[], start: number): Generator<PlacedObject> {
  let at = start;
  for (const each of frames) {
    const places: PlacedObject[] = [];
    eachObject(each, (digest, offset, length, index) => {
      places.push({ digest, offset: at + offset, length, index });
    });
    yield* places;
    at += each.bytes.length;
  }
}
