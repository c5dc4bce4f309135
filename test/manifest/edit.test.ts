import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyEdits,
  comparePaths,
  diffManifests,
  type Edit,
  EMPTY_MANIFEST,
  type Entry,
  entriesInTheWay,
  hasEntryBelow,
  NodeReader,
} from "../../src/manifest/index.ts";
import { beginsNode, keyHash } from "../../src/manifest/node.ts";
import { build, edit, entryLists, fileEntry, paths } from "../support/entries.ts";
import { MemoryNodes } from "../support/memory-nodes.ts";

const names = Array.from({ length: 30_000 }, (_, index) => `f${String(index).padStart(5, "0")}`);
function begins(path: string, level: number): boolean {
  const bytes = Buffer.from(path);
  return beginsNode(level, keyHash(bytes, 0, bytes.length, level), 2, 0);
}
/** Paths that begin a node wherever they may, some of them on two levels, and paths that never do. */
const loud = names.filter((name) => begins(name, 0));
const louder = loud.filter((name) => begins(name, 1));
const quiet = names.filter((name) => !begins(name, 0));

describe("edits of trees whose nodes are as small or as large as can be", () => {
  test.each([
    ["paths that all begin nodes", loud.slice(0, 60)],
    ["paths that begin nodes on two levels, among others", [...louder, ...loud.slice(0, 20)]],
    ["paths of both kinds", [...loud.slice(0, 30), ...quiet.slice(0, 30)]],
    ["paths that never begin a node", quiet.slice(0, 1200)],
  ])("end in the root of a fresh build: %s", async (_, all) => {
    const pool = [...new Set(all)].sort(comparePaths);
    const subset = fc.uniqueArray(fc.nat(pool.length - 1), { maxLength: pool.length });
    await fc.assert(
      fc.asyncProperty(subset, subset, fc.boolean(), async (some, others, isMostly) => {
        const pick = (indexes: readonly number[], rest: boolean) => {
          const chosen = new Set(indexes);
          return pool.filter((_path, index) => chosen.has(index) !== rest);
        };
        const from = pick(some, isMostly);
        const to = pick(others, isMostly);
        const nodes = new MemoryNodes();
        const root = build(
          nodes,
          from.map((path) => fileEntry(path, "1")),
        );
        const target = to.map((path, index) => fileEntry(path, String(1 + (index % 2))));
        const edits: Edit[] = [
          ...pool.filter((path) => !to.includes(path)).map((path) => ({ path, entry: undefined })),
          ...target.map((entry) => ({ path: entry.path, entry })),
        ].sort((left, right) => comparePaths(left.path, right.path));
        const reader = new NodeReader(nodes);
        const counts = { added: 0, modified: 0, removed: 0 };
        const edited = await applyEdits(reader, nodes, root, [edits], counts);
        expect(edited).toBe(build(new MemoryNodes(), target));
        const differing = { added: 0, modified: 0, removed: 0 };
        for await (const batch of diffManifests(reader, root, edited)) {
          for (const { before, after } of batch) {
            differing[before === undefined ? "added" : after === undefined ? "removed" : "modified"]++;
          }
        }
        expect(counts).toEqual(differing);
      }),
      { numRuns: 60 },
    );
  });

  test("end in the root of a fresh build where bytes and not rows fill the nodes", async () => {
    const heavy = (path: string): Entry => ({ path, kind: "reference", uri: `x:${path}${"y".repeat(7000)}` });
    const pool = quiet.slice(0, 120);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(119), { maxLength: 30 }), async (gone) => {
        const nodes = new MemoryNodes();
        const root = build(nodes, pool.map(heavy));
        const left = pool.filter((_, index) => !gone.includes(index));
        const edits = gone.map((index) => ({ path: pool[index] as string, entry: undefined }));
        const back = gone.map((index) => ({ path: pool[index] as string, entry: heavy(pool[index] as string) }));
        const less = await edit(nodes, new NodeReader(nodes), root, edits);
        expect(less).toBe(build(new MemoryNodes(), left.map(heavy)));
        expect(await edit(nodes, new NodeReader(nodes), less, back)).toBe(root);
      }),
      { numRuns: 20 },
    );
  });
});

describe("a stream of edits", () => {
  test("may come in batches of any size, empty ones too", async () => {
    await fc.assert(
      fc.asyncProperty(entryLists(60), fc.array(fc.nat(7), { minLength: 1 }), async (entries, sizes) => {
        fc.pre(sizes.some((size) => size > 0));
        const nodes = new MemoryNodes();
        const inOrder = [...entries].sort((left, right) => comparePaths(left.path, right.path));
        async function* batches(): AsyncGenerator<Edit[]> {
          for (let at = 0, turn = 0; at < inOrder.length; turn++) {
            const size = sizes[turn % sizes.length] as number;
            yield inOrder.slice(at, at + size).map((entry) => ({ path: entry.path, entry }));
            at += size;
          }
        }
        const grown = await applyEdits(new NodeReader(nodes), nodes, EMPTY_MANIFEST, batches());
        expect(grown).toBe(build(new MemoryNodes(), entries));
      }),
      { numRuns: 60 },
    );
  });

  test("is refused out of order, twice for a path, or with what is no entry", async () => {
    const nodes = new MemoryNodes();
    const apply = (edits: Edit[]) => applyEdits(new NodeReader(nodes), nodes, EMPTY_MANIFEST, [edits]);
    const at = (path: string): Edit => ({ path, entry: fileEntry(path, "") });
    await expect(apply([at("b"), at("a")])).rejects.toThrow(TypeError);
    await expect(apply([at("a"), at("a")])).rejects.toThrow(TypeError);
    await expect(apply([at("a/../b")])).rejects.toThrow(TypeError);
    await expect(apply([{ path: "a", entry: { ...fileEntry("a", "x"), size: -1 } as Entry }])).rejects.toThrow(
      TypeError,
    );
  });
});

test("what stands in the way of a new entry is what a plain look at all paths finds", async () => {
  await fc.assert(
    fc.asyncProperty(entryLists(80), paths, async (entries, asked) => {
      const nodes = new MemoryNodes();
      const reader = new NodeReader(nodes);
      const root = build(nodes, entries);
      for (const path of [
        asked,
        ...entries.slice(0, 5).flatMap((entry) => [`${entry.path}/x`, entry.path.split("/")[0] as string]),
      ]) {
        const below = entries.some((entry) => entry.path.startsWith(`${path}/`));
        const above = entries.map((entry) => entry.path).filter((each) => path.startsWith(`${each}/`));
        expect(await hasEntryBelow(reader, root, path)).toBe(below);
        expect((await entriesInTheWay(reader, root, path)).sort()).toEqual([...above, ...(below ? [path] : [])].sort());
      }
    }),
    { numRuns: 80 },
  );
});
