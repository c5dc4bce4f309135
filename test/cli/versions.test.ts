/** The commands for versions that are there: their JSON fields, their exit codes, and that a dry run changes nothing. */
import { existsSync, rmSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { command, commandJson } from "../support/command.ts";
import { plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { openScratch, uploadFiles } from "../support/stores.ts";

let work: string;
let store: string;

beforeEach(async () => {
  work = temporaryFolder();
  store = path.join(work, "store");
  const open = await openScratch(store);
  await uploadFiles(open, { "a.csv": "1", "b/c.txt": "22", "b/d": "333" });
  await uploadFiles(open, { "a.csv": "one", "b/c.txt": "22", new: "4444" });
  await open.close();
});

const run = async (...args: string[]) => command(store, args, work);
const json = async <Result = Record<string, unknown>>(...args: string[]): Promise<Result> =>
  commandJson<Result>(store, args, work);
const names = (changes: { path: string }[]): string[] => changes.map((change) => change.path);

interface Differences {
  readonly added: { path: string; size: number }[];
  readonly modified: { path: string; size: number }[];
  readonly removed: { path: string; size: number }[];
  readonly bytes: number;
}

test("ls tells artifacts, folders of a version, and with --recursive all entries", async () => {
  const [artifact] = await json<object[]>("ls");
  const place = { team: "local", experiment: "uncategorized", type: "dataset", name: "sample" };
  expect(artifact).toEqual({ ...place, latest: "V2", versions: 2 });
  expect(await json("ls", "sample:V1")).toEqual([
    { path: "a.csv", size: 1, digest: expect.stringMatching(/^[0-9a-f]{64}$/), kind: "file" },
    { path: "b", size: 5, digest: null, kind: "folder" },
  ]);
  expect(names(await json("ls", "sample:V1/b"))).toEqual(["b/c.txt", "b/d"]);
  expect(names(await json("ls", "--recursive", "sample:V1"))).toEqual(["a.csv", "b/c.txt", "b/d"]);
  expect(names(await json("ls", "-r", "sample:V1/b"))).toEqual(["b/c.txt", "b/d"]);
  expect((await run("ls", "sample:V1/none")).code).toBe(15);
  expect(await json("ls", "--team", "nobody")).toEqual([]);
  // Where a filter matched nothing it is not said that there is nothing yet.
  expect((await run("ls", "--team", "nobody")).stdout).toBe("no artifact fits\n");
  expect((await run("ls", "--type", "none")).stdout).toBe("no artifact fits\n");
});

test("of an empty result -q prints nothing, not even an empty line", async () => {
  const calls = [
    ["ls", "--team", "nobody"],
    ["diff", "sample:V1", "sample:V1"],
    ["runs", "ls"],
    ["token", "ls"],
  ];
  for (const args of calls) expect(await run(...args, "-q")).toMatchObject({ code: 0, stdout: "", stderr: "" });
});

test("show tells all of a version, and with --versions of all, the newest first", async () => {
  expect(await json("show", "sample:V2")).toEqual({
    team: "local",
    experiment: "uncategorized",
    type: "dataset",
    name: "sample",
    version: "V2",
    id: expect.stringMatching(/^[0-9a-f]{64}$/),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    parent: "V1",
    files: 3,
    bytes: 9,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    createdBy: "tester",
    run: null,
    runId: null,
    madeBy: [],
    usedBy: [],
    message: "",
    metadata: {},
    tags: [],
    sameAs: [],
    newBytes: 7,
    entries: 3,
    published: false,
    complete: true,
  });
  const versions = await json<{ version: string }[]>("show", "sample", "--versions");
  expect(versions.map((each) => each.version)).toEqual(["V2", "V1"]);
  expect((await run("show", "sample:V1", "--versions")).code).toBe(2);
});

test("times are those of UTC, and say so", async () => {
  const time = /(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?)Z {2}/;
  for (const args of [["log"], ["show", "sample", "--versions"]]) {
    const [, said = ""] = time.exec((await run(...args)).stdout) ?? [];
    expect(Math.abs(Date.now() - Date.parse(`${said.replace(" ", "T")}Z`))).toBeLessThan(600_000);
  }
});

test("diff compares two versions, or a version with a folder", async () => {
  const difference = await json<Differences>("diff", "sample:V1", "sample:V2");
  expect([names(difference.added), names(difference.modified), names(difference.removed), difference.bytes]).toEqual([
    ["new"],
    ["a.csv"],
    ["b/d"],
    7,
  ]);
  expect(await json("diff", "sample:V1", ":V2")).toEqual(difference);
  const back = await json<Differences>("diff", "sample:V2", ":V1");
  expect([names(back.added), names(back.removed)]).toEqual([["b/d"], ["new"]]);
  plant(work, { "there/a.csv": "1", "there/b/c.txt": "changed", "there/mine": "mine" });
  for (const folder of ["./there", path.join(work, "there")]) {
    const folderDifference = await json<Differences>("diff", "sample:V1", folder);
    expect([names(folderDifference.added), names(folderDifference.modified), names(folderDifference.removed)]).toEqual([
      ["mine"],
      ["b/c.txt"],
      ["b/d"],
    ]);
  }
  expect((await run("diff", "sample:V1", "sample:V9")).code).toBe(15);
  expect((await run("diff", "sample:V1", "./nowhere")).code).toBe(15);
  for (const [args, code] of [
    [["sample", "there"], 15],
    [["there", "sample"], 15],
    [["./there", "sample"], 2],
    [["sample", "there/"], 2],
  ] as const) {
    const refused = await run("diff", ...args);
    expect([args, refused.code]).toEqual([args, code]);
    expect(refused.stderr).toContain("hint: A folder comes second and begins with ./, as in `artifold diff");
  }
});

test("tag moves a tag, untag takes it away, and each is an operation of the log", async () => {
  expect(await json("tag", "sample:V1", "prod", "--dry-run")).toMatchObject({ operation: null });
  expect((await run("show", "sample:prod")).code).toBe(15);
  expect(await json("tag", "sample:V1", "prod")).toMatchObject({ operation: 3, version: "V1", tag: "prod" });
  expect(await json("tag", "sample:V1", "prod")).toMatchObject({ operation: null });
  expect(await json("tag", "sample:V2", "prod")).toMatchObject({ operation: 4, version: "V2" });
  expect((await run("untag", "sample:V1", "prod")).code).toBe(15);
  expect(await json("untag", "sample:V2", "prod", "--dry-run")).toMatchObject({ operation: null });
  expect(await json("untag", "sample:V2", "prod")).toMatchObject({ operation: 5 });
  expect((await run("tag", "sample:V1", "v3")).code).toBe(2);
  const operations = await json<{ operation: number; by: string; at: string; changes: object[] }[]>("log");
  expect(operations.map((each) => each.operation)).toEqual([5, 4, 3, 2, 1]);
  expect((await json<object[]>("log", "--limit", "2")).length).toBe(2);
  expect((await json<object[]>("log", "-n", "100")).length).toBe(5);
  for (const bad of ["0", "-1", "1.5", "many"]) expect((await run("log", "--limit", bad)).code).toBe(2);
});

test("what is not there is answered with what is: other versions, removed ones, the kind of what has no content", async () => {
  plant(work, { "data/empty": "folder/" });
  await run("upload", "data", "--name", "sample", "--type", "dataset");
  expect((await run("show", "sample:nosuch")).stderr).toContain("`artifold show --versions sample` lists");
  expect((await run("cat", "sample:V3/b")).stderr).toContain("b of sample:V3 is a folder, not a file");
  expect((await run("cat", "sample:V3/empty")).stderr).toContain("empty of sample:V3 is a folder, not a file");
  expect((await run("cat", "sample:V3/none")).stderr).toContain("sample:V3 has no none");
  await run("rm", "sample", "--all-versions", "--yes");
  for (const ref of ["sample", "sample:nosuch"]) {
    expect((await run("show", ref)).stderr).toContain("`artifold restore sample --all-versions`");
  }
});

test("log takes artifacts and versions, removed ones too, and tells only what concerns them", async () => {
  plant(work, { "data/x": "x" });
  await run("upload", "data", "--name", "other", "--type", "t", "--team", "kim");
  await run("tag", "sample:V1", "prod");
  await run("rm", "sample:V2", "--yes");
  const told = async (...args: string[]) => {
    const operations = await json<{ operation: number; changes: { change: string }[] }[]>("log", ...args);
    return operations.map(({ operation, changes }) => [operation, ...changes.map(({ change }) => change)]);
  };
  expect(await told("sample")).toEqual([
    [5, "remove"],
    [4, "tag"],
    [2, "version"],
    [1, "artifact", "version"],
  ]);
  expect(await told("sample", "--limit", "1")).toEqual([[5, "remove"]]);
  expect(await told("sample:V2")).toEqual([
    [5, "remove"],
    [2, "version"],
  ]);
  expect(await told("sample:V1", "kim/uncategorized/other")).toEqual([
    [4, "tag"],
    [3, "artifact", "version"],
    [1, "version"],
  ]);
  for (const filter of [
    ["--team", "kim"],
    ["--team", "kim", "--experiment", "uncategorized"],
    ["--type", "t"],
  ]) {
    expect(await told(...filter)).toEqual([[3, "artifact", "version"]]);
  }
  expect(await told("--team", "nobody")).toEqual([]);
  expect((await run("log", "nobody")).code).toBe(15);
  expect((await run("log", "sample:V9")).code).toBe(15);
});

test("meta changes metadata key by key, and the message", async () => {
  expect(await json("meta", "sample:V1", "a=1", "b=[2]", "--message", "said later")).toMatchObject({
    operation: 3,
    metadata: { a: 1, b: [2] },
    message: "said later",
  });
  expect(await json("meta", "sample:V1", "a=two", "--unset", "b", "--dry-run")).toMatchObject({ operation: null });
  expect(await json("show", "sample:V1")).toMatchObject({ metadata: { a: 1, b: [2] }, message: "said later" });
  expect(await json("meta", "sample:V1", "a=two", "--unset", "b")).toMatchObject({ metadata: { a: "two" } });
  expect(await json("show", "sample:V1")).toMatchObject({ metadata: { a: "two" }, message: "said later" });
  for (const bad of [["sample:V1"], ["sample:V1", "no pair"]]) expect((await run("meta", ...bad)).code).toBe(2);
});

test("who names a path where a whole version is meant is told so, and nothing more is done than was said", async () => {
  const address = "sample:V1/b";
  for (const call of [
    ["rm", address, "--yes"],
    ["restore", address],
    ["download", address, "--to", path.join(work, "out")],
    ["show", address],
    ["diff", address, "sample:V2"],
    ["diff", "sample:V2", address],
    ["tag", address, "prod"],
    ["untag", address, "prod"],
    ["meta", address, "a=1"],
    ["verify", address],
    ["merge", address, "sample:V2"],
    ["push", "./there", address],
  ]) {
    const { code, stderr } = await run(...call);
    expect([call[0], code, stderr]).toEqual([call[0], 2, expect.stringContaining("Write sample:V1 for all of it")]);
  }
  expect(existsSync(path.join(work, "out"))).toBe(false);
  expect(await json("show", "sample:V1")).toMatchObject({ tags: [] });
  expect((await run("ls", address)).stdout).toContain("b/c.txt");
});

describe("rm and restore", () => {
  test("take a version out of sight and bring it back; without a tag they need --all-versions", async () => {
    expect((await run("rm", "sample", "--yes")).code).toBe(2);
    expect((await run("rm", "sample:V2")).code).toBe(2);
    expect(await json("rm", "sample:V2", "--dry-run")).toMatchObject({ operation: null, versions: ["V2"] });
    expect(await json("show", "sample")).toMatchObject({ version: "V2" });
    expect(await json("rm", "sample:V2", "--yes")).toMatchObject({ operation: 3, versions: ["V2"] });
    expect(await json("show", "sample")).toMatchObject({ version: "V1" });
    expect((await run("rm", "sample:V2", "--yes")).code).toBe(15);
    expect(await json("restore", "sample:V2")).toMatchObject({ operation: 4, versions: ["V2"] });
    expect(await json("show", "sample")).toMatchObject({ version: "V2" });
  });

  test("all versions at once", async () => {
    const removed = await json<{ operations: number[]; versions: string[] }>("rm", "sample", "--all-versions", "--yes");
    expect(removed).toMatchObject({ operations: [3, 4], versions: ["V2", "V1"] });
    expect((await run("show", "sample")).code).toBe(15);
    expect(await json("ls")).toEqual([]);
    expect(await json("restore", "sample", "--all-versions")).toMatchObject({ versions: ["V2", "V1"] });
    expect(await json("ls")).toMatchObject([{ versions: 2 }]);
  });

  test("--all-versions beside the name of one of them is refused: one version was meant, or all", async () => {
    for (const address of ["sample:V1", `sample@${(await json<{ digest: string }>("show", "sample:V1")).digest}`]) {
      const refused = await run("rm", address, "--all-versions", "--yes");
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("--all-versions")]);
      expect((await run("restore", address, "--all-versions")).code).toBe(2);
    }
    expect(await json("ls")).toMatchObject([{ versions: 2 }]);
  });

  test("restore tells what was restored, and not what was there", async () => {
    await run("rm", "sample:V1", "--yes");
    const all = ["restore", "sample", "--all-versions"];
    expect(await json(...all, "--dry-run")).toEqual({ operation: null, operations: [], versions: ["V1"] });
    expect((await run(...all)).stdout).toBe("sample:V1 restored\n");
    const nothing = { operation: null, operations: [], versions: [] };
    for (const again of [all, ["restore", "sample:V1"]]) {
      expect(await json(...again)).toEqual(nothing);
      expect((await run(...again)).stdout).toBe("nothing restored\n");
    }
  });
});

