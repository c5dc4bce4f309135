import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Digest, EMPTY_DIGEST, hashContent } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import { checkEntry } from "../../src/manifest/entry.ts";
import {
  decodeNode,
  type Encoder,
  type Entry,
  linkTargetProblem,
  type ManifestNode,
  manifestSums,
  NODE_BYTES_MAX,
  Encoder as NodeEncoder,
  NodeReader,
  nodeDigest,
  nodesBelow,
} from "../../src/manifest/index.ts";
import { LeafRows } from "../../src/manifest/leaf-rows.ts";
import {
  assembleNode,
  beginsNode,
  encodeNode,
  type InnerNode,
  keyHash,
  type LeafNode,
  writeChild,
} from "../../src/manifest/node.ts";
import { build, entriesOf, entryLists, fileEntry, sorted, withoutParents } from "../support/entries.ts";
import { MemoryNodes } from "../support/memory-nodes.ts";

const digestOf = (text: string) => hashContent(Buffer.from(text));

/** What an action gives, or nothing when it refuses as it should. */
function orRefused<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (!isArtifoldError(error, "DAMAGED") && !isArtifoldError(error, "FORMAT_UNSUPPORTED")) throw error;
    return undefined;
  }
}

const readOrRefuse = (bytes: Uint8Array): ManifestNode | undefined => orRefused(() => decodeNode(bytes));

/** The nodes that a node names, of what was read of all of it. */
function namedIn(node: ManifestNode): Digest[] {
  if (node.level > 0) return (node as InnerNode).rows.map((row) => row.digest);
  return (node as LeafNode).rows.flatMap((row) => (row.kind === "file" && row.chunkList ? [row.chunkList] : []));
}

/** The rows of a leaf, read one by one; what is said of each without reading it must agree. */
function rowsOf(leaf: LeafRows): Entry[] {
  return Array.from({ length: leaf.count }, (_, row) => {
    const entry = leaf.entry(row);
    expect(leaf.path(row)).toBe(entry.path);
    expect(leaf.size(row)).toBe(entry.kind === "file" ? entry.size : -1);
    return entry;
  });
}

function refusal(bytes: Uint8Array): string {
  try {
    decodeNode(bytes);
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    return `${error.code}: ${error.message}`;
  }
  throw new Error("it was read");
}

/** Bytes of a node that is written by hand. */
function handmade(level: number, count: number, write: (encoder: Encoder) => void): Uint8Array {
  const rows = new NodeEncoder();
  write(rows);
  return assembleNode(level, count, rows.bytes());
}

const extras = fc.option(
  fc
    .uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 4 })
    .chain((tags) =>
      fc
        .array(fc.uint8Array({ maxLength: 8 }), { minLength: tags.length, maxLength: tags.length })
        .map((all) => tags.sort((a, b) => a - b).map((tag, index) => [tag * 2 + 1, all[index] as Uint8Array] as const)),
    ),
  { nil: undefined },
);

/** Rows of all kinds at given paths. */
function rowAt(path: string): fc.Arbitrary<Entry> {
  const digest = fc.constantFrom("1", "2").map(digestOf);
  const rest: fc.Arbitrary<object> = fc.oneof(
    fc.boolean().map((executable) => ({ ...fileEntry(path, "text", executable) })),
    fc.constant({ kind: "file", size: 0, digest: EMPTY_DIGEST, chunkList: undefined, executable: false }),
    fc
      .tuple(fc.integer({ min: 20_000, max: 2 ** 40 }), digest, digest)
      .map(([size, whole, chunkList]) => ({ kind: "file", size, digest: whole, chunkList, executable: true })),
    fc.constant({ kind: "folder" }),
    fc.constantFrom("target", "a/b", "./x//y").map((target) => ({ kind: "link", target })),
    fc
      .record({
        size: fc.option(fc.maxSafeNat(), { nil: undefined }),
        digest: fc.option(digest, { nil: undefined }),
        etag: fc.option(fc.string(), { nil: undefined }),
      })
      .map((known) => ({ kind: "reference", uri: "s3://bucket/key", ...known })),
  );
  return fc
    .tuple(rest, extras)
    .map(([entry, more]) => ({ ...entry, path, ...(more && { extras: more }) }) as unknown as Entry);
}

