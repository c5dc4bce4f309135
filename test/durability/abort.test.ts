/** An aborted call rejects with the signal's own reason, changes nothing, and leaves a store that works. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { LongCallOptions, ProgressPhase, Store } from "../../src/index.ts";
import { openStore } from "../../src/index.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { noise } from "../support/folders.ts";
import { all, openScratch, readFiles, scratch } from "../support/stores.ts";

const reason = new Error("no longer wanted");
let folder: string;
let data: string;

beforeEach(() => {
  folder = scratch();
  data = path.join(folder, "data");
  mkdirSync(data);
  write(1);
});

/** More than fits into the journal, so that packs are made: 24 files of 300 KB, and one that is read window by window. */
function write(round: number): void {
  for (let file = 0; file < 24; file++)
    writeFileSync(path.join(data, `file-${file}`), noise(300_000, round * 100 + file));
  writeFileSync(path.join(data, "large"), noise(5_000_000, round * 100 + 99));
}

async function upload(store: Store, call: LongCallOptions = {}): Promise<string> {
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  await draft.mirror(data, call);
  return (await draft.upload(call)).version;
}

/** Options of a call that is aborted when it tells of a phase (of any, without one) for the n-th time. */
function abortAt(phase: ProgressPhase | undefined, nth: number): LongCallOptions & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  let seen = 0;
  return {
    signal: controller.signal,
    onProgress: (event) => {
      if ((phase === undefined || event.phase === phase) && ++seen === nth) controller.abort(reason);
    },
  };
}

async function expectUsable(store: Store, versions: readonly string[]): Promise<void> {
  expect((await all(store.versions("sample"))).map((version) => version.version)).toEqual(versions);
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] });
  expect(readdirSync(path.join(store.folder, "packs")).filter((name) => !name.endsWith(".pack"))).toEqual([]);
}

describe.each([0, 2])("with %i threads", (workers) => {
  test.each([
    ["scan", 1],
    ["store", 1],
    ["store", 12],
    ["store", 26],
    ["publish", 1],
  ] as const)("an upload that is aborted at %s %i makes no version", async (phase, nth) => {
    const store = await openScratch(path.join(folder, "store"), { workers });
    await upload(store);
    write(2);
    const call = abortAt(phase, nth);
    await expect(upload(store, call)).rejects.toBe(reason);
    expect(call.signal.aborted).toBe(true);
    await expectUsable(store, ["V1"]);
    expect(await upload(store)).toBe("V2");
    await expectUsable(store, ["V2", "V1"]);
  });

  test.each([1, 20])(
    "a download that is aborted at file %i leaves whole files only, and can be made again",
    async (nth) => {
      const store = await openScratch(path.join(folder, "store"), { workers });
      await upload(store);
      const version = await store.getArtifact({ name: "sample" });
      const target = path.join(folder, "target");
      const whole = readFiles(data);
      const ended = await version.download(target, abortAt("write", nth)).catch((error: unknown) => error);
      const left = readFiles(target);
      for (const [name, text] of Object.entries(left)) expect(text === whole[name], name).toBe(true);
      // All may have been under way already when the signal came: then it was done, and says so.
      if (ended !== reason) expect(Object.keys(left)).toEqual(Object.keys(whole));
      if (nth === 1 || workers === 0) expect(ended).toBe(reason);
      await version.download(target);
      const again = readFiles(target);
      expect(Object.keys(again)).toEqual(Object.keys(whole));
      for (const [name, text] of Object.entries(again)) expect(text === whole[name], name).toBe(true);
      await expectUsable(store, ["V1"]);
    },
  );
});

test("a download that is aborted while it plans has written nothing", async () => {
  const store = await openScratch(path.join(folder, "store"));
  await upload(store);
  const target = path.join(folder, "target");
  await (await store.getArtifact({ name: "sample" })).download(target);
  const before = readFiles(target);
  write(2);
  await upload(store);
  const second = await store.getArtifact({ name: "sample" });
  await expect(second.download(target, abortAt("plan", 1))).rejects.toBe(reason);
  expect(Object.entries(readFiles(target)).every(([name, text]) => before[name] === text)).toBe(true);
  expect(Object.keys(readFiles(target))).toEqual(Object.keys(before));
  await second.download(target);
  const whole = readFiles(data);
  expect(Object.entries(readFiles(target)).every(([name, text]) => whole[name] === text)).toBe(true);
});

