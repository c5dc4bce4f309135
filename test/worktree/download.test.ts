import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { DownloadOptions, DownloadResult, Store } from "../../src/index.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { EMPTY_FOLDER, type Planted, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { DATA, mirror, testStore, WatchedFileSystem } from "../support/mirrors.ts";
import { all } from "../support/stores.ts";

/** A store with a version for each of some trees: V1, V2, … */
async function versions(...trees: Record<string, Planted>[]) {
  const watched = new WatchedFileSystem();
  const store = await testStore({ fs: watched.fs });
  const folders: string[] = [];
  for (const files of trees) {
    const folder = temporaryFolder();
    plant(folder, files);
    await mirror(store, folder);
    folders.push(folder);
  }
  const to = path.join(temporaryFolder(), "to");
  const download = (tag: string, options: DownloadOptions = {}, folder = to) => downloadTo(store, tag, folder, options);
  return { store, watched, folders, to, download };
}

async function downloadTo(
  store: Store,
  tag: string,
  folder: string,
  options: DownloadOptions,
): Promise<DownloadResult> {
  return (await store.getArtifact({ ...DATA, tag })).download(folder, options);
}

/** What is in a folder with when it was last changed: what somebody else would notice. */
function exactly(folder: string): Record<string, string> {
  const tree = treeOf(folder);
  for (const name of Object.keys(tree)) {
    const { ctimeNs, ino } = fs.lstatSync(path.join(folder, name), { bigint: true });
    tree[name] += ` ${ino} ${ctimeNs}`;
  }
  return tree;
}

const CONFLICT = { code: "CONFLICT", happened: "no" };
const V1 = {
  "a.txt": "alpha",
  "b/c.txt": "gamma",
  "b/run.sh": { exec: "#!" },
  "b/l": { link: "c.txt" },
  e: EMPTY_FOLDER,
} as const;
const V2 = {
  "a.txt": "ALPHA",
  "b/c.txt": "gamma",
  "b/run.sh": "#!",
  "b/l": { link: "run.sh" },
  "n/new": "new",
} as const;

