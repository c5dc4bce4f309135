import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  comparePaths,
  diffManifests,
  EMPTY_MANIFEST,
  type Entry,
  findEntry,
  findLandmarks,
  folderRange,
  listFolder,
  manifestSums,
  mergeManifests,
  NodeReader,
  parentOf,
  rangeSums,
  readEntries,
} from "../../src/manifest/index.ts";
import {
  build,
  edit,
  entriesOf,
  entryLists,
  fileEntry,
  manyEntries,
  paths,
  sorted,
  withoutParents,
} from "../support/entries.ts";
import { MemoryNodes } from "../support/memory-nodes.ts";

function fresh(): { nodes: MemoryNodes; reader: NodeReader } {
  const nodes = new MemoryNodes();
  return { nodes, reader: new NodeReader(nodes) };
}

async function items<Item>(list: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of list) all.push(item);
  return all;
}

/** Files of one folder, with folders of many files, of one, and of folders between them. */
function deepAndFlat(count: number): Entry[] {
  const entries = Array.from({ length: count }, (_, at) => {
    const name = String(at).padStart(5, "0");
    const place = at % 7 === 0 ? `${name}/one.txt` : at % 11 === 0 ? `${name}/deep/er/${at}.txt` : `${name}.txt`;
    return fileEntry(`in/${place}`, `${at}`);
  });
  const wide = Array.from({ length: count }, (_, at) => fileEntry(`in/00400x/${at}.bin`, `${at}`));
  return [...entries, ...wide];
}

/** Edits that turn one list of entries into another. */
function editsBetween(from: readonly Entry[], to: readonly Entry[]): { path: string; entry: Entry | undefined }[] {
  const target = new Map(to.map((entry) => [entry.path, entry]));
  const gone = from.filter((entry) => !target.has(entry.path)).map((entry) => ({ path: entry.path, entry: undefined }));
  return [...gone, ...to.map((entry) => ({ path: entry.path, entry }))];
}

describe("building", () => {
  test("gives the same root for entries in whatever order they were put in, and gives them back in path order", async () => {
    await fc.assert(
      fc.asyncProperty(entryLists(60), async (entries) => {
        const { nodes, reader } = fresh();
        const root = build(nodes, entries);
        let grown = EMPTY_MANIFEST;
        for (const entry of entries) grown = await edit(nodes, reader, grown, [{ path: entry.path, entry }]);
        expect(grown).toBe(root);
        expect(await entriesOf(reader, root)).toEqual(sorted(entries));
      }),
      { numRuns: 100 },
    );
  });

  test("the empty manifest has a digest of its own and no entries", async () => {
    const { nodes, reader } = fresh();
    expect(build(nodes, [])).toBe(EMPTY_MANIFEST);
    expect(await entriesOf(reader, EMPTY_MANIFEST)).toEqual([]);
    expect(await manifestSums(reader, EMPTY_MANIFEST)).toEqual({ entries: 0, files: 0, bytes: 0 });
  });
});

describe("editing a large tree", () => {
  const base = manyEntries(5000);

  test("ends in the root that a fresh build of the result has, whatever is put in, changed and taken out", async () => {
    const { nodes, reader } = fresh();
    const root = build(nodes, base);
    const indexes = fc.array(fc.nat(base.length - 1), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(indexes, indexes, indexes, fc.nat(4000), async (changed, gone, added, block) => {
        const target = new Map(base.map((entry) => [entry.path, entry]));
        for (const index of changed) {
          const path = (base[index] as Entry).path;
          target.set(path, fileEntry(path, `changed ${index}`));
        }
        for (const index of gone) target.delete((base[index] as Entry).path);
        // A whole stretch goes, so that nodes vanish and their neighbours grow together.
        const inOrder = sorted(base);
        for (const entry of inOrder.slice(block, block + gone.length * 20)) target.delete(entry.path);
        for (const index of added) {
          const path = `${(base[index] as Entry).path}.more`;
          target.set(path, fileEntry(path, "more"));
        }
        const entries = [...target.values()];
        const edited = await edit(nodes, reader, root, editsBetween(base, entries));
        expect(edited).toBe(build(nodes, entries));
      }),
      { numRuns: 30 },
    );
  });

  test("taking out everything but one stretch, or everything, ends in the root of what is left", async () => {
    const { nodes, reader } = fresh();
    const root = build(nodes, base);
    const inOrder = sorted(base);
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [4999, 5000],
      [2500, 2503],
      [100, 400],
      [0, 4999],
      [1, 5000],
    ]) {
      const kept = inOrder.slice(from, to);
      expect(await edit(nodes, reader, root, editsBetween(base, kept))).toBe(build(nodes, kept));
    }
  });

  test("one changed entry makes no more new nodes than the tree is high", async () => {
    const { nodes, reader } = fresh();
    const root = build(nodes, base);
    const height = (await reader.root(root)).level + 1;
    nodes.newNodes = 0;
    const path = (base[1234] as Entry).path;
    await edit(nodes, reader, root, [{ path, entry: fileEntry(path, "other") }]);
    expect(nodes.newNodes).toBe(height);
  });

  test("an edit that changes nothing gives the same root", async () => {
    const { nodes, reader } = fresh();
    const root = build(nodes, base);
    const entry = base[17] as Entry;
    expect(await edit(nodes, reader, root, [{ path: entry.path, entry }])).toBe(root);
    expect(await edit(nodes, reader, root, [{ path: "nothing/here", entry: undefined }])).toBe(root);
    expect(await edit(nodes, reader, root, [])).toBe(root);
  });
});

