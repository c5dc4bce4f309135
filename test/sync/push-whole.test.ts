/** A push that looks at what the remote has, and sends again what is gone or damaged. */
import { describe, expect, test } from "vitest";
import type { PushResult, Store } from "../../src/index.ts";
import type { Remote } from "../../src/remote/index.ts";
import { type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { beforeChange } from "../support/remotes.ts";
import { openServed, served } from "../support/served.ts";
import { all, openScratch, textsOf, uploadFiles } from "../support/stores.ts";

const pushWhole = (store: Store, remote: Remote): Promise<PushResult> => store.push({ remote, whole: true });

/** A store with two versions on a place, each pushed by itself. */
async function prepared(): Promise<[Store, MemoryPlace]> {
  const [store, place] = [await openScratch(), memoryPlace()];
  for (const seed of [1, 2]) {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`many/${at}`, `${at} of all`]));
    await uploadFiles(store, { ...many, kept: randomBytesOf(9, 200_000), big: randomBytesOf(seed, 300_000) });
    await store.push({ remote: place.open() });
  }
  return [store, place];
}

async function packsOf(place: MemoryPlace): Promise<string[]> {
  return (await all(place.open().list("p/"))).map(({ key }) => key);
}

/** A fresh store gets, from a place, exactly what another store has. */
async function expectAll(store: Store, place: MemoryPlace): Promise<void> {
  const fresh = await openScratch();
  await fresh.pull({ remote: place.open() });
  const versions = await all(store.versions("sample"));
  expect((await all(fresh.versions("sample"))).map(({ id }) => id)).toEqual(versions.map(({ id }) => id));
  for (const version of versions) {
    expect(await textsOf(await fresh.resolve(`sample@${version.id}`))).toEqual(await textsOf(version));
  }
  expect((await fresh.verify()).ok).toBe(true);
  await fresh.close();
}

const damages: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array | undefined])[] = [
  ["gone", () => undefined],
  ["cut", (bytes) => bytes.slice(0, bytes.length / 2)],
  ["longer", (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
  ["flipped", (bytes) => bytes.map((byte, at) => (at === bytes.length >> 2 ? byte ^ 1 : byte))],
  ["empty", () => new Uint8Array()],
];

async function damage(place: MemoryPlace, key: string, how: (bytes: Uint8Array) => Uint8Array | undefined) {
  const remote = place.open();
  const bytes = how((await remote.read(key)) as Uint8Array);
  await remote.delete(key);
  if (bytes !== undefined) await remote.create(key, bytes);
}

describe.each(damages)("where packs are %s", (_, how) => {
  test("each of them, and all of them, are mended from a store that has everything", async () => {
    const [store, place] = await prepared();
    const packs = await packsOf(place);
    expect(packs.length).toBeGreaterThanOrEqual(4);
    for (const some of [...packs.map((key) => [key]), packs]) {
      for (const key of some) await damage(place, key, how);
      expect(await store.push({ remote: place.open() })).toMatchObject({ sentBytes: 0, whole: null });
      const pushed = await pushWhole(store, place.open());
      expect(pushed).toMatchObject({ versions: [], whole: { leftOut: [] } });
      await expectAll(store, place);
      expect(await pushWhole(store, place.open())).toMatchObject({ sentBytes: 0, whole: { unsoundPacks: 0 } });
    }
  });

  test("a version that comes with it relies on nothing that is not there", async () => {
    const [store, place] = await prepared();
    for (const key of await packsOf(place)) await damage(place, key, how);
    await uploadFiles(store, { kept: randomBytesOf(9, 200_000), big: randomBytesOf(1, 300_000), more: "more" });
    expect((await pushWhole(store, place.open())).versions).toHaveLength(1);
    await expectAll(store, place);
    // What mended it is mended as well.
    for (const key of await packsOf(place)) await damage(place, key, how);
    await pushWhole(store, place.open());
    await expectAll(store, place);
  });
});

test("nothing is sent where nothing is missing, and a dry run sends nothing at all", async () => {
  const [store, place] = await prepared();
  const packs = await packsOf(place);
  expect(await pushWhole(store, place.open())).toMatchObject({ sentBytes: 0, whole: { unsoundPacks: 0 } });
  expect(await packsOf(place)).toEqual(packs);
  await damage(place, packs[0] as string, () => undefined);
  const dry = await store.push({ remote: place.open(), whole: true, dryRun: true });
  expect(dry).toMatchObject({ versions: [], whole: { unsoundPacks: 1 } });
  expect(dry.sentBytes).toBeGreaterThan(0);
  expect(await packsOf(place)).toEqual(packs.slice(1));
});

test("only what is meant is looked at, and versions that are not all here are told", async () => {
  const [store, place] = await prepared();
  const far = await openScratch();
  await far.pull({ remote: place.open(), metadataOnly: true });
  const leftOut = ["local/uncategorized/sample:V1", "local/uncategorized/sample:V2"];
  expect((await pushWhole(far, place.open())).whole).toEqual({ unsoundPacks: 0, leftOut });
  const upTo = await store.push({ remote: place.open(), whole: true, refs: ["sample:V1"] });
  expect(upTo.receivedBytes).toBeLessThan(650_000);
});

test("a remote behind a server is mended as well", async () => {
  const [store, place] = await prepared();
  for (const [at, key] of (await packsOf(place)).entries()) {
    await damage(place, key, (damages[at % damages.length] as (typeof damages)[number])[1]);
  }
  const server = await served(place.open());
  await pushWhole(store, openServed(server));
  await expectAll(store, place);
});

test("one that was cut off goes on where it was", async () => {
  const [store, place] = [await openScratch(), memoryPlace()];
  await uploadFiles(store, { big: randomBytesOf(1, 40_000_000) });
  await store.push({ remote: place.open() });
  for (const key of await packsOf(place)) await damage(place, key, () => undefined);
  let left = 2;
  const dying = beforeChange(place.open(), async () => {
    if (left-- <= 0) throw new Error("dies here");
  });
  await expect(pushWhole(store, dying)).rejects.toThrow("dies here");
  expect((await pushWhole(store, place.open())).sentBytes).toBeLessThan(20_000_000);
  await expectAll(store, place);
});

test("a gc that comes meanwhile takes nothing from it", async () => {
  const [store, place] = await prepared();
  const [lost] = await packsOf(place);
  const other = await openScratch();
  await other.pull({ remote: place.open() });
  await damage(place, lost as string, () => undefined);
  await pushWhole(other, place.open());
  await (await other.resolve("sample:V1")).remove();
  await other.push({ remote: place.open() });
  await damage(place, (await packsOf(place))[0] as string, () => undefined);
  let isFirst = true;
  const remote = beforeChange(place.open(), async (key) => {
    if (!isFirst || !key.startsWith("x/")) return;
    isFirst = false;
    await pushWhole(other, place.open());
    await other.remotes.collect({ remote: place.open() });
  });
  await pushWhole(store, remote);
  expect(isFirst).toBe(false);
  await expectAll(other, place);
});
