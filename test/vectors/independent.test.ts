/** docs/format.md is enough: a reader written from it reads what artifold writes, without the catalog. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Digest } from "../../src/digest/index.ts";
import { type EntryView, openStore, type Run, type Store, type Version } from "../../src/index.ts";
import { copyingFileSystem } from "../support/copying-file-system.ts";
import { all } from "../support/stores.ts";
import { hex, seededBytes, text } from "./make/shape.ts";
import { contentOf, readVectors, type StoreVector, writeStore } from "./read.ts";

interface ReadVersion {
  readonly id: Digest;
  readonly number: number;
  readonly removed: boolean;
  readonly forGood: boolean;
  readonly whole: boolean;
  readonly manifest: string;
  readonly parents: readonly string[];
  readonly createdBy: string;
  readonly message: string;
  readonly metadata: unknown;
}

interface ReadRun {
  readonly id: string;
  readonly name: string;
  readonly config: unknown;
  readonly ended: unknown;
  readonly used: readonly string[];
  readonly made: readonly string[];
}

interface ReadEntry {
  readonly path: string;
  readonly kind: EntryView["kind"];
  readonly size?: number;
  readonly digest?: string;
  readonly executable?: boolean;
}

interface ReadStore {
  readonly remotes: readonly { name: string; url: string }[];
  readonly artifacts: readonly { artifact: Digest; name: string; highest: number; tags: Record<string, string> }[];
  readonly versions: readonly ReadVersion[];
  readonly alsoMade: readonly (ReadVersion & { holder: Digest })[];
  readonly runs: readonly ReadRun[];
  entries(manifest: string): ReadEntry[];
  content(entry: ReadEntry): Uint8Array;
}

async function readStore(at: string): Promise<ReadStore> {
  // Not a part of the program that is checked, nor of its types.
  const script = new URL("./independent-reader.mjs", import.meta.url).href;
  const reader = (await import(script)) as { readStore(folder: string): Promise<ReadStore> };
  return reader.readStore(at);
}

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "artifold-independent-"));
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A folder of small and large files, compressible and not, in several folders. */
function makeFolder(at: string): void {
  const write = (name: string, bytes: Uint8Array, mode = 0o644): void => {
    fs.mkdirSync(path.dirname(path.join(at, name)), { recursive: true });
    fs.writeFileSync(path.join(at, name), bytes, { mode });
  };
  write("empty", new Uint8Array());
  write("run.sh", text("#!/bin/sh\n"), 0o755);
  write("고양이/야옹.txt", text("야옹\n"));
  for (let number = 0; number < 300; number++)
    write(`rows/${number % 7}/${number}.txt`, text(`row ${number}\n`.repeat(number)));
  write("noise.bin", seededBytes(21, 3_000_000));
  write("more noise.bin", seededBytes(22, 4_000_000));
  write("model.bin", seededBytes(23, 17 * 1024 * 1024));
  write("text.txt", text("the same line, again and again\n".repeat(60_000)));
  fs.mkdirSync(path.join(at, "nothing here"));
  fs.symlinkSync("rows/0/0.txt", path.join(at, "link"));
}

/** Uploads of one artifact: a large one, a small one, and what can happen to versions. */
async function makeStore(at: string): Promise<void> {
  await using store = await openStore(at, { user: "mina", workers: 0, fs: copyingFileSystem });
  const artifact = await store.artifact({ name: "sample", type: "dataset" });
  await artifact.add(path.join(folder, "data"));
  const metadata = { epochs: 3, nested: { list: [1, "two", null] } };
  await artifact.upload({ message: "first", metadata, tags: ["prod", "old"] });
  const again = await store.artifact({ name: "sample", type: "dataset" });
  await again.add(text("new\n"), { as: "new.txt" });
  await again.remove("empty");
  await again.upload({ message: "second", tags: ["prod"] });
  const third = await store.artifact({ name: "sample", type: "dataset" });
  await third.remove("new.txt");
  await third.upload();
  await (await store.resolve("sample:V2")).remove();
}

async function versionsOf(store: Store): Promise<Version[]> {
  const versions: Version[] = [];
  for await (const version of store.versions("sample", { removed: true })) versions.push(version);
  return versions.reverse();
}

