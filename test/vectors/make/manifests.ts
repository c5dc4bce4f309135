/** Manifests: entries and the nodes that they make, and nodes and trees that are refused. */
import { type Digest, hashContent } from "../../../src/digest/index.ts";
import {
  decodeNode,
  EMPTY_MANIFEST,
  type Entry,
  ManifestBuilder,
  manifestSums,
  NodeReader,
  nodeDigest,
} from "../../../src/manifest/index.ts";
import { murmur3 } from "../../../src/manifest/murmur.ts";
import { plainEntry, rowOf } from "./entries.ts";
import { encoded, hex, type Invalid, join, text } from "./shape.ts";

const { array, string, uint } = encoded;

/** Entries that vectors describe, or hold where they are few. */
export type DescribedEntries =
  | { readonly kind: "entries"; readonly entries: readonly Entry[] }
  /** Files whose content is their number in decimal digits. */
  | { readonly kind: "numbered"; readonly count: number }
  | { readonly kind: "folders"; readonly paths: readonly string[] }
  /** Links, each to as many letters "t". */
  | { readonly kind: "links"; readonly paths: readonly string[]; readonly targetLength: number };

export function entriesOf(described: DescribedEntries): Entry[] {
  switch (described.kind) {
    case "entries":
      return [...described.entries];
    case "numbered":
      return numbered(described.count);
    case "folders":
      return described.paths.map((path) => ({ path, kind: "folder" }));
    case "links":
      return described.paths.map((path) => ({ path, kind: "link", target: "t".repeat(described.targetLength) }));
  }
}

