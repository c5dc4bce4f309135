import fc from "fast-check";
import { expect, test } from "vitest";
import { DIGEST_BYTES, type Digest, digestToBytes, hashContent } from "../../src/digest/index.ts";
import { ChunkListBuilder, type FileEntry } from "../../src/manifest/index.ts";
import { BASES_MAX } from "../../src/objects/index.ts";
import { OlderChunks } from "../../src/worktree/index.ts";
import { MemoryNodes } from "../support/memory-nodes.ts";

/** A chunk, told by a name; equal names are equal chunks. */
interface Chunk {
  readonly name: string;
  readonly length: number;
}

const digestOf = ({ name }: Chunk): Digest => hashContent(Buffer.from(name));

/** What is known of a file that has these chunks. */
async function olderChunks(chunks: readonly Chunk[]): Promise<OlderChunks | undefined> {
  const nodes = new MemoryNodes();
  const list = new ChunkListBuilder(nodes);
  for (const chunk of chunks) list.add({ digest: digestOf(chunk), length: chunk.length });
  const chunkList = list.finish();
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  const digest = chunkList === undefined && chunks[0] !== undefined ? digestOf(chunks[0]) : hashContent(Buffer.of(1));
  const entry: FileEntry = { path: "f", kind: "file", size, digest, chunkList, executable: false };
  return OlderChunks.of(entry, nodes);
}

/** Names of what each new chunk may resemble, when a file of older chunks has become one of newer, in parts. */
async function likesOf(
  older: readonly Chunk[],
  newer: readonly Chunk[],
  isNew: (chunk: Chunk) => boolean,
  partLength = newer.length,
  isSizeKnown = true,
): Promise<string[][]> {
  const known = (await olderChunks(older)) as OlderChunks;
  const size = newer.reduce((sum, { length }) => sum + length, 0);
  const names = new Map(older.map((chunk) => [digestOf(chunk), chunk.name]));
  const result: string[][] = [];
  for (let at = 0; at < newer.length; at += partLength) {
    const part = newer.slice(at, at + partLength);
    const digests = new Uint8Array(part.length * DIGEST_BYTES);
    part.forEach((chunk, index) => {
      digestToBytes(digestOf(chunk), digests, index * DIGEST_BYTES);
    });
    const wanted = Uint8Array.from(part, (chunk) => (isNew(chunk) ? 1 : 0));
    const lengths = Uint32Array.from(part, ({ length }) => length);
    for (const likes of known.next(digests, lengths, wanted, isSizeKnown ? size : Number.POSITIVE_INFINITY)) {
      result.push(likes.map((digest) => names.get(digest) as string));
    }
  }
  return result;
}

const chunk = (name: string, length = 80_000): Chunk => ({ name, length });
const isCapital = ({ name }: Chunk): boolean => name !== name.toLowerCase();
const file = (names: string, length?: number): Chunk[] => [...names].map((name) => chunk(name, length));

test("what was overwritten is what stood in the same place", async () => {
  expect(await likesOf(file("abcdef"), file("abCdEf"), isCapital)).toEqual([[], [], ["c"], [], ["e"], []]);
});

test("an insertion moves all that comes behind it", async () => {
  const newer = [...file("ab"), chunk("C", 81_000), ...file("deFgh")];
  expect(await likesOf(file("abcdefgh"), newer, isCapital)).toEqual([[], [], ["c"], [], [], ["f"], [], []]);
});

test("around a long insertion both ends find what they were cut from", async () => {
  const newer = [...file("ab"), ...file("XYZ"), ...file("de")];
  const likes = await likesOf(file("abcde"), newer, isCapital);
  expect(likes[2]).toEqual(["c"]);
  expect(likes[4]).toEqual(["c"]);
});

