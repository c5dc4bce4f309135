/** Versions that no writer of ours made, in a store, under digests that are right: nothing of them does harm. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import type { Version } from "../../src/index.ts";
import type { ChildRow, Entry } from "../../src/manifest/index.ts";
import { encodeNode } from "../../src/manifest/node.ts";
import { EMPTY_FOLDER, type Planted, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { HostileContent, type ListRow, type Way } from "../support/hostile-content.ts";
import { all, openScratch, textsOf, uploadFiles } from "../support/stores.ts";

const ways: readonly Way[] = ["journal", "packs"];
const other = hashContent(Buffer.from("something else"));

/** A hostile version. */
interface Case {
  readonly make: (content: HostileContent) => Digest;
  /** Whether its entries can be listed: then only what lies below them is wrong. */
  readonly lists?: true;
  /** Whether nothing but the content itself shows it, which a verify of the whole store does not take apart. */
  readonly isContent?: true;
  /** What reading the file "file" gives; nothing where it is refused. */
  readonly file?: string;
}

const link = (entryPath: string, target: string): Entry => ({ path: entryPath, kind: "link", target });

/** Trees with a row that lies of a child. */
function lying(lie: (honest: ChildRow) => Partial<ChildRow>): Case {
  return {
    make: (content) => {
      const honest = content.leaf(content.file("file", "1"), content.file("file2", "2"));
      const beside = content.leaf(content.file("x", "3"), content.file("y", "4"));
      return content.node({ level: 1, rows: [{ ...honest, ...lie(honest) }, beside] }).digest;
    },
  };
}

/** A file of a chunk list that lies. */
function listed(make: (content: HostileContent) => { list: ListRow; size?: number; digest: Digest }): Case {
  return {
    lists: true,
    make: (content) => {
      const { list, size = list.bytes, digest } = make(content);
      return content.leaf({ path: "file", kind: "file", size, digest, chunkList: list.digest, executable: false })
        .digest;
    },
  };
}

const one = Buffer.alloc(10_000, "one ");
const two = Buffer.alloc(20_000, "two ");
const both = hashContent(Buffer.concat([one, two]));

