/** Writes a version into a folder that holds nothing: no plan is needed, and memory does not grow with the version. */
import type { Digest } from "../digest/index.ts";
import {
  type Entry,
  type FileEntry,
  type FolderEntry,
  type LinkEntry,
  type NodeReader,
  readEntries,
} from "../manifest/index.ts";
import type { DownloadDone } from "./download.ts";
import type { FolderMemory, RacyClock } from "./folder-memory.ts";
import type { PathFilter } from "./globs.ts";
import { RowEditor } from "./row-editor.ts";
import type { TargetFolder } from "./target-folder.ts";
import { refuseStoreName } from "./walk.ts";
import { type WriteOutOptions, writeOut } from "./write-out.ts";

/** What filling a folder did. */
export interface Filled extends DownloadDone {
  /** References, whose content lies elsewhere. */
  readonly references: readonly string[];
}

/** Writes all entries that are meant. Links are made last. */
export async function fillFolder(
  reader: NodeReader,
  manifest: Digest,
  filter: PathFilter | undefined,
  target: TargetFolder,
  memory: FolderMemory,
  clock: RacyClock,
  writing: Omit<WriteOutOptions, "target">,
): Promise<Filled> {
  const later: (LinkEntry | FolderEntry)[] = [];
  const references: string[] = [];
  const files = filesOf(reader, manifest, filter, later, references);
  let written = 0;
  let writtenBytes = 0;
  const rows = new RowEditor(memory);
  try {
    for await (const batch of writeOut(files, { ...writing, target })) {
      for (const { entry, stat } of batch) {
        written++;
        writtenBytes += entry.size;
        rows.edit({ path: entry.path, row: { entry, stat, racy: clock.isRacy(stat) } });
      }
    }
  } finally {
    // What was written stays, whatever happened: the next download goes on from it.
    target.showAll();
  }
  rows.finish();
  written += makeLater(later, target, memory, clock);
  return { written, writtenBytes, removed: 0, references };
}

/** What filling a folder would do. */
export async function rehearseFill(
  reader: NodeReader,
  manifest: Digest,
  filter: PathFilter | undefined,
): Promise<Filled> {
  const later: (LinkEntry | FolderEntry)[] = [];
  const references: string[] = [];
  let written = 0;
  let writtenBytes = 0;
  for await (const files of filesOf(reader, manifest, filter, later, references)) {
    written += files.length;
    for (const file of files) writtenBytes += file.size;
  }
  for (const entry of later) if (entry.kind === "link") written++;
  return { written, writtenBytes, removed: 0, references };
}

async function* filesOf(
  reader: NodeReader,
  manifest: Digest,
  filter: PathFilter | undefined,
  later: (LinkEntry | FolderEntry)[],
  references: string[],
): AsyncGenerator<readonly FileEntry[], void, undefined> {
  for await (const batch of readEntries(reader, manifest)) {
    const files: FileEntry[] = [];
    for (const entry of batch) {
      if (filter?.(entry.path) === false) continue;
      refuseStoreName(entry.path);
      sortOut(entry, files, later, references);
    }
    if (files.length > 0) yield files;
  }
}

function sortOut(entry: Entry, files: FileEntry[], later: (LinkEntry | FolderEntry)[], references: string[]): void {
  if (entry.kind === "file") files.push(entry);
  else if (entry.kind === "reference") references.push(entry.path);
  else later.push(entry);
}

/** Makes empty folders and links. @returns how many links */
function makeLater(
  later: readonly (LinkEntry | FolderEntry)[],
  target: TargetFolder,
  memory: FolderMemory,
  clock: RacyClock,
): number {
  const rows = new RowEditor(memory);
  let links = 0;
  for (const entry of later) {
    if (entry.kind === "folder") {
      target.makeFolder(entry.path);
      rows.edit({ path: entry.path, row: { entry, stat: undefined, racy: false } });
      continue;
    }
    target.makeLink(entry.path, entry.target);
    links++;
    const stat = target.lookAt(entry.path);
    if (stat !== undefined) rows.edit({ path: entry.path, row: { entry, stat, racy: clock.isRacy(stat) } });
  }
  rows.finish();
  return links;
}
