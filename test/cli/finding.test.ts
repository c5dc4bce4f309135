/** Which store a command means, which version an address means, and what a dry run promises. */

import { execFile, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { command, commandJson, commandPath, type Ended } from "../support/command.ts";
import { noise, plant, temporaryFolder, treeOf } from "../support/folders.ts";

/** Runs the command without a store named by the environment, at home in a folder of its own. */
function commandAt(cwd: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { ARTIFOLD_STORE: _store, XDG_DATA_HOME: _data, XDG_CONFIG_HOME: _config, ...inherited } = process.env;
  const env = { ...inherited, HOME: cwd, NO_COLOR: "1", ...more };
  return new Promise((resolve) => {
    execFile(process.execPath, [commandPath, ...args], { cwd, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code as unknown as number), signal: null, stdout, stderr });
    });
  });
}

const asSample = ["--name", "sample", "--type", "dataset"];

describe("the store", () => {
  test("is named by --store, else by ARTIFOLD_STORE, else the nearest .artifold above, else the user's own", async () => {
    const home = temporaryFolder();
    plant(home, { "project/data/x.txt": "x", "project/data/deep/y.txt": "y" });
    const upload = async (cwd: string, more: readonly string[], environment?: NodeJS.ProcessEnv) => {
      const { code, stdout, stderr } = await commandAt(cwd, ["upload", ".", ...asSample, ...more, "--json"], {
        HOME: home,
        ...environment,
      });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return JSON.parse(stdout).version as string;
    };
    const deep = path.join(home, "project/data/deep");
    const holds = async (store: string) =>
      (await commandJson<{ versions: number }[]>(store, ["ls"])).map(({ versions }) => versions);
    // The user's own: below home, nothing in the folder itself.
    await upload(deep, []);
    expect(fs.existsSync(path.join(home, "project/.artifold"))).toBe(false);
    expect(treeOf(deep)).toEqual({ "y.txt": 'file "y"' });
    // Made in a project: found from every folder below it.
    expect((await commandAt(path.join(home, "project"), ["store", "create"], { HOME: home })).code).toBe(0);
    await upload(deep, []);
    expect(await holds(path.join(home, "project/.artifold"))).toEqual([1]);
    // The environment stands over what is found, an option over the environment.
    await upload(deep, [], { ARTIFOLD_STORE: path.join(home, "by-environment") });
    expect(await holds(path.join(home, "by-environment"))).toEqual([1]);
    await upload(deep, ["--store", path.join(home, "by-option")], {
      ARTIFOLD_STORE: path.join(home, "by-environment"),
    });
    expect(await holds(path.join(home, "by-option"))).toEqual([1]);
    expect(await holds(path.join(home, "by-environment"))).toEqual([1]);
  });

  test.each(["ls", "show sample", "cat sample:V1/x", "log", "verify", "download sample", "status ."])(
    "that is not there: `%s` ends with 10, a hint, and makes none",
    async (line) => {
      const folder = temporaryFolder();
      const { code, stdout } = await command(`${folder}/none`, [...line.split(" "), "--json"], folder);
      expect(code).toBe(10);
      expect(JSON.parse(stdout).error).toMatchObject({ code: "NO_STORE", happened: "no", hint: expect.any(String) });
      expect(fs.readdirSync(folder)).toEqual([]);
    },
  );
});

test.skipIf(process.platform === "win32")(
  "a folder that gets a store is made as the umask has it, and the store for its user alone (needs modes of files)",
  async () => {
    const folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, "remote"));
    const before = process.umask(0o022);
    try {
      expect(await commandAt(folder, ["store", "create", "new/deep"])).toMatchObject({ code: 0 });
      expect(await commandAt(folder, ["clone", "./remote", "cloned/deep"])).toMatchObject({ code: 0 });
    } finally {
      process.umask(before);
    }
    const mode = (place: string) => (fs.statSync(path.join(folder, place)).mode & 0o777).toString(8);
    for (const name of ["new", "new/deep", "cloned", "cloned/deep"]) expect([name, mode(name)]).toEqual([name, "755"]);
    for (const name of ["new/deep", "cloned/deep"]) expect(mode(`${name}/.artifold`)).toBe("700");
  },
);

test("store create says so where ARTIFOLD_STORE names another store", async () => {
  const folder = temporaryFolder();
  const other = path.join(folder, "other");
  const made = await commandAt(folder, ["store", "create", "new"], { ARTIFOLD_STORE: other });
  expect(made).toMatchObject({ code: 0, stderr: `ARTIFOLD_STORE comes first, and names ${other}\n` });
  const same = await commandAt(folder, ["store", "create", "new"], {
    ARTIFOLD_STORE: path.join(folder, "new/.artifold"),
  });
  expect(same).toMatchObject({ code: 0, stderr: "" });
});

