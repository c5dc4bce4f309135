/**
 * Turns a folder of the user's into edits of a manifest: what is new, what changed, and, for a mirror, what is gone.
 *
 * Where the stat cache is known to agree with the manifest, only differences from the cache are looked at. Else the folder
 * and the manifest are compared entry by entry, in one pass over both.
 */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import {
  type Edit,
  type Entry,
  entriesInTheWay,
  type FileEntry,
  folderRange,
  joinPath,
  linkTargetProblem,
  type NodeReader,
  ParentCheck,
  readEntries,
  sameEntry,
} from "../manifest/index.ts";
import { Breather, type FileSystem, kindOf } from "../platform/index.ts";
import type { FolderMemory, RacyClock } from "./folder-memory.ts";
import { type FileToIngest, type Ingest, type Ingested, withContent } from "./ingest.ts";
import type { LookAhead } from "./look-ahead.ts";
import { PathCursor } from "./path-cursor.ts";
import { type RowEdit, RowEditor } from "./row-editor.ts";
import type { CachedEntry } from "./run.ts";
import { foundError } from "./source-errors.ts";
import { Sweep, type SweepCounts, type Swept } from "./sweep.ts";
import { FolderWalk, type LeftOut, PAUSE, type WalkedName, type WalkOptions } from "./walk.ts";

/** What a scan needs and how it is to go. */
export interface ScanOptions {
  readonly fs: FileSystem;
  /** The folder: an absolute path without links. */
  readonly folder: string;
  /** Below which folder of the manifest its content goes; "" for the root. */
  readonly prefix: string;
  /** The manifest that the edits are for. */
  readonly manifest: Digest;
  readonly reader: NodeReader;
  /** Whether what is not in the folder is to go from below the prefix. */
  readonly mirror: boolean;
  readonly memory: FolderMemory;
  readonly clock: RacyClock;
  /** Looks at files that are remembered, beside the scan. */
  readonly ahead: LookAhead | undefined;
  readonly ingest: Ingest;
  /** Whether the whole content of an entry is stored. */
  readonly isStored: (entry: FileEntry) => Promise<boolean>;
  readonly walk: Omit<WalkOptions, "onLeftOut">;
  /** Whether links that point outside are left out instead of refused. */
  readonly skipOutsideLinks: boolean;
  /** Whether the stat cache is to be brought up to date. A dry run leaves it. */
  readonly remember: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onScanned?: (counts: SweepCounts) => void;
  /** Hears once how many files there are to read, and their bytes as far as that costs little to find out. */
  readonly onTotal?: ((files: number, bytes: number | undefined) => void) | undefined;
  /** Hears of paths that the manifest did not have. */
  readonly onNew?: (path: string) => void;
}

/** What a scan found, complete when its edits are. */
export interface ScanReport {
  readonly counts: SweepCounts;
  readonly leftOut: readonly LeftOut[];
  /** Whether something could not be read and was left as it was. */
  readonly incomplete: boolean;
}

/** How many links that point outside are named in one error. */
const BAD_LINKS_NAMED = 20;
const EDITS_AT_ONCE = 256;
/** So many files of which nothing is known are looked at only to tell how much there is to do. */
const LOOKED_AT_MAX = 1000;

/** A step on the way from what was found to edits of manifest and stat cache, in path order. */
interface Step {
  /** A file that has to be read first. */
  readonly file?: FileToIngest;
  /** What the manifest has at its path. */
  readonly before?: Entry | undefined;
  readonly edit?: Edit;
  readonly row?: RowEdit;
}

/** One scan of one folder. */
export class FolderScan {
  readonly #options: ScanOptions;
  /** What absolute paths in the folder begin with. */
  readonly #base: string;
  readonly #leftOut: LeftOut[] = [];
  readonly #sweep: Sweep;
  readonly #rowsAgree: boolean;
  readonly #badLinks: string[] = [];
  readonly #unreadable: string[] = [];
  /** Paths of entries that turned out to be folders of others: empty ones that are no longer empty, or clashes. */
  readonly #parents = new Set<string>();
  readonly #parentCheck = new ParentCheck();
  readonly #toRead = { files: 0, bytes: 0 };
  /** Files to read at which nobody looked, the first ones of many. */
  readonly #unseen: string[] = [];
  #incomplete = false;

