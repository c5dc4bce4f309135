/**
 * Applies steps of a remote's logs to the catalog: what the log says, and what that changes here.
 *
 * What a log says is kept beside what holds here. Where the two were equal, what is here follows the log; where they were
 * not, somebody here has changed it since, and what is here stays until it is pushed. So nothing needs to be remembered of
 * what is still to be pushed: it is what differs.
 */
import type { Digest } from "../digest/index.ts";
import type { StepKnown } from "../journal/index.ts";
import {
  type AlsoEvent,
  type ArtifactEvent,
  artifactOfLog,
  decodeStep,
  type ExperimentEvent,
  experimentId,
  experimentOfLog,
  type LogEvent,
  type LogName,
  type NoteEvent,
  parseLogName,
  type RemovalEvent,
  stepDigest,
  type TagEvent,
  type VersionEvent,
} from "../logs/index.ts";
import { decodeVersionRecord, versionId } from "../manifest/index.ts";
import { applyLink, applyRun } from "./apply-remote-run.ts";
import type { Catalog } from "./catalog.ts";
import { isPublished, makeAlso, numberAnew, recordOf } from "./numbering.ts";

/** What applying a step needs of the changes that are made here. */
export interface LocalChanges {
  /** The row of an artifact, which is made where there is none. */
  artifactRow(artifact: Digest, names: Omit<ArtifactEvent, "event" | "home"> | undefined): number;
  setTag(artifact: Digest, tag: string, version: Digest | null): void;
  setRemoved(version: Digest, removed: 0 | 1): void;
}

/** Applies one step. */
export function applyStep(catalog: Catalog, step: StepKnown, local: LocalChanges): void {
  const { remote, log, slot, core } = step;
  const artifact = artifactOfLog(parseLogName(log) ?? ("" as never));
  const application = new StepApplication(catalog, remote, local);
  const { events } = decodeStep(core);
  const owner = artifact ?? experimentOfLog(log as LogName);
  for (const event of events) {
    application.apply(event, artifact);
    if (event.event === "run" && owner !== undefined) applyRun(catalog, remote, owner, event);
  }
  application.finish();
  const epoch = Math.max(0, ...events.map((event) => (event.event === "fence" ? event.epoch : 0)));
  catalog
    .statement(
      `INSERT INTO log_position (remote, log, slot, digest, epoch) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET slot = excluded.slot, digest = excluded.digest, epoch = max(epoch, excluded.epoch)`,
    )
    .run(remote, log, slot, stepDigest(core), epoch);
}

/** What a remote's log says of a version, beside its record. */
interface RemoteView {
  readonly removed: number;
  readonly message: string;
  readonly metadata: string;
}

class StepApplication {
  readonly #catalog: Catalog;
  readonly #remote: Digest;
  readonly #local: LocalChanges;
  /** Artifacts whose provisional numbers may have to make way. */
  readonly #renumbered = new Set<number>();

  constructor(catalog: Catalog, remote: Digest, local: LocalChanges) {
    this.#catalog = catalog;
    this.#remote = remote;
    this.#local = local;
  }

