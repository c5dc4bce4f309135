/** Push and pull between stores over one remote. */
import { describe, expect, test } from "vitest";
import { remotes } from "../../src/catalog/index.ts";
import type { Digest } from "../../src/digest/index.ts";
import { ArtifoldError } from "../../src/errors.ts";
import type { MovedVersion, PullResult, PushResult, Store } from "../../src/index.ts";
import { FaultyFileSystem, type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { beforeChange, withCalls } from "../support/remotes.ts";
import { all, openScratch, readFiles, scratch, textsOf, uploadFiles } from "../support/stores.ts";

const place = (): MemoryPlace => memoryPlace();

/** Pushes everything to a place. */
function pushTo(store: Store, to: MemoryPlace): Promise<PushResult> {
  return store.push({ remote: to.open() });
}

function pullFrom(store: Store, from: MemoryPlace): Promise<PullResult> {
  return store.pull({ remote: from.open() });
}

/** No write below a folder has room. */
const noRoomIn =
  (folder: string): FaultyFileSystem["decide"] =>
  ({ name, path: file }) =>
    name.startsWith("write") && file.startsWith(folder) ? "ENOSPC" : undefined;

const numbersOf = async (store: Store): Promise<string[]> => {
  const numbers: string[] = [];
  for await (const { version } of store.versions("sample")) numbers.unshift(version);
  return numbers;
};

const some = { "a.txt": "a", "folder/b.bin": randomBytesOf(1, 300_000), zero: "" };

/** A store that pushed a version, and one that has its metadata only, over a file system that may fail. */
async function knownFromAfar(): Promise<{ one: Store; far: Store; fs: FaultyFileSystem }> {
  const [one, hub, fs] = [await openScratch(), place(), new FaultyFileSystem()];
  await uploadFiles(one, some);
  await pushTo(one, hub);
  const far = await openScratch(undefined, { fs, openRemote: async () => hub.open() });
  await far.remotes.add("origin", "/hub");
  await far.pull({ metadataOnly: true });
  return { one, far, fs };
}

describe("push and pull", () => {
  test("bring versions, tags and notes to another store, byte for byte", async () => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    const first = await uploadFiles(one, some);
    await first.tag("prod");
    await uploadFiles(one, { ...some, "a.txt": "changed" });
    await (await one.resolve("sample:V2")).annotate({ message: "later" });
    const pushed = await pushTo(one, hub);
    expect(pushed.versions.map(({ ref }) => ref)).toEqual([
      "local/uncategorized/sample:V1",
      "local/uncategorized/sample:V2",
    ]);
    const pulled = await pullFrom(two, hub);
    expect(pulled.versions.map(({ id }) => id)).toEqual(pushed.versions.map(({ id }) => id));
    expect(await textsOf(await two.resolve("sample:prod"))).toEqual(await textsOf(first));
    expect(await textsOf(await two.resolve("sample"))).toEqual(await textsOf(await one.resolve("sample")));
    expect((await two.resolve("sample")).message).toBe("later");
    expect((await two.verify()).ok).toBe(true);
  });

  test("are the same where threads read what is sent", async () => {
    const [one, two, hub] = [await openScratch(undefined, { workers: 2 }), await openScratch(), place()];
    const files = Object.fromEntries(
      Array.from({ length: 200 }, (_, at) => [
        `folder-${at % 7}/${at}`,
        at % 2 === 0 ? `text of ${at} `.repeat(at * 20) : randomBytesOf(at, at * 900),
      ]),
    );
    const version = await uploadFiles(one, files);
    await pushTo(one, hub);
    await pullFrom(two, hub);
    expect(await textsOf(await two.resolve("sample"))).toEqual(await textsOf(version));
  });

  test("move nothing the second time", async () => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    await uploadFiles(one, some);
    await pushTo(one, hub);
    await pullFrom(two, hub);
    const again = await pushTo(one, hub);
    expect(again).toMatchObject({ versions: [], sentBytes: 0 });
    expect(again.requests).toBeLessThanOrEqual(5);
    expect(await pullFrom(two, hub)).toMatchObject({ versions: [] });
  });

  test("look for the end of the index while the last packs are on their way", { timeout: 20_000 }, async () => {
    const [one, hub] = [await openScratch(), place()];
    await uploadFiles(one, some);
    const remote = hub.open();
    let isAsked = (): void => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const waiting = withCalls(
      beforeChange(remote, (key) => (key.startsWith("p/") ? asked : Promise.resolve())),
      {
        list: (prefix, after, options) => {
          if (prefix.startsWith("x/")) isAsked();
          return remote.list(prefix, after, options);
        },
      },
    );
    expect((await one.push({ remote: waiting })).versions).toHaveLength(1);
  });

  test("leave no pack on its way where the end of the index cannot be read", async () => {
    const [one, hub] = [await openScratch(), place()];
    await uploadFiles(one, { a: "1" });
    const remote = hub.open();
    let goOn = (): void => {};
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const packsWait = beforeChange(remote, (key) => (key.startsWith("p/") ? mayGoOn : Promise.resolve()));
    const broken = withCalls(packsWait, {
      list: (prefix, after, options) => {
        if (prefix.startsWith("x/")) throw new ArtifoldError("UNREACHABLE", "no answer");
        return remote.list(prefix, after, options);
      },
    });
    let hasEnded = false;
    const pushing = one.push({ remote: broken }).finally(() => {
      hasEnded = true;
    });
    pushing.catch(() => {});
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(hasEnded).toBe(false);
    goOn();
    await expect(pushing).rejects.toMatchObject({ code: "UNREACHABLE" });
  });

  test("go both ways", async () => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    await uploadFiles(one, some);
    await pushTo(one, hub);
    await pullFrom(two, hub);
    await uploadFiles(two, { ...some, more: "more" });
    await pushTo(two, hub);
    await pullFrom(one, hub);
    expect(await numbersOf(one)).toEqual(["V1", "V2"]);
    expect(await textsOf(await one.resolve("sample"))).toEqual(await textsOf(await two.resolve("sample")));
  });

  test("with metadata only, content is fetched when it is read, and kept", async () => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    await uploadFiles(one, some);
    await pushTo(one, hub);
    let opened = 0;
    const far = await openScratch(undefined, {
      openRemote: async () => {
        opened++;
        return hub.open();
      },
    });
    await far.engine.commit(() => ({
      changes: [{ change: "remote", name: "origin", url: "/hub", id: null, writers: null }],
    }));
    await far.pull({ metadataOnly: true });
    expect(opened).toBe(1);
    expect(await textsOf(await far.resolve("sample"))).toEqual(await textsOf(await one.resolve("sample")));
    expect(opened).toBe(2);
    await two.close();
  });

  test("what there was no room to keep is not taken for here by a later download of all", async () => {
    const { one, far, fs } = await knownFromAfar();
    const { folder } = far;
    fs.decide = noRoomIn(folder);
    const sample = await far.resolve("sample");
    expect(await sample.read("folder/b.bin")).toHaveLength(300_000);
    fs.decide = () => undefined;
    const out = scratch();
    await sample.download(out);
    expect(Object.keys(readFiles(out))).toEqual(Object.keys(some));
    expect((await far.resolve("sample")).isComplete).toBe(true);
    await far.close();
    await expectAllHere(folder, one);
  });

  test("what there was no room to keep for a moment is fetched again by the next pull", async () => {
    const [one, hub] = [await openScratch(), place()];
    await uploadFiles(one, some);
    await pushTo(one, hub);
    const fs = new FaultyFileSystem();
    const far = await openScratch(undefined, { fs });
    await far.pull({ remote: hub.open(), metadataOnly: true });
    const { folder } = far;
    let failures = 0;
    fs.decide = ({ name, path: file }) =>
      name.startsWith("write") && file.startsWith(folder) && failures++ === 0 ? "ENOSPC" : undefined;
    await expect(pullFrom(far, hub)).rejects.toMatchObject({ code: "NO_SPACE", happened: "no" });
    expect((await far.resolve("sample")).isComplete).toBe(false);
    await pullFrom(far, hub);
    expect(failures).toBeGreaterThan(1);
    expect((await far.resolve("sample")).isComplete).toBe(true);
    await far.close();
    await expectAllHere(folder, one);
  });

  test("a pull that finds no room says so, and no version is called whole", async () => {
    const [one, hub] = [await openScratch(), place()];
    await uploadFiles(one, some);
    await pushTo(one, hub);
    const fs = new FaultyFileSystem();
    const far = await openScratch(undefined, { fs });
    await far.pull({ remote: hub.open(), metadataOnly: true });
    const { folder } = far;
    fs.decide = noRoomIn(folder);
    await expect(pullFrom(far, hub)).rejects.toMatchObject({ code: "NO_SPACE", happened: "no" });
    fs.decide = () => undefined;
    expect((await far.resolve("sample")).isComplete).toBe(false);
    await pullFrom(far, hub);
    await far.close();
    await expectAllHere(folder, one);
  });

  test("a failure to keep much is told once, and not to whoever reads next", async () => {
    const [one, hub] = [await openScratch(), place()];
    const large = randomBytesOf(3, 36 * 1024 * 1024);
    await uploadFiles(one, { large });
    await pushTo(one, hub);
    const fs = new FaultyFileSystem();
    const far = await openScratch(undefined, { fs, openRemote: async () => hub.open() });
    await far.remotes.add("origin", "/hub");
    await far.pull({ metadataOnly: true });
    const { folder } = far;
    fs.decide = noRoomIn(folder);
    const sample = await far.resolve("sample");
    await expect(sample.download(scratch())).rejects.toMatchObject({ code: "NO_SPACE" });
    fs.decide = () => undefined;
    await sample.download(scratch());
    expect((await far.resolve("sample")).isComplete).toBe(true);
    await far.close();
    await expectAllHere(folder, one);
  });

  test("content of one remote goes to another: a rehearsal too, and a full disk is called one", async () => {
    const [{ one, far, fs }, mirror] = [await knownFromAfar(), place()];
    const rehearsal = await far.push({ remote: mirror.open(), dryRun: true });
    expect(rehearsal.versions).toHaveLength(1);
    const { folder } = far;
    fs.decide = noRoomIn(folder);
    await expect(pushTo(far, mirror)).rejects.toMatchObject({ code: "NO_SPACE" });
    fs.decide = () => undefined;
    await pushTo(far, mirror);
    const reader = await openScratch();
    await pullFrom(reader, mirror);
    expect(await textsOf(await reader.resolve("sample"))).toEqual(await textsOf(await one.resolve("sample")));
  });

  test("a look at the index that failed is not told to whoever reads next", async () => {
    const [one, hub] = [await openScratch(), place()];
    await uploadFiles(one, some);
    await pushTo(one, hub);
    let failures = 1;
    const open = () =>
      withCalls(hub.open(), {
        list: (prefix, after, options) => {
          if (prefix.startsWith("x/") && failures-- > 0) throw new ArtifoldError("UNREACHABLE", "no answer");
          return hub.open().list(prefix, after, options);
        },
      });
    const far = await openScratch(undefined, { openRemote: async () => open() });
    await far.remotes.add("origin", "/hub");
    await far.pull({ metadataOnly: true });
    const [{ id } = { id: null }] = remotes(far.engine.catalog);
    // What was once read of places would spare the look.
    far.engine.hints.forget(id as Digest);
    const sample = await far.resolve("sample");
    await expect(sample.read("a.txt")).rejects.toMatchObject({ code: "UNREACHABLE" });
    expect(failures).toBe(0);
    expect(Buffer.from(await sample.read("a.txt")).toString()).toBe("a");
  });

  test("versions before one that is damaged on the remote are had", async () => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    for (const text of ["1", "2", "3"]) {
      await uploadFiles(one, { a: randomBytesOf(Number(text), 50_000) });
      await pushTo(one, hub);
    }
    const packs = (await all(hub.open().list("p/"))).map(({ key }) => key);
    const third = (await one.resolve("sample:V3")).id.slice(0, 16);
    for (const key of packs.filter((each) => each.includes(third))) await hub.open().delete(key);
    await expect(pullFrom(two, hub)).rejects.toMatchObject({
      code: "DAMAGED",
      hint: expect.not.stringContaining("All else"),
    });
    const complete = await Promise.all(
      ["V1", "V2", "V3"].map(async (tag) => (await two.resolve(`sample:${tag}`)).isComplete),
    );
    expect(complete).toEqual([true, true, false]);
  });

  /** A store has all of the newest version, without any remote. */
  async function expectAllHere(folder: string, original: Store): Promise<void> {
    const again = await openScratch(folder);
    expect(await textsOf(await again.resolve("sample"))).toEqual(await textsOf(await original.resolve("sample")));
    expect((await again.verify()).problems).toEqual([]);
  }
});

