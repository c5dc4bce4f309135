import { createRequire } from "node:module";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import {
  compress,
  compressDelta,
  decompress,
  decompressDelta,
  type Effort,
  estimateCompressed,
  looksCompressible,
} from "../../src/objects/compression.ts";
import { type CompressionName, compressionImplementation, prepareCompression } from "../../src/objects/index.ts";
import { checkZstdFrame } from "../../src/objects/zstd-frame.ts";
import { randomBytesOf } from "../support/random.ts";

const names: CompressionName[] = [];
beforeAll(async () => {
  for (const name of ["addon", "node", "wasm"] as const) {
    await prepareCompression(name);
    if (compressionImplementation() === name) names.push(name);
  }
});
afterAll(() => prepareCompression("addon"));

/** What each implementation that is here gives. */
async function withEach<Result>(action: (name: CompressionName) => Result): Promise<Result[]> {
  const results: Result[] = [];
  for (const name of names) {
    await prepareCompression(name);
    results.push(action(name));
  }
  return results;
}

function loadAddon(): typeof import("zstd-napi/binding.js") | undefined {
  try {
    return createRequire(import.meta.url)("zstd-napi/binding.js");
  } catch {
    return undefined;
  }
}

const inputs: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 2000 }),
  fc.tuple(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 262_144 })).map(([text, length]) => {
    return new Uint8Array(Buffer.alloc(length, text));
  }),
  fc
    .tuple(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 262_144 }))
    .map(([seed, length]) => randomBytesOf(seed, length)),
);

