/** Chunks that are on their way to a sink: whoever has one too need not bring it, but waits for it. */
import { DIGEST_BYTES } from "../digest/index.ts";

/**
 * Chunks of one window, some of them chosen, found by their digests. One is made for each of thousands of windows: bytes and
 * numbers, for texts of digests would be most of what a collection has to look at.
 */
export class ChosenChunks {
  readonly #digests: Uint8Array;
  /** Open addressing by the beginning of the digest: chunk + 1, or 0. */
  readonly #slots: Uint32Array;
  #count = 0;

  /** @param digests of all chunks of the window, which must stay as they are */
  constructor(digests: Uint8Array) {
    this.#digests = digests;
    const chunks = digests.length / DIGEST_BYTES;
    this.#slots = new Uint32Array(2 << (32 - Math.clz32(chunks)));
  }

  get count(): number {
    return this.#count;
  }

  /** Chooses a chunk. @returns whether none of the same content was chosen before */
  add(chunk: number): boolean {
    const slot = this.#slotOf(this.#digests, chunk * DIGEST_BYTES);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = chunk + 1;
    this.#count++;
    return true;
  }

  /** Whether a chunk was chosen. @param digests has its digest from `at` on */
  has(digests: Uint8Array, at: number): boolean {
    return this.#slots[this.#slotOf(digests, at)] !== 0;
  }

  /** The slot that has a digest, or would. */
  #slotOf(digests: Uint8Array, at: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hashOf(digests, at) & mask; ; slot = (slot + 1) & mask) {
      const chunk = (slots[slot] as number) - 1;
      if (chunk < 0 || isSame(this.#digests, chunk * DIGEST_BYTES, digests, at)) return slot;
    }
  }
}

/** Digests are as good as random: three of their bytes are a hash for more chunks than a window can have. */
function hashOf(digests: Uint8Array, at: number): number {
  return (digests[at] as number) | ((digests[at + 1] as number) << 8) | ((digests[at + 2] as number) << 16);
}

function isSame(left: Uint8Array, leftAt: number, right: Uint8Array, rightAt: number): boolean {
  for (let byte = 0; byte < DIGEST_BYTES; byte++) if (left[leftAt + byte] !== right[rightAt + byte]) return false;
  return true;
}

/** What brings chunks, and when they are there. */
interface Bringing {
  readonly chunks: ChosenChunks;
  readonly arrival: Promise<void>;
}

/** What is under way to one sink, window by window: never more of them than can be in work at once. */
export class ChunksUnderWay {
  readonly #windows: Bringing[] = [];

  /** When a chunk that is under way arrives; `undefined` for one that is not. @param digests has its digest from `at` on */
  arrivalOf(digests: Uint8Array, at: number): Promise<void> | undefined {
    return this.#windows.find(({ chunks }) => chunks.has(digests, at))?.arrival;
  }

  /** Says of chunks that they are on their way, as long as they are. */
  async bring(chunks: ChosenChunks, arrival: Promise<void>): Promise<void> {
    const bringing = { chunks, arrival };
    this.#windows.push(bringing);
    try {
      await arrival;
    } finally {
      this.#windows.splice(this.#windows.indexOf(bringing), 1);
    }
  }
}