describe("two machines that both made a version while they were apart", () => {
  async function apart(): Promise<[Store, Store, MemoryPlace]> {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    for (const text of ["1", "2", "3"]) await uploadFiles(one, { a: text });
    await pushTo(one, hub);
    await pullFrom(two, hub);
    return [one, two, hub];
  }

  test("keep the numbers of the first, and get one version that holds both sides", async () => {
    const [one, two, hub] = await apart();
    await uploadFiles(one, { a: "3", one: "1" });
    const theirs = await uploadFiles(two, { a: "3", two: "2" });
    await pushTo(one, hub);
    const pushed = await pushTo(two, hub);
    expect(
      pushed.versions.map(({ ref, renumberedFrom, diverged }) => [ref.split(":")[1], renumberedFrom, diverged]),
    ).toEqual([
      ["V5", "V4", false],
      ["V6", null, false],
    ]);
    expect(pushed.versions[0]?.id).toBe(theirs.id);
    await pullFrom(one, hub);
    for (const store of [one, two]) {
      expect(await numbersOf(store)).toEqual(["V1", "V2", "V3", "V4", "V5", "V6"]);
      expect(await textsOf(await store.resolve("sample"))).toEqual({ a: "3", one: "1", two: "2" });
      expect((await store.verify()).ok).toBe(true);
    }
    expect((await two.resolve("sample")).parents).toHaveLength(2);
  });

  test("where what both sides come to was here before, and removed: the merge is sent all the same", async () => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    const [a, b] = [randomBytesOf(1, 30_000), randomBytesOf(2, 30_000)];
    await uploadFiles(one, { a: "a", b: "b" });
    await pushTo(one, hub);
    await pullFrom(two, hub);
    await uploadFiles(two, { a, b: "b" });
    await pushTo(two, hub);
    await uploadFiles(one, { a: "a", b });
    const removed = await uploadFiles(one, { a, b });
    await removed.remove();
    const { versions } = await pushTo(one, hub);
    expect(versions.at(-1)?.digest).toBe(removed.digest);
    const fresh = await openScratch();
    await pullFrom(fresh, hub);
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
    expect(await textsOf(await fresh.resolve("sample"))).toEqual({ a: text(a), b: text(b) });
    expect((await fresh.verify()).ok).toBe(true);
  });

  test("that changed the same path are told, and nothing is lost", async () => {
    const [one, two, hub] = await apart();
    await uploadFiles(one, { a: "one" });
    await uploadFiles(two, { a: "two" });
    await pushTo(one, hub);
    const pushed = await pushTo(two, hub);
    expect(pushed.versions).toMatchObject([{ renumberedFrom: "V4", diverged: true }]);
    for (const store of [one, two]) await pullFrom(store, hub);
    for (const store of [one, two]) {
      expect(await textsOf(await store.resolve("sample:V4"))).toEqual({ a: "one" });
      expect(await textsOf(await store.resolve("sample:V5"))).toEqual({ a: "two" });
    }
  });

  test("with the same content have one number, and both records", async () => {
    const [one, two, hub] = await apart();
    const [ours, theirs] = [await uploadFiles(one, { a: "same" }), await uploadFiles(two, { a: "same" })];
    await theirs.tag("from-two");
    await pushTo(one, hub);
    await pushTo(two, hub);
    await pullFrom(one, hub);
    for (const store of [one, two]) {
      expect(await numbersOf(store)).toEqual(["V1", "V2", "V3", "V4"]);
      expect((await store.resolve("sample:V4")).id).toBe(ours.id);
      expect((await store.resolve(`sample@${theirs.id}`)).version).toBe("V4");
      expect((await store.resolve("sample:from-two")).version).toBe("V4");
    }
  });

  test("with the content of what somebody else published last have its number", async () => {
    const [one, two, hub] = await apart();
    await uploadFiles(one, { a: "other" });
    const ours = await uploadFiles(one, { a: "same" });
    const theirs = await uploadFiles(two, { a: "same" });
    await theirs.tag("from-two");
    await theirs.annotate({ message: "the same" });
    await uploadFiles(two, { a: "more" });
    await pushTo(one, hub);
    const pushed = await pushTo(two, hub);
    expect(pushed.versions.map(({ ref, renumberedFrom }) => [ref.split(":")[1], renumberedFrom])).toEqual([
      ["V6", "V5"],
    ]);
    await pullFrom(one, hub);
    for (const store of [one, two]) {
      expect(await numbersOf(store)).toEqual(["V1", "V2", "V3", "V4", "V5", "V6"]);
      expect((await store.resolve("sample:V5")).id).toBe(ours.id);
      expect((await store.resolve(`sample@${theirs.id}`)).version).toBe("V5");
      expect((await store.resolve("sample:from-two")).version).toBe("V5");
      expect(await textsOf(await store.resolve("sample"))).toEqual({ a: "more" });
    }
    expect((await pushTo(two, hub)).sentBytes).toBe(0);
  });

  test("and what is done through a tag on it is done to the number that it has", async () => {
    const [one, two, hub] = await apart();
    await uploadFiles(one, { a: "same" });
    const theirs = await uploadFiles(two, { a: "same" });
    await theirs.tag("prod");
    await pushTo(one, hub);
    await pushTo(two, hub);
    const prod = await two.resolve("sample:prod");
    expect([prod.id, prod.version]).toEqual([theirs.id, "V4"]);
    await prod.annotate({ message: "better", metadata: { rows: 1 } });
    expect(await two.resolve("sample:prod")).toMatchObject({ message: "better", metadata: { rows: 1 } });
    expect((await pushTo(two, hub)).others).toEqual(["note"]);
    await pullFrom(one, hub);
    expect(await one.resolve("sample:prod")).toMatchObject({ message: "better", metadata: { rows: 1 } });

    expect(await prod.remove()).not.toBeNull();
    expect(await numbersOf(two)).toEqual(["V1", "V2", "V3"]);
    await expect(two.resolve("sample:V4")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await prod.restore()).not.toBeNull();
    await (await two.resolve("sample:V4")).untag("prod");
    await expect(two.resolve("sample:prod")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await pushTo(two, hub);
    await pullFrom(one, hub);
    await expect(one.resolve("sample:prod")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await two.verify()).problems).toEqual([]);
  });

  test("find their own numbers when they pull before they push", async () => {
    const [one, two, hub] = await apart();
    await uploadFiles(one, { a: "3", one: "1" });
    await uploadFiles(two, { a: "3", two: "2" });
    await pushTo(one, hub);
    const pulled = await pullFrom(two, hub);
    expect(pulled.versions.map(({ ref, renumberedFrom }) => [ref.split(":")[1], renumberedFrom])).toEqual([
      ["V4", null],
      ["V5", "V4"],
    ]);
    await pushTo(two, hub);
    expect(await textsOf(await two.resolve("sample"))).toEqual({ a: "3", one: "1", two: "2" });
  });

  test("and never shared a version are two artifacts", async () => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    await uploadFiles(one, { a: "1" });
    await uploadFiles(two, { a: "1" });
    await pushTo(one, hub);
    await expect(pushTo(two, hub)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(pullFrom(two, hub)).rejects.toMatchObject({ code: "CONFLICT" });
  });
});

