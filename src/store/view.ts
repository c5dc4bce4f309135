/** Entries as users see them: one shape for files, links, folders and references. */
import type { Digest } from "../digest/index.ts";
import {
  comparePaths,
  type Entry,
  entryDigest,
  entrySize,
  type FolderItem,
  folderRange,
  type PathRange,
} from "../manifest/index.ts";

/** An entry of a version. */
export interface EntryView {
  /** From the root of the version, with "/" between parts on every platform. */
  readonly path: string;
  /** A folder is an entry only while nothing is in it. */
  readonly kind: "file" | "folder" | "link" | "reference";
  /** Bytes of a file, of a link's target, of a reference's content where known; 0 for a folder. */
  readonly size: number;
  /** BLAKE3 of the content; null for folders, and for references whose content is not known. */
  readonly digest: Digest | null;
  /** Whether the owner may execute the file: the one mode bit that is kept. False for all else. */
  readonly executable: boolean;
  /** Where a link points: relative to its folder, and inside the version. */
  readonly target?: string;
  /** Where a reference's content is. */
  readonly uri?: string;
  /** What that place calls this state of the content, where it was given. */
  readonly etag?: string;
}

/** Shows an entry. */
export function viewEntry(entry: Entry): EntryView {
  return {
    path: entry.path,
    kind: entry.kind,
    size: entrySize(entry),
    digest: entryDigest(entry) ?? null,
    executable: entry.kind === "file" && entry.executable,
    ...(entry.kind === "link" && { target: entry.target }),
    ...(entry.kind === "reference" && { uri: entry.uri }),
    ...(entry.kind === "reference" && entry.etag !== undefined && { etag: entry.etag }),
  };
}

/** An artifact in a list. */
export interface ArtifactSummary {
  readonly team: string;
  readonly experiment: string;
  /** What kind of thing it is, in its makers' words: "dataset", "model". */
  readonly type: string;
  readonly name: string;
  /** The highest version that lives: "V3". */
  readonly latest: string;
  /** How many versions live. */
  readonly versions: number;
}

/** Which entries of a version are meant. */
export interface EntryFilter {
  /** Globs; see docs/ignore.md, "Globs". */
  readonly path?: string | readonly string[];
  /** Only what is below this folder. */
  readonly folder?: string;
}

/** One name in a folder of a version. */
export interface FolderListItem extends Omit<EntryView, "kind"> {
  readonly kind: EntryView["kind"];
  /** Files below a folder (its `size` is what they have together); of a file, link or reference itself 1. */
  readonly files: number;
}

/** A path at which two versions differ. */
export interface VersionChange {
  readonly path: string;
  readonly kind: "added" | "modified" | "removed";
  /** What the first version has there; `undefined` for what was added. */
  readonly before: EntryView | undefined;
  /** What the other one has there; `undefined` for what was removed. */
  readonly after: EntryView | undefined;
}

/** Shows a name in a folder. */
export function viewItem(item: FolderItem): FolderListItem {
  if (item.kind === "entry") return { ...viewEntry(item.entry), files: item.entry.kind === "folder" ? 0 : 1 };
  const { files, bytes: size } = item.sums;
  return { path: item.path, kind: "folder", size, digest: null, executable: false, files };
}

/** A folder as users write it, without slashes around. */
export function trimFolder(folder: string | undefined): string {
  return (folder ?? "").replace(/^\.?\/+/, "").replace(/\/+$/, "");
}

/** What lies below a folder, from a path on. */
export function rangeFrom(folder: string | undefined, start = ""): PathRange {
  const { from = "", to } = folderRange(trimFolder(folder));
  return { from: comparePaths(start, from) > 0 ? start : from, ...(to !== undefined && { to }) };
}
