import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { EMPTY_FOLDER, type Planted, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { DATA, mirror, pathsOf, testStore } from "../support/mirrors.ts";

async function uploaded(files: Record<string, Planted>, options = {}) {
  const folder = temporaryFolder();
  plant(folder, files);
  const store = await testStore();
  return { folder, store, result: await mirror(store, folder, options) };
}

test("names that are not UTF-8 are left out and named, and do not shadow good ones", async () => {
  const folder = temporaryFolder();
  const bad = (text: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(text, "latin1")]);
  plant(folder, { "good \ufffd": "a good name with a replacement character", plain: "p" });
  fs.writeFileSync(bad("caf\xe9"), "latin1");
  fs.mkdirSync(bad("d\xff"));
  fs.writeFileSync(bad("d\xff/inside"), "x");
  fs.symlinkSync("plain", bad("l\x80"));
  const store = await testStore();
  const result = await mirror(store, folder);
  expect(await pathsOf(store)).toEqual(["good \ufffd", "plain"]);
  expect(result.leftOut.map(({ path: at, reason }) => [at, reason])).toEqual([
    ["caf\ufffd", "name"],
    ["d\ufffd", "name"],
    ["l\ufffd", "name"],
  ]);
  expect(await mirror(store, folder)).toMatchObject({ changed: false, leftOut: { length: 3 } });
});

test.each(["file", "folder", "link"])(
  "a good name stays beside a bad one that decodes to the same text: a %s beside each kind",
  async (kind) => {
    const folder = temporaryFolder();
    const bad = (text: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(text, "latin1")]);
    for (const twin of ["a", "b", "c"]) {
      const name = `${folder}/${twin}\ufffd`;
      if (kind === "file") fs.writeFileSync(name, "good");
      else if (kind === "link") fs.symlinkSync("a", name);
      else plant(name, { inside: "good" });
    }
    const store = await testStore();
    await mirror(store, folder);
    const before = await pathsOf(store);
    expect(before).toHaveLength(3);
    fs.writeFileSync(bad("a\xff"), "bad");
    fs.mkdirSync(bad("b\xff"));
    fs.writeFileSync(bad("b\xff/other"), "bad");
    fs.symlinkSync("a", bad("c\xff"));
    expect(await mirror(store, folder)).toMatchObject({ changed: false, leftOut: { length: 3 } });
    expect(await pathsOf(store)).toEqual(before);
  },
);

test("a link whose target is not UTF-8 is refused by name", async () => {
  const folder = temporaryFolder();
  fs.symlinkSync(Buffer.from("caf\xe9", "latin1"), path.join(folder, "link"));
  await expect(mirror(await testStore(), folder)).rejects.toMatchObject({
    code: "LINK_OUTSIDE",
    message: expect.stringContaining("link (its target is not UTF-8)"),
  });
});

test("composed and decomposed names are two names, kept as they are and reported", async () => {
  const { store, folder, result } = await uploaded({ "\u00e9.txt": "composed", "e\u0301.txt": "decomposed" });
  expect(await pathsOf(store)).toEqual(["e\u0301.txt", "\u00e9.txt"]);
  expect(result.warnings).toHaveLength(1);
  const target = path.join(temporaryFolder(), "out");
  await (await store.getArtifact(DATA)).download(target);
  expect(treeOf(target)).toEqual(treeOf(folder));
});

test.each([
  ["CON", "device"],
  ["aux.txt", "device"],
  ["lpt9", "device"],
  ["ends with dot.", "ends in a dot"],
  ["ends with space ", "ends in a dot or a space"],
  ["a:b", "character"],
  ["what?", "character"],
  ["back\\slash", "character"],
  ["tab\there", "character"],
  ["new\nline", "character"],
  ["progra~1", "short form"],
])("a name that Windows cannot hold is kept and reported: %j", async (name, problem) => {
  const { store, folder, result } = await uploaded({ [name]: "x", fine: "y", [`in/${name}/z`]: "z" });
  expect(await pathsOf(store)).toEqual([name, "fine", `in/${name}/z`].sort());
  expect(result.warnings.map((warning) => warning.path).sort()).toEqual([name, `in/${name}`].sort());
  for (const warning of result.warnings) expect(warning.problem).toContain(problem);
  const target = path.join(temporaryFolder(), "out");
  await (await store.getArtifact(DATA)).download(target);
  expect(treeOf(target)).toEqual(treeOf(folder));
});

