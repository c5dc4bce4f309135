/**
 * Frames: one or several objects, compressed or not, with their lengths.
 *
 * A frame is the same bytes in a pack and in the journal. What it holds is named by whoever says where it lies (a table, or
 * the record that it rides in), and believed when the bytes have that digest. docs/format.md, "Frames", draws the layout.
 */
import { CHUNK_MAX_BYTES } from "../chunking/index.ts";
import { DIGEST_BYTES, type Digest, digestFromBytes, hashContentBytes, hashWithContextBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { CHUNK_LIST_CONTEXT, MANIFEST_CONTEXT, NODE_BYTES_MAX } from "../manifest/index.ts";
import { decompress, decompressDelta } from "./compression.ts";

/** What kind of objects a frame holds. The kind is part of how their digests are made. */
export const frameTypes = { chunk: 1, manifestNode: 2, chunkListNode: 3, placeHints: 4 } as const;
/** One of the kinds of {@link frameTypes}. */
export type ObjectType = keyof typeof frameTypes;

/** How a payload is stored: as it is, as one zstd frame, or as one that goes on from the bytes of other objects. */
export const codecs = { none: 0, zstd: 1, delta: 2 } as const;
/** One of the numbers of {@link codecs}. */
export type Codec = (typeof codecs)[keyof typeof codecs];

const PLACE_HINTS_CONTEXT = "artifold format 1 place hints";
const MAGIC = 0x31664641; // "AFf1" in the order of bytes
/** Bytes of a frame before the lengths of its objects. */
export const FRAME_HEAD_BYTES = 20;
const LENGTH_BYTES = 4;

/** Objects in a frame: so many of a few bytes each are still read one by one at little cost. */
export const FRAME_OBJECTS_MAX = 4096;
/** Raw bytes of objects that go together into one frame. A frame of one object may be as large as an object may be. */
export const FRAME_RAW_BYTES: number = 256 * 1024;
const OBJECT_BYTES_MAX: number = Math.max(CHUNK_MAX_BYTES, NODE_BYTES_MAX);
const FRAME_RAW_BYTES_MAX: number = Math.max(FRAME_RAW_BYTES, OBJECT_BYTES_MAX);
/** How many objects a delta may go on from: a chunk whose cuts moved has its like in two or three neighbours. */
export const BASES_MAX = 4;

/** The longest frame: what a table says of its length is believed up to here. */
export const FRAME_BYTES_MAX: number =
  FRAME_HEAD_BYTES + FRAME_OBJECTS_MAX * LENGTH_BYTES + LENGTH_BYTES + BASES_MAX * DIGEST_BYTES + FRAME_RAW_BYTES_MAX;

/** What the head of a frame says. */
export interface FrameHead {
  readonly type: ObjectType;
  readonly codec: Codec;
  readonly count: number;
  readonly rawLength: number;
  readonly storedLength: number;
}

/** The digest of an object of a kind, as 32 bytes. */
export function objectDigestBytes(type: ObjectType, bytes: Uint8Array): Uint8Array {
  switch (type) {
    case "chunk":
      return hashContentBytes(bytes);
    case "manifestNode":
      return hashWithContextBytes(MANIFEST_CONTEXT, bytes);
    case "chunkListNode":
      return hashWithContextBytes(CHUNK_LIST_CONTEXT, bytes);
    case "placeHints":
      return hashWithContextBytes(PLACE_HINTS_CONTEXT, bytes);
  }
}

/** The digest of an object of a kind. */
export function objectDigest(type: ObjectType, bytes: Uint8Array): Digest {
  return digestFromBytes(objectDigestBytes(type, bytes));
}

/** Bytes of a frame with so many objects and a payload of some length. */
export function frameLengthOf(count: number, storedLength: number, bases = 0): number {
  const basesBytes = bases === 0 ? 0 : LENGTH_BYTES + bases * DIGEST_BYTES;
  return FRAME_HEAD_BYTES + count * LENGTH_BYTES + basesBytes + storedLength;
}

/**
 * Writes what stands before the payload of a frame.
 *
 * @param lengths of the objects, in order
 * @param bases digests of what a delta goes on from, 32 bytes each; none for other codecs
 * @returns where the payload begins
 */
export function writeFrameHead(
  target: Buffer,
  at: number,
  head: Pick<FrameHead, "type" | "codec" | "storedLength">,
  lengths: readonly number[],
  bases: readonly Uint8Array[] = [],
): number {
  target.writeUInt32LE(MAGIC, at);
  target[at + 4] = frameTypes[head.type];
  target[at + 5] = head.codec;
  target.writeUInt16LE(0, at + 6);
  target.writeUInt32LE(lengths.length, at + 8);
  target.writeUInt32LE(head.storedLength, at + 16);
  let rawLength = 0;
  let end = at + FRAME_HEAD_BYTES;
  for (const length of lengths) {
    target.writeUInt32LE(length, end);
    rawLength += length;
    end += LENGTH_BYTES;
  }
  target.writeUInt32LE(rawLength, at + 12);
  if (bases.length > 0) {
    target.writeUInt32LE(bases.length, end);
    end += LENGTH_BYTES;
    for (const base of bases) {
      target.set(base, end);
      end += DIGEST_BYTES;
    }
  }
  return end;
}

/**
 * Reads the head of a frame at the beginning of `bytes`, which may end after it.
 *
 * @throws ArtifoldError DAMAGED for what is no frame, FORMAT_UNSUPPORTED for one that a newer artifold must explain
 */
export function readFrameHead(bytes: Uint8Array): FrameHead {
  if (bytes.length < FRAME_HEAD_BYTES) refuse("it ends too early");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) refuse("it does not begin with the mark of a frame");
  const type = typeOf(view.getUint8(4));
  const codec = view.getUint8(5);
  const flags = view.getUint16(6, true);
  if (type === undefined || codec > codecs.delta || flags !== 0) {
    throw new ArtifoldError(
      "FORMAT_UNSUPPORTED",
      `a frame of type ${view.getUint8(4)} with codec ${codec} and flags ${flags} is not known here`,
      { hint: "A newer artifold wrote it. Update artifold." },
    );
  }
  const count = view.getUint32(8, true);
  const rawLength = view.getUint32(12, true);
  const storedLength = view.getUint32(16, true);
  if (count === 0 || count > FRAME_OBJECTS_MAX) refuse("a wrong number of objects");
  if (rawLength > FRAME_RAW_BYTES_MAX || storedLength > rawLength) refuse("a length that cannot be");
  if (codec === codecs.none && storedLength !== rawLength) refuse("two lengths of what is stored as it is");
  return { type, codec: codec as Codec, count, rawLength, storedLength };
}

