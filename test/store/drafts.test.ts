/** A draft before it is a version: what it shows, what is taken out of it, and that giving it up leaves nothing. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Artifact, NewFile, Store } from "../../src/index.ts";
import { noise } from "../support/folders.ts";
import { DATA } from "../support/mirrors.ts";
import { all, openScratch, pathsOf, scratch, textsOf, uploadFiles, writeFiles } from "../support/stores.ts";

let folder: string;
let store: Store;

beforeEach(async () => {
  folder = scratch();
  store = await openScratch(folder);
});

const paths = async (draft: Artifact, path_?: string | string[]): Promise<string[]> =>
  (await all(draft.entries(path_ === undefined ? {} : { path: path_ }))).map((entry) => entry.path);

test("its entries are those of the version as it will be, before and after each call", async () => {
  await uploadFiles(store, { "a.csv": "1", "b/c": "2" }, DATA.name);
  await using draft = await store.artifact(DATA);
  expect(await paths(draft)).toEqual(["a.csv", "b/c"]);
  await draft.add(Buffer.from("new"), { as: "b/d.csv" });
  expect(await paths(draft)).toEqual(["a.csv", "b/c", "b/d.csv"]);
  expect(await paths(draft, "*.csv")).toEqual(["a.csv", "b/d.csv"]);
  expect(await paths(draft, ["b/**", "x"])).toEqual(["b/c", "b/d.csv"]);
  await draft.remove("b");
  expect(await paths(draft)).toEqual(["a.csv"]);
  await draft.mirror(writeFiles(scratch(), { z: "26" }), { as: "deep/er" });
  expect(await paths(draft)).toEqual(["a.csv", "deep/er/z"]);
  // Nobody else sees anything of it.
  expect(await pathsOf(await store.getArtifact(DATA))).toEqual(["a.csv", "b/c"]);
  expect(await draft.upload()).toMatchObject({ version: "V2", added: 1, removed: 1, modified: 0 });
  expect(await pathsOf(await store.getArtifact(DATA))).toEqual(["a.csv", "deep/er/z"]);
});

test("what is taken out of it: a path, a folder with all that is in it, what globs mean; the count of entries is told", async () => {
  const files = { "a.csv": "1", "a.txt": "2", "b/a.csv": "3", "b/c/d": "4", "b-": "5", e: "6" };
  await uploadFiles(store, files, DATA.name);
  const removals: [string | string[], number, string[]][] = [
    ["e", 1, ["a.csv", "a.txt", "b-", "b/a.csv", "b/c/d"]],
    ["b", 2, ["a.csv", "a.txt", "b-", "e"]],
    ["b/", 2, ["a.csv", "a.txt", "b-", "e"]],
    ["/a.csv", 1, ["a.txt", "b-", "b/a.csv", "b/c/d", "e"]],
    ["*.csv", 2, ["a.txt", "b-", "b/c/d", "e"]],
    ["b/**/d", 1, ["a.csv", "a.txt", "b-", "b/a.csv", "e"]],
    [["*.csv", "e"], 3, ["a.txt", "b-", "b/c/d"]],
    ["**", 6, []],
    ["none", 0, ["a.csv", "a.txt", "b-", "b/a.csv", "b/c/d", "e"]],
    [[], 0, ["a.csv", "a.txt", "b-", "b/a.csv", "b/c/d", "e"]],
  ];
  for (const [globs, count, left] of removals) {
    await using draft = await store.artifact(DATA);
    expect([globs, await draft.remove(globs)]).toEqual([globs, count]);
    expect(await paths(draft)).toEqual(left);
    expect(await draft.remove(globs)).toBe(0);
  }
  expect((await store.getArtifact(DATA)).version).toBe("V1");
});

test("given up, it leaves no version, no file in the making, and a store that is as it was", async () => {
  await uploadFiles(store, { a: "1" }, DATA.name);
  const kept = (): string[] => readdirSync(path.join(folder, "packs"));
  const segment = readdirSync(path.join(folder, "journal"));
  const draft = await store.artifact(DATA);
  await draft.add(noise(6_000_000), { as: "large" });
  expect(kept().length).toBeGreaterThan(0);
  await draft.close();
  await draft.close();
  expect([kept(), readdirSync(path.join(folder, "journal"))]).toEqual([[], segment]);
  expect((await store.getArtifact(DATA)).version).toBe("V1");
  expect(await all(store.log())).toHaveLength(1);
  expect(await store.verify()).toMatchObject({ ok: true });
});

