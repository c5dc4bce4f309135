/** What is remembered of one folder between scans: its stat cache, and which version it is known to agree with. */
import path from "node:path";
import type { FolderCache, FolderRow } from "../catalog/index.ts";
import { type Digest, hashContent } from "../digest/index.ts";
import { comparePaths } from "../manifest/index.ts";
import { type FileSystem, openFlags, randomHex, removeQuietly } from "../platform/index.ts";
import type { FreshStat } from "./file-columns.ts";
import { encodeRun, type NewRow, RunView } from "./run.ts";

/** Which version a folder was given, or was made into. */
export interface FolderRecord {
  readonly artifact: Digest;
  /** Id of the version. */
  readonly version: Digest;
  /** The version's content. */
  readonly manifest: Digest;
  /** Whether a download wrote it. */
  readonly downloaded: boolean;
  /** The globs of a partial download. */
  readonly globs: readonly string[] | null;
}

/** Which manifest the stat cache is known to agree with: every row is one of its entries. */
export interface FolderAgreement {
  readonly manifest: Digest;
  /** Below which folder of the manifest the folder's content stands; "" for its root. */
  readonly prefix: string;
  /** Whether the manifest has nothing else there. */
  readonly exact: boolean;
}

/** What is kept beside the rows, as JSON. */
interface Kept {
  readonly record?: FolderRecord;
  readonly agreement?: FolderAgreement & { readonly generation: number };
}

const RUN_ROWS = 512;
const RUNS_AT_ONCE = 32;

/** The memory of one folder in one view. */
export class FolderMemory {
  readonly cache: FolderCache;
  readonly folder: FolderRow;
  readonly record: FolderRecord | undefined;
  /** Which manifest the rows agree with; absent when that is not known. */
  readonly agreement: FolderAgreement | undefined;
  #kept: Kept;
  #generation: number;

  /** @param view what the folder is looked at under: filters, so that two ways of looking do not disturb each other */
  constructor(cache: FolderCache, folder: string, view = "") {
    this.cache = cache;
    this.folder = cache.folder(folder, view);
    this.#generation = this.folder.generation;
    this.#kept = parseKept(this.folder.holds);
    this.record = this.#kept.record;
    const { agreement } = this.#kept;
    this.agreement = agreement?.generation === this.#generation ? agreement : undefined;
  }

  /** How many runs its rows are packed into. */
  get runCount(): number {
    return this.cache.runStarts(this.folder).length;
  }

  /** Whether another process changed rows since this memory was opened. */
  get isDisturbed(): boolean {
    return this.cache.generation(this.folder) !== this.#generation;
  }

  /** Whether all rows can be read. Only then does a path without a row say that nothing was there. */
  get isWhole(): boolean {
    for (const { data } of this.cache.runs(this.folder)) if (RunView.open(data) === undefined) return false;
    return true;
  }

  /** Says that rows no longer agree with a manifest: before the first of them is replaced. */
  disagree(): void {
    if (this.#kept.agreement !== undefined) this.#keep({ ...(this.record && { record: this.record }) });
  }

  /** Says which version the folder holds and which manifest its rows agree with. What is not given stays unsaid. */
  remember(record: FolderRecord | undefined, agreement: FolderAgreement | undefined): void {
    const isSure = agreement !== undefined && !this.isDisturbed;
    this.#keep({
      ...(record && { record }),
      ...(isSure && { agreement: { ...agreement, generation: this.#generation } }),
    });
  }

  #keep(kept: Kept): void {
    this.#kept = kept;
    this.cache.setHolds(this.folder, JSON.stringify(kept));
  }

  /** Forgets what was known of the folder's files. */
  clear(): void {
    this.disagree();
    this.replaceRuns(
      this.cache.runStarts(this.folder).map((run) => run.row),
      [],
    );
  }

  replaceRuns(gone: readonly number[], fresh: readonly { first: Buffer; data: Buffer }[]): void {
    const generation = this.cache.replaceRuns(this.folder, gone, fresh);
    // A jump by more than one means that another process was at it too.
    this.#generation = generation === this.#generation + 1 ? generation : -1;
  }
}

function parseKept(text: string | undefined): Kept {
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Kept;
  } catch {
    // A cache that lost a bit knows nothing.
    return {};
  }
}

/** Folders at or below a path into which a download wrote. */
export function downloadedFolders(cache: FolderCache, folder: string): string[] {
  return cache
    .foldersBelow(folder)
    .filter((row) => parseKept(row.holds).record?.downloaded === true)
    .map((row) => row.path);
}

/** The view of a folder under filters: equal filters, equal view. */
export function viewOf(filters: { include: readonly string[]; exclude: readonly string[] }): string {
  if (filters.include.length === 0 && filters.exclude.length === 0) return "";
  return hashContent(Buffer.from(JSON.stringify(filters))).slice(0, 16);
}

/** A change of a row: the row that shall stand at a path, or `undefined` for none. */
export interface RowEdit {
  readonly path: string;
  readonly row: NewRow | undefined;
}

/**
 * Applies edits to the rows of a folder, in path order, while they come: runs that no edit falls into are not touched.
 *
 * A path joins the run that begins at or before it; runs that grow are split.
 */
