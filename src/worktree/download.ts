/**
 * Makes a folder hold a version: finds out what differs, looks for conflicts, and only then writes.
 *
 * A file that somebody changed is a conflict; a file that nobody's version has is left alone. What goes is removed first,
 * then files are written, links last, so that no file is ever written through a link of the version.
 */
import { ArtifoldError } from "../errors.ts";
import { comparePaths, type Entry, type FileEntry, type LinkEntry, parentOf, sameEntry } from "../manifest/index.ts";
import { type FileStat, kindOf } from "../platform/index.ts";
import { type Compared, type ComparisonOptions, compareFolder } from "./comparison.ts";
import type { FolderMemory, RacyClock } from "./folder-memory.ts";
import type { PathFilter } from "./globs.ts";
import { PackedRows } from "./packed-rows.ts";
import { type RowEdit, RowEditor } from "./row-editor.ts";
import type { CachedEntry, NewRow } from "./run.ts";
import type { TargetFolder } from "./target-folder.ts";
import { type LeftOut, refuseStoreName } from "./walk.ts";
import { LITTLE_FILES, type WriteOutOptions, writeOut } from "./write-out.ts";

/** What a download is to do. */
export interface DownloadPlan {
  readonly remove: readonly string[];
  /** What the version before had and is gone already, perhaps by a download that was stopped. Folders may be left of it. */
  readonly gone: readonly string[];
  readonly write: readonly FileEntry[];
  readonly link: readonly LinkEntry[];
  readonly makeFolders: readonly string[];
  /** Of these paths, folders are there now: all that they hold goes. */
  readonly replacedFolders: ReadonlySet<string>;
  /** References, whose content lies elsewhere. */
  readonly references: readonly string[];
  /** Other people's files, which `clean` would remove. */
  readonly foreign: readonly string[];
  readonly conflicts: readonly Conflict[];
  /** Fresh rows for the stat cache, of files that were read to compare them. */
  readonly fresh: PackedRows;
  /** Paths whose row of the stat cache is to go: the version has nothing there. */
  readonly forget: readonly string[];
}

/** Why a path cannot be given what the version has. */
export interface Conflict {
  readonly path: string;
  readonly reason: "changed" | "in the way";
}

/** How to plan. */
export interface PlanOptions {
  /** Whether files that somebody changed are overwritten. */
  readonly force: boolean;
  /** Whether other people's files are removed. */
  readonly clean: boolean;
  /** Paths that are meant; nothing happens to others. */
  readonly filter: PathFilter | undefined;
  readonly clock: RacyClock;
  /** Looks at what is at a path of the folder. */
  readonly lookAt: (path: string) => FileStat | undefined;
  /** Called as soon as there is more to write than one thread would do by itself. */
  readonly onMuch?: () => void;
}

/** Compares a folder with the version it shall hold. Writes nothing. */
export async function planDownload(comparison: ComparisonOptions, options: PlanOptions): Promise<DownloadPlan> {
  const planner = new Planner(options);
  let isMuch = false;
  for await (const batch of compareFolder(comparison)) {
    for (const compared of batch) planner.take(compared);
    if (isMuch || planner.writes <= LITTLE_FILES) continue;
    isMuch = true;
    options.onMuch?.();
  }
  return planner.finish(comparison.leftOut);
}

class Planner {
  readonly #options: PlanOptions;
  readonly #remove: string[] = [];
  readonly #gone: string[] = [];
  readonly #write: FileEntry[] = [];
  readonly #link: LinkEntry[] = [];
  readonly #makeFolders: string[] = [];
  readonly #references: string[] = [];
  readonly #foreign: string[] = [];
  readonly #conflicts: Conflict[] = [];
  readonly #fresh = new PackedRows();
  readonly #forget: string[] = [];
  /** Paths in the folder that stay as they are and may be parents of what follows. */
  readonly #staying: string[] = [];
  /** Paths that are to be files or links and are folders now: all that is in them must go. */
  readonly #folders: string[] = [];

  /** Empty folders where the target has something else: left of what the version before had in them, or somebody's own. */
  readonly #leftEmpty: Compared[] = [];

  constructor(options: PlanOptions) {
    this.#options = options;
  }

  /** How many files are to be written so far. */
  get writes(): number {
    return this.#write.length;
  }

