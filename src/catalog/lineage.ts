/** What joins runs and versions: which run used which version, and which made it. */
import type { Digest } from "../digest/index.ts";
import type { Catalog } from "./catalog.ts";

/** How a run and a version are joined. */
export type LinkKind = "used" | "made";

/** A run and a version that are joined. */
export interface LinkRow {
  /** Row number in this catalog: grows with the journal, and means nothing outside. */
  readonly row: number;
  readonly link: LinkKind;
  readonly run: Digest;
  readonly version: Digest;
}

/** A part of a list. */
export interface LinkPage {
  /** The row that the part before ended with. */
  readonly after?: number | undefined;
  readonly limit: number;
}

/** Whether a run and a version are joined so. */
export function isLinked(catalog: Catalog, link: LinkKind, run: Digest, version: Digest): boolean {
  const sql = "SELECT 1 FROM lineage WHERE version = ? AND run = ? AND link = ?";
  return catalog.statement(sql).get(version, run, link) !== undefined;
}

/** Runs that used, or made, a version: in the order in which the journal tells of them, the last one first. */
export function linksOfVersion(catalog: Catalog, version: Digest, link: LinkKind, page: LinkPage): LinkRow[] {
  const sql = `SELECT id AS row, link, run, version FROM lineage
    WHERE version = ? AND link = ? AND id < ? ORDER BY id DESC LIMIT ?`;
  return catalog.statement(sql).all(version, link, page.after ?? Number.MAX_SAFE_INTEGER, page.limit) as LinkRow[];
}

/** Versions that a run used, or made: in the order in which the journal tells of them. */
export function linksOfRun(catalog: Catalog, run: Digest, link: LinkKind, page: LinkPage): LinkRow[] {
  const sql = `SELECT id AS row, link, run, version FROM lineage
    WHERE run = ? AND link = ? AND id > ? ORDER BY id LIMIT ?`;
  return catalog.statement(sql).all(run, link, page.after ?? -1, page.limit) as LinkRow[];
}
