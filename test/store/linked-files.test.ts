/** `link`: files of a download are links into a cache of read-only files, which is checked before it is used again. */
import { chmodSync, linkSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { DownloadOptions, DownloadResult, Store } from "../../src/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { canMount, SmallDisk } from "../support/small-disk.ts";
import { all, newFolder, openScratch, readFiles, scratch, uploadFiles, writeFiles } from "../support/stores.ts";

const large: string = Buffer.from(randomBytesOf(1, 3_000_000)).toString("latin1");
const first = {
  "a.txt": "one",
  "sub/b.txt": "two",
  "sub/same.txt": "one",
  empty: "",
  "large.bin": Buffer.from(large, "latin1"),
};

function download(store: Store, ref: string, out: string, options: DownloadOptions = {}): Promise<DownloadResult> {
  return store.resolve(ref).then((version) => version.download(out, { link: true, ...options }));
}

function cacheOf(store: Store): string {
  return path.join(store.folder, "cache-files");
}

function inodeOf(...parts: string[]): number {
  return statSync(path.join(...parts)).ino;
}

test("two folders share one file each, read-only, and their content is right", async () => {
  const store = await openScratch();
  await uploadFiles(store, first);
  const [one, two] = [path.join(scratch(), "one"), path.join(scratch(), "two")];
  expect(await download(store, "sample", one)).toMatchObject({ written: 5, linked: 5 });
  expect(await download(store, "sample", two)).toMatchObject({ written: 5, linked: 5 });
  for (const out of [one, two]) {
    expect(readFiles(out)).toEqual({ ...first, "large.bin": large });
    expect(statSync(path.join(out, "a.txt")).mode & 0o777).toBe(0o444 & ~process.umask());
  }
  expect(inodeOf(one, "large.bin")).toBe(inodeOf(two, "large.bin"));
  expect(inodeOf(one, "a.txt")).toBe(inodeOf(two, "sub/same.txt"));
  expect(readdirSync(path.join(cacheOf(store), "new"))).toEqual([]);
  expect(await all((await store.status(one)).changes)).toEqual([]);
  expect(await download(store, "sample", one)).toMatchObject({ written: 0, unchanged: 5, linked: 0 });
});

test("switching writes through no link: the other folder and the cache stay as they are", async () => {
  const store = await openScratch();
  await uploadFiles(store, first);
  await uploadFiles(store, { ...first, "a.txt": "changed", "new.txt": "new" });
  const [one, two] = [path.join(scratch(), "one"), path.join(scratch(), "two")];
  await download(store, "sample:V1", one);
  await download(store, "sample:V1", two);
  expect(await download(store, "sample:V2", one)).toMatchObject({ written: 2, linked: 2 });
  expect(readFileSync(path.join(two, "a.txt"), "utf8")).toBe("one");
  expect(await download(store, "sample:V1", one, { link: false })).toMatchObject({ written: 1, removed: 1, linked: 0 });
  expect(readFiles(one)).toEqual({ ...first, "large.bin": large });
  writeFileSync(path.join(one, "a.txt"), "a copy can be changed");
  expect(readFiles(two)).toEqual({ ...first, "large.bin": large });
});

test.each([
  ["changed in place", (file: string) => writeFileSync(file, "ONE")],
  ["cut short", (file: string) => writeFileSync(file, "on")],
  ["made writable", () => {}],
])("a cached file that was %s is not linked again", async (_, change) => {
  const store = await openScratch();
  await uploadFiles(store, first);
  const [one, two] = [path.join(scratch(), "one"), path.join(scratch(), "two")];
  await download(store, "sample", one);
  const changed = path.join(one, "a.txt");
  chmodSync(changed, 0o644);
  change(changed);
  await download(store, "sample", two);
  expect(readFiles(two)).toEqual({ ...first, "large.bin": large });
  expect(inodeOf(two, "a.txt")).not.toBe(inodeOf(changed));
  expect(inodeOf(two, "large.bin")).toBe(inodeOf(one, "large.bin"));
  const changes = await all((await store.status(one)).changes);
  expect(changes.length).toBe(readFileSync(changed, "utf8") === "one" ? 0 : 2);
  expect(await store.verify()).toMatchObject({ ok: true });
});

test("a file that can be executed has a cached file of its own", async () => {
  const store = await openScratch();
  const data = writeFiles(scratch(), { plain: "#!/bin/sh\n", script: "#!/bin/sh\n" });
  chmodSync(path.join(data, "script"), 0o755);
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  await draft.add(data);
  await draft.upload();
  const out = path.join(scratch(), "out");
  expect(await download(store, "sample", out)).toMatchObject({ linked: 2 });
  expect(inodeOf(out, "plain")).not.toBe(inodeOf(out, "script"));
  expect(statSync(path.join(out, "script")).mode & 0o777).toBe(0o555 & ~process.umask());
  expect(await all((await store.status(out)).changes)).toEqual([]);
});

test("the cache can be emptied, and is never a source of content", async () => {
  const store = await openScratch();
  await uploadFiles(store, first);
  const [one, two] = [path.join(scratch(), "one"), path.join(scratch(), "two")];
  await download(store, "sample", one);
  rmSync(cacheOf(store), { recursive: true });
  expect(readFiles(one)).toEqual({ ...first, "large.bin": large });
  expect(await store.verify()).toMatchObject({ ok: true });
  expect(await download(store, "sample", two)).toMatchObject({ linked: 5 });
  // What a killed download left in the making goes with the next one.
  writeFileSync(path.join(cacheOf(store), "new", "left"), "half");
  await download(store, "sample", path.join(scratch(), "three"));
  expect(readdirSync(path.join(cacheOf(store), "new"))).toEqual([]);
});

test("where no link can be made files are copied", async () => {
  let calls = 0;
  const addName = (): never => {
    calls++;
    throw Object.assign(new Error("not permitted"), { code: "EPERM" });
  };
  const store = await openScratch(scratch(), { fs: { ...nodeFileSystem, addName } });
  await uploadFiles(store, { one: "1", two: "2" });
  const out = path.join(scratch(), "out");
  expect(await download(store, "sample", out)).toMatchObject({ written: 2, linked: 0 });
  expect(calls).toBeGreaterThan(0);
  writeFileSync(path.join(out, "one"), "a copy can be changed");
});

test("a file that has as many names as it can have is copied, the others are linked", async () => {
  const addName = (from: string, to: string): void => {
    if (statSync(from).size === 3) throw Object.assign(new Error("too many links"), { code: "EMLINK" });
    linkSync(from, to);
  };
  const store = await openScratch(scratch(), { fs: { ...nodeFileSystem, addName } });
  await uploadFiles(store, { one: "123", two: "2" });
  expect(await download(store, "sample", path.join(scratch(), "out"))).toMatchObject({ written: 2, linked: 1 });
});

test.skipIf(!canMount())("on another device files are copied (needs the right to mount one)", async () => {
  const disk = new SmallDisk(8 * 1024 * 1024);
  try {
    const store = await openScratch();
    await uploadFiles(store, first);
    const out = path.join(disk.folder, "out");
    expect(await download(store, "sample", out)).toMatchObject({ written: 5, linked: 0 });
    expect(readdirSync(cacheOf(store))).toEqual(["new"]);
  } finally {
    disk.unmount();
  }
});

test("a mark that a file does not have by itself: times of others are not believed", async () => {
  const store = await openScratch();
  await uploadFiles(store, { one: "123" });
  const out = path.join(newFolder(), "out");
  await download(store, "sample", out);
  const file = path.join(out, "one");
  expect(statSync(file).mtimeMs).toBe(1000);
  utimesSync(file, 2, 2);
  const other = path.join(scratch(), "other");
  await download(store, "sample", other);
  expect(inodeOf(other, "one")).not.toBe(inodeOf(file));
  rmSync(path.dirname(out), { recursive: true });
});
