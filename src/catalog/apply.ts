/** Applies records of the journal to the catalog, one transaction each. */
import { type Digest, digestToBytes } from "../digest/index.ts";
import type { ArtifactMade, ArtifactState, Change, JournalEntry, JournalPosition, NoteMade, VersionMade } from "../journal/index.ts";
import { decodeVersionRecord, type Metadata } from "../manifest/index.ts";
import { packPath } from "../objects/index.ts";
import type { Catalog } from "./catalog.ts";
import type { Database } from "./database.ts";
import { foldName } from "./names.ts";

/** An object that came with a record, and where it lies in the segment. */
export interface NewPlace {
  readonly digest: Digest;
  readonly offset: number;
  readonly length: number;
  readonly index: number;
}

/** Where names of a kind must be distinct, as one text. */
export const nameScopes = {
  team: (): string => "team",
  experiment: (team: string): string => `experiment/${team}`,
  type: (team: string, experiment: string): string => `type/${team}/${experiment}`,
  artifact: (team: string, experiment: string, type: string): string => `artifact/${team}/${experiment}/${type}`,
  tag: (artifact: Digest): string => `tag/${artifact}`,
} as const;

/** Applies an entry and what came with it. */
export function applyEntry(
  catalog: Catalog,
  entry: JournalEntry,
  places: Iterable<NewPlace>,
  position: JournalPosition,
): void {
  inTransaction(catalog, () => {
    const { database } = catalog;
    for (const change of entry.changes) applyChange(database, change);
    const addFile = database.prepare("INSERT OR IGNORE INTO content_file (path, kind, bytes) VALUES (?, ?, ?)");
    for (const pack of entry.packs) addFile.run(packPath(pack.name), pack.kind, pack.bytes);
    addPlaces(database, places);
    database
      .prepare("INSERT INTO operation (sequence, at, by, changes) VALUES (?, ?, ?, ?)")
      .run(position.sequence, entry.at, entry.by, JSON.stringify(entry.changes, withoutRecords));
    setPosition(database, position);
  });
}

/** The log shows changes, not the bytes of records. */
function withoutRecords(key: string, value: unknown): unknown {
  return key === "record" ? undefined : value;
}

/** Notes that a segment is sealed: from now on its own table says where its objects lie. */
export function applySeal(catalog: Catalog, path: string, bytes: number, position: JournalPosition): void {
  inTransaction(catalog, () => {
    catalog.database
      .prepare("INSERT OR IGNORE INTO content_file (path, kind, bytes) VALUES (?, 'segment', ?)")
      .run(path, bytes);
    catalog.database.exec("DELETE FROM place");
    setPosition(catalog.database, position);
  });
}

/** Applies a checkpoint: changes nothing unless records before it could not be read. */
export function applyCheckpoint(
  catalog: Catalog,
  artifacts: readonly ArtifactState[],
  position: JournalPosition,
): void {
  inTransaction(catalog, () => {
    const { database } = catalog;
    for (const state of artifacts) {
      applyChange(database, { change: "artifact", ...state });
      database
        .prepare("UPDATE artifact SET highest = max(highest, ?) WHERE artifact = ?")
        .run(state.highest, state.artifact);
      database.prepare("DELETE FROM tag WHERE artifact = (SELECT id FROM artifact WHERE artifact = ?)").run(state.artifact);
      for (const [tag, version] of state.tags) setTag(database, state.artifact, tag, version);
      for (const version of state.removed) setRemoved(database, version, 1);
    }
    setPosition(database, position);
  });
}

/** The state that a checkpoint would hold now. */
export function checkpointState(catalog: Catalog): ArtifactState[] {
  return catalog.artifacts().map(({ row, ...artifact }) => ({
    ...artifact,
    tags: catalog.tags(row).map(({ tag, version }) => [tag, version] as const),
    removed: catalog
      .versions(row, { removed: true })
      .filter((version) => version.removed)
      .map((version) => version.version),
  }));
}

/** Moves the position without a change of tables: over what could not be read. */
export function applyNothing(catalog: Catalog, position: JournalPosition): void {
  inTransaction(catalog, () => setPosition(catalog.database, position));
}

function inTransaction(catalog: Catalog, action: () => void): void {
  catalog.database.transaction(action).immediate();
}

