import { digestToBytes } from "../../src/digest/index.ts";
import type { Digest } from "../../src/index.ts";
import { type Codec, codecs, frameLengthOf, writeFrameHead } from "../../src/objects/frame.ts";
import type { ObjectType } from "../../src/objects/index.ts";

/** What is stored in the place of the objects' bytes. */
export interface StoredPayload {
  readonly codec: Codec;
  readonly payload: Uint8Array;
  readonly bases?: readonly Digest[];
}

/** A frame of these objects: as they are, or with a payload that somebody compressed. */
export function frameOf(type: ObjectType, objects: readonly Uint8Array[], stored?: StoredPayload): Uint8Array {
  const { codec, payload, bases = [] } = stored ?? { codec: codecs.none, payload: Buffer.concat(objects) };
  const frame = Buffer.alloc(frameLengthOf(objects.length, payload.length, bases.length));
  const lengths = objects.map((bytes) => bytes.length);
  const digests = bases.map((base) => digestToBytes(base));
  const at = writeFrameHead(frame, 0, { type, codec, storedLength: payload.length }, lengths, digests);
  frame.set(payload, at);
  return frame;
}