describe("reading", () => {
  test("sums, lookups, ranges and folders agree with a plain walk over the entries", async () => {
    await fc.assert(
      fc.asyncProperty(entryLists(200), fc.array(paths, { maxLength: 5 }), async (entries, asked) => {
        const { nodes, reader } = fresh();
        const root = build(nodes, entries);
        const inOrder = sorted(entries);
        for (const folder of ["", "a", "b", "data", "a/b", ...asked]) {
          const below = inOrder.filter((entry) => folder === "" || entry.path.startsWith(`${folder}/`));
          const got: Entry[] = [];
          for await (const batch of readEntries(reader, root, folderRange(folder))) got.push(...batch);
          expect(got).toEqual(below);
          const bytes = below.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.size : 0), 0);
          const sums = { entries: below.length, files: below.length, bytes };
          expect(await rangeSums(reader, root, folderRange(folder))).toEqual(sums);
          const names: string[] = [];
          for await (const item of listFolder(reader, root, folder)) names.push(item.name);
          const prefix = folder === "" ? 0 : folder.length + 1;
          expect(names).toEqual([...new Set(below.map((entry) => entry.path.slice(prefix).split("/")[0]))]);
        }
        for (const path of [...asked, ...inOrder.map((entry) => entry.path)]) {
          expect(await findEntry(reader, root, path)).toEqual(inOrder.find((entry) => entry.path === path));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a folder's names can be begun at any of its landmarks, which count them", async () => {
    const lists = fc.oneof(entryLists(40), fc.constant(manyEntries(1500)), fc.constant(deepAndFlat(900)));
    await fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 50 }), fc.nat(), async (entries, every, which) => {
        const { nodes, reader } = fresh();
        const root = build(nodes, entries);
        const folders = ["", ...new Set(entries.map(({ path }) => parentOf(path)))];
        const folder = folders[which % folders.length] as string;
        const names = await items(listFolder(reader, root, folder));
        const landmarks = await findLandmarks(reader, root, folder, every, () => undefined);
        expect(landmarks.count).toBe(names.length);
        expect(landmarks.paths).toHaveLength(Math.ceil(names.length / every));
        const at = landmarks.paths.length === 0 ? 0 : which % landmarks.paths.length;
        const rest = await items(listFolder(reader, root, folder, landmarks.paths[at]));
        expect(rest).toEqual(names.slice(at * every));
      }),
      { numRuns: 40 },
    );
  });

  test("finding landmarks reads no more than the folder's own leaves", async () => {
    const { nodes } = fresh();
    const root = build(nodes, [...manyEntries(20_000), fileEntry("zz/only.txt", "x")]);
    const reader = new NodeReader(nodes);
    nodes.reads = 0;
    expect(await findLandmarks(reader, root, "", 10, () => undefined)).toMatchObject({ count: 38 });
    expect(nodes.reads).toBeLessThan(120);
  });

  test("a lookup reads one node a level", async () => {
    const { nodes } = fresh();
    const root = build(nodes, manyEntries(20_000));
    const reader = new NodeReader(nodes);
    nodes.reads = 0;
    const height = (await reader.root(root)).level + 1;
    await findEntry(reader, root, "folder-05/file-0010032.bin");
    expect(nodes.reads).toBe(height);
  });
});