const cases: Record<string, Case> = {
  "a manifest that is a chunk": {
    make: (content) => content.object("chunk", encodeNode({ level: 0, rows: [content.file("file", "1")] })),
  },
  "a manifest that is a node of a chunk list": {
    make: (content) => content.list(0, [content.chunk(one), content.chunk(two)]).digest,
  },
  "a manifest that is nowhere": { make: () => other },
  "a child that is a chunk": lying(() => ({ digest: hashContent(Buffer.from("1")) })),
  "a child that is nowhere": lying(() => ({ digest: other })),
  "a child with more entries": lying(({ entries }) => ({ entries: entries + 1 })),
  "a child with fewer files": lying(({ files }) => ({ files: files - 1 })),
  "a child with more bytes": lying(({ bytes }) => ({ bytes: bytes + 2 ** 40 })),
  "a child with another first path": lying(() => ({ path: "fil" })),
  "children of the wrong level": {
    make: (content) => {
      const deep = content.node({
        level: 1,
        rows: [
          content.leaf(content.file("a", "1"), content.file("b", "2")),
          content.leaf(content.file("c", "3"), content.file("d", "4")),
        ],
      });
      return content.node({ level: 1, rows: [deep, content.leaf(content.file("file", "5"))] }).digest;
    },
    file: "5",
  },
  "a root with one child": {
    make: (content) => content.node({ level: 1, rows: [content.leaf(content.file("file", "1"))] }).digest,
  },
  "leaves out of order": {
    make: (content) => {
      const first = content.leaf(content.file("a", "1"), content.file("z", "2"));
      return content.node({ level: 1, rows: [first, content.leaf(content.file("file", "3"), content.file("g", "4"))] })
        .digest;
    },
    file: "3",
  },
  "an entry below another, leaves later": {
    make: (content) => {
      const first = content.leaf(content.file("a", "1"), content.file("file", "2"));
      const between = content.leaf(content.file("file-1", "3"), content.file("file.x", "4"));
      const below = content.leaf(content.file("file/below", "5"), content.file("g", "6"));
      return content.node({ level: 1, rows: [first, between, below] }).digest;
    },
    file: "2",
  },
  "an entry below a link": {
    make: (content) => content.leaf(link("file", "elsewhere"), content.file("file/below", "1")).digest,
  },
  "an entry below a link, in the next leaf": {
    make: (content) => {
      const first = content.leaf(content.file("a", "1"), link("b", "a"));
      return content.node({
        level: 1,
        rows: [first, content.leaf(content.file("b/c", "2"), content.file("file", "3"))],
      }).digest;
    },
    file: "3",
  },
  "a level above 32": {
    make: (content) => content.node({ level: 33, rows: [content.leaf(content.file("file", "1"))] }).digest,
  },
  ...Object.fromEntries(
    ["../out", "/abs", "a/../../out", "./out", "a//out", "..", "a/.."].map((name): [string, Case] => [
      `the path ${name}`,
      { make: (content) => content.leaf(content.file(name, "out")).digest },
    ]),
  ),
  ...Object.fromEntries(
    ["../out", "/abs", "a/../../out", "", "a/..", "../../../../../etc"].map((target): [string, Case] => [
      `a link to ${JSON.stringify(target)}`,
      { make: (content) => content.leaf(link("file", target)).digest },
    ]),
  ),
  "a file that is a manifest node": {
    lists: true,
    isContent: true,
    make: (content) => {
      const { digest } = content.leaf(content.file("a", "1"));
      return content.leaf(content.file("file", "", { size: 50, digest })).digest;
    },
  },
  "a file longer than its content": {
    lists: true,
    isContent: true,
    make: (content) => content.leaf(content.file("file", "content", { size: 8 })).digest,
  },
  "a file shorter than its content": {
    lists: true,
    isContent: true,
    make: (content) => content.leaf(content.file("file", "content", { size: 6 })).digest,
  },
  "a file whose content is nowhere": {
    lists: true,
    make: (content) => content.leaf(content.file("file", "", { size: 5, digest: other })).digest,
  },
  "an empty file with other content": {
    make: (content) => content.leaf(content.file("file", "content", { size: 0 })).digest,
  },
  "a chunk list that is a manifest node": listed((content) => ({
    list: { ...content.leaf(content.file("a", "1")), chunks: 2, bytes: 30_000 },
    digest: both,
  })),
  "a chunk list that is a chunk": listed((content) => ({
    list: { ...content.chunk(one), bytes: 30_000 },
    digest: both,
  })),
  "a chunk list that is nowhere": listed(() => ({ list: { digest: other, chunks: 2, bytes: 30_000 }, digest: both })),
  "a chunk list of another total": listed((content) => ({
    list: content.list(0, [content.chunk(one), content.chunk(two)]),
    size: 30_001,
    digest: both,
  })),
  "a chunk list of one chunk": listed((content) => ({
    list: content.list(0, [content.chunk(two)]),
    digest: hashContent(two),
  })),
  "chunks that are nowhere": listed((content) => ({
    list: content.list(0, [content.chunk(one), { digest: other, chunks: 1, bytes: 20_000 }]),
    digest: both,
  })),
  "chunks of other lengths, of the right sum": {
    isContent: true,
    ...listed((content) => ({
      list: content.list(0, [
        { ...content.chunk(one), bytes: 20_000 },
        { ...content.chunk(two), bytes: 10_000 },
      ]),
      digest: both,
    })),
  },
  "chunks that make another file": {
    isContent: true,
    ...listed((content) => ({ list: content.list(0, [content.chunk(two), content.chunk(one)]), digest: both })),
  },
  "a child of a chunk list with other sums": listed((content) => {
    const chunks = content.list(0, [content.chunk(one), content.chunk(two)]);
    return {
      list: content.list(1, [
        { ...chunks, bytes: 29_999 },
        { ...chunks, bytes: 30_001 },
      ]),
      digest: both,
    };
  }),
  "a child of a chunk list with other chunks": listed((content) => {
    const chunks = content.list(0, [content.chunk(one), content.chunk(two)]);
    return { list: content.list(1, [chunks, { ...chunks, chunks: 3 }]), digest: both };
  }),
  "a child of a chunk list of the wrong level": listed((content) => {
    const chunks = content.list(0, [content.chunk(one), content.chunk(two)]);
    return { list: content.list(2, [chunks, chunks]), digest: both };
  }),
  "a compressed chunk that becomes more than it says": {
    lists: true,
    isContent: true,
    make: (content) => {
      const bytes = Buffer.alloc(1000, "A");
      const digest = content.object("chunk", bytes, Buffer.from(bomb(1000, 131_072), "hex"));
      return content.leaf(content.file("file", "", { size: 1000, digest })).digest;
    },
  },
};

