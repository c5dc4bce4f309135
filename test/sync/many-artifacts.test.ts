/** Many artifacts over one remote: their logs are read side by side. */
import { expect, test } from "vitest";
import type { Remote } from "../../src/remote/index.ts";
import { FaultyFileSystem, memoryPlace } from "../../src/testing/index.ts";
import { openScratch, textsOf, uploadFiles } from "../support/stores.ts";

const COUNT = 20;
const AT_ONCE = 8;

/** A remote that answers no list of an artifact's log before eight are asked for: whoever asks for one after another waits for ever. */
function answersMany(remote: Remote): Remote {
  let asked = 0;
  let answer = (): void => {};
  const areAsked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  return {
    url: remote.url,
    traits: remote.traits,
    read: (key, range, options) => remote.read(key, range, options),
    create: (key, bytes, options) => remote.create(key, bytes, options),
    delete: (key, options) => remote.delete(key, options),
    async *list(prefix, after, options) {
      if (prefix.startsWith("a/") && ++asked === AT_ONCE) answer();
      if (prefix.startsWith("a/")) await areAsked;
      yield* remote.list(prefix, after, options);
    },
    close: () => remote.close(),
  };
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

test("an artifact that cannot be taken leaves the others as they are", async () => {
  const place = memoryPlace();
  const [store, far] = [await openScratch(), await openScratch()];
  for (const name of ["first", "second", "third"]) await uploadFiles(store, { a: name }, name);
  await uploadFiles(far, { a: "other" }, "second");
  await store.push({ remote: place.open() });
  const leftOut: string[] = [];
  const pulled = await far.pull({ remote: place.open(), onLeftOut: ({ code }) => leftOut.push(code) });
  expect([leftOut, pulled.versions.length]).toEqual([["CONFLICT"], 2]);
  await expect(far.pull({ remote: place.open() })).rejects.toMatchObject({ code: "CONFLICT" });
});