describe("a reader written from docs/format.md", () => {
  test("reads versions, entries and every byte of a store that artifold has just made", async () => {
    makeFolder(path.join(folder, "data"));
    const at = path.join(folder, "store");
    await makeStore(at);
    for (const name of fs.readdirSync(at)) if (/^(catalog|cache|lock)/.test(name)) fs.rmSync(path.join(at, name));
    for (const part of ["packs", "files"]) expect(fs.readdirSync(path.join(at, part))).not.toEqual([]);
    const read = await readStore(at);
    await using store = await openStore(at, { create: false, workers: 0 });
    const versions = await versionsOf(store);
    expect(versions).toHaveLength(3);
    expect(read.versions.map(({ id, number, message, createdBy }) => [id, number, message, createdBy])).toEqual(
      versions.map(({ id, number, message, createdBy }) => [id, number, message, createdBy]),
    );
    expect(read.versions.map(({ metadata, parents }) => [metadata, parents])).toEqual(
      versions.map(({ metadata, parents }) => [metadata, parents]),
    );
    expect(read.versions.map(({ removed }) => removed)).toEqual([false, true, false]);
    expect(read.artifacts).toMatchObject([{ name: "sample", highest: 3 }]);
    expect(read.artifacts[0]?.tags).toEqual({ prod: versions[1]?.id, old: versions[0]?.id });
    for (const [index, version] of versions.entries()) {
      const entries = read.entries(read.versions[index]?.manifest as string);
      const own: EntryView[] = [];
      for await (const entry of version.entries()) own.push(entry);
      expect(entries.map(({ path: each, kind }) => [each, kind])).toEqual(own.map((entry) => [entry.path, entry.kind]));
      for (const entry of entries) {
        if (entry.kind !== "file") continue;
        const bytes = read.content(entry);
        expect(Buffer.compare(bytes, await version.read(entry.path)), entry.path).toBe(0);
      }
    }
  });

  test.each(["small", "pushed", "pulled"] as const)("reads the %s store of the vectors", async (name) => {
    const { [name]: vector } = readVectors<Record<typeof name, StoreVector>>("stores");
    writeStore(folder, vector);
    const read = await readStore(folder);
    expect(read.remotes).toEqual(vector.remotes);
    expect(read.artifacts).toEqual(vector.artifacts);
    expect(read.runs).toEqual(vector.runs);
    expect(read.alsoMade).toHaveLength(vector.alsoMade.length);
    expect(read.alsoMade).toMatchObject(vector.alsoMade);
    expect(read.versions).toHaveLength(vector.versions.length);
    for (const [index, expected] of vector.versions.entries()) {
      const { entries, contents, missing, ...version } = expected;
      const found = read.versions[index] as ReadVersion;
      expect(found).toMatchObject(version);
      if (entries === null) {
        expect(() => read.entries(found.manifest)).toThrow("an object that is nowhere");
        continue;
      }
      const readEntries = read.entries(found.manifest);
      expect(readEntries).toEqual(entries.map((entry) => expect.objectContaining(entry)));
      for (const file of Object.keys(contents)) {
        const entry = readEntries.find((each) => each.path === file) as ReadEntry;
        if (missing.includes(file)) expect(() => read.content(entry)).toThrow("an object that is nowhere");
        else expect(hex(read.content(entry))).toBe(hex(contentOf(expected, file)));
      }
    }
  });
});

/** Uploads a version that has these files and nothing else. */
async function uploadFiles(from: Store | Run, files: Readonly<Record<string, string>>): Promise<Version> {
  await using draft = await from.artifact({ name: "sample", type: "dataset" });
  await draft.remove("**");
  for (const [as, content] of Object.entries(files)) await draft.add(text(content), { as });
  await draft.upload();
  return from.getArtifact({ name: "sample", type: "dataset" });
}