test("removals, restores and tags that go follow", async () => {
  const [one, two, hub] = [await openScratch(), await openScratch(), place()];
  await uploadFiles(one, { a: "1" });
  await (await uploadFiles(one, { a: "2" })).tag("prod");
  await pushTo(one, hub);
  await pullFrom(two, hub);
  await (await two.resolve("sample:prod")).untag("prod");
  await (await two.resolve("sample:V1")).remove();
  await pushTo(two, hub);
  await pullFrom(one, hub);
  expect(await numbersOf(one)).toEqual(["V2"]);
  expect((await one.resolve("sample:V2")).tags).toEqual([]);
  await (await one.resolve("sample:V1", { removed: true })).restore();
  await pushTo(one, hub);
  await pullFrom(two, hub);
  expect(await numbersOf(two)).toEqual(["V1", "V2"]);
});

test("a version that was removed before it was pushed keeps its number, without content", async () => {
  const [one, two, hub] = [await openScratch(), await openScratch(), place()];
  await uploadFiles(one, { a: "1" });
  await (await uploadFiles(one, { a: "secret" })).remove();
  await uploadFiles(one, { a: "3" });
  await pushTo(one, hub);
  await pullFrom(two, hub);
  expect(await numbersOf(two)).toEqual(["V1", "V3"]);
  expect((await two.verify()).ok).toBe(true);
});