test.each([
  [["Read.me", "READ.ME"], ["Read.me"]],
  [
    ["a/File", "A/file", "A/other"],
    ["a", "a/File"],
  ],
  [["straße", "STRASSE"], ["straße"]],
])("names that differ only by case are kept and reported: %j", async (names, reported) => {
  const { store, result } = await uploaded(Object.fromEntries(names.map((name) => [name, name])));
  expect((await pathsOf(store)).sort()).toEqual([...names].sort());
  expect(result.warnings.map((warning) => warning.path)).toEqual(reported);
});

test("the longest names and paths that the file system takes are kept", async () => {
  const long = "n".repeat(255);
  const wide = "고".repeat(85);
  const { store, folder } = await uploaded({ [long]: "1", [wide]: "2", [`${wide}d/${long}/${wide}`.slice(1)]: "3" });
  const target = path.join(temporaryFolder(), "out");
  await (await store.getArtifact(DATA)).download(target);
  expect(treeOf(target)).toEqual(treeOf(folder));
});

test("what lies deeper than a path can be is left out and named", async () => {
  const folder = temporaryFolder();
  const deep = Array.from({ length: 255 }, () => "d").join("/");
  plant(folder, { [`${deep}/file`]: "deepest", [`${deep}/d/too deep`]: "x", [`${deep}/d/e/f`]: "y", top: "t" });
  const store = await testStore();
  const { leftOut } = await mirror(store, folder);
  expect(await pathsOf(store)).toEqual([`${deep}/file`, "top"]);
  expect(leftOut.map(({ path: at, reason }) => [at, reason])).toEqual([
    [`${deep}/d/e`, "name"],
    [`${deep}/d/too deep`, "name"],
  ]);
});

test("order is that of UTF-8 bytes, for names beyond the first plane and beside folders too", async () => {
  const names = ["a", "a.txt", "a-b", "a/x", "a!/y", "\u{1f408}", "\uffee", "\ue000", "z"].filter(
    (name) => name !== "a",
  );
  const { store } = await uploaded(Object.fromEntries(names.map((name) => [name, name])));
  const inBytes = [...names].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  expect(await pathsOf(store)).toEqual(inBytes);
});

test("the store, other stores and folders that a download wrote are left out and named", async () => {
  const folder = temporaryFolder();
  plant(folder, { "a.txt": "a", "sub/.artifold/format.json": "not a store", "sub/b.txt": "b" });
  const store = await testStore({}, path.join(folder, ".artifold"));
  await mirror(store, folder);
  expect(await pathsOf(store)).toEqual(["a.txt", "sub/b.txt"]);
  await (await store.getArtifact(DATA)).download(path.join(folder, "out/data/V1"));
  const again = await mirror(store, folder);
  expect(again).toMatchObject({ changed: false });
  expect(again.leftOut).toEqual([
    { path: ".artifold", reason: "store" },
    { path: "out/data/V1", reason: "download" },
    { path: "sub/.artifold", reason: "store" },
  ]);
});

test("a store of any name inside the folder is left out and named", async () => {
  const folder = temporaryFolder();
  plant(folder, { "a.txt": "a" });
  const store = await testStore({}, path.join(folder, "my store"));
  expect((await mirror(store, folder)).leftOut).toEqual([{ path: "my store", reason: "store" }]);
  expect(await pathsOf(store)).toEqual(["a.txt"]);
});

test("a folder that a download wrote is itself uploaded when it is named", async () => {
  const { store } = await uploaded({ a: "1", "b/c": "2" });
  const target = path.join(temporaryFolder(), "out");
  await (await store.getArtifact(DATA)).download(target);
  fs.writeFileSync(path.join(target, "a"), "changed");
  expect(await mirror(store, target)).toMatchObject({ changed: true, modified: 1, leftOut: [] });
});

test(".artifoldignore has the syntax of gitignore, in every folder, and is content itself", async () => {
  const { store } = await uploaded({
    ".artifoldignore": "# a comment\n*.log\n!keep.log\n/only-root\nbuild/\ndeep/**/x\n\\#odd\ntrailing   \n**/cache\n",
    ".gitignore": "*.txt\n",
    "a.txt": "kept: .gitignore is not read",
    "a.log": "out",
    "keep.log": "in",
    "sub/a.log": "out",
    "sub/keep.log": "in",
    "only-root": "out",
    "sub/only-root": "in",
    "build/x": "out",
    "sub/build/x": "out",
    "not/build": "in: a file",
    "deep/x": "out",
    "deep/er/still/x": "out",
    "deep/er/y": "in",
    "#odd": "out",
    trailing: "out",
    "sub/cache/c": "out",
    "nested/.artifoldignore": "!a.log\n/local\n*.dat\n",
    "nested/a.log": "in again",
    "nested/local": "out",
    "nested/more/local": "in",
    "nested/more/b.dat": "out",
    "b.dat": "in",
    LOUD: "in",
    "case.LOG": "in: case matters",
    "empty/build": EMPTY_FOLDER,
  });
  expect(await pathsOf(store)).toEqual(
    [
      ".artifoldignore",
      ".gitignore",
      "LOUD",
      "a.txt",
      "b.dat",
      "case.LOG",
      "deep/er/y",
      "keep.log",
      "nested/.artifoldignore",
      "nested/a.log",
      "nested/more/local",
      "not/build",
      "sub/keep.log",
      "sub/only-root",
    ].sort(),
  );
});

