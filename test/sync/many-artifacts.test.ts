/** Many artifacts over one remote: their logs are read side by side. */
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/index.ts";
import type { Remote } from "../../src/remote/index.ts";
import { FaultyFileSystem, type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { beforeRead, withCalls } from "../support/remotes.ts";
import { all, openScratch, textsOf, uploadFiles } from "../support/stores.ts";

const COUNT = 20;
const AT_ONCE = 8;

/** A remote that answers no list of an artifact's log before eight are asked for: whoever asks for one after another waits for ever. */
function answersMany(remote: Remote): Remote {
  let asked = 0;
  let answer = (): void => {};
  const areAsked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  return withCalls(remote, {
    async *list(prefix, after, options) {
      if (prefix.startsWith("a/") && ++asked === AT_ONCE) answer();
      if (prefix.startsWith("a/")) await areAsked;
      yield* remote.list(prefix, after, options);
    },
  });
}

test("push, pull and gc ask for the logs of eight artifacts at a time", { timeout: 60_000 }, async () => {
  const place = memoryPlace();
  const open = () => answersMany(place.open());
  const [store, far] = [await openScratch(), await openScratch()];
  for (let at = 0; at < COUNT; at++) await uploadFiles(store, { a: `${at}` }, `sample-${at}`);
  await store.push({ remote: place.open() });
  expect((await far.pull({ remote: open(), dryRun: true })).versions).toHaveLength(COUNT);
  expect((await far.pull({ remote: open() })).versions).toHaveLength(COUNT);
  for (let at = 0; at < COUNT; at++) await uploadFiles(store, { a: `later ${at}` }, `sample-${at}`);
  const pushed = await store.push({ remote: open() });
  expect(pushed.versions.map(({ ref }) => ref).slice(0, 2)).toEqual([
    "local/uncategorized/sample-0:V2",
    "local/uncategorized/sample-1:V2",
  ]);
  expect((await far.pull({ remote: open(), metadataOnly: true })).versions).toHaveLength(COUNT);
  expect((await far.pull({ remote: open() })).versions).toEqual([]);
  expect(await far.resolve("sample-7")).toMatchObject({ version: "V2", isComplete: true });
  const collected = await store.remotes.collect({ remote: open(), dryRun: true });
  expect(collected).toMatchObject({ keptVersions: 2 * COUNT });
});

test("the content of many small artifacts comes together", async () => {
  const place = memoryPlace();
  const fs = new FaultyFileSystem();
  const [store, far] = [await openScratch(), await openScratch(undefined, { fs })];
  for (let at = 0; at < COUNT; at++) await uploadFiles(store, { a: `${at}` }, `sample-${at}`);
  await store.push({ remote: place.open() });
  await far.pull({ remote: place.open(), metadataOnly: true });
  let flushes = 0;
  fs.decide = ({ name }) => {
    if (name === "flush") flushes++;
    return undefined;
  };
  await far.pull({ remote: place.open() });
  expect(flushes).toBeGreaterThan(0);
  expect(flushes).toBeLessThanOrEqual(10);
  for (let at = 0; at < COUNT; at++) {
    const version = await far.resolve(`sample-${at}`);
    expect([version.isComplete, await textsOf(version)]).toEqual([true, { a: `${at}` }]);
  }
});

test("a version that is removed and collected after its log was read is left out", async () => {
  const [place, store, far] = [memoryPlace(), await openScratch(), await openScratch()];
  await uploadFiles(store, { a: "first" }, "first");
  for (const text of ["old", "new"]) {
    await uploadFiles(store, { a: text }, "second");
    await store.push({ remote: place.open() });
  }
  const collect = async (): Promise<number> => {
    await (await store.resolve("second:V1")).remove();
    await store.push({ remote: place.open() });
    return (await store.remotes.collect({ remote: place.open() })).removedPacks;
  };
  let collecting: Promise<number> | undefined;
  const meddling = beforeRead(place.open(), async (key) => {
    if (!key.startsWith("p/")) return;
    collecting ??= collect();
    await collecting;
  });
  await far.pull({ remote: meddling });
  expect(await collecting).toBeGreaterThan(0);
  await expect(far.resolve("second:V1")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await textsOf(await far.resolve("second"))).toEqual({ a: "new" });
  expect(await textsOf(await far.resolve("first"))).toEqual({ a: "first" });
});

describe("an artifact that cannot be pushed or pulled", () => {
  const names = ["first", "second", "third"];

  /** Stores that have another artifact of one name, and nothing in common. */
  async function clashing(): Promise<[Store, Store, MemoryPlace]> {
    const [place, store, far] = [memoryPlace(), await openScratch(), await openScratch()];
    for (const name of names) await uploadFiles(store, { a: name }, name);
    await uploadFiles(far, { a: "other" }, "second");
    return [store, far, place];
  }

  test("leaves the others as they are where it is pulled: somebody hears of it, or it is told in the end", async () => {
    const [store, far, place] = await clashing();
    await store.push({ remote: place.open() });
    const leftOut: string[] = [];
    const pulled = await far.pull({ remote: place.open(), onLeftOut: ({ code }) => leftOut.push(code) });
    expect([leftOut, pulled.versions.length]).toEqual([["CONFLICT"], 2]);
    const other = await openScratch();
    await uploadFiles(other, { a: "other" }, "second");
    await expect(other.pull({ remote: place.open() })).rejects.toMatchObject({ code: "CONFLICT" });
    for (const name of ["first", "third"]) expect((await other.resolve(name)).isComplete).toBe(true);
    expect(await textsOf(await other.resolve("second"))).toEqual({ a: "other" });
  });

  test("leaves the others as they are where it is pushed", async () => {
    const [store, far, place] = await clashing();
    await far.push({ remote: place.open() });
    await expect(store.push({ remote: place.open() })).rejects.toMatchObject({ code: "CONFLICT" });
    const reader = await openScratch();
    await reader.pull({ remote: place.open() });
    const texts = await Promise.all(names.map(async (name) => textsOf(await reader.resolve(name))));
    expect(texts).toEqual([{ a: "first" }, { a: "other" }, { a: "third" }]);
  });

  test("is told with how many more there are, in a rehearsal too", async () => {
    const [store, , place] = await clashing();
    await store.push({ remote: place.open() });
    const other = await openScratch();
    for (const name of ["first", "second"]) await uploadFiles(other, { a: "other" }, name);
    const alone = {
      code: "CONFLICT",
      message: expect.not.stringContaining("more"),
      hint: expect.stringContaining("All else is done."),
    };
    await expect((await clashing())[1].pull({ remote: place.open() })).rejects.toMatchObject(alone);
    const wanted = {
      code: "CONFLICT",
      message: expect.stringContaining("1 more"),
      info: { others: [expect.any(String)], versions: [{ ref: "local/uncategorized/third:V1" }] },
    };
    await expect(other.pull({ remote: place.open() })).rejects.toMatchObject(wanted);
    expect((await other.resolve("third")).isComplete).toBe(true);
  });

  test("on a remote that is not as it was ends a push at once", async () => {
    const [store, place] = [await openScratch(), memoryPlace()];
    for (const name of names) await uploadFiles(store, { a: name }, name);
    await store.push({ remote: place.open() });
    for (const name of names) await uploadFiles(store, { a: `later ${name}` }, name);
    const { artifact } = store.engine.catalog.artifacts({ name: "first" })[0] ?? {};
    for (const { key } of await all(place.open().list(`a/${artifact}/`))) await place.open().delete(key);
    const slots = async (): Promise<number> => (await all(place.open().list("a/"))).length;
    const before = await slots();
    await expect(store.push({ remote: place.open() })).rejects.toMatchObject({ code: "DAMAGED" });
    expect(await slots()).toBe(before);
  });

  test("being an experiment leaves the content of artifacts", async () => {
    const [store, place, far] = [await openScratch(), memoryPlace(), await openScratch()];
    await uploadFiles(store, { a: "first" }, "first");
    const run = await store.startRun({ experiment: "trial" });
    await run.finish();
    await store.push({ remote: place.open() });
    const [{ key } = { key: "" }] = await all(place.open().list("e/"));
    await place.open().delete(key);
    await place.open().create(key, Buffer.from("no step"));
    await expect(far.pull({ remote: place.open() })).rejects.toMatchObject({ code: "DAMAGED" });
    expect(await textsOf(await far.resolve("first"))).toEqual({ a: "first" });
    expect((await far.resolve("first")).isComplete).toBe(true);
  });

  test("is told at once where it is one of very many: then it is not they", async () => {
    const [place, store, far] = [memoryPlace(), await openScratch(), await openScratch()];
    for (let at = 0; at < 40; at++) await uploadFiles(store, { a: `${at}` }, `sample-${at}`);
    for (let at = 0; at < 30; at++) await uploadFiles(far, { a: "other" }, `sample-${at}`);
    await store.push({ remote: place.open() });
    await expect(far.pull({ remote: place.open() })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(far.resolve("sample-39")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("with very many damaged versions is given up, and those of others are had", async () => {
    const [store, place, far] = [await openScratch(), memoryPlace(), await openScratch()];
    for (let at = 0; at < 60; at++) await uploadFiles(store, { a: `${at}` }, "first");
    await store.push({ remote: place.open() });
    for (const { key } of await all(place.open().list("p/"))) await place.open().delete(key);
    await uploadFiles(store, { a: "second" }, "second");
    await store.push({ remote: place.open() });
    let reads = 0;
    const counting = beforeRead(place.open(), async (key) => {
      if (key.startsWith("p/")) reads++;
    });
    await expect(far.pull({ remote: counting })).rejects.toMatchObject({ code: "DAMAGED" });
    expect((await far.resolve("second")).isComplete).toBe(true);
    // Sixteen versions, each tried twice, and what is whole.
    expect(reads).toBeLessThanOrEqual(16 * 2 + 8);
  });

  test("with a damaged version leaves its other versions, and those of others", async () => {
    const [store, place, far] = [await openScratch(), memoryPlace(), await openScratch()];
    for (const name of names) {
      for (const text of ["1", "2", "3"]) {
        await uploadFiles(store, { a: `${name} ${text}` }, name);
        await store.push({ remote: place.open() });
      }
    }
    const group = (await store.resolve("second:V2")).id.slice(0, 16);
    for (const { key } of await all(place.open().list(`p/${group}/`))) await place.open().delete(key);
    await expect(far.pull({ remote: place.open() })).rejects.toMatchObject({ code: "DAMAGED" });
    for (const name of names) {
      for (const tag of ["V1", "V2", "V3"]) {
        const version = await far.resolve(`${name}:${tag}`);
        expect([name, tag, version.isComplete]).toEqual([name, tag, `${name}:${tag}` !== "second:V2"]);
      }
    }
  });
});
