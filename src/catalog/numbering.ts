/** Numbers of versions: those that are for good, and the provisional ones behind them. */
import type { Digest } from "../digest/index.ts";
import { decodeVersionRecord } from "../manifest/index.ts";
import type { Catalog, VersionRow } from "./catalog.ts";

/** Whether a version has its number for good. */
export function isPublished(catalog: Catalog, version: Digest): boolean {
  return catalog.statement("SELECT published FROM version WHERE version = ?").pluck().get(version) === 1;
}

/** What is kept of a version that is found under another's number. */
export type AlsoRow = Pick<VersionRow, "version" | "artifactRow" | "record" | "message" | "metadata">;

/** Record, message and metadata of a version, as its record has them. */
export function recordOf(record: Uint8Array): Pick<VersionRow, "record" | "message" | "metadata"> {
  const { message, metadata } = decodeVersionRecord(record);
  return { record, message, metadata };
}

/** Has a version found under the number of another with the same content. It loses the number that it had. */
export function makeAlso(
  catalog: Catalog,
  { version, record, message, metadata, artifactRow }: AlsoRow,
  holder: Digest,
): void {
  catalog
    .statement("INSERT OR REPLACE INTO also_made (version, holder, record, message, metadata) VALUES (?, ?, ?, ?, ?)")
    .run(version, holder, record, message, JSON.stringify(metadata));
  const gone = catalog.statement("DELETE FROM version WHERE version = ? AND published = 0").run(version);
  // A provisional number that nobody has may be given again.
  if (gone.changes > 0) catalog.statement("UPDATE artifact SET highest = highest - 1 WHERE id = ?").run(artifactRow);
}

/**
 * Gives the provisional versions of an artifact the numbers behind all that are for good, in the order that they have.
 *
 * Who gets a higher number than before is displaced: somebody else published meanwhile what he did not know of.
 */
export function numberAnew(catalog: Catalog, artifactRow: number): void {
  const last = catalog
    .statement("SELECT coalesce(max(number), 0) FROM version WHERE artifact = ? AND published = 1")
    .pluck()
    .get(artifactRow) as number;
  const provisional = catalog
    .statement("SELECT version, number FROM version WHERE artifact = ? AND published = 0 ORDER BY abs(number)")
    .all(artifactRow) as { version: Digest; number: number }[];
  const moving = provisional.filter(({ number }, at) => number !== last + 1 + at);
  if (moving.length > 0) {
    // Out of the way first: a number is there once.
    const aside = catalog.statement("UPDATE version SET number = -abs(number) WHERE version = ?");
    for (const { version } of provisional) aside.run(version);
    const place = catalog.statement(
      "UPDATE version SET displaced = max(displaced, ? > abs(number)), number = ? WHERE version = ?",
    );
    for (const [at, { version }] of provisional.entries()) place.run(last + 1 + at, last + 1 + at, version);
  }
  catalog
    .statement("UPDATE artifact SET highest = max(highest, ?) WHERE id = ?")
    .run(last + provisional.length, artifactRow);
}