/** A zstd frame that says it gives so many bytes and has a block that repeats one byte more often. */
function bomb(says: number, gives: number): string {
  const bytes = Buffer.alloc(13);
  bytes.writeUInt32LE(0xfd2fb528, 0);
  bytes[4] = 0xa0;
  bytes.writeUInt32LE(says, 5);
  bytes.writeUIntLE((gives << 3) | 3, 9, 3);
  bytes[12] = 65;
  return bytes.toString("hex");
}

async function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => value,
    (error: { code?: string }) => error.code ?? error,
  );
}

/** Which way content took makes no difference to most: one of each kind takes both. */
const twoWays =
  /^(a manifest that is a chunk|leaves out of order|a file shorter|a chunk list of another total|chunks that are)/;
const taken = Object.entries(cases).flatMap(([name, each]) =>
  (twoWays.test(name) ? ways : ways.slice(0, 1)).map((way) => [name, way, each] as const),
);

describe("a version that no writer made", () => {
  test.each(taken)("%s (%s): is refused, and nothing is written outside", async (_, way, each) => {
    const { make, lists, isContent, file } = each;
    const around = temporaryFolder();
    plant(around, { "beside.txt": "beside", "sub/other": "other" });
    const store = await openScratch(path.join(around, "store"));
    const good = await uploadFiles(store, { good: "good", file: "good too" }, "good");
    const content = new HostileContent();
    const version = await content.publish(store, make(content), way);

    const listings = [all(version.entries()), all(version.list()), all(good.diff(version)), all(version.diff(good))];
    for (const listing of listings) {
      const found = await outcome(listing);
      if (lists === true) expect(found).toBeInstanceOf(Array);
      else if (!Array.isArray(found)) expect(found).toBe("DAMAGED");
    }
    if (lists !== true) expect(await outcome(all(version.entries()))).toBe("DAMAGED");
    const read = await outcome(version.read("file"));
    if (file !== undefined && read instanceof Uint8Array) expect(Buffer.from(read).toString()).toBe(file);
    else expect(["DAMAGED", "NOT_FOUND"]).toContain(read);

    await expectRefusedDownload(version, around, "new", {});
    await expectRefusedDownload(version, around, "full", { good: "good", mine: "mine", "deep/er/too": "mine" });
    const hit = async (versions?: readonly Version[]): Promise<string[]> => {
      const { ok, problems } = await store.verify({}, versions);
      expect(ok).toBe(problems.length === 0);
      return [...new Set(problems.flatMap((problem) => problem.versions))];
    };
    if (isContent !== true) expect(await hit()).toEqual(["local/uncategorized/hostile:V1"]);
    expect(await hit([version])).toEqual(["local/uncategorized/hostile:V1"]);
    expect(await hit([good])).toEqual([]);
    expect(await textsOf(good)).toEqual({ good: "good", file: "good too" });
  });
});

/** A download that ends with DAMAGED, or a conflict, has written inside of its folder only, and whole files only. */
async function expectRefusedDownload(
  version: Version,
  around: string,
  name: string,
  there: Record<string, Planted>,
): Promise<void> {
  const target = path.join(around, "targets", name);
  plant(around, { [`targets/${name}`]: EMPTY_FOLDER });
  plant(target, there);
  const before = treeOf(path.join(around, "sub"));
  const mine = treeOf(target);
  const refusal = await outcome(version.download(target));
  expect(["DAMAGED", "CONFLICT"]).toContain(refusal);
  expect(treeOf(path.join(around, "sub"))).toEqual(before);
  expect(readdirSync(around).sort()).toEqual(["beside.txt", "store", "sub", "targets"]);
  expect(readdirSync(path.join(around, "targets"))).toContain(name);
  const after = treeOf(target);
  expect(after).toMatchObject(mine);
  for (const [file, text] of Object.entries(after)) {
    if (file in mine) continue;
    expect(file).not.toMatch(/\.tmp$/);
    expect(text, file).toMatch(/^file "[1-6]"$/);
  }
}
