/** Digests, the gear table, and where contents are cut. */
import blake3 from "blake3";
import { afterAll, describe, expect, test } from "vitest";
import { chunkLengths, gearTable } from "../../src/chunking/index.ts";
import { contentHasher, hashContent, hashWithContext, useBlake3 } from "../../src/digest/index.ts";
import { ChunkListBuilder } from "../../src/manifest/index.ts";
import { contentOf, type DescribedContent } from "./make/chunking.ts";
import { seededBytes, unhex } from "./make/shape.ts";
import { readVectors } from "./read.ts";

afterAll(() => useBlake3("native"));

interface Digests {
  readonly content: readonly { input?: string; seed?: number; length?: number; digest: string }[];
  readonly contexts: readonly { context: string; input: string; digest: string }[];
}

describe.each(["native", "wasm"] as const)("digests by %s", (implementation) => {
  const vectors = readVectors<Digests>("digests");

  test("of content", () => {
    useBlake3(implementation);
    for (const { input, seed, length, digest } of vectors.content) {
      const bytes = input === undefined ? seededBytes(seed as number, length as number) : unhex(input);
      expect(hashContent(bytes)).toBe(digest);
      const hasher = contentHasher();
      for (let at = 0; at < bytes.length; at += 1000) hasher.update(bytes.subarray(at, at + 1000));
      expect(hasher.digest()).toBe(digest);
    }
  });

  test("of each context", () => {
    useBlake3(implementation);
    for (const { context, input, digest } of vectors.contexts)
      expect(hashWithContext(context, unhex(input))).toBe(digest);
  });
});

describe("chunking", () => {
  test("has the gear table that its context makes", () => {
    const { words, digest } = readVectors<{ words: number[]; digest: string }>("gear");
    const made = words.map((_, byte) =>
      (blake3.deriveKey("artifold format 1 gear table", Buffer.of(byte)) as Buffer).readUInt32LE(0),
    );
    expect(words).toEqual(made);
    expect([...gearTable].map((word) => word >>> 0)).toEqual(words);
    const bytes = Buffer.alloc(1024);
    words.forEach((word, at) => {
      bytes.writeUInt32LE(word, at * 4);
    });
    expect(hashContent(bytes)).toBe(digest);
  });

  test("cuts contents where the vectors say", () => {
    const { contents } = readVectors<{
      contents: readonly (DescribedContent & { digest: string; chunks: number[]; chunkList: string | null })[];
    }>("chunks");
    for (const { digest, chunks, chunkList, ...described } of contents) {
      const bytes = contentOf(described);
      expect(hashContent(bytes)).toBe(digest);
      expect(chunkLengths(bytes)).toEqual(chunks);
      const list = new ChunkListBuilder({ writeNode: () => {} });
      let at = 0;
      for (const length of chunks) {
        list.add({ digest: hashContent(bytes.subarray(at, at + length)), length });
        at += length;
      }
      expect(list.finish() ?? null).toBe(chunkList);
    }
  });
});