describe("comparing", () => {
  test("the changes from one manifest to another, applied to the one, give the other", async () => {
    await fc.assert(
      fc.asyncProperty(entryLists(150), entryLists(150), async (one, two) => {
        const { nodes, reader } = fresh();
        const from = build(nodes, one);
        const to = build(nodes, two);
        const edits = [];
        for await (const batch of diffManifests(reader, from, to)) {
          for (const change of batch) {
            expect(change.before).toEqual(one.find((entry) => entry.path === change.path));
            expect(change.after).toEqual(two.find((entry) => entry.path === change.path));
            edits.push({ path: change.path, entry: change.after });
          }
        }
        expect(await edit(nodes, reader, from, edits)).toBe(to);
      }),
      { numRuns: 100 },
    );
  });

  test("can begin behind any path", async () => {
    const lists = fc.oneof(entryLists(40), fc.constant(manyEntries(700)));
    await fc.assert(
      fc.asyncProperty(lists, lists, paths, fc.nat(), async (one, other, anyPath, which) => {
        const { nodes, reader } = fresh();
        const [from, to] = [build(nodes, one), build(nodes, other)];
        const changes = await items(diffManifests(reader, from, to));
        const inList = changes.flat()[which % Math.max(1, changes.flat().length)]?.path;
        for (const above of [anyPath, inList ?? ""]) {
          const rest = await items(diffManifests(reader, from, to, above));
          expect(rest.flat()).toEqual(changes.flat().filter(({ path }) => comparePaths(path, above) > 0));
        }
      }),
      { numRuns: 100 },
    );
  });

  test("ten changes among 20,000 entries are found in a few reads", async () => {
    const nodes = new MemoryNodes();
    const base = manyEntries(20_000);
    const from = build(nodes, base);
    const changed = base.map((entry, index) => (index % 2000 === 7 ? fileEntry(entry.path, "new") : entry));
    const to = build(nodes, changed);
    nodes.reads = 0;
    const found: string[] = [];
    for await (const batch of diffManifests(new NodeReader(nodes), from, to))
      found.push(...batch.map((each) => each.path));
    expect(found.length).toBe(10);
    expect(nodes.reads).toBeLessThan(2 * (10 * 3 + 1));
  });
});

describe("merging", () => {
  const merged = async (reader: NodeReader, nodes: MemoryNodes, base: Entry[], ours: Entry[], theirs: Entry[]) => {
    const roots = [base, ours, theirs].map((entries) => build(nodes, entries)) as [never, never, never];
    const edits = [];
    const clashes = [];
    for await (const step of mergeManifests(reader, ...roots)) {
      edits.push(...step.edits);
      clashes.push(...step.clashes);
    }
    return { root: await edit(nodes, reader, roots[2], edits), clashes };
  };
  /** Three versions over one set of paths, so that no path can be another's parent. */
  const threeSides = fc
    .array(fc.tuple(paths, ...[0, 1, 2].map(() => fc.constantFrom(undefined, "1", "2", "3"))), { maxLength: 40 })
    .map((rows) => {
      const keep = new Set(withoutParents(rows.map(([path]) => path as string)));
      const byPath = new Map(rows.filter(([path]) => keep.has(path as string)).map((row) => [row[0] as string, row]));
      return [1, 2, 3].map((side) =>
        [...byPath.values()]
          .filter((row) => row[side] !== undefined)
          .map((row) => fileEntry(row[0] as string, row[side] as string)),
      ) as [Entry[], Entry[], Entry[]];
    });

  test("laws: what only one side changed is taken, what both changed alike is no clash, sides can be swapped", async () => {
    await fc.assert(
      fc.asyncProperty(threeSides, async ([base, ours, theirs]) => {
        const { nodes, reader } = fresh();
        expect(await merged(reader, nodes, base, ours, base)).toEqual({ root: build(nodes, ours), clashes: [] });
        expect(await merged(reader, nodes, base, base, theirs)).toEqual({ root: build(nodes, theirs), clashes: [] });
        expect(await merged(reader, nodes, base, ours, ours)).toEqual({ root: build(nodes, ours), clashes: [] });
        const there = await merged(reader, nodes, base, ours, theirs);
        const back = await merged(reader, nodes, base, theirs, ours);
        expect(there.clashes.map((clash) => clash.path)).toEqual(back.clashes.map((clash) => clash.path));
        if (there.clashes.length === 0) expect(there.root).toBe(back.root);
      }),
      { numRuns: 100 },
    );
  });

  test("agrees with a merge of plain maps", async () => {
    await fc.assert(
      fc.asyncProperty(threeSides, async ([base, ours, theirs]) => {
        const { nodes, reader } = fresh();
        const [b, o, t] = [base, ours, theirs].map((side) => new Map(side.map((entry) => [entry.path, entry]))) as [
          Map<string, Entry>,
          Map<string, Entry>,
          Map<string, Entry>,
        ];
        const same = (left?: Entry, right?: Entry) => JSON.stringify(left) === JSON.stringify(right);
        const expected: Entry[] = [];
        const clashes: string[] = [];
        for (const path of new Set([...b.keys(), ...o.keys(), ...t.keys()])) {
          const [was, one, two] = [b.get(path), o.get(path), t.get(path)];
          const oursWins = !same(one, was) && same(two, was);
          if (!same(one, was) && !same(two, was) && !same(one, two)) clashes.push(path);
          const result = oursWins ? one : two;
          if (result !== undefined) expected.push(result);
        }
        const got = await merged(reader, nodes, base, ours, theirs);
        expect(got.clashes.map((clash) => clash.path).sort()).toEqual(clashes.sort());
        expect(got.root).toBe(build(nodes, expected));
      }),
      { numRuns: 100 },
    );
  });
});
