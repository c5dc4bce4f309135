/** The page that artifold is modelled on, step by step. docs/seed-map.md maps each of its calls to ours. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { all, openScratch, pathsOf, readFiles, scratch, writeFiles } from "../support/stores.ts";

const sixFiles = {
  "README.md": "# Sample data\n",
  "anscombe.json": '[{"Series":"I", "X":10.0, "Y":8.04}]\n',
  "california_housing_test.csv": "longitude,latitude\n-122.05,37.37\n",
  "california_housing_train.csv": "longitude,latitude\n-114.31,34.19\n",
  "mnist_test.csv": "7,0,0,0\n",
  "mnist_train_small.csv": "6,0,0,0\n",
};
const sixPaths = Object.keys(sixFiles);
const ours = { name: "sample", type: "dataset" };

test("an artifact of six files gets a folder of two and becomes V2 with eight, and V1 keeps its six", async () => {
  const store = await openScratch();
  const sampleData = writeFiles(path.join(scratch(), "sample_data"), sixFiles);
  await using first = await store.artifact(ours);
  await first.add(sampleData);
  expect(await first.upload()).toMatchObject({ version: "V1", changed: true, files: 6 });

  // get_artifact(name, type), and [ent.path for ent in arti.entry_list]
  const fetched = await store.getArtifact(ours);
  expect(fetched.version).toBe("V1");
  const entries = await all(fetched.entries());
  expect(entries.map((entry) => entry.path)).toEqual(sixPaths);
  for (const entry of entries) {
    expect(entry.size).toBe(sixFiles[entry.path as keyof typeof sixFiles].length);
    expect(entry.digest).toMatch(/^[0-9a-f]{64}$/);
  }

  // Artifacts(name, type) continues from the newest version.
  await using draft = await store.artifact(ours);
  expect(draft.version).toBe("V1");
  expect(await pathsOf(draft)).toEqual(sixPaths);

  // arti.add("/content/cat_dog"): paths inside the folder are kept.
  const pictures = { "cat/1.jpg": "\xff\xd8 a cat", "dog/1.jpg": "\xff\xd8 a dog" };
  const catDog = writeFiles(path.join(scratch(), "cat_dog"), pictures);
  const storedPaths: (string | undefined)[] = [];
  const added = await draft.add(catDog, {
    onProgress: (event) =>
      event.phase === "store" && storedPaths.push(`${event.path} ${event.files}/${event.filesTotal}`),
  });
  expect(added).toMatchObject({ files: 2, leftOut: [] });
  expect(storedPaths.at(-1)).toBe("dog/1.jpg 2/2");

  // upload_artifact(arti)
  const uploaded = await draft.upload();
  expect(uploaded).toMatchObject({
    version: "V2",
    changed: true,
    files: 8,
    added: 2,
    modified: 0,
    removed: 0,
    kept: 6,
  });

  // get_artifact(name, type, tag="V2") and arti.download()
  const v2 = await store.getArtifact({ ...ours, tag: "V2" });
  expect(await pathsOf(v2)).toEqual(
    ["README.md", "anscombe.json", "california_housing_test.csv"].concat([
      "california_housing_train.csv",
      "cat/1.jpg",
      "dog/1.jpg",
      "mnist_test.csv",
      "mnist_train_small.csv",
    ]),
  );
  const out = path.join(scratch(), "artifacts", "sample", "V2");
  const downloaded = await v2.download(out);
  expect(downloaded).toMatchObject({ path: out, version: "V2", files: 8, written: 8 });
  expect(readFiles(downloaded.path)).toEqual({ ...readFiles(sampleData), ...readFiles(catDog) });
  expect(readFileSync(path.join(out, "cat/1.jpg"))).toEqual(readFileSync(path.join(catDog, "cat/1.jpg")));

  // V1 keeps its six files, V2 has eight.
  const v1 = await store.getArtifact({ ...ours, tag: "V1" });
  expect([v1.files, v2.files]).toEqual([6, 8]);
  expect(await pathsOf(v1)).toEqual(sixPaths);
  expect([v1.parent, v2.parent]).toEqual([null, "V1"]);

  // The tags of the page's Artifacts tab, newest first.
  expect((await all(store.versions("sample"))).map((version) => version.version)).toEqual(["V2", "V1"]);

  // Uploading again makes no V3: of the same draft, of a new one, of the same folder.
  expect(await draft.upload()).toMatchObject({ version: "V2", changed: false, id: v2.id });
  await using again = await store.artifact(ours);
  expect(await again.upload()).toMatchObject({ version: "V2", changed: false });
  await again.add(catDog);
  expect(await again.upload()).toMatchObject({ version: "V2", changed: false, writtenBytes: 0 });
  expect((await store.getArtifact(ours)).version).toBe("V2");
});

test("the page's full name of a version finds it, and the same name elsewhere is another artifact", async () => {
  const store = await openScratch();
  const place = { team: "molamola.babo", experiment: "arti_test_991b59c549bf_20221212" };
  await using theirs = await store.artifact({ ...ours, ...place });
  await theirs.add(Buffer.from("1"), { as: "a" });
  await theirs.upload();
  await using local = await store.artifact(ours);
  expect(local.version).toBeNull();
  await local.add(Buffer.from("2"), { as: "a" });
  await local.upload();

  const version = await store.resolve("molamola.babo/arti_test_991b59c549bf_20221212/sample:V1");
  expect(version).toMatchObject({ ...place, name: "sample", version: "V1" });
  expect(Buffer.from(await version.read("a")).toString()).toBe("1");
  const uncategorized = await store.resolve("sample:V1");
  expect(uncategorized).toMatchObject({ team: "local", experiment: "uncategorized" });
  expect(Buffer.from(await uncategorized.read("a")).toString()).toBe("2");
});
