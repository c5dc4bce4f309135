/** The catalog: what the journal says now, ready to be asked. Every call is synchronous and short. */
import type BetterSqlite3 from "better-sqlite3";
import { type Digest, digestFromBytes, hashContent } from "../digest/index.ts";
import type { Change, JournalPosition, StepKnown } from "../journal/index.ts";
import type { Metadata } from "../manifest/index.ts";
import type { PlacedObject, TablePlace } from "../objects/index.ts";
import { type Database, openDatabase, openImage } from "./database.ts";
import { createTables, isCatalog } from "./schema.ts";

/** An artifact as the catalog knows it. */
export interface ArtifactRow {
  /** Row number in this catalog; means nothing outside it. */
  readonly row: number;
  readonly artifact: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
  /** The highest number that was ever given. */
  readonly highest: number;
  /** Id of the remote that gives its numbers; `null` while it is on none. */
  readonly home: Digest | null;
}

/** A version as the catalog knows it, with message and metadata as they are now. */
export interface VersionRow {
  readonly version: Digest;
  readonly artifactRow: number;
  readonly number: number;
  readonly manifest: Digest;
  readonly record: Uint8Array;
  readonly message: string;
  readonly metadata: Metadata;
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  readonly newBytes: number;
  readonly removed: boolean;
  /** Whether its number is for good. */
  readonly published: boolean;
  /** Whether somebody else's version got the number that it had. */
  readonly displaced: boolean;
  /** Id of the remote that has its content, where not all of it may be here. */
  readonly elsewhere: Digest | null;
}

/** A change as the log shows it: without the bytes of records. */
export type LoggedChange =
  | { [C in Exclude<Change, StepKnown> as C["change"]]: Omit<C, "record"> }[Exclude<Change, StepKnown>["change"]]
  | LoggedStep;

/** A step of a remote's log as the log shows it: what it says, in words. */
export interface LoggedStep extends Omit<StepKnown, "core"> {
  readonly events: readonly LoggedEvent[];
}

/** An event of a remote's log as the log shows it. */
export interface LoggedEvent {
  readonly event: string;
  /** The version that it speaks of. */
  readonly version?: Digest | null;
  readonly number?: number;
  readonly tag?: string;
}

/** One operation of the log. */
export interface OperationRow {
  readonly sequence: number;
  readonly at: number;
  readonly by: string;
  /** The changes as the journal has them, version records left out. */
  readonly changes: readonly LoggedChange[];
}

/** A file with content. */
export interface ContentFileRow {
  readonly path: string;
  readonly kind: "data" | "nodes" | "segment";
  readonly bytes: number;
}

/** Where an object lies in the journal's last segment, as its table has it. */
interface PlaceRow {
  readonly offset: number;
  readonly length: number;
  /** The index in the frame; of a delta -1 less it. */
  readonly position: number;
}

function tablePlace({ offset, length, position }: PlaceRow): TablePlace {
  return { offset, length, index: position < 0 ? -1 - position : position, isDelta: position < 0 };
}

const versionColumns = `version, artifact AS artifactRow, number, manifest, record, message, metadata, entries, files,
  bytes, new_bytes AS newBytes, removed, published, displaced, elsewhere`;
const artifactColumns = "id AS row, artifact, team, experiment, type, name, highest, home";

/** The columns that must be equal in two catalogs of one journal: row numbers need not be. */
const comparedColumns = {
  journal: "segment, offset, sequence, digest",
  artifact: "artifact, team, experiment, type, name, highest, home",
  version: `version, number, manifest, hex(record), message, metadata, entries, files, bytes, new_bytes, removed,
    published, displaced, elsewhere`,
  also_made: "version, holder, hex(record), message, metadata",
  tag: "tag, version",
  remote: "name, url, id, writers",
  log_position: "remote, log, slot, digest, epoch",
  remote_artifact: "remote, artifact, team, experiment, type, name, home",
  remote_experiment: "remote, id, team, experiment",
  remote_version: "remote, version, artifact, number, removed, message, metadata",
  remote_tag: "remote, artifact, tag, version",
  remote_run: "remote, owner, run, config, state, ended_at, exit_code, signal",
  remote_link: "remote, link, run, version",
  run: "run, team, experiment, name, hex(record), config, state, ended_at, exit_code, signal",
  lineage: "link, run, version",
  operation: "sequence, at, by, changes",
  content_file: "path, kind, bytes",
  place: "hex(digest), offset, length, position",
} as const;