test("a chunk in the place of several may resemble each of them, up to the limit", async () => {
  const newer = [chunk("a"), chunk("B", 240_000), chunk("e")];
  expect(await likesOf(file("abcde"), newer, isCapital)).toEqual([[], ["b", "c", "d"], []]);
  const short = [chunk("a", 20_000), chunk("B", 200_000), chunk("z", 20_000)];
  const [, likes] = await likesOf(file("abcdefghijkz", 20_000), short, isCapital);
  expect(likes).toHaveLength(BASES_MAX);
});

test("what came behind the end of the older file resembles nothing, and neither does what an empty file had", async () => {
  expect(await likesOf(file("abc"), file("abcDE"), isCapital)).toEqual([[], [], [], [], []]);
  expect(await olderChunks([])).toBeUndefined();
});

test("of a file of one chunk that chunk is it", async () => {
  expect(await likesOf([chunk("a", 9000)], [chunk("A", 9500)], isCapital)).toEqual([["a"]]);
  expect(await likesOf([chunk("a", 9000)], file("AB"), isCapital)).toEqual([["a"], ["a"]]);
});

test("where both have nothing in common, places have moved in proportion", async () => {
  // Each chunk longer by a tenth: after ten of them the same offset is a chunk further in the older file.
  const older = file("abcdefghijklmnopqrst");
  const newer = file("ABCDEFGHIJKLMNOPQRST", 88_000);
  for (const partLength of [20, 3]) {
    const likes = await likesOf(older, newer, isCapital, partLength);
    newer.forEach(({ name }, index) => {
      expect(likes[index]).toContain(name.toLowerCase());
    });
  }
  // Between chunks that both have it is their distance that counts, and not where the file ends.
  const tail = Array.from({ length: 30 }, (_, index) => chunk(`tail ${index}`));
  const inside = await likesOf([...older, ...tail], [...newer, ...tail], isCapital);
  newer.forEach(({ name }, index) => {
    expect(inside[index]).toContain(name.toLowerCase());
  });
});

test("of a stream nobody knows where it ends: places have moved as the last that both have", async () => {
  const likes = await likesOf(file("abcdefghij"), file("aBCDEFGHIJ"), isCapital, 10, false);
  expect(likes).toEqual([[], ...[..."bcdefghij"].map((name) => [name])]);
});

test("chunks that occur often do not lead astray", async () => {
  const older = file("a0000b00000c000d");
  const newer = file("a0000B00000c0X0d");
  const likes = await likesOf(older, newer, isCapital);
  expect(likes[5]).toEqual(["b"]);
  expect(likes[13]).toEqual(["0"]);
});

test("laws: only older chunks, each once, in their order, at most so many, and only for what is new", async () => {
  const names = fc.array(fc.tuple(fc.constantFrom(..."abcdefghij"), fc.integer({ min: 1, max: 5 })), {
    minLength: 1,
    maxLength: 40,
  });
  const chunks = names.map((list) => list.map(([name, size]) => chunk(`${name}${size}`, size * 16_384)));
  const edits = fc.array(fc.tuple(fc.nat(40), fc.nat(3), fc.nat(3)), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(chunks, edits, fc.integer({ min: 1, max: 10 }), async (older, changes, partLength) => {
      const newer = [...older];
      changes.forEach(([at, removed, added], edit) => {
        const fresh = Array.from({ length: added }, (_, index) => chunk(`N${edit}-${index}`, 16_384 * (index + 1)));
        newer.splice(at % (newer.length + 1), removed, ...fresh);
      });
      if (newer.length === 0) return;
      const order = older.map(({ name }) => name);
      const likes = await likesOf(older, newer, isCapital, partLength);
      expect(likes).toHaveLength(newer.length);
      likes.forEach((some, index) => {
        if (!isCapital(newer[index] as Chunk)) expect(some).toEqual([]);
        expect(some.length).toBeLessThanOrEqual(BASES_MAX);
        let from = -1;
        for (const name of some) {
          const place = order.indexOf(name, from + 1);
          expect(place).toBeGreaterThan(from);
          from = place;
        }
      });
    }),
    { numRuns: 300 },
  );
});
