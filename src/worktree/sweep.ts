/**
 * Compares a folder with what the stat cache remembers of it, in one pass over both.
 *
 * What did not change costs a comparison of a few numbers and makes no object.
 */
import type { FolderCache, FolderRow } from "../catalog/index.ts";
import { comparePaths } from "../manifest/index.ts";
import { type FileStat, kindOf } from "../platform/index.ts";
import type { LookAhead, RunAnswers } from "./look-ahead.ts";
import { type CachedEntry, isWholeRun, RunView, rowsOfRun, sumOfRun } from "./run.ts";
import { type FolderWalk, PAUSE, type WalkedName } from "./walk.ts";

/** What a sweep finds, in path order. */
export type Swept =
  /** Something whose content is not known: new, changed, or too young to tell. */
  | {
      readonly kind: "unknown";
      readonly found: WalkedName;
      readonly path: string;
      /** What stood at this path before. */
      readonly before: CachedEntry | undefined;
    }
  /** Something that is as it was; given only when all is asked for. */
  | { readonly kind: "known"; readonly path: string; readonly entry: CachedEntry }
  /** Something that is gone. */
  | { readonly kind: "gone"; readonly path: string; readonly before: CachedEntry };

/** How far a sweep is, readable at any time. */
export interface SweepCounts {
  /** Names in the folder that can be entries. */
  names: number;
  files: number;
  /** Of the files that were looked at. */
  bytes: number;
}

/** How many names pass before whoever makes a sweep may pause. */
const NAMES_AT_ONCE = 64;

/** One pass. */
export class Sweep {
  readonly counts: SweepCounts = { names: 0, files: 0, bytes: 0 };
  readonly #walk: FolderWalk;
  readonly #rows: CachedRows;
  readonly #all: boolean;
  readonly #seeAll: boolean;

  /**
   * @param options.all also gives what is as it was
   * @param options.seeAll looks at files of which nothing is known too; else whoever reads them does
   * @param options.ahead looks at files that are remembered before this sweep comes to them
   */
  constructor(
    walk: FolderWalk,
    cache: FolderCache,
    folder: FolderRow,
    options: { all: boolean; seeAll: boolean; ahead: LookAhead | undefined },
  ) {
    this.#walk = walk;
    this.#rows = new CachedRows(cache, folder, options.ahead);
    this.#all = options.all;
    this.#seeAll = options.seeAll;
  }

  /**
   * Whether rows are not those that were there together, or could not be read: then what is gone since may have been
   * overlooked. Complete when the pass is.
   *
   * @param sum of all runs, as it was
   */
  hasLostRows(sum: number): boolean {
    return this.#rows.sum !== sum;
  }

  /** Makes the pass. A `PAUSE` says that its caller may let other work in. */
  *[Symbol.iterator](): Generator<Swept | typeof PAUSE, void, undefined> {
    const rows = this.#rows;
    for (const walked of this.#walk) {
      if (walked === PAUSE) {
        yield PAUSE;
        continue;
      }
      const { path } = walked;
      // Mostly the row is there: equality is cheaper to find out than order.
      let isAt = rows.isAt(path);
      while (!isAt && rows.isBefore(path)) {
        yield { kind: "gone", path: rows.path, before: rows.take() };
        isAt = rows.isAt(path);
      }
      const isKnown = isAt && walked.kind === "file" && rows.isAsItWas;
      const isToBeSeen = walked.kind === "file" && !isKnown && (isAt || this.#seeAll);
      const found = isToBeSeen ? this.#walk.see(walked) : walked;
      // Gone since its folder was read: then it is not there.
      if (found === undefined) continue;
      this.#count(found);
      if (isKnown) this.counts.bytes += rows.size;
      if (!isAt) {
        yield { kind: "unknown", path, found, before: undefined };
      } else if (!isKnown && !rows.matches(found.kind === "seen" ? found.stat : undefined)) {
        yield { kind: "unknown", path, found, before: rows.take() };
      } else if (this.#all) {
        yield { kind: "known", path, entry: rows.take() };
      } else {
        rows.pass();
      }
      if (this.counts.names % NAMES_AT_ONCE === 0) yield PAUSE;
    }
    while (!rows.isDone) yield { kind: "gone", path: rows.path, before: rows.take() };
  }

  #count(found: WalkedName): void {
    this.counts.names++;
    if (found.kind === "file") this.counts.files++;
    if (found.kind !== "seen" || kindOf(found.stat) !== "file") return;
    this.counts.files++;
    this.counts.bytes += found.stat.size;
  }
}

