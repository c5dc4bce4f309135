/** Small artifacts are pushed together: with few requests, and as surely as one by one. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ArtifoldError, isArtifoldError, openStore, type Store } from "../../src/index.ts";
import { encodeTombstones, type PackName, packOfKey, tombstonesKey } from "../../src/logs/index.ts";
import { Meter, type Remote } from "../../src/remote/index.ts";
import { type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { beforeChange, withCalls } from "../support/remotes.ts";
import { expectSame } from "../support/same-versions.ts";
import { servedRemote } from "../support/served-remote.ts";
import { all, openScratch, scratch, textsOf, uploadFiles } from "../support/stores.ts";

/** In the order in which they are pushed. */
const NAMES = ["fifth", "first", "fourth", "second", "third"];

/** A store with small artifacts, one version of each. */
async function prepared(folder = scratch()): Promise<Store> {
  const store = await openScratch(folder);
  for (const [at, name] of NAMES.entries()) {
    await uploadFiles(store, { [name]: randomBytesOf(at + 1, 20_000), shared: "of all" }, name);
  }
  return store;
}

async function keysOf(place: MemoryPlace, prefix: string): Promise<string[]> {
  return (await all(place.open().list(prefix))).map(({ key }) => key);
}

/** Does something before the first create whose key has a beginning. */
function onceBefore(remote: Remote, prefix: string, action: () => Promise<unknown>): Remote {
  let isDone = false;
  return beforeChange(remote, async (key) => {
    if (isDone || !key.startsWith(prefix)) return;
    isDone = true;
    await action();
  });
}

/** The prefix of an artifact's log. */
function logOf(store: Store, name: string): string {
  return `a/${store.engine.catalog.artifacts({ name })[0]?.artifact}/`;
}

describe("small artifacts", () => {
  test("go in few packs, one run of the index and one step of names", async () => {
    const [store, place] = [await prepared(), memoryPlace()];
    const meter = new Meter();
    const { versions } = await store.push({ remote: meter.measure(place.open()) });
    expect(versions.map(({ ref }) => ref)).toEqual(NAMES.map((name) => `local/uncategorized/${name}:V1`));
    const counts = ["p/", "x/", "names/", "a/"].map(async (prefix) => (await keysOf(place, prefix)).length);
    expect(await Promise.all(counts)).toEqual([2, 1, 1, NAMES.length]);
    // The mark, names, tombstones, the index and its packs; then the step of each.
    expect(meter.requests).toBeLessThanOrEqual(NAMES.length + 13);
    await expectSame(store, place);
  });

  test("send once what several of them have", async () => {
    const [store, place, meter] = [await openScratch(), memoryPlace(), new Meter()];
    const bytes = randomBytesOf(1, 1_000_000);
    for (const name of NAMES) await uploadFiles(store, { bytes, name }, name);
    await store.push({ remote: meter.measure(place.open()) });
    expect(meter.sentBytes).toBeLessThan(1_100_000);
    await expectSame(store, place);
  });

  test("later go together as well, with tags and removals, beside one that nobody knows yet", async () => {
    const [store, place] = [await prepared(), memoryPlace()];
    await store.push({ remote: place.open() });
    for (const name of ["first", "third"]) await uploadFiles(store, { [name]: "later", shared: "of all" }, name);
    await (await store.resolve("second:V1")).tag("prod");
    await (await store.resolve("third:V1")).remove();
    await uploadFiles(store, { a: "sixth" }, "sixth");
    const before = (await keysOf(place, "x/")).length;
    const { versions, others } = await store.push({ remote: place.open() });
    expect(versions.map(({ ref }) => ref.split("/")[2])).toEqual(["first:V2", "sixth:V1", "third:V2"]);
    expect(new Set(others)).toEqual(new Set(["tag", "remove"]));
    expect((await keysOf(place, "x/")).length).toBe(before + 1);
    await expectSame(store, place, [...NAMES, "sixth"]);
  });

  test("are as many as they are, whatever one step takes", async () => {
    const [store, place] = [await openScratch(), memoryPlace()];
    const names = Array.from({ length: 70 }, (_, at) => `sample-${10 + at}`);
    for (const name of names) await uploadFiles(store, { name }, name);
    const { versions } = await store.push({ remote: place.open() });
    expect(versions.map(({ ref }) => ref)).toEqual(names.map((name) => `local/uncategorized/${name}:V1`));
    await expectSame(store, place, names);
  });
});

