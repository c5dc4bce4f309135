/** What the next step of an artifact's log is to say, and what content it needs. */
import {
  type ArtifactRow,
  type Catalog,
  logPosition,
  type RunRow,
  remoteHasNumber,
  remoteHighest,
  remoteLatest,
  remoteVersion,
  unpushed,
  unpushedRuns,
  type VersionRow,
} from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { artifactLog, type LogEvent, NAMES_LOG, type RunEvent, type VersionEvent } from "../logs/index.ts";
import { decodeVersionRecord, EMPTY_MANIFEST, type VersionRecord } from "../manifest/index.ts";
import type { NeededContent } from "../sync/index.ts";

/** Versions, and bytes of their records, that one step brings. */
const VERSIONS_MAX = 2_000;
const RECORD_BYTES_MAX: number = 4 * 1024 * 1024;

/** About what an entry takes in nodes. */
const ENTRY_BYTES = 100;

/** What is to be pushed in one step. */
export interface PushPlan {
  readonly events: readonly LogEvent[];
  /** Versions that get their numbers for good, in their order. */
  readonly versions: readonly VersionRow[];
  /** What is sent before the step. */
  readonly contents: readonly NeededContent[];
  /** Versions of the remote that are relied on to live when the step is written. */
  readonly reliesOn: readonly Digest[];
  /** About how many raw bytes that may come to. */
  readonly bytes: number;
  /** Whether all of that content is in this store. */
  readonly isHere: boolean;
  /** Whether no version is left for a later step. */
  readonly hasAllVersions: boolean;
  /** Whether another step is needed after this one. */
  readonly hasMore: boolean;
}

/** The epoch of the last gc that the logs which were read tell of. */
export function epochOf(catalog: Catalog, remote: Digest, artifact: Digest): number {
  const logs = [NAMES_LOG, artifactLog(artifact)];
  return Math.max(0, ...logs.map((log) => logPosition(catalog, remote, log)?.epoch ?? 0));
}

/** What a log is told of a run. */
export function runEvent({ record, config, state, endedAt, exitCode, signal }: RunRow): RunEvent {
  const ending = state === null || endedAt === null ? null : { state, at: endedAt, exitCode, signal };
  return { event: "run", record, config: JSON.stringify(config), ending };
}

/**
 * Makes the plan of the next step; `undefined` when there is nothing to push.
 *
 * @param upTo the highest number that is meant
 * @throws ArtifoldError CONFLICT where a mirror has other numbers
 */
export function planPush(
  catalog: Catalog,
  remote: Digest,
  artifact: ArtifactRow,
  { home, upTo }: { readonly home: Digest; readonly upTo: number },
): PushPlan | undefined {
  const plan = new Planning(catalog, remote, artifact, home === remote);
  plan.addVersions(upTo);
  if (!plan.hasMore) plan.addOthers();
  return plan.events.length === 0 ? undefined : plan;
}

class Planning implements PushPlan {
  readonly events: LogEvent[] = [];
  readonly versions: VersionRow[] = [];
  readonly contents: NeededContent[] = [];
  readonly reliesOn: Digest[] = [];
  bytes = 0;
  isHere = true;
  hasAllVersions = true;
  hasMore = false;
  readonly #catalog: Catalog;
  readonly #remote: Digest;
  readonly #artifact: ArtifactRow;
  readonly #isHome: boolean;
  /** Manifests of versions that this step brings, by their ids. */
  readonly #brought = new Map<Digest, Digest>();
  readonly #tells = new Set<Digest>();
  /** Runs and versions that records of this step join. */
  readonly #saidByRecords = new Set<string>();

  constructor(catalog: Catalog, remote: Digest, artifact: ArtifactRow, isHome: boolean) {
    this.#catalog = catalog;
    this.#remote = remote;
    this.#artifact = artifact;
    this.#isHome = isHome;
  }

