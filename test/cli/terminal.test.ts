/** What a person sees: colours, progress and hostile names at a terminal, and none of it in a pipe or a file. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ProgressPrinter } from "../../src/cli/progress-printer.ts";
import { displayWidth } from "../../src/cli/text.ts";
import type { ProgressEvent } from "../../src/progress.ts";
import { command, commandPath } from "../support/command.ts";
import { noise, plant, temporaryFolder } from "../support/folders.ts";
import { atTerminal, hasTerminals } from "../support/terminal.ts";

const ESCAPE = "\u001b";
const asSample = ["--name", "sample", "--type", "dataset"];
// Terminal title, a cleared screen, a faked line, right-to-left override, and what looks like an option.
const hostile = [
  "\u001b]0;owned\u0007.txt",
  "\u001b[2Jclear",
  "two\nlines: done",
  "\u202egpj.exe",
  "-rf",
  "\u0085next",
];
const control = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;

/** The lines that are shown, without the colours and the erasing that the command itself does. */
function linesShown(shown: string): string[] {
  const own = new RegExp(`${ESCAPE}\\[(\\d*m|2K)|\r`, "g");
  return shown.replaceAll(own, "").split("\n");
}

function hostileFolder(): string {
  const folder = temporaryFolder();
  plant(folder, Object.fromEntries(hostile.map((name) => [name, "x"])));
  return folder;
}

describe.skipIf(!hasTerminals)("at a terminal (needs python3)", () => {
  test("names, messages, tags and metadata cannot speak to the terminal", async () => {
    const folder = hostileFolder();
    const store = path.join(temporaryFolder(), "store");
    const message = "said \u001b[31mred\u001b[0m\u0007\u202e";
    const calls = [
      ["upload", folder, ...asSample, "--message", message, "--meta", `k=\u001b[2J`],
      ["ls", "sample", "--recursive"],
      ["show", "sample"],
      ["diff", "sample:V1", temporaryFolder()],
      ["log"],
      ["download", "sample", "--to", path.join(temporaryFolder(), "\u001b]0;x\u0007")],
      ["show", "sample:\u001b[2J"],
      ["upload", path.join(folder, "missing\u001b[2J"), ...asSample],
    ];
    for (const args of calls) {
      const { shown } = await atTerminal(store, args);
      expect(shown.length).toBeGreaterThan(0);
      for (const line of linesShown(shown)) expect(line).not.toMatch(control);
    }
    const { shown } = await atTerminal(store, ["ls", "sample", "--recursive"]);
    expect(shown.trimEnd().split("\n")).toHaveLength(hostile.length);
  });

  test("progress is drawn in one line from the first second on, and is gone at the end", async () => {
    const folder = temporaryFolder();
    const store = path.join(temporaryFolder(), "store");
    plant(
      folder,
      Object.fromEntries(
        Array.from({ length: 24 }, (_, at) => [`\ud55c\uad6d\uc5b4-${at}.bin`, noise(1 << 20, at + 1)]),
      ),
    );
    const { code, shown } = await atTerminal(store, ["upload", folder, ...asSample], { columns: 60 });
    expect(code).toBe(0);
    const drawn = shown.split(`\r${ESCAPE}[2K`).slice(1);
    expect(drawn.some((line) => /scanning|storing/.test(line))).toBe(true);
    for (const line of drawn.slice(0, -1)) expect(displayWidth(line)).toBeLessThan(60);
    // What is left on the screen is the result alone.
    expect(drawn.at(-1)).not.toMatch(/scanning|storing/);
    expect(shown).toContain("24 files");
  });

  test("no progress with --no-progress, --quiet or CI; no colours with NO_COLOR", async () => {
    const folder = temporaryFolder();
    plant(folder, { "a.bin": noise(8 << 20) });
    for (const [at, [more, environment]] of (
      [
        [["--no-progress"], {}],
        [["--quiet"], {}],
        [[], { CI: "1" }],
      ] as [string[], NodeJS.ProcessEnv][]
    ).entries()) {
      const store = path.join(temporaryFolder(), `store-${at}`);
      const { shown } = await atTerminal(store, ["upload", folder, ...asSample, ...more], { environment });
      expect(shown).not.toContain(`${ESCAPE}[2K`);
    }
    const store = path.join(temporaryFolder(), "store");
    await command(store, ["upload", folder, ...asSample]);
    const call = ["diff", "sample", "./"];
    const cwd = temporaryFolder();
    expect((await atTerminal(store, call, { cwd })).shown).toContain(`${ESCAPE}[31m`);
    expect((await atTerminal(store, call, { cwd, environment: { NO_COLOR: "1" } })).shown).not.toContain(`${ESCAPE}[3`);
    expect((await atTerminal(store, call, { cwd, environment: { TERM: "dumb" } })).shown).not.toContain(ESCAPE);
  });

  test("what destroys asks, and takes only a clear yes", async () => {
    const folder = temporaryFolder();
    const store = path.join(temporaryFolder(), "store");
    plant(folder, { "a.txt": "a" });
    await command(store, ["upload", folder, ...asSample]);
    const ask = (keys: string) => atTerminal(store, ["rm", "sample:V1"], { typed: [{ after: "?", keys }] });
    for (const keys of ["n\r", "\r", "what\r", "\u0004"]) {
      expect((await ask(keys)).code).not.toBe(0);
      expect((await command(store, ["show", "sample:V1"])).code).toBe(0);
    }
    expect((await ask("\u0003")).code).toBe(130);
    expect((await ask("y\r")).code).toBe(0);
    expect((await command(store, ["show", "sample:V1"])).code).toBe(15);
    expect((await command(store, ["restore", "sample:V1"])).code).toBe(0);
    // Nobody to ask: refused, and said how.
    const refused = await command(store, ["rm", "sample:V1"]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toBe("error: cannot ask whether to remove sample:V1\nhint: Pass --yes.\n");
  });

  test("whoever says no is told that nothing was done, and it ends with 1, whatever was asked", async () => {
    const root = temporaryFolder();
    const store = path.join(root, "store");
    plant(root, { "data/a.txt": "a", "out/mine": "mine" });
    await command(store, ["upload", path.join(root, "data"), ...asSample]);
    await command(store, ["remote", "add", "hub", path.join(root, "hub")]);
    await command(store, ["push"]);
    const id = JSON.parse((await command(store, ["token", "create", "--json"])).stdout).id as string;
    const asked: [string[], string, string][] = [
      [["rm", "sample:V1"], "Remove sample:V1? [y/N]", "nothing was removed"],
      [["token", "revoke", id], `Take back token ${id}? [y/N]`, "no token was taken back"],
      [["remote", "gc"], "Take away what no version on the remote needs? [y/N]", "nothing was taken away"],
    ];
    for (const [args, question, said] of asked) {
      const { code, shown } = await atTerminal(store, args, { typed: [{ after: "?", keys: "n\r" }] });
      expect([code, shown]).toEqual([1, expect.stringContaining(question)]);
      expect(shown).toContain(said);
    }
    const to = ["download", "sample", "--to", path.join(root, "out"), "--clean"];
    const kept = await atTerminal(store, to, { typed: [{ after: "?", keys: "n\r" }] });
    expect([kept.code, kept.shown]).toEqual([14, expect.stringContaining("did not want 1 file removed")]);
    const dry = await command(store, ["token", "revoke", id, "--dry-run"]);
    expect(dry.stdout).toBe(`token ${id} would be good for nothing  (dry run: nothing was changed)\n`);
    expect((await command(store, ["token", "revoke", "none", "--dry-run"])).code).toBe(15);
    expect((await command(store, ["token", "revoke", id, "--yes"])).stdout).toBe(
      `token ${id} is good for nothing now\n`,
    );
  });
});

test("a result that goes to a file has no colours, though messages go to a terminal or colours are forced off", async () => {
  const store = path.join(temporaryFolder(), "store");
  const folder = temporaryFolder();
  plant(folder, { "a.txt": "a" });
  await command(store, ["upload", folder, ...asSample]);
  const env = { ...process.env, ARTIFOLD_STORE: store, TERM: "xterm-256color" };
  Reflect.deleteProperty(env, "NO_COLOR");
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [commandPath, "diff", "sample", `${temporaryFolder()}/`],
    { env },
  );
  expect(stdout).toContain("- a.txt");
  expect(stdout + stderr).not.toContain(ESCAPE);
});

