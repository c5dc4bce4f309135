/** What is remembered of one folder between scans: its stat cache, and which version it is known to agree with. */
import path from "node:path";
import type { FolderCache, FolderRow, NewRun } from "../catalog/index.ts";
import { type Digest, hashContent } from "../digest/index.ts";
import { type FileSystem, openFlags, randomHex, removeQuietly } from "../platform/index.ts";
import type { FreshStat } from "./file-columns.ts";
import { isWholeRun, sumOfRun } from "./run.ts";

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

/** An agreement as it is kept: it stands as long as the runs are those that it was about. */
export interface KeptAgreement extends FolderAgreement {
  readonly generation: number;
  /** The sum of all runs. */
  readonly sum: number;
}

/** What is kept beside the rows, as JSON. */
interface Kept {
  readonly record?: FolderRecord;
  readonly agreement?: KeptAgreement;
}

/** The memory of one folder in one view. */
export class FolderMemory {
  readonly cache: FolderCache;
  readonly folder: FolderRow;
  readonly record: FolderRecord | undefined;
  /** Which manifest the rows agree with; absent when that is not known. */
  readonly agreement: KeptAgreement | undefined;
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

  /**
   * Whether all rows that the agreement is about are there and can be read. Only then does a path without a row say that
   * nothing was there.
   */
  get isWhole(): boolean {
    let sum = 0;
    for (const { data } of this.cache.runs(this.folder)) {
      if (!isWholeRun(data)) return false;
      sum += sumOfRun(data);
    }
    return sum === this.agreement?.sum;
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
      ...(isSure && { agreement: { ...agreement, generation: this.#generation, sum: this.cache.sum(this.folder) } }),
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

  replaceRuns(gone: readonly number[], fresh: readonly NewRun[]): void {
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
