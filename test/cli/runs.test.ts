/** Runs on the command line: current for a folder from `init` to `finish`, or for a process by ARTIFOLD_RUN. */
import fs from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../src/index.ts";
import { command, commandJson, type Ended } from "../support/command.ts";
import { plant, temporaryFolder } from "../support/folders.ts";

type Json = Record<string, unknown> & { error: { code: string; message: string; hint: string } };

let work: string;
let store: string;
let home: NodeJS.ProcessEnv;

beforeEach(() => {
  work = temporaryFolder();
  store = path.join(temporaryFolder(), "store");
  const config = temporaryFolder();
  home = { HOME: config, XDG_CONFIG_HOME: config, APPDATA: config };
  plant(work, { "data/a.txt": "a", "more/b.txt": "b" });
});

function run(...args: string[]): Promise<Ended> {
  return command(store, args, work, home);
}

function json<Result = Json>(...args: string[]): Promise<Result> {
  return commandJson<Result>(store, args, work, home);
}

const asSample = ["--name", "sample", "--type", "dataset"];
const runFile = () => path.join(work, ".artifold", "run.json");

describe("init", () => {
  test("prints the page's four lines, and what to do where no server listens", async () => {
    const { code, stdout, stderr } = await run("init", "--team_name", "molamola.babo", "--exp_name", "arti_test_991b");
    expect(code).toBe(0);
    const [team, experiment, name, url, end] = stdout.split("\n");
    expect([team, experiment, end]).toEqual(["Team Name=molamola.babo", "Exp Name=arti_test_991b", ""]);
    expect(name).toMatch(/^Run Name=[a-z]+-[a-z]+-1$/);
    const base = "http://127.0.0.1:9111/experi/molamola.babo/arti_test_991b";
    expect(url).toBe(`Run URL=${base}/${name?.slice("Run Name=".length)}/run/chart`);
    expect(stderr).toContain(`made a store in ${store}`);
    expect(stderr).toContain(`current in ${work} until`);
  });

  test("gives all of it as JSON, with names that a URL has to escape", async () => {
    const begun = await json(
      "init",
      "--team",
      "팀",
      "--experiment",
      "e",
      "--run",
      "고양이",
      "--config",
      "lr=0.1",
      "--config",
      "opt=adam",
    );
    expect(begun).toMatchObject({
      team: "팀",
      experiment: "e",
      run: "고양이",
      state: "running",
      config: { lr: 0.1, opt: "adam" },
    });
    expect(begun["url"]).toBe(
      `http://127.0.0.1:9111/experi/${["팀", "e", "고양이"].map(encodeURIComponent).join("/")}/run/chart`,
    );
    expect(begun["id"]).toMatch(/^[0-9a-f]{64}$/);
    expect(begun["ref"]).toBe(`팀/e/고양이@${begun["id"]}`);
    expect((await run("finish", "-q")).stdout).toBe("고양이\n");
  });

  test("says nothing of a server that listens, and knows its address from the settings", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const host = `127.0.0.1:${(server.address() as { port: number }).port}`;
    try {
      expect(await json("setting", "--http_host", host)).toEqual({ httpHost: host, autoPush: "off" });
      const { stdout, stderr } = await run("init");
      expect(stdout).toContain(`Run URL=http://${host}/experi/local/uncategorized/`);
      expect(stderr).not.toContain("listens");
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    await run("finish");
    expect((await run("init")).stderr).toContain(
      `start the server with \`artifold serve --port ${host.split(":")[1]}\``,
    );
  });

  test("refuses a second current run in one folder, and lets a folder below have its own", async () => {
    const first = await json("init");
    const again = await json("init");
    expect(again.error).toMatchObject({ code: "CONFLICT", hint: expect.stringContaining("artifold finish") });
    expect(again.error.message).toContain(first["run"]);
    fs.mkdirSync(path.join(work, "below"));
    const below = await commandJson<Json>(store, ["init"], path.join(work, "below"), home);
    expect(below["run"]).not.toBe(first["run"]);
    const uploaded = await commandJson<Json>(store, ["upload", "../data", ...asSample], path.join(work, "below"), home);
    expect(uploaded["run"]).toBe(below["run"]);
    expect((await json("upload", "data", ...asSample))["run"]).toBe(first["run"]);
  });

  test("refuses a name that its experiment has, and makes nothing current", async () => {
    await run("init", "--run", "baseline");
    await run("finish");
    expect((await json("init", "--run_name", "baseline")).error.code).toBe("CONFLICT");
    expect(fs.existsSync(runFile())).toBe(false);
    expect(await json("init", "--run", "baseline", "--experiment", "other")).toMatchObject({ run: "baseline" });
  });

  test.each([
    ["a config that is none", ["init", "--config", "lr"], "not a key and a value"],
    ["a name that is none", ["init", "--run", "a/b"], "a/b"],
    ["a team that is none", ["init", "--team", "-x-"], ""],
    ["an exit code that is none", ["finish", "--code", "soon"], "not an exit code"],
    ["an exit code that no program has", ["finish", "--code", "256"], "Exit codes are 0 to 255"],
    ["an end that is two", ["finish", "--code", "0", "--failed"], "exclude each other"],
    ["a host that is none", ["setting", "--http-host", "a b:1"], "not a host and a port"],
    ["a host with a path", ["setting", "--http-host", "host:1/x"], "not a host and a port"],
  ])("of %s is a usage error", async (_, args, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(fs.existsSync(runFile())).toBe(false);
  });
});

