/** A run around a program: what the program does belongs to it, and it ends as the program ends. */
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { command, commandJson, commandPath, type Ended, type Running, startCommand } from "../support/command.ts";
import { plant, temporaryFolder } from "../support/folders.ts";
import { until } from "../support/stores.ts";
import { atTerminal, hasTerminals } from "../support/terminal.ts";

interface ShownRun {
  readonly run: string;
  readonly team: string;
  readonly state: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly command: readonly string[];
  readonly config: unknown;
  readonly used: readonly { name: string }[];
  readonly made: readonly { name: string }[];
}

let work: string;
let store: string;

beforeEach(() => {
  work = temporaryFolder();
  store = path.join(temporaryFolder(), "store");
});

/** Runs a script of Node in a run. */
function runScript(script: string, options: readonly string[] = []): Running {
  return startCommand(store, ["run", ...options, "--", process.execPath, "-e", script], work);
}

async function lastRun(): Promise<ShownRun> {
  const [{ id }] = (await commandJson<{ id: string }[]>(store, ["runs", "ls"])) as [{ id: string }];
  return commandJson<ShownRun>(store, ["runs", "show", `@${id}`]);
}

describe("run -- COMMAND", () => {
  test("ends with the program's exit code, and writes it down", async () => {
    for (const code of [0, 1, 42]) {
      expect((await runScript(`process.exit(${code})`).ended).code).toBe(code);
      expect(await lastRun()).toMatchObject({
        state: code === 0 ? "finished" : "failed",
        exitCode: code,
        signal: null,
      });
    }
  });

  test("leaves input and output to the program, and tells of itself on stderr", async () => {
    const script = 'process.stdout.write("out"); process.stderr.write("err\\n")';
    const ended = await runScript(script, ["--run", "r", "--team", "t", "--config", "lr=0.1"]).ended;
    expect(ended.stdout).toBe("out");
    const [made, began, own, end] = ended.stderr.split("\n");
    expect(made).toContain("made a store in");
    expect(began).toBe("run r: http://127.0.0.1:9111/experi/t/uncategorized/r/run/chart");
    expect([own, end]).toEqual(["err", expect.stringMatching(/^run r finished after \d+ s$/)]);
    const command_ = [process.execPath, "-e", script];
    expect(await lastRun()).toMatchObject({ run: "r", team: "t", config: { lr: 0.1 }, command: command_ });
    expect(await runScript("console.log(1)", ["-q"]).ended).toMatchObject({ stdout: "1\n", stderr: "" });
  });

  test("with --json prints one document; what the program prints goes to stderr", async () => {
    const ended = await runScript("console.log('hello'); process.exit(3)", ["--json"]).ended;
    expect(ended.code).toBe(3);
    expect(JSON.parse(ended.stdout)).toMatchObject({ state: "failed", exitCode: 3, url: expect.any(String) });
    expect(ended.stderr).toContain("hello\n");
  });

  test("makes the program's own commands, and its use of the library, a part of the run", async () => {
    plant(work, { "data/a.txt": "a" });
    await command(store, ["upload", "data", "--name", "input", "--type", "dataset"], work);
    const library = pathToFileURL(commandPath.replace("cli.cjs", "index.js")).href;
    plant(work, {
      "train.mjs": `
        import { execFileSync } from "node:child_process";
        import { openStore } from ${JSON.stringify(library)};
        execFileSync(process.execPath, [${JSON.stringify(commandPath)}, "download", "input", "--to", "in"]);
        const store = await openStore();
        const draft = await store.artifact({ name: "model", type: "model" });
        await draft.add(new TextEncoder().encode("weights"), { as: "weights" });
        await draft.upload();
        await store.close();
      `,
    });
    const { code } = await startCommand(store, ["run", "--experiment", "e", "--", process.execPath, "train.mjs"], work)
      .ended;
    expect(code).toBe(0);
    expect(await lastRun()).toMatchObject({
      state: "finished",
      used: [{ name: "input", experiment: "uncategorized" }],
      made: [{ name: "model", experiment: "e" }],
    });
    // Nothing of it stays behind in the folder.
    expect(fs.existsSync(path.join(work, ".artifold"))).toBe(false);
  });

  test("is the end that counts, whatever the program says of it before", async () => {
    const script = `
      require("node:child_process").execFileSync(process.execPath, [${JSON.stringify(commandPath)}, "finish"]);
      process.exit(9);
    `;
    expect((await runScript(script).ended).code).toBe(9);
    expect(await lastRun()).toMatchObject({ state: "failed", exitCode: 9 });
  });

  test("within a run is a run of its own, in the same experiment", async () => {
    const inner = JSON.stringify([commandPath, "run", "--run", "inner", "--", process.execPath, "-e", "0"]);
    const script = `require("node:child_process").execFileSync(process.execPath, ${inner}, { stdio: "ignore" })`;
    await runScript(script, ["--run", "outer", "--team", "t", "--experiment", "e"]).ended;
    const runs = await commandJson<ShownRun[]>(store, ["runs", "ls", "--team", "t", "--experiment", "e"]);
    expect(runs.map(({ run, state }) => [run, state])).toEqual([
      ["inner", "finished"],
      ["outer", "finished"],
    ]);
  });

  test.each([
    ["that is not there", ["no-such-program-here"], 127, "there is no such program"],
    ["that cannot be started", ["./folder"], 126, "could not be started"],
  ])("of a program %s ends as a shell does, and the run failed", async (_, words, code, said) => {
    fs.mkdirSync(path.join(work, "folder"));
    const ended = await command(store, ["run", "--", ...words], work);
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(said) });
    expect(await lastRun()).toMatchObject({ state: "failed", exitCode: code });
  });

  test.each([
    ["nothing", ["run"], "COMMAND is missing", ""],
    ["nothing after the dashes", ["run", "--"], "COMMAND is missing", ""],
    ["a program without dashes", ["run", "python", "x.py"], '"python" stands before --', "artifold run -- python x.py"],
    ["a command of runs", ["run", "ls"], '"ls" stands before --', "artifold runs ls"],
  ])("of %s is a usage error, and no run", async (_, args, said, hint) => {
    const { code, stderr } = await command(store, args, work);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr).toContain(hint);
    expect(fs.existsSync(store)).toBe(false);
  });

  test("takes nothing after the dashes for its own", async () => {
    const words = [process.execPath, "-p", "process.argv.slice(1).join()", "--", "--json", "--help", "-q"];
    expect((await command(store, ["run", "--", ...words], work)).stdout).toBe("--json,--help,-q\n");
  });
});

