/** Frames, tables, packs, journals and whole stores. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { openStore, type Store } from "../../src/index.ts";
import { decodeCheckpoint, decodeEntry, JOURNAL_START, Journal, segmentPath } from "../../src/journal/index.ts";
import { frameTypes } from "../../src/objects/frame.ts";
import {
  type CompressionName,
  compressionImplementation,
  decodeFoot,
  Frame,
  ObjectStore,
  type ObjectType,
  openTable,
  prepareCompression,
  readFrameHead,
  readFrameLength,
  readPackHead,
  type TablePlace,
  tablePathOf,
} from "../../src/objects/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { AdoptedCheck } from "../../src/upkeep/adopted-check.ts";
import { frameOf } from "../support/frames.ts";
import { all } from "../support/stores.ts";
import { hex, seededBytes, unhex } from "./make/shape.ts";
import {
  contentOf,
  expectRefused,
  type Refused,
  readVectors,
  type StoreVector,
  type VersionVector,
  writeStore,
} from "./read.ts";

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "artifold-vectors-"));
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

interface FramedObject {
  readonly digest: Digest;
  readonly bytes: string;
}

/** Reads all objects of a frame. */
function readFrame(bytes: Uint8Array, base?: Uint8Array): FramedObject[] {
  const frame = new Frame(bytes);
  frame.open(base);
  return Array.from({ length: frame.head.count }, (_, index) => {
    const digest = frame.digest(index);
    return { digest, bytes: hex(frame.object(index, digest)) };
  });
}

interface FrameVector {
  readonly name: string;
  readonly type: number;
  readonly codec: number;
  readonly objects: FramedObject[];
  readonly bases?: FramedObject[];
  readonly hex: string;
}

interface RefusedFrame extends Refused {
  readonly wanted: Digest;
  readonly base?: string;
}

describe.each(["addon", "node", "wasm"] satisfies CompressionName[])("frames, with zstd by %s", (implementation) => {
  const { valid, invalid } = readVectors<{ valid: FrameVector[]; invalid: RefusedFrame[] }>("frames");

  // Where an implementation is not there, another one takes its place.
  beforeAll(() => prepareCompression(implementation));

  test("hold their objects, and are written so where nothing is compressed", () => {
    expect(["addon", "node", "wasm"]).toContain(compressionImplementation());
    for (const { type, codec, objects, bases, hex: bytes } of valid) {
      expect(readFrame(unhex(bytes), bases && unhex(bases.map((base) => base.bytes).join("")))).toEqual(objects);
      expect(new Frame(unhex(bytes)).bases).toEqual(bases?.map((base) => base.digest) ?? []);
      expect(readFrameHead(unhex(bytes))).toMatchObject({ codec, count: objects.length });
      expect(readFrameLength(unhex(bytes))).toBe(bytes.length / 2);
      if (codec !== 0) continue;
      const name = Object.entries(frameTypes).find(([, number]) => number === type)?.[0] as ObjectType;
      const given = objects.map((object) => unhex(object.bytes));
      expect(hex(frameOf(name, given))).toBe(bytes);
    }
  });

  test("are refused where a rule is broken", () => {
    for (const each of invalid) {
      expectRefused([each], (bytes) => {
        const frame = new Frame(bytes);
        frame.open(each.base === undefined ? undefined : unhex(each.base));
        return frame.object(0, each.wanted);
      });
    }
  });
});

interface TableVector {
  readonly name: string;
  readonly table: string;
  readonly foot: string;
  readonly fileLength: number;
}

describe("tables", () => {
  const { valid, invalid } = readVectors<{
    valid: (TableVector & { rows: (TablePlace & { digest: Digest })[] })[];
    invalid: (TableVector & { wanted: Digest; why: string; code: string })[];
  }>("tables");

  test("say where objects lie", () => {
    for (const { table, foot, fileLength, rows } of valid) {
      const opened = openTable(unhex(table), decodeFoot(unhex(foot), fileLength));
      expect([...opened.rows()]).toEqual(rows);
      // Where one digest has several rows, any of them.
      for (const { digest } of rows) expect(rows).toContainEqual({ digest, ...opened.find(unhex(digest)) });
    }
  });

  test("are refused where a rule is broken", () => {
    for (const { name, table, foot, fileLength, wanted, why, code } of invalid) {
      const read = (): unknown => openTable(unhex(table), decodeFoot(unhex(foot), fileLength)).find(unhex(wanted));
      expect(read, `${name}: ${why}`).toThrow(expect.objectContaining({ code }));
    }
  });
});

