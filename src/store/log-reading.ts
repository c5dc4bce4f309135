/** Logs of a remote that are read on side by side: of many artifacts mostly nothing is new, and each answer takes its time. */
import { type Catalog, logPosition } from "../catalog/index.ts";
import type { LogName } from "../logs/index.ts";
import type { LogPosition, RemoteSession, SlotStep } from "../sync/index.ts";
import type { Engine } from "./engine.ts";

/** Logs that are read at once: fewer than a session remembers. */
export const LOGS_AT_ONCE = 8;

/** How far a log of a remote is known here. */
export function knownPosition(catalog: Catalog, session: RemoteSession, log: LogName): LogPosition {
  return logPosition(catalog, session.id, log) ?? beginning(session);
}

/** Before the first step of any log of a remote. */
export function beginning(session: RemoteSession): LogPosition {
  return { slot: 0, digest: session.id };
}

/** A log that is being read on, from how far it was known when that began. */
export class LogReading {
  readonly from: LogPosition;
  readonly #batches: AsyncGenerator<readonly SlotStep[], LogPosition, undefined>;
  #first: Promise<IteratorResult<readonly SlotStep[], LogPosition>> | undefined;

  constructor(engine: Engine, session: RemoteSession, log: LogName) {
    this.from = knownPosition(engine.catalog, session, log);
    this.#batches = session.log(log).read(this.from);
    this.#first = this.#batches.next();
    // Whoever reads it hears of a failure; until then it must not end the process.
    this.#first.catch(() => {});
  }

  /** The next steps, or where the log ends. @throws ArtifoldError what `RemoteLog.read` says */
  next(): Promise<IteratorResult<readonly SlotStep[], LogPosition>> {
    const first = this.#first ?? this.#batches.next();
    this.#first = undefined;
    return first;
  }

  /** Waits for what is under way, and reads no more. */
  async end(): Promise<void> {
    await this.#batches.return(this.from);
  }
}

/**
 * Gives items in their order, each with its log that has begun to be read, and those of the next ones under way.
 *
 * @param logOf `undefined` for an item without a log
 */
export async function* withLogs<Item>(
  engine: Engine,
  session: RemoteSession,
  items: readonly Item[],
  logOf: (item: Item) => LogName | undefined,
): AsyncGenerator<{ readonly item: Item; readonly reading: LogReading | undefined }, void, undefined> {
  const underWay: { readonly item: Item; readonly reading: LogReading | undefined }[] = [];
  try {
    for (let next = 0; next < items.length || underWay.length > 0; underWay.shift()) {
      for (const item of items.slice(next, next + LOGS_AT_ONCE - underWay.length)) {
        const log = logOf(item);
        underWay.push({ item, reading: log === undefined ? undefined : new LogReading(engine, session, log) });
        next++;
      }
      const [first] = underWay as [(typeof underWay)[number]];
      yield first;
      await first.reading?.end();
    }
  } finally {
    await Promise.all(underWay.map(({ reading }) => reading?.end()));
  }
}
