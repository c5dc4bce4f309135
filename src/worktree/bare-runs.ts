/**
 * Reads chunks of adopted files, which lie there as they are: those that stand one after another together, and past the page
 * cache what is not in memory.
 */
import path from "node:path";
import { CHUNK_MAX_BYTES } from "../chunking/index.ts";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { BoundedCache, isAdopted } from "../objects/index.ts";
import { type FileSystem, storeReadError } from "../platform/index.ts";
import { type CheckedFile, type CheckedPieces, openChecked } from "./past-memory.ts";
import { type PlacedColumns, placeInRow } from "./placed-columns.ts";

/** How much is read at once. */
const RUN_BYTES: number = 4 * 1024 * 1024;
/** Content has mostly chunks of one adopted file, and of a few older ones. */
const OPEN_FILES_MAX = 8;

/** A file of the store that is open. */
interface OpenFile extends CheckedFile {
  readonly fds: readonly number[];
}

/** Rows whose bytes are in memory. */
interface Run {
  readonly columns: PlacedColumns;
  readonly from: number;
  readonly end: number;
  /** Where in the file they begin. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The adopted files of one store. */
export class BareRuns {
  readonly #fs: FileSystem;
  readonly #store: string;
  readonly #pieces: CheckedPieces;
  readonly #files: BoundedCache<OpenFile>;
  #run: Run | undefined;

  /** @param store the store's folder */
  constructor(fs: FileSystem, store: string, pieces: CheckedPieces) {
    this.#fs = fs;
    this.#store = store;
    this.#pieces = pieces;
    this.#files = new BoundedCache(OPEN_FILES_MAX, ({ fds }) => {
      for (const fd of fds) fs.close(fd);
    });
  }

  /**
   * The bytes of the chunk in a row, not checked. They stay until another row is read, or anything else into the same pieces.
   *
   * @throws ArtifoldError DAMAGED, STORE_READ_FAILED
   */
  read(columns: PlacedColumns, row: number): Uint8Array {
    const { offset, length } = placeInRow(columns, row);
    if (length > CHUNK_MAX_BYTES) throw new ArtifoldError("DAMAGED", "a chunk longer than chunks can be");
    let run = this.#run;
    if (run === undefined || run.columns !== columns || row < run.from || row >= run.end) {
      run = this.#readRun(columns, row);
      this.#run = run;
    }
    return run.bytes.subarray(offset - run.offset, offset - run.offset + length);
  }

  /** Forgets what was read: the memory is used for something else. */
  forget(): void {
    this.#run = undefined;
  }

  close(): void {
    this.forget();
    this.#files.clear();
  }

  /** Reads a row, and as many after it as stand behind it. */
  #readRun(columns: PlacedColumns, from: number): Run {
    const { path: file, offset } = placeInRow(columns, from);
    let length = columns.lengths[from] as number;
    let end = from + 1;
    for (; end < columns.count; end++) {
      const next = placeInRow(columns, end);
      if (next.path !== file || next.offset !== offset + length || length + next.length > RUN_BYTES) break;
      length += next.length;
    }
    const bytes = this.#read(file, offset, length);
    if (bytes.length < length) {
      throw new ArtifoldError("DAMAGED", `${file} ends too early`, { info: { file, offset } });
    }
    return { columns, from, end, offset, bytes };
  }

  #read(file: string, offset: number, length: number): Uint8Array {
    try {
      return this.#pieces.read(this.#open(file), offset, length);
    } catch (error) {
      throw storeReadError(error);
    }
  }

  #open(file: string): OpenFile {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const fds: number[] = [];
    try {
      const open = { ...openChecked(this.#fs, path.join(this.#store, file), fds), fds };
      this.#files.set(file, open, 1);
      return open;
    } catch (error) {
      for (const fd of fds) this.#fs.close(fd);
      if (errnoOf(error) !== "ENOENT") throw error;
      throw new ArtifoldError("DAMAGED", `${file} of the store is not there`, { cause: error, info: { file } });
    }
  }
}

/** Whether the chunk in a row is in an adopted file. */
export function isBare(columns: PlacedColumns, row: number): boolean {
  return isAdopted(columns.packs[columns.files[row] as number] as string);
}
