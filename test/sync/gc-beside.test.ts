/** A gc of a remote while the same store pushes, or has just heard of the fence by another call: nothing that is needed goes. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import { isArtifoldError, type Store } from "../../src/index.ts";
import type { Remote } from "../../src/remote/index.ts";
import { RemoteIndex } from "../../src/sync/remote-index.ts";
import { type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { beforeChange, beforeRead, withCalls } from "../support/remotes.ts";
import { expectSame } from "../support/same-versions.ts";
import { servedRemote } from "../support/served-remote.ts";
import { all, openScratch, scratch, textsOf, uploadFiles } from "../support/stores.ts";

/** Has something done once, before any create of keys with a beginning: all of them wait for it. */
function held(remote: Remote, prefix: string, action: () => Promise<void>): Remote {
  let doing: Promise<void> | undefined;
  return beforeChange(remote, async (key) => {
    if (!key.startsWith(prefix)) return;
    doing ??= action();
    await doing;
  });
}

const several = [["one"], ["one", "two", "three"]];
const collectors = ["the same store", "another process", "somebody else, and a pull of the same store"] as const;

describe.each(collectors)("a push beside a gc by %s", (who) => {
  describe.each(["names/", "a/"])("before a key %s", (prefix) => {
    test.each(several)("sends again what went: %s", async (...names) => {
      const [folder, place] = [scratch(), memoryPlace()];
      const store = await openScratch(folder);
      await uploadFiles(store, { a: "before" }, "before");
      if (prefix === "a/") for (const name of names) await uploadFiles(store, { name }, name);
      await store.push({ remote: place.open() });
      const same = who === "the same store" ? store : await openScratch(who === "another process" ? folder : undefined);
      if (same.folder !== folder) await same.pull({ remote: place.open() });
      for (const [at, name] of names.entries()) await uploadFiles(store, { a: randomBytesOf(at, 20_000) }, name);
      let removed = 0;
      const remote = held(place.open(), prefix, async () => {
        removed = (await same.remotes.collect({ remote: place.open() })).removedPacks;
        if (same.folder !== folder) await store.pull({ remote: place.open() });
      });
      await store.push({ remote });
      expect(removed).toBeGreaterThan(0);
      await expectSame(store, place);
    });
  });
});

test("what waits behind artifacts that a gc came between is found by the index that counts then", async () => {
  const [store, other, place] = [await openScratch(), await openScratch(), memoryPlace()];
  await uploadFiles(other, { a: "before" }, "before");
  await other.push({ remote: place.open() });
  for (const [at, name] of ["a", "b"].entries()) await uploadFiles(store, { a: randomBytesOf(at, 20_000) }, name);
  await uploadFiles(store, { big: randomBytesOf(3, 34_000_000) }, "z");
  const remote = held(place.open(), "names/", async () => {
    expect((await other.remotes.collect({ remote: place.open() })).removedPacks).toBeGreaterThan(0);
  });
  await store.push({ remote });
  const runs = (await all(place.open().list("x/"))).map(({ key }) => Number(key.split("/")[1]));
  expect(runs.length).toBeGreaterThan(0);
  expect(new Set(runs)).toEqual(new Set([1]));
});

/** A store that pushed several versions, each by itself, and one that knows the first of them. */
async function oneBehind(texts: readonly string[]): Promise<[Store, Store, MemoryPlace]> {
  const [store, far, place] = [await openScratch(), await openScratch(), memoryPlace()];
  for (const [at, a] of texts.entries()) {
    await uploadFiles(store, { a });
    await store.push({ remote: place.open() });
    if (at === 0) await far.pull({ remote: place.open() });
  }
  return [store, far, place];
}

test("a step that another call has had known meanwhile is not said twice", async () => {
  const [store, far, place] = await oneBehind(["1", "2", "3", "4"]);
  let isDone = false;
  const slow = beforeRead(place.open(), async (key) => {
    if (isDone || !key.startsWith("a/")) return;
    isDone = true;
    await far.pull({ remote: place.open() });
    await uploadFiles(store, { a: "last" });
    await store.push({ remote: place.open() });
  });
  await far.pull({ remote: slow });
  await far.pull({ remote: place.open() });
  expect(await textsOf(await far.resolve("sample"))).toEqual({ a: "last" });
});

test("a dry run of a pull tells what was new when it began, whatever another call has had known meanwhile", async () => {
  const [, far, place] = await oneBehind(["1", "2", "3"]);
  let isDone = false;
  const slow = beforeRead(place.open(), async (key) => {
    if (isDone || !key.startsWith("a/")) return;
    isDone = true;
    await far.pull({ remote: place.open() });
  });
  const { versions } = await far.pull({ remote: slow, dryRun: true });
  expect(versions.map(({ ref }) => ref.split(":")[1])).toEqual(["V2", "V3"]);
});

test("a push to a server hears that a gc came first, though what it sent is gone", async () => {
  const place = memoryPlace();
  const own = await openScratch();
  const remote = await servedRemote(own, { url: "memory:", open: async () => place.open() });
  const [store, other] = [await openScratch(), await openScratch()];
  for (const name of ["one", "two"]) await uploadFiles(store, { name }, name);
  await store.push({ remote });
  await other.pull({ remote: place.open() });
  for (const [at, name] of ["one", "two"].entries()) await uploadFiles(store, { a: randomBytesOf(at, 20_000) }, name);
  let removed = 0;
  const slow = held(remote, "a/", async () => {
    removed = (await other.remotes.collect({ remote: place.open() })).removedPacks;
  });
  const { versions } = await store.push({ remote: slow });
  expect(removed).toBeGreaterThan(0);
  expect(versions).toHaveLength(2);
  await expectSame(store, place);
});