  /** @param compareAll compares every entry even where the stat cache is believed to agree with the manifest */
  constructor(options: ScanOptions, compareAll = false) {
    this.#options = options;
    this.#base = options.folder.endsWith(path.sep) ? options.folder : options.folder + path.sep;
    const { memory, manifest, prefix, mirror } = options;
    const { agreement } = memory;
    this.#rowsAgree =
      !compareAll && agreement?.manifest === manifest && agreement.prefix === prefix && (!mirror || agreement.exact);
    const walk = new FolderWalk(options.fs, options.folder, {
      ...options.walk,
      onLeftOut: (leftOut) => this.#leaveOut(leftOut),
    });
    this.#sweep = new Sweep(walk, memory.cache, memory.folder, {
      all: !this.#rowsAgree,
      seeAll: false,
      ahead: options.ahead,
    });
  }

  get report(): ScanReport {
    return { counts: this.#sweep.counts, leftOut: this.#leftOut, incomplete: this.#incomplete };
  }

  /**
   * Paths at which the edited manifest has an entry and others below it. Where that entry is an empty folder it is no
   * longer empty, and has to go; anything else is a clash. Complete when the edits are.
   */
  get parents(): Iterable<string> {
    return this.#parents;
  }

  /** Whether the stat cache was damaged or disturbed by another process, so that differences may have been overlooked. */
  get mustCompareAll(): boolean {
    const { agreement, isDisturbed } = this.#options.memory;
    if (!this.#rowsAgree || agreement === undefined) return false;
    return isDisturbed || this.#sweep.hasLostRows(agreement.sum);
  }

  /** The edits, in path order. */
  async *edits(): AsyncGenerator<readonly Edit[], void, undefined> {
    const rows = this.#options.remember ? new RowEditor(this.#options.memory) : undefined;
    let edits: Edit[] = [];
    for await (const settled of withContent(this.#options.ingest, this.#steps(), (step) => step.file)) {
      for (const { step, result } of settled) {
        const { edit, row } = result === undefined ? step : this.#settle(step, result);
        if (edit !== undefined) edits.push(edit);
        if (row !== undefined) rows?.edit(row);
      }
      if (edits.length < EDITS_AT_ONCE) continue;
      yield edits;
      edits = [];
    }
    this.#refuseBadLinks();
    rows?.finish();
    if (edits.length > 0) yield edits;
  }

  /** What follows for a file now that it was read. */
  #settle(step: Step, result: Ingested): Step {
    if (result.kind === "failed") {
      if (this.#options.walk.skipUnreadable !== true) throw result.error;
      const path_ = this.#inFolder(result.path);
      this.#leaveOut({ path: path_, reason: "unreadable", detail: (result.error as Error).message });
      return { row: { path: path_, row: undefined } };
    }
    const { entry, stat } = result;
    // What the sweep did not look at, its reader did.
    if (step.file?.size === undefined) this.#sweep.counts.bytes += entry.size;
    const inFolder = { ...entry, path: this.#inFolder(entry.path) };
    const row = { path: inFolder.path, row: { entry: inFolder, stat, racy: this.#options.clock.isRacy(stat) } };
    if (step.before === undefined) this.#options.onNew?.(entry.path);
    else if (sameEntry(step.before, entry)) return { row };
    return { edit: { path: entry.path, entry }, row };
  }

  async *#steps(): AsyncGenerator<readonly Step[], void, undefined> {
    const { signal, onScanned } = this.#options;
    const breather = new Breather(signal);
    const base = this.#rowsAgree ? undefined : this.#baseEntries();
    let steps: Step[] = [];
    for (const swept of this.#sweep) {
      if (swept === PAUSE) {
        if (!breather.due()) continue;
        onScanned?.(this.#sweep.counts);
        await breather.pause();
        if (steps.length > 0) yield steps;
        steps = [];
        continue;
      }
      if (base === undefined) {
        await this.#stepFromCache(swept, steps);
      } else {
        const fullPath = joinPath(this.#options.prefix, swept.path);
        // Waiting costs more than all else here, and mostly there is nothing to wait for.
        if (swept.kind !== "gone" && !base.isReady(fullPath)) await this.#removeBefore(fullPath, base, steps);
        const known = this.#stepFromBase(swept, fullPath, base, steps);
        if (known !== undefined) await this.#stepOfKnown(known.entry, known.before, steps);
      }
      if (steps.length >= EDITS_AT_ONCE) {
        yield steps;
        steps = [];
      }
    }
    if (base !== undefined) await this.#removeBefore(undefined, base, steps);
    onScanned?.(this.#sweep.counts);
    this.#tellTotal();
    yield steps;
  }

  #tellTotal(): void {
    const { fs, onTotal } = this.#options;
    if (onTotal === undefined) return;
    const { files, bytes } = this.#toRead;
    const isKnown = this.#unseen.length <= LOOKED_AT_MAX;
    onTotal(files, isKnown ? this.#unseen.reduce((sum, file) => sum + sizeAt(fs, file), bytes) : undefined);
  }

  #baseEntries(): PathCursor<Entry> {
    const { reader, manifest, prefix } = this.#options;
    return new PathCursor(readEntries(reader, manifest, folderRange(prefix)));
  }

  /** The cache agrees with the manifest: a difference from the one is a difference from the other. */
  async #stepFromCache(swept: Swept, steps: Step[]): Promise<void> {
    if (swept.kind === "gone") {
      this.#removeIfMirror(this.#inManifest(swept.before), steps);
      steps.push({ row: { path: swept.path, row: undefined } });
    } else if (swept.kind === "unknown") {
      const before = swept.before === undefined ? undefined : this.#inManifest(swept.before);
      if (before === undefined && !this.#options.mirror) await this.#noteParents(swept.path);
      this.#stepOf(swept.found, before, steps);
    }
  }

  /** Something new may come below an entry of the manifest, or where the manifest has a folder. */
  async #noteParents(path_: string): Promise<void> {
    const { reader, manifest, prefix } = this.#options;
    for (const parent of await entriesInTheWay(reader, manifest, joinPath(prefix, path_))) this.#parents.add(parent);
  }

  /**
   * Nothing is known of how cache and manifest agree: every entry is compared with the manifest's.
   *
   * @returns an entry that the cache knows and the manifest has not, or has otherwise
   */
  #stepFromBase(
    swept: Swept,
    fullPath: string,
    base: PathCursor<Entry>,
    steps: Step[],
  ): { readonly entry: CachedEntry; readonly before: Entry | undefined } | undefined {
    if (swept.kind === "gone") {
      steps.push({ row: { path: swept.path, row: undefined } });
      return undefined;
    }
    const before = base.takeAt(fullPath);
    this.#noteIfParent(fullPath);
    if (swept.kind === "unknown") {
      this.#stepOf(swept.found, before, steps);
      return undefined;
    }
    const entry = this.#inManifest(swept.entry);
    return before !== undefined && sameEntry(before, entry) ? undefined : { entry, before };
  }

  async #stepOfKnown(entry: CachedEntry, before: Entry | undefined, steps: Step[]): Promise<void> {
    if (entry.kind !== "file" || (await this.#options.isStored(entry))) {
      if (before === undefined) this.#options.onNew?.(entry.path);
      steps.push({ edit: { path: entry.path, entry } });
    } else {
      // The cache knows the file, and the store has lost or never had its content.
      steps.push({ file: this.#fileAt(this.#inFolder(entry.path), entry.size, before), before });
    }
  }

  /** Passes over what the manifest has and the folder has not. */
  async #removeBefore(path_: string | undefined, base: PathCursor<Entry>, steps: Step[]): Promise<void> {
    for (let gone = await base.nextBefore(path_); gone !== undefined; gone = await base.nextBefore(path_)) {
      if (this.#options.mirror) this.#removeIfMirror(gone, steps);
      else this.#noteIfParent(gone.path);
    }
  }

  #noteIfParent(fullPath: string): void {
    const parent = this.#parentCheck.next(fullPath);
    if (parent !== undefined) this.#parents.add(parent);
  }

  /** The step for something whose content is not known. */
  #stepOf(found: WalkedName, before: Entry | undefined, steps: Step[]): void {
    const { path: path_ } = found;
    const stat = found.kind === "seen" ? found.stat : undefined;
    if (found.kind === "file" || (stat !== undefined && kindOf(stat) === "file")) {
      const size = stat === undefined ? undefined : stat.size;
      // Once a link is refused nothing more is stored; the walk goes on, so that all such links are named.
      if (this.#badLinks.length === 0) steps.push({ file: this.#fileAt(path_, size, before), before });
      return;
    }
    const entry = stat === undefined ? { path: path_, kind: "folder" as const } : this.#readLink(path_);
    if (entry === undefined) {
      // A link that is left out is nothing that a mirror would have.
      if (before !== undefined) this.#removeIfMirror(before, steps);
      steps.push({ row: { path: path_, row: undefined } });
      return;
    }
    const racy = stat !== undefined && this.#options.clock.isRacy(stat);
    const row = { path: path_, row: { entry, stat, racy } };
    const full = this.#inManifest(entry);
    if (before === undefined) this.#options.onNew?.(full.path);
    if (before !== undefined && sameEntry(before, full)) steps.push({ row });
    else steps.push({ edit: { path: full.path, entry: full }, row });
  }

  #readLink(path_: string): CachedEntry | undefined {
    let bytes: Buffer;
    try {
      bytes = this.#options.fs.readLink(this.#absolute(path_));
    } catch (error) {
      const failure = foundError(this.#absolute(path_), error);
      if (this.#options.walk.skipUnreadable !== true) throw failure;
      this.#leaveOut({ path: path_, reason: "unreadable", detail: (failure as Error).message });
      return undefined;
    }
    const target = path.sep === "/" ? bytes.toString("utf8") : bytes.toString("utf8").replaceAll(path.sep, "/");
    const isUtf8 = Buffer.from(target, "utf8").equals(bytes) || path.sep !== "/";
    const problem = isUtf8 ? linkTargetProblem(path_, target) : "its target is not UTF-8";
    if (problem === undefined) return { path: path_, kind: "link", target };
    if (this.#options.skipOutsideLinks) this.#leaveOut({ path: path_, reason: "link", detail: problem });
    else this.#badLinks.push(`${path_} (${problem})`);
    return undefined;
  }

  #refuseBadLinks(): void {
    if (this.#badLinks.length === 0) return;
    const named = this.#badLinks.slice(0, BAD_LINKS_NAMED).join(", ");
    const more = this.#badLinks.length - BAD_LINKS_NAMED;
    throw new ArtifoldError(
      "LINK_OUTSIDE",
      `links that a version cannot keep: ${named}${more > 0 ? ` and ${more} more` : ""}`,
      {
        info: { links: this.#badLinks },
        hint: "Make them relative and let them stay inside the folder, or leave them out with --exclude or --skip-links.",
      },
    );
  }

  #removeIfMirror(entry: Entry, steps: Step[]): void {
    if (!this.#options.mirror) return;
    // What could not be read may still be there: it stays as it was.
    const inFolder = this.#inFolder(entry.path);
    if (this.#unreadable.some((path_) => path_ === "" || inFolder === path_ || inFolder.startsWith(`${path_}/`)))
      return;
    steps.push({ edit: { path: entry.path, entry: undefined } });
  }

  #leaveOut(leftOut: LeftOut): void {
    this.#leftOut.push(leftOut);
    if (leftOut.reason !== "unreadable") return;
    this.#incomplete = true;
    this.#unreadable.push(leftOut.path);
  }

  #fileAt(path_: string, size: number | undefined, before: Entry | undefined): FileToIngest {
    const file = { path: joinPath(this.#options.prefix, path_), file: this.#absolute(path_), size };
    this.#toRead.files++;
    this.#toRead.bytes += size ?? 0;
    if (size === undefined && this.#unseen.length <= LOOKED_AT_MAX) this.#unseen.push(file.file);
    return before?.kind === "file" ? { ...file, before } : file;
  }

  #absolute(path_: string): string {
    return this.#base + (path.sep === "/" ? path_ : path_.replaceAll("/", path.sep));
  }

  #inManifest<Kind extends CachedEntry>(entry: Kind): Kind {
    const { prefix } = this.#options;
    return prefix === "" ? entry : { ...entry, path: joinPath(prefix, entry.path) };
  }

  #inFolder(fullPath: string): string {
    const { prefix } = this.#options;
    return prefix === "" ? fullPath : fullPath.slice(prefix.length + 1);
  }
}

/** What cannot be looked at counts for nothing: what is wrong says whoever reads it. */
function sizeAt(fs: FileSystem, file: string): number {
  try {
    return fs.lookAt(file)?.size ?? 0;
  } catch {
    return 0;
  }
}