export class RowEditor {
  readonly #memory: FolderMemory;
  readonly #runs: readonly { row: number; first: string }[];
  #run = -1;
  #rows: NewRow[] | undefined;
  #index = 0;
  #out: NewRow[] = [];
  #fresh: { first: Buffer; data: Buffer }[] = [];
  #gone: number[] = [];
  #touched = false;

  constructor(memory: FolderMemory) {
    this.#memory = memory;
    this.#runs = memory.cache.runStarts(memory.folder);
  }

  edit({ path: path_, row }: RowEdit): void {
    this.#goTo(path_);
    this.#rows ??= this.#openRun();
    const rows = this.#rows;
    while (this.#index < rows.length && comparePaths((rows[this.#index] as NewRow).entry.path, path_) < 0) {
      this.#put(rows[this.#index++] as NewRow);
    }
    if (rows[this.#index]?.entry.path === path_) this.#index++;
    if (row !== undefined) this.#put(row);
  }

  /** Writes what is left. */
  finish(): void {
    this.#closeRun();
    this.#write();
  }

  #goTo(path_: string): void {
    if (this.#run === -1 && this.#runs.length > 0) this.#run = 0;
    for (;;) {
      const next = this.#runs[this.#run + 1];
      if (next === undefined || comparePaths(next.first, path_) > 0) return;
      this.#closeRun();
      this.#run++;
    }
  }

  #openRun(): NewRow[] {
    const run = this.#runs[this.#run];
    this.#index = 0;
    if (run === undefined) return [];
    this.#gone.push(run.row);
    const view = RunView.open(this.#memory.cache.run(this.#memory.folder, run.row));
    return view === undefined ? [] : Array.from({ length: view.count }, (_, index) => view.row(index));
  }

  #closeRun(): void {
    if (this.#rows === undefined) return;
    for (; this.#index < this.#rows.length; this.#index++) this.#put(this.#rows[this.#index] as NewRow);
    this.#rows = undefined;
    // Two halves rather than a full run and a crumb.
    if (this.#out.length > RUN_ROWS) this.#pack(Math.ceil(this.#out.length / 2));
    if (this.#out.length > 0) this.#pack(this.#out.length);
    if (this.#fresh.length + this.#gone.length >= RUNS_AT_ONCE) this.#write();
  }

  #put(row: NewRow): void {
    this.#out.push(row);
    if (this.#out.length >= 2 * RUN_ROWS) this.#pack(RUN_ROWS);
  }

  #pack(count: number): void {
    const rows = this.#out.splice(0, count);
    const first = Buffer.from((rows[0] as NewRow).entry.path, "utf8");
    this.#fresh.push({ first, data: encodeRun(rows) });
    if (this.#fresh.length >= RUNS_AT_ONCE) this.#write();
  }

  #write(): void {
    if (this.#fresh.length + this.#gone.length === 0) return;
    if (!this.#touched) this.#memory.disagree();
    this.#touched = true;
    this.#memory.replaceRuns(this.#gone, this.#fresh);
    this.#fresh = [];
    this.#gone = [];
  }
}

/** Begins the names of files that are there for a moment, for their times. */
export const PROBE_PREFIX = "cache-probe-";
const CHANGE: Uint8Array = Buffer.of(1);

/**
 * Tells which files are too young for their stat to be believed: whoever changes one again at the same tick of the file
 * system's clock leaves its times as they are. (Git calls such entries racily clean.) Some file systems give a file that was
 * looked at since its last change a time of its own at the next (Linux from 6.13: "multigrain timestamps"): there no stat
 * that was taken is too young.
 */
export class RacyClock {
  #now = 0;
  /** The file system whose times tell each change from the look before it. */
  #fine: number | undefined;

  /** Looks at the clock of the file system: the times of a file made now in a folder of ours. */
  constructor(fs: FileSystem, folder: string) {
    const probe = path.join(folder, `${PROBE_PREFIX}${randomHex(6)}`);
    try {
      const fd = fs.open(probe, openFlags.createNew, 0o600);
      try {
        this.#look(fs, fd);
      } finally {
        fs.close(fd);
        removeQuietly(fs, probe);
      }
    } catch {
      // Without room for a probe no time is known to be old enough: then no file is believed.
    }
  }

  #look(fs: FileSystem, fd: number): void {
    let before = fs.stat(fd);
    this.#now = before.mtimeMs;
    // One change may meet a tick by chance; so many in so short a time do not.
    for (let change = 0; change < 8; change++) {
      fs.write(fd, CHANGE, 0);
      const after = fs.stat(fd);
      if (after.mtimeMs <= before.mtimeMs || after.ctimeMs <= before.ctimeMs) return;
      before = after;
    }
    this.#fine = before.dev;
  }

  /** Whether a file with these times could be changed again without a trace. */
  isRacy(stat: FreshStat): boolean {
    if (stat.dev === this.#fine) return false;
    const youngest = Math.max(stat.mtimeMs, stat.ctimeMs);
    // Times in whole seconds come from a file system that counts in them, or in twos.
    const tick = youngest % 1000 === 0 ? 2000 : 20;
    return youngest >= this.#now - tick;
  }
}
