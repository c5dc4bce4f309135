/** Each file call of an upload fails once: what was there stays, what was told holds, nothing is half visible. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ArtifoldError, isArtifoldError, openStore, type UploadResult } from "../../src/index.ts";
import { type Fault, FaultyFileSystem, type FileCall } from "../../src/testing/index.ts";

let folder: string;
let store: string;
let data: string;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-faults-"));
  store = path.join(folder, "store");
  data = path.join(folder, "data");
  mkdirSync(data);
  for (let file = 0; file < 4; file++) writeFileSync(path.join(data, `file-${file}`), `old ${file}`);
  await upload(store);
  cpSync(store, path.join(folder, "before"), { recursive: true });
  for (let file = 0; file < 6; file++) writeFileSync(path.join(data, `file-${file}`), `new ${file}`.repeat(5000));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function upload(place: string, fs?: FaultyFileSystem): Promise<UploadResult> {
  await using open = await openStore(place, { workers: 0, ...(fs !== undefined && { fs }) });
  await using artifact = await open.artifact({ name: "sample", type: "dataset" });
  await artifact.mirror(data);
  return await artifact.upload();
}

/** Sets the store back, and forgets the folder: each attempt begins alike. */
function setBack(): void {
  rmSync(store, { recursive: true });
  cpSync(path.join(folder, "before"), store, { recursive: true });
}

/** The versions of the store as a process sees them that comes after, each whole. */
async function expectWhole(): Promise<number> {
  await using open = await openStore(store, { workers: 0 });
  expect(await open.verify()).toMatchObject({ ok: true, problems: [] });
  let count = 0;
  for await (const version of open.versions("sample")) {
    count++;
    const isOld = version.number === 1;
    expect(version.files).toBe(isOld ? 4 : 6);
    for await (const entry of version.entries()) {
      const text = Buffer.from(await version.read(entry.path)).toString();
      const number = entry.path.slice("file-".length);
      expect(text).toBe(isOld ? `old ${number}` : `new ${number}`.repeat(5000));
    }
  }
  return count;
}

async function callsOfUpload(): Promise<FileCall[]> {
  const calls: FileCall[] = [];
  const fs = new FaultyFileSystem((call) => void calls.push(call));
  expect(await upload(store, fs)).toMatchObject({ version: "V2" });
  return calls;
}

/** Runs the upload with one fault at each call that is meant. */
async function eachCall(
  isMeant: (call: FileCall) => boolean,
  makeFault: (call: FileCall, fs: FaultyFileSystem) => Fault | undefined,
  onEnd: (error: unknown, call: FileCall) => Promise<void>,
): Promise<number> {
  const meant = (await callsOfUpload()).filter(isMeant);
  for (const target of meant) {
    setBack();
    const fs = new FaultyFileSystem();
    fs.decide = (call) => (call.number === target.number ? makeFault(call, fs) : undefined);
    const error = await upload(store, fs).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await onEnd(error, target);
  }
  return meant.length;
}

function expectKnownError(error: unknown, call: FileCall): void {
  if (error === undefined) return;
  expect(isArtifoldError(error), `${call.number} ${call.name} ${call.path}: ${String(error)}`).toBe(true);
}

const isWrite = ({ name }: FileCall): boolean =>
  [
    "open",
    "write",
    "writeLater",
    "writeManyLater",
    "flush",
    "rename",
    "renameLater",
    "makeFolder",
    "truncate",
    "setMode",
    "setModeLater",
  ].includes(name);

test.each(["ENOSPC", "EIO"])("%s at any write leaves old or new versions, and the next upload works", async (errno) => {
  const count = await eachCall(
    isWrite,
    () => errno,
    async (error, call) => {
      expectKnownError(error, call);
      const versions = await expectWhole();
      if (error === undefined) expect(versions).toBe(2);
      else if ((error as ArtifoldError).happened === "no") expect(versions).toBe(1);
      else if ((error as ArtifoldError).happened === "yes") expect(versions).toBe(2);
      expect(await upload(store)).toMatchObject({ version: "V2" });
      expect(await expectWhole()).toBe(2);
    },
  );
  expect(count).toBeGreaterThan(5);
});

test("EIO at any read or look is told, and nothing is made of it", async () => {
  await eachCall(
    (call) => !isWrite(call) && call.name !== "close",
    () => "EIO",
    async (error, call) => {
      expectKnownError(error, call);
      const versions = await expectWhole();
      if (error !== undefined && (error as ArtifoldError).happened === "no") expect(versions).toBe(1);
    },
  );
});

test("short writes are written on", async () => {
  const count = await eachCall(
    ({ name }) => name.startsWith("write"),
    () => ({ writeOnly: 1 }),
    async (error) => {
      expect(error).toBeUndefined();
      expect(await expectWhole()).toBe(2);
    },
  );
  expect(count).toBeGreaterThan(0);
});

test("a power cut at any call leaves what was told, and nothing between", async () => {
  await eachCall(
    () => true,
    (_, fs) => {
      fs.powerCut();
      return "EIO";
    },
    async (error) => {
      expect(error).toBeDefined();
      // The catalog is a cache: SQLite's files may be lost or behind.
      expect([1, 2]).toContain(await expectWhole());
      expect(await upload(store)).toMatchObject({ version: "V2" });
    },
  );
});

test("what upload returned for survives a power cut, with and without the catalog", async () => {
  for (const keepsCatalog of [true, false]) {
    setBack();
    const fs = new FaultyFileSystem();
    expect(await upload(store, fs)).toMatchObject({ version: "V2" });
    fs.powerCut();
    if (!keepsCatalog)
      for (const end of ["", "-wal", "-shm"]) rmSync(path.join(store, `catalog.db${end}`), { force: true });
    expect(await expectWhole()).toBe(2);
  }
});

test("a version that needs packs survives a power cut", async () => {
  const bytes = Buffer.alloc(6 * 1024 * 1024);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(Math.imul(at ^ (at >>> 7), 2654435761) >>> 0, at);
  const fs = new FaultyFileSystem();
  {
    await using open = await openStore(store, { workers: 0, fs });
    await using artifact = await open.artifact({ name: "large", type: "dataset" });
    await artifact.add(bytes, { as: "bytes" });
    await artifact.upload();
  }
  fs.powerCut();
  await using open = await openStore(store, { workers: 0 });
  const large = await open.getArtifact({ name: "large" });
  expect(Buffer.from(await large.read("bytes")).equals(bytes)).toBe(true);
  expect(await open.verify()).toMatchObject({ ok: true });
});
