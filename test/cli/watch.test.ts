/** `watch` by the command and by the library: a version for each rest, none for nothing. */
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { watchFolder } from "../../src/worktree/index.ts";
import { command, commandJson, type Running, startCommand } from "../support/command.ts";
import { plant, temporaryFolder } from "../support/folders.ts";
import { until } from "../support/stores.ts";

const asSample = ["--name", "sample", "--type", "dataset"];

/** A watch under way, and the versions that it has told of. */
function startWatch(store: string, folder: string, more: readonly string[] = []) {
  const running: Running = startCommand(store, ["watch", folder, ...asSample, "--settle", "0.2", "--json", ...more]);
  let told = "";
  running.child.stdout?.on("data", (bytes: Buffer) => {
    told += bytes.toString();
  });
  const versions = () =>
    told
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const stop = async () => {
    running.child.kill("SIGINT");
    return running.ended;
  };
  return { versions, stop };
}

describe.skipIf(process.platform === "win32")("the command", () => {
  test("what is there, what is added, changed and removed, each rest one version; Ctrl-C ends cleanly", async () => {
    const folder = temporaryFolder();
    const store = path.join(temporaryFolder(), "store");
    plant(folder, { "a.txt": "1", "deep/er/b.txt": "b" });
    const { versions, stop } = startWatch(store, folder);
    await until("V1", () => versions().length === 1);
    expect(versions()[0]).toMatchObject({ version: "V1", files: 2, changed: true });
    for (let at = 0; at < 50; at++) plant(folder, { [`deep/new/${at}.txt`]: `${at}` });
    await until("V2", () => versions().length >= 2);
    await until("all fifty", () => versions().at(-1).files === 52);
    fs.rmSync(path.join(folder, "deep/er/b.txt"));
    await until("the removal", () => versions().at(-1).files === 51);
    fs.writeFileSync(path.join(folder, "a.txt"), "2");
    await until("the change", () => versions().at(-1).modified === 1);
    const count = versions().length;
    const { code } = await stop();
    expect(code).toBe(0);
    const [artifact] = await commandJson<{ versions: number }[]>(store, ["ls"]);
    expect(artifact?.versions).toBe(count);
    expect(await commandJson(store, ["verify"])).toMatchObject({ ok: true });
    expect((await command(store, ["diff", "sample", `${folder}/`])).stdout).toBe("no differences\n");
  });

  test("what happened while nobody watched is found at the start; nothing new makes no version", async () => {
    const folder = temporaryFolder();
    const store = path.join(temporaryFolder(), "store");
    plant(folder, { "a.txt": "1" });
    await command(store, ["upload", folder, ...asSample]);
    plant(folder, { "missed.txt": "x" });
    const first = startWatch(store, folder);
    await until("V2", () => first.versions().length === 1);
    expect((await first.stop()).code).toBe(0);
    const second = startWatch(store, folder, ["--exclude", "*.tmp"]);
    plant(folder, { "left-out.tmp": "x", "also.txt": "y" });
    await until("V3", () => second.versions().length === 1);
    expect(second.versions()[0]).toMatchObject({ version: "V3", files: 3 });
    expect((await second.stop()).code).toBe(0);
  });

  test("a folder that is not there, or a file: an error, and no store is made", async () => {
    const folder = temporaryFolder();
    plant(folder, { file: "x" });
    for (const name of ["missing", "file"]) {
      const { code, stdout } = await command(`${folder}/store`, [
        "watch",
        path.join(folder, name),
        ...asSample,
        "--json",
      ]);
      expect(code).toBeGreaterThan(0);
      expect(JSON.parse(stdout).error).toMatchObject({ happened: "no" });
      expect(fs.existsSync(`${folder}/store`)).toBe(false);
    }
  });
});

test("a watched folder asks to be looked at once at the start, and once for all that happens while it is looked at", async () => {
  const folder = temporaryFolder();
  const stop = new AbortController();
  const turns = watchFolder(folder, { settleMs: 50, apart: [], signal: stop.signal })[Symbol.asyncIterator]();
  expect(await turns.next()).toEqual({ value: undefined, done: false });
  // Turns until the file was there before the turn began: the watch may just be starting.
  fs.writeFileSync(path.join(folder, "a"), "1");
  for (let at = 0; at < 20; at++) fs.writeFileSync(path.join(folder, `${at}`), "1");
  expect(await turns.next()).toEqual({ value: undefined, done: false });
  const next = turns.next();
  stop.abort();
  expect((await next).done === true || (await turns.next()).done === true).toBe(true);
});

test.each([
  ["the machine slept: a timer comes much too late", 8_000],
  ["nothing was heard for a minute", 61_000],
])("a watched folder asks to be looked at without any event when %s", async (_, ms) => {
  let ahead = 0;
  const now = performance.now.bind(performance);
  const clock = vi.spyOn(performance, "now").mockImplementation(() => now() + ahead);
  const stop = new AbortController();
  const turns = watchFolder(temporaryFolder(), { settleMs: 10, apart: [], signal: stop.signal })[
    Symbol.asyncIterator
  ]();
  // At the start, and when all folders are watched.
  for (let turn = 0; turn < 2; turn++) expect(await turns.next()).toEqual({ value: undefined, done: false });
  const next = turns.next();
  ahead = ms;
  expect(await next).toEqual({ value: undefined, done: false });
  stop.abort();
  expect((await turns.next()).done).toBe(true);
  clock.mockRestore();
});