test("rules in a file that begins with a byte order mark and ends its lines as Windows does", async () => {
  const { store } = await uploaded({
    ".artifoldignore": "\ufeff*.log\r\nbuild/\r\n",
    "a.log": "1",
    "build/x": "2",
    b: "3",
  });
  expect(await pathsOf(store)).toEqual([".artifoldignore", "b"]);
});

test("new rules take out of a mirror what they mean", async () => {
  const { store, folder } = await uploaded({ "a.log": "1", "logs/b": "2", c: "3" });
  fs.writeFileSync(path.join(folder, ".artifoldignore"), "*.log\nlogs/\n");
  expect(await mirror(store, folder)).toMatchObject({ added: 1, removed: 2 });
  fs.rmSync(path.join(folder, ".artifoldignore"));
  expect(await mirror(store, folder)).toMatchObject({ added: 2, removed: 1 });
});

test("a FIFO, a folder or a link in the place of .artifoldignore stops nothing", async () => {
  const { execFileSync } = await import("node:child_process");
  const folder = temporaryFolder();
  plant(folder, {
    "a.log": "1",
    "fifo/a.log": "2",
    "folder/.artifoldignore/x": "3",
    rules: "*.log\n",
    "link/.artifoldignore": { link: "../rules" },
    "link/a.log": "4",
    "dangling/.artifoldignore": { link: "../nothing" },
    "dangling/a.log": "5",
  });
  execFileSync("mkfifo", [path.join(folder, "fifo/.artifoldignore")]);
  const store = await testStore();
  const { leftOut } = await mirror(store, folder);
  expect(leftOut).toEqual([{ path: "fifo/.artifoldignore", reason: "special" }]);
  expect(await pathsOf(store)).toEqual([
    "a.log",
    "dangling/.artifoldignore",
    "dangling/a.log",
    "fifo/a.log",
    "folder/.artifoldignore/x",
    "link/.artifoldignore",
    "rules",
  ]);
});

test("globs choose what is meant, names at any depth and paths from the root", async () => {
  const files = {
    "a.csv": "1",
    "train/a.csv": "2",
    "train/b.txt": "3",
    "tmp/x": "4",
    "tmp/a.csv": "5",
    "e/tmp": EMPTY_FOLDER,
    ".hid/a.csv": "6",
  } as const;
  const chosen = async (options: object) => pathsOf((await uploaded(files, options)).store);
  expect(await chosen({ include: ["*.csv"] })).toEqual([".hid/a.csv", "a.csv", "tmp/a.csv", "train/a.csv"]);
  expect(await chosen({ include: ["train/*.csv", "a.csv"], exclude: ["tmp", ".hid/**"] })).toEqual([
    "a.csv",
    "train/a.csv",
  ]);
  expect(await chosen({ exclude: ["tmp/"] })).toEqual([".hid/a.csv", "a.csv", "train/a.csv", "train/b.txt"]);
  expect(await chosen({ include: ["/train/"] })).toEqual(["train/a.csv", "train/b.txt"]);
  expect(await chosen({ include: ["/a.csv"] })).toEqual(["a.csv"]);
  expect(await chosen({ include: ["./a.csv"] })).toEqual(["a.csv"]);
  expect(await chosen({ exclude: ["/a.csv", "/tmp", "e"] })).toEqual([".hid/a.csv", "train/a.csv", "train/b.txt"]);
  expect(await chosen({ include: ["{train,tmp}/**"], exclude: ["*.csv"] })).toEqual(["tmp/x", "train/b.txt"]);
  expect(await chosen({ include: ["e"] })).toEqual(["e/tmp"]);
  expect(await chosen({ include: ["tmp/"] })).toEqual(["e/tmp", "tmp/a.csv", "tmp/x"]);
});
