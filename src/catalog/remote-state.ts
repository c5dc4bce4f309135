/** What is known here of remotes: their names, how far their logs were read, and what differs from what they say. */
import type { Digest } from "../digest/index.ts";
import type { Catalog } from "./catalog.ts";

/** A remote that has a name here. */
export interface RemoteRow {
  readonly name: string;
  readonly url: string;
  /** Its own id; `null` before anybody talked to it. */
  readonly id: Digest | null;
  /** Who may write there; `null` where nobody looked. */
  readonly writers: "many" | "one" | null;
}

/** All remotes, in the order of their names. */
export function remotes(catalog: Catalog): RemoteRow[] {
  return catalog.statement("SELECT name, url, id, writers FROM remote ORDER BY name").all() as RemoteRow[];
}

/** The remote of a name. */
export function remoteByName(catalog: Catalog, name: string): RemoteRow | undefined {
  return catalog.statement("SELECT name, url, id, writers FROM remote WHERE name = ?").get(name) as
    | RemoteRow
    | undefined;
}

/** How far a log of a remote was read. */
export interface LogPositionRow {
  /** The last slot that was read, and the digest of its step. */
  readonly slot: number;
  readonly digest: Digest;
  /** The highest epoch of fences in it; 0 without any. */
  readonly epoch: number;
}

/** How far a log of a remote was read; `undefined` where nothing of it is known. */
export function logPosition(catalog: Catalog, remote: Digest, log: string): LogPositionRow | undefined {
  const sql = "SELECT slot, digest, epoch FROM log_position WHERE remote = ? AND log = ?";
  return catalog.statement(sql).get(remote, log) as LogPositionRow | undefined;
}

/** An artifact that a remote has a log of. */
export interface RemoteArtifactRow {
  readonly artifact: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
  /** The remote that gives its numbers. */
  readonly home: Digest;
}

const artifactColumns = "artifact, team, experiment, type, name, home";

/** The artifacts of a remote, as far as its log of names was read. */
export function remoteArtifacts(
  catalog: Catalog,
  remote: Digest,
  filter: { readonly [Key in "team" | "experiment" | "type" | "name" | "artifact"]?: string | undefined } = {},
): RemoteArtifactRow[] {
  const given = (["team", "experiment", "type", "name", "artifact"] as const).filter(
    (key) => filter[key] !== undefined,
  );
  const where = given.map((key) => ` AND ${key} = ?`).join("");
  return catalog
    .statement(
      `SELECT ${artifactColumns} FROM remote_artifact WHERE remote = ?${where} ORDER BY team, experiment, type, name`,
    )
    .all(remote, ...given.map((key) => filter[key])) as RemoteArtifactRow[];
}

/** Experiments that have a log on a remote, by their ids, as far as its log of names was read. */
export function remoteExperiments(
  catalog: Catalog,
  remote: Digest,
): readonly { readonly id: Digest; readonly team: string; readonly experiment: string }[] {
  const sql = "SELECT id, team, experiment FROM remote_experiment WHERE remote = ? ORDER BY team, experiment";
  return catalog.statement(sql).all(remote) as { id: Digest; team: string; experiment: string }[];
}

/** What a remote's log says of a version. */
export interface RemoteVersionRow {
  /** `null` for one that is found under another's number. */
  readonly number: number | null;
  readonly removed: boolean;
}

/** What a remote's log says of a version; `undefined` where it says nothing. */
export function remoteVersion(catalog: Catalog, remote: Digest, version: Digest): RemoteVersionRow | undefined {
  const row = catalog
    .statement("SELECT number, removed FROM remote_version WHERE remote = ? AND version = ?")
    .get(remote, version) as { number: number | null; removed: number } | undefined;
  return row && { number: row.number, removed: row.removed !== 0 };
}

/** Ids of all versions of an artifact that a remote's log tells of: those with numbers of their own first, in their order. */
export function remoteVersions(catalog: Catalog, remote: Digest, artifact: Digest): Digest[] {
  const sql = `SELECT version FROM remote_version WHERE remote = ? AND artifact = ?
    ORDER BY number IS NULL, number, version`;
  return catalog.statement(sql).pluck().all(remote, artifact) as Digest[];
}

/** Manifests of all versions that live on a remote. */
export function livingManifests(catalog: Catalog, remote: Digest): Digest[] {
  const sql = `SELECT v.manifest FROM remote_version r JOIN version v ON v.version = r.version
    WHERE r.remote = ? AND r.removed = 0 ORDER BY v.artifact, v.number`;
  return catalog.statement(sql).pluck().all(remote) as Digest[];
}

