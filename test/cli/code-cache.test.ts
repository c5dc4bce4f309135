/** What V8 made of the command is kept in the user's cache: nothing that a user sees depends on it, and it is run only if it is ours. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { command, commandPath, type Ended } from "../support/command.ts";
import { plant, temporaryFolder } from "../support/folders.ts";

let home: string;
let folder: string;
let store: string;
beforeEach(() => {
  home = temporaryFolder();
  folder = path.join(home, "cache", "artifold", "code");
  store = path.join(home, "store");
});

/** `artifold ls` of a store that is there. */
const list = (more: NodeJS.ProcessEnv = {}): Promise<Ended> => call(["ls"], more);

function call(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const cache = path.join(home, "cache");
  return command(store, args, home, { HOME: home, XDG_CACHE_HOME: cache, LOCALAPPDATA: cache, ...more });
}

async function makeStore(): Promise<void> {
  plant(home, { "data/a.txt": "a" });
  expect((await call(["upload", "data", "--name", "sample", "--type", "dataset"])).code).toBe(0);
}

/** Names of what is kept of the calls of a command. */
function kept(word: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder).filter((name) => name.startsWith(`${word}-`));
}

const fileOf = (word: string): string => path.join(folder, kept(word)[0] as string);

// Elsewhere the cache is in another place of the home folder; what is done with it is the same.
describe.runIf(process.platform === "linux")("what V8 made of the command", () => {
  test("is kept by the first call, for the user alone, and used as it is by the next ones", async () => {
    await makeStore();
    const first = await list();
    expect(first.code).toBe(0);
    expect(kept("ls")).toHaveLength(1);
    const { ino, mode } = fs.statSync(fileOf("ls"));
    expect(mode & 0o777).toBe(0o600);
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
    expect(await list()).toEqual(first);
    expect(fs.statSync(fileOf("ls")).ino).toBe(ino);
    expect(fs.readdirSync(folder).every((name) => !/\.\d+$/.test(name))).toBe(true);
  });

  test("is made anew where it is damaged, or lacks a script", async () => {
    await makeStore();
    const first = await list();
    await call(["help"]);
    const [whole, other] = [fs.readFileSync(fileOf("ls")), fs.readFileSync(fileOf("help"))];
    const flipped = Buffer.from(whole);
    flipped[whole.length >>> 1] = (flipped[whole.length >>> 1] as number) ^ 0x10;
    for (const bytes of [flipped, whole.subarray(0, -1), whole.subarray(0, 3), Buffer.alloc(0), other]) {
      fs.writeFileSync(fileOf("ls"), bytes);
      const { ino } = fs.statSync(fileOf("ls"));
      expect(await list()).toEqual(first);
      expect(fs.statSync(fileOf("ls")).ino).not.toBe(ino);
      expect(fs.statSync(fileOf("ls")).size).toBeGreaterThan(whole.length / 2);
    }
  });

  test("is not run where others could have written it", async () => {
    await makeStore();
    await list();
    for (const mode of [0o620, 0o602]) {
      fs.chmodSync(fileOf("ls"), mode);
      expect((await list()).code).toBe(0);
      expect(fs.statSync(fileOf("ls")).mode & 0o777).toBe(0o600);
    }
  });

  test.runIf(process.getuid?.() === 0)(
    "is not run where it is another user's (needs the right to give files away)",
    async () => {
      await makeStore();
      await list();
      fs.chownSync(fileOf("ls"), 12_345, 12_345);
      expect((await list()).code).toBe(0);
      expect(fs.statSync(fileOf("ls")).uid).toBe(0);
    },
  );

  test("goes when it is old", async () => {
    await makeStore();
    await list();
    const [old, young] = [path.join(folder, "ls-old"), path.join(folder, "ls-young")];
    for (const file of [old, young]) fs.writeFileSync(file, "");
    const days = (count: number): number => Date.now() / 1000 - count * 24 * 60 * 60;
    fs.utimesSync(old, days(31), days(31));
    fs.utimesSync(young, days(29), days(29));
    await call(["status", "--help"]);
    expect(fs.existsSync(old)).toBe(false);
    expect(fs.existsSync(young)).toBe(true);
  });

  test("is not kept of a call that fails, nor where Node is told to keep nothing", async () => {
    expect((await list()).code).not.toBe(0);
    expect((await call(["help"], { NODE_DISABLE_COMPILE_CACHE: "1" })).code).toBe(0);
    expect(fs.existsSync(folder)).toBe(false);
  });

  test("is of scripts without import(), which scripts that are run so do not have", () => {
    const dist = path.dirname(commandPath);
    const scripts = fs.readdirSync(dist).filter((name) => /^command.*\.cjs$/.test(name));
    expect(scripts.length).toBeGreaterThan(10);
    for (const name of scripts) expect(fs.readFileSync(path.join(dist, name), "utf8")).not.toMatch(/\bimport\(/);
  });

  test("is done without where there is no place for it", async () => {
    fs.writeFileSync(path.join(home, "cache"), "a file");
    await makeStore();
    expect(await list()).toMatchObject({ code: 0, stderr: "" });
    fs.rmSync(path.join(home, "cache"));
    await list();
    const file = fileOf("ls");
    fs.rmSync(file);
    fs.mkdirSync(file);
    expect(await list()).toMatchObject({ code: 0, stderr: "" });
  });
});