describe.skipIf(process.platform === "win32")("signals", () => {
  /** A script that says when it is ready, hears signals as it is told to, and waits. */
  async function started(script: string): Promise<{ running: Running; ended: Promise<Ended>; pid: number }> {
    const running = runScript(`${script}; console.log("ready " + process.pid); setInterval(() => {}, 1000)`);
    let shown = "";
    running.child.stdout?.on("data", (bytes: Buffer) => {
      shown += bytes;
    });
    await until("the program is ready", () => /ready \d+\n/.test(shown));
    return { running, ended: running.ended, pid: Number(/ready (\d+)/.exec(shown)?.[1]) };
  }

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("%s ends a program that does not hear it: exit %i, killed", async (signal, code) => {
    const { running, ended } = await started("0");
    running.child.kill(signal);
    expect(await ended).toMatchObject({ code });
    expect(await lastRun()).toMatchObject({ state: "killed", signal, exitCode: null });
  });

  test("a program that hears a signal decides how it ends", async () => {
    const done = await started('process.on("SIGTERM", () => process.exit(0))');
    done.running.child.kill("SIGTERM");
    expect((await done.ended).code).toBe(0);
    expect(await lastRun()).toMatchObject({ state: "finished", exitCode: 0, signal: null });
    const failed = await started('process.on("SIGTERM", () => process.exit(7))');
    failed.running.child.kill("SIGTERM");
    expect((await failed.ended).code).toBe(7);
    expect(await lastRun()).toMatchObject({ state: "failed", exitCode: 7, signal: null });
    const gone = await started('process.on("SIGTERM", () => process.exit(143))');
    gone.running.child.kill("SIGTERM");
    expect((await gone.ended).code).toBe(143);
    expect(await lastRun()).toMatchObject({ state: "killed", exitCode: 143, signal: "SIGTERM" });
  });

  test("signals that programs use among themselves come through, and a second one too", async () => {
    const { running, ended } = await started(`
      let count = 0;
      for (const signal of ["SIGUSR2", "SIGINT"]) process.on(signal, () => {
        process.stdout.write(signal + "\\n");
        if (++count === 3) process.exit(0);
      });
    `);
    let shown = "";
    running.child.stdout?.on("data", (bytes: Buffer) => {
      shown += bytes;
    });
    for (const [at, signal] of (["SIGUSR2", "SIGINT", "SIGINT"] as const).entries()) {
      running.child.kill(signal);
      await until(`${signal} was heard`, () => shown.split("\n").length > at + 1);
    }
    expect((await ended).code).toBe(0);
    expect(shown).toBe("SIGUSR2\nSIGINT\nSIGINT\n");
    expect(await lastRun()).toMatchObject({ state: "finished" });
  });

  test("killed with its program it is unknown what became of the run, and anybody may say it", async () => {
    const { running, ended, pid } = await started("0");
    expect(await lastRun()).toMatchObject({ state: "running" });
    running.child.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    expect((await ended).signal).toBe("SIGKILL");
    const lost = await lastRun();
    expect(lost).toMatchObject({ state: "unknown", exitCode: null });
    expect((await command(store, ["runs", "ls"])).stdout).toContain("unknown: it did not end, and its process is gone");
    expect(await commandJson(store, ["finish", lost.run, "--failed"])).toMatchObject({ state: "failed" });
  });

  test("a program that ends itself by a signal was killed", async () => {
    expect((await runScript('process.kill(process.pid, "SIGKILL")').ended).code).toBe(137);
    expect(await lastRun()).toMatchObject({ state: "killed", signal: "SIGKILL", exitCode: null });
  });

  test.skipIf(!hasTerminals)("Ctrl-C at a terminal is heard once, by the program (needs python3)", async () => {
    const script = `
      let count = 0;
      process.on("SIGINT", () => { count++; setTimeout(() => { console.log("heard " + count); process.exit(130); }, 300); });
      console.log("ready"); setInterval(() => {}, 1000);
    `;
    const args = ["run", "--", process.execPath, "-e", script];
    const { code, shown } = await atTerminal(store, args, { cwd: work, typed: [{ after: "ready", keys: "\u0003" }] });
    expect(shown).toContain("heard 1");
    expect(code).toBe(130);
    expect(await lastRun()).toMatchObject({ state: "killed", exitCode: 130, signal: "SIGINT" });
  });
});