/** Whether a remote's log has given a number. */
export function remoteHasNumber(catalog: Catalog, remote: Digest, artifact: Digest, number: number): boolean {
  const sql = "SELECT 1 FROM remote_version WHERE remote = ? AND artifact = ? AND number = ?";
  return catalog.statement(sql).get(remote, artifact, number) !== undefined;
}

/** The highest number of an artifact on a remote; 0 where it has none. */
export function remoteHighest(catalog: Catalog, remote: Digest, artifact: Digest): number {
  const sql = "SELECT coalesce(max(number), 0) FROM remote_version WHERE remote = ? AND artifact = ?";
  return catalog.statement(sql).pluck().get(remote, artifact) as number;
}

/** The id of the highest version that lives on a remote. */
export function remoteLatest(catalog: Catalog, remote: Digest, artifact: Digest): Digest | undefined {
  const sql = `SELECT version FROM remote_version
    WHERE remote = ? AND artifact = ? AND removed = 0 AND number IS NOT NULL ORDER BY number DESC LIMIT 1`;
  return catalog.statement(sql).pluck().get(remote, artifact) as Digest | undefined;
}

/** What is here of an artifact and not on a remote, or not so there. */
export interface Unpushed {
  /** Ids of versions with numbers of their own, in the order of these. */
  readonly versions: readonly Digest[];
  /** Versions that are found under another's number. */
  readonly also: readonly { readonly version: Digest; readonly holder: Digest; readonly record: Uint8Array }[];
  readonly tags: readonly { readonly tag: string; readonly version: Digest | null }[];
  readonly removals: readonly { readonly version: Digest; readonly removed: boolean }[];
  readonly notes: readonly {
    readonly version: Digest;
    readonly message: string | null;
    readonly metadata: string | null;
  }[];
}

/** What of an artifact is to be pushed to a remote. */
export function unpushed(catalog: Catalog, remote: Digest, artifact: { row: number; artifact: Digest }): Unpushed {
  const all = (sql: string, ...values: unknown[]): unknown[] => catalog.statement(sql).all(...values);
  const notThere = "NOT IN (SELECT version FROM remote_version WHERE remote = ?)";
  const { row, artifact: id } = artifact;
  return {
    versions: catalog
      .statement(`SELECT version FROM version WHERE artifact = ? AND version ${notThere} ORDER BY number`)
      .pluck()
      .all(row, remote) as Digest[],
    also: all(
      `SELECT a.version, a.holder, a.record FROM also_made a JOIN version v ON v.version = a.holder
        WHERE v.artifact = ? AND a.version ${notThere} ORDER BY v.number, a.version`,
      row,
      remote,
    ) as Unpushed["also"],
    tags: [
      ...(all(
        `SELECT tag, version FROM tag WHERE artifact = ? AND NOT EXISTS
          (SELECT 1 FROM remote_tag r WHERE r.remote = ? AND r.artifact = ? AND r.tag = tag.tag AND r.version = tag.version)
          ORDER BY tag`,
        row,
        remote,
        id,
      ) as Unpushed["tags"]),
      ...(all(
        `SELECT tag, NULL AS version FROM remote_tag WHERE remote = ? AND artifact = ?
          AND tag NOT IN (SELECT tag FROM tag WHERE artifact = ?) ORDER BY tag`,
        remote,
        id,
        row,
      ) as Unpushed["tags"]),
    ],
    removals: (
      all(
        `SELECT v.version, v.removed FROM version v JOIN remote_version r ON r.remote = ? AND r.version = v.version
          WHERE v.artifact = ? AND v.removed != r.removed ORDER BY v.number`,
        remote,
        row,
      ) as { version: Digest; removed: number }[]
    ).map(({ version, removed }) => ({ version, removed: removed !== 0 })),
    notes: all(
      `WITH known AS (
          SELECT version, message, metadata, number FROM version WHERE artifact = @row
          UNION ALL SELECT a.version, a.message, a.metadata, v.number
            FROM also_made a JOIN version v ON v.version = a.holder WHERE v.artifact = @row)
        SELECT k.version, nullif(k.message, r.message) AS message, nullif(k.metadata, r.metadata) AS metadata
          FROM known k JOIN remote_version r ON r.remote = @remote AND r.version = k.version
          WHERE k.message != r.message OR k.metadata != r.metadata ORDER BY k.number, k.version`,
      { remote, row },
    ) as Unpushed["notes"],
  };
}

/** Remotes that have content which may not be here. */
export function remotesElsewhere(catalog: Catalog): Digest[] {
  const sql = "SELECT DISTINCT elsewhere FROM version WHERE elsewhere IS NOT NULL ORDER BY elsewhere";
  return catalog.statement(sql).pluck().all() as Digest[];
}
