/**
 * Parts of long lists, entered anywhere: what pages show. Each call reads a part and a count, and no more than that, however
 * long the list is.
 */
import type { Digest } from "../digest/index.ts";
import type { ArtifactRow, Catalog, VersionRow } from "./catalog.ts";
import { type RunRow, readRuns, runColumns } from "./runs.ts";

/** Where a part begins, and how long it is. */
export interface PageAt {
  readonly offset: number;
  readonly limit: number;
}

/** A part of a list. */
export interface PageRows<Row> {
  readonly rows: readonly Row[];
  /** How many rows the whole list has. */
  readonly total: number;
}

/** A team and an experiment with what stands there. */
export interface ExperimentRow {
  readonly team: string;
  readonly experiment: string;
  /** Artifacts, those without living versions included. */
  readonly artifacts: number;
  readonly runs: number;
  /** When the newest run began or the newest of the latest versions was made; null where there is neither. */
  readonly changedAt: number | null;
}

/** An artifact in a list. */
export interface ArtifactItem extends ArtifactRow {
  /** How many versions live; how many are removed. */
  readonly versions: number;
  readonly removed: number;
  /** The highest number that lives; null for none. */
  readonly latest: number | null;
}

/** Which artifacts are meant. */
export interface ArtifactFilter {
  readonly team?: string | undefined;
  readonly experiment?: string | undefined;
  readonly type?: string | undefined;
  /** Part of the name, in whatever case. */
  readonly text?: string | undefined;
}

/** Experiments, of one team or of all, by name. */
export function experimentPage(
  catalog: Catalog,
  filter: {
    readonly team?: string | undefined;
    readonly experiment?: string | undefined;
    readonly text?: string | undefined;
  },
  at: PageAt,
): PageRows<ExperimentRow> {
  const where = `WHERE (@team IS NULL OR team = @team) AND (@experiment IS NULL OR experiment = @experiment)
    AND (@like IS NULL OR experiment LIKE @like ESCAPE '\\' OR team LIKE @like ESCAPE '\\')`;
  const places = `SELECT team, experiment FROM artifact ${where} UNION SELECT team, experiment FROM run ${where}`;
  const values = { team: filter.team ?? null, experiment: filter.experiment ?? null, like: likeOf(filter.text) };
  const rows = catalog
    .statement(
      `SELECT place.team, place.experiment,
        (SELECT count(*) FROM artifact a WHERE a.team = place.team AND a.experiment = place.experiment) AS artifacts,
        (SELECT count(*) FROM run r WHERE r.team = place.team AND r.experiment = place.experiment) AS runs,
        nullif(max(
          ifnull((SELECT max(started_at) FROM run r WHERE r.team = place.team AND r.experiment = place.experiment), 0),
          ifnull((SELECT max((SELECT created_at FROM version v WHERE v.artifact = a.id AND v.removed = 0
            ORDER BY number DESC LIMIT 1)) FROM artifact a
            WHERE a.team = place.team AND a.experiment = place.experiment), 0)
        ), 0) AS changedAt
      FROM (${places} ORDER BY team, experiment LIMIT @limit OFFSET @offset) AS place
      ORDER BY place.team, place.experiment`,
    )
    .all({ ...values, ...at }) as ExperimentRow[];
  const total = catalog.statement(`SELECT count(*) FROM (${places})`).pluck().get(values) as number;
  return { rows, total };
}

/** Types of artifacts that fit, with how many artifacts there are of each. */
export function typeCounts(catalog: Catalog, filter: ArtifactFilter): { type: string; artifacts: number }[] {
  const { where, values } = artifactCondition(filter);
  const sql = `SELECT type, count(*) AS artifacts FROM artifact ${where} GROUP BY type ORDER BY type`;
  return catalog.statement(sql).all(values) as { type: string; artifacts: number }[];
}

const itemColumns = `SELECT id AS row, artifact, team, experiment, type, name, highest,
    (SELECT count(*) FROM version v WHERE v.artifact = artifact.id AND v.removed = 0) AS versions,
    (SELECT count(*) FROM version v WHERE v.artifact = artifact.id AND v.removed = 1) AS removed,
    (SELECT max(number) FROM version v WHERE v.artifact = artifact.id AND v.removed = 0) AS latest
  FROM artifact`;

/** An artifact as lists have it, by its row. */
export function artifactItem(catalog: Catalog, row: number): ArtifactItem | undefined {
  return catalog.statement(`${itemColumns} WHERE id = ?`).get(row) as ArtifactItem | undefined;
}

/** Artifacts that fit, in the order of team, experiment, type and name. */
export function artifactPage(catalog: Catalog, filter: ArtifactFilter, at: PageAt): PageRows<ArtifactItem> {
  const { where, values } = artifactCondition(filter);
  const rows = catalog
    .statement(`${itemColumns} ${where} ORDER BY team, experiment, type, name LIMIT @limit OFFSET @offset`)
    .all({ ...values, ...at }) as ArtifactItem[];
  const total = catalog.statement(`SELECT count(*) FROM artifact ${where}`).pluck().get(values) as number;
  return { rows, total };
}