test("runs follow: how they ended, what they made, used and made too", async () => {
  const [one, two, hub] = [await openScratch(), await openScratch(), place()];
  const maker = await one.startRun({ config: { rate: 0.1 } });
  await using draft = await maker.artifact({ name: "sample", type: "dataset" });
  await draft.add(Buffer.from("1"), { as: "a" });
  await draft.upload();
  const user = await one.startRun({ name: "user" });
  await (await user.getArtifact({ name: "sample", type: "dataset" })).read("a");
  await pushTo(one, hub);
  await maker.configure({ rate: 0.2 });
  await maker.finish();
  await pushTo(one, hub);
  await pullFrom(two, hub);
  const version = await two.resolve("sample");
  expect(await all(version.madeBy())).toMatchObject([{ id: maker.id, state: "finished", config: { rate: 0.2 } }]);
  expect(await all(version.usedBy())).toMatchObject([{ id: user.id, name: "user" }]);
  expect((await two.verify()).ok).toBe(true);
  expect((await pushTo(one, hub)).sentBytes).toBe(0);
  expect((await pushTo(two, hub)).sentBytes).toBe(0);
});

describe("runs that neither used nor made a version", () => {
  test("follow, with what becomes of them, and cost nothing the second time", async () => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    const lone = await one.startRun({ config: { rate: 0.1 } });
    await pushTo(one, hub);
    const again = await pushTo(one, hub);
    expect(again.sentBytes).toBe(0);
    expect(again.requests).toBeLessThanOrEqual(5);
    await pullFrom(two, hub);
    expect(await all(two.runs())).toMatchObject([{ id: lone.id, state: "running", config: { rate: 0.1 } }]);
    await lone.configure({ rate: 0.2 });
    await lone.finish();
    await pushTo(one, hub);
    await pullFrom(two, hub);
    expect(await all(two.runs())).toMatchObject([{ id: lone.id, state: "finished", config: { rate: 0.2 } }]);
    expect((await pushTo(two, hub)).sentBytes).toBe(0);
  });

  test("and do so later are known by the artifact from then on", async () => {
    const [one, two, three, hub] = [await openScratch(), await openScratch(), await openScratch(), place()];
    const run = await one.startRun();
    await pushTo(one, hub);
    await pullFrom(two, hub);
    await using draft = await run.artifact({ name: "sample", type: "dataset" });
    await draft.add(Buffer.from("1"), { as: "a" });
    await draft.upload();
    await run.finish();
    await pushTo(one, hub);
    for (const store of [two, three]) {
      await pullFrom(store, hub);
      expect(await all((await store.resolve("sample")).madeBy())).toMatchObject([{ id: run.id, state: "finished" }]);
      expect((await store.verify()).ok).toBe(true);
    }
  });

  test("are those of the experiment that is meant; a gc fences their log as well", async () => {
    const [one, two, three, hub] = [await openScratch(), await openScratch(), await openScratch(), place()];
    for (const experiment of ["first", "second"]) await one.startRun({ experiment });
    await one.push({ remote: hub.open(), experiment: "second" });
    await pullFrom(two, hub);
    expect(await all(two.runs())).toMatchObject([{ experiment: "second" }]);
    await uploadFiles(one, some);
    await pushTo(one, hub);
    await (await one.resolve("sample")).remove();
    await pushTo(one, hub);
    expect((await one.remotes.collect({ remote: hub.open() })).removedPacks).toBeGreaterThan(0);
    const slots = (await all(hub.open().list("e/"))).map(({ key }) => key.split("/")[1]);
    expect(slots).toHaveLength(4);
    await one.startRun({ experiment: "second" });
    await pushTo(one, hub);
    await three.pull({ remote: hub.open(), experiment: "second" });
    expect(await all(three.runs())).toHaveLength(2);
  });
});

