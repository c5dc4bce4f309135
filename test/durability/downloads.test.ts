/** Downloads at once, and downloads that are killed: a folder holds whole files only, and in the end one version. */
import { existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { openStore, type Version } from "../../src/index.ts";
import { lockFolder } from "../../src/store/target-place.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { command, commandJson, type Ended, startCommand } from "../support/command.ts";
import { EMPTY_FOLDER, noise, type Planted, plant, treeOf } from "../support/folders.ts";
import { DATA, mirror } from "../support/mirrors.ts";
import { all, newFolder, uploadFiles } from "../support/stores.ts";

/** Large enough that a download takes a moment: small files, and some that are written piece by piece. */
function filesOf(version: number): Record<string, Planted> {
  const files: Record<string, Planted> = { "same in all": "same", [`only in ${version}`]: "x", run: { exec: "#!" } };
  for (let file = 0; file < 60; file++) files[`folder-${file % 7}/file-${file}`] = noise(3000, version * 1000 + file);
  for (let file = 0; file < 3; file++) files[`large-${file}`] = noise(1_200_000, version * 1000 + file);
  files["link"] = { link: `only in ${version}` };
  return files;
}

let store: string;
/** What each version holds, from V1 on. */
const trees: Record<string, string>[] = [];

beforeAll(async () => {
  const folder = newFolder();
  store = path.join(folder, "store");
  for (const version of [1, 2, 3]) {
    const data = path.join(folder, "data");
    plant(data, filesOf(version));
    const upload = ["upload", data, "--name", "sample", "--type", "dataset", "--mirror"];
    expect(await commandJson(store, upload)).toMatchObject({ version: `V${version}` });
    trees.push(treeOf(data));
    rmSync(data, { recursive: true });
  }
  return () => rmSync(folder, { recursive: true, force: true });
});

function scratch(): string {
  const folder = newFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, "out");
}

const download = (version: number, to: string, ...more: string[]): string[] => {
  return ["download", `sample:V${version}`, "--to", to, "--no-progress", ...more];
};

/** Names of files that were being written. */
/** Files in the making, and all that is in folders in the making. */
const TEMPORARY = /(^|\/)\.artifold-[0-9a-f]{16}\.tmp(\/|$)/;

/** Each file that is there is one that some version has, whole, or somebody's own. */
function expectWhole(folder: string, own: Record<string, string>): void {
  for (const [name, what] of Object.entries(treeOf(folder))) {
    if (name.endsWith("/") || TEMPORARY.test(name)) continue;
    expect([own[name], ...trees.map((each) => each[name])], name).toContain(what);
  }
}

const DONE = 0;
const REFUSED = [11, 14];

