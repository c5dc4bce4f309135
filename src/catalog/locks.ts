/**
 * Locks between processes: one small SQLite file that is never unlinked, so that the kernel frees what a dead process
 * held (rule R20).
 *
 * - shared, while an operation or a draft may use stored content;
 * - writer, while the journal is appended to, folded or cut; goes together with shared locks;
 * - exclusive, while content may be taken away; goes together with nothing.
 *
 * They are SQLite's own SHARED, RESERVED and EXCLUSIVE locks of a database in rollback mode.
 */
import { ArtifoldError } from "../errors.ts";
import { monotonicNow } from "../platform/index.ts";
import { type Database, isBusy, openDatabase, unwritableError } from "./database.ts";

/** Gives a lock back. Calling it again does nothing. */
export type Release = () => void;

/** How long to wait for a lock by default. */
export const LOCK_WAIT_MS = 30_000;

/** The locks of one store for one process. Waiting is in turn within the process and by chance between processes. */
export class Locks {
  readonly #path: string;
  #shared: { database: Database; holders: number } | undefined;
  #writer: Database | undefined;
  #lastWriter: Promise<void> = Promise.resolve();

  /** @param path the lock file, made if it is not there */
  constructor(path: string) {
    this.#path = path;
  }

  /** Takes a shared lock. */
  async shared(waitMs: number = LOCK_WAIT_MS, signal?: AbortSignal): Promise<Release> {
    if (this.#shared === undefined) {
      const database = this.#open();
      try {
        await retryWhileBusy(
          () => {
            database.exec("BEGIN");
            try {
              // A read takes the lock; BEGIN alone takes none.
              database.prepare("SELECT count(*) FROM sqlite_schema").get();
            } catch (error) {
              database.exec("ROLLBACK");
              throw error;
            }
          },
          waitMs,
          "another process is removing content from the store",
          signal,
        );
      } catch (error) {
        database.close();
        throw unwritableError(error, this.#path);
      }
      // Another call of this process may have been quicker: one lock is enough for both.
      if (this.#shared === undefined) this.#shared = { database, holders: 0 };
      else database.close();
    }
    const held = this.#shared;
    held.holders++;
    return once(() => {
      held.holders--;
      if (held.holders > 0) return;
      if (this.#shared === held) this.#shared = undefined;
      held.database.close();
    });
  }

  /** Takes the writer lock. */
  async writer(waitMs: number = LOCK_WAIT_MS, signal?: AbortSignal): Promise<Release> {
    const before = this.#lastWriter;
    let leave: () => void = () => {};
    this.#lastWriter = new Promise((resolve) => {
      leave = resolve;
    });
    try {
      await before;
      this.#writer ??= this.#open();
      const database = this.#writer;
      const reason = "another process is writing to the store";
      await retryWhileBusy(() => database.exec("BEGIN IMMEDIATE"), waitMs, reason, signal);
      return once(() => {
        // Nothing was written: this only gives the lock back.
        if (database.open) database.exec("ROLLBACK");
        leave();
      });
    } catch (error) {
      leave();
      throw unwritableError(error, this.#path);
    }
  }

  /** Takes the writer lock if nobody holds it. */
  tryWriter(): Release | undefined {
    const database = this.#open();
    try {
      database.exec("BEGIN IMMEDIATE");
      return once(() => database.close());
    } catch (error) {
      database.close();
      if (isBusy(error)) return undefined;
      throw unwritableError(error, this.#path);
    }
  }

  /** Takes the exclusive lock if no other process and no operation of this one uses the store. */
  tryExclusive(): Release | undefined {
    if (this.#shared !== undefined) return undefined;
    const database = this.#open();
    try {
      database.exec("BEGIN EXCLUSIVE");
      return once(() => database.close());
    } catch (error) {
      database.close();
      if (isBusy(error)) return undefined;
      throw unwritableError(error, this.#path);
    }
  }

  /** Gives all locks back. */
  close(): void {
    this.#shared?.database.close();
    this.#shared = undefined;
    this.#writer?.close();
    this.#writer = undefined;
  }

  #open(): Database {
    try {
      return openDatabase(this.#path, { journal: "rollback", busyMs: 0 });
    } catch (error) {
      throw unwritableError(error, this.#path);
    }
  }
}

/**
 * Takes a lock that only one holder can have, on a file of its own, which is made if it is not there.
 *
 * @param reason what BUSY says where the wait is too long
 */
export async function lockAlone(
  path: string,
  reason: string,
  waitMs: number = LOCK_WAIT_MS,
  signal?: AbortSignal,
): Promise<Release> {
  let database: Database | undefined;
  try {
    database = openDatabase(path, { journal: "rollback", busyMs: 0 });
    const held = database;
    await retryWhileBusy(() => held.exec("BEGIN IMMEDIATE"), waitMs, reason, signal);
    return once(() => held.close());
  } catch (error) {
    database?.close();
    throw unwritableError(error, path);
  }
}

/** Tries until it goes or the time is over, a little later each time, so that many waiters do not try all at once. */
export async function retryWhileBusy<Result>(
  attempt: () => Result,
  waitMs: number = LOCK_WAIT_MS,
  reason = "another process uses the store",
  signal?: AbortSignal,
): Promise<Result> {
  const until = monotonicNow() + waitMs;
  for (let pause = 5; ; pause = Math.min(pause * 1.5, 100)) {
    if (signal?.aborted) throw signal.reason;
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (monotonicNow() >= until) {
        throw new ArtifoldError("BUSY", `${reason}, for longer than ${Math.round(waitMs / 1000)} s`, {
          cause: error,
          hint: "Wait until it is done and try again.",
        });
      }
    }
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
  }
}

function once(action: () => void): Release {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
