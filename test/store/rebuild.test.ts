/** The catalog is a cache: without it, and without the caches, the store gives the same answers. */
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Store, Version } from "../../src/index.ts";
import { commandJson } from "../support/command.ts";
import { all, openScratch, pathsOf, scratch, textsOf, uploadFiles, writeFiles } from "../support/stores.ts";

let folder: string;

beforeEach(() => {
  folder = scratch();
});

/** Everything that a store says, as plain data. */
async function answers(store: Store): Promise<unknown> {
  const artifacts = await all(store.artifacts());
  const versions: unknown[] = [];
  for (const { team, experiment, type, name } of artifacts) {
    for await (const version of store.versions(`${team}/${experiment}/${name}`, { type, removed: true })) {
      versions.push({
        ...version,
        ref: version.ref,
        entries: await all(version.entries()),
        texts: await textsOf(version),
        madeBy: await all(version.madeBy()),
        usedBy: await all(version.usedBy()),
        lineage: await store.lineage({ version: version.id }),
      });
    }
  }
  const runs: unknown[] = [];
  for await (const summary of store.runs()) {
    const run = await store.getRun(`@${summary.id}`);
    runs.push({ ...summary, ref: run.ref, uses: await refsOf(run.uses()), made: await refsOf(run.made()) });
  }
  const log = await all(store.log());
  return JSON.parse(JSON.stringify({ artifacts, versions, runs, log }));
}

async function refsOf(versions: AsyncIterable<Version>): Promise<string[]> {
  return (await all(versions)).map((version) => version.ref);
}

/** A store in which everything happened that can happen. */
async function makeHistory(): Promise<void> {
  await using store = await openScratch(folder);
  for (const text of ["1", "2", "1", "3"]) await uploadFiles(store, { "data/x": text, [`file-${text}`]: "same" });
  const [v4, v3, v2, v1] = await all(store.versions("sample"));
  await v1?.tag("prod");
  await v2?.tag("prod");
  await v2?.tag("other");
  await v1?.tag("gone");
  await v1?.untag("gone");
  await v2?.annotate({ message: "said later", metadata: { accuracy: 0.5 } });
  await v2?.annotate({ metadata: { accuracy: 0.75 } });
  await v3?.remove();
  await v4?.remove();
  await v4?.restore();
  await uploadFiles(store, { only: "this" }, "removed");
  await (await store.resolve("removed:V1")).remove();
  await using elsewhere = await store.artifact({ team: "팀", experiment: "e", type: "model", name: "sample" });
  await elsewhere.add(writeFiles(scratch(), { "a/b": "b", "hollow/": "", big: Buffer.alloc(300_000, "pattern ") }));
  await elsewhere.addReference("s3://bucket/key", { as: "far", etag: "1" });
  await elsewhere.upload({ message: "first", metadata: { deep: [1, { a: null }] }, tags: ["prod"] });
  await makeRuns(store);
}

/** Runs in every state: one made a version, one came to it and used another, one goes on. */
async function makeRuns(store: Store): Promise<void> {
  for (const at of [0, 1, 2]) {
    const place = { team: "팀", experiment: "e", detached: true };
    const run = await store.startRun({ ...place, config: { at }, command: ["train", `${at}`] });
    await using draft = await run.artifact({ name: "model", type: "model" });
    await draft.add(Buffer.from("weights"), { as: "weights" });
    await draft.upload();
    if (at === 0) await run.finish();
    if (at !== 1) continue;
    await (await run.resolve("local/uncategorized/sample:prod")).read("data/x");
    await run.configure({ loss: 0.5 });
    await run.finish({ state: "killed", exitCode: 137, signal: "SIGKILL" });
  }
}

function remove(pattern: RegExp): number {
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  for (const name of names) rmSync(path.join(folder, name), { recursive: true });
  return names.length;
}

test.each([
  ["the catalog", /^catalog/],
  ["the catalog and all caches", /^(catalog|cache)/],
  ["everything but mark, journal and packs", /^(catalog|cache|lock)/],
])("without %s the answers are the same", async (_, pattern) => {
  await makeHistory();
  const first = await openScratch(folder);
  const before = await answers(first);
  await first.close();
  expect(remove(pattern)).toBeGreaterThan(0);
  const store = await openScratch(folder);
  expect(await answers(store)).toEqual(before);
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] });
  // Numbers go on where they were, also of what is removed.
  expect((await uploadFiles(store, { only: "this" }, "removed")).version).toBe("V2");
  expect((await uploadFiles(store, { x: "new" })).version).toBe("V5");
});

test("every command answers as before when catalog and caches are deleted", { timeout: 60_000 }, async () => {
  await makeHistory();
  const asked = [
    ["ls"],
    ["ls", "--recursive", "sample:V2", "--experiment", "uncategorized"],
    ["show", "local/uncategorized/sample:prod"],
    ["show", "local/uncategorized/sample"],
    ["show", "local/uncategorized/sample:V3"],
    ["diff", "local/uncategorized/sample:V1", "local/uncategorized/sample:V2"],
    ["log"],
    ["log", "local/uncategorized/sample"],
    ["verify"],
  ];
  const ask = async (): Promise<unknown[]> => {
    const said: unknown[] = [];
    for (const args of asked) said.push(await commandJson(folder, args));
    return said;
  };
  const before = await ask();
  expect(remove(/^(catalog|cache)/)).toBeGreaterThan(0);
  expect(await ask()).toEqual(before);
});

test("a store that is open sees that its catalog was taken away, and answers as before", async () => {
  await makeHistory();
  const store = await openScratch(folder);
  const before = await answers(store);
  remove(/^catalog/);
  expect(await answers(store)).toEqual(before);
  expect((await uploadFiles(store, { x: "new" })).version).toBe("V5");
});

test("a damaged catalog is made anew", async () => {
  await makeHistory();
  const first = await openScratch(folder);
  const before = await answers(first);
  await first.close();
  remove(/^catalog\.db-/);
  writeFiles(folder, { "catalog.db": "this is no database, it is a text that somebody put here" });
  expect(await answers(await openScratch(folder))).toEqual(before);
});

test("two stores with the same files give them the same digests, in whatever order they came", async () => {
  const files = {
    "b/2": "two",
    "a/1": "one",
    z: Buffer.alloc(200_000, "z"),
    "a-": "",
    "\u{10000}": "x",
    "\uffee": "y",
  };
  await using draft = await (await openScratch(folder)).artifact({ name: "sample", type: "dataset" });
  await draft.add(writeFiles(scratch(), files));
  const whole = await draft.upload();
  const other = await openScratch();
  await using piecewise = await other.artifact({ name: "another", type: "model" });
  await piecewise.add(Buffer.from("on the way"), { as: "c" });
  for (const [as, content] of Object.entries(files).reverse())
    await piecewise.add(Buffer.from(content as string), { as });
  await piecewise.upload();
  await piecewise.remove("c");
  const last = await piecewise.upload({ message: "another", metadata: { a: 1 } });
  expect([last.version, last.digest]).toEqual(["V2", whole.digest]);
  expect(last.id).not.toBe(whole.id);
  expect(await pathsOf(await other.resolve("another"))).toEqual(["a-", "a/1", "b/2", "z", "\uffee", "\u{10000}"]);
});