describe("implementations of zstd", () => {
  test("are at least the WebAssembly one, which is everywhere", () => {
    expect(names).toContain("wasm");
  });

  const efforts = fc.constantFrom<Effort>("low", "normal", "high");

  test("read what the others write", async () => {
    await fc.assert(
      fc.asyncProperty(inputs, efforts, async (bytes, effort) => {
        for (const compressed of await withEach(() => compress(bytes, effort))) {
          checkZstdFrame(compressed, bytes.length);
          for (const back of await withEach(() => decompress(compressed, bytes.length))) {
            expect(Buffer.compare(back, bytes)).toBe(0);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("read the deltas that the others write, whatever is changed", async () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(300), fc.uint8Array({ maxLength: 300 })), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(inputs, edits, efforts, async (base, changes, effort) => {
        let bytes = Buffer.from(base);
        for (const [place, removed, added] of changes) {
          const at = place % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
        }
        if (bytes.length === 0 || bytes.length > 262_144) return;
        for (const delta of await withEach(() => compressDelta(bytes, base, effort, () => true))) {
          // What is too short, or begins like a dictionary of another kind, is no base for any of them.
          if (delta === undefined) {
            expect(base.length < 8 || Buffer.from(base).readUInt32LE(0) === 0xec30a437).toBe(true);
            continue;
          }
          checkZstdFrame(delta, bytes.length);
          for (const back of await withEach(() => decompressDelta(delta, bytes.length, base))) {
            expect(Buffer.compare(back, bytes)).toBe(0);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("know of text about what it takes, and make no delta that is not wanted", async () => {
    const words = Array.from(randomBytesOf(1, 60_000), (byte) => (Math.imul(byte + 1, 2654435761) >>> 8).toString(36));
    for (const length of [0, 1, 600, 40_000, 200_000]) {
      const text = Buffer.from(words.join(" ")).subarray(0, length);
      for (const [about, exact] of await withEach(() => [estimateCompressed(text), compress(text).length] as const)) {
        expect(about).toBeLessThanOrEqual(exact * 1.4);
        expect(about).toBeGreaterThanOrEqual(length === 0 ? 0 : exact * 0.8);
      }
      const asked: number[] = [];
      const refuses = (size: number): boolean => asked.push(size) < 0;
      for (const delta of await withEach(() => compressDelta(text, Buffer.from("a base"), "normal", refuses))) {
        expect(delta).toBe(undefined);
      }
      expect(asked.length).toBe(0);
      await withEach(() => expect(compressDelta(text, Buffer.from("some base"), "normal", refuses)).toBe(undefined));
      expect(asked.length).toBe(names.length);
    }
  });

  test("work from the first use on when several stores are opened at once", async () => {
    const bytes = Buffer.alloc(100_000, "some text, ");
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        await prepareCompression("wasm");
        for (let turn = 0; turn < 20; turn++) {
          expect(Buffer.compare(decompress(compress(bytes), bytes.length), bytes)).toBe(0);
          await new Promise((resolve) => setImmediate(resolve));
        }
      }),
    );
  });

  describe("that would give back something else", () => {
    const addon = loadAddon();
    const bytes = Buffer.alloc(5000, "some text, ");
    const base = Buffer.alloc(4000, "some other text, ");
    afterEach(() => void vi.restoreAllMocks());

    /** Has the processor make a mistake. @param harm gives the number of bytes that there are said to be */
    async function compressWith(harm: (target: Uint8Array, length: number) => number): Promise<void> {
      await prepareCompression("addon");
      const { prototype } = (addon as NonNullable<typeof addon>).DCtx;
      const { decompress: plainly, decompressUsingDict: withBase } = prototype;
      vi.spyOn(prototype, "decompress").mockImplementation(function (this: typeof prototype, target, source) {
        return harm(target, plainly.call(this, target, source));
      });
      vi.spyOn(prototype, "decompressUsingDict").mockImplementation(function (
        this: typeof prototype,
        target,
        source,
        dictionary,
      ) {
        return harm(target, withBase.call(this, target, source, dictionary));
      });
    }

    test.skipIf(addon === undefined)("are not taken (needs the native zstd)", async () => {
      const oneBitFlipped = (target: Uint8Array, length: number): number => {
        target[length - 1] = (target[length - 1] as number) ^ 1;
        return length;
      };
      for (const harm of [oneBitFlipped, (_: Uint8Array, length: number): number => length - 1]) {
        await compressWith(harm);
        const refusal = expect.objectContaining({ code: "STORE_WRITE_FAILED" });
        expect(() => compress(bytes)).toThrow(refusal);
        expect(() => compressDelta(bytes, base, "normal", () => true)).toThrow(refusal);
        vi.restoreAllMocks();
        expect(compress(bytes).length).toBeLessThan(bytes.length);
        expect(compressDelta(bytes, base, "normal", () => true)?.length).toBeLessThan(bytes.length);
      }
    });
  });

  test("refuse altered bytes, or give something of the right length; never anything worse", async () => {
    const sample = Buffer.concat([
      Buffer.alloc(3000, "some text, "),
      randomBytesOf(1, 1000),
      Buffer.alloc(3000, "more "),
    ]);
    const change = fc.tuple(fc.nat(), fc.nat(255));
    for (const name of names) {
      await prepareCompression(name);
      const compressed = compress(sample);
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(compressed.length), (changes, length) => {
          const altered = Uint8Array.from(compressed);
          for (const [at, value] of changes) altered[at % altered.length] = value;
          for (const input of [altered, compressed.subarray(0, length), altered.subarray(0, length)]) {
            try {
              expect(decompress(input, sample.length)).toHaveLength(sample.length);
            } catch (error) {
              if (!isArtifoldError(error, "DAMAGED")) throw error;
            }
          }
        }),
        { numRuns: 300 },
      );
      expect(Buffer.compare(decompress(compressed, sample.length), sample)).toBe(0);
    }
  });
});

/** A zstd frame by hand: one segment with its size in four bytes, then blocks. */
function frameOf(size: number, blocks: readonly Uint8Array[], change: { descriptor?: number } = {}): Uint8Array {
  const head = Buffer.alloc(9);
  head.writeUInt32LE(0xfd2fb528, 0);
  head[4] = change.descriptor ?? 0xa0;
  head.writeUInt32LE(size, 5);
  return Buffer.concat([head, ...blocks]);
}

function block(type: number, size: number, content: Uint8Array, isLast = true): Uint8Array {
  const head = Buffer.alloc(3);
  head.writeUIntLE((size << 3) | (type << 1) | (isLast ? 1 : 0), 0, 3);
  return Buffer.concat([head, content]);
}

const repeated = (size: number, isLast = true) => block(1, size, Uint8Array.of(65), isLast);

describe("zstd frames that would become something else than they should", () => {
  test("are told from those that become just that", async () => {
    for (const bytes of await withEach(() => decompress(frameOf(1000, [repeated(1000)]), 1000))) {
      expect(Buffer.from(bytes).toString()).toBe("A".repeat(1000));
    }
  });

  test.each<[string, Uint8Array, number]>([
    ["repeat a byte more often than there are raw bytes", frameOf(1000, [repeated(131_072)]), 1000],
    [
      "repeat it in block after block",
      frameOf(1000, [...Array.from({ length: 40 }, () => repeated(100, false)), repeated(1)]),
      1000,
    ],
    ["state more than the frame around them", frameOf(1001, [repeated(1001)]), 1000],
    ["state less than the frame around them", frameOf(999, [repeated(999)]), 1000],
    ["give less than they state", frameOf(1000, [repeated(900)]), 1000],
    [
      "have more blocks than any encoder makes",
      frameOf(1000, [...Array.from({ length: 64 }, () => repeated(1, false)), repeated(936)]),
      1000,
    ],
    ["have a block of a reserved type", frameOf(1000, [block(3, 10, new Uint8Array(10))]), 1000],
    ["name a dictionary", frameOf(1000, [repeated(1000)], { descriptor: 0xa1 }), 1000],
    ["have a checksum", frameOf(1000, [repeated(1000)], { descriptor: 0xa4 }), 1000],
    ["set a reserved bit", frameOf(1000, [repeated(1000)], { descriptor: 0xa8 }), 1000],
    [
      "are followed by another frame",
      Buffer.concat([frameOf(1000, [repeated(1000)]), frameOf(1, [repeated(1)])]),
      1000,
    ],
    ["have no last block", frameOf(1000, [repeated(1000, false)]), 1000],
    ["end within a block", frameOf(1000, [block(0, 1000, new Uint8Array(999))]), 1000],
    ["are no frame but one to be skipped", Buffer.from("502a4d180400000041414141", "hex"), 4],
    ["are empty", new Uint8Array(), 0],
  ])("are refused when they %s", async (_, bytes, rawLength) => {
    for (const error of await withEach(() => {
      try {
        return decompress(bytes, rawLength);
      } catch (thrown) {
        return thrown;
      }
    })) {
      expect(isArtifoldError(error, "DAMAGED")).toBe(true);
    }
  });

  test("are refused when they need a window beyond eight megabytes", () => {
    // No single segment and no size: the descriptor of the window follows.
    const withWindow = (window: number) =>
      Buffer.concat([Buffer.from("28b52ffd00", "hex"), Buffer.of(window), repeated(1000)]);
    expect(() => checkZstdFrame(withWindow(13 << 3), 1000)).not.toThrow();
    expect(() => checkZstdFrame(withWindow((13 << 3) | 1), 1000)).toThrow(/window/);
    expect(() => checkZstdFrame(withWindow(0xff), 1000)).toThrow(/window/);
  });

  test("that say nothing of their size are bounded by what they give", async () => {
    const length = 262_144 * 4;
    const raw = Buffer.alloc(length, "text that compresses well, ");
    await prepareCompression("wasm");
    const sized = compress(raw);
    expect(sized[4]).toBe(0xa0);
    // As an encoder of a stream would write it: a window of two megabytes and no size.
    const sizeless = Buffer.concat([sized.subarray(0, 4), Buffer.of(0, 11 << 3), sized.subarray(9)]);
    await withEach((name) => {
      for (const bytes of [sized, sizeless]) {
        expect(Buffer.compare(decompress(bytes, length), raw), name).toBe(0);
        for (const other of [1, 1000, 262_144, length - 1, length + 1]) {
          expect(() => decompress(bytes, other), name).toThrow(expect.objectContaining({ code: "DAMAGED" }));
        }
      }
    });
  });
});

describe("a guess from a sample", () => {
  test("tells text and numbers from what is compressed already", () => {
    for (const length of [512, 1000, 4096, 65_536, 262_144]) {
      for (let seed = 1; seed <= 30; seed++) expect(looksCompressible(randomBytesOf(seed, length))).toBe(false);
      expect(looksCompressible(Buffer.alloc(length, "the quick brown fox "))).toBe(true);
      expect(
        looksCompressible(new Uint8Array(Float32Array.from({ length: length / 4 }, (_, at) => at / 7).buffer)),
      ).toBe(true);
    }
  });
});