describe("packs", () => {
  const { valid, invalidHeads } = readVectors<{
    valid: { name: Digest; kind: string; objects: { digest: Digest; bytes: string }[]; hex: string }[];
    invalidHeads: Refused[];
  }>("packs");

  test("have the hash of all their bytes as name, and are read by the table and by a scan", async () => {
    await prepareCompression();
    for (const { name, kind, objects, hex: text } of valid) {
      const bytes = unhex(text);
      expect(hashContent(bytes)).toBe(name);
      expect(readPackHead(bytes)).toBe(kind);
      const foot = decodeFoot(bytes.subarray(-64), bytes.length);
      const table = openTable(bytes.subarray(foot.tableOffset, foot.tableOffset + foot.tableLength), foot);
      for (const { digest, bytes: content } of objects) {
        const place = table.find(unhex(digest)) as TablePlace;
        const frame = new Frame(bytes.subarray(place.offset, place.offset + place.length));
        expect(hex(frame.object(place.index, digest))).toBe(content);
      }
      const scanned: unknown[] = [];
      for (let at = 32; at < foot.tableOffset; ) {
        const length = readFrameLength(bytes.subarray(at));
        scanned.push(...readFrame(bytes.subarray(at, at + length)));
        at += length;
      }
      expect(scanned).toEqual(objects);
    }
  });

  test("are refused by their heads", () => {
    expectRefused(invalidHeads, readPackHead);
  });
});

interface AdoptedVectors {
  readonly valid: {
    name: string;
    content: { seed: number; length: number };
    chunks: { digest: Digest; offset: number; length: number }[];
    table: string;
  }[];
  readonly invalid: { name: string; why: string; table: string }[];
}

describe("adopted files", () => {
  const { valid, invalid } = readVectors<AdoptedVectors>("adopted");
  const [{ name, content, chunks, table }] = valid as [AdoptedVectors["valid"][number]];
  const bytes = seededBytes(content.seed, content.length);

  /** What verify says of the file with this table beside it. */
  function found(beside: Uint8Array): unknown[] {
    fs.mkdirSync(path.join(folder, "files"));
    const file = `files/${name}`;
    fs.writeFileSync(path.join(folder, file), bytes);
    fs.writeFileSync(path.join(folder, tablePathOf(file)), beside);
    const fd = fs.openSync(path.join(folder, file), "r");
    const check = new AdoptedCheck(nodeFileSystem, folder, fd, file);
    fs.closeSync(fd);
    return check.table().map(({ problem }) => problem.kind);
  }

  test("are the content alone, named by its digest, and a table that tells of all of it", async () => {
    expect(name.startsWith(`${hashContent(bytes)}-`)).toBe(true);
    expect(found(unhex(table))).toEqual([]);
    const objects = new ObjectStore(nodeFileSystem, folder, { find: () => undefined });
    objects.setFiles([{ path: `files/${name}` }]);
    for (const { digest, offset, length } of chunks) {
      expect(hex(objects.read(digest, "chunk"))).toBe(hex(bytes.subarray(offset, offset + length)));
    }
    objects.close();
  });

  test.each(invalid.map((each) => [each.why, each.table] as const))("are damaged with %s", (_, beside) => {
    expect(found(unhex(beside))).toEqual(["damaged"]);
  });
});

interface Journals {
  readonly mark: string;
  readonly entries: { changes: Record<string, unknown>[]; payload: string }[];
  readonly checkpoint: { artifacts: unknown[]; payload: string };
  readonly cases: {
    name: string;
    segments: (string | null)[];
    meets: unknown[];
    tornAt?: number;
    damagedAt?: number;
  }[];
}

describe("journals", () => {
  const { cases, entries, checkpoint } = readVectors<Journals>("journals");

  test.each(cases.map((each) => [each.name, each] as const))("%s", (_, { segments, meets, tornAt, damagedAt }) => {
    fs.mkdirSync(path.join(folder, "journal"));
    segments.forEach((segment, index) => {
      if (segment !== null) fs.writeFileSync(path.join(folder, segmentPath(index + 1)), unhex(segment));
    });
    const items = [...new Journal(nodeFileSystem, folder).read(JOURNAL_START)];
    const met = items.map((item) => {
      if (item.kind === "record") return item.record.sequence;
      return item.kind === "unknown" ? "unknown kind" : item.kind;
    });
    expect(met).toEqual(meets);
    const torn = items.find((item) => item.kind === "torn");
    expect(torn?.offset).toBe(tornAt);
    const damaged = items.find((item) => item.kind === "damage");
    if (damagedAt !== undefined) expect(damaged?.damage.offset).toBe(damagedAt);
  });

  test("payloads say what the vectors say", () => {
    for (const { changes, payload } of entries) {
      const entry = decodeEntry(unhex(payload));
      const expected = changes.map((each) => ("core" in each ? { ...each, core: unhex(String(each["core"])) } : each));
      expect(entry).toEqual({ at: 1_700_000_000_000, by: "mina", packs: [], changes: expected });
    }
    expect(decodeCheckpoint(unhex(checkpoint.payload))).toEqual({ artifacts: checkpoint.artifacts });
  });
});

