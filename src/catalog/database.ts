/** Opens SQLite files with the settings that rules R12 to R15 ask for. The only place that loads better-sqlite3. */
import { createRequire } from "node:module";
import path from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { ArtifoldError } from "../errors.ts";
import { diskSpace, monotonicNow } from "../platform/index.ts";

/** An open SQLite database. */
export type Database = BetterSqlite3.Database;

const require = createRequire(import.meta.url);
/** Versions before it can lose committed pages when two connections write and checkpoint at once. */
const SQLITE_LEAST = [3, 51, 3] as const;
/** How long a call may hold up the event loop while another process has the lock; above it callers try again later. */
export const BUSY_MS = 40;

let sqlite: typeof BetterSqlite3 | undefined;
let isChecked = false;

/** Opens a file; at the first one the native part is looked for, and its version checked. */
function openFile(file: string | Buffer, options: BetterSqlite3.Options): Database {
  sqlite ??= require("better-sqlite3") as typeof BetterSqlite3;
  let database: Database;
  try {
    database = new sqlite(file, options);
  } catch (error) {
    // Errors of SQLite have a code of SQLite; any other says that the native part does not load.
    if (sqliteCode(error) !== undefined) throw error;
    throw new ArtifoldError("NATIVE_MISSING", "the native part of better-sqlite3 is not installed", {
      cause: error,
      hint:
        "Install it with `npm rebuild better-sqlite3` (npm), or `pnpm approve-builds` and " +
        "`pnpm rebuild better-sqlite3` (pnpm).",
    });
  }
  if (!isChecked) checkVersion(database.prepare("SELECT sqlite_version()").pluck().get() as string);
  isChecked = true;
  return database;
}

function checkVersion(version: string): void {
  const parts = version.split(".").map(Number);
  for (let index = 0; index < SQLITE_LEAST.length; index++) {
    const [part, least] = [parts[index] ?? 0, SQLITE_LEAST[index] as number];
    if (part > least) return;
    if (part < least) {
      throw new ArtifoldError("NATIVE_MISSING", `SQLite ${version} can lose data: at least 3.51.3 is needed`, {
        hint: "Install better-sqlite3 12.11.1.",
      });
    }
  }
}

/** The version of SQLite that is in use: `doctor` shows it. */
export function sqliteVersion(): string {
  const database = openFile(":memory:", {});
  try {
    return database.prepare("SELECT sqlite_version()").pluck().get() as string;
  } finally {
    database.close();
  }
}

/** How a database is to be kept. */
export interface DatabaseOptions {
  /** `"wal"` for data, `"rollback"` for a file that is only there to be locked. */
  readonly journal: "wal" | "rollback";
  /** Never flushes: for a cache that finds out by itself what a power cut took or mixed up. */
  readonly isUnflushed?: boolean;
  readonly busyMs?: number;
  /** Fails where there is no such file, instead of making it. */
  readonly mustExist?: boolean;
}

/** Opens the image of a database in memory, whatever kind of file it was made from. */
export function openImage(image: Buffer): Database {
  // Bytes 18 and 19 say that a WAL stands beside the file. In memory none does.
  image.fill(1, 18, 20);
  return openFile(image, {});
}

/** Opens (or makes) a database file. Throws what SQLite throws; see {@link isDamagedDatabase} and {@link isBusy}. */
export function openDatabase(file: string, options: DatabaseOptions): Database {
  const database = openFile(file, { timeout: options.busyMs ?? BUSY_MS, fileMustExist: options.mustExist ?? false });
  try {
    if (options.journal === "wal" && file !== ":memory:") {
      refuseHoles(path.dirname(file));
      const mode = startWal(database, options.busyMs ?? BUSY_MS);
      if (mode !== "wal") throw new ArtifoldError("STORE_REFUSED", `${file} cannot be kept in WAL mode (${mode})`);
      // The journal of the store is the commit point; what a power cut takes from the catalog is folded in again.
      database.pragma(`synchronous = ${options.isUnflushed === true ? "OFF" : "NORMAL"}`);
      database.pragma("journal_size_limit = 67108864");
    }
    database.pragma("trusted_schema = OFF");
    database.pragma("cell_size_check = ON");
    database.pragma("mmap_size = 0");
    database.pragma("foreign_keys = ON");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite writes one byte for each so many of a file that it maps, so that the rest has room too. */
const RESERVED_BYTES = 4096;
/** Room for what is mapped of the store's databases, and for what else may be written before it is filled. */
const HOLES_BYTES: number = 1024 * 1024;

/**
 * Refuses a disk that is nearly full where its blocks are smaller than SQLite takes them to be: most of what it maps are
 * holes then, and a hole without room ends the process by SIGBUS.
 */
function refuseHoles(folder: string): void {
  const { free, block } = diskSpace(folder);
  if (block >= RESERVED_BYTES || free >= HOLES_BYTES) return;
  throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
}

const WAL_RETRY_MS = 5;

/** Where two processes do it to a new file at once, SQLite tells one of them that it is busy, without waiting as for other locks. */
function startWal(database: Database, busyMs: number): unknown {
  const until = monotonicNow() + busyMs;
  for (;;) {
    try {
      return database.pragma("journal_mode = WAL", { simple: true });
    } catch (error) {
      if (!isBusy(error) || monotonicNow() >= until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAL_RETRY_MS);
    }
  }
}

/** Whether an error says that another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error)?.startsWith("SQLITE_BUSY") === true;
}

/** Whether an error says that the file is no sound database. */
export function isDamagedDatabase(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && /^SQLITE_(CORRUPT|NOTADB)/.test(code);
}

/** Whether an error says that the file cannot be written: no room, no right, a disk that only reads. */
export function isUnwritableDatabase(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && /^SQLITE_(FULL|READONLY|CANTOPEN|IOERR|PERM)/.test(code);
}

/** Whether an error comes from SQLite. */
export function isDatabaseError(error: unknown): boolean {
  return sqliteCode(error) !== undefined;
}

/** SQLite needs this much for the files beside a database, and does not always say that it was room that lacked. */
const ROOM_BYTES = 64 * 1024;

/** Whether an error of a file in a folder says, or lets see, that the disk is full. */
export function isFullDisk(error: unknown, folder: string): boolean {
  return sqliteCode(error) === "SQLITE_FULL" || (isUnwritableDatabase(error) && diskSpace(folder).free < ROOM_BYTES);
}

/** The error for the user where a file of SQLite in the store cannot be written; others stay as they are. */
export function unwritableError(error: unknown, file: string): unknown {
  if (!isUnwritableDatabase(error)) return error;
  const info = { path: file };
  if (isFullDisk(error, path.dirname(file))) {
    return new ArtifoldError("NO_SPACE", `no space left to write ${path.basename(file)} of the store`, {
      cause: error,
      info,
      hint: "Make room on the disk that holds the store and try again; the store is as it was.",
    });
  }
  return new ArtifoldError("STORE_WRITE_FAILED", `cannot write ${path.basename(file)} of the store: ${String(error)}`, {
    cause: error,
    info,
    hint: "Give yourself the right to write in the store's folder.",
  });
}

function sqliteCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && code.startsWith("SQLITE_") ? code : undefined;
}