function numbered(count: number): Entry[] {
  const entries = Array.from({ length: count }, (_, number): Entry & { kind: "file" } => {
    const path = `folder-${String(number % 37).padStart(2, "0")}/file-${String(number).padStart(7, "0")}.bin`;
    const content = text(String(number));
    return {
      path,
      kind: "file",
      size: content.length,
      digest: hashContent(content),
      chunkList: undefined,
      executable: false,
    };
  });
  return entries.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** The first paths "n0000", "n0001", … of which the rule says that a leaf does, or does not, begin there. */
function pathsThat(begin: boolean, count: number): string[] {
  const paths: string[] = [];
  for (let number = 0; paths.length < count; number++) {
    const path = `n${String(number).padStart(4, "0")}`;
    const bytes = text(path);
    if ((murmur3(bytes, 0, bytes.length, 0) % 64 === 0) === begin) paths.push(path);
  }
  return paths;
}

async function built(described: DescribedEntries): Promise<Record<string, unknown>> {
  const nodes = new Map<Digest, Uint8Array>();
  const builder = new ManifestBuilder({ writeNode: (digest, bytes) => void nodes.set(digest, bytes) });
  for (const entry of entriesOf(described)) builder.add(entry);
  const root = builder.finish();
  const levels: { digest: Digest; rows: number }[][] = [];
  for (const [digest, bytes] of nodes) {
    const node = decodeNode(bytes);
    levels[node.level] ??= [];
    levels[node.level]?.push({ digest, rows: node.rows.length });
  }
  const sums = await manifestSums(new NodeReader({ readNode: (digest) => nodes.get(digest) as Uint8Array }), root);
  return { root, sums, levels, nodes };
}

const file = (path: string, content: string, executable = false): Entry => ({
  path,
  kind: "file",
  size: text(content).length,
  digest: hashContent(text(content)),
  chunkList: undefined,
  executable,
});

const mixed: readonly Entry[] = [
  file("README.md", "Read me.\n"),
  file("bin/run", "#!/bin/sh\n", true),
  { path: "empty folder", kind: "folder" },
  file("empty file", ""),
  { path: "latest", kind: "link", target: "bin/run" },
  {
    path: "model",
    kind: "reference",
    uri: "s3://bucket/model",
    size: 2 ** 32,
    digest: hashContent(text("model")),
    etag: "e1",
  },
  file("고양이.txt", "야옹\n"),
];

export async function manifests(): Promise<unknown> {
  const small: (readonly [string, DescribedEntries])[] = [
    ["empty", { kind: "entries", entries: [] }],
    ["one row", { kind: "entries", entries: [file("a", "1")] }],
    [
      "every kind of entry",
      { kind: "entries", entries: [...mixed].sort((left, right) => (left.path < right.path ? -1 : 1)) },
    ],
    ["every path begins a leaf: leaves of two rows", { kind: "folders", paths: pathsThat(true, 9) }],
  ];
  const large: (readonly [string, DescribedEntries])[] = [
    ["no path begins a leaf: 512 rows end it", { kind: "folders", paths: pathsThat(false, 600) }],
    [
      "no path begins a leaf: 128 KiB of rows end it",
      { kind: "links", paths: pathsThat(false, 80), targetLength: 4000 },
    ],
    ["two levels", { kind: "numbered", count: 1000 }],
  ];
  const valid: unknown[] = [];
  for (const [name, described] of small) {
    const { nodes, ...rest } = await built(described);
    const hexes = Object.fromEntries(
      [...(nodes as Map<Digest, Uint8Array>)].map(([digest, bytes]) => [digest, hex(bytes)]),
    );
    const plain =
      described.kind === "entries" ? { kind: "entries", entries: described.entries.map(plainEntry) } : described;
    valid.push({ name, ...plain, ...rest, nodes: hexes });
  }
  for (const [name, described] of large) {
    const { nodes: _, ...rest } = await built(described);
    valid.push({ name, ...described, ...rest });
  }
  const { root, sums, levels } = await built({ kind: "numbered", count: 30_000 });
  valid.push({
    name: "three levels",
    kind: "numbered",
    count: 30_000,
    root,
    sums,
    levelCount: (levels as unknown[]).length,
  });
  return {
    about:
      "Entries, the root of their manifest, its sums, and its nodes level by level from the leaves. Small ones as hex.",
    emptyManifest: EMPTY_MANIFEST,
    valid,
    invalidNodes: invalidNodes(),
    invalidTrees: invalidTrees(),
  };
}

/** A node of rows that are already encoded. */
function node(level: number, rows: readonly Uint8Array[], extras: Uint8Array = array(0)): Uint8Array {
  return join(array(4), uint(1), uint(level), array(rows.length), ...rows, extras);
}

function child(path: string, digest: string, entries: number, files: number, bytes: number): Uint8Array {
  return join(array(5), string(path), "c420", digest, uint(entries), uint(files), uint(bytes));
}

const folder = (path: string): Uint8Array => rowOf({ path, kind: "folder" });
const some = "11".repeat(32);

function invalidNodes(): Invalid[] {
  const refused = (name: string, bytes: Uint8Array, why: string, code: Invalid["code"] = "DAMAGED"): Invalid => ({
    name,
    hex: hex(bytes),
    why,
    code,
  });
  const begins = pathsThat(true, 3).map(folder);
  const runs = pathsThat(false, 513).map(folder);
  const leaf = node(0, [folder("a"), folder("b")]);
  return [
    refused("nothing", new Uint8Array(), "it ends before it begins"),
    refused("cut short", leaf.subarray(0, leaf.length - 1), "it ends too early"),
    refused("longer", join(leaf, "00"), "a byte after its end"),
    refused("head", join(array(3), uint(1), uint(0), array(0)), "an array of another length"),
    refused("kind", join(array(4), uint(2), uint(0), array(0), array(0)), "another kind of node"),
    refused("level", node(33, [child("a", some, 1, 1, 1)]), "a level above 32"),
    refused("inner, empty", node(1, []), "an inner node without rows"),
    refused("order", node(0, [folder("b"), folder("a")]), "rows out of order"),
    refused(
      "order, UTF-16",
      node(0, [folder("\u{10000}"), folder("\uffff")]),
      "in order as UTF-16, out of order as UTF-8",
    ),
    refused("twice", node(0, [folder("a"), folder("a")]), "one path twice"),
    refused("parent", node(0, [folder("a"), folder("a!"), folder("a/b")]), "an entry that is the parent of another"),
    refused("not cut by a path", node(0, begins), "its third path begins a node"),
    refused("not cut by the number of rows", node(0, runs), "513 rows in a leaf"),
    refused(
      "child without entries",
      node(1, [child("a", some, 0, 0, 0), child("b", some, 1, 1, 1)]),
      "a child with nothing below it",
    ),
    refused(
      "more files than entries",
      node(1, [child("a", some, 1, 2, 1), child("b", some, 1, 1, 1)]),
      "sums that cannot be",
    ),
    refused(
      "child's path",
      node(1, [child("a", some, 1, 1, 1), child("b/..", some, 1, 1, 1)]),
      "a path that cannot be",
    ),
    refused("entry in an inner node", node(1, [folder("a"), folder("b")]), "rows of another kind"),
    refused(
      "extras",
      node(0, [], join(array(2), uint(2), "c400")),
      "an even tag that is not known",
      "FORMAT_UNSUPPORTED",
    ),
    refused(
      "unknown kind of entry",
      node(0, [join(array(3), string("a"), uint(5), array(0))]),
      "a kind of entry that is not known",
      "FORMAT_UNSUPPORTED",
    ),
  ];
}

/** Trees of which each node alone is fine. */
function invalidTrees(): unknown[] {
  const left = node(0, [folder("a"), folder("b")]);
  const right = node(0, [folder("c"), folder("d")]);
  const tree = (name: string, root: Uint8Array, below: readonly Uint8Array[], why: string): unknown => ({
    name,
    root: nodeDigest(root),
    nodes: Object.fromEntries([root, ...below].map((bytes) => [nodeDigest(bytes), hex(bytes)])),
    why,
    code: "DAMAGED",
  });
  const row = (path: string, bytes: Uint8Array, entries = 2): Uint8Array =>
    child(path, nodeDigest(bytes), entries, 0, 0);
  const nested = node(0, [folder("a/b"), folder("a/c")]);
  const parent = node(0, [folder("a"), folder("a!")]);
  const early = node(0, [folder("a"), folder("z")]);
  const large = child("a", nodeDigest(left), 2, 1, 2 ** 53 - 1);
  return [
    tree("one child", node(1, [row("a", left)]), [left], "a root with one row"),
    tree("first path", node(1, [row("a", left), row("bb", right)]), [left, right], "a child with another first path"),
    tree("sums", node(1, [row("a", left), row("c", right, 3)]), [left, right], "a child with other sums"),
    tree("level", node(2, [row("a", left), row("c", right)]), [left, right], "a child of the wrong level"),
    tree(
      "parent in another leaf",
      node(1, [row("a", parent), row("a/b", nested)]),
      [parent, nested],
      "an entry that is the parent of another",
    ),
    tree(
      "leaves out of order",
      node(1, [row("a", early), row("c", right)]),
      [early, right],
      "a path before the last one of the leaf before",
    ),
    tree(
      "sums above the largest",
      node(1, [large, child("c", nodeDigest(right), 2, 1, 1)]),
      [left, right],
      "sums above 2^53 - 1",
    ),
  ];
}
