/**
 * What is remembered of the user's folders: for each, the version it holds, and the stat cache as packed runs.
 *
 * It is a file of its own (`cache-folders.db`) that may be lost at any time: then folders are read again. It is never
 * flushed. After a power cut pages of it may be older than others: each run has a checksum, and the sum of all tells
 * whether they are those that were there together.
 */
import path from "node:path";
import { type FileSystem, removeQuietly } from "../platform/index.ts";
import { type Database, isDamagedDatabase, isUnwritableDatabase, openDatabase } from "./database.ts";

/** A folder that is remembered. */
export interface FolderRow {
  readonly row: number;
  /** The folder's path without links. */
  readonly path: string;
  /** What its runs were made under: filters. The same folder scanned in two ways is remembered twice. */
  readonly view: string;
  /** What the folder holds, as JSON of the room that asks. */
  readonly holds: string | undefined;
  /** Grows with every replacement of runs. */
  readonly generation: number;
}

/** Some five hundred neighbouring files of a folder, packed. Runs of one folder do not overlap. */
export interface Run {
  readonly row: number;
  readonly data: Buffer;
}

/** A run on its way into the cache. */
export interface NewRun {
  /** The first path in it. */
  readonly first: Buffer;
  readonly data: Buffer;
  /** A part of its checksum, below 2^32. */
  readonly sum: number;
}

/** Raised when tables or the packing of runs change; what other versions left is thrown away. */
const CACHE_VERSION = 3;

const tables = `
  CREATE TABLE folder (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    view TEXT NOT NULL,
    holds TEXT,
    -- Counts replacements of runs, so that a process sees that another one was at them too.
    generation INTEGER NOT NULL DEFAULT 0,
    UNIQUE (path, view)
  );
  CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    folder INTEGER NOT NULL REFERENCES folder ON DELETE CASCADE,
    first BLOB NOT NULL,
    -- Before the data: it is read without them.
    sum INTEGER NOT NULL,
    data BLOB NOT NULL
  );
  CREATE UNIQUE INDEX run_in_order ON run (folder, first);
`;

/** The open cache. Calls are synchronous and short. A file that turns out to be damaged is replaced. */
export class FolderCache {
  readonly #fs: FileSystem;
  readonly #file: string;
  #database: Database;

  private constructor(fs: FileSystem, file: string, database: Database) {
    this.#fs = fs;
    this.#file = file;
    this.#database = database;
  }

  /** Opens the cache; one that is damaged or of another version begins anew, one that cannot be written stays in memory. */
  static open(fs: FileSystem, file: string): FolderCache {
    try {
      return new FolderCache(fs, file, openFile(file));
    } catch (error) {
      if (!isDamagedDatabase(error) && !isUnwritableDatabase(error)) throw error;
      return new FolderCache(fs, file, openInstead(fs, file, error));
    }
  }

  close(): void {
    this.#database.close();
  }

