/** Runs as users see them. */
import { type LinkKind, linksOfVersion, type RunRow, runById } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import type { RunEnding } from "../journal/index.ts";
import { decodeRunRecord, type Metadata } from "../manifest/index.ts";
import type { Engine } from "./engine.ts";

/**
 * What is known of a run: "running" until it is said to have ended, however long ago it began; "unknown" where nobody said
 * so, and the process on this machine that began it is gone.
 */
export type RunState = "running" | "unknown" | RunEnding;

/** A run, as it is when it is asked for. */
export interface RunSummary {
  /** Run id: 64 hex digits. */
  readonly id: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly name: string;
  readonly state: RunState;
  /** Exit code of the program that it was; null where there was none, or it has not ended. */
  readonly exitCode: number | null;
  /** The signal that ended it, as in "SIGTERM"; null for none. */
  readonly signal: string | null;
  /** When, by the clock of whoever began it: ISO 8601, UTC. */
  readonly startedAt: string;
  readonly startedBy: string;
  /** When it ended, by the clock of whoever ended it; null while nobody said so. */
  readonly endedAt: string | null;
  /** The program and its arguments; empty where they are not known. */
  readonly command: readonly string[];
  /** Its configuration with what was added later. */
  readonly config: Metadata;
}

/** Shows a run. */
export function viewRun(engine: Engine, row: RunRow): RunSummary {
  const { startedAt, startedBy, command } = decodeRunRecord(row.record);
  return {
    id: row.run,
    team: row.team,
    experiment: row.experiment,
    name: row.name,
    state: row.state ?? (engine.runLocks.isGone(row.run) ? "unknown" : "running"),
    exitCode: row.exitCode,
    signal: row.signal,
    startedAt: new Date(startedAt).toISOString(),
    startedBy,
    endedAt: row.endedAt === null ? null : new Date(row.endedAt).toISOString(),
    command,
    config: row.config,
  };
}

/** Runs that made a version, or used it, newest first. */
export async function* linkedRuns(
  engine: Engine,
  version: Digest,
  link: LinkKind,
): AsyncGenerator<RunSummary, void, undefined> {
  await engine.refresh();
  for (let after: number | undefined; ; ) {
    const links = linksOfVersion(engine.catalog, version, link, { after, limit: 256 });
    for (const { run } of links) {
      const row = runById(engine.catalog, run);
      if (row !== undefined) yield viewRun(engine, row);
    }
    after = links.at(-1)?.row;
    if (after === undefined) return;
  }
}
