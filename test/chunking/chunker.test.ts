import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CHUNK_MAX_BYTES,
  CHUNK_MIN_BYTES,
  CHUNK_TARGET_BYTES,
  CHUNKER_BYTES,
  chunkLength,
  chunkLengths,
  gearTable,
  MemoryChunker,
  makeSharedMemory,
} from "../../src/chunking/index.ts";
import { hashWithContext } from "../../src/digest/index.ts";
import { randomBytesOf } from "../support/random.ts";

/** The types of Node do not name it. */
declare const WebAssembly: { Instance: new () => object };

/** Where chunks end, as offsets in the content. */
function cuts(bytes: Uint8Array): number[] {
  let end = 0;
  return chunkLengths(bytes).map((length) => {
    end += length;
    return end;
  });
}

/** Content that is random in parts and repeats itself in others. */
const contents: fc.Arbitrary<Uint8Array> = fc
  .array(fc.tuple(fc.integer({ min: 1 }), fc.nat(200_000), fc.boolean()), { minLength: 1, maxLength: 4 })
  .map((parts) => {
    const pieces = parts.map(([seed, length, isEven]) =>
      isEven ? new Uint8Array(length).fill(seed) : randomBytesOf(seed, length),
    );
    return new Uint8Array(Buffer.concat(pieces));
  });

function withoutWebAssembly<Result>(action: () => Result): Result {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class {
    constructor() {
      throw new Error("there is none");
    }
  } as typeof Instance;
  try {
    return action();
  } finally {
    WebAssembly.Instance = Instance;
  }
}

test("the module in WebAssembly is what its source says", () => {
  const script = fileURLToPath(new URL("../../scripts/make-gear-wasm.mjs", import.meta.url));
  execFileSync(process.execPath, [script, "--check"]);
});

