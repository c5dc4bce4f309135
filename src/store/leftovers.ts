/** What killed processes left in a store's folder. */
import path from "node:path";
import type { Release } from "../catalog/index.ts";
import { isArtifoldError } from "../errors.ts";
import { JOURNAL_FOLDER } from "../journal/index.ts";
import { MAKING_PREFIX, PACKS_FOLDER } from "../objects/index.ts";
import { namesIn, removeQuietly, TEMPORARY_PREFIX } from "../platform/index.ts";
import { PROBE_PREFIX } from "../worktree/index.ts";
import type { Engine } from "./engine.ts";
import { FOLDER_LOCK_PREFIX } from "./store-folder.ts";

/** How names begin of files that are being made, or exist for a moment. */
const beginnings: readonly string[] = [TEMPORARY_PREFIX, MAKING_PREFIX, PROBE_PREFIX, FOLDER_LOCK_PREFIX];

/** Removes what killed processes left. Only when nobody uses the store, and without waiting for that. */
export function sweepLeftovers({ fs, folder: store, locks, isReadOnly }: Engine): void {
  if (isReadOnly) return;
  const folders = [store, path.join(store, JOURNAL_FOLDER), path.join(store, PACKS_FOLDER)];
  const left = folders.flatMap((folder) => {
    const names = namesIn(fs, folder).filter((name) => beginnings.some((beginning) => name.startsWith(beginning)));
    return names.map((name) => path.join(folder, name));
  });
  if (left.length === 0) return;
  // Packs and runs are made, and folders locked, under a shared lock, all else under the writer's: with this one nobody
  // makes anything.
  let release: Release | undefined;
  try {
    release = locks.tryExclusive();
  } catch (error) {
    // On a full disk there is no room for the lock either. What comes next says so, if it needs any.
    if (!isArtifoldError(error)) throw error;
  }
  if (release === undefined) return;
  for (const file of left) removeQuietly(fs, file);
  release();
}
