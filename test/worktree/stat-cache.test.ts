import fs from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { type FileStat, type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";
import { plant, temporaryFolder } from "../support/folders.ts";
import { DATA, mirror, pathsOf, testStore, WatchedFileSystem } from "../support/mirrors.ts";
import { until } from "../support/stores.ts";

/** Waits until the file system's clock is so far on that files which are there now are not too young to be believed. */
async function ripen(): Promise<void> {
  const folder = temporaryFolder();
  const first = path.join(folder, "first");
  fs.writeFileSync(first, "");
  const { ctimeNs } = fs.statSync(first, { bigint: true });
  let count = 0;
  await until("the clock moved on", () => {
    const probe = path.join(folder, `probe-${count++}`);
    fs.writeFileSync(probe, "");
    return fs.statSync(probe, { bigint: true }).ctimeNs > ctimeNs + 30_000_000n;
  });
}

/** A store and a folder that it knows: uploaded when nothing in it was young. */
async function known(
  files: Parameters<typeof plant>[1] = { "a.txt": "alpha", "b/c.txt": "gamma", "b/d.sh": { exec: "#!" } },
) {
  const folder = temporaryFolder();
  plant(folder, files);
  await ripen();
  const watched = new WatchedFileSystem();
  const store = await testStore({ fs: watched.fs });
  const first = await mirror(store, folder);
  watched.takeOpened();
  return { folder, store, watched, first };
}

test("an unchanged folder is not read again, writes nothing and makes no version", async () => {
  const { folder, store, watched, first } = await known();
  const journal = journalBytes(store.folder);
  const again = await mirror(store, folder);
  expect(watched.takeOpened()).toEqual([]);
  expect(again).toMatchObject({ changed: false, version: "V1", id: first.id, newBytes: 0, writtenBytes: 0 });
  expect(journalBytes(store.folder)).toBe(journal);
});

test("of a changed folder only what changed is read", async () => {
  const { folder, store, watched } = await known();
  fs.writeFileSync(path.join(folder, "b/c.txt"), "delta");
  fs.writeFileSync(path.join(folder, "new.txt"), "new");
  const second = await mirror(store, folder);
  expect(watched.takeOpened()).toEqual(["c.txt", "new.txt"]);
  expect(second).toMatchObject({ changed: true, version: "V2", added: 1, modified: 1, removed: 0 });
});

/** A file system whose clock ticks every ten milliseconds, however often one looks. */
const coarseFileSystem: FileSystem = {
  ...nodeFileSystem,
  stat: (fd) => coarsely(nodeFileSystem.stat(fd)),
  lookAt: (file) => {
    const stat = nodeFileSystem.lookAt(file);
    return stat && coarsely(stat);
  },
};

function coarsely(stat: FileStat): FileStat {
  const down = (milliseconds: number): number => Math.floor(milliseconds / 10) * 10 + 1;
  return { ...stat, mode: stat.mode, mtimeMs: down(stat.mtimeMs), ctimeMs: down(stat.ctimeMs) };
}

test.each([
  ["the machine's file system", nodeFileSystem],
  ["one with a slow clock", coarseFileSystem],
])(
  "on %s, a file that is written again in the same tick as the scan is found, again and again",
  async (_, fileSystem) => {
    const folder = temporaryFolder();
    const file = path.join(folder, "counter.txt");
    const store = await testStore({ fs: fileSystem });
    for (let round = 0; round < 40; round++) {
      // Same size, same inode, and mostly the same tick of the clock as the scan before.
      const text = String(round).padStart(4, "0");
      fs.writeFileSync(file, text);
      const result = await mirror(store, folder);
      expect(result).toMatchObject({ changed: true, number: round + 1 });
      expect(Buffer.from(await (await store.getArtifact(DATA)).read("counter.txt")).toString()).toBe(text);
    }
  },
);

test.each([
  ["told from its look by the clock, is found where the clock tells", nodeFileSystem],
  ["in the tick of its making, is found on a slow clock too", coarseFileSystem],
])("a change right after a download, %s", async (_, fileSystem) => {
  const store = await testStore({ fs: fileSystem });
  const from = temporaryFolder();
  plant(from, Object.fromEntries(Array.from({ length: 20 }, (__, index) => [`${index}.txt`, "first"])));
  await mirror(store, from);
  const version = await store.getArtifact(DATA);
  const to = path.join(temporaryFolder(), "to");
  await version.download(to);
  for (let index = 0; index < 20; index++) fs.writeFileSync(path.join(to, `${index}.txt`), "other");
  expect(await mirror(store, to)).toMatchObject({ changed: true, modified: 20 });
});

test("what was just downloaded is not read again where the clock tells each change from the look before it", async () => {
  const watched = new WatchedFileSystem();
  const store = await testStore({ fs: watched.fs });
  const from = temporaryFolder();
  plant(from, { "a.txt": "alpha", "b/c.txt": "gamma" });
  await mirror(store, from);
  const to = path.join(temporaryFolder(), "to");
  await (await store.getArtifact(DATA)).download(to);
  watched.takeOpened();
  await (await store.getArtifact(DATA)).download(to);
  expect(watched.takeOpened()).toEqual(hasFineClock() ? [] : ["a.txt", "c.txt"]);
});

/** Whether each change that follows a look has a time of its own here. */
function hasFineClock(): boolean {
  const file = path.join(temporaryFolder(), "clock");
  const times = Array.from({ length: 30 }, () => {
    fs.writeFileSync(file, "");
    return fs.statSync(file, { bigint: true }).ctimeNs;
  });
  return new Set(times).size === times.length;
}

test("a file rewritten with the same size and its mtime set back is found", async () => {
  const { folder, store } = await known();
  const file = path.join(folder, "a.txt");
  const before = fs.statSync(file);
  fs.writeFileSync(file, "ALPHA");
  fs.utimesSync(file, before.atime, before.mtime);
  expect(fs.statSync(file).size).toBe(before.size);
  expect(await mirror(store, folder)).toMatchObject({ changed: true, modified: 1 });
});

test("a file replaced by another of the same size and mtime is found", async () => {
  const { folder, store } = await known();
  const file = path.join(folder, "a.txt");
  const before = fs.statSync(file);
  const other = path.join(temporaryFolder(), "other");
  fs.writeFileSync(other, "ALPHA");
  fs.utimesSync(other, before.atime, before.mtime);
  fs.renameSync(other, file);
  expect(fs.statSync(file).ino).not.toBe(before.ino);
  expect(await mirror(store, folder)).toMatchObject({ changed: true, modified: 1 });
});

test("an executable bit alone makes a version, and going back is the first content again", async () => {
  const { folder, store, first } = await known();
  fs.chmodSync(path.join(folder, "a.txt"), 0o755);
  const second = await mirror(store, folder);
  expect(second).toMatchObject({ changed: true, modified: 1, newBytes: 0 });
  fs.chmodSync(path.join(folder, "a.txt"), 0o644);
  expect((await mirror(store, folder)).digest).toBe(first.digest);
  expect((await store.getArtifact(DATA)).sameAs).toEqual(["V1"]);
});

test("permissions other than the owner's executable bit are not content", async () => {
  const { folder, store } = await known();
  fs.chmodSync(path.join(folder, "a.txt"), 0o611);
  fs.chmodSync(path.join(folder, "b/d.sh"), 0o700);
  expect(await mirror(store, folder)).toMatchObject({ changed: false });
});

test("a touched file is read once, makes no version, and is not read again", async () => {
  const { folder, store, watched } = await known();
  const then = new Date("2001-02-03T04:05:06.789Z");
  fs.utimesSync(path.join(folder, "a.txt"), then, then);
  await ripen();
  expect(await mirror(store, folder)).toMatchObject({ changed: false, writtenBytes: 0 });
  expect(watched.takeOpened()).toEqual(["a.txt"]);
  expect(await mirror(store, folder)).toMatchObject({ changed: false });
  expect(watched.takeOpened()).toEqual([]);
});

test("renaming a folder moves its entries and stores nothing again", async () => {
  const { folder, store } = await known();
  fs.renameSync(path.join(folder, "b"), path.join(folder, "z"));
  expect(await mirror(store, folder)).toMatchObject({ changed: true, added: 2, removed: 2, newBytes: 0 });
  expect(await pathsOf(store)).toEqual(["a.txt", "z/c.txt", "z/d.sh"]);
});

test.each([
  ["file", "folder", "a", { "a/x": "1", "a/y": "2" }],
  ["file", "link", "a", { a: { link: "keep" } }],
  ["file", "empty folder", "a", { a: "folder/" }],
  ["folder", "file", "f", { f: "now a file" }],
  ["folder", "link", "f", { f: { link: "keep" } }],
  ["link", "file", "l", { l: "now a file" }],
  ["link", "folder", "l", { "l/x": "1" }],
  ["link", "another link", "l", { l: { link: "f/x" } }],
  ["empty folder", "file", "e", { e: "now a file" }],
  ["empty folder", "folder", "e", { "e/x": "1" }],
] as const)("a %s that became a %s: the cached scan gives what a fresh store gives", async (_from, _to, name, now) => {
  const files = {
    keep: "kept",
    a: "1",
    "a.b": "2",
    "f/x": "3",
    "f/y": "4",
    l: { link: "keep" },
    e: "folder/",
  } as const;
  const { folder, store } = await known(files);
  fs.rmSync(path.join(folder, name), { recursive: true });
  plant(folder, now);
  const second = await mirror(store, folder);
  const fresh = await mirror(await testStore(), folder);
  expect(second.digest).toBe(fresh.digest);
  expect(second.changed).toBe(true);
  // And once more without a change.
  expect(await mirror(store, folder)).toMatchObject({ changed: false, digest: fresh.digest });
});

test("what is deleted goes with a mirror and stays with an add", async () => {
  const { folder, store } = await known();
  fs.rmSync(path.join(folder, "b"), { recursive: true });
  await using artifact = await store.artifact(DATA);
  await artifact.add(folder);
  expect(await artifact.upload()).toMatchObject({ changed: false, kept: 2 });
  expect(await mirror(store, folder)).toMatchObject({ changed: true, removed: 2, files: 1 });
});

test("a file that comes back after an add without it is found", async () => {
  const { folder, store } = await known();
  fs.rmSync(path.join(folder, "a.txt"));
  await using artifact = await store.artifact(DATA);
  await artifact.add(folder);
  await artifact.upload();
  plant(folder, { "a.txt": "alpha, changed" });
  await artifact.add(folder);
  expect(await artifact.upload()).toMatchObject({ changed: true, modified: 1, added: 0 });
});

test.each([
  ["deleted", (file: string) => fs.rmSync(file)],
  ["empty", (file: string) => fs.truncateSync(file)],
  ["of zeros", (file: string) => fs.writeFileSync(file, Buffer.alloc(fs.statSync(file).size))],
  ["damaged in its pages", (file: string) => damage(file, 4096)],
  ["damaged everywhere but in its head", (file: string) => damage(file, 100)],
  ["damaged in its last page", (file: string) => damage(file, fs.statSync(file).size - 4096)],
  ["cut", (file: string) => fs.truncateSync(file, fs.statSync(file).size - 5000)],
])("a stat cache that is %s changes no result", async (_what, hurt) => {
  const files = Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`f${index}`, `content ${index}`]));
  const { folder, store, first } = await known(files);
  const place = store.folder;
  await store.close();
  for (const name of fs.readdirSync(place)) if (/^cache-folders\.db-/.test(name)) fs.rmSync(path.join(place, name));
  hurt(path.join(place, "cache-folders.db"));
  const again = await testStore({}, place);
  expect(await mirror(again, folder)).toMatchObject({ changed: false, digest: first.digest });
  fs.writeFileSync(path.join(folder, "f7"), "changed");
  expect(await mirror(again, folder)).toMatchObject({ changed: true, modified: 1 });
});

