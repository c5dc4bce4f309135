/**
 * Compares a folder with what the stat cache remembers of it, in one pass over both.
 *
 * What did not change costs a comparison of a few numbers and makes no object.
 */
import type { FolderCache, FolderRow } from "../catalog/index.ts";
import { comparePaths } from "../manifest/index.ts";
import { type FileStat, kindOf } from "../platform/index.ts";
import { type CachedEntry, RunView } from "./run.ts";
import { PAUSE, type WalkedName } from "./walk.ts";

/** What a sweep finds, in path order. */
export type Swept =
  /** Something whose content is not known: new, changed, or too young to tell. */
  | {
      readonly kind: "unknown";
      readonly path: string;
      readonly stat: FileStat | undefined;
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
  bytes: number;
}

/** How many names pass before whoever makes a sweep may pause. */
const NAMES_AT_ONCE = 64;

/** One pass. */
export class Sweep {
  readonly counts: SweepCounts = { names: 0, files: 0, bytes: 0 };
  readonly #walk: Generator<WalkedName | typeof PAUSE, void, undefined>;
  readonly #rows: CachedRows;
  readonly #all: boolean;

  /** @param all also gives what is as it was */
  constructor(
    walk: Generator<WalkedName | typeof PAUSE, void, undefined>,
    cache: FolderCache,
    folder: FolderRow,
    all: boolean,
  ) {
    this.#walk = walk;
    this.#rows = new CachedRows(cache, folder);
    this.#all = all;
  }

  /** Whether rows could not be read: then what is gone since may have been overlooked. Complete when the pass is. */
  get hasLostRows(): boolean {
    return this.#rows.hasLostSome;
  }

  /** Makes the pass. A `PAUSE` says that its caller may let other work in. */
  *[Symbol.iterator](): Generator<Swept | typeof PAUSE, void, undefined> {
    const rows = this.#rows;
    for (const found of this.#walk) {
      if (found === PAUSE) {
        yield PAUSE;
        continue;
      }
      this.#count(found);
      // Mostly the row is there: equality is cheaper to find out than order.
      let isAt = rows.isAt(found.path);
      while (!isAt && rows.isBefore(found.path)) {
        yield { kind: "gone", path: rows.path, before: rows.take() };
        isAt = rows.isAt(found.path);
      }
      if (!isAt) {
        yield { kind: "unknown", path: found.path, stat: found.stat, before: undefined };
      } else if (!rows.matches(found.stat)) {
        yield { kind: "unknown", path: found.path, stat: found.stat, before: rows.take() };
      } else if (this.#all) {
        yield { kind: "known", path: found.path, entry: rows.take() };
      } else {
        rows.pass();
      }
      if (this.counts.names % NAMES_AT_ONCE === 0) yield PAUSE;
    }
    while (!rows.isDone) yield { kind: "gone", path: rows.path, before: rows.take() };
  }

  #count(found: WalkedName): void {
    this.counts.names++;
    if (found.stat === undefined || kindOf(found.stat) !== "file") return;
    this.counts.files++;
    this.counts.bytes += Number(found.stat.size);
  }
}

/** The rows of all runs of a folder as one ascending sequence. */
class CachedRows {
  readonly #runs: Iterator<{ data: Buffer }>;
  #view: RunView | undefined;
  #index = 0;
  #last: string | undefined;
  hasLostSome = false;

  constructor(cache: FolderCache, folder: FolderRow) {
    this.#runs = cache.runs(folder);
    this.#nextRun();
  }

  get isDone(): boolean {
    return this.#view === undefined;
  }

  get path(): string {
    return (this.#view as RunView).path(this.#index);
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
      const next = this.#runs.next();
      this.#view = next.done === true ? undefined : RunView.open(next.value.data);
      this.#index = 0;
      if (next.done === true) return;
      // A run that cannot be read is as good as none. Runs of two processes may overlap: then what is behind is skipped.
      const view = this.#view;
      if (view === undefined) {
        this.hasLostSome = true;
        continue;
      }
      while (this.#last !== undefined && this.#index < view.count) {
        if (comparePaths(view.path(this.#index), this.#last) > 0) break;
        this.#index++;
      }
      if (this.#index < view.count) return;
    }
  }
}
