/** Runs: what they make and use, how they end, and that they do not mix. */
import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { FinishOptions, Metadata, Run, Store, Version } from "../../src/index.ts";
import { all, openScratch, scratch, uploadFiles, writeFiles } from "../support/stores.ts";

const sample = { name: "sample", type: "dataset" };
const place = { team: "molamola", experiment: "pets" };

let folder: string;
let store: Store;

beforeEach(async () => {
  folder = scratch();
  store = await openScratch(folder);
});

function journalBytes(): number {
  return statSync(path.join(folder, "journal", "00000001.segment")).size;
}

async function upload(run: Run | Store, files: { [path: string]: string }, query = sample) {
  await using draft = await run.artifact(query);
  for (const [as, text] of Object.entries(files)) await draft.add(Buffer.from(text), { as });
  return draft.upload();
}

async function names(runs: AsyncIterable<{ name: string }>): Promise<string[]> {
  return (await all(runs)).map((run) => run.name);
}

async function refs(versions: AsyncIterable<Version>): Promise<string[]> {
  return (await all(versions)).map((version) => `${version.name}:${version.version}`);
}

describe("a run", () => {
  test("begins with what it was given, and is found by its address", async () => {
    const config = { lr: 0.1, layers: [64, 64] };
    const run = await store.startRun({ ...place, name: "first", config, command: ["python", "train.py"] });
    expect(run).toMatchObject({ ...place, name: "first", config, state: "running", command: ["python", "train.py"] });
    expect(run).toMatchObject({ startedBy: "tester", endedAt: null, exitCode: null, signal: null });
    expect(Math.abs(Date.now() - Date.parse(run.startedAt))).toBeLessThan(60_000);
    expect(run.ref).toBe(`molamola/pets/first@${run.id}`);
    for (const address of ["first", "molamola/pets/first", run.ref, `@${run.id.slice(0, 8)}`, `first@${run.id}`]) {
      expect((await store.getRun(address)).id, address).toBe(run.id);
    }
    for (const address of ["second", "molamola/pets/second", `second@${run.id}`, "@00000000", "a/b/first"]) {
      await expect(store.getRun(address), address).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
    for (const address of ["a/first", "first@", "first@1234", "/first", ""]) {
      await expect(store.getRun(address), address).rejects.toMatchObject({ code: expect.stringMatching(/USAGE|NAME/) });
    }
  });

  test("that is given no name gets two words and a number, and team and experiment of the store", async () => {
    const [first, second] = [await store.startRun(), await store.startRun()];
    expect(first).toMatchObject({ team: "local", experiment: "uncategorized", config: {}, command: [] });
    expect(first.name).toMatch(/^[a-z]+-[a-z]+-1$/);
    expect(second.name).toMatch(/^[a-z]+-[a-z]+-2$/);
    expect((await store.startRun(place)).name).toMatch(/-1$/);
  });

  test("has a name of its own in its experiment", async () => {
    await store.startRun({ ...place, name: "Straße" });
    for (const name of ["Straße", "STRASSE"]) {
      await expect(store.startRun({ ...place, name }), name).rejects.toMatchObject({ code: "CONFLICT" });
    }
    await expect(store.startRun({ team: "MOLAMOLA", name: "r" })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(store.startRun({ team: "molamola", experiment: "Pets" })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(store.startRun({ name: "a/b" })).rejects.toMatchObject({ code: "NAME_INVALID" });
    await store.startRun({ ...place, experiment: "others", name: "Straße" });
    await expect(store.getRun("Straße")).rejects.toMatchObject({
      code: "AMBIGUOUS",
      message: expect.stringMatching(/molamola\/others\/Straße@\w{12} or molamola\/pets\/Straße@\w{12}/),
    });
  });

  test("keeps a config that is any JSON, and refuses what is none or too much, with nothing written", async () => {
    const odd = JSON.parse('{"__proto__":{"polluted":true},"1":[null,"é"]}') as Metadata;
    expect((await store.startRun({ config: odd })).config).toEqual(odd);
    const before = journalBytes();
    await expect(store.startRun({ config: { text: "x".repeat(2 ** 20) } })).rejects.toMatchObject({ code: "LIMIT" });
    await expect(store.startRun({ config: [] as never })).rejects.toThrow(TypeError);
    expect(journalBytes()).toBe(before);
  });

  test("of a command that is too long for a record keeps its beginning, and says how much is left out", async () => {
    const many = await store.startRun({ command: Array.from({ length: 3000 }, (_, at) => `file-${at}`) });
    expect(many.command).toHaveLength(1024);
    expect(many.command.slice(-2)).toEqual(["file-1022", "… and 1977 more"]);
    const long = await store.startRun({ command: ["echo", "x".repeat(70_000), "y"] });
    expect(long.command).toEqual(["echo", "… and 2 more"]);
    const exact = ["x".repeat(65_535), "y"].reverse();
    expect((await store.startRun({ command: exact })).command).toEqual(exact);
  });

  test("is configured later, key by key", async () => {
    const run = await store.startRun({ config: { lr: 0.1, depth: 3 } });
    expect(await run.configure({ lr: 0.2, seed: 7 })).toEqual(expect.any(Number));
    expect(run.config).toEqual({ lr: 0.2, depth: 3, seed: 7 });
    expect(await run.configure({ seed: 7 })).toBeNull();
    expect((await store.getRun(run.name)).config).toEqual(run.config);
    await expect(run.configure({ text: "x".repeat(2 ** 20) })).rejects.toMatchObject({ code: "LIMIT" });
  });
});

describe("the end of a run", () => {
  test("is said once, and is how it ended", async () => {
    const run = await store.startRun();
    expect(await run.finish()).toEqual(expect.any(Number));
    expect(run).toMatchObject({ state: "finished", exitCode: null, endedAt: expect.stringMatching(/Z$/) });
    const [ended] = (await all(store.log({ limit: 1 })))[0]?.changes ?? [];
    expect(ended).toMatchObject({ change: "ended", run: run.id, at: run.endedAt });
    expect(await run.finish()).toBeNull();
    const again = await store.getRun(run.name);
    expect(again.endedAt).toBe(run.endedAt);
    // Whoever knows more may say so.
    expect(await again.finish({ exitCode: 3 })).toEqual(expect.any(Number));
    expect(again).toMatchObject({ state: "failed", exitCode: 3 });
    expect(await again.finish({ exitCode: 3 })).toBeNull();
    expect(await again.finish()).toBeNull();
  });

  test.each([
    [{ exitCode: 0 }, { state: "finished", exitCode: 0, signal: null }],
    [{ exitCode: 1 }, { state: "failed", exitCode: 1, signal: null }],
    [{ state: "failed" }, { state: "failed", exitCode: null, signal: null }],
    [
      { state: "killed", signal: "SIGKILL" },
      { state: "killed", exitCode: null, signal: "SIGKILL" },
    ],
  ] as const)("%j is %j", async (given, expected) => {
    const run = await store.startRun();
    await run.finish(given);
    expect(run).toMatchObject(expected);
  });

  test.each([
    { state: "running" },
    { state: "" },
    { signal: "" },
    { signal: "TERM" },
    { signal: `SIG${"X".repeat(600)}` },
    { exitCode: -1 },
  ])("is not %j", async (given) => {
    const run = await store.startRun();
    await expect(run.finish(given as FinishOptions)).rejects.toThrow(TypeError);
    expect(run.state).toBe("running");
  });

  test("closes it: nothing new begins through it, and what was begun still belongs to it", async () => {
    const run = await store.startRun();
    await using draft = await run.artifact(sample);
    const version = await uploadFiles(store, { a: "1" }, "other");
    const used = await run.resolve("other");
    await run.finish();
    const closed = { code: "CLOSED", message: expect.stringContaining(run.name) };
    await expect(run.artifact(sample)).rejects.toMatchObject(closed);
    await expect(run.getArtifact(sample)).rejects.toMatchObject(closed);
    await expect(run.resolve("other")).rejects.toMatchObject(closed);
    await draft.add(Buffer.from("1"), { as: "a" });
    expect((await draft.upload()).run).toBe(run.id);
    await used.read("a");
    expect(await names(version.usedBy())).toEqual([run.name]);
  });

  test("is seen by who else has the store open", async () => {
    const run = await store.startRun();
    const other = await (await openScratch(folder)).getRun(run.ref);
    await run.finish();
    await expect(other.artifact(sample)).rejects.toMatchObject({ code: "CLOSED" });
    expect(other.state).toBe("finished");
  });
});

describe("a run that nobody ends", () => {
  const lockFiles = () => readdirSync(folder).filter((name) => name.startsWith("lock-run"));

  test("runs while its process has the store open, and is unknown after that, until somebody ends it", async () => {
    const run = await store.startRun();
    const other = await openScratch(folder);
    for (const each of [store, other]) expect((await each.getRun(run.ref)).state).toBe("running");
    expect(run.state).toBe("running");
    await store.close();
    // Many may look at once, and one who looks is not taken for one who holds.
    const looks = await Promise.all([0, 1, 2].map(() => other.getRun(run.ref)));
    expect(looks.map(({ state }) => state)).toEqual(["unknown", "unknown", "unknown"]);
    expect((await all(other.runs()))[0]?.state).toBe("unknown");
    const lost = looks[0] as Run;
    expect(lost).toMatchObject({ hasEnded: false, endedAt: null });
    // It can be gone on with, and ended.
    expect(await upload(lost, { a: "1" })).toMatchObject({ run: run.id });
    await lost.finish({ state: "failed" });
    expect(lost.state).toBe("failed");
    expect(lockFiles()).toEqual([]);
  });

  test("is running without end where it was begun to go on by itself", async () => {
    const run = await store.startRun({ detached: true });
    await store.close();
    expect((await (await openScratch(folder)).getRun(run.ref)).state).toBe("running");
    expect(lockFiles()).toEqual([]);
  });

  test("leaves nothing behind when it ends, whoever ends it", async () => {
    const run = await store.startRun();
    const other = await openScratch(folder);
    expect(lockFiles()).toEqual([`lock-run-${run.id}.db`]);
    await (await other.getRun(run.ref)).finish();
    expect(lockFiles()).toEqual([]);
    await store.startRun();
    await store.close();
    expect(await other.verify()).toMatchObject({ ok: true });
  });
});

describe("what a run makes", () => {
  test("says so, and stands in its own team and experiment", async () => {
    const run = await store.startRun(place);
    const result = await upload(run, { a: "1" });
    expect(result).toMatchObject({ ...place, version: "V1", run: run.id });
    const version = await store.resolve("sample");
    expect(version.run).toBe(run.id);
    expect(await names(version.madeBy())).toEqual([run.name]);
    expect(await refs(run.made())).toEqual(["sample:V1"]);
    expect(await refs(run.uses())).toEqual([]);
    const outside = await upload(store, { a: "2" }, { ...sample, ...place });
    expect(outside).toMatchObject({ version: "V2", run: null });
    expect(await refs(run.made())).toEqual(["sample:V1"]);
    await using elsewhere = await run.artifact({ ...sample, team: "others", experiment: "e" });
    expect(elsewhere).toMatchObject({ team: "others", experiment: "e" });
  });

  test("is also what was there already, with one entry the first time and none after it", async () => {
    const first = await store.startRun();
    await upload(first, { a: "1" });
    const second = await store.startRun();
    const before = journalBytes();
    expect(await upload(second, { a: "1" })).toMatchObject({ version: "V1", changed: false, run: second.id });
    const after = journalBytes();
    expect(after - before).toBeLessThan(1024);
    const version = await store.resolve("sample");
    expect(await names(version.madeBy())).toEqual([second.name, first.name]);
    expect(version.run).toBe(first.id);
    for (const run of [first, second]) await upload(run, { a: "1" });
    expect(journalBytes()).toBe(after);
    // Outside of a run nothing at all is written.
    expect(await upload(store, { a: "1" })).toMatchObject({ changed: false, run: null, writtenBytes: 0 });
    expect(journalBytes()).toBe(after);
  });

  test("goes with tags that move in one operation", async () => {
    await upload(store, { a: "1" });
    const run = await store.startRun();
    await using draft = await run.artifact(sample);
    await draft.upload({ tags: ["prod"] });
    const [operation] = await all(store.log({ limit: 1 }));
    expect(operation?.changes.map((change) => change.change)).toEqual(["tag", "made"]);
  });

  test("is not what a dry run would make", async () => {
    const run = await store.startRun();
    await upload(store, { a: "1" });
    const before = journalBytes();
    await using draft = await run.artifact(sample, { dryRun: true });
    await draft.add(Buffer.from("2"), { as: "b" });
    expect(await draft.upload()).toMatchObject({ changed: true, run: run.id, id: null });
    expect(journalBytes()).toBe(before);
    expect(await refs(run.made())).toEqual([]);
  });

  test("is also a draft on a version that it got", async () => {
    await upload(store, { a: "1" });
    const run = await store.startRun();
    await using draft = (await run.getArtifact(sample)).edit();
    await draft.add(Buffer.from("2"), { as: "b" });
    expect(await draft.upload()).toMatchObject({ version: "V2", run: run.id });
  });
});

describe("what a run uses", () => {
  let run: Run;
  let version: Version;

  beforeEach(async () => {
    await upload(store, { a: "1", "b/c": "2" });
    run = await store.startRun();
    version = await run.getArtifact(sample);
  });

  test.each<[string, () => Promise<unknown>]>([
    ["a download", () => version.download(path.join(scratch(), "out"))],
    ["a read", () => version.read("a")],
    ["a read of a range", () => version.readRange("b/c", 0, 1)],
    ["a stream", () => all(version.stream("a") as unknown as AsyncIterable<Uint8Array>)],
  ])("is noted by %s", async (_, use) => {
    await use();
    expect(await refs(run.uses())).toEqual(["sample:V1"]);
    expect(await names(version.usedBy())).toEqual([run.name]);
    const before = journalBytes();
    await use();
    await (await run.resolve("sample:V1")).read("a");
    expect(journalBytes()).toBe(before);
  });

  test("is one small entry, however many reads begin at once", async () => {
    const before = journalBytes();
    await Promise.all(Array.from({ length: 20 }, () => version.read("a")));
    expect(journalBytes() - before).toBeLessThan(512);
    expect((await all(store.log({ limit: 1 })))[0]?.changes).toEqual([
      { change: "used", run: run.id, version: version.id },
    ]);
    expect(await refs(run.uses())).toEqual(["sample:V1"]);
  });

  test("is not what it only looks at, or tries", async () => {
    await all(version.entries());
    await all(version.list("b"));
    await version.entry("a");
    await all(version.diff(version));
    await all(version.diffFolder(writeFiles(scratch(), { a: "1" })));
    await version.download(path.join(scratch(), "out"), { dryRun: true });
    await expect(version.read("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const taken = writeFiles(scratch(), { a: "mine" });
    await expect(version.download(taken)).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await refs(run.uses())).toEqual([]);
  });

  test("is nothing where no run is asked", async () => {
    const before = journalBytes();
    const outside = await store.getArtifact(sample);
    await outside.read("a");
    await outside.download(path.join(scratch(), "out"));
    expect(journalBytes()).toBe(before);
  });

  test("stays when the version is removed", async () => {
    await version.read("a");
    await version.remove();
    expect(await refs(run.uses())).toEqual(["sample:V1"]);
  });
});

test("runs under way at once, in one process and in two handles, do not mix", async () => {
  const other = await openScratch(folder);
  const source = await uploadFiles(store, { seed: "0" }, "source");
  const rounds = Array.from({ length: 6 }, async (_, at) => {
    const run = await (at % 2 === 0 ? store : other).startRun({ config: { at } });
    const result = await upload(run, { [`file-${at}`]: `${at}` }, { name: `artifact-${at}`, type: "model" });
    await upload(run, { [`file-${at}`]: `${at}` }, { name: "shared", type: "model" });
    if (at < 3) await (await run.resolve("source")).read("seed");
    await run.finish(at === 5 ? { exitCode: 1 } : {});
    return { run, result };
  });
  const done = await Promise.all(rounds);
  const runs = await all(store.runs());
  expect(new Set(runs.map((run) => run.name)).size).toBe(6);
  for (const [at, { run, result }] of done.entries()) {
    expect(result.run).toBe(run.id);
    const [own, shared] = await all((await store.getRun(run.ref)).made());
    expect([own?.ref, shared?.name]).toEqual([`local/uncategorized/artifact-${at}:V1`, "shared"]);
    expect(await names((own as Version).madeBy())).toEqual([run.name]);
    expect(await refs(run.uses())).toEqual(at < 3 ? ["source:V1"] : []);
    expect(runs.find(({ id }) => id === run.id)).toMatchObject({
      config: { at },
      state: at === 5 ? "failed" : "finished",
    });
  }
  expect((await names(source.usedBy())).sort()).toEqual(
    done
      .slice(0, 3)
      .map(({ run }) => run.name)
      .sort(),
  );
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] });
});

test("runs are listed newest first, and page by page", async () => {
  let at = 1_700_000_000_000;
  const clocked = await openScratch(folder, { clock: { now: () => at++ } });
  for (let count = 0; count < 5; count++) await clocked.startRun({ ...place, name: `r${count}` });
  await clocked.startRun({ name: "elsewhere" });
  expect(await names(store.runs(place))).toEqual(["r4", "r3", "r2", "r1", "r0"]);
  expect(await names(store.runs())).toEqual(["elsewhere", "r4", "r3", "r2", "r1", "r0"]);
  expect(await names(store.runs({ experiment: "none" }))).toEqual([]);
  const [, second] = await all(store.runs(place));
  expect(await names(store.runs({ ...place, after: second?.id as never }))).toEqual(["r2", "r1", "r0"]);
});
