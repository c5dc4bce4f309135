/**
 * The run that commands in a folder, or a process, belong to until it is finished.
 *
 * For a folder it is kept in `.artifold/run.json` of that folder, beside its other settings: it moves and goes with the
 * folder, it is no cache, and machines or containers that share a store do not take each other's. It is a matter of one
 * place, and so nothing for the journal, which travels. For a process it is in ARTIFOLD_RUN.
 */
import path from "node:path";
import { isDigest } from "../digest/index.ts";
import { ArtifoldError, errnoOf, isArtifoldError } from "../errors.ts";
import { lookIfAllowed, makeFolders, nodeFileSystem, publishFile, readWholeFile } from "../platform/index.ts";
import { STORE_FOLDER_NAME } from "../worktree/index.ts";
import type { ResolveInput } from "./resolve-input.ts";
import { fullRunRef, parseRunRef, type RunRef } from "./run-ref.ts";
import { storeIdIn } from "./store-folder.ts";

/** The file of a folder that names its current run. */
const CURRENT_RUN_FILE = "run.json";

/** The environment variable that names the run of a process, by an address. */
export const RUN_VARIABLE = "ARTIFOLD_RUN";

/** A current run, as far as environment and files tell. */
export interface CurrentRun {
  readonly ref: RunRef;
  readonly origin: "environment" | "folder";
  /** The variable or file that names it. */
  readonly from: string;
  /** Whether it is a run of another store than the one that is meant. */
  readonly isElsewhere: boolean;
}

/** The current run: environment, else the nearest folder upward that has one. */
export function resolveCurrentRun(input: ResolveInput, store: string): CurrentRun | undefined {
  const variable = input.environment[RUN_VARIABLE];
  if (variable !== undefined && variable !== "") {
    return { ref: parseVariable(variable), origin: "environment", from: RUN_VARIABLE, isElsewhere: false };
  }
  for (let folder = path.resolve(input.cwd); ; folder = path.dirname(folder)) {
    const file = currentRunFile(folder);
    const written = readCurrentRun(file);
    if (written !== undefined) {
      const isElsewhere = written.store !== storeIdIn(nodeFileSystem, store);
      return { ref: written.ref, origin: "folder", from: file, isElsewhere };
    }
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** The file that names, or would name, the current run of a folder. */
export function currentRunFile(folder: string): string {
  return path.join(path.resolve(folder), STORE_FOLDER_NAME, CURRENT_RUN_FILE);
}

/** Makes a run the current one of a folder. @throws ArtifoldError WRITE_FAILED */
export async function setCurrentRun(
  folder: string,
  storeId: string,
  run: { team: string; experiment: string; name: string; id: string },
): Promise<void> {
  const file = currentRunFile(folder);
  const text = `${JSON.stringify({ store: storeId, run: fullRunRef(run) })}\n`;
  try {
    // Open to look at, so that others who work in the folder are not stopped by what they may not see.
    await makeFolders(nodeFileSystem, path.dirname(file), 0o755);
    await publishFile(nodeFileSystem, file, Buffer.from(text), 0o644);
  } catch (error) {
    throw new ArtifoldError("WRITE_FAILED", `cannot write ${file}: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
      info: { path: file, errno: errnoOf(error) },
    });
  }
}

/** Takes a file away that names a current run, and its folder if that is empty then. @throws ArtifoldError WRITE_FAILED */
export function clearCurrentRun(file: string): void {
  try {
    nodeFileSystem.remove(file);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw new ArtifoldError("WRITE_FAILED", `cannot remove ${file}: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
      info: { path: file, errno: errnoOf(error) },
    });
  }
  try {
    nodeFileSystem.removeFolder(path.dirname(file));
  } catch {
    // There is more in it: settings, or a store.
  }
}

/**
 * Reads the file of a folder's current run; `undefined` where there is none of this user's. Folders above may be open to
 * all, and nobody is to say there what others belong to.
 *
 * @throws ArtifoldError USAGE, READ_FAILED
 */
function readCurrentRun(file: string): { store: string; ref: RunRef } | undefined {
  const owner = lookIfAllowed(nodeFileSystem, file)?.uid;
  const user = process.getuid?.() ?? 0;
  // Root may well have a folder of somebody else's: that of a container, for one.
  if (owner === undefined || (user !== 0 && owner !== user)) return undefined;
  let bytes: Uint8Array | undefined;
  try {
    bytes = readWholeFile(nodeFileSystem, file);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOTDIR") return undefined;
    throw new ArtifoldError("READ_FAILED", `${file} cannot be read: ${errno ?? String(error)}`, {
      cause: error,
      info: { path: file, errno },
      hint: "Give yourself the right to read it, or move it away.",
    });
  }
  if (bytes === undefined) return undefined;
  try {
    const { store, run } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { store: unknown; run: unknown };
    if (typeof store !== "string" || !isDigest(store) || typeof run !== "string") throw new TypeError("not a run");
    return { store, ref: parseRunRef(run) };
  } catch (error) {
    throw new ArtifoldError("USAGE", `${file} does not name a run`, { cause: error, hint: "Remove it." });
  }
}

function parseVariable(text: string): RunRef {
  try {
    return parseRunRef(text);
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    throw new ArtifoldError("USAGE", `${RUN_VARIABLE} is ${error.message}`, {
      cause: error,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}
