/** Limits of numbers and lengths in entries, records and trees: the same on both sides, and counted in bytes. */
import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/digest/index.ts";
import {
  decodeListNode,
  decodeNode,
  decodeVersionRecord,
  Encoder,
  type Entry,
  encodeVersionRecord,
  linkTargetProblem,
  ManifestBuilder,
  NodeReader,
  nodeDigest,
  readEntries,
  referenceProblem,
  type VersionRecord,
} from "../../src/manifest/index.ts";
import { encodeNode } from "../../src/manifest/node.ts";
import { fileEntry } from "../support/entries.ts";
import { MemoryNodes } from "../support/memory-nodes.ts";

const id = "1".repeat(64) as Digest;

function record(fields: Partial<VersionRecord> = {}): VersionRecord {
  return {
    artifact: id,
    manifest: id,
    parents: [],
    createdAt: 0,
    createdBy: "",
    message: "",
    metadata: {},
    nonce: new Uint8Array(16),
    ...fields,
  };
}

/** The bytes of a record that no writer of ours would make. */
function foreignRecord(fields: {
  createdAt?: number;
  createdBy?: string;
  message?: string;
  metadata?: string;
}): Uint8Array {
  const encoder = new Encoder();
  encoder.array(11);
  encoder.uint(3);
  encoder.digest(id);
  encoder.digest(id);
  encoder.array(0);
  encoder.uint(fields.createdAt ?? 0);
  encoder.string(fields.createdBy ?? "");
  encoder.nil();
  encoder.string(fields.message ?? "");
  encoder.string(fields.metadata ?? "{}");
  encoder.binary(new Uint8Array(16));
  encoder.array(0);
  return encoder.bytes();
}

const damaged = expect.objectContaining({ code: "DAMAGED" });
const limit = expect.objectContaining({ code: "LIMIT" });

describe("texts are limited by their UTF-8 bytes, not by their characters", () => {
  test("the target of a link", () => {
    // Parts of a target have no limit of their own.
    expect(linkTargetProblem("link", "고".repeat(1365))).toBeUndefined();
    expect(linkTargetProblem("link", "고".repeat(1366))).toMatch(/4096 bytes/);
  });

  test("the URI and the etag of a reference", () => {
    const reference = (uri: string, etag?: string): Entry & { kind: "reference" } => ({
      path: "r",
      kind: "reference",
      uri,
      etag,
    });
    expect(referenceProblem(reference(`a:${"é".repeat(4095)}`))).toBeUndefined();
    expect(referenceProblem(reference(`a:${"é".repeat(4096)}`))).toMatch("8192 bytes");
    expect(referenceProblem(reference("a:b", "é".repeat(512)))).toBeUndefined();
    expect(referenceProblem(reference("a:b", "é".repeat(513)))).toMatch("1024 bytes");
  });

  test("a URI holds no space, no control character and no lone surrogate, whatever a language calls white space", () => {
    const problem = (uri: string): string | undefined => referenceProblem({ path: "r", kind: "reference", uri });
    for (const bad of ["a:b c", "a:\x01", "a:b\n", "a:\x7f", "a:\ud800", "a:", ":b", "1a:b", "no colon"]) {
      expect(problem(bad), JSON.stringify(bad)).toBeDefined();
    }
    for (const good of ["s3://bucket/key", "a:\u00a0", "a:\u2003b", "A1+.-:x", "a:고양이"]) {
      expect(problem(good), JSON.stringify(good)).toBeUndefined();
    }
  });

  test("message, maker and metadata of a version, by who writes and by who reads", () => {
    const message = { ok: "é".repeat(32 * 1024), long: `${"é".repeat(32 * 1024)}x` };
    const createdBy = { ok: "é".repeat(512), long: `${"é".repeat(512)}x` };
    const metadata = { ok: { a: "é".repeat(512 * 1024 - 4) }, long: { a: `${"é".repeat(512 * 1024 - 4)}x` } };
    const most = record({ message: message.ok, createdBy: createdBy.ok, metadata: metadata.ok });
    expect(decodeVersionRecord(encodeVersionRecord(most))).toMatchObject({ message: message.ok });
    expect(() => encodeVersionRecord(record({ message: message.long }))).toThrow(limit);
    expect(() => encodeVersionRecord(record({ createdBy: createdBy.long }))).toThrow(limit);
    expect(() => encodeVersionRecord(record({ metadata: metadata.long }))).toThrow(limit);
    expect(() => decodeVersionRecord(foreignRecord({ message: message.long }))).toThrow(damaged);
    expect(() => decodeVersionRecord(foreignRecord({ createdBy: createdBy.long }))).toThrow(damaged);
    expect(() => decodeVersionRecord(foreignRecord({ metadata: JSON.stringify(metadata.long) }))).toThrow(damaged);
  });
});

