/** Applies records of the journal to the catalog, one transaction each. */
import { type Digest, digestToBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import type {
  ArtifactMade,
  ArtifactState,
  Change,
  Checkpoint,
  JournalEntry,
  JournalPosition,
  NoteMade,
  RemoteNamed,
  VersionMade,
} from "../journal/index.ts";
import { decodeVersionRecord, type Metadata, versionId } from "../manifest/index.ts";
import { adoptedPath, type PlacedObject, packPath } from "../objects/index.ts";
import { addLink, addRun, endRun, setConfig } from "./apply-run.ts";
import { applyStep, type LocalChanges } from "./apply-step.ts";
import type { Catalog } from "./catalog.ts";
import { addFolded, nameScopes } from "./folded-names.ts";
import { loggedChange } from "./logged-step.ts";
import { foldName } from "./names.ts";

/** Applies an entry and what came with it. */
export function applyEntry(
  catalog: Catalog,
  entry: JournalEntry,
  places: Iterable<PlacedObject>,
  position: JournalPosition,
): void {
  inTransaction(catalog, () => {
    for (const change of entry.changes) applyChange(catalog, change);
    const addFile = catalog.statement("INSERT OR IGNORE INTO content_file (path, kind, bytes) VALUES (?, ?, ?)");
    for (const pack of entry.packs) addFile.run(packPath(pack.name), pack.kind, pack.bytes);
    for (const file of entry.files ?? []) addFile.run(adoptedPath(file.name), "file", file.bytes);
    addPlaces(catalog, places);
    // An entry that only brings content, which was on a remote before, is nothing that anybody did.
    if (entry.changes.length > 0) {
      catalog
        .statement("INSERT INTO operation (sequence, at, by, changes) VALUES (?, ?, ?, ?)")
        .run(position.sequence, entry.at, entry.by, JSON.stringify(entry.changes.map(loggedChange), withoutRecords));
    }
    setPosition(catalog, position);
  });
}

/** The log shows changes, not the bytes of records. */
function withoutRecords(key: string, value: unknown): unknown {
  return key === "record" ? undefined : value;
}

/** Notes that a segment is sealed: from now on its own table says where its objects lie. */
export function applySeal(catalog: Catalog, path: string, bytes: number, position: JournalPosition): void {
  inTransaction(catalog, () => {
    catalog
      .statement("INSERT OR IGNORE INTO content_file (path, kind, bytes) VALUES (?, 'segment', ?)")
      .run(path, bytes);
    catalog.statement("DELETE FROM place").run();
    setPosition(catalog, position);
  });
}

/** Applies a checkpoint: changes nothing unless records before it could not be read. */
export function applyCheckpoint(
  catalog: Catalog,
  artifacts: readonly ArtifactState[],
  position: JournalPosition,
): void {
  inTransaction(catalog, () => {
    for (const state of artifacts) {
      applyChange(catalog, { change: "artifact", ...state });
      catalog
        .statement("UPDATE artifact SET highest = max(highest, ?) WHERE artifact = ?")
        .run(state.highest, state.artifact);
      if (state.tags !== null) setTags(catalog, state.artifact, state.tags);
      for (const version of state.removed) setRemoved(catalog, version, 1);
    }
    setPosition(catalog, position);
  });
}

/** How many tags and removed versions go into one record: each takes less than 600 bytes of its 32 MiB. */
const CHECKPOINT_ITEMS_MAX = 32 * 1024;

/** The checkpoints that say what is now. */
export function* checkpoints(catalog: Catalog, itemsMax: number = CHECKPOINT_ITEMS_MAX): Generator<Checkpoint> {
  let artifacts: ArtifactState[] = [];
  let items = 0;
  for (const { row, home: _, ...artifact } of catalog.artifacts()) {
    for (const state of artifactStates(catalog, row, artifact, itemsMax / 2)) {
      // Its names take as much as a few tags.
      const cost = 4 + (state.tags?.length ?? 0) + state.removed.length;
      if (artifacts.length > 0 && items + cost > itemsMax) {
        yield { artifacts };
        artifacts = [];
        items = 0;
      }
      artifacts.push(state);
      items += cost;
    }
  }
  if (artifacts.length > 0) yield { artifacts };
}

/** The state of one artifact, in as many parts as it has removed versions for. */
function* artifactStates(
  catalog: Catalog,
  row: number,
  artifact: Omit<ArtifactState, "tags" | "removed">,
  partMax: number,
): Generator<ArtifactState> {
  const all = catalog.tags(row);
  const tags = all.length > partMax ? null : all.map(({ tag, version }) => [tag, version] as const);
  const removed = catalog.removedVersions(row);
  yield { ...artifact, tags, removed: removed.slice(0, partMax) };
  for (let from = partMax; from < removed.length; from += partMax) {
    yield { ...artifact, tags: null, removed: removed.slice(from, from + partMax) };
  }
}

/** Moves the position without a change of tables: over what could not be read. */
export function applyNothing(catalog: Catalog, position: JournalPosition): void {
  inTransaction(catalog, () => setPosition(catalog, position));
}

/** Runs changes of the catalog as one. Inside of another transaction it becomes a part of that. */
export function inTransaction(catalog: Catalog, action: () => void): void {
  catalog.database.transaction(action).immediate();
}

function applyChange(catalog: Catalog, change: Change): void {
  switch (change.change) {
    case "artifact":
      addArtifact(catalog, change);
      break;
    case "version":
      addVersion(catalog, change);
      break;
    case "tag":
      setTag(catalog, change.artifact, change.tag, change.version);
      break;
    case "remove":
      setRemoved(catalog, change.version, 1);
      break;
    case "restore":
      setRemoved(catalog, change.version, 0);
      break;
    case "note":
      addNote(catalog, change);
      break;
    case "remote":
      nameRemote(catalog, change);
      break;
    case "step":
      applyStep(catalog, change, localChanges(catalog));
      break;
    case "whole":
      for (const version of change.versions) setWhole(catalog, version);
      break;
    case "run":
      addRun(catalog, change);
      break;
    case "config":
      setConfig(catalog, change);
      break;
    case "used":
    case "made":
      addLink(catalog, change.change, change.run, change.version);
      break;
    case "ended":
      endRun(catalog, change);
      break;
    default:
      throw new ArtifoldError(
        "FORMAT_UNSUPPORTED",
        `the journal tells of a change that is not known here: ${changeName(change)}`,
        {
          hint: "A newer artifold made it. Update artifold.",
        },
      );
  }
}

function changeName(change: { change?: unknown }): string {
  return JSON.stringify(change.change)?.slice(0, 80) ?? "one without a name";
}

/** Team, experiment and type of artifacts whose names are lost. */
const LOST = "lost-and-found";

function addArtifact(catalog: Catalog, made: ArtifactMade): void {
  const { artifact, team, experiment, type, name } = made;
  catalog
    .statement("INSERT OR IGNORE INTO artifact (artifact, team, experiment, type, name) VALUES (?, ?, ?, ?, ?)")
    .run(artifact, team, experiment, type, name);
  // A checkpoint may give a name back.
  catalog
    .statement(
      `UPDATE OR IGNORE artifact SET team = ?, experiment = ?, type = ?, name = ? WHERE artifact = ? AND team = '${LOST}'`,
    )
    .run(team, experiment, type, name, artifact);
  addFolded(catalog, nameScopes.team(), team);
  addFolded(catalog, nameScopes.experiment(team), experiment);
  addFolded(catalog, nameScopes.type(team, experiment), type);
  addFolded(catalog, nameScopes.artifact(team, experiment, type), name);
}

/** The row of an artifact. One whose first record is damaged has lost its name, and its versions go under another. */
function artifactRow(catalog: Catalog, artifact: Digest): number {
  const select = catalog.statement("SELECT id FROM artifact WHERE artifact = ?").pluck();
  if (select.get(artifact) === undefined) {
    const name = artifact.slice(0, 16);
    addArtifact(catalog, { change: "artifact", artifact, team: LOST, experiment: LOST, type: LOST, name });
  }
  return select.get(artifact) as number;
}

function addVersion(catalog: Catalog, made: VersionMade): void {
  const record = decodeVersionRecord(made.record);
  if (versionId(made.record) !== made.version || record.artifact !== made.artifact) {
    throw new ArtifoldError("DAMAGED", `the journal calls a record ${made.version} that is another one's`);
  }
  const row = artifactRow(catalog, made.artifact);
  catalog
    .statement(
      `INSERT OR IGNORE INTO version
        (version, artifact, number, manifest, created_at, record, message, metadata, entries, files, bytes, new_bytes,
          elsewhere)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      made.version,
      row,
      made.number,
      record.manifest,
      record.createdAt,
      made.record,
      record.message,
      JSON.stringify(record.metadata),
      made.entries,
      made.files,
      made.bytes,
      made.newBytes,
      elsewhereOf(catalog, record.parents),
    );
  catalog.statement("UPDATE artifact SET highest = max(highest, ?) WHERE id = ?").run(made.number, row);
  if (record.run !== undefined) addLink(catalog, "made", record.run, made.version);
}

/** What was made from a version whose content is not all here may have some of that content. */
function elsewhereOf(catalog: Catalog, parents: readonly Digest[]): Digest | null {
  for (const parent of parents) {
    const elsewhere = catalog.versionById(parent)?.elsewhere;
    if (elsewhere) return elsewhere;
  }
  return null;
}

/** Makes these all the tags of an artifact. */
function setTags(catalog: Catalog, artifact: Digest, tags: readonly (readonly [string, Digest])[]): void {
  catalog.statement("DELETE FROM tag WHERE artifact = (SELECT id FROM artifact WHERE artifact = ?)").run(artifact);
  for (const [tag, version] of tags) setTag(catalog, artifact, tag, version);
}

function setTag(catalog: Catalog, artifact: Digest, tag: string, version: Digest | null): void {
  const row = artifactRow(catalog, artifact);
  const scope = nameScopes.tag(artifact);
  if (version === null) {
    catalog.statement("DELETE FROM tag WHERE artifact = ? AND tag = ?").run(row, tag);
    catalog.statement("DELETE FROM folded WHERE scope = ? AND folded = ?").run(scope, foldName(tag));
  } else {
    catalog.statement("INSERT OR REPLACE INTO tag (artifact, tag, version) VALUES (?, ?, ?)").run(row, tag, version);
    addFolded(catalog, scope, tag);
  }
}

function setRemoved(catalog: Catalog, version: Digest, removed: 0 | 1): void {
  catalog.statement("UPDATE version SET removed = ? WHERE version = ?").run(removed, version);
}

function addNote(catalog: Catalog, { version, message, metadata }: NoteMade): void {
  // Parsed once here, so that what cannot be read fails where it is applied and not where it is asked for.
  const notes = {
    message,
    metadata: metadata === undefined ? undefined : JSON.stringify(JSON.parse(metadata) as Metadata),
  };
  for (const [column, text] of Object.entries(notes)) {
    if (text === undefined) continue;
    for (const table of ["version", "also_made"]) {
      catalog.statement(`UPDATE ${table} SET ${column} = ? WHERE version = ?`).run(text, version);
    }
  }
}

function nameRemote(catalog: Catalog, { name, url, id, writers }: RemoteNamed): void {
  if (url === null) {
    catalog.statement("DELETE FROM remote WHERE name = ?").run(name);
    return;
  }
  catalog
    .statement("INSERT OR REPLACE INTO remote (name, url, id, writers) VALUES (?, ?, ?, ?)")
    .run(name, url, id, writers);
}

function setWhole(catalog: Catalog, version: Digest): void {
  catalog.statement("UPDATE version SET elsewhere = NULL WHERE version = ?").run(version);
}

/** What steps of remotes' logs change here. */
function localChanges(catalog: Catalog): LocalChanges {
  return {
    artifactRow: (artifact, names) => {
      if (names !== undefined) addArtifact(catalog, { change: "artifact", ...names });
      return artifactRow(catalog, artifact);
    },
    setTag: (artifact, tag, version) => setTag(catalog, artifact, tag, version),
    setRemoved: (version, removed) => setRemoved(catalog, version, removed),
  };
}

function addPlaces(catalog: Catalog, places: Iterable<PlacedObject>): void {
  const insert = catalog.statement(
    "INSERT OR IGNORE INTO place (digest, offset, length, position) VALUES (?, ?, ?, ?)",
  );
  for (const place of places) {
    const position = place.isDelta ? -1 - place.index : place.index;
    insert.run(Buffer.from(digestToBytes(place.digest)), place.offset, place.length, position);
  }
}

function setPosition(catalog: Catalog, position: JournalPosition): void {
  catalog
    .statement("INSERT OR REPLACE INTO journal (id, segment, offset, sequence, digest) VALUES (1, ?, ?, ?, ?)")
    .run(position.segment, position.offset, position.sequence, position.digest);
}
