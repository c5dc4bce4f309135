/**
 * A Bloom filter of digests (Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 1970): says of a
 * digest that it is certainly not there, or perhaps. Ten bits a digest let one in a hundred absent ones through.
 */
const BITS_PER_DIGEST = 10;
const PROBES = 6;

/** Bytes of a filter for so many digests. */
export function filterLength(digests: number): number {
  return Math.max(8, Math.ceil((digests * BITS_PER_DIGEST) / 8));
}

/** A filter over bytes that its holder keeps. Digests are 32 bytes of an array, from a place on. */
export class DigestFilter {
  readonly bytes: Uint8Array;
  readonly #bits: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#bits = bytes.length * 8;
  }

  add(digest: Uint8Array, at: number): void {
    const step = stepOf(digest, at);
    let bit = wordAt(digest, at + 8);
    for (let probe = 0; probe < PROBES; probe++, bit += step) {
      const place = bit % this.#bits;
      this.bytes[place >>> 3] = (this.bytes[place >>> 3] as number) | (1 << (place & 7));
    }
  }

  /** False when the digest was certainly not added. */
  mayHave(digest: Uint8Array, at: number): boolean {
    const step = stepOf(digest, at);
    let bit = wordAt(digest, at + 8);
    for (let probe = 0; probe < PROBES; probe++, bit += step) {
      const place = bit % this.#bits;
      if (((this.bytes[place >>> 3] as number) & (1 << (place & 7))) === 0) return false;
    }
    return true;
  }
}

function stepOf(digest: Uint8Array, at: number): number {
  return (wordAt(digest, at + 12) | 1) >>> 0;
}

/** Four bytes of a digest, which is as good as random; its first bytes decide its place in a run. */
function wordAt(digest: Uint8Array, at: number): number {
  return (
    ((digest[at] as number) |
      ((digest[at + 1] as number) << 8) |
      ((digest[at + 2] as number) << 16) |
      ((digest[at + 3] as number) << 24)) >>>
    0
  );
}