function applyChange(database: Database, change: Change): void {
  switch (change.change) {
    case "artifact":
      addArtifact(database, change);
      break;
    case "version":
      addVersion(database, change);
      break;
    case "tag":
      setTag(database, change.artifact, change.tag, change.version);
      break;
    case "remove":
      setRemoved(database, change.version, 1);
      break;
    case "restore":
      setRemoved(database, change.version, 0);
      break;
    case "note":
      addNote(database, change);
      break;
    default:
      // A later version of artifold may know more changes; a store that has them has a newer format number.
      throw new TypeError(`unknown change ${(change as { change: string }).change}`);
  }
}

function addArtifact(database: Database, made: ArtifactMade): void {
  const { artifact, team, experiment, type, name } = made;
  database
    .prepare("INSERT OR IGNORE INTO artifact (artifact, team, experiment, type, name) VALUES (?, ?, ?, ?, ?)")
    .run(artifact, team, experiment, type, name);
  addFolded(database, nameScopes.team(), team);
  addFolded(database, nameScopes.experiment(team), experiment);
  addFolded(database, nameScopes.type(team, experiment), type);
  addFolded(database, nameScopes.artifact(team, experiment, type), name);
}

function addFolded(database: Database, scope: string, name: string): void {
  database
    .prepare("INSERT OR IGNORE INTO folded (scope, folded, name) VALUES (?, ?, ?)")
    .run(scope, foldName(name), name);
}

function addVersion(database: Database, made: VersionMade): void {
  const record = decodeVersionRecord(made.record);
  database
    .prepare(
      `INSERT OR IGNORE INTO version
        (version, artifact, number, manifest, record, message, metadata, entries, files, bytes, new_bytes)
        VALUES (?, (SELECT id FROM artifact WHERE artifact = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      made.version,
      made.artifact,
      made.number,
      record.manifest,
      made.record,
      record.message,
      JSON.stringify(record.metadata),
      made.entries,
      made.files,
      made.bytes,
      made.newBytes,
    );
  database
    .prepare("UPDATE artifact SET highest = max(highest, ?) WHERE artifact = ?")
    .run(made.number, made.artifact);
}

function setTag(database: Database, artifact: Digest, tag: string, version: Digest | null): void {
  const row = database.prepare("SELECT id FROM artifact WHERE artifact = ?").pluck().get(artifact);
  const scope = nameScopes.tag(artifact);
  if (version === null) {
    database.prepare("DELETE FROM tag WHERE artifact = ? AND tag = ?").run(row, tag);
    database.prepare("DELETE FROM folded WHERE scope = ? AND folded = ?").run(scope, foldName(tag));
  } else {
    database.prepare("INSERT OR REPLACE INTO tag (artifact, tag, version) VALUES (?, ?, ?)").run(row, tag, version);
    addFolded(database, scope, tag);
  }
}

function setRemoved(database: Database, version: Digest, removed: 0 | 1): void {
  database.prepare("UPDATE version SET removed = ? WHERE version = ?").run(removed, version);
}

function addNote(database: Database, note: NoteMade): void {
  if (note.message !== undefined) {
    database.prepare("UPDATE version SET message = ? WHERE version = ?").run(note.message, note.version);
  }
  if (note.metadata !== undefined) {
    // Parsed once here, so that what cannot be read fails where it is applied and not where it is asked for.
    const metadata = JSON.parse(note.metadata) as Metadata;
    database.prepare("UPDATE version SET metadata = ? WHERE version = ?").run(JSON.stringify(metadata), note.version);
  }
}

function addPlaces(database: Database, places: Iterable<NewPlace>): void {
  const insert = database.prepare(
    "INSERT OR IGNORE INTO place (digest, offset, length, position) VALUES (?, ?, ?, ?)",
  );
  for (const place of places) {
    insert.run(Buffer.from(digestToBytes(place.digest)), place.offset, place.length, place.index);
  }
}

function setPosition(database: Database, position: JournalPosition): void {
  database
    .prepare("INSERT OR REPLACE INTO journal (id, segment, offset, sequence, digest) VALUES (1, ?, ?, ?, ?)")
    .run(position.segment, position.offset, position.sequence, position.digest);
}