test("while a gc is not through, the index before it is read as well, wherever it was known last", async () => {
  const [store, place] = [await openScratch(), memoryPlace()];
  const first = await uploadFiles(store, { a: randomBytesOf(1, 200_000) });
  await store.push({ remote: place.open() });
  // A gc that died when it had written its fences: runs of the next epoch are added to, and nothing says what of the old is left.
  const dying = beforeChange(place.open(), async (key) => {
    if (key.startsWith("y/")) throw new Error("dies here");
  });
  await uploadFiles(store, { a: randomBytesOf(2, 200_000) });
  await store.push({ remote: place.open() });
  await (await store.resolve("sample:V2")).remove();
  await store.push({ remote: place.open() });
  const other = await openScratch();
  await other.pull({ remote: place.open() });
  await expect(other.remotes.collect({ remote: dying })).rejects.toThrow("dies here");
  for (const seed of [3, 4, 5]) {
    await uploadFiles(store, { a: randomBytesOf(seed, 200_000) });
    await store.push({ remote: place.open() });
  }
  const runs = (await all(place.open().list("x/"))).map(({ key }) => Number(key.split("/")[1]));
  expect(new Set(runs)).toEqual(new Set([0, 1]));
  const index = await RemoteIndex.open(place.open(), { epoch: 1, slot: 3 }, {});
  expect((await index.find([first.digest])).size).toBe(1);
});

/** Numbers below others, by a seed. */
function drawnFrom(seed: number): (below: number) => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Two stores that push, pull and change what they have, and a gc again and again, all at once. */
class Turmoil {
  readonly place = memoryPlace();
  readonly #draw: (below: number) => number;

  constructor(seed: number) {
    this.#draw = drawnFrom(seed);
  }

  async run(one: Store, other: Store, collector: Store): Promise<void> {
    for (const name of ["a", "b", "c", "d"]) await uploadFiles(one, this.#files(), name);
    await one.push({ remote: this.place.open() });
    await other.pull({ remote: this.place.open() });
    await Promise.all([
      repeat(4, async () => {
        await mayClash(one.push({ remote: this.#slow() }));
        await this.#change(one);
      }),
      repeat(8, async () => {
        await this.#change(one);
        await moments(this.#draw(15));
      }),
      repeat(3, async () => {
        await this.#change(other);
        await mayClash(other.push({ remote: this.#slow() }));
        await mayClash(other.pull({ remote: this.#slow() }));
      }),
      repeat(4, async () => {
        await mayClash(collector.remotes.collect({ remote: this.#slow() }));
        await moments(this.#draw(30));
      }),
    ]);
    for (const store of [one, other]) await mayClash(store.push({ remote: this.place.open() }));
    await one.pull({ remote: this.place.open() });
    await mayClash(one.push({ remote: this.place.open() }));
  }

  #files(): Record<string, Uint8Array> {
    const entries = Array.from({ length: 1 + this.#draw(4) }, () => {
      const bytes = randomBytesOf(this.#draw(12), this.#draw(3) === 0 ? 120_000 : 2_000);
      return [`file-${this.#draw(5)}`, bytes] as const;
    });
    return Object.fromEntries(entries);
  }

  async #change(store: Store): Promise<void> {
    // What both begin under one name is two artifacts.
    const own = `${path.basename(store.folder)}-${this.#draw(6)}`;
    const name = ["a", "b", "c", "d", own][this.#draw(5)] as string;
    const kind = this.#draw(8);
    if (kind < 5) return void (await mayClash(uploadFiles(store, this.#files(), name)));
    const [version] = await all(store.versions(name)).catch(() => []);
    if (version === undefined) return;
    if (kind === 5) await mayClash(version.remove());
    else if (kind === 6) await mayClash(version.tag(`tag-${this.#draw(2)}`));
    else await mayClash(version.restore());
  }

  #slow(): Remote {
    const remote = this.place.open();
    const wait = () => moments(this.#draw(4));
    return withCalls(remote, {
      async read(key, range, options) {
        await wait();
        return remote.read(key, range, options);
      },
      async create(key, bytes, options) {
        await wait();
        return remote.create(key, bytes, options);
      },
      async *list(prefix, after, options) {
        await wait();
        yield* remote.list(prefix, after, options);
      },
    });
  }
}

async function repeat(times: number, action: () => Promise<void>): Promise<void> {
  for (let left = times; left > 0; left--) await action();
}

function moments(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What may be refused to one of several who do things at once. */
async function mayClash(action: Promise<unknown>): Promise<void> {
  await action.catch((error: unknown) => {
    const isExpected = isArtifoldError(error) && ["BUSY", "CONFLICT", "NOT_FOUND"].includes(error.code);
    if (!isExpected) throw error;
  });
}

describe.each(["the same store", "another store"])("turmoil, with a gc by %s", (who) => {
  test.each(Array.from({ length: 10 }, (_, seed) => seed))("%i leaves all that lives", async (seed) => {
    const [one, other] = [await openScratch(), await openScratch()];
    const turmoil = new Turmoil(seed);
    await turmoil.run(one, other, who === "the same store" ? one : await openScratch());
    await expectSame(one, turmoil.place);
  });
});
