import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import {
  blake3Implementation,
  contentHasher,
  digestFromBytes,
  EMPTY_DIGEST,
  hashContent,
  hashContentBytes,
  hashWithContext,
  useBlake3,
} from "../../src/digest/index.ts";
import { randomBytesOf } from "../support/random.ts";

const implementations = ["native", "wasm"] as const;

afterEach(() => useBlake3("native"));

/** What both implementations give. */
function withEach<Result>(action: () => Result): [native: Result, wasm: Result] {
  return implementations.map((name) => {
    useBlake3(name);
    expect(blake3Implementation()).toBe(name);
    return action();
  }) as [Result, Result];
}

/** Hashes bytes in pieces that end at the given places. */
function hashInPieces(bytes: Uint8Array, cuts: readonly number[]): string {
  const hasher = contentHasher();
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    hasher.update(bytes.subarray(from, to));
    from = to;
  }
  return hasher.digest();
}

describe("native and WebAssembly BLAKE3", () => {
  test("agree on any bytes, whole and in pieces, plain and with a context", () => {
    const cuts = fc.array(fc.nat(10_000), { maxLength: 5 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), cuts, fc.string({ maxLength: 40 }), (bytes, at, context) => {
        const [native, wasm] = withEach(() => ({
          whole: hashContent(bytes),
          bytes: digestFromBytes(hashContentBytes(bytes)),
          pieces: hashInPieces(bytes, at),
          context: hashWithContext(context, bytes),
        }));
        expect(wasm).toEqual(native);
        expect(native.pieces).toBe(native.whole);
        expect(native.bytes).toBe(native.whole);
        expect(native.context).not.toBe(native.whole);
      }),
      { numRuns: 150 },
    );
  });

  // BLAKE3 hashes blocks of 64 bytes in chunks of 1 KiB, and pairs chunks up in a tree.
  test.each([0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 2049, 65_536, 262_143, 262_145, 1_500_001])(
    "agree on %i bytes, at the edges of blocks, chunks and subtrees",
    (length) => {
      const bytes = randomBytesOf(length, length);
      const [native, wasm] = withEach(() => [hashContent(bytes), hashInPieces(bytes, [1, 1024, 70_000])]);
      expect(wasm).toEqual(native);
      expect(native[0]).toBe(native[1]);
    },
  );

  test("hash a part of a larger buffer as that part alone", () => {
    const room = randomBytesOf(5, 300);
    for (const digest of withEach(() => hashContent(room.subarray(100, 200)))) {
      expect(digest).toBe(hashContent(room.slice(100, 200)));
    }
  });
});

describe.each(implementations)("%s BLAKE3", (name) => {
  // From the test vectors of the BLAKE3 authors: input bytes count up modulo 251.
  const published: [length: number, hash: string, derived: string][] = [
    [
      0,
      "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
      "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d",
    ],
    [
      1,
      "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
      "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c",
    ],
  ];
  const context = "BLAKE3 2019-12-27 16:29:52 test vectors context";

  test.each(published)("gives the published digests of %i bytes", (length, hash, derived) => {
    useBlake3(name);
    const bytes = new Uint8Array(length).map((_, index) => index % 251);
    expect(hashContent(bytes)).toBe(hash);
    expect(hashWithContext(context, bytes)).toBe(derived);
  });

  test("keeps contexts apart from each other", () => {
    useBlake3(name);
    const bytes = new TextEncoder().encode("the same bytes");
    const digests = ["one", "two", "", "on"].map((each) => hashWithContext(each, bytes));
    expect(new Set(digests).size).toBe(4);
  });

  test("knows the digest of nothing", () => {
    useBlake3(name);
    expect(hashContent(new Uint8Array())).toBe(EMPTY_DIGEST);
    expect(contentHasher().digest()).toBe(EMPTY_DIGEST);
  });
});