const typesByNumber = new Map(
  Object.entries(frameTypes).map(([type, number]): [number, ObjectType] => [number, type as ObjectType]),
);

function typeOf(number: number): ObjectType | undefined {
  return typesByNumber.get(number);
}

/**
 * Length of the frame that begins at the beginning of `bytes`, which hold all that stands before its payload.
 *
 * @throws ArtifoldError DAMAGED or FORMAT_UNSUPPORTED
 */
export function readFrameLength(bytes: Uint8Array): number {
  const { codec, count, storedLength } = readFrameHead(bytes);
  const basesAt = FRAME_HEAD_BYTES + count * LENGTH_BYTES;
  return frameLengthOf(count, storedLength, codec === codecs.delta ? readBaseCount(bytes, basesAt) : 0);
}

function readBaseCount(bytes: Uint8Array, at: number): number {
  if (bytes.length < at + LENGTH_BYTES) refuse("it ends too early");
  const count = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
  if (count === 0 || count > BASES_MAX) refuse("a wrong number of bases");
  return count;
}

/** The most that stands before the payload of a frame. */
export const FRAME_PREAMBLE_BYTES_MAX: number = frameLengthOf(FRAME_OBJECTS_MAX, 0, BASES_MAX);

/** A frame being read. What it says of its objects is believed only when their digests agree. */
export class Frame {
  readonly head: FrameHead;
  /** Digests of the objects that a delta goes on from, all of the frame's own type; none for other codecs. */
  readonly bases: readonly Digest[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #payloadAt: number;
  #raw: Uint8Array | undefined;
  #offsets: Uint32Array | undefined;

  /** Reads a frame from exactly its bytes. @throws ArtifoldError DAMAGED or FORMAT_UNSUPPORTED */
  constructor(bytes: Uint8Array) {
    this.head = readFrameHead(bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { count, storedLength, codec } = this.head;
    const basesAt = FRAME_HEAD_BYTES + count * LENGTH_BYTES;
    const baseCount = codec === codecs.delta ? readBaseCount(bytes, basesAt) : 0;
    this.#payloadAt = frameLengthOf(count, 0, baseCount);
    if (bytes.length !== this.#payloadAt + storedLength) refuse("it ends too early or too late");
    const firstBase = basesAt + LENGTH_BYTES;
    this.bases = Array.from({ length: baseCount }, (_, base) =>
      digestFromBytes(bytes, firstBase + base * DIGEST_BYTES),
    );
  }

  /** The frame as it is stored. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Length of an object in bytes. */
  length(index: number): number {
    if (index >= this.head.count) refuse("an object beyond its end");
    return this.#view.getUint32(FRAME_HEAD_BYTES + index * LENGTH_BYTES, true);
  }

  /**
   * Makes the objects readable. A frame without bases opens itself.
   *
   * @param base the bytes of all its bases, one after another
   * @throws ArtifoldError DAMAGED
   */
  open(base?: Uint8Array): void {
    this.#offsets ??= this.#placeObjects();
    this.#raw ??= this.#readRaw(base);
  }

  /** Whether its objects can be read. */
  get isOpen(): boolean {
    return this.#raw !== undefined;
  }

  /** The bytes of an object, checked against its digest. @throws ArtifoldError DAMAGED */
  object(index: number, digest: Digest): Uint8Array {
    const bytes = this.unchecked(index);
    if (objectDigest(this.head.type, bytes) !== digest) {
      throw new ArtifoldError("DAMAGED", `stored bytes are not those of digest ${digest}`);
    }
    return bytes;
  }

  /** The digest of an object, made from its bytes. @throws ArtifoldError DAMAGED */
  digest(index: number): Digest {
    return objectDigest(this.head.type, this.unchecked(index));
  }

  /** The bytes of an object as they are, for whoever makes their digest. @throws ArtifoldError DAMAGED */
  unchecked(index: number): Uint8Array {
    this.open();
    const offset = (this.#offsets as Uint32Array)[index] as number;
    return (this.#raw as Uint8Array).subarray(offset, offset + this.length(index));
  }

  #placeObjects(): Uint32Array {
    const offsets = new Uint32Array(this.head.count);
    let offset = 0;
    for (let index = 0; index < this.head.count; index++) {
      offsets[index] = offset;
      offset += this.length(index);
    }
    if (offset !== this.head.rawLength) refuse("its objects do not fill it");
    return offsets;
  }

  #readRaw(base: Uint8Array | undefined): Uint8Array {
    const { codec, rawLength } = this.head;
    const payload = this.#bytes.subarray(this.#payloadAt);
    if (codec === codecs.none) return payload;
    if (codec === codecs.zstd) return decompress(payload, rawLength);
    if (base === undefined) throw new TypeError("a delta is opened with what it goes on from");
    return decompressDelta(payload, rawLength, base);
  }
}

function refuse(why: string): never {
  throw new ArtifoldError("DAMAGED", `malformed frame: ${why}`);
}