test("a share and a time are shown of bytes whose sum is known, and of nothing else", () => {
  let now = 0;
  const clock = vi.spyOn(process, "uptime").mockImplementation(() => now);
  onTestFinished(() => clock.mockRestore());
  const drawn = (event: Omit<ProgressEvent, "phase">): string => {
    const lines: string[] = [];
    const stream = { columns: 200, write: (text: string) => lines.push(text) } as unknown as NodeJS.WriteStream;
    const printer = new ProgressPrinter({ stream, style: "bar" });
    for (const each of [{ files: 0, bytes: 0 }, event]) {
      now += 10;
      printer.show({ phase: "store", ...each });
    }
    return lines.at(-1) as string;
  };
  expect(drawn({ files: 5, filesTotal: 6, bytes: 8 << 20 })).toMatch(/5\/6 .*8.00 MiB .*KiB\/s$/);
  expect(drawn({ files: 5, filesTotal: 6, bytes: 8 << 20 })).not.toMatch(/%| left/);
  expect(drawn({ files: 5, filesTotal: 6, bytes: 8 << 20, bytesTotal: 4 << 20 })).not.toMatch(/%| left/);
  expect(drawn({ files: 5, filesTotal: 6, bytes: 1 << 20, bytesTotal: 4 << 20 })).toMatch(/ 25% .* 30 s left$/);
});

test("in a pipe there is no drawing, and --json-lines gives one JSON object a line", async () => {
  const folder = temporaryFolder();
  plant(folder, { "a.bin": noise(8 << 20) });
  const store = path.join(temporaryFolder(), "store");
  const plain = await command(store, ["upload", folder, ...asSample]);
  expect(plain.stdout + plain.stderr).not.toContain(ESCAPE);
  expect(plain.stdout + plain.stderr).not.toContain("\r");
  fs.appendFileSync(path.join(folder, "a.bin"), noise(4 << 20, 7));
  const lines = await command(store, ["upload", folder, ...asSample, "--json", "--json-lines"]);
  const events = lines.stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.length).toBeGreaterThan(0);
  for (const { progress } of events)
    expect(progress).toMatchObject({ phase: expect.any(String), files: expect.any(Number) });
  expect(JSON.parse(lines.stdout)).toMatchObject({ version: "V2" });
});
