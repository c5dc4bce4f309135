/** What damage takes, and what it leaves: verify names the versions that are hit, and all others are read as before. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isArtifoldError, openStore, type Store } from "../../src/index.ts";
import { all, newFolder, textsOf, writeFiles } from "../support/stores.ts";

let intact: string;
let copy: string;
/** What each version says, by its address. */
const truth = new Map<string, { [path: string]: string }>();

beforeAll(async () => {
  intact = newFolder();
  copy = newFolder();
  const source = newFolder();
  await using store = await openStore(intact, { workers: 0, user: "tester" });
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  for (let step = 1; step <= 3; step++) {
    await draft.add(writeFiles(source, { [`small-${step}`]: `text ${step}`, "both/changed": `${step}` }));
    await draft.upload({ message: `step ${step}`, tags: ["newest"] });
  }
  // More than rides in the journal, so that there are packs.
  const noise = Buffer.alloc(5 * 1024 * 1024);
  let state = 1;
  for (let at = 0; at < noise.length; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise.writeUInt32LE(state, at);
  }
  await draft.add(noise, { as: "noise" });
  await draft.upload();
  await draft.add(Buffer.from("after the pack"), { as: "last" });
  await draft.upload();
  for await (const version of store.versions("sample")) truth.set(version.version, await textsOf(version));
  await store.close();
  rmSync(source, { recursive: true });
});

afterAll(() => {
  for (const folder of [intact, copy]) rmSync(folder, { recursive: true, force: true });
});

function restore(): void {
  rmSync(copy, { recursive: true, force: true });
  cpSync(intact, copy, { recursive: true });
}

/** Files that hold content or history, as paths below the store. */
function keptFiles(): string[] {
  return readdirSync(intact, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(intact, path.join(entry.parentPath, entry.name)))
    .filter((name) => !/^(catalog|cache|lock)/.test(name))
    .sort();
}

function flip(file: string, at: number, bit: number): void {
  const bytes = readFileSync(path.join(intact, file));
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  rmSync(path.join(copy, file));
  writeFileSync(path.join(copy, file), bytes);
}

/** Opens the damaged copy; a refusal is an answer too. */
async function tryOpen(): Promise<Store | string> {
  try {
    return await openStore(copy, { workers: 0, create: false });
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    return error.code;
  }
}

test("the store of this test has what can be damaged: a mark, a journal, packs of both kinds", async () => {
  expect(keptFiles().map((file) => file.replace(/[0-9a-f]{64}/, "*"))).toEqual([
    "format.json",
    "journal/00000001.segment",
    "packs/*.pack",
  ]);
  restore();
  await using store = (await tryOpen()) as Store;
  expect(await store.verify()).toMatchObject({ ok: true, versions: 5 });
  expect(truth.size).toBe(5);
});

test("a pack that is lost is named with the versions that need it, and the others still read", async () => {
  restore();
  const pack = keptFiles().find((file) => file.startsWith("packs/")) as string;
  rmSync(path.join(copy, pack));
  await using store = (await tryOpen()) as Store;
  const result = await store.verify();
  const lost = result.problems.filter((problem) => problem.kind === "lost");
  expect(lost).toMatchObject([{ file: pack, offset: null }]);
  const hit = new Set(result.problems.flatMap((problem) => problem.versions));
  expect([...hit].sort()).toEqual(["local/uncategorized/sample:V4", "local/uncategorized/sample:V5"]);
  for (const number of ["V1", "V2", "V3"])
    expect(await textsOf(await store.resolve(`sample:${number}`))).toEqual(truth.get(number));
  await expect((await store.resolve("sample:V5")).read("noise")).rejects.toMatchObject({ code: "DAMAGED" });
  expect(Buffer.from(await (await store.resolve("sample:V5")).read("last")).toString()).toBe("after the pack");
});

test("a flipped chunk of the journal names the versions that have it, and only those", async () => {
  restore();
  const journal = "journal/00000001.segment";
  const bytes = readFileSync(path.join(intact, journal));
  flip(journal, bytes.indexOf("text 2"), 0);
  await using store = (await tryOpen()) as Store;
  const { problems } = await store.verify();
  expect(problems.some((problem) => problem.file === journal && problem.offset !== null)).toBe(true);
  const hit = new Set(problems.flatMap((problem) => problem.versions.map((version) => version.split(":")[1])));
  expect([...hit].sort()).toEqual(["V2", "V3", "V4", "V5"]);
  expect(await textsOf(await store.resolve("sample:V1"))).toEqual(truth.get("V1"));
  const versions = await all(store.versions("sample"));
  expect(versions.map((version) => version.version)).toEqual(["V5", "V4", "V3", "V2", "V1"]);
});

test("a verify of some versions names each of them that has a damaged chunk, not only the first", async () => {
  restore();
  const journal = "journal/00000001.segment";
  flip(journal, readFileSync(path.join(intact, journal)).indexOf("text 2"), 0);
  await using store = (await tryOpen()) as Store;
  const versions = await all(store.versions("sample"));
  const { problems } = await store.verify({}, versions);
  const hit = new Set(problems.flatMap((problem) => problem.versions.map((version) => version.split(":")[1])));
  expect([...hit].sort()).toEqual(["V2", "V3", "V4", "V5"]);
});

test("a flipped bit in the last record is damage and no torn append, as long as the catalog knows the record", async () => {
  restore();
  const journal = "journal/00000001.segment";
  const bytes = readFileSync(path.join(intact, journal));
  flip(journal, bytes.length - 1, 3);
  await using store = (await tryOpen()) as Store;
  const { ok, problems } = await store.verify();
  expect(ok).toBe(false);
  expect(problems.filter((problem) => problem.kind === "damaged")[0]).toMatchObject({ file: journal });
  expect((await store.resolve("sample")).version).toBe("V5");
});

test("where the record that named an artifact is damaged its other versions are kept, under another name, and can be read", async () => {
  restore();
  flip("journal/00000001.segment", 60, 0);
  for (const name of readdirSync(copy)) if (name.startsWith("catalog")) rmSync(path.join(copy, name));
  await using store = (await tryOpen()) as Store;
  const artifacts = await all(store.artifacts());
  expect(artifacts).toMatchObject([{ team: "lost-and-found", latest: "V5", versions: 4 }]);
  const [{ team, experiment, type, name }] = artifacts as [(typeof artifacts)[0]];
  const query = { team, experiment, type, name };
  for (const tag of ["V2", "V3", "V4", "V5"]) {
    const version = await store.getArtifact({ ...query, tag });
    const texts = truth.get(tag);
    for await (const { path: file } of version.entries()) {
      // What came with the damaged record is lost with it, or still there: never something else.
      const bytes = await version.read(file).catch((error: unknown) => {
        expect(isArtifoldError(error, "DAMAGED")).toBe(true);
      });
      if (bytes !== undefined) expect(Buffer.from(bytes).toString("latin1")).toBe(texts?.[file]);
    }
  }
  expect((await store.getArtifact({ ...query, tag: "newest" })).version).toBe("V3");
});