describe("a current run", () => {
  test("is what uploads are made by and downloads used by, and is named at each", async () => {
    await run("init", "--team", "t", "--experiment", "pets", "--run", "first");
    const uploaded = await run("upload", "data", ...asSample);
    expect(uploaded.stdout).toMatch(/^sample:V1 {2}1 file.*\n.*\n {2}in run first\n$/);
    expect((await run("upload", "data", ...asSample)).stdout).toBe("sample:V1  nothing changed\n  in run first\n");
    expect((await run("download", "sample", "--to", "out")).stdout).toContain("\n  used by run first\n");
    expect((await run("cat", "sample:V1/a.txt")).stdout).toBe("a");
    const shown = await json("show", "sample");
    const { id } = await json("runs", "show");
    const named = { team: "t", experiment: "pets", run: "first", id };
    expect(shown).toMatchObject({ team: "t", experiment: "pets", run: "first", runId: id });
    expect(shown["madeBy"]).toEqual([{ ...named, state: "running" }]);
    expect(shown["usedBy"]).toEqual([{ ...named, state: "running" }]);

    expect(await json("finish")).toMatchObject({ run: "first", state: "finished", exitCode: null });
    expect(fs.existsSync(path.join(work, ".artifold"))).toBe(false);
    expect(await json("upload", "more", ...asSample)).toMatchObject({
      run: null,
      runId: null,
      experiment: "uncategorized",
    });
    expect((await json("finish")).error.code).toBe("NOT_FOUND");
    const again = await json("runs", "show", "first");
    expect(again).toMatchObject({
      state: "finished",
      used: [{ version: "V1" }],
      made: [{ name: "sample", version: "V1" }],
    });
    expect((await run("log")).stdout).toMatch(
      /run first finished\n.*run first used sample:V1\n.*made sample:V1\n.*began run first\n$/,
    );
  });

  test("is told in words by show, and many runs in short", async () => {
    await run("upload", "data", ...asSample);
    await using library = await openStore(store, { workers: 0 });
    for (let at = 0; at < 25; at++) {
      const user = await library.startRun({ name: `user-${at}` });
      await (await user.resolve("sample")).read("a.txt");
    }
    const { stdout } = await run("show", "sample");
    expect(stdout).toMatch(/\nused by +user-24 {2}running\n +user-23 {2}running\n/);
    expect(stdout).toContain(" and 5 more\n");
    expect((await json<{ usedBy: unknown[] }>("show", "sample")).usedBy).toHaveLength(25);
  });

  test("is not lost with catalog and caches, and holds for days: then that is said", async () => {
    let now = Date.now() - 3 * 24 * 60 * 60 * 1000 - 60_000;
    const library = await openStore(store, { workers: 0, clock: { now: () => now++ } });
    const old = await library.startRun({ name: "old", detached: true });
    const { id } = library.engine.mark;
    await library.close();
    plant(work, { ".artifold/run.json": JSON.stringify({ store: id, run: old.ref }) });
    for (const name of fs.readdirSync(store)) {
      if (/^(catalog|cache|lock)/.test(name)) fs.rmSync(path.join(store, name));
    }
    expect((await run("upload", "data", ...asSample)).stdout).toContain("\n  in run old, begun 3 days ago\n");
    expect((await run("init")).stderr).toContain("there is a current run here: old, begun 3 days ago");
    expect((await run("runs", "ls")).stdout).toMatch(/^old {2}running for 3 days/);
    expect((await run("finish")).stdout).toBe("run old finished after 3 days\n");
  });

  test("of another store, or one that has ended, is told of, and nothing is written down for it", async () => {
    const begun = await json("init");
    const other = path.join(temporaryFolder(), "other");
    const elsewhere = await command(other, ["upload", "data", ...asSample], work, home);
    expect(elsewhere.stderr).toContain(
      `run ${begun["run"]} of ${runFile()} is in another store: nothing is written down`,
    );
    expect(elsewhere.stdout).not.toContain("in run");
    expect((await command(other, ["finish"], work, home)).code).toBe(15);

    const nowhere = { ...home, ARTIFOLD_RUN: begun["ref"] as string };
    const unknown = await command(other, ["upload", path.join(work, "data"), ...asSample], temporaryFolder(), nowhere);
    expect(unknown.stderr).toContain("of ARTIFOLD_RUN is not in this store: nothing is written down");

    await using library = await openStore(store, { workers: 0 });
    await (await library.getRun(begun["ref"] as string)).finish();
    const ended = await run("upload", "data", ...asSample);
    expect(ended.stderr).toContain("has ended: nothing is written down");
    expect(await json("show", "sample")).toMatchObject({ run: null, madeBy: [] });
    // A folder is free again once its run has ended, whoever ended it.
    expect(await json("init")).toMatchObject({ state: "running" });
  });

  test("whose file is none is a usage error that names it", async () => {
    plant(work, { ".artifold/run.json": '{"run":"x"}' });
    const { code, stderr } = await run("ls");
    expect(code).toBe(2);
    expect(stderr).toContain(`${runFile()} does not name a run`);
  });

  test("does not go into versions of its folder, nor in the way of a store there", async () => {
    await run("init");
    expect(await json("upload", ".", ...asSample)).toMatchObject({ files: 2 });
    expect((await run("store", "create")).code).toBe(0);
    expect(fs.readdirSync(path.join(work, ".artifold"))).toEqual(expect.arrayContaining(["format.json", "run.json"]));
  });
});