test.each([
  ["damaged", "UPDATE run SET data = zeroblob(500)"],
  // What a power cut may leave of a file that is not flushed: pages of different times.
  ["gone", "DELETE FROM run"],
])(
  "a run of the stat cache that is %s hides no deletion, neither from an upload nor from a status nor from a download",
  async (_what, hurt) => {
    const { folder, store } = await known();
    const database = new Database(path.join(store.folder, "cache-folders.db"));
    onTestFinished(() => void database.close());
    const lose = () => expect(database.prepare(hurt).run().changes).toBeGreaterThan(0);
    const target = path.join(temporaryFolder(), "target");
    const version = await store.getArtifact(DATA);
    await version.download(target);
    lose();
    fs.rmSync(path.join(target, "a.txt"));
    const changes = [];
    for await (const change of (await store.status(target)).changes) changes.push(change);
    expect(changes).toEqual([{ path: "a.txt", kind: "removed", size: 5 }]);
    expect(await version.download(target)).toMatchObject({ written: 1, unchanged: 2 });
    fs.rmSync(path.join(folder, "a.txt"));
    expect(await mirror(store, folder)).toMatchObject({ changed: true, removed: 1 });
  },
);

test("two artifacts of one folder do not disturb each other, and what one stored the other does not read", async () => {
  const { folder, store, watched } = await known();
  const other = await mirror(store, folder, { name: "other" });
  expect(other).toMatchObject({ changed: true, version: "V1", newBytes: 0, files: 3 });
  expect(watched.takeOpened()).toEqual([]);
  fs.writeFileSync(path.join(folder, "a.txt"), "second");
  expect(await mirror(store, folder)).toMatchObject({ changed: true, modified: 1 });
  fs.rmSync(path.join(folder, "b/c.txt"));
  expect(await mirror(store, folder, { name: "other" })).toMatchObject({ changed: true, modified: 1, removed: 1 });
  expect(await mirror(store, folder)).toMatchObject({ changed: true, modified: 0, removed: 1 });
});