  /** The memory of a folder, made if there is none. */
  folder(path: string, view: string): FolderRow {
    return this.#guarded(undefined, () => {
      const select = this.#database.prepare(`SELECT ${folderColumns} FROM folder WHERE path = ? AND view = ?`);
      const known = select.get(path, view) ?? this.#addFolder(path, view, select);
      return folderRow(known);
    });
  }

  /** Folders at or below a path that hold something. */
  foldersBelow(folder: string): FolderRow[] {
    const start = folder.endsWith(path.sep) ? folder : folder + path.sep;
    return this.#guarded(undefined, () =>
      this.#database
        .prepare(
          `SELECT ${folderColumns} FROM folder
            WHERE holds IS NOT NULL AND (path = @folder OR (path > @start AND path < @end)) ORDER BY path`,
        )
        .all({ folder, start, end: `${start}\u{10ffff}` })
        .map(folderRow),
    );
  }

  /** Notes what a folder holds. */
  setHolds(folder: FolderRow, holds: string | undefined): void {
    this.#guarded(folder, () =>
      this.#database.prepare("UPDATE folder SET holds = ? WHERE id = ?").run(holds ?? null, folder.row),
    );
  }

  /** How often runs of a folder were replaced. */
  generation(folder: FolderRow): number {
    return this.#guarded(
      folder,
      () => this.#database.prepare("SELECT generation FROM folder WHERE id = ?").pluck().get(folder.row) as number,
    );
  }

  /** The runs of a folder, in the order of their files. Each is read when it is wanted. */
  *runs(folder: FolderRow): Generator<Run> {
    for (const { row } of this.runStarts(folder)) yield { row, data: this.run(folder, row) };
  }

  /** Where each run of a folder begins. */
  runStarts(folder: FolderRow): { row: number; first: string }[] {
    return this.#guarded(folder, () => {
      const select = this.#database.prepare("SELECT id AS row, first FROM run WHERE folder = ? ORDER BY first");
      const rows = select.all(folder.row) as { row: number; first: Buffer }[];
      return rows.map(({ row, first }) => ({ row, first: first.toString("utf8") }));
    });
  }

  /** A run's bytes; none when it was replaced or lost since: then its files are read again. */
  run(folder: FolderRow, row: number): Buffer {
    return this.#guarded(folder, () => {
      this.#selectRun ??= this.#database.prepare("SELECT data FROM run WHERE id = ?").pluck();
      return (this.#selectRun.get(row) as Buffer | undefined) ?? Buffer.alloc(0);
    });
  }

  /** The sum of what all runs of a folder say is theirs. */
  sum(folder: FolderRow): number {
    return this.#guarded(
      folder,
      () => this.#database.prepare("SELECT total(sum) FROM run WHERE folder = ?").pluck().get(folder.row) as number,
    );
  }

  #selectRun: { get(row: number): unknown } | undefined;

  /** Replaces runs of a folder in one transaction. @returns the folder's new generation */
  replaceRuns(folder: FolderRow, gone: readonly number[], fresh: readonly NewRun[]): number {
    return this.#guarded(folder, () => {
      const remove = this.#database.prepare("DELETE FROM run WHERE id = ?");
      const insert = this.#database.prepare(
        "INSERT OR REPLACE INTO run (folder, first, sum, data) VALUES (?, ?, ?, ?)",
      );
      const count = this.#database
        .prepare("UPDATE folder SET generation = generation + 1 WHERE id = ? RETURNING generation")
        .pluck();
      return this.#database
        .transaction(() => {
          for (const row of gone) remove.run(row);
          for (const run of fresh) insert.run(folder.row, run.first, run.sum, run.data);
          return count.get(folder.row) as number;
        })
        .immediate();
    });
  }

  #addFolder(folder: string, view: string, select: { get(path: string, view: string): unknown }): unknown {
    this.#database.prepare("INSERT OR IGNORE INTO folder (path, view) VALUES (?, ?)").run(folder, view);
    return select.get(folder, view);
  }

  /** Tries again with an empty cache when the file turns out to be no use. @param folder what the call is about */
  #guarded<Result>(folder: FolderRow | undefined, action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      if (!isDamagedDatabase(error) && !isUnwritableDatabase(error)) throw error;
      this.#database.close();
      this.#selectRun = undefined;
      this.#database = openInstead(this.#fs, this.#file, error);
      if (folder !== undefined) this.#forget(folder);
      return action();
    }
  }

  /** A folder of which nothing is known, not even that it is undisturbed: its generation is one that nobody expects. */
  #forget({ row, path: folder, view, generation }: FolderRow): void {
    this.#database
      .prepare("INSERT OR IGNORE INTO folder (id, path, view, generation) VALUES (?, ?, ?, ?)")
      .run(row, folder, view, generation + FORGOTTEN_STEP);
  }
}

/** More than the replacements of runs that a process may have made since it read the generation. */
const FORGOTTEN_STEP = 2 ** 32;

/** How long to wait for another process: each of them writes for moments only. */
const WAIT_MS = 10_000;

function openFile(file: string): Database {
  const database = openDatabase(file, { journal: "wal", isUnflushed: true, busyMs: WAIT_MS });
  try {
    if (database.pragma("user_version", { simple: true }) === CACHE_VERSION) return database;
    database
      .transaction(() => {
        if (database.pragma("user_version", { simple: true }) === CACHE_VERSION) return;
        database.exec("DROP TABLE IF EXISTS run; DROP TABLE IF EXISTS folder;");
        database.exec(tables);
        database.pragma(`user_version = ${CACHE_VERSION}`);
      })
      .immediate();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens an empty cache in the place of one that is damaged, or in memory where the file cannot be written. */
function openInstead(fs: FileSystem, file: string, error: unknown): Database {
  if (isUnwritableDatabase(error)) return openFile(":memory:");
  for (const suffix of ["", "-wal", "-shm"]) removeQuietly(fs, file + suffix);
  try {
    return openFile(file);
  } catch (again) {
    // What could not be removed is still damaged: then what is remembered lasts as long as this process.
    if (!isDamagedDatabase(again) && !isUnwritableDatabase(again)) throw again;
    return openFile(":memory:");
  }
}

const folderColumns = "id AS row, path, view, holds, generation";

function folderRow(row: unknown): FolderRow {
  const { holds, ...rest } = row as Omit<FolderRow, "holds"> & { holds: string | null };
  return { ...rest, holds: holds ?? undefined };
}