type Statement = BetterSqlite3.Statement<unknown[]>;
/** Columns that are 0 or 1. */
type Flag = "removed" | "published" | "displaced";

/** An open catalog. */
export class Catalog {
  readonly database: Database;
  readonly #statements = new Map<string, Statement>();

  private constructor(database: Database) {
    this.database = database;
  }

  /**
   * Opens the catalog of a path, or an empty one in memory for ":memory:".
   *
   * @returns the catalog, and whether it is empty and has to be built from the journal
   */
  static open(path: string): { catalog: Catalog; isNew: boolean } {
    const database = openDatabase(path, { journal: "wal" });
    try {
      if (isCatalog(database)) return { catalog: new Catalog(database), isNew: false };
      const make = database.transaction(() => {
        // Between the look and the lock another process may have made it.
        if (isCatalog(database)) return false;
        dropTables(database);
        createTables(database);
        return true;
      });
      const isNew = make.immediate();
      return { catalog: new Catalog(database), isNew };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** The same once more, in memory: what is done to it stays there. */
  copy(): Catalog {
    return new Catalog(openImage(this.database.serialize()));
  }

  close(): void {
    this.#statements.clear();
    this.database.close();
  }

  /** Changes when another connection has written: what was read before may be out of date. */
  dataVersion(): number {
    return this.database.pragma("data_version", { simple: true }) as number;
  }

  /** How far the journal is applied; `undefined` for a catalog that was just made. */
  position(): JournalPosition | undefined {
    return this.#get("SELECT segment, offset, sequence, digest FROM journal") as JournalPosition | undefined;
  }

  /** All files with content, in the order in which they came. */
  contentFiles(): ContentFileRow[] {
    return this.#all("SELECT path, kind, bytes FROM content_file ORDER BY id") as ContentFileRow[];
  }

  /** Where an object lies in the last segment. @param digest 32 bytes */
  place(digest: Buffer): TablePlace | undefined {
    const row = this.#get("SELECT offset, length, position FROM place WHERE digest = ?", digest);
    return row === undefined ? undefined : tablePlace(row as PlaceRow);
  }

  /** How many objects lie in the last segment. */
  placeCount(): number {
    return this.statement("SELECT count(*) FROM place").pluck().get() as number;
  }

  /** The digests of all objects of the last segment. */
  placedDigests(): Buffer[] {
    return this.statement("SELECT digest FROM place").pluck().all() as Buffer[];
  }

  /** All objects of the last segment, in the order of their frames. */
  *places(): Generator<PlacedObject> {
    const sql = "SELECT digest, offset, length, position FROM place ORDER BY offset, abs(position)";
    for (const row of this.#all(sql) as (PlaceRow & { digest: Buffer })[]) {
      yield { ...tablePlace(row), digest: digestFromBytes(row.digest) };
    }
  }

  /** Artifacts that fit, in the order of their names. */
  artifacts(filter: { team?: string; experiment?: string; type?: string; name?: string } = {}): ArtifactRow[] {
    const given = (["team", "experiment", "type", "name"] as const).filter((key) => filter[key] !== undefined);
    const where = given.length === 0 ? "" : `WHERE ${given.map((key) => `${key} = ?`).join(" AND ")}`;
    const sql = `SELECT ${artifactColumns} FROM artifact ${where} ORDER BY team, experiment, type, name`;
    return this.#all(sql, ...given.map((key) => filter[key])) as ArtifactRow[];
  }

  artifactById(artifact: Digest): ArtifactRow | undefined {
    const sql = `SELECT ${artifactColumns} FROM artifact WHERE artifact = ?`;
    return this.#get(sql, artifact) as ArtifactRow | undefined;
  }

  artifactByRow(row: number): ArtifactRow {
    return this.#get(`SELECT ${artifactColumns} FROM artifact WHERE id = ?`, row) as ArtifactRow;
  }

  /** The name that folds to the same in a scope, if there is one. */
  foldedName(scope: string, folded: string): string | undefined {
    const sql = "SELECT name FROM folded WHERE scope = ? AND folded = ?";
    return this.statement(sql).pluck().get(scope, folded) as string | undefined;
  }

  /** The highest version that lives. */
  latest(artifactRow: number): VersionRow | undefined {
    const sql = `SELECT ${versionColumns} FROM version WHERE artifact = ? AND removed = 0 ORDER BY number DESC LIMIT 1`;
    return this.#version(this.#get(sql, artifactRow));
  }

  versionByNumber(artifactRow: number, number: number): VersionRow | undefined {
    return this.#version(
      this.#get(`SELECT ${versionColumns} FROM version WHERE artifact = ? AND number = ?`, artifactRow, number),
    );
  }

  /** A version; one that is found under another's number has the number, and the sums, of that. */
  versionById(version: Digest): VersionRow | undefined {
    const own = this.#version(this.#get(`SELECT ${versionColumns} FROM version WHERE version = ?`, version));
    if (own !== undefined) return own;
    const also = this.#get("SELECT holder, record, message, metadata FROM also_made WHERE version = ?", version) as
      | { holder: Digest; record: Uint8Array; message: string; metadata: string }
      | undefined;
    const holder = also && this.versionById(also.holder);
    if (also === undefined || holder === undefined) return undefined;
    const { record, message, metadata } = also;
    return { ...holder, version, record, message, metadata: JSON.parse(metadata) as Metadata };
  }

  /** Ids of versions that are found under a version's number beside its own, having the same content. */
  alsoMade(version: Digest): Digest[] {
    const sql = "SELECT version FROM also_made WHERE holder = ? ORDER BY version";
    return this.statement(sql).pluck().all(version) as Digest[];
  }

  /** The version under whose number another one is found: of one with a number of its own, itself. */
  holderOf(version: Digest): Digest {
    const sql = "SELECT holder FROM also_made WHERE version = ?";
    return (this.statement(sql).pluck().get(version) as Digest | undefined) ?? version;
  }

  /** Versions whose content, or whose id, begins with these hex digits. */
  versionsByDigest(artifactRow: number, start: string): VersionRow[] {
    const sql = `SELECT ${versionColumns} FROM version
      WHERE artifact = @artifactRow AND (manifest BETWEEN @start AND @end OR version BETWEEN @start AND @end
        OR version IN (SELECT holder FROM also_made WHERE version BETWEEN @start AND @end))
      ORDER BY number`;
    return this.#versions(this.#all(sql, { artifactRow, start, end: `${start}g` }));
  }

  /** Versions of an artifact, newest first. */
  versions(artifactRow: number, options: { removed?: boolean; limit?: number; below?: number } = {}): VersionRow[] {
    const sql = `SELECT ${versionColumns} FROM version
      WHERE artifact = ? AND removed <= ? AND number < ? ORDER BY number DESC LIMIT ?`;
    const { removed = false, limit = -1, below = Number.POSITIVE_INFINITY } = options;
    return this.#versions(this.#all(sql, artifactRow, removed ? 1 : 0, below, limit));
  }

  versionCount(artifactRow: number): number {
    return this.statement("SELECT count(*) FROM version WHERE artifact = ? AND removed = 0")
      .pluck()
      .get(artifactRow) as number;
  }

  removedVersions(artifactRow: number): Digest[] {
    const sql = "SELECT version FROM version WHERE artifact = ? AND removed = 1 ORDER BY number";
    return this.statement(sql).pluck().all(artifactRow) as Digest[];
  }

  /** Numbers of the living versions of an artifact with this content. */
  numbersWithContent(artifactRow: number, manifest: Digest): number[] {
    const sql = "SELECT number FROM version WHERE artifact = ? AND manifest = ? AND removed = 0 ORDER BY number";
    return this.statement(sql).pluck().all(artifactRow, manifest) as number[];
  }

  /** Manifests of all versions, removed ones included: their content is kept until gc takes it. */
  manifests(): Pick<VersionRow, "manifest" | "artifactRow" | "number" | "elsewhere">[] {
    const sql = "SELECT manifest, artifact AS artifactRow, number, elsewhere FROM version ORDER BY artifact, number";
    return this.#all(sql) as Pick<VersionRow, "manifest" | "artifactRow" | "number" | "elsewhere">[];
  }

  /** The version that a tag resolves to, whether it lives or not. */
  versionByTag(artifactRow: number, tag: string): VersionRow | undefined {
    const version = this.tagTarget(artifactRow, tag);
    return version === undefined ? undefined : this.versionById(version);
  }

  /** What a tag names, whether it is known here or not. */
  tagTarget(artifactRow: number, tag: string): Digest | undefined {
    const sql = "SELECT version FROM tag WHERE artifact = ? AND tag = ?";
    return this.statement(sql).pluck().get(artifactRow, tag) as Digest | undefined;
  }

  tagsOf(version: Digest): string[] {
    const sql = `SELECT tag FROM tag WHERE version = @version
      OR version IN (SELECT version FROM also_made WHERE holder = @version) ORDER BY tag`;
    return this.statement(sql).pluck().all({ version }) as string[];
  }

  tags(artifactRow: number): { tag: string; version: Digest }[] {
    const sql = "SELECT tag, version FROM tag WHERE artifact = ? ORDER BY tag";
    return this.#all(sql, artifactRow) as { tag: string; version: Digest }[];
  }

  /** Operations of the log, newest first. */
  operations(options: { limit?: number; before?: number; after?: number } = {}): OperationRow[] {
    const { before = Number.POSITIVE_INFINITY, after = 0, limit = -1 } = options;
    const sql =
      "SELECT sequence, at, by, changes FROM operation WHERE sequence < ? AND sequence > ? ORDER BY sequence DESC LIMIT ?";
    const rows = this.#all(sql, before, after, limit) as {
      sequence: number;
      at: number;
      by: string;
      changes: string;
    }[];
    return rows.map((row) => ({ ...row, changes: JSON.parse(row.changes) as LoggedChange[] }));
  }

