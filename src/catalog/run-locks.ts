/**
 * Whether the process that began a run is still there: it holds a lock on a file of the run's own, which the kernel frees
 * when it dies (rule R20). So no clock has to guess, and no process id is mistaken for another's.
 *
 * The file goes when the run ends. Where it is not there nothing is known: the run was begun to go on by itself, or elsewhere.
 */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { type FileSystem, removeQuietly } from "../platform/index.ts";
import { type Database, isDatabaseError, openDatabase } from "./database.ts";

/** The locks of runs of one store. */
export class RunLocks {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #held = new Map<Digest, Database>();

  constructor(fs: FileSystem, folder: string) {
    this.#fs = fs;
    this.#folder = folder;
  }

  /** Holds a run that was just begun, until it is dropped or this process ends. */
  hold(run: Digest): void {
    try {
      const database = openDatabase(this.#file(run), { journal: "rollback", busyMs: 0 });
      this.#held.set(run, database);
      // Nothing is ever written to it: the lock needs no file beside the file.
      database.pragma("journal_mode = MEMORY");
      database.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      // Nobody will be told when this process is gone: no reason not to run.
      if (!isDatabaseError(error)) throw error;
    }
  }

  /** Whether the process that held a run is gone. */
  isGone(run: Digest): boolean {
    if (this.#held.has(run)) return false;
    let database: Database | undefined;
    try {
      database = openDatabase(this.#file(run), { journal: "rollback", busyMs: 0, mustExist: true });
      // A read takes a lock, which goes together with those of others who look.
      database.prepare("SELECT count(*) FROM sqlite_schema").get();
      return true;
    } catch (error) {
      if (!isDatabaseError(error)) throw error;
      return false;
    } finally {
      database?.close();
    }
  }

  /** Forgets a run that has ended, whoever held it. */
  drop(run: Digest): void {
    this.#held.get(run)?.close();
    this.#held.delete(run);
    removeQuietly(this.#fs, this.#file(run));
  }

  close(): void {
    for (const database of this.#held.values()) database.close();
    this.#held.clear();
  }

  #file(run: Digest): string {
    return path.join(this.#folder, `lock-run-${run}.db`);
  }
}
