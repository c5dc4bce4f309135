/** gc of a remote: what nobody needs goes, and nothing else, whoever sleeps or dies. */
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/index.ts";
import type { Remote } from "../../src/remote/index.ts";
import { collectRemote } from "../../src/store/remote-gc.ts";
import { type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { beforeChange } from "../support/remotes.ts";
import { all, openScratch, textsOf, uploadFiles } from "../support/stores.ts";

const push = (store: Store, place: MemoryPlace) => store.push({ remote: place.open() });
const gc = (store: Store, remote: Remote) => collectRemote(store.engine, { remote });

async function bytesOf(place: MemoryPlace): Promise<number> {
  return (await all(place.open().list("p/"))).reduce((sum, { size }) => sum + size, 0);
}

/** A fresh store has, from a place, exactly what another store has. */
async function expectAll(store: Store, place: MemoryPlace): Promise<void> {
  const fresh = await openScratch();
  await fresh.pull({ remote: place.open() });
  const versions = await all(store.versions("sample"));
  expect((await all(fresh.versions("sample"))).map(({ id }) => id)).toEqual(versions.map(({ id }) => id));
  for (const version of versions) {
    expect(await textsOf(await fresh.resolve(`sample@${version.id}`))).toEqual(await textsOf(version));
  }
  expect((await fresh.verify()).ok).toBe(true);
}

/** A store with three versions on a place, of which the second is removed. */
async function prepared(): Promise<[Store, MemoryPlace]> {
  const [store, place] = [await openScratch(), memoryPlace()];
  for (const seed of [1, 2, 3]) {
    await uploadFiles(store, { kept: "kept", big: randomBytesOf(seed, 300_000) });
    await push(store, place);
  }
  await (await store.resolve("sample:V2")).remove();
  await push(store, place);
  return [store, place];
}

describe("gc of a remote", () => {
  test("takes what removed versions had, and keeps all else", async () => {
    const [store, place] = await prepared();
    const before = await bytesOf(place);
    const dry = await collectRemote(store.engine, { remote: place.open(), dryRun: true });
    expect(await bytesOf(place)).toBe(before);
    const done = await gc(store, place.open());
    expect(done).toMatchObject({ keptVersions: 2, removedPacks: dry.removedPacks });
    expect(done.removedBytes).toBeGreaterThan(290_000);
    expect(await bytesOf(place)).toBe(before - done.removedBytes);
    expect(await all(place.open().list("t/"))).toEqual([]);
    await expectAll(store, place);
    expect(await gc(store, place.open())).toMatchObject({ removedBytes: 0, removedPacks: 0 });
    await uploadFiles(store, { after: "gc", big: randomBytesOf(3, 300_000) });
    expect((await push(store, place)).sentBytes).toBeLessThan(100_000);
    await expectAll(store, place);
  });

  test("does not take what is restored meanwhile: who restores sends it again", async () => {
    const [store, place] = await prepared();
    await gc(store, place.open());
    await (await store.resolve("sample:V2", { removed: true })).restore();
    await push(store, place);
    await expectAll(store, place);
  });

  test("a writer who slept with his packs sent sends them again", async () => {
    const [store, place] = await prepared();
    const sleeper = await openScratch();
    await sleeper.pull({ remote: place.open() });
    await uploadFiles(sleeper, { late: randomBytesOf(9, 300_000), kept: "kept" });
    let isFirst = true;
    const remote = beforeChange(place.open(), async (key) => {
      if (!isFirst || !key.startsWith("a/")) return;
      isFirst = false;
      // His packs are there, and his step is not: a gc takes them for garbage, twice.
      for (let round = 0; round < 2; round++) await gc(store, place.open());
      await (await store.resolve("sample:V1")).remove();
      await push(store, place);
      await gc(store, place.open());
    });
    await sleeper.push({ remote });
    expect(isFirst).toBe(false);
    await store.pull({ remote: place.open() });
    await expectAll(store, place);
  });

  test.each(Array.from({ length: 24 }, (_, at) => at))("may die at call %i, and the next one ends it", async (dies) => {
    const [store, place] = await prepared();
    let left = dies;
    const dying = beforeChange(place.open(), async () => {
      if (left-- <= 0) throw new Error("dies here");
    });
    await gc(store, dying).catch((error: Error) => expect(error.message).toBe("dies here"));
    await expectAll(store, place);
    await gc(store, place.open());
    await expectAll(store, place);
    expect(await all(place.open().list("t/"))).toEqual([]);
    expect(await gc(store, place.open())).toMatchObject({ removedPacks: 0 });
  });
});
