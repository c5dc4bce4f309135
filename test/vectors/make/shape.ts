/** What all vectors have in common, and small helpers to write bytes that no writer of ours would write. */
import { Encoder } from "../../../src/manifest/index.ts";

/** Something that every reader must refuse. */
export interface Invalid {
  readonly name: string;
  readonly hex: string;
  /** Why it is refused. */
  readonly why: string;
  /** The code of the refusal. */
  readonly code: "DAMAGED" | "FORMAT_UNSUPPORTED";
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** One after another: bytes as they are, text as hex digits. */
export function join(...parts: readonly (Uint8Array | string)[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts.map((part) => (typeof part === "string" ? unhex(part) : part))));
}

/** Values in the format's own encoding. */
export const encoded = {
  array: (count: number): Uint8Array => write((encoder) => encoder.array(count)),
  uint: (value: number): Uint8Array => write((encoder) => encoder.uint(value)),
  string: (text: string): Uint8Array => write((encoder) => void encoder.string(text)),
  binary: (bytes: Uint8Array): Uint8Array => write((encoder) => encoder.binary(bytes)),
  nil: (): Uint8Array => write((encoder) => encoder.nil()),
} as const;

function write(action: (encoder: Encoder) => void): Uint8Array {
  const encoder = new Encoder();
  action(encoder);
  return encoder.bytes();
}

/** Bytes with one of them changed. */
export function changed(bytes: Uint8Array, at: number, to: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = to;
  return copy;
}

/** Bytes with some of them replaced. */
export function replaced(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(by, at);
  return copy;
}

export function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function uint64(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** Contents that a few lines of any language can make: a linear congruential generator, the top byte of each state. */
export function seededBytes(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