  take(compared: Compared): void {
    const { path, local, isForeign, base, target } = compared;
    const isThere = local !== undefined || isForeign;
    if (this.#options.filter?.(path) === false) {
      if (isThere) this.#stay(path, local);
      return;
    }
    // Rows are to be entries of the version, and nothing else.
    if (compared.hasRow && target === undefined) this.#forget.push(path);
    if (!isThere && base !== undefined && target === undefined) this.#gone.push(path);
    if (local !== undefined && target !== undefined && sameEntry(local, target)) this.#keep(compared, local);
    else if (!isThere) this.#put(path, target, local);
    else if (base === undefined && target === undefined) this.#leaveForeign(path, local);
    else if (this.#options.force || (local !== undefined && base !== undefined && sameEntry(local, base))) {
      this.#drop(path, local, target);
      this.#put(path, target, local);
    } else if (local?.kind === "folder" && target === undefined) {
      // The file that was here is gone, and nothing is lost of a folder with nothing in it.
      this.#leaveForeign(path, local);
    } else if (local?.kind === "folder" && base === undefined) {
      this.#leftEmpty.push(compared);
    } else {
      this.#conflicts.push({ path, reason: "changed" });
    }
  }

  finish(leftOut: readonly LeftOut[]): DownloadPlan {
    for (const { path, local, target } of this.#leftEmpty) {
      if (this.#gone.some((each) => each.startsWith(`${path}/`))) this.#put(path, target, local);
      else this.#conflicts.push({ path, reason: "changed" });
    }
    this.#refuseLeftOut(leftOut);
    return {
      remove: this.#remove,
      gone: this.#gone,
      write: this.#write,
      link: this.#link,
      makeFolders: this.#makeFolders,
      replacedFolders: new Set(this.#folders),
      references: this.#references,
      foreign: this.#foreign,
      conflicts: this.#conflicts,
      fresh: this.#fresh,
      forget: this.#forget,
    };
  }

  #keep({ path, fresh }: Compared, local: CachedEntry): void {
    if (fresh !== undefined) {
      const racy = fresh.stat !== undefined && this.#options.clock.isRacy(fresh.stat);
      this.#fresh.add({ entry: local, stat: fresh.stat, racy });
    }
    if (local.kind !== "folder") this.#stay(path, local);
  }

  #leaveForeign(path: string, local: CachedEntry | undefined): void {
    this.#foreign.push(path);
    if (this.#options.clean) this.#remove.push(path);
    else this.#stay(path, local);
  }

  /** Something of the folder stays: it must not be where a folder is to be, nor in one that is to be a file. */
  #stay(path: string, local: CachedEntry | undefined): void {
    const folder = this.#folders.findLast((each) => path.startsWith(`${each}/`));
    if (folder !== undefined) this.#conflicts.push({ path, reason: "in the way" });
    // An empty folder is where something may come: perhaps a download was stopped before it wrote what goes there.
    if (local?.kind === "folder") return;
    while (this.#staying.length > 0 && !path.startsWith(this.#staying.at(-1) as string)) this.#staying.pop();
    this.#staying.push(path);
  }

  /** What is there goes, unless what comes takes its place in one step. */
  #drop(path: string, local: CachedEntry | undefined, target: Entry | undefined): void {
    if (local?.kind === "folder") {
      if (target?.kind !== "folder") this.#remove.push(path);
      return;
    }
    const isReplaced = target?.kind === "file" || target?.kind === "link";
    if (!isReplaced) this.#remove.push(path);
  }

