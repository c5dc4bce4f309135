/** Operations of the log: as they are told, and heard of while they come. */
import type { Catalog, LoggedChange, OperationRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import type { RunEnded } from "../journal/index.ts";
import type { ChangeFilter } from "./changes-about.ts";
import type { Engine } from "./engine.ts";
import type { RefDefaults } from "./ref.ts";

/** A change as it is told: with its times as text. */
export type ToldChange =
  | Exclude<LoggedChange, RunEnded>
  | (Omit<RunEnded, "at"> & {
      /** When the run ended, by the clock of whoever ended it: ISO 8601, UTC. */
      readonly at: string;
    });

/** An operation of the log. */
export interface Operation {
  /** Number of the operation. Numbers grow, with gaps. */
  readonly operation: number;
  /** When, by the clock of whoever made it: ISO 8601, UTC. */
  readonly at: string;
  /** The user who made it. */
  readonly by: string;
  /** What changed, in order; in one operation all of it or nothing. */
  readonly changes: readonly ToldChange[];
}

/** What of the log is asked for. Team, experiment and type complete addresses; without addresses they choose artifacts. */
export interface LogOptions extends RefDefaults {
  /** Only the last so many operations. */
  readonly limit?: number | undefined;
  /** Addresses of artifacts and versions, removed ones too: only what concerns them. */
  readonly refs?: readonly string[] | undefined;
}

/** How often an open store looks for what other processes did, while somebody listens. */
const LISTEN_MS = 500;
const BATCH = 256;

/** What happened, newest first. @param isAsked which changes are asked for; without it all */
export function* pastOperations(
  catalog: Catalog,
  limit = Number.POSITIVE_INFINITY,
  isAsked?: ChangeFilter,
): Generator<Operation> {
  let left = limit;
  for (let before = Number.POSITIVE_INFINITY; left > 0; ) {
    const rows = catalog.operations({ limit: isAsked === undefined ? Math.min(left, BATCH) : BATCH, before });
    for (const row of rows) {
      const changes = isAsked === undefined ? row.changes : row.changes.filter(isAsked);
      if (isAsked !== undefined && changes.length === 0) continue;
      yield tellOperation({ ...row, changes });
      if (--left <= 0) return;
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    before = last.sequence;
  }
}

/** An operation as it is told. */
export function tellOperation({ sequence, at, by, changes }: OperationRow): Operation {
  return { operation: sequence, at: new Date(at).toISOString(), by, changes: changes.map(tellChange) };
}

function tellChange(change: LoggedChange): ToldChange {
  return change.change === "ended" ? { ...change, at: new Date(change.at).toISOString() } : change;
}

/** Calls back for each operation from the first listener on. Does not keep the process alive. */
export class Listening {
  readonly #engine: Engine;
  readonly #listeners = new Set<(operation: Operation) => void>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #seen = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @returns ends the calls */
  add(listener: (operation: Operation) => void): () => void {
    // Of its own, so that one function may listen twice.
    const each = (operation: Operation): void => listener(operation);
    if (this.#listeners.size === 0) this.#begin();
    this.#listeners.add(each);
    return () => {
      this.#listeners.delete(each);
      if (this.#listeners.size === 0) clearInterval(this.#timer);
    };
  }

  end(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #begin(): void {
    this.#seen = this.#engine.catalog.operations({ limit: 1 })[0]?.sequence ?? 0;
    this.#timer = setInterval(() => void this.#look(), LISTEN_MS);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    if (this.#engine.isClosed) return;
    try {
      await this.#engine.refresh();
    } catch {
      // What is wrong the next call of the store will say. Perhaps the next look finds it mended.
      return;
    }
    if (this.#engine.isClosed) return;
    for (const row of this.#engine.catalog.operations({ after: this.#seen }).reverse()) {
      this.#seen = row.sequence;
      const operation = tellOperation(row);
      for (const listener of this.#listeners) listener(operation);
    }
  }
}

/** Versions that a change made, or brought. */
export function versionsIn(change: ToldChange): Digest[] {
  if (change.change === "version") return [change.version];
  if (change.change !== "step") return [];
  return change.events.flatMap(({ event, version }) => (event === "version" && version ? [version] : []));
}