/** Makes versions whose records are as long as they may be: five of them are more than one step takes. */
async function uploadLong(store: Store, name: string, count: number): Promise<void> {
  const metadata = { long: "x".repeat(1_000_000) };
  for (let at = 0; at < count; at++) {
    await using draft = await store.artifact({ name, type: "dataset" });
    await draft.add(Buffer.from(`${at}`), { as: "a" });
    await draft.upload({ metadata });
  }
}

test("large artifacts go one by one, so that what was sent of one counts where the next is cut off", async () => {
  const [store, place] = [await openScratch(), memoryPlace()];
  for (const [seed, name] of ["a", "b"].entries()) {
    await uploadFiles(store, { big: randomBytesOf(seed, 20_000_000) }, name);
  }
  await store.push({ remote: place.open() });
  expect((await keysOf(place, "names/")).length).toBe(2);
  await expectSame(store, place, ["a", "b"]);
});

test("artifacts are as large as they are, also where the store had their content before", async () => {
  const [store, place] = [await openScratch(), memoryPlace()];
  const [b, c] = [randomBytesOf(1, 20_000_000), randomBytesOf(2, 20_000_000)];
  await uploadFiles(store, { b, c }, "both");
  await uploadFiles(store, { b }, "b");
  await uploadFiles(store, { c }, "c");
  await store.push({ remote: place.open(), refs: ["b", "c"] });
  expect((await keysOf(place, "names/")).length).toBe(2);
});

test("progress counts versions as their steps are there", async () => {
  const [store, place] = [await prepared(), memoryPlace()];
  const files: number[] = [];
  await store.push({ remote: place.open(), onProgress: (event) => void files.push(event.files ?? 0) });
  expect(files.at(-1)).toBe(NAMES.length);
});

test("a push holds no memory of what it sent of artifacts before", { timeout: 60_000 }, async () => {
  const [store, place] = [await openScratch(), memoryPlace()];
  for (let at = 0; at < 12; at++) await uploadFiles(store, { a: randomBytesOf(at, 18_000_000) }, `large-${at}`);
  const inner = place.open();
  let most = 0;
  const remote = withCalls(inner, {
    async create(key, bytes, options) {
      if (key.startsWith("p/")) return "created";
      if (key.startsWith("a/")) most = Math.max(most, process.memoryUsage().arrayBuffers);
      return inner.create(key, bytes, options);
    },
  });
  const before = process.memoryUsage().arrayBuffers;
  await store.push({ remote });
  expect((most - before) / 2 ** 20).toBeLessThan(100);
});

