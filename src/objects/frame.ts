/**
 * Frames: one or several objects, compressed or not, with their digests, lengths and a checksum.
 *
 * A frame is the same bytes in a pack and in the journal. docs/format.md, "Frames", draws the layout.
 */
import { CHUNK_MAX_BYTES } from "../chunking/index.ts";
import {
  DIGEST_BYTES,
  type Digest,
  digestFromBytes,
  digestToBytes,
  hashContent,
  hashContentBytes,
  hashWithContext,
} from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { CHUNK_LIST_CONTEXT, MANIFEST_CONTEXT, NODE_BYTES_MAX } from "../manifest/index.ts";
import { decompress } from "./compression.ts";

/** What kind of objects a frame holds. The kind is part of how their digests are made. */
export const frameTypes = { chunk: 1, manifestNode: 2, chunkListNode: 3 } as const;
/** One of the kinds of {@link frameTypes}. */
export type ObjectType = keyof typeof frameTypes;

const CODEC_NONE = 0;
const CODEC_ZSTD = 1;

const MAGIC = 0x31664641; // "AFf1" in the order of bytes
/** Bytes of a frame before its table. */
export const FRAME_HEAD_BYTES = 20;
const ROW_BYTES: number = DIGEST_BYTES + 4;
const CHECKSUM_BYTES = 16;

/** Objects in a frame: with more, the table would outweigh what one object's reader wants. */
export const FRAME_OBJECTS_MAX = 1024;
/** Raw bytes of objects that go together into one frame. A frame of one object may be as large as an object may be. */
export const FRAME_RAW_BYTES: number = 256 * 1024;
const OBJECT_BYTES_MAX: number = Math.max(CHUNK_MAX_BYTES, NODE_BYTES_MAX);
const FRAME_RAW_BYTES_MAX: number = Math.max(FRAME_RAW_BYTES, OBJECT_BYTES_MAX);

/** The longest frame: what a table says of its length is believed up to here. */
export const FRAME_BYTES_MAX: number =
  FRAME_HEAD_BYTES + FRAME_OBJECTS_MAX * ROW_BYTES + FRAME_RAW_BYTES_MAX + CHECKSUM_BYTES;

const FRAME_CONTEXT = "artifold format 1 frame";

/** An object on its way into a frame. */
export interface NewObject {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** What the head of a frame says. */
export interface FrameHead {
  readonly type: ObjectType;
  readonly codec: number;
  readonly count: number;
  readonly rawLength: number;
  readonly storedLength: number;
  /** Length of the whole frame, from magic to checksum. */
  readonly frameLength: number;
}

/** The digest of an object of a kind. */
export function objectDigest(type: ObjectType, bytes: Uint8Array): Digest {
  switch (type) {
    case "chunk":
      return hashContent(bytes);
    case "manifestNode":
      return hashWithContext(MANIFEST_CONTEXT, bytes);
    case "chunkListNode":
      return hashWithContext(CHUNK_LIST_CONTEXT, bytes);
  }
}

/**
 * Writes a frame.
 *
 * @param compressed the objects' bytes, one after another, as one zstd frame; without it they are stored as they are
 */
export function encodeFrame(type: ObjectType, objects: readonly NewObject[], compressed?: Uint8Array): Uint8Array {
  const rawLength = objects.reduce((sum, object) => sum + object.bytes.length, 0);
  const storedLength = compressed?.length ?? rawLength;
  const payloadAt = FRAME_HEAD_BYTES + objects.length * ROW_BYTES;
  // Not from the shared pool: a frame may move to another thread.
  const frame = Buffer.allocUnsafeSlow(payloadAt + storedLength + CHECKSUM_BYTES);
  frame.writeUInt32LE(MAGIC, 0);
  frame[4] = frameTypes[type];
  frame[5] = compressed === undefined ? CODEC_NONE : CODEC_ZSTD;
  frame.writeUInt16LE(0, 6);
  frame.writeUInt32LE(objects.length, 8);
  frame.writeUInt32LE(rawLength, 12);
  frame.writeUInt32LE(storedLength, 16);
  let row = FRAME_HEAD_BYTES;
  let at = payloadAt;
  for (const object of objects) {
    digestToBytes(object.digest, frame, row);
    frame.writeUInt32LE(object.bytes.length, row + DIGEST_BYTES);
    row += ROW_BYTES;
    if (compressed === undefined) {
      frame.set(object.bytes, at);
      at += object.bytes.length;
    }
  }
  if (compressed !== undefined) frame.set(compressed, payloadAt);
  const payloadHash =
    compressed === undefined && type === "chunk" && objects.length === 1
      ? // The chunk's digest is the hash of the payload: a large chunk is not hashed twice.
        digestToBytes((objects[0] as NewObject).digest)
      : hashContentBytes(frame.subarray(payloadAt, payloadAt + storedLength));
  frame.set(checksumOf(frame.subarray(0, payloadAt), payloadHash), payloadAt + storedLength);
  return frame;
}

/** Checksum of a frame: over its head, its table and the hash of its payload. */
function checksumOf(head: Uint8Array, payloadHash: Uint8Array): Uint8Array {
  const input = Buffer.concat([head, payloadHash]);
  return digestToBytes(hashWithContext(FRAME_CONTEXT, input)).subarray(0, CHECKSUM_BYTES);
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
  const typeNumber = view.getUint8(4);
  const type = (Object.keys(frameTypes) as ObjectType[]).find((name) => frameTypes[name] === typeNumber);
  const codec = view.getUint8(5);
  const flags = view.getUint16(6, true);
  if (type === undefined || codec > CODEC_ZSTD || flags !== 0) {
    throw new ArtifoldError(
      "FORMAT_UNSUPPORTED",
      `a frame of type ${typeNumber} with codec ${codec} and flags ${flags} is not known here`,
      { hint: "A newer artifold wrote it. Update artifold." },
    );
  }
  const count = view.getUint32(8, true);
  const rawLength = view.getUint32(12, true);
  const storedLength = view.getUint32(16, true);
  if (count === 0 || count > FRAME_OBJECTS_MAX) refuse("a wrong number of objects");
  if (rawLength > FRAME_RAW_BYTES_MAX || storedLength > rawLength) refuse("a length that cannot be");
  if (codec === CODEC_NONE && storedLength !== rawLength) refuse("two lengths of what is stored as it is");
  const frameLength = FRAME_HEAD_BYTES + count * ROW_BYTES + storedLength + CHECKSUM_BYTES;
  return { type, codec, count, rawLength, storedLength, frameLength };
}

/** A frame being read. What it says of its objects is believed only when their digests agree. */
export class Frame {
  readonly head: FrameHead;
  readonly #bytes: Uint8Array;
  #raw: Uint8Array | undefined;
  #offsets: number[] | undefined;

