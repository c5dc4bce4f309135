/** Runs as the catalog knows them. */
import type { Digest } from "../digest/index.ts";
import type { RunEnding } from "../journal/index.ts";
import type { Metadata } from "../manifest/index.ts";
import type { Catalog } from "./catalog.ts";

/** A run as the catalog knows it, with its config as it is now. */
export interface RunRow {
  readonly run: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly name: string;
  readonly record: Uint8Array;
  readonly config: Metadata;
  /** How it ended; `null` for one that is not known to have. */
  readonly state: RunEnding | null;
  readonly endedAt: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Which runs are meant. */
export interface RunFilter {
  readonly team?: string | undefined;
  readonly experiment?: string | undefined;
  readonly name?: string | undefined;
}

/** Columns of a {@link RunRow}. For this room only. */
export const runColumns = `run, team, experiment, name, record, config, state, ended_at AS endedAt, exit_code AS exitCode, signal`;

/** The run with an id. */
export function runById(catalog: Catalog, run: Digest): RunRow | undefined {
  return readRuns(catalog.statement(`SELECT ${runColumns} FROM run WHERE run = ?`).all(run))[0];
}

/** Runs whose id begins with these hex digits, two at most. */
export function runsByIdStart(catalog: Catalog, start: string): RunRow[] {
  const sql = `SELECT ${runColumns} FROM run WHERE run BETWEEN ? AND ? ORDER BY run LIMIT 2`;
  return readRuns(catalog.statement(sql).all(start, `${start}g`));
}

/**
 * Runs that fit, newest first by the clocks of those who began them.
 *
 * @param page.after the run that the page before ended with
 */
export function runs(
  catalog: Catalog,
  filter: RunFilter = {},
  page: { readonly limit?: number; readonly after?: Digest } = {},
): RunRow[] {
  const given = (["team", "experiment", "name"] as const).filter((key) => filter[key] !== undefined);
  const conditions = given.map((key) => `${key} = @${key}`);
  if (page.after !== undefined) {
    conditions.push("(started_at, run) < (SELECT started_at, run FROM run WHERE run = @after)");
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const sql = `SELECT ${runColumns} FROM run ${where} ORDER BY started_at DESC, run DESC LIMIT @limit`;
  const values = { ...filter, after: page.after, limit: page.limit ?? -1 };
  return readRuns(catalog.statement(sql).all(values));
}

/** How many runs an experiment has. */
export function runCount(catalog: Catalog, team: string, experiment: string): number {
  const sql = "SELECT count(*) FROM run WHERE team = ? AND experiment = ?";
  return catalog.statement(sql).pluck().get(team, experiment) as number;
}

/** Rows of {@link runColumns} as they are used. For this room only. */
export function readRuns(found: unknown[]): RunRow[] {
  return (found as (Omit<RunRow, "config"> & { config: string })[]).map((row) => ({
    ...row,
    config: JSON.parse(row.config) as Metadata,
  }));
}