  addVersions(upTo: number): void {
    const { versions } = unpushed(this.#catalog, this.#remote, this.#artifact);
    let number = remoteHighest(this.#catalog, this.#remote, this.#artifact.artifact);
    let bytes = 0;
    for (const id of versions) {
      const row = this.#catalog.versionById(id) as VersionRow;
      if (row.number > upTo) break;
      // A mirror repeats the numbers that home has given, and gives none.
      if (!this.#isHome && !row.published) continue;
      if (this.versions.length >= VERSIONS_MAX || bytes > RECORD_BYTES_MAX) {
        this.hasMore = true;
        this.hasAllVersions = false;
        return;
      }
      bytes += row.record.length;
      const holder = this.#holderFor(row);
      if (holder !== undefined) {
        this.#addAlso(row, holder);
        continue;
      }
      number = this.#isHome ? number + 1 : row.number;
      this.#refuseOtherNumbers(row, number);
      this.#addVersion({ ...row, number });
    }
  }

  addOthers(): void {
    const { also, tags, removals, notes } = unpushed(this.#catalog, this.#remote, this.#artifact);
    for (const { version, holder, record } of also) {
      if (!this.#isThere(holder)) continue;
      this.events.push({ event: "also", holder, record });
      this.#told(version, decodeVersionRecord(record).run);
    }
    for (const { tag, version } of tags) {
      if (version === null || this.#isThere(version)) this.events.push({ event: "tag", tag, version });
    }
    for (const { version, removed } of removals) {
      if (!removed) this.#need(this.#catalog.versionById(version) as VersionRow);
      this.events.push({ event: removed ? "remove" : "restore", version });
    }
    for (const note of notes) this.events.push({ event: "note", ...note });
    this.#addRuns();
  }

  #addRuns(): void {
    const { runs, links } = unpushedRuns(this.#catalog, this.#remote, this.#artifact);
    const ready = links.filter(({ version }) => this.#isThere(version));
    // What is joined only with versions that are not there yet comes with these.
    const early = new Set(links.map(({ run }) => run));
    for (const { run } of ready) early.delete(run);
    let bytes = 0;
    for (const row of runs) {
      if (early.has(row.run)) continue;
      if (bytes > RECORD_BYTES_MAX) {
        this.hasMore = true;
        return;
      }
      const event = runEvent(row);
      bytes += event.record.length + event.config.length;
      this.events.push(event);
    }
    for (const { link, run, version } of ready) {
      if (!this.#saidByRecords.has(`${run}:${version}`)) this.events.push({ event: link, run, version });
    }
  }

  /**
   * The version with the number right before, where somebody else published it with the content that this one has: a number
   * more would say nothing new.
   */
  #holderFor({ displaced, removed, manifest }: VersionRow): Digest | undefined {
    const last = this.versions.findLast((row) => !row.removed)?.version ?? this.#newest();
    if (!this.#isHome || !displaced || removed || last === undefined) return undefined;
    return this.#catalog.versionById(last)?.manifest === manifest ? last : undefined;
  }

  #addAlso(row: VersionRow, holder: Digest): void {
    const first = decodeVersionRecord(row.record);
    this.events.push({ event: "also", holder, record: row.record });
    this.#addNote(row, first);
    this.#told(row.version, first.run);
  }

  #addVersion(row: VersionRow): void {
    const { version, number, record, entries, files, bytes, newBytes } = row;
    const event: VersionEvent = { event: "version", number, record, entries, files, bytes, newBytes };
    this.events.push(event);
    this.versions.push(row);
    if (row.removed) this.events.push({ event: "remove", version });
    else this.#need(row);
    const first = decodeVersionRecord(record);
    this.#addNote(row, first);
    if (!row.removed) this.#brought.set(version, row.manifest);
    this.#told(version, first.run);
  }

  /** Later message and metadata of a version that this step tells of. */
  #addNote(row: VersionRow, first: VersionRecord): void {
    const message = row.message === first.message ? null : row.message;
    const [now, before] = [JSON.stringify(row.metadata), JSON.stringify(first.metadata)];
    const metadata = now === before ? null : now;
    if (message === null && metadata === null) return;
    this.events.push({ event: "note", version: row.version, message, metadata });
  }

  #told(version: Digest, run: Digest | undefined): void {
    this.#tells.add(version);
    if (run !== undefined) this.#saidByRecords.add(`${run}:${version}`);
  }

  /** Content goes on from what the version was made from, where that is there; else from the newest that is. */
  #need(row: VersionRow): void {
    const [parent] = decodeVersionRecord(row.record).parents;
    const last = [...this.#brought.values()].at(-1);
    const newest = this.#newest();
    const base =
      (parent && (this.#brought.get(parent) ?? this.#living(parent))) ?? last ?? (newest && this.#living(newest));
    this.contents.push({ manifest: row.manifest, base: base ?? EMPTY_MANIFEST });
    // What is new to the store may be all there is, or nothing: of another artifact it may have had the content before.
    this.bytes += base === undefined ? row.bytes + row.entries * ENTRY_BYTES : row.newBytes;
    this.isHere &&= row.elsewhere === null;
  }

  #newest(): Digest | undefined {
    return remoteLatest(this.#catalog, this.#remote, this.#artifact.artifact);
  }

  /** The manifest of a version that lives on the remote. */
  #living(version: Digest): Digest | undefined {
    const id = this.#catalog.holderOf(version);
    const there = remoteVersion(this.#catalog, this.#remote, id);
    if (there === undefined || there.removed) return undefined;
    this.reliesOn.push(id);
    return this.#catalog.versionById(id)?.manifest;
  }

  /** Whether the log tells of a version once the step is there. */
  #isThere(version: Digest): boolean {
    return this.#tells.has(version) || remoteVersion(this.#catalog, this.#remote, version) !== undefined;
  }

  #refuseOtherNumbers({ version }: VersionRow, number: number): void {
    const { artifact, name } = this.#artifact;
    if (this.#isHome || !remoteHasNumber(this.#catalog, this.#remote, artifact, number)) return;
    throw new ArtifoldError("CONFLICT", `the remote has another version as ${name}:V${number}`, {
      info: { version },
      hint: "It is no mirror of the remote that gives the numbers. Push to another place.",
    });
  }
}
