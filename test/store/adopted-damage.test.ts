/** What is wrong with an adopted file is found by verify, with the versions that it hits; all others are read as before. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { isArtifoldError, openStore, type Problem } from "../../src/index.ts";
import { copyingFileSystem } from "../support/copying-file-system.ts";
import { randomBytesOf } from "../support/random.ts";
import { newFolder, openScratch, writeFiles } from "../support/stores.ts";

const BYTES = 17 * 1024 * 1024;
const noise: Uint8Array = randomBytesOf(1, BYTES);

let intact: string;
let copy: string;
/** Path of the adopted file below the store, and of its table. */
let file: string;
let table: string;

/** V1 has the file, V2 has it with a change in the middle, V3 has nothing of it. */
beforeAll(async () => {
  [intact, copy] = [newFolder(), newFolder()];
  const data = newFolder();
  await using store = await openStore(intact, { fs: copyingFileSystem, workers: 0, user: "tester" });
  const changed = Uint8Array.from(noise);
  changed.set(randomBytesOf(9, 4096), 8 * 1024 * 1024);
  for (const content of [{ model: noise }, { model: changed }, { other: "text" }]) {
    rmSync(data, { recursive: true });
    await using draft = await store.artifact({ name: "big", type: "model" });
    await draft.mirror(writeFiles(data, content));
    await draft.upload();
  }
  rmSync(data, { recursive: true });
  const names = readdirSync(path.join(intact, "files")).sort();
  [file, table] = names.map((name) => `files/${name}`) as [string, string];
});

afterAll(() => {
  for (const folder of [intact, copy]) rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(intact, copy, { recursive: true });
});

/** Puts other bytes in the place of a file of the store; without bytes takes it away. */
function replace(name: string, bytes: Uint8Array | undefined): void {
  rmSync(path.join(copy, name));
  if (bytes !== undefined) writeFileSync(path.join(copy, name), bytes);
}

function bytesOf(name: string): Buffer {
  return readFileSync(path.join(intact, name));
}

function flipped(name: string, at: number): Uint8Array {
  const bytes = bytesOf(name);
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytes;
}

async function problems(quick = false): Promise<readonly Problem[]> {
  const store = await openScratch(copy);
  const { ok, problems } = await store.verify({ quick });
  expect(ok).toBe(problems.length === 0);
  // V3 is whole whatever became of the file.
  expect(Buffer.from(await (await store.resolve("big:V3")).read("other")).toString()).toBe("text");
  return problems;
}

const both = ["local/uncategorized/big:V2", "local/uncategorized/big:V1"];

test("all is well before", async () => {
  expect(await problems()).toEqual([]);
  expect(await problems(true)).toEqual([]);
});

test("a damaged byte is found with its chunk and the versions that have it", async () => {
  replace(file, flipped(file, 1000));
  const [problem, ...others] = await problems();
  expect(others).toEqual([]);
  expect(problem).toMatchObject({ kind: "damaged", file, offset: 0 });
  expect(new Set(problem?.versions)).toEqual(new Set(both));
  expect(await problems(true)).toEqual([]);
});

test("a damaged byte of a chunk that only one version has hits that one, and deltas that go on from it", async () => {
  replace(file, flipped(file, 8 * 1024 * 1024 + 100));
  const found = await problems();
  expect(new Set(found.flatMap((each) => each.versions))).toEqual(new Set(both));
  const store = await openScratch(copy);
  const error = await (await store.resolve("big:V1")).read("model").catch((reason: unknown) => reason);
  expect(isArtifoldError(error, "DAMAGED")).toBe(true);
  expect(error).toMatchObject({ info: { file } });
});

test.each([false, true])("a file that is not there is named with its versions (quick: %s)", async (quick) => {
  replace(file, undefined);
  const found = await problems(quick);
  expect(found[0]).toMatchObject({ kind: "lost", file, offset: null });
  expect(new Set(found[0]?.versions)).toEqual(new Set(both));
});

test("a file that was cut short loses what lay behind its end", async () => {
  replace(file, bytesOf(file).subarray(0, BYTES - 1));
  const found = await problems(true);
  expect(found).toMatchObject([{ kind: "damaged", file, offset: null }]);
  expect(new Set(found[0]?.versions)).toEqual(new Set(both));
});

test.each(["not there", "cut short", "changed"])(
  "a table that is %s is named, and what it would have told of",
  async (how) => {
    if (how === "not there") replace(table, undefined);
    else replace(table, how === "changed" ? flipped(table, 100) : bytesOf(table).subarray(0, -1));
    const found = await problems();
    expect(found[0]).toMatchObject({ kind: how === "not there" ? "lost" : "damaged", file: table });
    expect(new Set(found.flatMap((each) => each.versions))).toEqual(new Set(both));
  },
);

test("the catalog follows from the journal alone", async () => {
  for (const name of readdirSync(copy)) if (/^(catalog|cache)/.test(name)) rmSync(path.join(copy, name));
  expect(await problems()).toEqual([]);
});