  /** Tables whose rows differ from those of another catalog. */
  differences(other: Catalog): string[] {
    return Object.entries(comparedColumns)
      .filter(([table, columns]) => this.#dump(table, columns) !== other.#dump(table, columns))
      .map(([table]) => table);
  }

  /** All rows of a table as one digest. */
  #dump(table: string, columns: string): Digest {
    const rows = this.database.prepare(`SELECT ${columns} FROM ${table} ORDER BY ${columns}`).raw().all();
    return hashContent(Buffer.from(JSON.stringify(rows)));
  }

  #version(row: unknown): VersionRow | undefined {
    if (row === undefined) return undefined;
    const raw = row as Omit<VersionRow, "metadata" | Flag> & { metadata: string } & Record<Flag, number>;
    return {
      ...raw,
      metadata: JSON.parse(raw.metadata) as Metadata,
      removed: raw.removed !== 0,
      published: raw.published !== 0,
      displaced: raw.displaced !== 0,
    };
  }

  #versions(rows: unknown[]): VersionRow[] {
    return rows.map((row) => this.#version(row) as VersionRow);
  }

  #get(sql: string, ...parameters: unknown[]): unknown {
    return this.statement(sql).get(...parameters);
  }

  #all(sql: string, ...parameters: unknown[]): unknown[] {
    return this.statement(sql).all(...parameters);
  }

  /** A prepared statement, prepared once for each text. For this room only. */
  statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql) as Statement;
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Empties a database that holds something else, such as the catalog of another version of artifold. */
function dropTables(database: Database): void {
  const names = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all() as string[];
  database.pragma("defer_foreign_keys = ON");
  for (const name of names) database.exec(`DROP TABLE "${name.replaceAll('"', '""')}"`);
}
