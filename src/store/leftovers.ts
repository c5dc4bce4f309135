/** What killed processes leave in a store's folder: files in the making, or of a moment. */
import path from "node:path";
import type { Release } from "../catalog/index.ts";
import { isArtifoldError } from "../errors.ts";
import { JOURNAL_FOLDER } from "../journal/index.ts";
import { FILES_FOLDER, MAKING_PREFIX, PACKS_FOLDER } from "../objects/index.ts";
import { type FileSystem, namesIn, removeQuietly, TEMPORARY_PREFIX } from "../platform/index.ts";
import { FILLING_FOLDER, PROBE_PREFIX } from "../worktree/index.ts";
import type { Engine } from "./engine.ts";
import { FOLDER_LOCK_PREFIX } from "./store-folder.ts";

/** How names begin of files that are being made, or exist for a moment. */
const beginnings: readonly string[] = [TEMPORARY_PREFIX, MAKING_PREFIX, PROBE_PREFIX, FOLDER_LOCK_PREFIX];

/** Removes what killed processes left. Only when nobody uses the store, and without waiting for that. */
export function sweepLeftovers({ fs, folder: store, locks, isReadOnly }: Engine): void {
  if (isReadOnly) return;
  const left = leftoversIn(fs, store);
  if (left.length === 0) return;
  // Packs and runs are made, files adopted, and folders locked, under a shared lock, all else under the writer's: with this
  // one nobody makes anything.
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

function leftoversIn(fs: FileSystem, store: string): string[] {
  const parts = [JOURNAL_FOLDER, PACKS_FOLDER, FILES_FOLDER].map((name) => path.join(store, name));
  // The folder of adopted files is made with the first of them.
  const folders = [store, ...parts.filter((part) => fs.lookAt(part) !== undefined)];
  const filling = path.join(store, FILLING_FOLDER);
  const unfinished =
    fs.lookAt(filling) === undefined ? [] : namesIn(fs, filling).map((name) => path.join(filling, name));
  return folders
    .flatMap((folder) => {
      const names = namesIn(fs, folder).filter((name) => beginnings.some((beginning) => name.startsWith(beginning)));
      return names.map((name) => path.join(folder, name));
    })
    .concat(unfinished);
}
