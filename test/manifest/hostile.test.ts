/** Trees of which each node is fine and the whole is not: whoever reads them, in whatever way, refuses them. */
import { describe, expect, test } from "vitest";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import {
  type ChildRow,
  diffManifests,
  EMPTY_MANIFEST,
  type Entry,
  folderRange,
  listFolder,
  mergeManifests,
  NodeReader,
  nodeDigest,
  rangeSums,
  readEntries,
} from "../../src/manifest/index.ts";
import { encodeNode, type ManifestNode, sumRows } from "../../src/manifest/node.ts";
import { fileEntry } from "../support/entries.ts";
import { MemoryNodes } from "../support/memory-nodes.ts";

/** Puts a node in, and gives the row that a parent has of it. */
function put(nodes: MemoryNodes, node: ManifestNode): ChildRow {
  const bytes = encodeNode(node);
  const digest = nodeDigest(bytes);
  nodes.writeNode(digest, bytes);
  return { path: node.rows[0]?.path ?? "", digest, ...sumRows(node) };
}

const leaf = (nodes: MemoryNodes, ...paths: readonly string[]): ChildRow =>
  put(nodes, { level: 0, rows: paths.map((path) => fileEntry(path, path)) });
const inner = (nodes: MemoryNodes, level: number, ...rows: readonly ChildRow[]): ChildRow =>
  put(nodes, { level, rows });

/** Trees that are refused by whoever reads all of them. */
const trees: [string, (nodes: MemoryNodes) => ChildRow][] = [
  ["leaves out of order", (nodes) => inner(nodes, 1, leaf(nodes, "a", "m"), leaf(nodes, "b", "z"))],
  ["a path in two leaves", (nodes) => inner(nodes, 1, leaf(nodes, "a", "b/c"), leaf(nodes, "b", "b/c"))],
  [
    "nodes out of order above leaves that are in order",
    (nodes) => {
      const left = inner(nodes, 1, leaf(nodes, "a", "b"), leaf(nodes, "x", "y"));
      return inner(nodes, 2, left, inner(nodes, 1, leaf(nodes, "c", "d"), leaf(nodes, "e", "f")));
    },
  ],
  ["a parent of what the next leaf has", (nodes) => inner(nodes, 1, leaf(nodes, "a", "b"), leaf(nodes, "b/c", "d"))],
  [
    "a parent of what comes leaves later",
    (nodes) => inner(nodes, 1, leaf(nodes, "a", "b"), leaf(nodes, "b-", "b.x/y"), leaf(nodes, "b/c", "d")),
  ],
  [
    "a parent of what another branch has",
    (nodes) => {
      const left = inner(nodes, 1, leaf(nodes, "a", "a!"), leaf(nodes, "b", "b!"));
      return inner(nodes, 2, left, inner(nodes, 1, leaf(nodes, "b!x", "b-"), leaf(nodes, "b/c", "d")));
    },
  ],
  [
    "a child of the wrong level",
    (nodes) => {
      const deep = inner(nodes, 1, leaf(nodes, "a", "b"), leaf(nodes, "c", "d"));
      return put(nodes, { level: 1, rows: [deep, leaf(nodes, "e", "f")] });
    },
  ],
  [
    "a child with another first path",
    (nodes) => inner(nodes, 1, { ...leaf(nodes, "b", "c"), path: "a" }, leaf(nodes, "d", "e")),
  ],
  ...(["entries", "files", "bytes"] as const).map((sum): [string, (nodes: MemoryNodes) => ChildRow] => [
    `a child with other ${sum}`,
    (nodes) => {
      const honest = leaf(nodes, "a", "b");
      const lie = { ...honest, [sum]: honest[sum] + (sum === "files" ? -1 : 1) };
      return inner(nodes, 1, lie, leaf(nodes, "c", "d"));
    },
  ]),
  ["a root with one child", (nodes) => inner(nodes, 1, leaf(nodes, "a", "b"))],
  [
    "a node of another kind in the place of a child",
    (nodes) => {
      const bytes = encodeNode({ level: 0, rows: [fileEntry("a", "x"), fileEntry("b", "x")] });
      bytes[1] = 2;
      const digest = nodeDigest(bytes);
      nodes.writeNode(digest, bytes);
      return inner(nodes, 1, { path: "a", digest, entries: 2, files: 2, bytes: 2 }, leaf(nodes, "c", "d"));
    },
  ],
];

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) {
    // Only the end matters.
  }
}

