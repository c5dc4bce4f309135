/** The encoding of values, entries, manifests, chunk lists and records. */
import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/digest/index.ts";
import { readEntry } from "../../src/manifest/entry.ts";
import {
  ChunkListBuilder,
  comparePaths,
  Decoder,
  decodeListNode,
  decodeNode,
  decodeRunRecord,
  decodeVersionRecord,
  EMPTY_MANIFEST,
  Encoder,
  type Entry,
  encodeRunRecord,
  encodeVersionRecord,
  ManifestBuilder,
  manifestSums,
  NodeReader,
  nodeDigest,
  type RunRecord,
  readChunkList,
  readEntries,
  runId,
  type Sums,
  type VersionRecord,
  versionId,
} from "../../src/manifest/index.ts";
import { murmur3 } from "../../src/manifest/murmur.ts";
import { listDigest, numberedChunk } from "./make/chunk-lists.ts";
import { rowOf } from "./make/entries.ts";
import { type DescribedEntries, entriesOf } from "./make/manifests.ts";
import { hex, text, unhex } from "./make/shape.ts";
import { expectRefused, type Refused, readVectors } from "./read.ts";

type ValueKind = "uint" | "string" | "binary" | "array";
interface Codec {
  readonly valid: readonly { kind: ValueKind; value: number | string; hex: string }[];
  readonly invalid: readonly (Omit<Refused, "name"> & { kind: ValueKind })[];
}

/** Reads one value, which must be all there is. */
function readValue(kind: ValueKind, bytes: Uint8Array): number | string {
  const decoder = new Decoder(bytes, "value");
  const value = kind === "binary" ? hex(decoder.binary()) : decoder[kind]();
  if (kind === "array") for (let index = 0; index < (value as number); index++) decoder.uint();
  decoder.finish();
  return value;
}

function writeValue(kind: ValueKind, value: number | string): Uint8Array {
  const encoder = new Encoder(1);
  if (kind === "uint") encoder.uint(value as number);
  else if (kind === "string") encoder.string(value as string);
  else if (kind === "binary") encoder.binary(unhex(value as string));
  else {
    encoder.array(value as number);
    encoder.raw(new Uint8Array(value as number));
  }
  return encoder.bytes();
}

describe("values", () => {
  const { valid, invalid } = readVectors<Codec>("codec");

  test("have one encoding", () => {
    for (const { kind, value, hex: bytes } of valid) {
      expect(readValue(kind, unhex(bytes))).toBe(value);
      expect(hex(writeValue(kind, value))).toBe(bytes);
    }
  });

  test("are refused in every other", () => {
    for (const kind of ["uint", "string", "binary", "array"] as const) {
      const some = invalid.filter((each) => each.kind === kind).map((each) => ({ ...each, name: kind }));
      expectRefused(some, (bytes) => readValue(kind, bytes));
    }
  });
});

/** An entry out of JSON. */
function entryOf(plain: Record<string, unknown>): Entry {
  const { extras, ...fields } = plain;
  const pairs = extras as [number, string][] | undefined;
  return { ...fields, ...(pairs && { extras: pairs.map(([tag, value]) => [tag, unhex(value)]) }) } as unknown as Entry;
}

/** What JSON leaves out. */
function absent(entry: Record<string, unknown>): Record<string, undefined> {
  if (entry["kind"] === "file") return { chunkList: undefined };
  return entry["kind"] === "reference" ? { size: undefined, digest: undefined, etag: undefined } : {};
}

function readRow(bytes: Uint8Array): Entry {
  const decoder = new Decoder(bytes, "entry");
  const entry = readEntry(decoder);
  decoder.finish();
  return entry;
}

