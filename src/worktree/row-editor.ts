/** Changes the rows of a folder's memory. */
import type { NewRun } from "../catalog/index.ts";
import { comparePaths } from "../manifest/index.ts";
import type { FolderMemory } from "./folder-memory.ts";
import { encodeRun, type NewRow, type RowRange, RunView, sumOfRun } from "./run.ts";

const RUN_ROWS = 512;
const RUNS_AT_ONCE = 32;

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
  #isOpen = false;
  /** The open run; absent where it does not have one, or one that is damaged. */
  #view: RunView | undefined;
  /** The first of its rows that was not gone past. */
  #index = 0;
  /** What goes into the next run, and how many rows that is. */
  #out: (NewRow | RowRange)[] = [];
  #count = 0;
  #fresh: NewRun[] = [];
  #gone: number[] = [];
  #touched = false;

  constructor(memory: FolderMemory) {
    this.#memory = memory;
    this.#runs = memory.cache.runStarts(memory.folder);
  }

  edit({ path, row }: RowEdit): void {
    this.#goTo(path);
    if (!this.#isOpen) this.#openRun();
    const view = this.#view;
    if (view !== undefined) {
      this.#keepUpTo(view, view.rowAt(path, this.#index));
      if (this.#index < view.count && view.path(this.#index) === path) this.#index++;
    }
    if (row !== undefined) this.#put(row, 1);
  }

  /** Writes what is left. */
  finish(): void {
    this.#closeRun();
    this.#write();
  }

  #goTo(path: string): void {
    if (this.#run === -1 && this.#runs.length > 0) this.#run = 0;
    for (;;) {
      const next = this.#runs[this.#run + 1];
      if (next === undefined || comparePaths(next.first, path) > 0) return;
      this.#closeRun();
      this.#run++;
    }
  }

  #openRun(): void {
    this.#isOpen = true;
    const run = this.#runs[this.#run];
    if (run === undefined) return;
    this.#gone.push(run.row);
    this.#view = RunView.open(this.#memory.cache.run(this.#memory.folder, run.row));
    this.#index = 0;
  }

  #closeRun(): void {
    if (!this.#isOpen) return;
    if (this.#view !== undefined) this.#keepUpTo(this.#view, this.#view.count);
    this.#view = undefined;
    this.#isOpen = false;
    // Two halves rather than a full run and a crumb.
    if (this.#count > RUN_ROWS) this.#pack(Math.ceil(this.#count / 2));
    if (this.#count > 0) this.#pack(this.#count);
    if (this.#fresh.length + this.#gone.length >= RUNS_AT_ONCE) this.#write();
  }

  #keepUpTo(view: RunView, to: number): void {
    if (to > this.#index) this.#put({ view, from: this.#index, to }, to - this.#index);
    this.#index = to;
  }

  #put(part: NewRow | RowRange, rows: number): void {
    this.#out.push(part);
    this.#count += rows;
    while (this.#count >= 2 * RUN_ROWS) this.#pack(RUN_ROWS);
  }

  /** Packs the first rows of what waits. */
  #pack(count: number): void {
    const parts = this.#take(count);
    const [head] = parts as [NewRow | RowRange];
    const first = Buffer.from("view" in head ? head.view.path(head.from) : head.entry.path, "utf8");
    const data = encodeRun(parts);
    this.#fresh.push({ first, data, sum: sumOfRun(data) });
    if (this.#fresh.length >= RUNS_AT_ONCE) this.#write();
  }

  #take(count: number): (NewRow | RowRange)[] {
    this.#count -= count;
    let left = count;
    for (let index = 0; index < this.#out.length; index++) {
      const part = this.#out[index] as NewRow | RowRange;
      const rows = "view" in part ? part.to - part.from : 1;
      if (rows < left) {
        left -= rows;
        continue;
      }
      const taken = this.#out.slice(0, index + 1);
      // Not cut off in place: what a long-lived array had grown out of would hold its rows until the next large collection.
      this.#out = this.#out.slice(index + 1);
      if ("view" in part && rows > left) {
        const middle = part.from + left;
        taken[index] = { ...part, to: middle };
        this.#out.unshift({ ...part, from: middle });
      }
      return taken;
    }
    return this.#out.splice(0);
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