describe("download", () => {
  test("tells the fields that are fixed; its default folder has the names of artifact and version", async () => {
    const place = path.join(work, "artifacts/sample/V1");
    const shown = await json("download", "sample:V1");
    expect(shown).toMatchObject({
      path: place,
      version: "V1",
      files: 3,
      bytes: 6,
      written: 3,
      unchanged: 0,
      removed: 0,
    });
    expect(shown["digest"]).toBe((await json("show", "sample:V1"))["digest"]);
    expect(Object.keys(treeOf(place))).toEqual(["a.csv", "b/c.txt", "b/d"]);
  });

  test("some of it with --path; a changed file is 14, and --force overwrites it", async () => {
    const to = ["--to", "out"];
    expect(await json("download", "sample:V1", ...to, "--path", "b/**")).toMatchObject({ files: 2, written: 2 });
    plant(work, { "out/b/d": "mine" });
    const refused = await run("download", "sample:V1", ...to, "--json");
    expect([refused.code, JSON.parse(refused.stdout).error.code]).toEqual([14, "CONFLICT"]);
    expect((await run("download", "sample:V1", ...to, "--force")).code).toBe(0);
    expect(treeOf(path.join(work, "out"))).toMatchObject({ "b/d": 'file "333"', "a.csv": 'file "1"' });
  });

  test("--clean lists what is not the version's and needs a yes, and none where there is nothing", async () => {
    await run("download", "sample:V1", "--to", "out");
    expect((await run("download", "sample:V1", "--to", "out", "--clean")).code).toBe(0);
    plant(work, { "out/mine": "mine" });
    const asked = await run("download", "sample:V1", "--to", "out", "--clean");
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("- mine")]);
    expect(existsSync(path.join(work, "out/mine"))).toBe(true);
    expect(await json("download", "sample:V1", "--to", "out", "--clean", "--dry-run")).toMatchObject({ removed: 1 });
    expect(existsSync(path.join(work, "out/mine"))).toBe(true);
    expect(await json("download", "sample:V1", "--to", "out", "--clean", "--yes")).toMatchObject({ removed: 1 });
    expect(existsSync(path.join(work, "out/mine"))).toBe(false);
  });

  test("counts links among what is unchanged, as among what is written, all of the version or some", async () => {
    plant(work, { "linked/d/a": "1", "linked/d/to-a": { link: "a" }, "linked/b": { link: "d/a" }, "linked/e/f": "2" });
    await run("upload", "linked", "--name", "linked", "--type", "t");
    const download = (...more: string[]) => json("download", "linked", "--to", "out", ...more);
    expect(await download()).toMatchObject({ files: 2, written: 4, unchanged: 0 });
    expect(await download()).toMatchObject({ written: 0, unchanged: 4 });
    expect(await download("--path", "d/**")).toMatchObject({ files: 1, written: 0, unchanged: 2 });
    rmSync(path.join(work, "out/b"));
    expect(await download("--dry-run")).toMatchObject({ written: 1, unchanged: 3 });
    expect(await download()).toMatchObject({ written: 1, unchanged: 3 });
  });

  test("a folder that holds another artifact of the name is told with its place and type", async () => {
    plant(work, { one: "1" });
    await run("upload", "one", "--name", "sample", "--type", "dataset", "--team", "kim");
    await run("upload", "one", "--name", "sample", "--type", "model");
    await run("download", "local/uncategorized/sample:V1", "--type", "dataset");
    const held = async (...args: string[]) => (await run("download", ...args)).stderr;
    expect(await held("kim/uncategorized/sample:V1")).toContain("V1 holds local/uncategorized/sample\n");
    expect(await held("sample:V1", "--type", "model")).toContain("V1 holds sample of type dataset\n");
  });

  test("a path below a file is told without hints about uploads", async () => {
    for (const args of [
      ["download", "sample", "--to", "file/sub"],
      ["status", "file/sub"],
      ["diff", "sample", "./file/sub"],
    ]) {
      plant(work, { file: "1" });
      const { code, stderr } = await run(...args);
      expect([args, code, stderr]).toEqual([args, 1, expect.stringContaining("is not a folder (ENOTDIR)")]);
      expect(stderr).not.toContain("--exclude");
    }
  });

  test("status tells what became of the folder, and 15 where nothing is known of it", async () => {
    await run("download", "sample:V1", "--to", "out");
    const ref = "local/uncategorized/sample:V1";
    expect(await json("status", "out")).toEqual({ ref, added: [], modified: [], removed: [], bytes: 0 });
    plant(work, { "out/b/d": "mine", "out/fresh": "1" });
    const { added, modified, removed } = await json<Differences>("status", "out");
    expect([names(added), names(modified), names(removed)]).toEqual([["fresh"], ["b/d"], []]);
    expect(await commandJson(store, ["status"], path.join(work, "out"))).toMatchObject({ ref, bytes: 5 });
    expect((await run("status")).code).toBe(15);
    expect((await run("status", ".")).code).toBe(15);
    expect((await run("status", "nowhere")).code).toBe(15);
  });
});

