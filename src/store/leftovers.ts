/** What killed processes leave in a store's folder: files in the making, or of a moment. */
import path from "node:path";
import { JOURNAL_FOLDER } from "../journal/index.ts";
import { FILES_FOLDER, MAKING_PREFIX, PACKS_FOLDER } from "../objects/index.ts";
import { type FileSystem, namesIn, TEMPORARY_PREFIX } from "../platform/index.ts";
import { FILLING_FOLDER, PROBE_PREFIX } from "../worktree/index.ts";
import { FOLDER_LOCK_PREFIX } from "./store-folder.ts";

/** How names begin of files that are being made, or exist for a moment. */
const prefixes: readonly string[] = [TEMPORARY_PREFIX, MAKING_PREFIX, PROBE_PREFIX, FOLDER_LOCK_PREFIX];

/** Paths of such files. Whether somebody still needs them only the locks say. */
export function leftoversIn(fs: FileSystem, store: string): string[] {
  const parts = [JOURNAL_FOLDER, PACKS_FOLDER, FILES_FOLDER].map((name) => path.join(store, name));
  // The folder of adopted files is made with the first of them.
  const folders = [store, ...parts.filter((part) => fs.lookAt(part) !== undefined)];
  const filling = path.join(store, FILLING_FOLDER);
  const unfinished =
    fs.lookAt(filling) === undefined ? [] : namesIn(fs, filling).map((name) => path.join(filling, name));
  return folders
    .flatMap((folder) => {
      const names = namesIn(fs, folder).filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
      return names.map((name) => path.join(folder, name));
    })
    .concat(unfinished);
}