describe("into folders that hold nothing, or this", () => {
  test("a folder that is not there is made, with those above it; again writes nothing", async () => {
    const { folders, download } = await versions(V1);
    const deep = path.join(temporaryFolder(), "x/y/z");
    const first = await download("V1", {}, deep);
    expect(first).toMatchObject({
      path: deep,
      version: "V1",
      files: 3,
      bytes: 12,
      written: 4,
      unchanged: 0,
      removed: 0,
    });
    expect(treeOf(deep)).toEqual(treeOf(folders[0] as string));
    const before = exactly(deep);
    expect(await download("V1", {}, deep)).toMatchObject({ written: 0, writtenBytes: 0, unchanged: 4, removed: 0 });
    expect(exactly(deep)).toEqual(before);
  });

  test("a folder that comes to be where one was to be is left alone, and nothing is lost of either", async () => {
    const faulty = new FaultyFileSystem();
    const store = await testStore({ fs: faulty });
    const data = temporaryFolder();
    plant(data, { "a/one": "1", "a/b/two": "2", "c/three": "3" });
    await mirror(store, data);
    const to = temporaryFolder();
    faulty.decide = ({ name }) => {
      if (name === "rename") plant(to, { "c/mine": "mine" });
      return undefined;
    };
    await expect(downloadTo(store, "V1", to, {})).rejects.toMatchObject({
      code: "CONFLICT",
      info: { path: "c" },
    });
    expect(treeOf(to)).toMatchObject({ "c/mine": 'file "mine"', "a/one": 'file "1"' });
    faulty.decide = () => undefined;
    await downloadTo(store, "V1", to, {});
    expect(treeOf(to)).toEqual({ ...treeOf(data), "c/mine": 'file "mine"' });
  });

  test("an empty folder is not in the way of what goes into it: a download that was stopped may have left it", async () => {
    const { folders, to, download } = await versions(V1);
    plant(to, { b: EMPTY_FOLDER });
    expect(await download("V1")).toMatchObject({ written: 4, removed: 0 });
    expect(treeOf(to)).toEqual(treeOf(folders[0] as string));
  });

  test("equal files, links and empty folders that are there already count as unchanged and are not touched", async () => {
    const { store, to, download } = await versions(V1);
    plant(to, {
      "a.txt": "alpha",
      "b/run.sh": { exec: "#!" },
      "b/l": { link: "c.txt" },
      e: EMPTY_FOLDER,
      "mine/x": "mine",
    });
    const before = exactly(to);
    expect(await download("V1")).toMatchObject({ written: 1, unchanged: 3, removed: 0 });
    expect(exactly(to)).toMatchObject(before);
    expect(treeOf(to)).toHaveProperty(["b/c.txt"]);
    // They are the version's from now on, and only the other file is somebody else's.
    expect(await all((await store.status(to)).changes)).toEqual([{ path: "mine/x", kind: "added", size: 4 }]);
    const asked: (readonly string[])[] = [];
    await download("V1", { clean: (paths) => asked.push(paths) > 0 });
    expect(asked).toEqual([["mine/x"]]);
    expect(await all((await store.status(to)).changes)).toEqual([]);
  });

  test("a version switched to and back writes only what differs", async () => {
    const { watched, folders, to, download } = await versions(V1, V2);
    await download("V1");
    watched.renamed.length = 0;
    const kept = fs.statSync(path.join(to, "b/c.txt"), { bigint: true });
    expect(await download("V2")).toMatchObject({ files: 4, written: 4, unchanged: 1, removed: 1 });
    expect(watched.renamed.sort()).toEqual(["a.txt", "new", "run.sh"]);
    expect(treeOf(to)).toEqual(treeOf(folders[1] as string));
    watched.renamed.length = 0;
    expect(await download("V1")).toMatchObject({ files: 3, written: 3, unchanged: 1, removed: 1 });
    expect(watched.renamed.sort()).toEqual(["a.txt", "run.sh"]);
    expect(treeOf(to)).toEqual(treeOf(folders[0] as string));
    expect(fs.statSync(path.join(to, "b/c.txt"), { bigint: true }).ctimeNs).toBe(kept.ctimeNs);
  });

  test("a written file has the time of the download; one that stays keeps its own", async () => {
    const { to, download } = await versions(V1, V2);
    const before = Date.now();
    await download("V1");
    expect(fs.statSync(path.join(to, "a.txt")).mtimeMs).toBeGreaterThan(before - 2000);
    const old = new Date("2001-01-01T00:00:00Z");
    fs.utimesSync(path.join(to, "b/c.txt"), old, old);
    await download("V2");
    expect(fs.statSync(path.join(to, "b/c.txt")).mtime).toEqual(old);
    expect(fs.statSync(path.join(to, "n/new")).mtimeMs).toBeGreaterThan(before - 2000);
  });

  test.each([
    ["a file becomes a folder", { x: "1", y: "2" }, { "x/in": "1", y: "2" }],
    ["a file becomes an empty folder", { x: "1" }, { x: EMPTY_FOLDER }],
    ["a file becomes a link", { x: "1", y: "2" }, { x: { link: "y" }, y: "2" }],
    ["a link to a folder becomes that folder's twin", { x: { link: "y" }, "y/in": "2" }, { "x/in": "1", "y/in": "2" }],
    ["a folder becomes a link", { "x/in": "1", "x/deep/er": "2", y: "3" }, { x: { link: "y" }, y: "3" }],
    ["an empty folder is filled", { x: EMPTY_FOLDER }, { "x/in": "1" }],
    ["a folder is emptied", { "x/in": "1", "x/deep/er": "1" }, { x: EMPTY_FOLDER }],
    ["a folder with empty ones becomes a file", { "x/a/b/c": EMPTY_FOLDER, "x/d": EMPTY_FOLDER }, { x: "1" }],
    ["names around a folder", { "x-": "1", "x.": "2", "x/y": "3", x0: "4" }, { "x-/y": "1", x: "3", "x0/y": "4" }],
    ["only the case of a name", { "Read.me": "1", "D/x": "2" }, { "read.me": "1", "d/x": "2" }],
    ["only the executable bit", { x: "1" }, { x: { exec: "1" } }],
    ["all goes", { x: "1", "y/z": "2" }, { w: "" }],
  ] as [string, Record<string, Planted>, Record<string, Planted>][])("%s, there and back", async (_what, one, two) => {
    const { folders, to, download } = await versions(one, two);
    for (const [tag, index] of [
      ["V1", 0],
      ["V2", 1],
      ["V1", 0],
      ["V2", 1],
    ] as const) {
      const rehearsal = await download(tag, { dryRun: true });
      const { path: _path, ...result } = await download(tag);
      expect(treeOf(to)).toEqual(treeOf(folders[index] as string));
      expect(rehearsal).toMatchObject(result);
    }
  });

  test("what V1 had and V2 has not goes, and folders that it leaves empty go with it; other people's files stay", async () => {
    const { to, download } = await versions({ "a/b/c/x": "1", "a/d/y": "2", "k/z": "3" }, { keep: "k" });
    await download("V1");
    plant(to, { "k/mine": "mine", "a/d/mine/too": EMPTY_FOLDER });
    expect(await download("V2")).toMatchObject({ removed: 3, written: 1 });
    expect(treeOf(to)).toEqual({ keep: 'file "k"', "k/mine": 'file "mine"', "a/d/mine/too/": "folder" });
  });
});