interface Stores {
  readonly small: StoreVector;
  readonly pushed: StoreVector;
  readonly pulled: StoreVector;
  readonly refusedMarks: { mark: string; why: string; code: string }[];
}

/** Versions are read as they are expected, and what is not in the store is asked of a remote, which is not there. */
async function expectVersion(store: Store, expected: VersionVector): Promise<void> {
  const version = await store.resolve(`sample:V${expected.number}`, { removed: true });
  const { id, removed, message, metadata, forGood, whole } = expected;
  expect(version).toMatchObject({ id, removed, message, metadata, published: forGood, isComplete: whole });
  if (expected.entries === null) {
    await expect(all(version.entries())).rejects.toMatchObject({ code: "NOT_FOUND" });
    return;
  }
  const entries = await all(version.entries());
  expect(entries.map(({ path: each, kind }) => [each, kind])).toEqual(
    expected.entries.map(({ path: each, kind }) => [each, kind]),
  );
  for (const file of Object.keys(expected.contents)) {
    const reading = version.read(file);
    if (expected.missing.includes(file)) await expect(reading).rejects.toMatchObject({ code: "NOT_FOUND" });
    else expect(hex(await reading)).toBe(hex(contentOf(expected, file)));
  }
}

async function expectRun(store: Store, vector: StoreVector["runs"][number]): Promise<void> {
  const { used, made, ended, startedAt, ...expected } = vector;
  const run = await store.getRun(`@${expected.id}`);
  expect(run).toMatchObject({ ...expected, startedAt: new Date(startedAt).toISOString() });
  const { at, ...end } = ended ?? { at: undefined, state: "running", exitCode: null, signal: null };
  expect(run).toMatchObject({ ...end, endedAt: at === undefined ? null : new Date(at).toISOString() });
  const ids = { used: [] as Digest[], made: [] as Digest[] };
  for await (const version of run.uses()) ids.used.push(version.id);
  for await (const version of run.made()) ids.made.push(version.id);
  expect(ids).toEqual({ used, made });
}

describe("stores", () => {
  const { refusedMarks, ...stores } = readVectors<Stores>("stores");
  const { small, pushed, pulled } = stores;

  test.each(["small", "pushed", "pulled"] as const)(
    "the %s one opens without its catalog and answers",
    async (name) => {
      const vector = stores[name];
      writeStore(folder, vector);
      await using store = await openStore(folder, { create: false, workers: 0 });
      expect(store.damage).toEqual([]);
      expect(await store.remotes.list()).toMatchObject(
        vector.remotes.map(({ name: each, url }) => ({ name: each, url })),
      );
      for (const { name: each, tags, highest, artifact } of vector.artifacts) {
        const found = await all(store.versions(each, { removed: true }));
        expect(found.map(({ number }) => number).reverse()).toEqual(vector.versions.map(({ number }) => number));
        for (const [tag, id] of Object.entries(tags)) {
          const { number } = await store.resolve(`${each}:${tag}`, { removed: true });
          expect(number).toBe([...vector.versions, ...vector.alsoMade].find((known) => known.id === id)?.number);
        }
        expect(store.engine.catalog.artifactById(artifact)).toMatchObject({ artifact, highest });
      }
      for (const expected of vector.versions) await expectVersion(store, expected);
      for (const { holder, ...expected } of vector.alsoMade) {
        const { version: id, ...found } = store.engine.catalog.versionById(expected.id) ?? {};
        expect({ id, ...found }).toMatchObject(expected);
        expect(store.engine.catalog.holderOf(expected.id)).toBe(holder);
      }
      for (const expected of vector.runs) await expectRun(store, expected);
      expect(await store.verify()).toMatchObject({ ok: true, versions: vector.versions.length });
    },
  );

  test("leave out what was removed", async () => {
    writeStore(folder, small);
    await using store = await openStore(folder, { create: false, workers: 0 });
    await expect(store.resolve("sample:V1")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await store.resolve("sample")).number).toBe(3);
  });

  test.each([
    ["small", "V4", small],
    ["pushed", "V4", pushed],
    ["pulled", "V6", pulled],
  ] as const)("go on where the %s one ends: the next version is %s", async (_, next, vector) => {
    writeStore(folder, vector);
    await using store = await openStore(folder, { create: false, workers: 0 });
    const artifact = await store.artifact({ name: "sample", type: "dataset", experiment: "pets" });
    await artifact.add(new Uint8Array([1]), { as: "one" });
    expect((await artifact.upload()).version).toBe(next);
  });

  test("with a mark that is not known are refused, and left as they are", async () => {
    for (const { mark, why, code } of refusedMarks) {
      fs.writeFileSync(path.join(folder, "format.json"), mark);
      const opening = openStore(folder, { create: false, workers: 0 });
      await expect(opening, why).rejects.toMatchObject({ code });
      expect(fs.readdirSync(folder)).toEqual(["format.json"]);
    }
  });
});
