/** The page in its own words: `init`, `Artifacts`, `uploadArtifact`, `getArtifact`, `finish`. */
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Artifacts, finish, getArtifact, init, openStore, uploadArtifact } from "../../src/index.ts";
import { all, readFiles, scratch, writeFiles } from "../support/stores.ts";

const sixFiles = {
  "README.md": "# Sample data\n",
  "anscombe.json": "[]\n",
  "california_housing_test.csv": "a\n",
  "california_housing_train.csv": "b\n",
  "mnist_test.csv": "7\n",
  "mnist_train_small.csv": "6\n",
};
const sample = { name: "sample", type: "dataset" };

const before = { cwd: process.cwd(), environment: { ...process.env } };
let work: string;

beforeEach(() => {
  work = scratch();
  process.chdir(work);
  process.env["ARTIFOLD_STORE"] = path.join(scratch(), "store");
  process.env["XDG_CONFIG_HOME"] = work;
  delete process.env["ARTIFOLD_RUN"];
});

afterEach(async () => {
  // A test that failed half way leaves its run.
  await finish().catch(() => {});
  process.chdir(before.cwd);
  process.env = { ...before.environment };
});

test("the page, word by word", async () => {
  const begun = await init({
    teamName: "molamola.babo",
    expName: "arti_test_991b59c549bf_20221212",
    config: { lr: 1 },
  });
  expect(begun.runName).toMatch(/^[a-z]+-[a-z]+-1$/);
  const url = `http://127.0.0.1:9111/experi/molamola.babo/arti_test_991b59c549bf_20221212/${begun.runName}/run/chart`;
  expect(`${begun}`).toBe(
    `Team Name=molamola.babo\nExp Name=arti_test_991b59c549bf_20221212\nRun Name=${begun.runName}\nRun URL=${url}`,
  );

  writeFiles("sample_data", sixFiles);
  const first = new Artifacts(sample);
  await first.add("sample_data");
  expect(await first.upload()).toMatchObject({ version: "V1", team: "molamola.babo", run: begun.run.id });

  // arti = Artifacts(name="sample", type="dataset"), which goes on from the newest version.
  const arti = new Artifacts(sample);
  expect((await arti.entryList()).map((ent) => ent.path)).toEqual(Object.keys(sixFiles));
  expect(begun.run.state).toBe("running");
  writeFiles("content/cat_dog", { "cat/1.jpg": "a cat", "dog/1.jpg": "a dog" });
  await arti.add("content/cat_dog");
  expect(await uploadArtifact(arti)).toMatchObject({ version: "V2", files: 8 });

  // arti = get_artifact(name="sample", type="dataset", tag="V2"); arti.download()
  const v2 = await getArtifact({ ...sample, tag: "V2" });
  const folder = await v2.download();
  expect(folder).toBe(path.join(work, "artifacts", "sample", "V2"));
  expect(Object.keys(readFiles(folder))).toHaveLength(8);
  const v1 = await getArtifact({ ...sample, tag: "V1" });
  expect(await v1.entryList()).toHaveLength(6);
  expect(await v1.download("elsewhere")).toBe(path.join(work, "elsewhere"));
  await finish();

  await using store = await openStore();
  const run = await store.getRun(begun.runName);
  expect(run).toMatchObject({ state: "finished", config: { lr: 1 } });
  expect((await all(run.made())).map(({ version }) => version)).toEqual(["V1", "V2"]);
  expect((await all(run.uses())).map(({ version }) => version)).toEqual(["V2", "V1"]);
});

test("what was fetched is gone on from, and another experiment can be fetched from", async () => {
  await init({ expName: "one" });
  const arti = new Artifacts(sample);
  await arti.add(Buffer.from("1"), { as: "a" });
  await arti.upload();
  await arti.add(Buffer.from("2"), { as: "b" });
  expect(await arti.upload()).toMatchObject({ version: "V2" });
  const v1 = await getArtifact({ ...sample, tag: "V1" });
  await v1.add(Buffer.from("3"), { as: "c" });
  expect(await v1.upload()).toMatchObject({ version: "V3", files: 2 });
  expect(await v1.download()).toBe(path.join(work, "artifacts", "sample", "V3"));
  await finish();
  await init({ expName: "two" });
  expect((await (await getArtifact({ ...sample, expName: "one" })).entryList()).map(({ path: each }) => each)).toEqual([
    "a",
    "c",
  ]);
  await expect(getArtifact({ ...sample, expName: "two" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(new Artifacts(sample).download()).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("there is one run at a time, and it can be begun again after it did not begin", async () => {
  await expect(finish()).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(init({ runName: "a/b" })).rejects.toMatchObject({ code: "NAME_INVALID" });
  const [first, second] = await Promise.allSettled([init({ runName: "r" }), init()]);
  expect([first.status, second.status]).toEqual(["fulfilled", "rejected"]);
  await expect(init()).rejects.toMatchObject({ code: "CONFLICT" });
  await finish({ exitCode: 2 });
  await using store = await openStore();
  expect(await store.getRun("r")).toMatchObject({ state: "failed", exitCode: 2 });
});

test("in a process that was given a run `init` begins no other; without a run the store itself is meant", async () => {
  const arti = new Artifacts(sample);
  await arti.add(Buffer.from("1"), { as: "a" });
  expect(await arti.upload()).toMatchObject({ run: null, team: "local", experiment: "uncategorized" });
  await init();
  await finish();

  await using store = await openStore();
  const given = await store.startRun({ team: "t", experiment: "e" });
  process.env["ARTIFOLD_RUN"] = given.ref;
  expect(await init({ teamName: "other", config: { seed: 1 } })).toMatchObject({ teamName: "t", runName: given.name });
  await new Artifacts(sample).entryList();
  await finish();
  expect((await store.getRun(given.ref)).config).toEqual({ seed: 1 });
  expect(await all(store.runs())).toHaveLength(2);
});