describe("entries", () => {
  const { valid, invalid } = readVectors<{
    valid: { entry: Record<string, unknown>; hex: string }[];
    invalid: Refused[];
  }>("entries");

  test("have one row each", () => {
    for (const { entry, hex: bytes } of valid) {
      expect(readRow(unhex(bytes))).toEqual({ ...absent(entry), ...entryOf(entry) });
      expect(hex(rowOf(entryOf(entry)))).toBe(bytes);
    }
  });

  test("are refused where a rule is broken", () => {
    expectRefused(invalid, readRow);
  });

  test("stand in the order of their paths' bytes, and hash as the vectors say", () => {
    const { ordered, hashes } = readVectors<{
      ordered: string[];
      hashes: { path: string; level: number; hash: number }[];
    }>("paths");
    expect([...ordered].reverse().sort(comparePaths)).toEqual(ordered);
    expect([...ordered].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))).toEqual(ordered);
    for (const { path, level, hash } of hashes) expect(murmur3(text(path), 0, text(path).length, level)).toBe(hash);
  });
});

interface Manifests {
  readonly emptyManifest: Digest;
  readonly valid: readonly (DescribedEntries & {
    name: string;
    root: Digest;
    sums: Sums;
    levels?: { digest: Digest; rows: number }[][];
    nodes?: Record<Digest, string>;
  })[];
  readonly invalidNodes: readonly Refused[];
  readonly invalidTrees: readonly Tree[];
}

interface Tree {
  readonly name: string;
  readonly root: Digest;
  readonly size?: number;
  readonly nodes: Record<string, string>;
  readonly why: string;
  readonly code: string;
}

function readerOf(nodes: Record<string, string>): NodeReader {
  return new NodeReader({ readNode: (digest) => unhex(nodes[digest] as string) });
}

async function allEntries(reader: NodeReader, root: Digest): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const batch of readEntries(reader, root)) entries.push(...batch);
  return entries;
}

describe("manifests", () => {
  const { valid, emptyManifest, invalidNodes, invalidTrees } = readVectors<Manifests>("manifests");

  test.each(valid.map((each) => [each.name, each] as const))("%s", async (_, vector) => {
    const { root, sums, levels, nodes } = vector;
    const made = new Map<Digest, Uint8Array>();
    const builder = new ManifestBuilder({ writeNode: (digest, bytes) => void made.set(digest, bytes) });
    const entries = vector.kind === "entries" ? vector.entries.map((each) => entryOf({ ...each })) : entriesOf(vector);
    for (const entry of entries) builder.add(entry);
    expect(builder.finish()).toBe(root);
    const reader = new NodeReader({ readNode: (digest) => made.get(digest) as Uint8Array });
    expect(await manifestSums(reader, root)).toEqual(sums);
    for (const { digest, rows } of levels?.flat() ?? []) {
      expect(decodeNode(made.get(digest) as Uint8Array).rows).toHaveLength(rows);
    }
    if (nodes === undefined) return;
    for (const [digest, bytes] of Object.entries(nodes)) expect(nodeDigest(unhex(bytes))).toBe(digest);
    expect(await allEntries(readerOf(nodes), root)).toEqual(entries);
  });

  test("the empty one has a digest that is part of the format", () => {
    expect(emptyManifest).toBe(EMPTY_MANIFEST);
    expect(nodeDigest(unhex("9401009090"))).toBe(EMPTY_MANIFEST);
  });

  test("are refused node by node", () => {
    expectRefused(invalidNodes, decodeNode);
  });

  test("are refused where nodes do not fit together", async () => {
    for (const { name, root, nodes, why, code } of invalidTrees) {
      const reader = readerOf(nodes);
      const reading = Promise.all([allEntries(reader, root), manifestSums(reader, root)]);
      await expect(reading, `${name}: ${why}`).rejects.toMatchObject({ code });
    }
  });
});

interface ChunkLists {
  readonly valid: readonly {
    name: string;
    numbers: number[] | { from: number; to: number };
    root: Digest | null;
    size: number;
    levels: { digest: Digest; rows: number }[][];
    nodes?: Record<Digest, string>;
  }[];
  readonly validNodes: readonly { hex: string; level: number; rows: [Digest, number, number][] }[];
  readonly invalidNodes: readonly Refused[];
  readonly invalidTrees: readonly Required<Tree>[];
}

async function listLengths(nodes: Map<string, Uint8Array>, root: Digest, size: number): Promise<number[]> {
  const source = { readNode: (digest: Digest) => nodes.get(digest) as Uint8Array };
  const lengths: number[] = [];
  for await (const chunks of readChunkList(source, root, size)) lengths.push(...chunks.map((chunk) => chunk.length));
  return lengths;
}