test("a folder below two places of one version is known in both", async () => {
  const { folder, store } = await known();
  await using artifact = await store.artifact({ ...DATA, name: "twice" });
  await artifact.mirror(folder, { as: "one" });
  await artifact.mirror(folder, { as: "two" });
  expect(await artifact.upload()).toMatchObject({ files: 6, newBytes: 0 });
  fs.writeFileSync(path.join(folder, "a.txt"), "changed");
  await artifact.mirror(folder, { as: "one" });
  await artifact.mirror(folder, { as: "two" });
  expect(await artifact.upload()).toMatchObject({ files: 6, modified: 2 });
});

test("a folder that was moved is read again and gives the same", async () => {
  const { folder, store, first } = await known();
  const moved = path.join(temporaryFolder(), "moved");
  fs.cpSync(folder, moved, { recursive: true });
  expect(await mirror(store, moved)).toMatchObject({ changed: false, digest: first.digest });
});

test("another folder put in the place of a known one is found", async () => {
  const { folder, store } = await known();
  fs.renameSync(folder, `${folder}-old`);
  plant(folder, { "a.txt": "omega", "b/c.txt": "gamma" });
  fs.rmSync(`${folder}-old`, { recursive: true });
  expect(await mirror(store, folder)).toMatchObject({ changed: true, modified: 1, removed: 1 });
});