test("an upload of what is not there makes no store", async () => {
  const folder = temporaryFolder();
  plant(folder, { "data/x.txt": "x" });
  for (const paths of [["nosuch"], ["data", "data/x.txt/deeper"]]) {
    const { code, stderr } = await command(`${folder}/store`, ["upload", ...paths, ...asSample], folder);
    expect({ code, stderr }).toEqual({
      code: paths.length === 1 ? 15 : 1,
      stderr: expect.stringContaining(`cannot read ${paths.at(-1)}`),
    });
  }
  expect(fs.existsSync(`${folder}/store`)).toBe(false);
});

describe("a place that can hold no store", () => {
  test.each([
    ["that is a file", ["ls", "--store", "data/x.txt"]],
    ["that is a file, for a command that writes", ["upload", "data", ...asSample, "--store", "data/x.txt"]],
    ["below a file", ["ls", "--store", "data/x.txt/deep/store"]],
    ["below a file, for a new store", ["store", "create", "data/x.txt"]],
    ["below a file, for a clone", ["clone", "remote", "data/x.txt"]],
  ])("%s: that is said, and no fault of artifold", async (_, args) => {
    const folder = temporaryFolder();
    plant(folder, { "data/x.txt": "x", "remote/x": "x" });
    const before = treeOf(folder);
    const { code, stdout } = await commandAt(folder, [...args, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "STORE_REFUSED",
      message: `${fs.realpathSync(folder)}/data/x.txt is not a folder`,
      hint: expect.stringContaining("folder"),
      happened: "no",
    });
    expect(treeOf(folder)).toEqual(before);
  });

  test("a file .artifold is in nobody's way", async () => {
    const folder = temporaryFolder();
    plant(folder, { ".artifold": "mine", "data/x.txt": "x" });
    expect(await commandAt(folder, ["upload", "data", ...asSample])).toMatchObject({ code: 0 });
    expect((await commandAt(folder, ["ls", "-q"])).stdout).toContain("sample");
  });

  test.skipIf(process.getuid?.() !== 0)("that somebody else keeps to himself (needs root, to be others)", async () => {
    const folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, "shut"), { mode: 0o700 });
    fs.chmodSync(folder, 0o755);
    const args = [commandPath, "ls", "--store", path.join(folder, "shut"), "--json"];
    const { status, stdout } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      cwd: folder,
      env: { ...process.env, HOME: "/nonexistent" },
      uid: 65_534,
      gid: 65_534,
    });
    expect(status).toBe(1);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "STORE_REFUSED",
      message: expect.stringContaining("EACCES"),
      happened: "no",
    });
  });
});

describe("an address", () => {
  test("by name, number, tag, id and place; what is unclear or unknown says so", async () => {
    const folder = temporaryFolder();
    const store = `${folder}/store`;
    plant(folder, { "data/x.txt": "1" });
    const data = path.join(folder, "data");
    await command(store, ["upload", data, ...asSample, "--tag", "first"]);
    plant(folder, { "data/x.txt": "2" });
    await command(store, ["upload", data, ...asSample]);
    await command(store, ["upload", data, "--name", "twice", "--type", "dataset"]);
    await command(store, ["upload", data, "--name", "twice", "--type", "model"]);
    const shown = async (ref: string, ...more: string[]) =>
      commandJson<{
        version: string;
        id: string;
        digest: string;
        team: string;
        experiment: string;
        error?: { code: string };
      }>(store, ["show", ref, ...more]);
    const { id, digest, team, experiment } = await shown("sample:V1");
    for (const ref of ["sample:V1", "sample:first", `sample@${digest}`, `${team}/${experiment}/sample:V1`]) {
      expect((await shown(ref)).id ?? ref).toBe(id);
    }
    expect((await shown("sample")).version).toBe("V2");
    expect((await shown("sample:latest")).version).toBe("V2");
    expect((await command(store, ["show", "twice"])).code).toBe(2);
    expect((await shown("twice", "--type", "model")).version).toBe("V1");
    for (const ref of ["sample:V3", "sample:none", "nobody", "no/where/sample:V1"]) {
      expect({ ref, code: (await command(store, ["show", ref])).code }).toEqual({ ref, code: 15 });
    }
    for (const ref of ["", ":V1", "a/b", "sample:"]) {
      expect({ ref, code: (await command(store, ["show", ref])).code }).toEqual({ ref, code: 2 });
    }
  });
});

test("a dry run makes no store, and says the same as the upload after it", async () => {
  const folder = temporaryFolder();
  const store = `${folder}/store`;
  plant(folder, { "data/x.bin": noise(200_000), "data/y": "y" });
  const call = ["upload", path.join(folder, "data"), ...asSample];
  const dry = await command(store, [...call, "--dry-run", "--json"]);
  expect(dry).toMatchObject({ code: 0, stderr: "" });
  expect(fs.existsSync(store)).toBe(false);
  const real = await commandJson<Record<string, unknown>>(store, call);
  const { id: _id, writtenBytes: _written, operation: _operation, ...promised } = JSON.parse(dry.stdout);
  expect(real).toMatchObject(promised);
});