test("a change of version that is aborted while it writes is completed by the same call", async () => {
  const store = await openScratch(path.join(folder, "store"));
  await upload(store);
  const target = path.join(folder, "target");
  await (await store.getArtifact({ name: "sample" })).download(target);
  write(2);
  await upload(store);
  const second = await store.getArtifact({ name: "sample" });
  await expect(second.download(target, abortAt("write", 6))).rejects.toBe(reason);
  await second.download(target);
  const whole = readFiles(data);
  const after = readFiles(target);
  expect(Object.keys(after)).toEqual(Object.keys(whole));
  expect(Object.entries(after).every(([name, text]) => whole[name] === text)).toBe(true);
});

test("a draft whose mirror was aborted takes the same call again", async () => {
  const store = await openScratch(path.join(folder, "store"));
  await upload(store);
  write(2);
  {
    await using draft = await store.artifact({ name: "sample", type: "dataset" });
    await expect(draft.mirror(data, abortAt("store", 8))).rejects.toBe(reason);
    await draft.mirror(data);
    expect((await draft.upload()).version).toBe("V2");
  }
  const version = await store.getArtifact({ name: "sample" });
  for (const [name, text] of Object.entries(readFiles(data))) {
    expect(Buffer.from(await version.read(name)).toString("latin1") === text, name).toBe(true);
  }
  await expectUsable(store, ["V2", "V1"]);
});

test("a difference with a folder that is aborted ends with the reason, and the next one is whole", async () => {
  const store = await openScratch(path.join(folder, "store"));
  await upload(store);
  const version = await store.getArtifact({ name: "sample" });
  write(2);
  await expect(all(version.diffFolder(data, abortAt(undefined, 1)))).rejects.toBe(reason);
  expect(await all(version.diffFolder(data))).toHaveLength(25);
});

test("a verify that is aborted says so, however little there was left to read", async () => {
  const store = await openScratch(path.join(folder, "store"));
  await upload(store);
  let told = 0;
  await store.verify({ onProgress: () => told++ });
  expect(told).toBeGreaterThan(0);
  await expect(store.verify(abortAt("verify", told))).rejects.toBe(reason);
  const version = await store.getArtifact({ name: "sample" });
  told = 0;
  await store.verify({ onProgress: () => told++ }, [version]);
  expect(told).toBeGreaterThan(0);
  await expect(store.verify(abortAt("verify", told), [version])).rejects.toBe(reason);
  await expectUsable(store, ["V1"]);
});

test("a signal that was aborted before ends every long call", async () => {
  const store = await openScratch(path.join(folder, "store"));
  await upload(store);
  const signal = AbortSignal.abort(reason);
  const version = await store.getArtifact({ name: "sample" });
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  await expect(draft.add(data, { signal })).rejects.toBe(reason);
  await expect(draft.mirror(data, { signal })).rejects.toBe(reason);
  await expect(draft.upload({ signal })).rejects.toBe(reason);
  const target = path.join(folder, "target");
  await expect(version.download(target, { signal })).rejects.toBe(reason);
  await expect(all(version.diffFolder(data, { signal }))).rejects.toBe(reason);
  await expect(store.verify({ signal })).rejects.toBe(reason);
  await draft.close();
  await expectUsable(store, ["V1"]);
});

test("aborted at any file call, an upload made its version or rejects with the reason", async () => {
  const source = path.join(folder, "small");
  mkdirSync(source);
  for (const name of ["a", "b", "c"]) writeFileSync(path.join(source, name), name);
  const attempt = async (abortAtCall: number): Promise<number> => {
    const controller = new AbortController();
    const place = path.join(folder, `store-${abortAtCall}`);
    await (await openStore(place, { workers: 0 })).close();
    const fs = new FaultyFileSystem(({ number }) => {
      if (number === abortAtCall) controller.abort(reason);
      return undefined;
    });
    let made: string | undefined;
    {
      await using store = await openStore(place, { workers: 0, fs });
      await using draft = await store.artifact({ name: "sample", type: "dataset" });
      try {
        await draft.add(source, { signal: controller.signal });
        made = (await draft.upload({ signal: controller.signal })).version;
      } catch (error) {
        expect(error).toBe(reason);
      }
    }
    await using store = await openStore(place, { workers: 0 });
    const versions = made === undefined ? [] : [made];
    const seen = (await all(store.artifacts())).map((artifact) => artifact.latest);
    expect(seen, `aborted at call ${abortAtCall}`).toEqual(versions);
    return fs.calls;
  };
  const calls = await attempt(0);
  expect(calls).toBeGreaterThan(20);
  for (let call = 1; call <= calls; call += call < 40 ? 1 : 3) await attempt(call);
});