describe("two processes download at once", () => {
  test("into two folders: both are whole", async () => {
    const folders = [scratch(), scratch()];
    const ended = await Promise.all(folders.map((folder, at) => command(store, download(at + 1, folder))));
    expect(ended.map(({ code }) => code)).toEqual([DONE, DONE]);
    folders.forEach((folder, at) => {
      expect(treeOf(folder)).toEqual(trees[at]);
    });
  });

  test.each([
    ["the same version into a folder that is not there", undefined, [1, 1]],
    ["two versions into a folder that is not there", undefined, [1, 2]],
    ["two versions into a folder that holds a third", 3, [1, 2]],
    ["the version that is there and another", 1, [1, 2]],
  ] as const)("%s: it holds one of them, and whoever was not in time says so", async (_, held, both) => {
    await using open = await openStore(store, { workers: 0 });
    for (let round = 0; round < 2; round++) {
      const folder = scratch();
      if (held !== undefined) await (await open.resolve(`sample:V${held}`)).download(folder);
      const running = both.map(async (version, at): Promise<Ended> => {
        // Not always in step.
        await delay(at * round * 30);
        return command(store, download(version, folder));
      });
      const ended = await Promise.all(running);
      for (const { code, stderr } of ended) expect([DONE, ...REFUSED], stderr).toContain(code);
      const done = both.filter((_version, at) => ended[at]?.code === DONE);
      const tree = treeOf(folder);
      const holds = done.filter((version) => JSON.stringify(tree) === JSON.stringify(trees[version - 1]));
      expect(holds, `round ${round}: ${ended.map(({ code }) => code)}`).not.toEqual([]);
      // What is remembered of the folder is true.
      const { version, changes } = await open.status(folder);
      expect([version.version, await all(changes)]).toEqual([`V${holds[0]}`, []]);
    }
  });

  test("and two calls of one process wait for each other as well", async () => {
    await using open = await openStore(store, { workers: 0 });
    const folder = scratch();
    const versions = await Promise.all([1, 2].map((version) => open.resolve(`sample:V${version}`)));
    await Promise.all(versions.map((version) => version.download(folder)));
    expect(trees.slice(0, 2)).toContainEqual(treeOf(folder));
  });

  test("whoever would wait too long is told who is in the way, and has written nothing", async () => {
    await using open = await openStore(store, { workers: 0, lockWaitMs: 50 });
    const version = await open.resolve("sample:V1");
    const [folder, other] = [scratch(), scratch()];
    plant(folder, { mine: "mine" });
    await using holder = await openStore(store, { workers: 0 });
    const release = await holder.engine.use();
    const leave = await lockFolder(holder.engine, realpathSync(folder), undefined);
    await expect(version.download(folder)).rejects.toMatchObject({
      code: "BUSY",
      happened: "no",
      message: expect.stringContaining(`another download is writing to ${folder}`),
    });
    const aborted = version.download(folder, { signal: AbortSignal.timeout(10) });
    await expect(aborted).rejects.toMatchObject({ name: "TimeoutError" });
    // A dry run writes nothing, and need not wait.
    expect(await version.download(folder, { dryRun: true })).toMatchObject({ files: version.files });
    await version.download(other);
    expect(treeOf(folder)).toEqual({ mine: 'file "mine"' });
    leave();
    release();
    await version.download(folder);
    expect(treeOf(folder)).toEqual({ ...trees[0], mine: 'file "mine"' });
  });

  test("locks of folders are swept away, and never while somebody holds one", async () => {
    const place = path.join(scratch(), "store");
    await using open = await openStore(place, { workers: 0 });
    const version = await uploadFiles(open, { a: "1" });
    const locks = (): string[] => readdirSync(place).filter((name) => /^lock-folder-.*\.db$/.test(name));
    for (let time = 0; time < 3; time++) {
      await version.download(scratch());
      expect(locks()).toHaveLength(1);
    }
    await using other = await openStore(place, { workers: 0 });
    const release = await other.engine.use();
    const leave = await lockFolder(other.engine, place, undefined);
    await version.download(scratch());
    expect(locks()).toHaveLength(3);
    leave();
    release();
    await uploadFiles(open, { a: "2" });
    expect(readdirSync(place).filter((name) => name.startsWith("lock-"))).toEqual([]);
  });
});