describe("ARTIFOLD_RUN", () => {
  test("makes a process a part of a run, whatever folder it is in", async () => {
    const begun = await json("init", "--team", "t", "--experiment", "e");
    const inRun = { ...home, ARTIFOLD_RUN: begun["ref"] as string };
    const elsewhere = temporaryFolder();
    const uploaded = await commandJson<Json>(store, ["upload", path.join(work, "data"), ...asSample], elsewhere, inRun);
    expect(uploaded).toMatchObject({ team: "t", experiment: "e", run: begun["run"], runId: begun["id"] });
    // `init` in such a process begins no other run; it adds to the configuration.
    const joined = await commandJson<Json>(store, ["init", "--team", "x", "--config", "lr=1"], elsewhere, inRun);
    expect(joined).toMatchObject({ id: begun["id"], team: "t", config: { lr: 1 } });
    expect(fs.readdirSync(elsewhere)).toEqual([]);
    expect(await commandJson(store, ["runs", "ls"], elsewhere, inRun)).toHaveLength(1);
    expect(await commandJson(store, ["finish"], elsewhere, inRun)).toMatchObject({
      id: begun["id"],
      state: "finished",
    });
    const late = await command(store, ["init"], elsewhere, inRun);
    expect(late).toMatchObject({ code: 15, stderr: expect.stringContaining("ARTIFOLD_RUN names no run that goes on") });
  });

  test("comes before the run of the folder, and holds for the library too", async () => {
    const first = await json("init");
    const other = await commandJson<Json>(store, ["init"], temporaryFolder(), home);
    const inOther = { ...home, ARTIFOLD_RUN: other["ref"] as string };
    expect(await commandJson(store, ["upload", "data", ...asSample], work, inOther)).toMatchObject({
      run: other["run"],
    });
    const before = { cwd: process.cwd(), store: process.env["ARTIFOLD_STORE"] };
    Object.assign(process.env, { ARTIFOLD_STORE: store });
    process.chdir(work);
    try {
      await using ofFolder = await openStore(undefined, { workers: 0 });
      expect(ofFolder.currentRun?.id).toBe(first["id"]);
      process.env["ARTIFOLD_RUN"] = other["ref"] as string;
      await using ofProcess = await openStore(undefined, { workers: 0 });
      expect(ofProcess.currentRun?.id).toBe(other["id"]);
      await (await ofProcess.resolve("sample")).read("a.txt");
      expect(await json("runs", "show", other["ref"] as string)).toMatchObject({ used: [{ name: "sample" }] });
      // With a folder no environment is read.
      await using named = await openStore(store, { workers: 0 });
      expect(named.currentRun).toBeUndefined();
    } finally {
      process.chdir(before.cwd);
      delete process.env["ARTIFOLD_RUN"];
      if (before.store === undefined) delete process.env["ARTIFOLD_STORE"];
      else process.env["ARTIFOLD_STORE"] = before.store;
    }
  });

  test("that is no address is a usage error", async () => {
    const { code, stderr } = await command(store, ["runs", "ls"], work, { ...home, ARTIFOLD_RUN: "a/b" });
    expect(code).toBe(2);
    expect(stderr).toContain('ARTIFOLD_RUN is not an address of a run: "a/b"');
  });
});