  apply(event: LogEvent, artifact: Digest | undefined): void {
    if (event.event === "artifact") this.#addArtifact(event);
    if (event.event === "experiment") this.#addExperiment(event);
    if (artifact === undefined) return;
    switch (event.event) {
      case "version":
        this.#addVersion(event, artifact);
        break;
      case "also":
        this.#addAlso(event, artifact);
        break;
      case "tag":
        this.#moveTag(event, artifact);
        break;
      case "remove":
      case "restore":
        this.#setRemoved(event);
        break;
      case "note":
        this.#addNote(event);
        break;
      case "used":
      case "made":
        applyLink(this.#catalog, this.#remote, event);
        break;
      default:
        break;
    }
  }

  finish(): void {
    for (const row of this.#renumbered) numberAnew(this.#catalog, row);
  }

  #addArtifact({ event: _, ...named }: ArtifactEvent): void {
    const { artifact, team, experiment, type, name, home } = named;
    this.#catalog
      .statement(
        `INSERT OR IGNORE INTO remote_artifact (remote, artifact, team, experiment, type, name, home)
          VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(this.#remote, artifact, team, experiment, type, name, home);
    this.#catalog.statement("UPDATE artifact SET home = ? WHERE artifact = ? AND home IS NULL").run(home, artifact);
  }

  #addExperiment({ team, experiment }: ExperimentEvent): void {
    this.#catalog
      .statement("INSERT OR IGNORE INTO remote_experiment (remote, id, team, experiment) VALUES (?, ?, ?, ?)")
      .run(this.#remote, experimentId(team, experiment), team, experiment);
  }

  #addVersion(event: VersionEvent, artifact: Digest): void {
    const { number, record } = event;
    const id = versionId(record);
    const { message, metadata, manifest, createdAt } = decodeVersionRecord(record);
    this.#addRemoteVersion(id, artifact, number, record);
    const row = this.#artifactRow(artifact);
    const loser = this.#catalog.versionByNumber(row, number);
    if (loser !== undefined && loser.version !== id && !isPublished(this.#catalog, loser.version)) {
      if (loser.manifest === manifest) makeAlso(this.#catalog, loser, id);
      // Out of the way, to be numbered anew behind all that have a number for good.
      else this.#catalog.statement("UPDATE version SET number = -number WHERE version = ?").run(loser.version);
    }
    const known = this.#catalog.versionById(id);
    if (known === undefined) {
      this.#catalog
        .statement(
          `INSERT OR IGNORE INTO version
            (version, artifact, number, manifest, created_at, record, message, metadata, entries, files, bytes, new_bytes,
              published, elsewhere)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)`,
        )
        .run(
          id,
          row,
          number,
          manifest,
          createdAt,
          record,
          message,
          JSON.stringify(metadata),
          event.entries,
          event.files,
          event.bytes,
          event.newBytes,
          this.#remote,
        );
    } else {
      this.#catalog
        .statement("UPDATE OR IGNORE version SET number = ?, published = 1, displaced = 0 WHERE version = ?")
        .run(number, id);
    }
    this.#renumbered.add(row);
  }

  #addAlso({ holder, record }: AlsoEvent, artifact: Digest): void {
    const id = versionId(record);
    this.#addRemoteVersion(id, artifact, null, record);
    const row = this.#artifactRow(artifact);
    const known = this.#catalog.versionById(id);
    makeAlso(this.#catalog, known ?? { version: id, artifactRow: row, ...recordOf(record) }, holder);
    this.#renumbered.add(row);
  }

  #addRemoteVersion(id: Digest, artifact: Digest, number: number | null, record: Uint8Array): void {
    const { message, metadata, run } = decodeVersionRecord(record);
    if (run !== undefined) applyLink(this.#catalog, this.#remote, { event: "made", run, version: id });
    this.#catalog
      .statement(
        `INSERT OR IGNORE INTO remote_version (remote, version, artifact, number, message, metadata)
          VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(this.#remote, id, artifact, number, message, JSON.stringify(metadata));
  }

  #moveTag({ tag, version }: TagEvent, artifact: Digest): void {
    const remote = this.#remote;
    const before = this.#catalog
      .statement("SELECT version FROM remote_tag WHERE remote = ? AND artifact = ? AND tag = ?")
      .pluck()
      .get(remote, artifact, tag) as Digest | undefined;
    if (version === null) {
      this.#catalog
        .statement("DELETE FROM remote_tag WHERE remote = ? AND artifact = ? AND tag = ?")
        .run(remote, artifact, tag);
    } else {
      this.#catalog
        .statement("INSERT OR REPLACE INTO remote_tag (remote, artifact, tag, version) VALUES (?, ?, ?, ?)")
        .run(remote, artifact, tag, version);
    }
    const here = this.#catalog.tagTarget(this.#artifactRow(artifact), tag);
    if (here === before) this.#local.setTag(artifact, tag, version);
  }

  #setRemoved({ event, version }: RemovalEvent): void {
    const removed = event === "remove" ? 1 : 0;
    const here = this.#catalog.versionById(version);
    const before = this.#remoteVersion(version)?.removed;
    this.#catalog
      .statement("UPDATE remote_version SET removed = ? WHERE remote = ? AND version = ?")
      .run(removed, this.#remote, version);
    if (here !== undefined && Number(here.removed) === before) this.#local.setRemoved(version, removed);
  }

  #addNote({ version, message, metadata }: NoteEvent): void {
    const before = this.#remoteVersion(version);
    const here = this.#catalog.versionById(version);
    const notes = { message, metadata: metadata === null ? null : JSON.stringify(JSON.parse(metadata)) };
    for (const [column, text] of Object.entries(notes)) {
      if (text === null) continue;
      this.#catalog
        .statement(`UPDATE remote_version SET ${column} = ? WHERE remote = ? AND version = ?`)
        .run(text, this.#remote, version);
      const own = column === "message" ? here?.message : JSON.stringify(here?.metadata);
      if (own !== before?.[column as "message" | "metadata"]) continue;
      for (const table of ["version", "also_made"]) {
        this.#catalog.statement(`UPDATE ${table} SET ${column} = ? WHERE version = ?`).run(text, version);
      }
    }
  }

  #remoteVersion(version: Digest): RemoteView | undefined {
    return this.#catalog
      .statement("SELECT removed, message, metadata FROM remote_version WHERE remote = ? AND version = ?")
      .get(this.#remote, version) as RemoteView | undefined;
  }

  /** The artifact's row, made under the name that the remote has for it where it is not known here. */
  #artifactRow(artifact: Digest): number {
    const named = this.#catalog
      .statement(
        "SELECT artifact, team, experiment, type, name, home FROM remote_artifact WHERE remote = ? AND artifact = ?",
      )
      .get(this.#remote, artifact) as Omit<ArtifactEvent, "event"> | undefined;
    const row = this.#local.artifactRow(artifact, named);
    if (named !== undefined) {
      this.#catalog.statement("UPDATE artifact SET home = ? WHERE id = ? AND home IS NULL").run(named.home, row);
    }
    return row;
  }
}