/**
 * How many runs are handed over before the sweep comes to them: enough for a thread while edits of the manifest hold up the sweep.
 * With 128 nothing is faster, and what waits outlives the collections of young memory: of a million files 150 MiB of it.
 */
const RUNS_AHEAD = 24;

/** A whole run that the sweep has not reached. It is opened then: until it is, it is bytes and has no texts. */
interface WaitingRun {
  readonly data: Buffer;
  readonly answers: RunAnswers | undefined;
}

/** The rows of all runs of a folder as one ascending sequence. */
class CachedRows {
  readonly #runs: Iterator<{ data: Buffer }>;
  readonly #ahead: LookAhead | undefined;
  readonly #waiting: WaitingRun[] = [];
  #view: RunView | undefined;
  #answers: RunAnswers | undefined;
  #index = 0;
  #last: string | undefined;
  /** Of the runs that could be read. */
  sum = 0;

  constructor(cache: FolderCache, folder: FolderRow, ahead: LookAhead | undefined) {
    this.#runs = cache.runs(folder);
    this.#ahead = ahead;
    this.#nextRun();
  }

  get isDone(): boolean {
    return this.#view === undefined;
  }

  get path(): string {
    return (this.#view as RunView).path(this.#index);
  }

  /** Size of the file that the row remembers, in bytes. */
  get size(): number {
    return (this.#view as RunView).size(this.#index);
  }

  /** Whether the file is known to be as the row remembers it. */
  get isAsItWas(): boolean {
    return this.#answers?.isAsItWas(this.#index) === true;
  }

  isBefore(path: string): boolean {
    return this.#view !== undefined && comparePaths(this.#view.path(this.#index), path) < 0;
  }

  isAt(path: string): boolean {
    return this.#view !== undefined && this.#view.path(this.#index) === path;
  }

  matches(stat: FileStat | undefined): boolean {
    return (this.#view as RunView).matches(this.#index, stat);
  }

  take(): CachedEntry {
    const entry = (this.#view as RunView).entry(this.#index);
    this.pass();
    return entry;
  }

  pass(): void {
    const view = this.#view as RunView;
    this.#last = view.path(this.#index);
    this.#index++;
    if (this.#index >= view.count) this.#nextRun();
  }

  #nextRun(): void {
    for (;;) {
      this.#openAhead();
      const next = this.#waiting.shift();
      this.#view = undefined;
      this.#answers = next?.answers;
      this.#answers?.reach();
      this.#index = 0;
      if (next === undefined) return;
      const view = RunView.ofWhole(next.data);
      this.#view = view;
      // Runs of two processes may overlap: then what is behind is skipped.
      while (this.#last !== undefined && this.#index < view.count) {
        if (comparePaths(view.path(this.#index), this.#last) > 0) break;
        this.#index++;
      }
      if (this.#index < view.count) return;
    }
  }

  #openAhead(): void {
    while (this.#waiting.length < (this.#ahead === undefined ? 1 : RUNS_AHEAD)) {
      const next = this.#runs.next();
      if (next.done === true) return;
      const { data } = next.value;
      // A run that cannot be read is as good as none.
      if (!isWholeRun(data)) continue;
      this.sum += sumOfRun(data);
      this.#waiting.push({ data, answers: this.#ahead?.begin(data, rowsOfRun(data)) });
    }
  }
}
