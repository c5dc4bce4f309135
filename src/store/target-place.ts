/** The folder of the user's that a download writes to: found or made, and held against other downloads. */
import path from "node:path";
import { lockAlone, type Release } from "../catalog/index.ts";
import { hashContent } from "../digest/index.ts";
import { ArtifoldError, errnoOf, isArtifoldError } from "../errors.ts";
import { type FileStat, kindOf } from "../platform/index.ts";
import { isStoreName, readError } from "../worktree/index.ts";
import type { Engine } from "./engine.ts";
import { FOLDER_LOCK_PREFIX } from "./store-folder.ts";

/**
 * Finds the folder, or makes it.
 *
 * @returns its path without links; nothing for a folder that a dry run would have to make
 */
export function findTarget(engine: Engine, folder: string, dryRun: boolean): string | undefined {
  refuseStore(engine, folder);
  const stat = lookThrough(engine, folder);
  if (stat === undefined && dryRun) return undefined;
  if (stat === undefined) makeUserFolder(engine, folder);
  else if (kindOf(stat) !== "folder") {
    throw new ArtifoldError("CONFLICT", `${folder} is not a folder`, { info: { path: folder } });
  }
  return realPlace(engine, folder);
}

/**
 * Keeps other downloads out of the folder: of two versions it would get a part of each.
 *
 * Only while the store's shared lock is held, so that whoever has the store alone can sweep the files away. Where none can
 * be made, on a full disk or one that is only read, the download goes without.
 *
 * @throws ArtifoldError BUSY when another download takes longer than one is willing to wait
 */
export async function lockFolder(engine: Engine, place: string, signal: AbortSignal | undefined): Promise<Release> {
  const name = `${FOLDER_LOCK_PREFIX}${hashContent(Buffer.from(place)).slice(0, 16)}.db`;
  const reason = `another download is writing to ${place}`;
  try {
    return await lockAlone(path.join(engine.folder, name), reason, engine.lockWaitMs, signal);
  } catch (error) {
    if (isArtifoldError(error, "STORE_WRITE_FAILED") || isArtifoldError(error, "NO_SPACE")) return () => {};
    throw error;
  }
}

/** Looks at a path as the user means it: a link to a folder is that folder. */
function lookThrough(engine: Engine, folder: string): FileStat | undefined {
  try {
    return engine.fs.lookAt(engine.fs.realPath(folder));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw readError(folder, error);
  }
}

/** Nothing of a version goes into a store, this one or another. */
function refuseStore(engine: Engine, folder: string): void {
  const missing: string[] = [];
  let there = path.resolve(folder);
  for (; lookThrough(engine, there) === undefined; there = path.dirname(there)) missing.unshift(path.basename(there));
  const place = path.join(realPlace(engine, there), ...missing);
  const isHere = place === engine.folder || place.startsWith(engine.folder + path.sep);
  if (!isHere && !place.split(path.sep).some(isStoreName)) return;
  throw new ArtifoldError("USAGE", `${folder} is inside a store`, { hint: "Name a folder of your own with --to." });
}

/** The folder without links: one to nothing is no place to write to. */
function realPlace(engine: Engine, folder: string): string {
  try {
    return engine.fs.realPath(folder);
  } catch (error) {
    throw readError(folder, error);
  }
}

function makeUserFolder(engine: Engine, folder: string): void {
  const parent = path.dirname(folder);
  if (parent !== folder && lookThrough(engine, parent) === undefined) makeUserFolder(engine, parent);
  try {
    engine.fs.makeFolder(folder, 0o777);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return;
    throw new ArtifoldError("WRITE_FAILED", `cannot make ${folder}: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
      info: { path: folder },
    });
  }
}