test("filters have a memory of their own", async () => {
  const { folder, store, watched, first } = await known();
  const some = await mirror(store, folder, { name: "some", include: ["*.txt"] });
  expect(some.files).toBe(2);
  expect(await mirror(store, folder)).toMatchObject({ changed: false, digest: first.digest });
  watched.takeOpened();
  expect(await mirror(store, folder, { name: "some", include: ["*.txt"] })).toMatchObject({ changed: false });
  expect(watched.takeOpened()).toEqual([]);
});

test("a dry run leaves the memory as it is", async () => {
  const { folder, store, watched } = await known();
  fs.writeFileSync(path.join(folder, "a.txt"), "other");
  await using rehearsal = await store.artifact(DATA, { dryRun: true });
  await rehearsal.mirror(folder);
  expect(await rehearsal.upload()).toMatchObject({ changed: true, modified: 1, newBytes: 5 });
  watched.takeOpened();
  expect(await mirror(store, folder)).toMatchObject({ changed: true, modified: 1, newBytes: 5 });
  expect(watched.takeOpened()).toEqual(["a.txt"]);
});

test("a draft that was given up leaves nothing behind that a later upload would believe", async () => {
  const { folder, store } = await known();
  fs.writeFileSync(path.join(folder, "a.txt"), "other");
  const draft = await store.artifact(DATA);
  await draft.mirror(folder);
  await draft.close();
  const result = await mirror(store, folder);
  expect(result).toMatchObject({ changed: true, modified: 1 });
  expect(Buffer.from(await (await store.getArtifact(DATA)).read("a.txt")).toString()).toBe("other");
});

function journalBytes(store: string): number {
  const sizes = ["journal", "packs"].flatMap((folder) =>
    fs
      .readdirSync(path.join(store, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => fs.statSync(path.join(entry.parentPath, entry.name)).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function damage(file: string, from: number): void {
  const bytes = fs.readFileSync(file);
  for (let at = from; at < bytes.length; at += 3) bytes[at] = (bytes[at] as number) ^ 0x5a;
  fs.writeFileSync(file, bytes);
}