describe("numbers", () => {
  test("a version's time is one that a calendar can show", () => {
    const last = 8_640_000_000_000_000;
    expect(decodeVersionRecord(encodeVersionRecord(record({ createdAt: last }))).createdAt).toBe(last);
    expect(() => decodeVersionRecord(foreignRecord({ createdAt: last + 1 }))).toThrow(damaged);
    expect(() => encodeVersionRecord(record({ createdAt: last + 1 }))).toThrow(TypeError);
  });
});

describe.each([1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])("%i", (number) => {
  const child = { path: "a", digest: id, entries: number, files: number, bytes: number };

  test("is each of the sums of a child", () => {
    const rows = [child, { path: "b", digest: id, entries: 1, files: 0, bytes: 0 }];
    const bytes = encodeNode({ level: 1, rows });
    expect(decodeNode(bytes)).toEqual({ level: 1, rows });
    expect(encodeNode(decodeNode(bytes))).toEqual(bytes);
  });

  test("is a number of chunks and of bytes in a chunk list, where so many chunks can hold them", () => {
    const encoder = new Encoder();
    encoder.array(4);
    for (const head of [2, 1]) encoder.uint(head);
    encoder.array(2);
    for (const row of [number, 1]) {
      encoder.array(3);
      encoder.digest(id);
      encoder.uint(row);
      encoder.uint(row);
    }
    encoder.array(0);
    const row = { digest: id, chunks: number, bytes: number };
    expect(decodeListNode(encoder.bytes()).rows).toEqual([row, { digest: id, chunks: 1, bytes: 1 }]);
  });

  test("is the size of a file and of a reference", () => {
    const large = number > 262_144;
    const file: Entry = {
      path: "a",
      kind: "file",
      size: number,
      digest: id,
      chunkList: large ? id : undefined,
      executable: false,
    };
    const reference: Entry = { path: "b", kind: "reference", uri: "a:b", size: number, digest: id, etag: undefined };
    const rows = [file, reference];
    expect(decodeNode(encodeNode({ level: 0, rows }))).toEqual({ level: 0, rows });
  });
});

describe("trees", () => {
  test("a root with one child is refused: the child alone is the manifest, and must not have a second digest", async () => {
    const nodes = new MemoryNodes();
    const builder = new ManifestBuilder(nodes);
    builder.add(fileEntry("a", "1"));
    const leaf = builder.finish();
    const encoder = new Encoder();
    encoder.array(4);
    encoder.uint(1);
    encoder.uint(1);
    encoder.array(1);
    encoder.array(5);
    encoder.string("a");
    encoder.digest(leaf);
    encoder.uint(1);
    encoder.uint(1);
    encoder.uint(1);
    encoder.array(0);
    const root = nodeDigest(encoder.bytes());
    nodes.writeNode(root, encoder.bytes());
    const reader = new NodeReader(nodes);
    await expect(readEntries(reader, root).next()).rejects.toThrow(damaged);
    expect((await readEntries(reader, leaf).next()).value).toHaveLength(1);
  });
});
