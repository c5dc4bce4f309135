/** Finds where objects lie: in the journal's last segment, in runs of places, and in the tables of files. */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { removeQuietly } from "../platform/index.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { PlacesRun, runNames, writeRun } from "./places-run.ts";
import { mergeRows, TableCursor } from "./run-rows.ts";
import { adoptedPath, type StoreFiles, tablePathOf } from "./store-files.ts";
import { decodeFoot, FOOT_BYTES, openTable, type Place, type Table } from "./table.ts";

/** A file with objects and a table: a pack, a sealed segment of the journal, or an adopted file. */
export interface ContentFile {
  /** Path below the store's folder. */
  readonly path: string;
}

/** Says where objects lie that are in no table yet: those in the journal's last segment. */
export interface RecentPlaces {
  /** @param digest 32 bytes, which are the caller's again at once */
  find(digest: Buffer): Place | undefined;
}

/** Tables of this size together stay in memory: more than there ever are of files that are in no run. */
const TABLES_BYTES_MAX: number = 64 * 1024 * 1024;
/** When so many files are in no run, their tables are merged into one; when there are so many runs, those are. */
const MERGE_COUNT = 8;
/** More of them are merged at once, but not once they are so long: all of them are in memory then. */
const MERGED_BYTES: number = 16 * 1024 * 1024;

/** The places of one store's objects. Digests are given as 32 bytes. */
export class PlaceIndex {
  /** Files that are lost or whose tables are damaged, and why. They hide nothing that lies elsewhere. */
  readonly damaged = new Map<string, ArtifoldError>();
  readonly #storeFiles: StoreFiles;
  readonly #recent: RecentPlaces;
  /** All files, the newest first: what was stored last is mostly wanted next. */
  #files: readonly ContentFile[] = [];
  /** Those that are in no run. */
  #single: readonly ContentFile[] = [];
  #runs: PlacesRun[] = [];
  readonly #tables = new BoundedCache<Table>(TABLES_BYTES_MAX);

  constructor(files: StoreFiles, recent: RecentPlaces) {
    this.#storeFiles = files;
    this.#recent = recent;
  }

  /** Says which files there are, in the order in which they came. */
  setFiles(files: readonly ContentFile[]): void {
    this.#files = [...files].reverse();
    this.damaged.clear();
    this.#openRuns();
  }

  /** The adopted file with some content, if there is one. */
  adopted(content: Digest): string | undefined {
    const start = adoptedPath(`${content}-`);
    return this.#files.find((file) => file.path.startsWith(start))?.path;
  }