/** Which versions are meant: removed ones too, or those that live. */
export interface VersionFilter {
  readonly removed: boolean;
}

/** Numbers of an artifact's versions, newest first. */
export function versionNumbers(
  catalog: Catalog,
  artifactRow: number,
  filter: VersionFilter,
  at: PageAt,
): PageRows<number> {
  const sql = `SELECT number FROM version WHERE ${meant(filter)} ORDER BY number DESC LIMIT @limit OFFSET @offset`;
  const rows = catalog
    .statement(sql)
    .pluck()
    .all({ artifactRow, ...at }) as number[];
  return { rows, total: countVersions(catalog, artifactRow, filter, 0) };
}

/** How many versions of an artifact have a higher number than one: where that one stands in {@link versionNumbers}. */
export function versionsAbove(catalog: Catalog, artifactRow: number, filter: VersionFilter, number: number): number {
  return countVersions(catalog, artifactRow, filter, number);
}

function countVersions(catalog: Catalog, artifactRow: number, filter: VersionFilter, above: number): number {
  const sql = `SELECT count(*) FROM version WHERE ${meant(filter)} AND number > @above`;
  return catalog.statement(sql).pluck().get({ artifactRow, above }) as number;
}

function meant({ removed }: VersionFilter): string {
  return removed ? "artifact = @artifactRow" : "artifact = @artifactRow AND removed = 0";
}

/**
 * Numbers of the versions that a text means, by their number, a tag or their message, newest first: of `span` numbers below
 * one. For whoever goes through many versions and lets others in between.
 */
export function matchingNumbers(
  catalog: Catalog,
  artifactRow: number,
  search: { readonly text: string; readonly removed: boolean },
  range: { readonly below: number; readonly span: number },
): number[] {
  const sql = `SELECT number FROM version
    WHERE artifact = @artifactRow AND removed <= @removed AND number < @below AND number >= @below - @span
      AND ('V' || number LIKE @like ESCAPE '\\' OR message LIKE @like ESCAPE '\\' OR EXISTS
        (SELECT 1 FROM tag WHERE tag.version = version.version AND tag LIKE @like ESCAPE '\\'))
    ORDER BY number DESC`;
  const values = { artifactRow, removed: search.removed ? 1 : 0, like: likeOf(search.text), ...range };
  return catalog.statement(sql).pluck().all(values) as number[];
}

/** What was made last, of all artifacts. */
export function newestVersions(catalog: Catalog, limit: number): VersionRow[] {
  const sql = "SELECT version FROM version WHERE removed = 0 ORDER BY created_at DESC, version DESC LIMIT ?";
  const ids = catalog.statement(sql).pluck().all(limit) as Digest[];
  return ids.flatMap((id) => catalog.versionById(id) ?? []);
}

/** What charts show of a version. */
export interface VersionSizes {
  readonly number: number;
  readonly createdAt: number;
  readonly files: number;
  readonly bytes: number;
  readonly newBytes: number;
}

/** Sizes of living versions from a number on, in their order. */
export function versionSizes(catalog: Catalog, artifactRow: number, from: number, limit: number): VersionSizes[] {
  const sql = `SELECT number, created_at AS createdAt, files, bytes, new_bytes AS newBytes FROM version
    WHERE artifact = ? AND removed = 0 AND number >= ? ORDER BY number LIMIT ?`;
  return catalog.statement(sql).all(artifactRow, from, limit) as VersionSizes[];
}

/** Runs that fit, newest first. @param filter.text part of the name, in whatever case */
export function runPage(
  catalog: Catalog,
  filter: {
    readonly team?: string | undefined;
    readonly experiment?: string | undefined;
    readonly text?: string | undefined;
  },
  at: PageAt,
): PageRows<RunRow> {
  const given = (["team", "experiment"] as const).filter((key) => filter[key] !== undefined);
  const conditions = given.map((key) => `${key} = @${key}`);
  const like = likeOf(filter.text);
  if (like !== null) conditions.push("name LIKE @like ESCAPE '\\'");
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  const values = { ...filter, like };
  const sql = `SELECT ${runColumns} FROM run WHERE run IN
    (SELECT run FROM run ${where} ORDER BY started_at DESC, run DESC LIMIT @limit OFFSET @offset)
    ORDER BY started_at DESC, run DESC`;
  const rows = readRuns(catalog.statement(sql).all({ ...values, ...at }));
  const total = catalog.statement(`SELECT count(*) FROM run ${where}`).pluck().get(values) as number;
  return { rows, total };
}

function artifactCondition(filter: ArtifactFilter): { where: string; values: Record<string, string | null> } {
  const given = (["team", "experiment", "type"] as const).filter((key) => filter[key] !== undefined);
  const like = likeOf(filter.text);
  const conditions = given.map((key) => `${key} = @${key}`);
  if (like !== null) conditions.push("name LIKE @like ESCAPE '\\'");
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return { where, values: { ...Object.fromEntries(given.map((key) => [key, filter[key] as string])), like } };
}

/** A pattern of LIKE for a text that stands somewhere; null for none. */
function likeOf(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  return `%${text.normalize("NFC").replace(/[\\%_]/g, "\\$&")}%`;
}
