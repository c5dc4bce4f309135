/**
 * A Bloom filter of digests (Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 1970): says of a
 * digest that it is certainly not there, or perhaps. Ten bits a digest let one in a hundred absent ones through.
 */
import type { Digest } from "../digest/index.ts";

const BITS_PER_DIGEST = 10;
const PROBES = 6;

/** Bytes of a filter for so many digests. */
export function filterLength(digests: number): number {
  return Math.max(8, Math.ceil((digests * BITS_PER_DIGEST) / 8));
}

/** A filter over bytes that its holder keeps. */
export class DigestFilter {
  readonly bytes: Uint8Array;
  readonly #bits: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#bits = bytes.length * 8;
  }

  add(digest: Digest): void {
    const [start, step] = probesOf(digest);
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (start + probe * step) % this.#bits;
      this.bytes[bit >>> 3] = (this.bytes[bit >>> 3] as number) | (1 << (bit & 7));
    }
  }

  /** False when the digest was certainly not added. */
  mayHave(digest: Digest): boolean {
    const [start, step] = probesOf(digest);
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (start + probe * step) % this.#bits;
      if (((this.bytes[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }
}

/** Two numbers out of a digest, which is as good as random; other parts of it decide its place in a run. */
function probesOf(digest: Digest): [start: number, step: number] {
  // The shift keeps the step positive: "|" alone makes a signed number, and a negative bit is in no byte.
  return [Number.parseInt(digest.slice(16, 24), 16), (Number.parseInt(digest.slice(24, 32), 16) | 1) >>> 0];
}