describe("conflicts", () => {
  test.each([
    ["a changed file", (to: string) => fs.writeFileSync(path.join(to, "a.txt"), "mine")],
    ["a file of the same size", (to: string) => fs.writeFileSync(path.join(to, "a.txt"), "BETA!")],
    ["a changed executable bit", (to: string) => fs.chmodSync(path.join(to, "a.txt"), 0o755)],
    ["a link in the place of a file", (to: string) => replace(to, "a.txt", { link: "b" })],
    ["a folder in the place of a file", (to: string) => replace(to, "a.txt", EMPTY_FOLDER)],
    [
      "a full folder in the place of a file",
      (to: string) => replace(to, "a.txt", EMPTY_FOLDER, { "a.txt/in": "mine" }),
    ],
    ["a changed link", (to: string) => replace(to, "b/l", { link: "../a.txt" })],
    ["a file where a new folder is to be", (to: string) => plant(to, { n: "mine" })],
    ["a file where a new one is to be", (to: string) => plant(to, { "n/new": "mine" })],
  ])("%s: nothing is written; force overwrites what is the version's", async (_what, change) => {
    const { folders, to, download } = await versions(V1, V2);
    await download("V1");
    change(to);
    const before = exactly(to);
    await expect(download("V2")).rejects.toMatchObject(CONFLICT);
    await expect(download("V2", { dryRun: true })).rejects.toMatchObject(CONFLICT);
    expect(exactly(to)).toEqual(before);
    await download("V2", { force: true, clean: true });
    expect(treeOf(to)).toEqual(treeOf(folders[1] as string));
  });

  test("all conflicts are in the error", async () => {
    const { to, download } = await versions(V1, V2);
    await download("V1");
    plant(to, { "a.txt": "mine", "n/new": "mine" });
    await expect(download("V2")).rejects.toMatchObject({
      message: expect.stringContaining("a.txt was changed"),
      info: {
        folder: to,
        conflicts: [
          { path: "a.txt", reason: "changed" },
          { path: "n/new", reason: "changed" },
        ],
      },
    });
  });

  test("a changed file that both versions have equal is a conflict all the same: the folder would not hold the version", async () => {
    const { to, download } = await versions(V1, V2);
    await download("V1");
    plant(to, { "b/c.txt": "mine" });
    await expect(download("V2")).rejects.toMatchObject(CONFLICT);
    await expect(download("V1")).rejects.toMatchObject(CONFLICT);
  });

  test("a file that was changed to what the new version has, and one that was removed, are no conflicts", async () => {
    const { folders, to, download } = await versions(V1, V2);
    await download("V1");
    plant(to, { "a.txt": "ALPHA" });
    fs.rmSync(path.join(to, "b"), { recursive: true });
    expect(await download("V2")).toMatchObject({ unchanged: 1 });
    expect(treeOf(to)).toEqual(treeOf(folders[1] as string));
  });

  test("what was changed and is not in the new version is a conflict too: it would be lost", async () => {
    const { to, download } = await versions({ a: "1", b: "2" }, { a: "1" });
    await download("V1");
    plant(to, { b: "mine" });
    await expect(download("V2")).rejects.toMatchObject({ info: { conflicts: [{ path: "b", reason: "changed" }] } });
    expect(fs.readFileSync(path.join(to, "b"), "utf8")).toBe("mine");
  });

  test("a folder that holds another artifact is a conflict, unless it was emptied, or with force", async () => {
    const { store, folders, to, download } = await versions(V1);
    const other = temporaryFolder();
    plant(other, { "other.txt": "o", "a.txt": "alpha" });
    await mirror(store, other, { name: "other" });
    const get = async (options: DownloadOptions = {}) =>
      (await store.getArtifact({ ...DATA, name: "other" })).download(to, options);
    await download("V1");
    await expect(get()).rejects.toMatchObject({ ...CONFLICT, message: expect.stringContaining("holds data") });
    await get({ force: true });
    expect(treeOf(to)).toEqual(treeOf(other));
    fs.rmSync(to, { recursive: true });
    expect(await download("V1")).toMatchObject({ written: 4 });
    expect(treeOf(to)).toEqual(treeOf(folders[0] as string));
  });

  test("clean asks with the list, and no to it changes nothing; without other people's files it asks nothing", async () => {
    const { folders, to, download } = await versions(V1, V2);
    await download("V1");
    plant(to, { "mine/x": "1", "b/mine": "2", "mine/empty": EMPTY_FOLDER });
    const before = exactly(to);
    const asked: (readonly string[])[] = [];
    const answer = (yes: boolean) => (paths: readonly string[]) => asked.push(paths) > 0 && yes;
    await expect(download("V2", { clean: answer(false) })).rejects.toMatchObject(CONFLICT);
    expect(exactly(to)).toEqual(before);
    await download("V2", { clean: answer(true) });
    expect(treeOf(to)).toEqual(treeOf(folders[1] as string));
    await download("V1", { clean: answer(false) });
    expect(asked).toEqual([
      ["b/mine", "mine/empty", "mine/x"],
      ["b/mine", "mine/empty", "mine/x"],
    ]);
  });

  test("what cannot be an entry is in the way, and stays: a FIFO, a name that is not UTF-8", async () => {
    const { execFileSync } = await import("node:child_process");
    const { to, download } = await versions({ x: "1", y: "2" });
    fs.mkdirSync(to);
    execFileSync("mkfifo", [path.join(to, "x")]);
    await expect(download("V1", { force: true, clean: true })).rejects.toMatchObject(CONFLICT);
    expect(treeOf(to)).toEqual({ x: "special" });
    fs.rmSync(path.join(to, "x"));
    fs.mkdirSync(path.join(to, "x"));
    fs.writeFileSync(Buffer.concat([Buffer.from(`${to}/x/`), Buffer.from([0xff])]), "");
    await expect(download("V1", { force: true, clean: true })).rejects.toMatchObject(CONFLICT);
    expect(fs.readdirSync(to)).toEqual(["x"]);
  });
});

