/** Keeps finding objects quick: merges what says where they lie, when that has become many files. */
import type { Locks } from "../catalog/index.ts";
import { errnoOf, isArtifoldError } from "../errors.ts";
import type { ObjectStore } from "../objects/index.ts";
import { Breather } from "../platform/index.ts";

/** It makes a cache: where that cannot be written, or what it is made from cannot be read now, finding takes longer. */
export async function mergePlaces(locks: Locks, objects: ObjectStore): Promise<void> {
  const breather = new Breather();
  try {
    // Held, so that nobody sweeps away what is being made. Whoever keeps others out is not waited for.
    const release = await locks.shared(0);
    try {
      await objects.merge(async () => {
        if (breather.due()) await breather.pause();
      });
    } finally {
      release();
    }
  } catch (error) {
    if (errnoOf(error) === undefined && !isArtifoldError(error)) throw error;
  }
}