test("of a name that is new it is empty, and the version is the first", async () => {
  await using draft = await store.artifact(DATA);
  expect([draft.version, await paths(draft), await draft.remove("**")]).toEqual([null, [], 0]);
  expect(await draft.upload()).toMatchObject({ version: "V1", changed: true, files: 0 });
  expect(draft.version).toBe("V1");
  // It goes on from there.
  await draft.add(Buffer.from("1"), { as: "a" });
  expect(await draft.upload()).toMatchObject({ version: "V2", changed: true, added: 1 });
});

test("of what is added at once to one path the last call counts, however long the others take", async () => {
  await using draft = await store.artifact(DATA);
  async function* slowly(text: string): AsyncGenerator<Uint8Array> {
    for (const letter of text) {
      await new Promise((resolve) => setImmediate(resolve));
      yield Buffer.from(letter);
    }
  }
  await Promise.all([
    draft.add(slowly("a long text that comes letter by letter"), { as: "same" }),
    draft.add(Buffer.from("other"), { as: "other" }),
    draft.add(Buffer.from("last"), { as: "same" }),
  ]);
  await draft.upload();
  expect(await textsOf(await store.getArtifact(DATA))).toEqual({ same: "last", other: "other" });
});

test("many files go in together, whatever form and size they have, and share frames", async () => {
  const texts = Object.fromEntries(
    Array.from({ length: 700 }, (_, number) => [
      `f/${number}`,
      `${"a line that all of them have\n".repeat(9)}${number}`,
    ]),
  );
  const large = noise(3_000_000);
  async function* files(): AsyncGenerator<NewFile> {
    for (const [as, text] of Object.entries(texts)) yield { as, content: Buffer.from(text) };
    yield { as: "large", content: ReadableStream.from([large]), executable: true };
    yield { as: "f/0", content: Buffer.from("again") };
    yield { as: "empty", content: Buffer.alloc(0) };
  }
  await using draft = await store.artifact(DATA);
  const added = await draft.addAll(files());
  expect(added.map(({ path: at }) => at)).toEqual([...Object.keys(texts), "large", "f/0", "empty"]);
  const together = await draft.upload();
  await using single = await (await openScratch()).artifact(DATA);
  for await (const { as, content, executable } of files()) await single.add(content, { as, executable });
  const oneByOne = await single.upload();
  expect(oneByOne.digest).toBe(together.digest);
  // Each by itself is compressed by itself, in a frame of its own with a head of 40 bytes.
  expect(together.writtenBytes).toBeLessThan(oneByOne.writtenBytes - 700 * 40);
  const version = await store.getArtifact(DATA);
  expect(await textsOf(version)).toEqual({
    ...texts,
    "f/0": "again",
    empty: "",
    large: Buffer.from(large).toString("latin1"),
  });
  expect((await version.entry("large"))?.digest).toBe(added.at(-3)?.digest);
  await expect(draft.addAll([{ as: "f", content: Buffer.from("x") }])).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(draft.addAll([{ as: "../x", content: Buffer.from("x") }])).rejects.toMatchObject({
    code: "PATH_INVALID",
  });
});

test("at rest it keeps nobody from removing content, and goes on, again and again", async () => {
  await using other = await openScratch(folder);
  await using draft = await store.artifact(DATA);
  await draft.rest();
  for (const number of [1, 2, 3]) {
    await draft.add(noise(5_000_000, number), { as: String(number) });
    expect(other.engine.locks.tryExclusive()).toBeUndefined();
    await draft.rest();
    await draft.rest();
    const release = other.engine.locks.tryExclusive();
    expect(release).toBeDefined();
    release?.();
  }
  expect(await paths(draft)).toEqual(["1", "2", "3"]);
  await draft.upload();
  expect(await store.verify()).toMatchObject({ ok: true });
});

test("given up it is closed: later calls say so, and make no version of what it no longer has", async () => {
  await using draft = await store.artifact(DATA);
  const added = draft.add(Buffer.from("1"), { as: "x" });
  await draft.close();
  await added;
  const closed = { code: "CLOSED", message: expect.stringContaining(DATA.name) };
  await expect(draft.upload()).rejects.toMatchObject(closed);
  await expect(draft.add(Buffer.from("2"), { as: "y" })).rejects.toMatchObject(closed);
  await expect(draft.remove("x")).rejects.toMatchObject(closed);
  await expect(paths(draft)).rejects.toMatchObject(closed);
  expect(await all(store.artifacts())).toEqual([]);
  await draft.close();
});

test("given up at rest it leaves nothing", async () => {
  await using draft = await store.artifact(DATA);
  await draft.add(noise(5_000_000), { as: "x" });
  await draft.rest();
  expect(readdirSync(path.join(folder, "packs"))).toHaveLength(1);
  await draft.close();
  expect(readdirSync(path.join(folder, "packs"))).toEqual([]);
});
