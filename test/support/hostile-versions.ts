/** Manifests, chunk lists and files that no writer of ours made, under digests that are right. */
import { type Digest, hashContent } from "../../src/digest/index.ts";
import type { ChildRow, Entry } from "../../src/manifest/index.ts";
import { encodeNode } from "../../src/manifest/node.ts";
import type { HostileContent, ListRow } from "./hostile-content.ts";

const other = hashContent(Buffer.from("something else"));

/** A hostile version. */
export interface HostileVersion {
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
function lying(lie: (honest: ChildRow) => Partial<ChildRow>): HostileVersion {
  return {
    make: (content) => {
      const honest = content.leaf(content.file("file", "1"), content.file("file2", "2"));
      const beside = content.leaf(content.file("x", "3"), content.file("y", "4"));
      return content.node({ level: 1, rows: [{ ...honest, ...lie(honest) }, beside] }).digest;
    },
  };
}

/** A file of a chunk list that lies. */
function listed(make: (content: HostileContent) => { list: ListRow; size?: number; digest: Digest }): HostileVersion {
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

/** All of them, by what is wrong. */
export const hostileVersions: Readonly<Record<string, HostileVersion>> = {
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
    ["../out", "/abs", "a/../../out", "./out", "a//out", "..", "a/.."].map((name): [string, HostileVersion] => [
      `the path ${name}`,
      { make: (content) => content.leaf(content.file(name, "out")).digest },
    ]),
  ),
  ...Object.fromEntries(
    ["../out", "/abs", "a/../../out", "", "a/..", "../../../../../etc"].map((target): [string, HostileVersion] => [
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
