/** Operations of the log: as they are told, and heard of while they come. */
import type { Catalog, LoggedChange, OperationRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import type { Engine } from "./engine.ts";

/** An operation of the log. */
export interface Operation {
  /** Number of the operation. Numbers grow, with gaps. */
  readonly operation: number;
  /** When, by the clock of whoever made it: ISO 8601, UTC. */
  readonly at: string;
  /** The user who made it. */
  readonly by: string;
  /** What changed, in order; in one operation all of it or nothing. */
  readonly changes: readonly LoggedChange[];
}

/** How often an open store looks for what other processes did, while somebody listens. */
const LISTEN_MS = 500;
const BATCH = 256;

/** What happened, newest first. */
export function* pastOperations(catalog: Catalog, limit = Number.POSITIVE_INFINITY): Generator<Operation> {
  let left = limit;
  for (let before = Number.POSITIVE_INFINITY; left > 0; ) {
    const rows = catalog.operations({ limit: Math.min(left, BATCH), before });
    yield* rows.map(viewOperation);
    const last = rows.at(-1);
    if (last === undefined) return;
    before = last.sequence;
    left -= rows.length;
  }
}

function viewOperation({ sequence, at, by, changes }: OperationRow): Operation {
  return { operation: sequence, at: new Date(at).toISOString(), by, changes };
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
      const operation = viewOperation(row);
      for (const listener of this.#listeners) listener(operation);
    }
  }
}

/** Versions that a change made, or brought. */
export function versionsIn(change: LoggedChange): Digest[] {
  if (change.change === "version") return [change.version];
  if (change.change !== "step") return [];
  return change.events.flatMap(({ event, version }) => (event === "version" && version ? [version] : []));
}