describe("chunk lists", () => {
  const vectors = readVectors<ChunkLists>("chunk-lists");

  test.each(vectors.valid.map((each) => [each.name, each] as const))("%s", async (_, vector) => {
    const made = new Map<Digest, Uint8Array>();
    const builder = new ChunkListBuilder({ writeNode: (digest, bytes) => void made.set(digest, bytes) });
    const { numbers } = vector;
    const all = Array.isArray(numbers) ? numbers : Array.from({ length: numbers.to }, (_each, at) => at);
    for (const number of all) builder.add(numberedChunk(number));
    expect(builder.finish() ?? null).toBe(vector.root);
    expect([...made.keys()].sort()).toEqual(
      vector.levels
        .flat()
        .map(({ digest }) => digest)
        .sort(),
    );
    for (const { digest, rows } of vector.levels.flat()) {
      expect(decodeListNode(made.get(digest) as Uint8Array).rows).toHaveLength(rows);
    }
    for (const [digest, bytes] of Object.entries(vector.nodes ?? {})) {
      expect(listDigest(unhex(bytes))).toBe(digest);
      expect(hex(made.get(digest as Digest) as Uint8Array)).toBe(bytes);
    }
    if (vector.root === null) return;
    expect(await listLengths(made, vector.root, vector.size)).toEqual(
      all.map((number) => numberedChunk(number).length),
    );
  });

  test("nodes hold numbers up to the largest", () => {
    for (const { hex: bytes, level, rows } of vectors.validNodes) {
      const node = decodeListNode(unhex(bytes));
      expect(node.level).toBe(level);
      expect(node.rows.map((row) => [row.digest, row.chunks, row.bytes])).toEqual(rows);
    }
  });

  test("are refused node by node", () => {
    expectRefused(vectors.invalidNodes, decodeListNode);
  });

  test("are refused where nodes do not fit together", async () => {
    for (const { name, root, size, nodes, why, code } of vectors.invalidTrees) {
      const all = new Map(Object.entries(nodes).map(([digest, bytes]) => [digest, unhex(bytes)]));
      await expect(listLengths(all, root, size), `${name}: ${why}`).rejects.toMatchObject({ code });
    }
  });
});

/** A record out of JSON. */
function recordOf(plain: Record<string, unknown>): Record<string, unknown> {
  const { nonce, extras, ...fields } = plain;
  const pairs = extras as [number, string][] | undefined;
  return {
    ...fields,
    nonce: unhex(nonce as string),
    ...(pairs && { extras: pairs.map(([tag, value]) => [tag, unhex(value)] as const) }),
  };
}

interface Records {
  readonly valid: { record: Record<string, unknown>; hex: string; id: Digest }[];
  readonly invalid: Refused[];
}

describe("version records", () => {
  const { valid, invalid } = readVectors<Records>("versions");

  test("have one encoding and one id", () => {
    for (const { record, hex: bytes, id } of valid) {
      const expected = recordOf(record) as unknown as VersionRecord;
      expect(decodeVersionRecord(unhex(bytes))).toEqual({ run: undefined, ...expected });
      expect(hex(encodeVersionRecord(expected))).toBe(bytes);
      expect(versionId(unhex(bytes))).toBe(id);
    }
  });

  test("are refused where a rule is broken", () => {
    expectRefused(invalid, decodeVersionRecord);
  });
});

describe("run records", () => {
  const { valid, invalid } = readVectors<Records>("runs");

  test("have one encoding and one id", () => {
    for (const { record, hex: bytes, id } of valid) {
      const expected = recordOf(record) as unknown as RunRecord;
      expect(decodeRunRecord(unhex(bytes))).toEqual(expected);
      expect(hex(encodeRunRecord(expected))).toBe(bytes);
      expect(runId(unhex(bytes))).toBe(id);
    }
  });

  test("are refused where a rule is broken", () => {
    expectRefused(invalid, decodeRunRecord);
  });
});