test("a mirror repeats the numbers of home, and gives none", async () => {
  const [one, two, home, mirror] = [await openScratch(), await openScratch(), place(), place()];
  await uploadFiles(one, { a: "1" });
  await pushTo(one, home);
  await uploadFiles(one, { a: "2" });
  expect((await pushTo(one, mirror)).versions.map(({ ref }) => ref)).toEqual(["local/uncategorized/sample:V1"]);
  await pushTo(one, home);
  await pushTo(one, mirror);
  await pullFrom(two, mirror);
  expect(await numbersOf(two)).toEqual(["V1", "V2"]);
});

describe("a dry run", () => {
  /** All files of a store but those that are there to be locked. */
  const filesOf = (store: Store): Record<string, string> => {
    const files = Object.entries(readFiles(store.folder));
    return Object.fromEntries(files.filter(([name]) => !name.startsWith("lock")));
  };

  async function expectNothingChanged(store: Store, hub: MemoryPlace): Promise<PushResult> {
    // What is read with the first look at a remote is not meant.
    store.engine.hints.settle();
    const [before, there] = [filesOf(store), await all(hub.open().list(""))];
    const told = await store.push({ remote: hub.open(), dryRun: true });
    expect(Object.keys(before)).toContain("catalog.db");
    expect(filesOf(store)).toEqual(before);
    expect(await all(hub.open().list(""))).toEqual(there);
    return told;
  }

  test("says what would move, and moves nothing", async () => {
    const [one, hub] = [await openScratch(), place()];
    await uploadFiles(one, some);
    const told = await expectNothingChanged(one, hub);
    expect(told.versions).toHaveLength(1);
    expect(told.sentBytes).toBeGreaterThan(300_000);
    const pushed = await pushTo(one, hub);
    expect(pushed.versions).toEqual(told.versions);
    expect((await expectNothingChanged(one, hub)).versions).toEqual([]);
  });

  test.each([
    ["merged", { two: "2" }],
    ["told to have diverged", { one: "2" }],
    ["told to be the same", { one: "1" }],
  ])("tells the numbers of versions that are to be %s, which they do not get by it", async (_, files) => {
    const [one, two, hub] = [await openScratch(), await openScratch(), place()];
    await uploadFiles(one, { a: "a" });
    await pushTo(one, hub);
    await pullFrom(two, hub);
    await uploadFiles(one, { a: "a", one: "1" });
    await uploadFiles(two, { a: "a", ...files });
    await pushTo(one, hub);
    const told = await expectNothingChanged(two, hub);
    expect(await numbersOf(two)).toEqual(["V1", "V2"]);
    const shape = ({ ref, renumberedFrom, diverged }: MovedVersion): unknown => [ref, renumberedFrom, diverged];
    expect(told.versions.map(shape)).toEqual((await pushTo(two, hub)).versions.map(shape));
  });

  test("tells of several artifacts", async () => {
    const [one, hub] = [await openScratch(), place()];
    for (const name of ["first", "second"])
      await uploadFiles(one, { big: randomBytesOf(name.length, 2_000_000) }, name);
    expect((await expectNothingChanged(one, hub)).versions).toHaveLength(2);
  });
});
