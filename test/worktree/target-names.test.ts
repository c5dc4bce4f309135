/**
 * Downloads to places that know fewer names than a version may hold. Windows and folding file systems are simulated: the
 * rules of the one are asked for, the other is a layer above the real one.
 */
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { foldName } from "../../src/catalog/index.ts";
import { openStore, type Store, type Version } from "../../src/index.ts";
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";
import { EMPTY_FOLDER, type Planted, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { foldingFileSystem } from "../support/folding-file-system.ts";
import { DATA, mirror, testStore } from "../support/mirrors.ts";

const windows: FileSystem = { ...nodeFileSystem, platform: "win32" };
const folding = foldingFileSystem(foldName);

/** A version of files, made here, as somebody sees it elsewhere. */
async function seenFrom(there: FileSystem, ...trees: Record<string, Planted>[]): Promise<Version[]> {
  const store = await testStore();
  for (const files of trees) {
    const folder = temporaryFolder();
    plant(folder, files);
    await mirror(store, folder);
  }
  const elsewhere: Store = await openStore(store.folder, { workers: 0, fs: there });
  return Promise.all(trees.map((_, at) => elsewhere.getArtifact({ ...DATA, tag: `V${at + 1}` })));
}

/** The same with one version. */
async function oneSeenFrom(there: FileSystem, files: Record<string, Planted>): Promise<Version> {
  const [version] = await seenFrom(there, files);
  return version as Version;
}

/** A download is refused before the first write: into a new folder, an empty one, and one with something in it. */
async function expectRefused(version: Version, expected: object): Promise<void> {
  for (const there of [undefined, {}, { "mine/file": "mine" }] as (Record<string, Planted> | undefined)[]) {
    const around = temporaryFolder();
    const target = path.join(around, "target");
    if (there !== undefined) plant(around, { target: EMPTY_FOLDER });
    if (there !== undefined) plant(target, there);
    const before = treeOf(around);
    await expect(version.download(target)).rejects.toMatchObject({ happened: "no", ...expected });
    // The folder may have been made; nothing is in it that was not.
    const { "target/": _, ...after } = treeOf(around);
    const { "target/": __, ...was } = before;
    expect(after).toEqual(was);
    await expect(version.download(target, { force: true, clean: true })).rejects.toMatchObject(expected);
  }
}

const refusedByWindows = [
  "CON",
  "con",
  "con.txt",
  "con .txt",
  "nul.tar.gz",
  "PRN",
  "aux.c",
  "COM1",
  "com9.log",
  "COM¹",
  "LPT²",
  "CONIN$",
  "CONOUT$",
  "CLOCK$",
  "C:x",
  "C:\\x",
  "a:b",
  "a::$DATA",
  "a:$I30:$INDEX_ALLOCATION",
  "..\\x",
  "a\\..\\..\\b",
  "back\\slash",
  "\\\\server\\share\\x",
  "\\\\?\\C:\\x",
  "\\\\.\\PhysicalDrive0",
  "what?",
  "star*",
  "pipe|",
  'quote"',
  "less<",
  "more>",
  "tab\t",
  "line\n",
  "return\r",
  "bell\x07",
  "dot.",
  "dots...",
  "...",
  "space ",
  "git~1",
  "PROGRA~1",
];

describe("to Windows", () => {
  test.each(refusedByWindows)("%j is refused by name, wherever it stands", async (name) => {
    const version = await oneSeenFrom(windows, { fine: "1", [name]: "2", [`in/${name}/deep`]: EMPTY_FOLDER });
    const problem = expect.any(String);
    const paths = [name, `in/${name}/deep`].sort().map((each) => ({ path: each, problem }));
    await expectRefused(version, { code: "PATH_INVALID", info: { folder: expect.any(String), paths } });
  });

  test.each(["..\\out", "C:\\x", "a\\b", "sub/con", "sub/nul.txt/x", "sub/dot./x"])(
    "a link to %j is refused by name",
    async (target) => {
      const version = await oneSeenFrom(windows, { fine: "1", link: { link: target } });
      const paths = [{ path: "link", problem: expect.stringContaining("its target") }];
      await expectRefused(version, { code: "PATH_INVALID", info: { folder: expect.any(String), paths } });
    },
  );

  test("all are named, up to a hundred, and a dry run says the same", async () => {
    const names = Array.from({ length: 150 }, (_, at) => [`${at}?`, "x"]);
    const version = await oneSeenFrom(windows, Object.fromEntries(names) as Record<string, Planted>);
    const target = path.join(temporaryFolder(), "target");
    const refused = { code: "PATH_INVALID", info: { paths: { length: 100 } } };
    await expect(version.download(target, { dryRun: true })).rejects.toMatchObject(refused);
    expect(fs.existsSync(target)).toBe(false);
    fs.mkdirSync(target);
    await expect(version.download(target, { dryRun: true })).rejects.toMatchObject(refused);
    await expect(version.download(target)).rejects.toMatchObject({
      ...refused,
      message:
        '"0?" cannot be written on Windows: it has a character that Windows does not allow in names, and 99 more paths too: nothing was written',
    });
  });

  test("names that it knows are written, and entries that it does not are left out with --path", async () => {
    const files: Record<string, Planted> = {
      "con-fig": "1",
      "console.txt": "2",
      com10: "3",
      ".hidden": "4",
      "a.b.c": "5",
      "고양이/é": "6",
      "in/link": { link: "../con-fig" },
      "in/here": { link: "." },
      "tilde~": "7",
      CON: "not written",
    };
    const version = await oneSeenFrom(windows, files);
    const target = path.join(temporaryFolder(), "target");
    await expect(version.download(target)).rejects.toMatchObject({ code: "PATH_INVALID" });
    await version.download(target, { path: Object.keys(files).filter((name) => name !== "CON") });
    const { CON: _, ...fine } = files;
    const expected = temporaryFolder();
    plant(expected, fine);
    expect(treeOf(target)).toEqual(treeOf(expected));
  });

  test("here all of them are written", async () => {
    const files = Object.fromEntries(refusedByWindows.map((name) => [name, name]));
    const version = await oneSeenFrom(nodeFileSystem, files);
    const target = path.join(temporaryFolder(), "target");
    expect(await version.download(target)).toMatchObject({ written: refusedByWindows.length });
  });
});

const sameName = (...paths: string[]): object => ({
  code: "CONFLICT",
  info: { folder: expect.any(String), conflicts: paths.map((each) => ({ path: each, reason: "same name" })) },
});

describe("to a file system that folds names", () => {
  test.each<[string, Record<string, Planted>, string[]]>([
    ["files", { "Read.me": "1", "read.me": "2", other: "3" }, ["read.me"]],
    ["files in a folder, with names between them", { "d/A": "1", "d/B": "2", "d/a": "3" }, ["d/a"]],
    ["folders", { "Data/x": "1", "data/y": "2" }, ["data"]],
    ["folders with names of others between them", { "A/x": "1", "A-/x": "2", "a/y": "3", "a-/y": "4" }, ["a-", "a"]],
    ["a file and a folder", { data: "1", "Data/x": "2" }, ["data"]],
    [
      "a link and a folder: what is written below would go where the link leads",
      { A: { link: "real" }, "a/x": "1", "real/y": "2" },
      ["a"],
    ],
    ["an empty folder and a file", { Hollow: EMPTY_FOLDER, hollow: "1" }, ["hollow"]],
    ["sharp s", { straße: "1", STRASSE: "2" }, ["straße"]],
    ["composed and decomposed", { "\u00e9": "1", "e\u0301": "2" }, ["\u00e9"]],
    ["three of one name", { ABC: "1", Abc: "2", abc: "3" }, ["Abc", "abc"]],
    ["deep down", { "a/b/c/D": "1", "a/b/c/d": "2" }, ["a/b/c/d"]],
  ])("a version with two entries of one name is refused: %s", async (_, files, alike) => {
    await expectRefused(await oneSeenFrom(folding, files), sameName(...alike));
    // Here each has its own name.
    const target = path.join(temporaryFolder(), "target");
    await (await oneSeenFrom(nodeFileSystem, files)).download(target);
    const expected = temporaryFolder();
    plant(expected, files);
    expect(treeOf(target)).toEqual(treeOf(expected));
  });

  test("one of the two can be chosen, and then not the other beside it", async () => {
    const version = await oneSeenFrom(folding, { "Read.me": "1", "read.me": "2", other: "3" });
    const target = path.join(temporaryFolder(), "target");
    await version.download(target, { path: ["Read.me", "other"] });
    expect(treeOf(target)).toEqual({ "Read.me": 'file "1"', other: 'file "3"' });
    await expect(version.download(target, { path: "read.me" })).rejects.toMatchObject(sameName("read.me"));
    expect(treeOf(target)).toEqual({ "Read.me": 'file "1"', other: 'file "3"' });
  });

  test.each<[string, Record<string, string>, string]>([
    ["a file", { "READ.ME": "mine" }, "read.me"],
    ["a folder", { "DATA/mine": "mine" }, "data"],
    ["a file in a folder of the same name", { "data/X": "mine" }, "data/x"],
    ["a file in the place of a folder", { DATA: "mine" }, "data"],
  ])("%s of the user's under another form of a name is not written over", async (_, mine, conflict) => {
    const version = await oneSeenFrom(folding, { "read.me": "1", "data/x": "2", other: "3" });
    const target = path.join(temporaryFolder(), "target");
    plant(target, mine);
    const before = treeOf(target);
    await expect(version.download(target)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(version.download(target)).rejects.toMatchObject(sameName(conflict));
    await expect(version.download(target, { force: true })).rejects.toMatchObject(sameName(conflict));
    expect(treeOf(target)).toEqual(before);
    await version.download(target, { clean: true });
    expect(treeOf(target)).toEqual({ "data/x": 'file "2"', other: 'file "3"', "read.me": 'file "1"' });
  });

  test("a version in which only the case of names changed is written, and back", async () => {
    const one = { "Read.me": "1", "Data/X": "2", same: "3" };
    const two = { "read.me": "1+", "data/x": "2+", same: "3" };
    const [v1, v2] = (await seenFrom(folding, one, two)) as [Version, Version];
    const target = path.join(temporaryFolder(), "target");
    for (const [version, files] of [
      [v1, one],
      [v2, two],
      [v1, one],
    ] as const) {
      await version.download(target);
      const expected = temporaryFolder();
      plant(expected, files);
      expect(treeOf(target)).toEqual(treeOf(expected));
    }
  });

  test("what is found out there is what counts: names are kept apart on a Mac that does, but for composition", async () => {
    const mac: FileSystem = { ...nodeFileSystem, platform: "darwin" };
    const target = path.join(temporaryFolder(), "target");
    await (await oneSeenFrom(mac, { A: "1", a: "2" })).download(target);
    expect(treeOf(target)).toEqual({ A: 'file "1"', a: 'file "2"' });
    await expectRefused(await oneSeenFrom(mac, { "\u00e9": "1", "e\u0301": "2" }), sameName("\u00e9"));
    await expectRefused(await oneSeenFrom(foldingFileSystem(foldName, "darwin"), { A: "1", a: "2" }), sameName("a"));
  });

  test("a dry run goes by the platform, for it tries nothing out", async () => {
    const files = { A: "1", a: "2" };
    const target = path.join(temporaryFolder(), "target");
    const rehearsal = { dryRun: true };
    for (const platform of ["win32", "darwin"] as const) {
      const version = await oneSeenFrom({ ...nodeFileSystem, platform }, files);
      await expect(version.download(target, rehearsal)).rejects.toMatchObject(sameName("a"));
    }
    expect(await (await oneSeenFrom(nodeFileSystem, files)).download(target, rehearsal)).toMatchObject({ files: 2 });
    expect(fs.existsSync(target)).toBe(false);
  });
});

describe("to a file system that keeps names apart", () => {
  test("one file is tried out before something is written, and nothing where nothing is", async () => {
    const tried: string[] = [];
    const watched: FileSystem = {
      ...nodeFileSystem,
      lookAt: (file) => {
        if (/\.ARTIFOLD-[0-9A-F]{16}\.TMP$/.test(file)) tried.push(file);
        return nodeFileSystem.lookAt(file);
      },
    };
    const version = await oneSeenFrom(watched, { A: "1", a: "2" });
    const target = path.join(temporaryFolder(), "target");
    await version.download(target);
    expect(tried).toHaveLength(1);
    await version.download(target);
    expect(tried).toHaveLength(1);
    expect(fs.readdirSync(target).sort()).toEqual(["A", "a"]);
  });

  test("a folder in which nothing can be made says so before anything is removed", async () => {
    const failing: FileSystem = {
      ...nodeFileSystem,
      open: (file, flags, mode) => {
        if (/\.artifold-[0-9a-f]{16}\.tmp$/.test(file)) throw Object.assign(new Error("no"), { code: "EACCES" });
        return nodeFileSystem.open(file, flags, mode);
      },
    };
    const [, v2] = (await seenFrom(failing, { gone: "1" }, { fresh: "2" })) as [Version, Version];
    const target = path.join(temporaryFolder(), "target");
    fs.mkdirSync(target);
    await expect(v2.download(target)).rejects.toMatchObject({ code: "WRITE_FAILED", info: { path: target } });
    expect(fs.readdirSync(target)).toEqual([]);
  });
});