/** What the independent reader says of a store is what the store itself says. */
async function expectSame(store: Store): Promise<ReadStore> {
  const read = await readStore(store.folder);
  const versions = await versionsOf(store);
  expect(read.versions.map(({ id, number, removed, message }) => [id, number, removed, message])).toEqual(
    versions.map(({ id, number, removed, message }) => [id, number, removed, message]),
  );
  expect(read.versions.map(({ forGood, whole, metadata }) => [forGood, whole, metadata])).toEqual(
    versions.map(({ published, isComplete, metadata }) => [published, isComplete, metadata]),
  );
  const { catalog } = store.engine;
  for (const { artifact, highest } of read.artifacts) {
    expect(catalog.artifactById(artifact)).toMatchObject({ name: "sample", highest });
  }
  for (const { id, number, message, holder } of read.alsoMade) {
    expect(catalog.versionById(id)).toMatchObject({ number, message });
    expect(catalog.holderOf(id)).toBe(holder);
  }
  for (const [tag, id] of Object.entries(read.artifacts[0]?.tags ?? {})) {
    const { number } = await store.resolve(`sample:${tag}`, { removed: true });
    expect(number).toBe([...read.versions, ...read.alsoMade].find((each) => each.id === id)?.number);
  }
  for (const [index, version] of versions.entries()) {
    if (!version.isComplete) continue;
    for (const entry of read.entries(read.versions[index]?.manifest as string)) {
      expect(Buffer.compare(read.content(entry), await version.read(entry.path)), entry.path).toBe(0);
    }
  }
  for (const { id, config, used, made } of read.runs) {
    const run = await store.getRun(`@${id}`);
    expect(run.config).toEqual(config);
    expect((await all(run.uses())).map((version) => version.id)).toEqual(used);
    expect((await all(run.made())).map((version) => version.id)).toEqual(made);
  }
  return read;
}

describe("a reader written from docs/format.md, of stores that have a remote,", () => {
  test("reads what pushes and pulls made of them", async () => {
    await using one = await openStore(path.join(folder, "one"), { user: "theo", workers: 0 });
    await using two = await openStore(path.join(folder, "two"), { user: "mina", workers: 0 });
    for (const store of [one, two]) await store.remotes.add("origin", path.join(folder, "hub"));
    await (await uploadFiles(one, { a: "1" })).tag("prod");
    await uploadFiles(one, { a: "2" });
    await one.push({ remote: "origin" });
    await expectSame(one);
    await two.pull({ remote: "origin", metadataOnly: true });
    expect((await expectSame(two)).versions).toMatchObject([{ whole: false }, { whole: false }]);

    const run = await two.startRun({ config: { rate: 1 } });
    await uploadFiles(run, { a: "3" });
    await (await uploadFiles(run, { a: "3", b: "4" })).tag("prod");
    await (await two.resolve("sample:V1")).annotate({ message: "mine" });
    await (await uploadFiles(one, { a: "3" })).tag("prod");
    await (await uploadFiles(one, { c: "5" })).tag("best");
    await (await one.resolve("sample:V1")).annotate({ message: "his", metadata: { stars: 5 } });
    await (await one.resolve("sample:V2")).remove();
    await one.push({ remote: "origin" });
    await two.pull({ remote: "origin", refs: ["sample:V4"] });
    await expectSame(one);
    const read = await expectSame(two);
    expect(read.versions.map(({ forGood }) => forGood)).toEqual([true, true, true, true, false]);
    expect(read.alsoMade).toMatchObject([{ number: 3, createdBy: "mina" }]);
    await run.finish();
    await two.push({ remote: "origin" });
    await one.pull({ remote: "origin" });
    for (const store of [one, two]) await expectSame(store);
  });
});

function hasB3sum(): boolean {
  try {
    execFileSync("b3sum", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("b3sum", () => {
  test.skipIf(!hasB3sum())(
    "prints the digest of every file of a version, and the name of every pack (needs b3sum)",
    async () => {
      const data = path.join(folder, "data");
      makeFolder(data);
      const at = path.join(folder, "store");
      await using store = await openStore(at, { workers: 0 });
      const artifact = await store.artifact({ name: "sample", type: "dataset" });
      await artifact.add(data);
      await artifact.upload();
      const version = await store.resolve("sample");
      const digests = new Map<string, string | null>();
      for await (const entry of version.entries()) if (entry.kind === "file") digests.set(entry.path, entry.digest);
      expect(digests.size).toBe(307);
      expect(sums(data, [...digests.keys()])).toEqual([...digests.values()]);
      const packs = fs.readdirSync(path.join(at, "packs"));
      expect(packs.length).toBeGreaterThan(0);
      expect(sums(path.join(at, "packs"), packs)).toEqual(packs.map((name) => name.replace(".pack", "")));
    },
  );
});

/** What b3sum prints of files of a folder. */
function sums(cwd: string, names: readonly string[]): string[] {
  const printed = execFileSync("b3sum", ["--no-names", "--", ...names], { cwd, encoding: "utf8" });
  return printed.trim().split("\n");
}
