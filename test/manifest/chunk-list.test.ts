import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CHUNK_MAX_BYTES } from "../../src/chunking/index.ts";
import { type Digest, hashContent, hashWithContext } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import {
  type ByteRange,
  CHUNK_LIST_CONTEXT,
  ChunkListBuilder,
  type ChunkRow,
  decodeListNode,
  Encoder,
  type PlacedChunk,
  readChunkList,
} from "../../src/manifest/index.ts";
import { MemoryNodes } from "../support/memory-nodes.ts";

function chunksOf(count: number, salt = 0): ChunkRow[] {
  return Array.from({ length: count }, (_, index) => ({
    digest: hashContent(Buffer.from(`chunk ${salt} ${index}`)),
    length: 1 + ((index * 7919) % CHUNK_MAX_BYTES),
  }));
}

function build(nodes: MemoryNodes, chunks: readonly ChunkRow[]): Digest | undefined {
  const builder = new ChunkListBuilder(nodes);
  for (const chunk of chunks) builder.add(chunk);
  return builder.finish();
}

const sizeOf = (chunks: readonly ChunkRow[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

type Placed = Omit<PlacedChunk, "leaf">;

async function read(nodes: MemoryNodes, root: Digest, size: number, range?: ByteRange): Promise<Placed[]> {
  const chunks: Placed[] = [];
  for await (const batch of readChunkList(nodes, root, size, range)) {
    for (const { leaf, ...chunk } of batch) {
      expect(decodeListNode(nodes.nodes.get(leaf) as Uint8Array).rows.map((row) => row.digest)).toContain(chunk.digest);
      chunks.push(chunk);
    }
  }
  return chunks;
}

function placed(chunks: readonly ChunkRow[]): Placed[] {
  let offset = 0;
  return chunks.map((chunk) => {
    offset += chunk.length;
    return { ...chunk, offset: offset - chunk.length };
  });
}

describe("the list of a blob's chunks", () => {
  test.each([0, 1])("is none for %i chunks", (count) => {
    const nodes = new MemoryNodes();
    expect(build(nodes, chunksOf(count))).toBeUndefined();
    expect(nodes.nodes.size).toBe(0);
  });

  test.each([2, 3, 127, 128, 129, 1023, 1024, 1025, 5000, 40_000])(
    "of %i chunks gives them back in order, with their places",
    async (count) => {
      const nodes = new MemoryNodes();
      const chunks = chunksOf(count);
      const root = build(nodes, chunks) as Digest;
      expect(await read(nodes, root, sizeOf(chunks))).toEqual(placed(chunks));
      expect(nodes.reads).toBe(nodes.nodes.size);
    },
  );

  test("gives for a range exactly the chunks that touch it", async () => {
    const nodes = new MemoryNodes();
    const chunks = chunksOf(3000);
    const size = sizeOf(chunks);
    const root = build(nodes, chunks) as Digest;
    const all = placed(chunks);
    const edges = fc.constantFrom(...all.slice(0, 50).map((chunk) => chunk.offset), 0, size);
    const offset = fc.oneof(fc.nat(size), edges);
    await fc.assert(
      fc.asyncProperty(offset, fc.oneof(fc.nat(2_000_000), fc.constantFrom(0, 1, size)), async (from, length) => {
        const to = from + length;
        const touching = all.filter((chunk) => chunk.offset < to && chunk.offset + chunk.length > from);
        expect(await read(nodes, root, size, { from, to })).toEqual(touching);
      }),
      { numRuns: 150 },
    );
  });

  test("is read by a small range in one node a level", async () => {
    const nodes = new MemoryNodes();
    const chunks = chunksOf(40_000);
    const root = build(nodes, chunks) as Digest;
    const height = decodeListNode(nodes.readNode(root)).level + 1;
    nodes.reads = 0;
    const size = sizeOf(chunks);
    await read(nodes, root, size, { from: Math.floor(size / 2), to: Math.floor(size / 2) + 1 });
    expect(nodes.reads).toBe(height);
  });

  test("shares nearly all nodes with that of content which differs in a few chunks", () => {
    const base = chunksOf(20_000);
    const change = fc.tuple(fc.nat(base.length), fc.nat(5), fc.nat(5), fc.integer({ min: 1 }));
    const before = new MemoryNodes();
    build(before, base);
    fc.assert(
      fc.property(change, ([at, removed, added, salt]) => {
        const edited = [...base.slice(0, at), ...chunksOf(added, salt), ...base.slice(at + removed)];
        const nodes = new MemoryNodes();
        build(nodes, edited);
        const fresh = [...nodes.nodes.keys()].filter((digest) => !before.nodes.has(digest));
        expect(fresh.length).toBeLessThanOrEqual(12);
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    ["always", "00"],
    ["never", "01"],
  ])("holds its limits with digests that %s begin a node", async (_, start) => {
    const nodes = new MemoryNodes();
    const chunks = chunksOf(5000).map((chunk) => ({ ...chunk, digest: (start + chunk.digest.slice(2)) as Digest }));
    const root = build(nodes, chunks) as Digest;
    expect(await read(nodes, root, sizeOf(chunks))).toEqual(placed(chunks));
    for (const bytes of nodes.nodes.values()) expect(decodeListNode(bytes).rows.length).toBeLessThanOrEqual(1024);
  });
});

describe("a reader of chunk lists refuses", () => {
  const store = (nodes: MemoryNodes, bytes: Uint8Array): Digest => {
    const digest = hashWithContext(CHUNK_LIST_CONTEXT, bytes);
    nodes.writeNode(digest, bytes);
    return digest;
  };
  const listNode = (level: number, rows: readonly (readonly [Digest, number, number])[]): Uint8Array => {
    const encoder = new Encoder();
    encoder.array(4);
    encoder.uint(2);
    encoder.uint(level);
    encoder.array(rows.length);
    for (const [digest, chunks, bytes] of rows) {
      encoder.array(level === 0 ? 2 : 3);
      encoder.digest(digest);
      if (level > 0) encoder.uint(chunks);
      encoder.uint(bytes);
    }
    encoder.array(0);
    return encoder.bytes();
  };
  // Digests that do not begin a node.
  const digest = (byte: string): Digest => byte.repeat(32) as Digest;

  test("a list of another length than the file's", async () => {
    const nodes = new MemoryNodes();
    const chunks = chunksOf(300);
    const root = build(nodes, chunks) as Digest;
    for (const by of [-1, 1]) await expect(read(nodes, root, sizeOf(chunks) + by)).rejects.toThrow(/length/);
  });

  test("a root with one row, a child with other sums or of another level", async () => {
    const nodes = new MemoryNodes();
    const leaf = store(
      nodes,
      listNode(0, [
        [digest("11"), 1, 10],
        [digest("12"), 1, 5],
      ]),
    );
    const other = store(
      nodes,
      listNode(0, [
        [digest("13"), 1, 1],
        [digest("14"), 1, 1],
      ]),
    );
    expect(
      await read(
        nodes,
        store(
          nodes,
          listNode(1, [
            [leaf, 2, 15],
            [other, 2, 2],
          ]),
        ),
        17,
      ),
    ).toHaveLength(4);
    const bad = [
      listNode(0, [[digest("11"), 1, 10]]),
      listNode(1, [[leaf, 2, 17]]),
      listNode(1, [
        [leaf, 2, 14],
        [other, 2, 3],
      ]),
      listNode(1, [
        [leaf, 3, 15],
        [other, 2, 2],
      ]),
      listNode(2, [
        [leaf, 2, 15],
        [other, 2, 2],
      ]),
    ];
    for (const bytes of bad) {
      const error = await read(nodes, store(nodes, bytes), 17).catch((thrown: unknown) => thrown);
      expect(isArtifoldError(error, "DAMAGED")).toBe(true);
    }
  });

  test("empty chunks, chunks too long, sums their chunks cannot have, too high trees, no rows, uncut nodes", () => {
    const good = [digest("11"), 1, 10] as const;
    const bad = [
      listNode(0, [good, [digest("12"), 1, 0]]),
      listNode(0, [good, [digest("12"), 1, CHUNK_MAX_BYTES + 1]]),
      listNode(1, [good, [digest("12"), 2, 2 * CHUNK_MAX_BYTES + 1]]),
      listNode(1, [good, [digest("12"), 0, 1]]),
      listNode(33, [good]),
      listNode(0, []),
      listNode(0, [good, good, [digest("80"), 1, 1]]),
      listNode(
        0,
        Array.from({ length: 1025 }, () => good),
      ),
    ];
    for (const bytes of bad) {
      expect(() => decodeListNode(bytes)).toThrow(expect.objectContaining({ code: "DAMAGED" }));
    }
    decodeListNode(
      listNode(
        0,
        Array.from({ length: 1024 }, () => good),
      ),
    );
  });

  test("altered bytes, or reads another node from them; never anything worse", () => {
    const nodes = new MemoryNodes();
    build(nodes, chunksOf(500));
    const all = [...nodes.nodes.values()];
    const change = fc.tuple(fc.nat(), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(fc.nat(all.length - 1), fc.array(change, { minLength: 1, maxLength: 3 }), (which, changes) => {
        const bytes = (all[which] as Uint8Array).slice();
        for (const [at, , value] of changes) bytes[at % bytes.length] = value;
        for (const input of [bytes, bytes.subarray(0, (changes[0]?.[1] ?? 0) % bytes.length)]) {
          try {
            decodeListNode(input);
          } catch (error) {
            if (!isArtifoldError(error)) throw error;
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