describe("of artifacts that are pushed together", () => {
  test("one whose log somebody else added to comes behind that, and the others are there", async () => {
    const [store, other, place] = [await prepared(), await openScratch(), memoryPlace()];
    await store.push({ remote: place.open() });
    await other.pull({ remote: place.open() });
    for (const name of NAMES) await uploadFiles(store, { [name]: "ours" }, name);
    await uploadFiles(other, { second: "theirs" }, "second");
    const remote = onceBefore(place.open(), "p/", () => other.push({ remote: place.open() }));
    const { versions } = await store.push({ remote });
    expect(versions.find(({ ref }) => ref.includes("second"))).toMatchObject({
      ref: "local/uncategorized/second:V3",
      renumberedFrom: "V2",
      diverged: true,
    });
    expect(versions).toHaveLength(NAMES.length);
    await store.pull({ remote: place.open() });
    await expectSame(store, place);
  });

  test("one that somebody else went on with is merged with that", async () => {
    const [store, other, place] = [await prepared(), await openScratch(), memoryPlace()];
    await store.push({ remote: place.open() });
    await other.pull({ remote: place.open() });
    await uploadFiles(other, { second: randomBytesOf(4, 20_000), shared: "of all", theirs: "theirs" }, "second");
    await other.push({ remote: place.open() });
    for (const name of NAMES) {
      await uploadFiles(store, { [name]: "ours", shared: "of all", ours: "ours" }, name);
    }
    const { versions } = await store.push({ remote: place.open() });
    const second = versions.filter(({ ref }) => ref.includes("/second:"));
    expect(second.map(({ ref, renumberedFrom }) => [ref.split(":")[1], renumberedFrom])).toEqual([
      ["V3", "V2"],
      ["V4", null],
    ]);
    await store.pull({ remote: place.open() });
    expect(await textsOf(await store.resolve("second"))).toMatchObject({ ours: "ours", theirs: "theirs" });
    await expectSame(store, place);
  });

  test("one that takes several steps goes alone, and what steps say is no more than is written down at once", async () => {
    const [store, place] = [await openScratch(), memoryPlace()];
    await uploadLong(store, "a", 6);
    for (const name of ["b", "c", "d", "e"]) await uploadLong(store, name, 2);
    await store.push({ remote: place.open() });
    expect((await keysOf(place, "names/")).length).toBe(3);
    await expectSame(store, place, ["a", "b", "c", "d", "e"]);
  });

  test("all are sent again where a gc took what was sent before they had names", async () => {
    const [store, other, place] = [await prepared(), await openScratch(), memoryPlace()];
    await uploadFiles(other, { a: "there before" }, "before");
    await other.push({ remote: place.open() });
    let removed = 0;
    const remote = onceBefore(place.open(), "names/", async () => {
      removed = (await other.remotes.collect({ remote: place.open() })).removedPacks;
    });
    const { versions } = await store.push({ remote });
    expect(removed).toBeGreaterThanOrEqual(2);
    expect(versions).toHaveLength(NAMES.length);
    await expectSame(store, place);
  });

  test("those are sent again whose step came behind a gc", async () => {
    const [store, place] = [await prepared(), memoryPlace()];
    await store.push({ remote: place.open() });
    for (const name of NAMES) await uploadFiles(store, { [name]: `later ${name}` }, name);
    const other = await openScratch();
    await other.pull({ remote: place.open() });
    let collecting: Promise<{ readonly removedPacks: number }> | undefined;
    const remote = beforeChange(place.open(), async (key) => {
      if (!key.startsWith("a/")) return;
      collecting ??= other.remotes.collect({ remote: place.open() });
      await collecting;
    });
    await store.push({ remote });
    expect((await collecting)?.removedPacks).toBeGreaterThanOrEqual(2);
    await expectSame(store, place);
  });

  test("one whose name was taken meanwhile keeps none of the others", async () => {
    const [store, other, place] = [await prepared(), await openScratch(), memoryPlace()];
    await uploadFiles(other, { a: "theirs" }, "second");
    const remote = onceBefore(place.open(), "names/", () => other.push({ remote: place.open() }));
    await expect(store.push({ remote })).rejects.toMatchObject({ code: "CONFLICT" });
    const others = NAMES.filter((name) => name !== "second");
    await expectSame(store, place, others);
    await expectSame(other, place, ["second"]);
  });

  test("none relies on what lives in the log of another one only", async () => {
    const [store, place] = [await openScratch(), memoryPlace()];
    const bytes = randomBytesOf(1, 40_000_000);
    await uploadFiles(store, { bytes }, "own");
    await store.push({ remote: place.open() });
    // A gc that died has doomed what is there. What lives in the log of "own" is needed, and would be saved by the next gc.
    const doomed = (await keysOf(place, "p/")).map((key) => packOfKey(key) as PackName);
    await place.open().create(tombstonesKey(1, 0), encodeTombstones(doomed));
    bytes[20_000_000] = (bytes[20_000_000] as number) ^ 1;
    await uploadFiles(store, { bytes }, "own");
    await uploadFiles(store, { bytes }, "zebra");
    await store.push({ remote: place.open() });
    for (const pack of doomed) await place.open().delete(`p/${pack}`);
    const fresh = await openScratch();
    await fresh.pull({ remote: place.open(), refs: ["zebra"] });
    expect(Buffer.from(await (await fresh.resolve("zebra")).read("bytes")).equals(bytes)).toBe(true);
  });

  test("those that can go have gone where so many others cannot that they are given up", async () => {
    const [store, other, place] = [await openScratch(), await openScratch(), memoryPlace()];
    await uploadFiles(store, { a: "ours" }, "able");
    for (let at = 0; at < 30; at++) {
      await uploadFiles(store, { a: "ours" }, `sample-${at}`);
      await uploadFiles(other, { a: "theirs" }, `sample-${at}`);
    }
    await other.push({ remote: place.open() });
    await expect(store.push({ remote: place.open() })).rejects.toMatchObject({ code: "CONFLICT" });
    await expectSame(store, place, ["able"]);
  });

  test("one whose content cannot be had keeps none of those before it", async () => {
    const [there, place] = [memoryPlace(), memoryPlace()];
    const origin = await openScratch();
    await uploadFiles(origin, { a: "far away" }, "second");
    await origin.push({ remote: there.open() });
    let isAway = false;
    const openRemote = async (): Promise<Remote> => {
      if (isAway) throw new ArtifoldError("UNREACHABLE", "it is away");
      return there.open();
    };
    const store = await openScratch(undefined, { openRemote });
    await store.remotes.add("origin", "/place");
    await store.pull({ metadataOnly: true });
    await uploadFiles(store, { a: "here" }, "first");
    isAway = true;
    await expect(store.push({ remote: place.open() })).rejects.toMatchObject({ code: "UNREACHABLE" });
    await expectSame(store, place, ["first"]);
  });

  test("none goes on from a log that was replaced", async () => {
    const [store, place] = [await prepared(), memoryPlace()];
    await store.push({ remote: place.open() });
    const [replaced, another] = await Promise.all(
      ["first", "second"].map(async (name) => (await keysOf(place, logOf(store, name)))[0] as string),
    );
    const bytes = (await place.open().read(another as string)) as Uint8Array;
    await place.open().delete(replaced as string);
    await place.open().create(replaced as string, bytes);
    for (const name of NAMES) await uploadFiles(store, { [name]: "later" }, name);
    const again = await openStore(store.folder, { workers: 0 });
    const push = again.push({ remote: place.open() });
    await expect(push).rejects.toMatchObject({ code: "DAMAGED", info: { isChanged: true } });
    expect((await keysOf(place, "a/")).length).toBe(NAMES.length);
    await again.close();
  });

  test("one whose name a server refuses keeps none of the others", async () => {
    const served = await openScratch();
    await uploadFiles(served, { a: "the server's own" }, "second");
    const remote = await servedRemote(served);
    const store = await prepared();
    const refused = store.push({ remote });
    await expect(refused).rejects.toMatchObject({ code: "DENIED", info: { versions: { length: NAMES.length - 1 } } });
    expect((await all(remote.list("a/"))).length).toBe(NAMES.length - 1);
  });

  test("one with a name that is taken sends nothing", async () => {
    const [store, other, place, meter] = [await openScratch(), await openScratch(), memoryPlace(), new Meter()];
    await uploadFiles(other, { a: "theirs" }, "second");
    await other.push({ remote: place.open() });
    await uploadFiles(store, { a: randomBytesOf(1, 500_000) }, "second");
    await expect(store.push({ remote: meter.measure(place.open()) })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(meter.sentBytes).toBe(0);
  });

  test("one with damaged content keeps none of the others", async () => {
    const folder = scratch();
    const store = await prepared(folder);
    const bytes = randomBytesOf(77, 5_000_000);
    await uploadFiles(store, { bytes }, "third");
    damage(path.join(folder, "packs"), bytes.subarray(1_000_000, 1_000_100));
    const place = memoryPlace();
    await expect(store.push({ remote: place.open() })).rejects.toMatchObject({ code: "DAMAGED" });
    await expectSame(
      store,
      place,
      NAMES.filter((name) => name !== "third"),
    );
  });

  test("a step that was written is known here, whatever becomes of those beside it", async () => {
    const folder = scratch();
    const store = await prepared(folder);
    const [place, failing] = [memoryPlace(), logOf(store, "third")];
    const remote = beforeChange(place.open(), async (key) => {
      if (key.startsWith(failing)) throw new Error("no step here");
    });
    await expect(store.push({ remote })).rejects.toThrow("no step here");
    const slots = await keysOf(place, "a/");
    expect(slots.length).toBeGreaterThan(0);
    const published = store.engine.catalog
      .artifacts({})
      .filter(({ row }) => store.engine.catalog.versions(row).every((version) => version.published));
    expect(published.map(({ artifact }) => `a/${artifact}/`).sort()).toEqual(
      slots.map((key) => key.slice(0, failing.length)).sort(),
    );
  });
});

class Killed extends Error {}

describe("a push of artifacts that go together", () => {
  // The mark, two packs, the index, the names and five steps.
  const endings = Array.from({ length: 20 }, (_, at) => [at % 2 === 0 ? "before" : "after", at >> 1] as const);

  test.each(endings)("may end %s create %i, and the next one goes on", async (when, at) => {
    const folder = scratch();
    const place = memoryPlace();
    let store = await openStore(folder, { workers: 0, user: "tester" });
    for (const [seed, name] of NAMES.entries()) await uploadFiles(store, { a: randomBytesOf(seed, 2000) }, name);
    let creates = 0;
    const inner = place.open();
    const dying = withCalls(inner, {
      async create(key, bytes, options) {
        const isLast = creates++ === at;
        if (isLast && when === "before") throw new Killed();
        const answer = await inner.create(key, bytes, options);
        if (isLast) throw new Killed();
        return answer;
      },
    });
    await expect(store.push({ remote: dying })).rejects.toBeInstanceOf(Killed);
    await store.close();
    // Whatever is there is whole.
    const early = await openScratch();
    await early.pull({ remote: place.open() });
    expect((await early.verify()).ok).toBe(true);
    store = await openScratch(folder);
    await store.push({ remote: place.open() });
    await expectSame(store, place);
    expect((await keysOf(place, "a/")).length).toBe(NAMES.length);
    expect((await store.push({ remote: place.open() })).versions).toEqual([]);
  });
});

describe("a push of artifacts that cannot go on", () => {
  test.each(Array.from({ length: 30 }, (_, at) => at))("leaves nothing on its way: call %i", async (at) => {
    const [store, place] = [await openScratch(), memoryPlace()];
    for (const [seed, name] of NAMES.slice(2).entries())
      await uploadFiles(store, { a: randomBytesOf(seed, 3000) }, name);
    await store.push({ remote: place.open() });
    for (const [seed, name] of NAMES.entries()) await uploadFiles(store, { a: randomBytesOf(9 + seed, 3000) }, name);
    const inner = place.open();
    let [calls, underWay] = [0, 0];
    const around = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      const number = calls++;
      underWay++;
      try {
        await new Promise((resolve) => setTimeout(resolve, 1 + ((number * 7) % 5)));
        if (number === at) throw new ArtifoldError("UNREACHABLE", "it is away");
        return await call();
      } finally {
        underWay--;
      }
    };
    const remote = withCalls(inner, {
      read: (...call) => around(() => inner.read(...call)),
      create: (...call) => around(() => inner.create(...call)),
      async *list(...call) {
        yield* await around(() => all(inner.list(...call)));
      },
    });
    const error = await store.push({ remote }).catch((reason: unknown) => reason);
    const callsThen = calls;
    expect(underWay).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toBe(callsThen);
    // Of a checkpoint that cannot be made nobody hears; all else is told.
    if (isArtifoldError(error)) expect(error.code).toBe("UNREACHABLE");
    await store.push({ remote: place.open() });
    await expectSame(store, place);
  });
});

/** Changes a byte of a file in a folder, where some bytes are. */
function damage(folder: string, bytes: Uint8Array): void {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    const content = readFileSync(file);
    const at = content.indexOf(bytes);
    if (at < 0) continue;
    content[at] = (content[at] as number) ^ 1;
    chmodSync(file, 0o600);
    writeFileSync(file, content);
    return;
  }
  throw new Error("the bytes are in no file");
}