describe("finish", () => {
  test.each([
    [["--code", "0"], { state: "finished", exitCode: 0 }, "finished"],
    [["--code", "3"], { state: "failed", exitCode: 3 }, "failed with exit code 3"],
    [["--failed"], { state: "failed", exitCode: null }, "failed"],
    [["--failed", "--code", "9"], { state: "failed", exitCode: 9 }, "failed with exit code 9"],
  ])("with %j says how it ended", async (args, expected, said) => {
    await run("init", "--run", "r");
    expect((await run("finish", ...args)).stdout).toMatch(new RegExp(`^run r ${said} after \\d+ s\n$`));
    expect(await json("runs", "show", "r")).toMatchObject({ ...expected, signal: null });
  });

  test("ends a run that is named, current here or not", async () => {
    const first = await json("init", "--run", "first");
    await using library = await openStore(store, { workers: 0 });
    await library.startRun({ name: "lost" });
    expect(await json("finish", "lost", "--failed")).toMatchObject({ run: "lost", state: "failed" });
    expect(fs.existsSync(runFile())).toBe(true);
    expect(await json("finish", `@${(first["id"] as string).slice(0, 10)}`)).toMatchObject({ run: "first" });
    expect(fs.existsSync(runFile())).toBe(false);
    expect((await json("finish", "none")).error.code).toBe("NOT_FOUND");
  });
});

