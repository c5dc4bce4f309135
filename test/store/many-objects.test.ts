/** What many small objects cost: those who bring them, not those who come after. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { mirror, testStore } from "../support/mirrors.ts";

const KIB = 1024;

let work: string;
let files: string;

beforeEach(() => {
  work = temporaryFolder();
  files = path.join(work, "files");
});

/** Plants small files that all differ. */
function plantMany(folder: string, count: number): void {
  const named = Array.from({ length: count }, (_, each) => [`${folder}/${each}`, `${folder} has ${each}`] as const);
  plant(files, Object.fromEntries(named));
}

const namesIn = (...below: string[]): string[] => fs.readdirSync(path.join(work, "store", ...below));

test("an upload of many objects makes a pack with a table of its own, however few bytes they are", async () => {
  const store = await testStore({}, path.join(work, "store"));
  plantMany("few", 900);
  await mirror(store, files);
  expect(namesIn("packs")).toEqual([]);
  plantMany("many", 1100);
  await mirror(store, files);
  expect(namesIn("packs")).toHaveLength(1);
  const out = path.join(work, "out");
  await (await store.getArtifact({ name: "data", type: "dataset" })).download(out);
  expect(treeOf(out)).toEqual(treeOf(files));
});

test("whoever changes one file never pays for the objects of others", async () => {
  const store = await testStore({}, path.join(work, "store"));
  for (let round = 0; round < 6; round++) {
    plantMany(`round ${round}`, 700);
    await mirror(store, files);
    for (const change of ["one", "two"]) {
      plant(files, { "round 0/7": `${change} of ${round}` });
      const { writtenBytes } = await mirror(store, files);
      expect(writtenBytes).toBeLessThan(100 * KIB);
    }
  }
  expect(namesIn("journal").length).toBeGreaterThan(2);
  expect(await store.verify()).toMatchObject({ problems: [] });
  const out = path.join(work, "out");
  await (await store.getArtifact({ name: "data", type: "dataset" })).download(out);
  expect(treeOf(out)).toEqual(treeOf(files));
});
