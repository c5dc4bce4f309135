/** Finds and reads the objects of a store, whichever file they lie in. Every byte is checked before it leaves. */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, errnoOf, isArtifoldError } from "../errors.ts";
import { type FileSystem, openFlags, readFully, removeQuietly, storeReadError } from "../platform/index.ts";
import { FRAME_BYTES_MAX, Frame, type ObjectType } from "./frame.ts";
import { mergeRows, type Place, type PlacedRow, PlacesRun, runNames, writeRun } from "./places-run.ts";
import { decodeFoot, FOOT_BYTES, openTable, type Table } from "./table.ts";

/** A file with frames and a table: a pack or a sealed segment of the journal. */
export interface ContentFile {
  /** Path below the store's folder. */
  readonly path: string;
}

/** Says where objects lie that are in no table yet: those in the journal's last segment. */
export interface RecentPlaces {
  find(digest: Digest): Place | undefined;
}

/** Tables of this size together stay in memory: more than there ever are of files that are in no run. */
const TABLES_BYTES_MAX: number = 64 * 1024 * 1024;
/** When so many files are in no run, their tables are merged into one; when there are so many runs, those are. */
const MERGE_COUNT = 8;
const OPEN_FILES_MAX = 64;
/** Frames being read stay in memory: neighbours are mostly wanted together. */
const FRAMES_BYTES_MAX: number = 16 * 1024 * 1024;

/** The objects of one store. Not shared between threads. */
export class ObjectStore {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #recent: RecentPlaces;
  /** All files, the newest first: what was stored last is mostly wanted next. */
  #files: readonly ContentFile[] = [];
  /** Those that are in no run. */
  #single: readonly ContentFile[] = [];
  #runs: PlacesRun[] = [];
  readonly #tables = new BoundedCache<Table>(TABLES_BYTES_MAX);
  /** Files that are lost or whose tables are damaged. They hide nothing that lies elsewhere. */
  readonly #damaged = new Map<string, ArtifoldError>();
  readonly #descriptors = new BoundedCache<number>(OPEN_FILES_MAX, (fd) => this.#fs.close(fd));
  readonly #frames = new BoundedCache<Frame>(FRAMES_BYTES_MAX);

  constructor(fs: FileSystem, folder: string, recent: RecentPlaces) {
    this.#fs = fs;
    this.#folder = folder;
    this.#recent = recent;
  }

  /** Says which files there are, in the order in which they came. */
  setFiles(files: readonly ContentFile[]): void {
    this.#files = [...files].reverse();
    this.#damaged.clear();
    this.#openRuns();
  }