async function listAll(reader: NodeReader, root: Digest, folder: string): Promise<void> {
  for await (const item of listFolder(reader, root, folder)) {
    if (item.kind === "folder") await listAll(reader, root, item.path);
  }
}

/** Every way in which all of a manifest is read. */
const readings: [string, (reader: NodeReader, root: Digest, good: Digest) => Promise<void>][] = [
  ["entry by entry", (reader, root) => drain(readEntries(reader, root))],
  ["folder by folder", (reader, root) => listAll(reader, root, "")],
  ["against nothing", (reader, root) => drain(diffManifests(reader, EMPTY_MANIFEST, root))],
  ["as what was there before", (reader, root) => drain(diffManifests(reader, root, EMPTY_MANIFEST))],
  ["against another", (reader, root, good) => drain(diffManifests(reader, good, root))],
  ["as ours of a merge", (reader, root, good) => drain(mergeManifests(reader, EMPTY_MANIFEST, root, good))],
  ["as theirs of a merge", (reader, root, good) => drain(mergeManifests(reader, EMPTY_MANIFEST, good, root))],
  ["as the base of a merge", (reader, root, good) => drain(mergeManifests(reader, root, good, EMPTY_MANIFEST))],
];

describe.each(trees)("%s", (_, make) => {
  test.each(readings)("is refused when it is read %s", async (_reading, read) => {
    const nodes = new MemoryNodes();
    const good = inner(nodes, 1, leaf(nodes, "a", "a!"), leaf(nodes, "zz", "zzz")).digest;
    const root = make(nodes).digest;
    const error = await read(new NodeReader(nodes), root, good).catch((thrown: unknown) => thrown);
    expect(isArtifoldError(error, "DAMAGED"), String(error)).toBe(true);
  });
});

test("a tree of 32 levels above its leaves is read, and a higher one is refused", async () => {
  const nodes = new MemoryNodes();
  let row = leaf(nodes, "a", "b");
  for (let level = 1; level <= 33; level++) {
    // Beside it, as high, a chain of nodes with one row each, which only the last of a level may have.
    const name = `level-${String(level).padStart(2, "0")}`;
    let beside = leaf(nodes, name, `${name}-`);
    for (let below = 1; below < level; below++) beside = inner(nodes, below, beside);
    row = inner(nodes, level, row, beside);
    const whole = drain(readEntries(new NodeReader(nodes), row.digest));
    if (level <= 32) await whole;
    else await expect(whole).rejects.toMatchObject({ code: "DAMAGED", message: expect.stringContaining("too high") });
  }
});

test("what is not read is not refused, and nothing wrong comes of it: sums and folders beside a lie", async () => {
  const nodes = new MemoryNodes();
  const honest = leaf(nodes, "a/x", "b/y");
  const lie = { ...leaf(nodes, "c/z", "d/z"), bytes: 1000 };
  const root = inner(nodes, 1, honest, lie).digest;
  const reader = new NodeReader(nodes);
  expect(await rangeSums(reader, root, folderRange("a"))).toEqual({ entries: 1, files: 1, bytes: 3 });
  await expect(rangeSums(reader, root, folderRange("c"))).rejects.toMatchObject({ code: "DAMAGED" });
});

test.each([2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])("sums of %i bytes are exact", async (size) => {
  const nodes = new MemoryNodes();
  const chunkList = hashContent(Buffer.from("list"));
  const large = (path: string, bytes: number): Entry => {
    return { path, kind: "file", size: bytes, digest: hashContent(Buffer.from(path)), chunkList, executable: false };
  };
  const one = put(nodes, { level: 0, rows: [large("a", size - 20_002), large("b", 20_000)] });
  const root = inner(nodes, 1, one, leaf(nodes, "c", "d")).digest;
  const reader = new NodeReader(nodes);
  expect(await rangeSums(reader, root, {})).toEqual({ entries: 4, files: 4, bytes: size });
  expect(await rangeSums(reader, root, { from: "b" })).toEqual({ entries: 3, files: 3, bytes: 20_002 });
});