  /** Reads a frame from exactly its bytes. @throws ArtifoldError DAMAGED or FORMAT_UNSUPPORTED */
  constructor(bytes: Uint8Array) {
    this.head = readFrameHead(bytes);
    if (bytes.length !== this.head.frameLength) refuse("it ends too early or too late");
    this.#bytes = bytes;
  }

  /** Whether the stored bytes are those that were written; objects need not be decompressed for this. */
  get isWhole(): boolean {
    const checksumAt = this.#bytes.length - CHECKSUM_BYTES;
    const payloadHash = hashContentBytes(this.#bytes.subarray(this.#payloadAt, checksumAt));
    const expected = checksumOf(this.#bytes.subarray(0, this.#payloadAt), payloadHash);
    return Buffer.compare(expected, this.#bytes.subarray(checksumAt)) === 0;
  }

  get #payloadAt(): number {
    return FRAME_HEAD_BYTES + this.head.count * ROW_BYTES;
  }

  /** Digest that the table gives for an object. */
  digest(index: number): Digest {
    return digestFromBytes(this.#bytes, this.#row(index));
  }

  /** Length of an object in bytes. */
  length(index: number): number {
    const at = this.#row(index) + DIGEST_BYTES;
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, 4).readUInt32LE(0);
  }

  /** The bytes of an object, checked against its digest. @throws ArtifoldError DAMAGED */
  object(index: number): Uint8Array {
    this.#offsets ??= this.#placeObjects();
    this.#raw ??= this.#readRaw();
    const offset = this.#offsets[index] as number;
    const bytes = this.#raw.subarray(offset, offset + this.length(index));
    if (objectDigest(this.head.type, bytes) !== this.digest(index)) {
      throw new ArtifoldError("DAMAGED", `stored bytes are not those of digest ${this.digest(index)}`);
    }
    return bytes;
  }

  #row(index: number): number {
    if (index >= this.head.count) refuse("an object beyond its table");
    return FRAME_HEAD_BYTES + index * ROW_BYTES;
  }

  #placeObjects(): number[] {
    const offsets: number[] = [];
    let offset = 0;
    for (let index = 0; index < this.head.count; index++) {
      offsets.push(offset);
      offset += this.length(index);
    }
    if (offset !== this.head.rawLength) refuse("its objects do not fill it");
    return offsets;
  }

  #readRaw(): Uint8Array {
    const payload = this.#bytes.subarray(this.#payloadAt, this.#payloadAt + this.head.storedLength);
    return this.head.codec === CODEC_NONE ? payload : decompress(payload, this.head.rawLength);
  }
}

function refuse(why: string): never {
  throw new ArtifoldError("DAMAGED", `malformed frame: ${why}`);
}
