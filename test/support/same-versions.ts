/** Whether what was pushed can be had: all of it, byte for byte. */
import { expect } from "vitest";
import type { Store } from "../../src/index.ts";
import type { MemoryPlace } from "../../src/testing/index.ts";
import { all, openScratch, textsOf } from "./stores.ts";

/**
 * Has a place pulled into a new store, and compares versions, numbers and bytes with those of another one.
 *
 * @param names artifacts that are meant; default: all of that store
 */
export async function expectSame(store: Store, place: MemoryPlace, names?: readonly string[]): Promise<void> {
  const fresh = await openScratch();
  await fresh.pull({ remote: place.open() });
  for (const name of names ?? (await all(store.artifacts())).map((artifact) => artifact.name)) {
    const versions = await all(store.versions(name));
    expect((await all(fresh.versions(name))).map(({ id, version }) => [id, version])).toEqual(
      versions.map(({ id, version }) => [id, version]),
    );
    for (const { id } of versions) {
      const there = await fresh.resolve(`${name}@${id}`);
      expect(await textsOf(there)).toEqual(await textsOf(await store.resolve(`${name}@${id}`)));
    }
  }
  expect((await fresh.verify()).ok).toBe(true);
}