const rows: fc.Arbitrary<Entry[]> = entryLists(30).chain((entries) =>
  fc.tuple(...sorted(entries).map((entry) => rowAt(entry.path))),
);

describe("a node", () => {
  test("holds rows of all kinds and gives them back as they were, extras included", async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (entries) => {
        const nodes = new MemoryNodes();
        const root = build(nodes, entries);
        expect(await entriesOf(new NodeReader(nodes), root)).toEqual(entries);
        for (const [digest, bytes] of nodes.nodes) {
          expect(nodeDigest(bytes)).toBe(digest);
          expect(encodeNode(decodeNode(bytes))).toEqual(bytes);
          expect(nodesBelow(bytes)).toEqual(namedIn(decodeNode(bytes)));
          if (decodeNode(bytes).level === 0) expect(rowsOf(LeafRows.open(bytes))).toEqual(decodeNode(bytes).rows);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("has one encoding: altered bytes are refused, or are another node that is written just so", () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(rows, fc.array(change, { minLength: 1, maxLength: 3 }), (entries, changes) => {
        const nodes = new MemoryNodes();
        build(nodes, entries);
        for (const bytes of nodes.nodes.values()) {
          const altered = bytes.slice();
          for (const [at, by] of changes) altered[at % altered.length] = (altered[at % altered.length] as number) ^ by;
          const node = readOrRefuse(altered);
          if (node !== undefined) expect(encodeNode(node)).toEqual(altered);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test("that is altered is opened as a leaf only where it can be told apart row by row", () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(rows, fc.array(change, { minLength: 1, maxLength: 3 }), (entries, changes) => {
        const nodes = new MemoryNodes();
        build(nodes, entries);
        for (const bytes of nodes.nodes.values()) {
          const altered = bytes.slice();
          for (const [at, by] of changes) altered[at % altered.length] = (altered[at % altered.length] as number) ^ by;
          const leaf = orRefused(() => LeafRows.open(altered));
          const read = orRefused(() => leaf && rowsOf(leaf));
          // Whoever reads all of it accepts no more than whoever reads it row by row.
          const strictly = orRefused(() => decodeNode(altered));
          if (strictly?.level === 0) expect(read).toEqual(strictly.rows);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test("is refused when it is cut or has bytes after it, wherever", () => {
    const nodes = new MemoryNodes();
    build(nodes, [fileEntry("a", "1"), { path: "b", kind: "folder" }, { path: "c", kind: "link", target: "a" }]);
    const [bytes] = [...nodes.nodes.values()] as [Uint8Array];
    for (let length = 0; length < bytes.length; length++) refusal(bytes.subarray(0, length));
    expect(refusal(Uint8Array.of(...bytes, 0))).toMatch(/after its end/);
  });

  test("of random bytes is refused, with the beginning of a node or without", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom([], [0x94, 1, 0], [0x94, 1, 1, 0x92]),
        (bytes, head) => {
          const node = readOrRefuse(Uint8Array.of(...head, ...bytes));
          if (node !== undefined) expect(encodeNode(node)).toEqual(Uint8Array.of(...head, ...bytes));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("larger than any that is written is refused before it is looked at", () => {
    expect(refusal(new Uint8Array(NODE_BYTES_MAX + 1))).toMatch(/too large/);
  });
});

describe("a decoder of nodes refuses", () => {
  const child = { digest: digestOf("child"), entries: 2, files: 1, bytes: 5 };
  const inner = (paths: readonly string[], change: object = {}) =>
    handmade(1, paths.length, (to) => {
      for (const path of paths) writeChild(to, { path, ...child, ...change });
    });

  test("rows out of order, and a path twice", () => {
    expect(refusal(encodeNode({ level: 0, rows: [fileEntry("b", ""), fileEntry("a", "")] }))).toMatch(/order/);
    expect(refusal(encodeNode({ level: 0, rows: [fileEntry("a", ""), fileEntry("a", "")] }))).toMatch(/order/);
    expect(refusal(inner(["b", "a"]))).toMatch(/order/);
  });

  test("a path that is another's parent, next to it or with others between them", () => {
    for (const paths of [
      ["a", "a/b"],
      ["a", "a-b", "a.b", "a/b"],
      ["a/b", "a/b!", "a/b/c/d"],
    ]) {
      const bytes = encodeNode({ level: 0, rows: paths.map((path) => fileEntry(path, "")) });
      expect(refusal(bytes)).toMatch(/parent of another/);
    }
  });

  test.each(["", "/a", "a/", "a/../b", "..", "a\0"])("the path %j, in leaves and in inner nodes", (path) => {
    expect(refusal(encodeNode({ level: 0, rows: [fileEntry(path, "")] }))).toMatch(/DAMAGED.*path/);
    expect(refusal(inner([path]))).toMatch(/DAMAGED.*path/);
  });

  test("too many rows, rows that should have begun a node, and rows beyond the limit of bytes", () => {
    const quiet = Array.from({ length: 600 }, (_, index) => `f${String(index).padStart(4, "0")}`).filter((path) => {
      const bytes = Buffer.from(path);
      return !beginsNode(0, keyHash(bytes, 0, bytes.length, 0), 2, 0);
    });
    expect(quiet.length).toBeGreaterThan(513);
    const leaf = (paths: readonly string[]) => encodeNode({ level: 0, rows: paths.map((path) => fileEntry(path, "")) });
    decodeNode(leaf(quiet.slice(0, 512)));
    expect(refusal(leaf(quiet.slice(0, 513)))).toMatch(/too many rows/);
    const loud = Array.from({ length: 600 }, (_, index) => `f${String(index).padStart(4, "0")}`).find((path) => {
      const bytes = Buffer.from(path);
      return beginsNode(0, keyHash(bytes, 0, bytes.length, 0), 2, 0);
    }) as string;
    decodeNode(leaf([loud]));
    decodeNode(leaf(["a", loud]));
    expect(refusal(leaf(["a", "b", loud]))).toMatch(/not cut where it should be/);
    const heavy = quiet.slice(0, 20).map((path): Entry => ({ path, kind: "reference", uri: `x:${"y".repeat(8000)}` }));
    decodeNode(encodeNode({ level: 0, rows: heavy.slice(0, 17) }));
    expect(refusal(encodeNode({ level: 0, rows: heavy }))).toMatch(/not cut where it should be/);
  });

  test("inner nodes without rows, too high, or with sums that cannot be", () => {
    expect(refusal(inner([]))).toMatch(/without rows/);
    expect(refusal(handmade(33, 1, (to) => void writeChild(to, { path: "a", ...child })))).toMatch(/too high/);
    expect(refusal(inner(["a"], { entries: 0, files: 0 }))).toMatch(/sums/);
    expect(refusal(inner(["a"], { entries: 1, files: 2 }))).toMatch(/sums/);
  });

  test("nodes of another kind", () => {
    const bytes = encodeNode({ level: 0, rows: [] }).slice();
    bytes[1] = 2;
    expect(refusal(bytes)).toMatch(/another kind/);
  });

  test("a kind of entry it does not know, as a matter of a newer format", () => {
    const bytes = handmade(0, 1, (to) => {
      to.array(3);
      to.string("a");
      to.uint(5);
      to.array(0);
    });
    expect(refusal(bytes)).toMatch(/^FORMAT_UNSUPPORTED/);
  });

  test("unknown extras that must be understood, and keeps those that need not", () => {
    const entry = { ...fileEntry("a", ""), extras: [[2, Uint8Array.of(1)]] } as const;
    expect(refusal(encodeNode({ level: 0, rows: [entry] }))).toMatch(/^FORMAT_UNSUPPORTED/);
    expect(refusal(encodeNode({ level: 0, rows: [], extras: [[4, Uint8Array.of()]] }))).toMatch(/^FORMAT_UNSUPPORTED/);
    const kept = encodeNode({ level: 0, rows: [], extras: [[3, Uint8Array.of(7)]] });
    expect(decodeNode(kept).extras).toEqual([[3, Uint8Array.of(7)]]);
  });

  test("extras out of order, twice, too many, too long or without a value", () => {
    const one = (tag: number, length = 1): [number, Uint8Array] => [tag, new Uint8Array(length)];
    for (const bad of [
      [one(3), one(1)],
      [one(3), one(3)],
      Array.from({ length: 17 }, (_, index) => one(index * 2 + 1)),
      [one(1, 1025)],
    ]) {
      expect(refusal(encodeNode({ level: 0, rows: [], extras: bad }))).toMatch(/DAMAGED.*extra/);
    }
    // An array of one value, a tag, at the end of an empty node.
    const odd = encodeNode({ level: 0, rows: [] });
    odd[odd.length - 1] = 0x91;
    expect(refusal(Uint8Array.of(...odd, 1))).toMatch(/extras of a wrong length/);
  });

  const digest = digestOf("x");
  test.each<[string, Entry]>([
    ["an empty file with content", { ...fileEntry("a", ""), digest } as Entry],
    ["a large file without chunks", { path: "a", kind: "file", size: 256 * 1024 + 1, digest, executable: false }],
    [
      "a small file with chunks",
      { path: "a", kind: "file", size: 16 * 1024, digest, chunkList: digest, executable: false },
    ],
    ["a link that leaves", { path: "a/b", kind: "link", target: "../../c" }],
    ["an absolute link", { path: "a/b", kind: "link", target: "/etc/passwd" }],
    ["a reference without a scheme", { path: "a", kind: "reference", uri: "key" }],
    ["a reference with a space", { path: "a", kind: "reference", uri: "s3://a b" }],
    ["too long a reference", { path: "a", kind: "reference", uri: `s3:${"a".repeat(8190)}` }],
    ["too long an etag", { path: "a", kind: "reference", uri: "s3:a", etag: "e".repeat(1025) }],
  ])("%s, and so does the writer", (_, entry) => {
    expect(refusal(encodeNode({ level: 0, rows: [entry] }))).toMatch(/^DAMAGED/);
    expect(() => checkEntry(entry)).toThrow(TypeError);
  });
});

describe("links", () => {
  test("are kept when no way they can take leads outside", () => {
    const part = fc.constantFrom("..", ".", "", "a", "b");
    const targets = fc.array(part, { maxLength: 6 }).map((parts) => parts.join("/"));
    const places = fc.constantFrom("l", "a/l", "a/b/l");
    fc.assert(
      fc.property(places, targets, (path, target) => {
        if (linkTargetProblem(path, target) !== undefined) return;
        expect(target.startsWith("/")).toBe(false);
        // Climbs first and never above the root, then only goes down.
        const parts = target.split("/").filter((each) => each !== "" && each !== ".");
        const climbs = parts.findIndex((each) => each !== "..");
        const ups = climbs === -1 ? parts.length : climbs;
        expect(ups).toBeLessThanOrEqual(path.split("/").length - 1);
        expect(parts.slice(ups)).not.toContain("..");
      }),
      { numRuns: 1000 },
    );
  });

  test.each(["b", "../b", "./b/c", "..", ".", "x/y/../z"])("from a/l to %s", (target) => {
    expect(linkTargetProblem("a/l", target) === undefined).toBe(target !== "x/y/../z");
  });
});

describe("hostile trees", () => {
  const store = (nodes: MemoryNodes, bytes: Uint8Array) => {
    const digest = nodeDigest(bytes);
    nodes.writeNode(digest, bytes);
    return digest;
  };
  const leafOf = (nodes: MemoryNodes, paths: readonly string[]) => ({
    path: paths[0] as string,
    digest: store(nodes, encodeNode({ level: 0, rows: paths.map((path) => fileEntry(path, "x")) })),
    entries: paths.length,
    files: paths.length,
    bytes: paths.length,
  });
  const read = async (nodes: MemoryNodes, bytes: Uint8Array): Promise<unknown> =>
    entriesOf(new NodeReader(nodes), store(nodes, bytes)).catch((error: unknown) => error);

  test("whose children are not what their parent says are refused", async () => {
    const nodes = new MemoryNodes();
    const leaf = leafOf(nodes, ["a", "b"]);
    const other = leafOf(nodes, ["c", "d"]);
    for (const change of [{ path: "0" }, { entries: 3 }, { files: 1 }, { bytes: 7 }]) {
      const error = await read(nodes, encodeNode({ level: 1, rows: [{ ...leaf, ...change }, other] }));
      expect(isArtifoldError(error, "DAMAGED")).toBe(true);
    }
    expect(isArtifoldError(await read(nodes, encodeNode({ level: 2, rows: [leaf, other] })), "DAMAGED")).toBe(true);
    expect(await read(nodes, encodeNode({ level: 1, rows: [leaf, other] }))).toHaveLength(4);
  });

  test("with leaves that overlap or hide a parent in the leaf before are refused", async () => {
    const nodes = new MemoryNodes();
    for (const [one, two] of [
      [
        ["a", "c"],
        ["b", "d"],
      ],
      [
        ["a", "b"],
        ["b/c", "d"],
      ],
      [
        ["a", "b", "b-"],
        ["b/c", "d"],
      ],
    ] as const) {
      const level = encodeNode({ level: 1, rows: [leafOf(nodes, one), leafOf(nodes, two)] });
      expect(isArtifoldError(await read(nodes, level), "DAMAGED")).toBe(true);
    }
  });

  test("whose sums leave the range of integers are refused", async () => {
    const nodes = new MemoryNodes();
    const row = { digest: digestOf("x"), entries: 1, files: 1, bytes: 2 ** 52 };
    const root = encodeNode({ level: 1, rows: ["a", "b"].map((path) => ({ path, ...row })) });
    await expect(manifestSums(new NodeReader(nodes), store(nodes, root))).rejects.toThrow(/2\^53/);
  });
});

test("nodes keep to their limits however paths are chosen", async () => {
  const names = Array.from({ length: 40_000 }, (_, index) => `f${String(index).padStart(5, "0")}`);
  const begins = (path: string) => {
    const bytes = Buffer.from(path);
    return beginsNode(0, keyHash(bytes, 0, bytes.length, 0), 2, 0);
  };
  const chosen = {
    never: names.filter((name) => !begins(name)).slice(0, 5000),
    always: names.filter(begins),
  };
  const uri = `x:${"y".repeat(8190)}`;
  for (const [kind, paths] of Object.entries(chosen)) {
    for (const entry of [
      (path: string): Entry => fileEntry(path, ""),
      (path: string): Entry => ({ path, kind: "reference", uri, etag: "e".repeat(1024) }),
    ]) {
      const nodes = new MemoryNodes();
      const entries = withoutParents(paths.slice(0, 600)).map(entry);
      const root = build(nodes, entries);
      expect(await entriesOf(new NodeReader(nodes), root), kind).toHaveLength(entries.length);
      for (const bytes of nodes.nodes.values()) expect(bytes.length).toBeLessThanOrEqual(NODE_BYTES_MAX);
      // Each level has at most half the nodes of the one below, so that no choice makes a tree high.
      expect(nodes.nodes.size).toBeLessThanOrEqual(entries.length);
    }
  }
});
