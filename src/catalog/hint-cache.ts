/**
 * What was read beside nodes of remotes, which is where their children lie, and what was written to logs of late. A file of its own (`cache-remotes.db`) that may be lost at
 * any time: then the remote's index is asked, which takes a few requests more.
 */
import { type Digest, digestToBytes } from "../digest/index.ts";
import { type FileSystem, removeQuietly } from "../platform/index.ts";
import { type Database, isDamagedDatabase, isDatabaseError, openDatabase } from "./database.ts";

const CACHE_VERSION = 1;
/** Rows that wait to be written together. */
const WAITING_MAX = 512;

const tables = `
  CREATE TABLE hint (
    remote TEXT NOT NULL,
    object BLOB NOT NULL,
    -- "children" of a node, "root": where the root of a manifest lies, or "part0", "part1", …: of a log, that ends with a step.
    kind TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (remote, object, kind)
  ) WITHOUT ROWID;
  CREATE TABLE index_position (
    remote TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    slot INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

/** What a hint is of. */
export type HintKind = "children" | "root" | `part${number}`;

interface Waiting {
  readonly remote: Digest;
  readonly object: Digest;
  readonly kind: HintKind;
  readonly data: Uint8Array;
}

/** The open cache. Trouble with it is never told: whoever asks goes another way. */
export class HintCache {
  readonly #database: Database;
  readonly #waiting = new Map<string, Waiting>();

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Opens the cache; one that is damaged begins anew, one that cannot be written stays in memory. */
  static open(fs: FileSystem, file: string): HintCache {
    try {
      return new HintCache(openFile(file));
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      if (isDamagedDatabase(error)) for (const end of ["", "-wal", "-shm"]) removeQuietly(fs, file + end);
      return new HintCache(openFile(":memory:"));
    }
  }

  /** A hint, as it was remembered. */
  get(remote: Digest, object: Digest, kind: HintKind): Uint8Array | undefined {
    const waiting = this.#waiting.get(keyOf(remote, object, kind));
    if (waiting !== undefined) return waiting.data;
    return this.#guarded(() =>
      this.#database
        .prepare("SELECT data FROM hint WHERE remote = ? AND object = ? AND kind = ?")
        .pluck()
        .get(remote, digestToBytes(object), kind),
    ) as Uint8Array | undefined;
  }

  set(remote: Digest, object: Digest, kind: HintKind, data: Uint8Array): void {
    this.#waiting.set(keyOf(remote, object, kind), { remote, object, kind, data });
    if (this.#waiting.size >= WAITING_MAX) this.settle();
  }

  remove(remote: Digest, object: Digest, kind: HintKind): void {
    if (this.#waiting.delete(keyOf(remote, object, kind))) return;
    this.#guarded(() =>
      this.#database
        .prepare("DELETE FROM hint WHERE remote = ? AND object = ? AND kind = ?")
        .run(remote, digestToBytes(object), kind),
    );
  }

  /** Where a remote's index was once. */
  indexPosition(remote: Digest): { readonly epoch: number; readonly slot: number } | undefined {
    return this.#guarded(() =>
      this.#database.prepare("SELECT epoch, slot FROM index_position WHERE remote = ?").get(remote),
    ) as { epoch: number; slot: number } | undefined;
  }

  setIndexPosition(remote: Digest, { epoch, slot }: { readonly epoch: number; readonly slot: number }): void {
    this.#guarded(() =>
      this.#database
        .prepare("INSERT OR REPLACE INTO index_position (remote, epoch, slot) VALUES (?, ?, ?)")
        .run(remote, epoch, slot),
    );
  }

  /** Forgets all hints of a remote: its gc has moved what they speak of. */
  forget(remote: Digest): void {
    for (const [key, each] of this.#waiting) if (each.remote === remote) this.#waiting.delete(key);
    this.#guarded(() => this.#database.prepare("DELETE FROM hint WHERE remote = ?").run(remote));
  }

  /** Writes what waits. */
  settle(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    if (waiting.length === 0) return;
    this.#guarded(() => {
      const insert = this.#database.prepare(
        "INSERT OR REPLACE INTO hint (remote, object, kind, data) VALUES (?, ?, ?, ?)",
      );
      this.#database
        .transaction(() => {
          for (const { remote, object, kind, data } of waiting) insert.run(remote, digestToBytes(object), kind, data);
        })
        .immediate();
    });
  }

  close(): void {
    this.settle();
    this.#database.close();
  }

  #guarded<Result>(action: () => Result): Result | undefined {
    try {
      return action();
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      return undefined;
    }
  }
}

function keyOf(remote: Digest, object: Digest, kind: HintKind): string {
  return `${kind}:${object}:${remote}`;
}

function openFile(file: string): Database {
  const database = openDatabase(file, { journal: "wal" });
  try {
    const make = database.transaction(() => {
      if (database.pragma("user_version", { simple: true }) === CACHE_VERSION) return;
      for (const table of ["hint", "index_position"]) database.exec(`DROP TABLE IF EXISTS ${table}`);
      database.exec(tables);
      database.pragma(`user_version = ${CACHE_VERSION}`);
    });
    make.immediate();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
