/** What may be added to a draft, and how. */
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { checkPath, type FileEntry } from "../manifest/index.ts";
import type { LongCallOptions } from "../progress.ts";
import {
  compileGlobs,
  downloadedFolders,
  type LeftOut,
  type LeftOutReason,
  refuseStoreName,
  type WalkOptions,
  type WatchedGlobs,
} from "../worktree/index.ts";
import type { Engine } from "./engine.ts";

/** How a folder or file is added. */
export interface AddOptions extends LongCallOptions {
  /** Where it goes in the version: the folder of a folder's content, the path of a file. */
  readonly as?: string | undefined;
  /** Globs of what is meant, and of what is not. */
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Leaves out what cannot be read instead of failing. */
  readonly skipUnreadable?: boolean | undefined;
  /** Leaves out links that point outside instead of failing. */
  readonly skipLinks?: boolean | undefined;
  /** Whether a file that is given as bytes is executable. */
  readonly executable?: boolean | undefined;
}

/** What adding found. */
export interface Added {
  /** Entries that came from what was added. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  /** BLAKE3 of the content, where one file was added, as a path or as bytes. */
  readonly digest?: Digest;
  readonly leftOut: readonly LeftOut[];
  /** Globs of `include` that matched nothing, where a folder was added. */
  readonly unmatched?: readonly string[];
}

/** What adding a single file found. */
export function addedFile({ size, digest }: FileEntry): Added {
  return { entries: 1, files: 1, bytes: size, digest, leftOut: [] };
}

/** Refuses a path that no entry can have, or that some file system would take for a store's. */
export function checkEntryPath(path_: string): void {
  checkPath(path_);
  refuseStoreName(path_);
}

/** The error where one path would be both a file and a folder. */
export function clash(file: string): ArtifoldError {
  return new ArtifoldError("CONFLICT", `${file} cannot be both a file and a folder of the version`, {
    info: { paths: [file] },
    hint: "Take one of them out with --remove, or make the version equal to the folder with --mirror.",
  });
}

/** Whether a path is below a folder; everything is below "". */
export function isWithin(path_: string, folder: string): boolean {
  return folder === "" || path_.startsWith(`${folder}/`);
}

/** How a folder is walked. @param included the globs of `include`, which learn whether they match */
export function walkOptions(
  engine: Engine,
  folder: string,
  { include = [], exclude = [], skipUnreadable = false }: AddOptions,
  included: WatchedGlobs,
): WalkOptions {
  return {
    ...(include.length > 0 && { include: included.isMeant }),
    ...(exclude.length > 0 && { exclude: compileGlobs(exclude) }),
    apart: foldersApart(engine, folder),
    skipUnreadable,
  };
}

/** Folders that are never content: the store itself, and what downloads wrote inside the folder. */
export function foldersApart(engine: Engine, folder: string): Map<string, LeftOutReason> {
  const apart = new Map<string, LeftOutReason>([[engine.folder, "store"]]);
  for (const downloaded of downloadedFolders(engine.folders, folder)) {
    if (downloaded !== folder) apart.set(downloaded, "download");
  }
  return apart;
}