describe("finish of a run that has ended", () => {
  test("changes nothing by itself; the later word counts, and what was said before is told", async () => {
    await run("init", "--run", "r");
    await run("finish", "--code", "3");
    const first = await json("runs", "show", "r");
    const again = await run("finish", "r");
    expect(again).toMatchObject({ code: 0, stderr: "it had ended before: nothing changes\n" });
    expect(again.stdout).toContain("run r failed with exit code 3");
    expect((await run("finish", "r", "--code", "3")).stderr).toBe("it had ended before: nothing changes\n");
    expect(await json("runs", "show", "r")).toEqual(first);
    const later = await run("finish", "r", "--code", "0");
    expect(later.stdout).toMatch(/^run r finished after/);
    expect(later.stderr).toMatch(/^said before: failed with exit code 3 after \d+ s; the later word counts\n$/);
    expect(await json("runs", "show", "r")).toMatchObject({ state: "finished", exitCode: 0 });
  });
});

describe("runs ls", () => {
  test("lists runs newest first, of one experiment or of all, as many as are wanted", async () => {
    expect((await run("store", "create", "--store", store)).code).toBe(0);
    expect((await run("runs", "ls")).stdout).toBe("no runs yet\n");
    let now = Date.parse("2026-01-02T03:04:05Z");
    const library = await openStore(store, { workers: 0, user: "mina", clock: { now: () => now } });
    for (const [experiment, name] of [
      ["pets", "one"],
      ["pets", "two"],
      ["birds", "three"],
    ] as const) {
      now += 60_000;
      const config = { lr: 0.1, long: "x".repeat(100) };
      const begun = await library.startRun({ experiment, name, config, detached: true });
      now += 12_000;
      if (name === "one") await begun.finish({ state: "killed", signal: "SIGKILL", exitCode: 137 });
    }
    await library.close();
    const names = async (...args: string[]) => (await json<Json[]>("runs", "ls", ...args)).map((each) => each["run"]);
    expect(await names()).toEqual(["three", "two", "one"]);
    expect(await names("--experiment", "pets")).toEqual(["two", "one"]);
    expect(await names("-n", "1")).toEqual(["three"]);
    expect((await run("runs", "ls", "-q")).stdout).toBe("three\ntwo\none\n");
    const [first, , third] = (await run("runs", "ls")).stdout.split("\n");
    expect(first).toMatch(
      /^three {2}running for \d+ days {2,}2026-01-02 03:07Z {2}local\/birds {2}lr=0.1 long=x{40,}…$/,
    );
    expect(third).toContain("killed by SIGKILL after 12 s");
    expect((await run("runs", "ls", "--team", "nobody")).stdout).toBe("no run fits\n");
  });

  test("needs a store, as all that only read do", async () => {
    expect((await run("runs", "ls")).code).toBe(10);
    expect((await run("runs", "show", "x")).code).toBe(10);
  });
});

test("setting keeps what else the settings say, and shows what holds", async () => {
  const file = path.join(home["HOME"] as string, "artifold", "config.json");
  expect(await run("setting")).toMatchObject({
    code: 0,
    stdout: "http-host  127.0.0.1:9111  (default)\nauto-push  off\n",
  });
  plant(path.dirname(file), { "config.json": '{"team":"mine","other":[1]}' });
  expect(await json("setting", "--http-host", "example.org")).toMatchObject({ httpHost: "example.org:9111" });
  expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual({ team: "mine", other: [1], httpHost: "example.org:9111" });
  expect((await run("setting", "-q")).stdout).toBe("example.org:9111\n");
  for (const host of ["[::1]:80", "localhost:80", "10.0.0.1:65535"]) {
    expect(await json("setting", "--http-host", host)).toMatchObject({ httpHost: host });
  }
  const other = await command(store, ["setting", "--http-host", "a:1"], work, { ...home, ARTIFOLD_HTTP_HOST: "b:2" });
  expect(other.stderr).toContain("ARTIFOLD_HTTP_HOST comes first, and names b:2");
});