describe("a download that is killed", () => {
  const own = { "mine/file": "my own", "folder-0/mine": "mine too" };
  const ownTree = { "mine/file": 'file "my own"', "folder-0/mine": 'file "mine too"' };

  test("at many moments, over another version, is completed by the next, exactly", { timeout: 120_000 }, async () => {
    const began = performance.now();
    expect((await command(store, download(2, scratch()))).code).toBe(DONE);
    const duration = performance.now() - began;
    let killed = 0;
    const folder = scratch();
    for (let round = 0; round < 5; round++) {
      const version = 1 + (round % 2);
      plant(folder, own);
      const run = startCommand(store, download(version, folder));
      // Mostly while it writes: a command takes a while to begin.
      await Promise.race([run.ended, delay(duration * (0.4 + round / 8))]);
      run.child.kill("SIGKILL");
      if ((await run.ended).code === null) killed++;
      expectWhole(folder, ownTree);
      const ended = await command(store, download(version, folder));
      expect(ended.code, ended.stderr).toBe(DONE);
      expect(treeOf(folder)).toEqual({ ...trees[version - 1], ...ownTree });
    }
    expect(killed).toBeGreaterThan(1);
  });

  const first: Record<string, Planted> = {
    same: "same",
    changed: "one",
    "gone/file": "gone",
    "stays/file": "stays",
    turns: "a file",
    "back/into": "in a folder",
    link: { link: "same" },
    large: noise(60_000, 1),
  };
  const second: Record<string, Planted> = {
    same: "same",
    changed: "two",
    "new/file": "new",
    "stays/file": { exec: "stays" },
    "turns/into": "in a folder",
    back: "a file",
    link: { link: "changed" },
    large: noise(70_000, 2),
    "empty/folder": EMPTY_FOLDER,
  };

  test.each([
    ["into a folder that is not there", undefined, undefined],
    ["into a folder of the user's", { "mine/file": "my own", "new/mine": "mine", same: "same" }, undefined],
    ["over another version", { "mine/file": "my own", "stays/mine": "mine" }, "V1"],
  ] as const)("at any file call, %s, is completed by the next", { timeout: 120_000 }, async (_, there, held) => {
    const place = path.join(scratch(), "store");
    const data = scratch();
    await using open = await openStore(place, { workers: 0 });
    const versions: Version[] = [];
    for (const files of [first, second]) {
      rmSync(data, { recursive: true, force: true });
      plant(data, files);
      await mirror(open, data);
      versions.push(await open.getArtifact(DATA));
    }
    const wanted = { ...treeOf(data), ...mineOf(there) };
    /** Downloads until the process "dies" at a call: from then on nothing that it does has an effect. */
    const attempt = async (deathAt: number): Promise<boolean> => {
      const to = scratch();
      if (held !== undefined) await (versions[0] as Version).download(to);
      if (there !== undefined) plant(path.dirname(to), { out: EMPTY_FOLDER });
      if (there !== undefined) plant(to, there);
      const before = existsSync(to) ? treeOf(to) : {};
      let calls = -1;
      const fs = new FaultyFileSystem(() => (calls >= 0 && ++calls >= deathAt ? "EIO" : undefined));
      const dying = await openStore(place, { workers: 0, fs });
      const version = await dying.getArtifact(DATA);
      calls = 0;
      const error = await version.download(to).then(
        () => undefined,
        (reason: Error) => reason,
      );
      calls = -1;
      await dying.close();
      const after = existsSync(to) ? treeOf(to) : {};
      for (const [name, what] of Object.entries(after)) {
        if (name.endsWith("/") || TEMPORARY.test(name)) continue;
        expect([before[name], wanted[name]], `${name} at ${deathAt}`).toContain(what);
      }
      await (versions[1] as Version).download(to);
      expect(treeOf(to), `died at ${deathAt}`).toEqual(wanted);
      return error !== undefined;
    };
    let deaths = 0;
    while (await attempt(deaths + 1)) deaths++;
    expect(deaths).toBeGreaterThan(30);
  });

  /** How a folder shows texts that somebody put there. */
  function mineOf(files: Readonly<Record<string, string>> | undefined): Record<string, string> {
    return Object.fromEntries(
      Object.entries(files ?? {}).map(([name, text]) => [name, `file ${JSON.stringify(text)}`]),
    );
  }

  test("leaves files and folders in the making, which the next one takes away, and nothing else", async () => {
    const folder = scratch();
    expect((await command(store, download(1, folder))).code).toBe(DONE);
    const name = ".artifold-0011223344556677.tmp";
    const like = { ".artifold-0011223344556677.tmp.txt": "mine", "folder-1/.artifold-00.tmp": "mine" };
    const inMaking = {
      [name]: "half",
      [`folder-3/${name}`]: "half",
      [`new/${name}/whole`]: "",
      [`new/${name}/f/half`]: "",
    };
    plant(folder, { ...own, ...like, ...inMaking });
    const dry = await commandJson(store, download(1, folder, "--dry-run"));
    expect(dry).toMatchObject({ written: 0, removed: 0 });
    expect(Object.keys(treeOf(folder)).filter((each) => each.endsWith(name))).toHaveLength(2);
    expect(treeOf(folder)).toHaveProperty([`new/${name}/f/half`]);
    await commandJson(store, download(1, folder));
    const likeTree = Object.fromEntries(Object.keys(like).map((each) => [each, 'file "mine"']));
    expect(treeOf(folder)).toEqual({ ...trees[0], ...ownTree, ...likeTree, "new/": "folder" });
    // In a folder that holds nothing else, too.
    const empty = scratch();
    plant(empty, { [`${name}/half`]: "half" });
    await commandJson(store, download(2, empty));
    expect(treeOf(empty)).toEqual(trees[1]);
  });
});