describe("chunks", () => {
  test("together are the input, and keep to the limits", () => {
    fc.assert(
      fc.property(contents, (bytes) => {
        const lengths = chunkLengths(bytes);
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(bytes.length);
        for (const [index, length] of lengths.entries()) {
          expect(length).toBeLessThanOrEqual(CHUNK_MAX_BYTES);
          expect(length).toBeGreaterThan(index === lengths.length - 1 ? 0 : CHUNK_MIN_BYTES);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("are cut at the same places in a shared memory, by WebAssembly or without it", () => {
    const memory = makeSharedMemory(1024 * 1024);
    const inWebAssembly = new MemoryChunker(memory);
    const without = withoutWebAssembly(() => new MemoryChunker(memory));
    fc.assert(
      fc.property(contents, fc.nat(100), (bytes, shift) => {
        const start = CHUNKER_BYTES + shift;
        const part = bytes.subarray(0, 1024 * 1024 - shift);
        new Uint8Array(memory.buffer).set(part, start);
        const end = start + part.length;
        for (const chunker of [inWebAssembly, without]) {
          const lengths: number[] = [];
          for (let at = start; at < end; at += lengths.at(-1) as number) lengths.push(chunker.length(at, end));
          expect(lengths).toEqual(chunkLengths(part));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("are cut at the same places however the content arrives", () => {
    fc.assert(
      fc.property(contents, fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1 }), (bytes, reads) => {
        // A reader that keeps what is not cut yet and asks once a whole chunk must lie in what it has.
        const lengths: number[] = [];
        let from = 0;
        let have = 0;
        for (let turn = 0; from < bytes.length; ) {
          if (have - from >= CHUNK_MAX_BYTES || have === bytes.length) {
            // Beyond `have` nothing is known: other bytes there must not matter.
            const length = chunkLength(bytes.slice(0, have), from, have);
            lengths.push(length);
            from += length;
          } else {
            have = Math.min(bytes.length, have + (reads[turn++ % reads.length] as number));
          }
        }
        expect(lengths).toEqual(chunkLengths(bytes));
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    [0, []],
    [1, [1]],
    [CHUNK_MIN_BYTES - 1, [CHUNK_MIN_BYTES - 1]],
    [CHUNK_MIN_BYTES, [CHUNK_MIN_BYTES]],
  ])("of %i bytes are %j", (length, expected) => {
    expect(chunkLengths(randomBytesOf(3, length))).toEqual(expected);
  });

  test("of zeros are as long as can be", () => {
    const lengths = chunkLengths(new Uint8Array(CHUNK_MAX_BYTES * 3 + 5));
    expect(lengths).toEqual([CHUNK_MAX_BYTES, CHUNK_MAX_BYTES, CHUNK_MAX_BYTES, 5]);
  });

  test("of any one byte repeated are cut alike from chunk to chunk", () => {
    for (let byte = 0; byte < 256; byte++) {
      const lengths = chunkLengths(new Uint8Array(CHUNK_MAX_BYTES * 2).fill(byte));
      expect(new Set(lengths.slice(0, -1)).size).toBeLessThanOrEqual(1);
    }
  });

  test("of random content are around the target, on average", () => {
    const total = 24 * 1024 * 1024;
    const lengths = chunkLengths(randomBytesOf(11, total));
    const mean = total / lengths.length;
    expect(mean).toBeGreaterThan(CHUNK_TARGET_BYTES * 0.85);
    expect(mean).toBeLessThan(CHUNK_TARGET_BYTES * 1.25);
    // Normalisation draws lengths together: most lie between half and twice the target.
    const near = lengths.filter((length) => length > CHUNK_TARGET_BYTES / 2 && length < CHUNK_TARGET_BYTES * 2);
    expect(near.length / lengths.length).toBeGreaterThan(0.8);
  });

  test("move only beside an insertion, a deletion or an overwriting", () => {
    const base = randomBytesOf(21, 3_000_000);
    const before = cuts(base);
    const change = fc.tuple(fc.nat(base.length), fc.nat(3000), fc.nat(3000), fc.integer({ min: 1 }));
    fc.assert(
      fc.property(change, ([at, removed, added, seed]) => {
        const gone = Math.min(removed, base.length - at);
        const fresh = randomBytesOf(seed, added);
        const edited = new Uint8Array(Buffer.concat([base.subarray(0, at), fresh, base.subarray(at + gone)]));
        const moved = added - gone;
        const after = cuts(edited);
        // All that end before the change stand as they stood; the last one ended where the content did.
        const untouched = before.filter((cut) => cut <= at && cut < base.length);
        expect(after.slice(0, untouched.length)).toEqual(untouched);
        // Behind it they meet again soon: all but a few are the old ones, moved by the change of length.
        const old = new Set(before.map((cut) => cut + moved));
        expect(after.filter((cut) => cut > at && !old.has(cut)).length).toBeLessThanOrEqual(12);
      }),
      { numRuns: 60 },
    );
  });

  test("depend on the bytes alone and not on where in memory they lie", () => {
    const bytes = randomBytesOf(31, 400_000);
    for (const shift of [1, 2, 3, 7]) {
      const room = new Uint8Array(bytes.length + shift);
      room.set(bytes, shift);
      expect(chunkLengths(room.subarray(shift))).toEqual(chunkLengths(bytes));
    }
  });
});

test("a cut falls where the hash of 32 bytes says so, as a plain reading of the rule finds", () => {
  const bytes = randomBytesOf(41, 2_000_000);
  const isCut = (end: number, bits: number): boolean => {
    let hash = 0;
    for (let at = end - 32; at < end; at++) {
      hash = (hash * 2 + ((gearTable[bytes[at] as number] as number) >>> 0)) % 2 ** 32;
    }
    return hash < 2 ** (32 - bits);
  };
  let from = 0;
  for (const length of chunkLengths(bytes).slice(0, 8)) {
    const expected = Array.from(
      { length: CHUNK_MAX_BYTES - CHUNK_MIN_BYTES },
      (_, index) => CHUNK_MIN_BYTES + 1 + index,
    );
    const first = expected.find((at) => isCut(from + at, at <= CHUNK_TARGET_BYTES ? 18 : 14));
    expect(length).toBe(first ?? CHUNK_MAX_BYTES);
    from += length;
  }
});

test("the gear table is the one that its rule gives", () => {
  const made = Array.from({ length: 256 }, (_, byte) => {
    const digest = hashWithContext("artifold format 1 gear table", Uint8Array.of(byte));
    return Buffer.from(digest, "hex").readInt32LE(0);
  });
  expect([...gearTable]).toEqual(made);
});
