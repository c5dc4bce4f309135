/** A BLAKE3-256 digest in its text form: 64 lower-case hex digits. Made only by this room. */
export type Digest = string & { readonly __digest: true };

/** The length of a digest in bytes. */
export const DIGEST_BYTES = 32;

const textForm = /^[0-9a-f]{64}$/;

/** Tells whether a text is a digest: exactly 64 lower-case hex digits. */
export function isDigest(text: string): text is Digest {
  return textForm.test(text);
}

const byteToHex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * Writes 32 bytes as a digest.
 *
 * @param offset where the digest begins in `bytes`
 */
export function digestFromBytes(bytes: Uint8Array, offset = 0): Digest {
  if (bytes.length - offset < DIGEST_BYTES) throw new TypeError("a digest needs 32 bytes");
  // Node's own conversion is ten times faster than ours; a browser has no Buffer.
  if (typeof Buffer !== "undefined") {
    const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return buffer.toString("hex", offset, offset + DIGEST_BYTES) as Digest;
  }
  let text = "";
  for (let index = offset; index < offset + DIGEST_BYTES; index++) text += byteToHex[bytes[index] as number];
  return text as Digest;
}

/** The 32 bytes of a digest, in a new array or at `offset` of `target`. */
export function digestToBytes(digest: Digest, target?: Uint8Array, offset = 0): Uint8Array {
  const bytes = target ?? new Uint8Array(DIGEST_BYTES);
  for (let index = 0; index < DIGEST_BYTES; index++) {
    const high = nibbles[digest.charCodeAt(index * 2)] as number;
    bytes[offset + index] = (high << 4) | (nibbles[digest.charCodeAt(index * 2 + 1)] as number);
  }
  return bytes;
}

/** What each hex digit stands for, by its character. */
const nibbles: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => (code < 0x3a ? code - 0x30 : code - 0x57));