  /** What the walk left out stays: it must not be where something is to be, nor in a folder that is to be a file. */
  #refuseLeftOut(leftOut: readonly LeftOut[]): void {
    if (leftOut.length === 0) return;
    const inTheWay = new Set<string>();
    const paths = new Set(leftOut.map((each) => each.path));
    const written = [...this.#write, ...this.#link].map((entry) => entry.path);
    for (const path of [...written, ...this.#makeFolders]) {
      for (let at = path; at !== ""; at = parentOf(at)) if (paths.has(at)) inTheWay.add(at);
    }
    for (const folder of this.#folders) {
      for (const path of paths) if (path.startsWith(`${folder}/`)) inTheWay.add(path);
    }
    for (const path of inTheWay) this.#conflicts.push({ path, reason: "in the way" });
  }

  #put(path: string, target: Entry | undefined, local: CachedEntry | undefined): void {
    if (target === undefined) return;
    refuseStoreName(path);
    if (target.kind === "reference") {
      this.#references.push(path);
      return;
    }
    while (this.#staying.length > 0 && !path.startsWith(this.#staying.at(-1) as string)) this.#staying.pop();
    const above = this.#staying.find((each) => path.startsWith(`${each}/`));
    if (above !== undefined) this.#conflicts.push({ path: above, reason: "in the way" });
    if (target.kind === "folder") {
      this.#makeFolders.push(path);
      return;
    }
    // A folder with something in it is no entry.
    if (local === undefined || local.kind === "folder") {
      const stat = this.#options.lookAt(path);
      if (stat !== undefined && kindOf(stat) === "folder") this.#folders.push(path);
    }
    if (target.kind === "file") this.#write.push(target);
    else this.#link.push(target);
  }
}

/** Throws CONFLICT when a plan has conflicts. */
export function refuseConflicts(plan: DownloadPlan, folder: string): void {
  const [first] = plan.conflicts;
  if (first === undefined) return;
  const more = plan.conflicts.length - 1;
  const what = first.reason === "changed" ? "was changed" : "is in the way";
  throw new ArtifoldError(
    "CONFLICT",
    `${first.path} ${what} in ${folder}${more > 0 ? `, and ${more} more paths are in conflict` : ""}: nothing was written`,
    {
      info: { folder, conflicts: plan.conflicts },
      hint:
        first.reason === "changed"
          ? "Keep your changes by uploading them, or overwrite them with --force."
          : "Move it away; what is a file or link of your own goes with --clean.",
    },
  );
}

/** What a download did. */
export interface DownloadDone {
  readonly written: number;
  readonly writtenBytes: number;
  readonly removed: number;
}

/** Carries a plan out. The stat cache learns what was written while it is. */
export async function carryOut(
  plan: DownloadPlan,
  target: TargetFolder,
  memory: FolderMemory,
  clock: RacyClock,
  writing: Omit<WriteOutOptions, "target">,
): Promise<DownloadDone> {
  const edits: RowEdit[] = plan.forget.map((path) => ({ path, row: undefined }));
  removeAll(plan, target);
  for (const path of plan.remove) edits.push({ path, row: undefined });
  let writtenBytes = 0;
  for await (const written of writeOut(inTurn(plan, target), { ...writing, target })) {
    for (const { entry, stat } of written) {
      writtenBytes += entry.size;
      edits.push({ path: entry.path, row: { entry, stat, racy: clock.isRacy(stat) } });
    }
  }
  for (const path of plan.makeFolders) {
    target.makeFolder(path);
    edits.push({ path, row: { entry: { path, kind: "folder" }, stat: undefined, racy: false } });
  }
  for (const link of plan.link) {
    if (plan.replacedFolders.has(link.path)) removeFolderInTheWay(link.path, target);
    target.makeLink(link.path, link.target);
    edits.push({ path: link.path, row: linkRow(link, target, clock) });
  }
  remember(plan.fresh, edits, memory);
  return { written: plan.write.length + plan.link.length, writtenBytes, removed: plan.remove.length };
}

/** Removes files and links, then the folders that have nothing left in them. */
function removeAll({ remove, gone }: DownloadPlan, target: TargetFolder): void {
  const folders = new Set<string>();
  for (const path of remove) if (!target.removeIfEmpty(path)) target.remove(path);
  for (const path of [...remove, ...gone]) {
    for (let folder = parentOf(path); folder !== ""; folder = parentOf(folder)) folders.add(folder);
  }
  // Deeper folders first: what is left of one may have been all that another had.
  for (const folder of [...folders].sort((left, right) => right.length - left.length)) target.removeIfEmpty(folder);
  if (folders.size > 0) target.forget();
}

async function* inTurn(
  { write, replacedFolders }: DownloadPlan,
  target: TargetFolder,
): AsyncGenerator<readonly FileEntry[], void, undefined> {
  for (let from = 0; from < write.length; from += 256) {
    const batch = write.slice(from, from + 256);
    for (const { path } of batch) if (replacedFolders.has(path)) removeFolderInTheWay(path, target);
    yield batch;
  }
}

/** A folder that is to be a file had only content that went: what is left of it is empty folders. */
function removeFolderInTheWay(path: string, target: TargetFolder): void {
  const stat = target.lookAt(path);
  if (stat === undefined || kindOf(stat) !== "folder") return;
  if (!target.removeIfEmpty(path)) {
    throw new ArtifoldError("CONFLICT", `${path} is a folder with something in it, and a file in the version`, {
      info: { path },
      hint: "Move it away and run the download again.",
    });
  }
}

function linkRow(link: LinkEntry, target: TargetFolder, clock: RacyClock): RowEdit["row"] {
  const stat = target.lookAt(link.path);
  return stat === undefined ? undefined : { entry: link, stat, racy: clock.isRacy(stat) };
}

function remember(fresh: Iterable<NewRow>, edits: RowEdit[], memory: FolderMemory): void {
  const rows = new RowEditor(memory);
  // A path may have been removed and written again: the later edit stands.
  const byPath = new Map(edits.map((edit) => [edit.path, edit]));
  const sorted = [...byPath.values()].sort((left, right) => comparePaths(left.path, right.path));
  for (const edit of merged(fresh, sorted)) rows.edit(edit);
  rows.finish();
}

/** Rows and edits in path order; no path is in both, for what is kept is not edited. */
function* merged(fresh: Iterable<NewRow>, edits: readonly RowEdit[]): Generator<RowEdit, void, undefined> {
  let next = 0;
  for (const row of fresh) {
    const { path } = row.entry;
    for (let edit = edits[next]; edit !== undefined && comparePaths(edit.path, path) < 0; edit = edits[++next])
      yield edit;
    yield { path, row };
  }
  yield* edits.slice(next);
}