describe("some of a version", () => {
  const one = { "a/x": "1", "a/y": "2", "b/x": "3", "b/y": "4", top: "5" };
  const two = { "a/x": "1+", "a/z": "2", "b/x": "3+", "b/y": "4", top: "5+" };

  test("globs choose what is written; more can follow, and then all", async () => {
    const { store, folders, to, download } = await versions(one);
    expect(await download("V1", { path: "a/*" })).toMatchObject({ files: 2, written: 2 });
    expect(Object.keys(treeOf(to))).toEqual(["a/x", "a/y"]);
    expect(await all((await store.status(to)).changes)).toEqual([]);
    expect(await download("V1", { path: ["b/x"] })).toMatchObject({ files: 1, written: 1, removed: 0 });
    expect(Object.keys(treeOf(to))).toEqual(["a/x", "a/y", "b/x"]);
    fs.rmSync(path.join(to, "a/y"));
    expect(await all((await store.status(to)).changes)).toEqual([{ path: "a/y", kind: "removed", size: 1 }]);
    expect(await download("V1")).toMatchObject({ files: 5, written: 3, unchanged: 2 });
    expect(treeOf(to)).toEqual(treeOf(folders[0] as string));
    expect(await all((await store.status(to)).changes)).toEqual([]);
  });

  test("some of the version that the folder holds whole leaves it whole", async () => {
    const { store, to, download } = await versions(one, two);
    await download("V1");
    fs.rmSync(path.join(to, "a/x"));
    fs.rmSync(path.join(to, "b/x"));
    expect(await download("V1", { path: "a", clean: true })).toMatchObject({ written: 1, removed: 0 });
    expect(await all((await store.status(to)).changes)).toEqual([{ path: "b/x", kind: "removed", size: 1 }]);
    expect(await download("V2")).toMatchObject({ files: 5 });
  });

  test("the same some of another version is what differs of it", async () => {
    const { to, download } = await versions(one, two);
    await download("V1", { path: "a/*" });
    expect(await download("V2", { path: "a/*" })).toMatchObject({ files: 2, written: 2, removed: 1 });
    expect(treeOf(to)).toEqual({ "a/x": 'file "1+"', "a/z": 'file "2"' });
    expect(await download("V1", { path: ["b/*", "a/*"] })).toMatchObject({ files: 4, written: 4, removed: 1 });
    expect(await download("V2")).toMatchObject({ files: 5, written: 4, unchanged: 1, removed: 1 });
  });

  test("some of another version than the one the folder holds would make a mixture, and is a conflict", async () => {
    const { folders, to, download } = await versions(one, two);
    await download("V1");
    await expect(download("V2", { path: "a/*" })).rejects.toMatchObject(CONFLICT);
    expect(treeOf(to)).toEqual(treeOf(folders[0] as string));
    await download("V2", { path: "a/*", force: true });
    expect(treeOf(to)).toMatchObject({ "a/x": 'file "1+"', "b/x": 'file "3"', top: 'file "5"' });
  });

  test("clean removes other people's files among what is meant, and no others", async () => {
    const { to, download } = await versions(one);
    await download("V1");
    plant(to, { "a/mine": "mine", "b/mine": "mine" });
    await download("V1", { path: "a/*", clean: true });
    expect(fs.existsSync(path.join(to, "a/mine"))).toBe(false);
    expect(fs.existsSync(path.join(to, "b/mine"))).toBe(true);
    expect(fs.existsSync(path.join(to, "top"))).toBe(true);
  });
});