  /** Where an object lies; `undefined` when the store does not have it. */
  locate(digest: Digest): Place | undefined {
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

  /** Whether a file says that it holds an object, whatever the runs say, which are caches: for those who verify. */
  isListed(digest: Digest): boolean {
    if (this.locate(digest) !== undefined) return true;
    for (const _ of this.#allPlaces(digest)) return true;
    return false;
  }

  /**
   * Reads an object.
   *
   * @throws ArtifoldError DAMAGED when it is not there, or none of its copies has the right bytes
   */
  read(digest: Digest, type: ObjectType): Uint8Array {
    const place = this.locate(digest);
    let failure: unknown;
    // Where the first place leads astray (runs are caches), the tables of all files are asked.
    for (const each of place === undefined ? this.#allPlaces(digest) : concat(place, this.#allPlaces(digest))) {
      try {
        return this.readAt(each, digest, type);
      } catch (error) {
        if (!isArtifoldError(error)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    const what = `the store should hold ${type} ${digest} and does not`;
    const [lost] = this.#damaged;
    if (lost === undefined) throw new ArtifoldError("DAMAGED", what, { info: { digest } });
    const [file, cause] = lost;
    throw new ArtifoldError("DAMAGED", `${what}; it may be in what cannot be read: ${cause.message}`, {
      cause,
      info: { digest, file },
      hint: "Run `artifold verify` to see what is lost and which versions are hit.",
    });
  }

  /** Merges tables, and runs, that have become many. Whoever fails at it loses nothing but time. */
  async merge(pause: () => Promise<void> = async () => {}): Promise<void> {
    if (this.#single.length >= MERGE_COUNT) await this.#mergeTables(pause);
    if (this.#runs.length >= MERGE_COUNT) await this.#mergeRuns(pause);
  }

  /** Closes all files. */
  close(): void {
    this.#descriptors.clear();
    this.#tables.clear();
    this.#frames.clear();
    for (const run of this.#runs) run.close();
    this.#runs = [];
  }

  /** Opens the runs whose files are all there, and closes the others. */
  #openRuns(): void {
    const known = new Set(this.#files.map((file) => file.path));
    const kept = this.#files.length < MERGE_COUNT ? [] : runNames(this.#fs, this.#folder);
    const open = new Map(this.#runs.map((run) => [run.name, run]));
    this.#runs = [];
    for (const name of kept) {
      const run = open.get(name) ?? PlacesRun.open(this.#fs, this.#folder, name);
      if (run === undefined) continue;
      open.delete(name);
      if (run.paths.every((each) => known.has(each))) this.#runs.push(run);
      else run.close();
    }
    for (const gone of open.values()) gone.close();
    const covered = new Set(this.#runs.flatMap((run) => run.paths));
    this.#single = this.#files.filter((file) => !covered.has(file.path));
  }

  async #mergeTables(pause: () => Promise<void>): Promise<void> {
    const paths: string[] = [];
    const rows: Iterable<PlacedRow>[] = [];
    let rowCount = 0;
    for (const file of this.#single) {
      const table = this.#table(file);
      if (table === undefined) continue;
      paths.push(file.path);
      rows.push(rowsOf(file, table));
      rowCount += table.rowCount;
    }
    if (paths.length < MERGE_COUNT) return;
    await writeRun(this.#fs, this.#folder, paths, mergeRows(rows), rowCount, pause);
    this.#openRuns();
  }

  /** Merges the smallest runs: each row is then rewritten a number of times that grows with the logarithm of all rows. */
  async #mergeRuns(pause: () => Promise<void>): Promise<void> {
    const runs = [...this.#runs].sort((left, right) => left.rowCount - right.rowCount).slice(0, MERGE_COUNT);
    const paths = [...new Set(runs.flatMap((run) => run.paths))];
    const rows = mergeRows(runs.map((run) => run.rows()));
    const rowCount = runs.reduce((sum, run) => sum + run.rowCount, 0);
    try {
      await writeRun(this.#fs, this.#folder, paths, rows, rowCount, pause);
    } catch (error) {
      // A run is a cache: those that are damaged go, and their files are merged again from their tables.
      if (!isArtifoldError(error, "DAMAGED")) throw error;
    }
    for (const run of runs) removeQuietly(this.#fs, path.join(this.#folder, run.name));
    this.#openRuns();
  }

  *#allPlaces(digest: Digest): Generator<Place, void, undefined> {
    for (const file of this.#files) {
      const place = this.#findIn(file, digest);
      if (place !== undefined) yield place;
    }
  }

  #findIn(file: ContentFile, digest: Digest): Place | undefined {
    const place = this.#table(file)?.find(digest);
    return place === undefined ? undefined : { ...place, path: file.path };
  }

  /** Reads an object from a place that is known. @throws ArtifoldError DAMAGED when other bytes stand there */
  readAt(place: Place, digest: Digest, type: ObjectType): Uint8Array {
    const key = `${place.path}:${place.offset}`;
    let frame = this.#frames.get(key);
    try {
      if (frame === undefined) {
        if (place.length > FRAME_BYTES_MAX) throw new ArtifoldError("DAMAGED", "a frame longer than frames can be");
        frame = new Frame(this.#readBytes(place.path, place.offset, place.length));
        this.#frames.set(key, frame, frame.head.rawLength + place.length);
      }
      if (frame.head.type !== type || frame.digest(place.index) !== digest) {
        throw new ArtifoldError("DAMAGED", `another object stands where ${type} ${digest} should be`);
      }
      return frame.object(place.index);
    } catch (error) {
      this.#frames.delete(key);
      if (!isArtifoldError(error)) throw error;
      throw new ArtifoldError(error.code, `${place.path} at ${place.offset}: ${error.message}`, {
        cause: error,
        info: { file: place.path, offset: place.offset, digest },
        hint: "Run `artifold verify` to see which versions are hit.",
      });
    }
  }

  /** The table of a file; `undefined` for a file that is lost or damaged there. */
  #table(file: ContentFile): Table | undefined {
    const known = this.#tables.get(file.path);
    if (known !== undefined || this.#damaged.has(file.path)) return known;
    try {
      const table = this.#readTable(file.path);
      this.#tables.set(file.path, table, table.byteLength);
      return table;
    } catch (error) {
      // What the machine refuses now it may allow at the next try, and it says nothing of the file.
      if (!isArtifoldError(error, "DAMAGED")) throw error;
      this.#damaged.set(file.path, new ArtifoldError("DAMAGED", `${file.path}: ${error.message}`, { cause: error }));
      return undefined;
    }
  }

  #readTable(file: string): Table {
    const length = Number(this.#fs.stat(this.#open(file)).size);
    const foot = decodeFoot(this.#readBytes(file, Math.max(0, length - FOOT_BYTES), FOOT_BYTES), length);
    return openTable(this.#readBytes(file, foot.tableOffset, foot.tableLength), foot);
  }

  #readBytes(file: string, offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(length);
    const fd = this.#open(file);
    try {
      if (readFully(this.#fs, fd, bytes, offset) === length) return bytes;
    } catch (error) {
      throw storeReadError(error);
    }
    throw new ArtifoldError("DAMAGED", `${file} ends too early`, { info: { file, offset } });
  }

  #open(file: string): number {
    const known = this.#descriptors.get(file);
    if (known !== undefined) return known;
    let fd: number;
    try {
      fd = this.#fs.open(path.join(this.#folder, file), openFlags.read);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw storeReadError(error);
      throw new ArtifoldError("DAMAGED", `${file} of the store is not there`, { cause: error, info: { file } });
    }
    this.#descriptors.set(file, fd, 1);
    return fd;
  }
}

function* rowsOf(file: ContentFile, table: Table): Generator<PlacedRow, void, undefined> {
  for (const row of table.rows()) yield { ...row, path: file.path };
}

function* concat<Item>(first: Item, rest: Iterable<Item>): Generator<Item, void, undefined> {
  yield first;
  yield* rest;
}

/** Keeps values up to a cost; those not used for longest go first. */
export class BoundedCache<Value> {
  readonly #kept = new Map<string, { value: Value; cost: number }>();
  readonly #costMax: number;
  readonly #onDrop: (value: Value) => void;
  #cost = 0;

  constructor(costMax: number, onDrop: (value: Value) => void = () => {}) {
    this.#costMax = costMax;
    this.#onDrop = onDrop;
  }

  get(key: string): Value | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value;
  }

  set(key: string, value: Value, cost: number): void {
    this.delete(key);
    this.#kept.set(key, { value, cost });
    this.#cost += cost;
    for (const oldest of this.#kept.keys()) {
      if (this.#cost <= this.#costMax || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#cost -= kept.cost;
    this.#onDrop(kept.value);
  }

  clear(): void {
    for (const key of [...this.#kept.keys()]) this.delete(key);
  }
}