describe("settings that cannot be read", () => {
  const file = (): string => path.join(home["HOME"] as string, "artifold", "config.json");
  const problemsOf = (doctor: { findings: { name: string; ok: boolean; value: string }[] }) =>
    doctor.findings.filter(({ ok }) => !ok).map(({ name, value }) => ({ name, value }));

  test.each([
    ["no JSON", '{"team":', {}, "FILE is not JSON"],
    ["no object", "[1]", {}, "FILE is no object of settings"],
    ["a value that is no text", '{"httpHost":5,"team":"t"}', {}, "httpHost in FILE is no text: 5"],
    ["a value that means nothing", '{"autoPush":"yes"}', {}, 'autoPush in FILE is neither on nor off: "yes"'],
    ["a variable", "{}", { ARTIFOLD_AUTO_PUSH: "maybe" }, 'ARTIFOLD_AUTO_PUSH is neither on nor off: "maybe"'],
    ["a run", "{}", { ARTIFOLD_RUN: "a/b" }, 'ARTIFOLD_RUN is not an address of a run: "a/b"'],
  ])("%s: doctor shows it, other commands say it and do nothing", async (_, text, environment, said) => {
    const message = said.replace("FILE", file());
    plant(path.dirname(file()), { "config.json": text });
    const around = { ...home, ...environment };
    const doctor = await command(store, ["doctor", "--json"], work, around);
    expect(doctor.code).toBe(1);
    expect(problemsOf(JSON.parse(doctor.stdout))).toEqual([{ name: "settings", value: message }]);
    for (const args of [["upload", "data", ...asSample], ["setting"]]) {
      const { code, stderr } = await command(store, args, work, around);
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`error: ${message}\n`) });
    }
    expect(fs.existsSync(store)).toBe(false);
    expect((await command(store, ["completion", "bash"], work, around)).code).toBe(0);
  });

  test("are mended by setting, where the file is one of settings", async () => {
    plant(path.dirname(file()), { "config.json": '{"httpHost":5,"team":"t"}' });
    expect(await json("setting", "--http-host", "a:1")).toMatchObject({ httpHost: "a:1" });
    expect(JSON.parse(fs.readFileSync(file(), "utf8"))).toEqual({ httpHost: "a:1", team: "t" });
    plant(path.dirname(file()), { "config.json": '{"httpHost":"a b"}' });
    expect((await run("doctor")).stdout).toMatch(/!! {2}server +not a host and a port: "a b"/);
  });

  test("doctor shows a store that is none", async () => {
    const { code, stdout } = await run("doctor", "--store", "data/a.txt");
    expect(code).toBe(1);
    expect(stdout).toMatch(/!! {2}the store +.*a\.txt is not a folder/);
  });
});

test("doctor shows the current run and where it comes from", async () => {
  await run("init", "--run", "r", "--team", "t");
  const { findings } = await json<{ findings: { name: string; value: string; detail: string }[] }>("doctor");
  const find = (name: string) => findings.find((finding) => finding.name === name);
  expect(find("run")).toMatchObject({ value: "r", detail: `folder: ${runFile()}` });
  expect(find("team")).toMatchObject({ value: "t", detail: `folder: ${runFile()}` });
  expect(find("server")).toMatchObject({ value: "127.0.0.1:9111" });
});

test("names of runs are completed", async () => {
  for (const name of ["first", "second", "third"]) {
    await run("init", "--run", name);
    await run("finish");
  }
  expect((await run("complete", "runs", "show", "")).stdout).toBe("first\nsecond\nthird\n");
  expect((await run("complete", "finish", "se")).stdout).toBe("second\n");
  expect((await run("complete", "runs", "")).stdout).toBe("ls\nshow\n");
});
