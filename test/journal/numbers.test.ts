/** Numbers of the journal, of tables and of what follows from them, at the edges of 32 bits and of exact integers. */
import { rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type Digest, digestToBytes, hashContent } from "../../src/digest/index.ts";
import type { Store } from "../../src/index.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeEntry,
  encodePayload,
  type JournalEntry,
  NO_RECORD,
} from "../../src/journal/index.ts";
import { encodeRecord, readRecord } from "../../src/journal/record.ts";
import { decodeSegmentHead, encodeSegmentHead } from "../../src/journal/segment-head.ts";
import { EMPTY_MANIFEST, encodeVersionRecord, versionId } from "../../src/manifest/index.ts";
import { decodeFoot, encodeFoot, FOOT_BYTES, openTable, TableBuilder } from "../../src/objects/index.ts";
import { commandJson } from "../support/command.ts";
import { all, openScratch, scratch, uploadFiles } from "../support/stores.ts";

const edges = [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const mark = new Uint8Array(16).fill(7);
const id = (text: string): Digest => hashContent(Buffer.from(text));

/** The bytes of a version's record. */
function recordOf(artifact: Digest, nonce: number, createdAt = 0): Uint8Array {
  return encodeVersionRecord({
    artifact,
    manifest: EMPTY_MANIFEST,
    parents: [],
    createdAt,
    createdBy: "",
    message: "",
    metadata: {},
    nonce: new Uint8Array(16).fill(nonce),
  });
}

describe.each(edges)("%i", (number) => {
  test("is a sequence of a record and a number of a segment", () => {
    const record = { kind: "entry", payload: Uint8Array.of(0x80), attachment: [] } as const;
    const { bytes } = encodeRecord(record, number, NO_RECORD, mark);
    const readAt = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length);
    expect(readRecord(readAt, 0, mark, true)).toMatchObject({ kind: "entry", sequence: number, end: bytes.length });
    const head = encodeSegmentHead(number, mark);
    expect(decodeSegmentHead(head, number)).toEqual(mark);
    for (const other of [number - 1, number + 1].filter((each) => each >= 0)) {
      expect(decodeSegmentHead(head, other)).toBeUndefined();
    }
  });

  test("is every number of an entry and of a checkpoint", () => {
    const artifact = id("artifact");
    const record = recordOf(artifact, 1);
    const sums = { entries: number, files: number, bytes: number, newBytes: number };
    const version = { change: "version", artifact, version: versionId(record), number, record, ...sums } as const;
    const pack = { kind: "data", name: id("pack"), bytes: number, objects: number } as const;
    const entry: JournalEntry = { at: number, by: "", packs: [pack], changes: [version] };
    const read = decodeEntry(encodePayload(entry));
    expect({ ...read, changes: read.changes.map((change) => ({ ...change, record: 0 })) }).toEqual({
      ...entry,
      changes: [{ ...version, record: 0 }],
    });
    const names = { team: "t", experiment: "e", type: "t", name: "n" };
    const checkpoint: Checkpoint = { artifacts: [{ artifact, ...names, highest: number, tags: [], removed: [] }] };
    expect(decodeCheckpoint(encodePayload(checkpoint))).toEqual(checkpoint);
  });

  test("is where a frame lies, and where a table begins", () => {
    const builder = new TableBuilder();
    builder.addObject(id("object"), { offset: number, length: 100, index: 32_767, isDelta: false });
    const bytes = builder.finish();
    // A file of which the table's end is an exact number too.
    const at = Math.min(number, 2 ** 53 - 1 - bytes.length - FOOT_BYTES);
    const foot = decodeFoot(encodeFoot(at, bytes), at + bytes.length + FOOT_BYTES);
    expect(foot).toMatchObject({ tableOffset: at, tableLength: bytes.length });
    expect(openTable(bytes, foot).find(digestToBytes(id("object")))).toEqual({
      offset: number,
      length: 100,
      index: 32_767,
      isDelta: false,
    });
  });
});

describe("versions with such numbers", () => {
  const numbers = [1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];

  /** A store whose journal has versions of these numbers and sums. */
  async function madeStore(): Promise<Store> {
    const store = await openScratch(path.join(scratch(), "store"));
    const artifact = id("artifact");
    const names = { team: "local", experiment: "uncategorized", type: "dataset", name: "sample" };
    for (const [nonce, number] of numbers.entries()) {
      const record = recordOf(artifact, nonce, Math.min(number, 8_640_000_000_000_000));
      const sums = { entries: number, files: number, bytes: number, newBytes: number };
      await store.engine.commit(() => ({
        changes: [
          ...(nonce === 0 ? [{ change: "artifact", artifact, ...names } as const] : []),
          { change: "version", artifact, version: versionId(record), number, record, ...sums },
          { change: "tag", artifact, tag: `tag-${nonce}`, version: versionId(record), before: null },
        ],
      }));
    }
    return store;
  }

  async function expectAll(store: Store): Promise<void> {
    const versions = await all(store.versions("sample"));
    expect(versions.map((version) => version.number)).toEqual([...numbers].reverse());
    for (const number of numbers) {
      const version = await store.resolve(`sample:V${number}`);
      expect(version).toMatchObject({ version: `V${number}`, files: number, bytes: number, newBytes: number });
      expect((await store.resolve(`sample:v${number}`)).id).toBe(version.id);
      expect((await store.resolve(`sample:tag-${numbers.indexOf(number)}`)).id).toBe(version.id);
    }
    expect((await store.resolve("sample")).number).toBe(2 ** 53 - 1);
    expect(await all(store.artifacts())).toMatchObject([{ latest: `V${2 ** 53 - 1}`, versions: numbers.length }]);
    expect(await all(store.log())).toHaveLength(numbers.length);
  }

  test("are found, listed and shown, and so they are when the catalog is made anew", async () => {
    const store = await madeStore();
    await expectAll(store);
    const shown = await commandJson<object>(store.folder, ["show", "sample"]);
    expect(shown).toMatchObject({ version: `V${2 ** 53 - 1}`, files: 2 ** 53 - 1, bytes: 2 ** 53 - 1 });
    const { folder } = store;
    await store.close();
    rmSync(path.join(folder, "catalog.db"));
    await expectAll(await openScratch(folder));
  });

  test("end where numbers end: after the largest there is no other, and nothing happens", async () => {
    const store = await madeStore();
    await expect(uploadFiles(store, { a: "1" })).rejects.toMatchObject({ code: "LIMIT", happened: "no" });
    await (await store.resolve("sample")).remove();
    expect((await store.resolve("sample")).number).toBe(2 ** 32);
    await expect(uploadFiles(store, { a: "1" })).rejects.toMatchObject({ code: "LIMIT", happened: "no" });
    expect(await all(store.versions("sample"))).toHaveLength(numbers.length - 1);
  });
});

test.each([`V${2 ** 53}`, "V99999999999999999", "V0", "V01", "V1.5", "V-1"])(
  "%s is no number of a version",
  async (tag) => {
    const store = await openScratch();
    await uploadFiles(store, { a: "1" });
    await expect(store.getArtifact({ name: "sample", tag })).rejects.toMatchObject({ code: "NOT_FOUND" });
  },
);