test("verify reads all, or some versions, or --quick; doctor and store create say what they found and made", async () => {
  const whole = await json("verify");
  expect(whole).toMatchObject({ ok: true, problems: [], versions: 2 });
  expect(whole["checkedBytes"]).toBeGreaterThan(0);
  expect(await json("verify", "sample:V1")).toMatchObject({ ok: true, versions: 1, checkedBytes: 6 });
  expect(await json("verify", "sample")).toMatchObject({ ok: true, versions: 2 });
  expect(await json("verify", "--quick")).toMatchObject({ ok: true });
  expect((await run("verify", "sample:V9")).code).toBe(15);
  expect(await json("verify", "--team", "local", "--type", "dataset")).toMatchObject({ ok: true, versions: 2 });
  expect((await run("verify", "--team", "nobody")).code).toBe(15);
  const { ok, findings } = await json<{ ok: boolean; findings: { name: string; ok: boolean }[] }>("doctor");
  expect([ok, findings.every((finding) => finding.ok)]).toEqual([true, true]);
  expect(findings.map((finding) => finding.name)).toEqual(
    expect.arrayContaining(["store", "SQLite", "BLAKE3", "zstd"]),
  );
  const made = await commandJson(path.join(work, "unused"), ["store", "create", "here"], work);
  expect(made).toEqual({ path: path.join(work, "here/.artifold"), created: true });
  const again = await commandJson(path.join(work, "unused"), ["store", "create", "here"], work);
  expect(again).toMatchObject({ created: false });
});