  /** Where an object lies; `undefined` when the store does not have it. */
  find(digest: Buffer): Place | undefined {
    const recent = this.#recent.find(digest);
    if (recent !== undefined) return recent;
    for (const run of this.#runs) {
      const place = run.find(digest);
      if (place !== undefined) return place;
    }
    for (const file of this.#single) {
      const place = this.#findIn(file, digest);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  /** The first place and, where that leads astray (runs are caches), those that the tables of all files say. */
  *findAll(digest: Buffer): Generator<Place, void, undefined> {
    const first = this.find(digest);
    if (first !== undefined) yield first;
    for (const file of this.#files) {
      const place = this.#findIn(file, digest);
      if (place !== undefined) yield place;
    }
  }

  /** Merges tables, and runs, that have become many. Whoever fails at it loses nothing but time. */
  async merge(pause: () => Promise<void> = async () => {}): Promise<void> {
    while (this.#single.length >= MERGE_COUNT && (await this.#mergeTables(pause)));
    if (this.#runs.length >= MERGE_COUNT) await this.#mergeRuns(pause);
  }

  close(): void {
    this.#tables.clear();
    for (const run of this.#runs) run.close();
    this.#runs = [];
  }

  /** Opens the runs whose files are all there, and closes the others. */
  #openRuns(): void {
    const { fs, folder } = this.#storeFiles;
    const known = new Set(this.#files.map((file) => file.path));
    const kept = this.#files.length < MERGE_COUNT ? [] : runNames(fs, folder);
    const open = new Map(this.#runs.map((run) => [run.name, run]));
    this.#runs = [];
    for (const name of kept) {
      const run = open.get(name) ?? PlacesRun.open(fs, folder, name);
      if (run === undefined) continue;
      open.delete(name);
      if (run.paths.every((each) => known.has(each))) this.#runs.push(run);
      else run.close();
    }
    for (const gone of open.values()) gone.close();
    const covered = new Set(this.#runs.flatMap((run) => run.paths));
    // Runs answer for them, and mostly nobody asks their tables again.
    for (const path_ of covered) this.#tables.delete(path_);
    this.#single = this.#files.filter((file) => !covered.has(file.path));
  }

  /** @returns whether fewer are in no run now: not where too few can be read, nor where the run was lost at once */
  async #mergeTables(pause: () => Promise<void>): Promise<boolean> {
    const tables: { readonly path: string; readonly table: Table }[] = [];
    let bytes = 0;
    for (const file of this.#single) {
      if (tables.length >= MERGE_COUNT && bytes >= MERGED_BYTES) break;
      const table = this.#table(file);
      if (table === undefined) continue;
      tables.push({ path: file.path, table });
      bytes += table.byteLength;
    }
    if (tables.length < MERGE_COUNT) return false;
    const paths = tables.map((each) => each.path);
    const rows = mergeRows(tables.map(({ table }, file) => new TableCursor(table, file)));
    const rowCount = tables.reduce((sum, { table }) => sum + table.rowCount, 0);
    await writeRun(this.#storeFiles.fs, this.#storeFiles.folder, { paths, rows, rowCount }, pause);
    const before = this.#single.length;
    this.#openRuns();
    return this.#single.length < before;
  }

  /** Merges the smallest runs: each row is then rewritten a number of times that grows with the logarithm of all rows. */
  async #mergeRuns(pause: () => Promise<void>): Promise<void> {
    const { fs, folder } = this.#storeFiles;
    const runs = [...this.#runs].sort((left, right) => left.rowCount - right.rowCount).slice(0, MERGE_COUNT);
    const paths = [...new Set(runs.flatMap((run) => run.paths))];
    const numbers = new Map(paths.map((each, number) => [each, number]));
    const rows = mergeRows(runs.map((run) => run.cursor(run.paths.map((each) => numbers.get(each) as number))));
    const rowCount = runs.reduce((sum, run) => sum + run.rowCount, 0);
    try {
      await writeRun(fs, folder, { paths, rows, rowCount }, pause);
    } catch (error) {
      // A run is a cache: those that are damaged go, and their files are merged again from their tables.
      if (!isArtifoldError(error, "DAMAGED")) throw error;
    }
    for (const run of runs) removeQuietly(fs, path.join(folder, run.name));
    this.#openRuns();
  }

  #findIn(file: ContentFile, digest: Buffer): Place | undefined {
    const place = this.#table(file)?.find(digest);
    return place === undefined ? undefined : { ...place, path: file.path };
  }

  /** The table of a file; `undefined` for a file that is lost or damaged there. */
  #table(file: ContentFile): Table | undefined {
    const known = this.#tables.get(file.path);
    if (known !== undefined || this.damaged.has(file.path)) return known;
    try {
      const table = this.#readTable(file.path);
      this.#tables.set(file.path, table, table.byteLength);
      return table;
    } catch (error) {
      // What the machine refuses now it may allow at the next try, and it says nothing of the file.
      if (!isArtifoldError(error, "DAMAGED")) throw error;
      this.damaged.set(file.path, new ArtifoldError("DAMAGED", `${file.path}: ${error.message}`, { cause: error }));
      return undefined;
    }
  }

  #readTable(file: string): Table {
    const holder = tablePathOf(file);
    const length = this.#storeFiles.length(holder);
    const foot = decodeFoot(this.#storeFiles.read(holder, Math.max(0, length - FOOT_BYTES), FOOT_BYTES), length);
    return openTable(this.#storeFiles.read(holder, foot.tableOffset, foot.tableLength), foot);
  }
}
