/** Where a folder differs from a version. */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { entrySize, type NodeReader, parentOf, sameEntry } from "../manifest/index.ts";
import type { LongCallOptions } from "../progress.ts";
import {
  type Compared,
  type ComparisonOptions,
  compareFolder,
  FolderMemory,
  FolderWalk,
  IgnoredPaths,
  Ingest,
  type LeftOut,
  LookAhead,
  type PathFilter,
  readError,
  Sweep,
} from "../worktree/index.ts";
import { foldersApart } from "./adding.ts";
import { manifestReader } from "./content.ts";
import type { Engine } from "./engine.ts";

/** One difference of a folder from a version. */
export interface FolderChange {
  readonly path: string;
  readonly kind: "added" | "modified" | "removed";
  /** Size of what the folder has, or had. */
  readonly size: number;
}

/**
 * Compares a folder with a version; gives what differs, in path order.
 *
 * What the version has is compared whatever the rules of .artifoldignore say. What it has not is no difference where an
 * upload would not add it: what the rules leave out, and folders that a download wrote.
 */
export async function* compareWithFolder(
  engine: Engine,
  manifest: Digest,
  folder: string,
  filter: PathFilter | undefined,
  call: LongCallOptions,
): AsyncGenerator<FolderChange, void, undefined> {
  let place: string;
  try {
    place = engine.fs.realPath(folder);
  } catch (error) {
    throw readError(folder, error);
  }
  const memory = new FolderMemory(engine.folders, place);
  const reader = manifestReader(engine.source);
  const comparison = comparisonOf(engine, place, memory, reader, { base: manifest, target: manifest, filter, call });
  const ignored = new IgnoredPaths(engine.fs, place);
  const apart = foldersApart(engine, place);
  const isApart = (entryPath: string): boolean =>
    apart.has(path.join(place, entryPath)) || (entryPath !== "" && isApart(parentOf(entryPath)));
  for await (const batch of compareFolder(comparison)) {
    for (const compared of batch) {
      const change = changeOf(compared);
      if (change === undefined) continue;
      const isFolder = compared.local?.kind === "folder";
      if (change.kind !== "added" || !(isApart(change.path) || ignored.has(change.path, isFolder))) yield change;
    }
  }
}

function changeOf({ path: entryPath, local, isForeign, size, base }: Compared): FolderChange | undefined {
  const isThere = local !== undefined || isForeign;
  if (base === undefined || base.kind === "reference") {
    return isThere ? { path: entryPath, kind: "added", size } : undefined;
  }
  if (!isThere) return { path: entryPath, kind: "removed", size: entrySize(base) };
  return local !== undefined && sameEntry(local, base) ? undefined : { path: entryPath, kind: "modified", size };
}

/** How a folder is compared with the version that it held and the one that it is to hold. */
export function comparisonOf(
  engine: Engine,
  folder: string,
  memory: FolderMemory,
  reader: NodeReader,
  what: {
    base: Digest | undefined;
    target: Digest;
    filter: PathFilter | undefined;
    call: LongCallOptions;
    /** Hears of files that a killed download left. */
    onTemporary?: (path: string) => void;
  },
): ComparisonOptions {
  const { base, target, filter, call, onTemporary } = what;
  const apart = new Map([[engine.folder, "store" as const]]);
  const absolute = (entryPath: string): string => path.join(folder, entryPath);
  const dropNodes = { writeNode: () => {} };
  const leftOut: LeftOut[] = [];
  const onLeftOut = (each: LeftOut): void => void leftOut.push(each);
  const walkOptions = { apart, ignoreFiles: false, onLeftOut, onTemporary };
  return {
    sweep: (all) => {
      const walk = new FolderWalk(engine.fs, folder, walkOptions);
      return new Sweep(walk, memory.cache, memory.folder, {
        all,
        seeAll: true,
        ahead: LookAhead.of(engine.pool, memory),
      });
    },
    leftOut,
    memory,
    reader,
    base,
    target,
    filter,
    ingest: new Ingest({
      pool: engine.pool,
      sink: { wants: () => false, addChunks: () => {}, ready: async () => {} },
      lists: dropNodes,
      signal: call.signal,
    }),
    readLink: (entryPath) => readLinkTarget(engine, absolute(entryPath)),
    absolute,
    signal: call.signal,
    onScanned: (counts) => call.onProgress?.({ phase: "plan", files: counts.names, bytes: counts.bytes }),
  };
}

/** The target of a link, when it is one that a version can keep. */
function readLinkTarget(engine: Engine, file: string): string | undefined {
  try {
    const bytes = engine.fs.readLink(file);
    const text = bytes.toString("utf8");
    return Buffer.from(text, "utf8").equals(bytes) ? text : undefined;
  } catch (error) {
    throw readError(file, error);
  }
}