function replace(folder: string, name: string, what: Planted, more: Record<string, Planted> = {}): void {
  fs.rmSync(path.join(folder, name), { recursive: true });
  plant(folder, { [name]: what, ...more });
}

describe.skipIf(process.platform === "win32")("what is made has the rights of any new file", () => {
  const rightsOf = (folder: string): Record<string, string> =>
    Object.fromEntries(
      ["a.txt", "run.sh", "in", "in/b.txt"].map((name) => [
        name,
        (fs.statSync(path.join(folder, name)).mode & 0o7777).toString(8),
      ]),
    );

  test.each([0o022, 0o077, 0o002])("whatever the source had, under the umask %o", async (mask) => {
    const folder = temporaryFolder();
    plant(folder, { "a.txt": "alpha", "run.sh": { exec: "#!" }, "in/b.txt": "beta" });
    fs.chmodSync(path.join(folder, "a.txt"), 0o6666);
    fs.chmodSync(path.join(folder, "run.sh"), 0o4711);
    fs.chmodSync(path.join(folder, "in"), 0o1777);
    const store = await testStore();
    await mirror(store, folder);
    const to = path.join(temporaryFolder(), "to");
    const before = process.umask(mask);
    try {
      await downloadTo(store, "V1", to, {});
    } finally {
      process.umask(before);
    }
    const [file, executable] = [(0o666 & ~mask).toString(8), (0o777 & ~mask).toString(8)];
    expect(rightsOf(to)).toEqual({ "a.txt": file, "run.sh": executable, in: executable, "in/b.txt": file });
  });
});
