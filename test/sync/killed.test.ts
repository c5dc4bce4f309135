/** Pushes that end at each of their creates, before it or after it happened: the remote is whole, and the next push goes on. */
import { describe, expect, test } from "vitest";
import { openStore, type Store } from "../../src/index.ts";
import type { Remote } from "../../src/remote/index.ts";
import { type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { all, openScratch, scratch, textsOf, uploadFiles } from "../support/stores.ts";

const files = Object.fromEntries(
  Array.from({ length: 6 }, (_, at) => [`file-${at}`, randomBytesOf(at + 1, 6 * 1024 * 1024)]),
);

/** What a push sends, and where it ends. */
interface Ending {
  readonly at: number;
  readonly when: "before" | "after";
}

class Killed extends Error {}

/** A remote that counts the bytes of packs that were sent, and at one create says no more. */
function ending(place: MemoryPlace, { at, when }: Ending, sent: { bytes: number; creates: number }): Remote {
  const remote = place.open();
  return {
    url: remote.url,
    traits: remote.traits,
    read: (key, range, options) => remote.read(key, range, options),
    async create(key, bytes, options) {
      const isLast = sent.creates++ === at;
      if (isLast && when === "before") throw new Killed();
      if (key.startsWith("p/")) sent.bytes += bytes.length;
      const answer = await remote.create(key, bytes, options);
      if (isLast) throw new Killed();
      return answer;
    },
    list: (prefix, after, options) => remote.list(prefix, after, options),
    delete: (key, options) => remote.delete(key, options),
    close: () => remote.close(),
  };
}

const never: Ending = { at: -1, when: "before" };

describe("a push that ends anywhere", () => {
  const endings = Array.from(
    { length: 18 },
    (_, at): Ending => ({ at: at >> 1, when: at % 2 === 0 ? "before" : "after" }),
  );

  test.each(endings)("($when create $at) is gone on with, and little is sent twice", async (how) => {
    const folder = scratch();
    const place = memoryPlace();
    let store: Store = await openStore(folder, { workers: 0 });
    const version = await uploadFiles(store, files);
    const sent = { bytes: 0, creates: 0 };
    const first = store.push({ remote: ending(place, how, sent) });
    const isKilled = await first.then(
      () => false,
      (error: unknown) => error instanceof Killed,
    );
    await store.close();
    // Whatever is there is whole.
    const early = await openScratch();
    await early.pull({ remote: place.open() });
    expect((await early.verify({ quick: true })).ok).toBe(true);
    // Another process goes on.
    store = await openStore(folder, { workers: 0 });
    const { versions } = await store.push({ remote: ending(place, never, sent) });
    if (!isKilled) expect(versions).toEqual([]);
    const fresh = await openScratch();
    await fresh.pull({ remote: place.open() });
    expect((await all(fresh.versions("sample"))).map(({ id }) => id)).toEqual([version.id]);
    expect(await textsOf(await fresh.resolve("sample"))).toEqual(await textsOf(await store.resolve("sample")));
    const clean = { bytes: 0, creates: 0 };
    await store.push({ remote: ending(memoryPlace(), never, clean) });
    // No pack that arrived is sent again; only packs that were under way are, and nodes, which are few.
    expect(sent.bytes).toBeLessThan(clean.bytes + 1024 * 1024);
    await store.close();
  });

  test("is gone on with as well where the store had the content before the version", async () => {
    const place = memoryPlace();
    const store = await openScratch();
    await uploadFiles(store, files, "first");
    await uploadFiles(store, files, "second");
    const sent = { bytes: 0, creates: 0 };
    const refs = ["second"];
    // The mark, then packs: the last that is there is the second.
    const cut = store.push({ refs, remote: ending(place, { at: 2, when: "after" }, sent) });
    await expect(cut).rejects.toBeInstanceOf(Killed);
    await store.push({ refs, remote: ending(place, never, sent) });
    const clean = { bytes: 0, creates: 0 };
    await store.push({ refs, remote: ending(memoryPlace(), never, clean) });
    expect(sent.bytes).toBeLessThan(clean.bytes + 1024 * 1024);
  });
});
