/** A version as an embedder holds it: what it is, what is in it, and what can be done with it. */
import { type ArtifactRow, checkName, formatNumber, type VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import type { Change } from "../journal/index.ts";
import {
  checkMessage,
  checkPath,
  decodeVersionRecord,
  diffManifests,
  type Entry,
  type FileEntry,
  findEntry,
  findLandmarks,
  folderRange,
  hasEntryBelow,
  type Landmarks,
  listFolder,
  type Metadata,
  metadataText,
  type NodeReader,
  rangeSums,
  readEntries,
} from "../manifest/index.ts";
import { afterwards, Breather } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { compileGlobs } from "../worktree/index.ts";
import { Artifact } from "./artifact.ts";
import { type DownloadOptions, type DownloadResult, download } from "./checkout.ts";
import { manifestReader, readContent } from "./content.ts";
import type { Engine } from "./engine.ts";
import { compareWithFolder, type FolderChange } from "./folder-difference.ts";
import { tagChanges } from "./publish.ts";
import type { RunRecorder } from "./run-recorder.ts";
import { linkedRuns, type RunSummary } from "./run-view.ts";
import { parentNumber, sameContent } from "./version-facts.ts";
import {
  type EntryFilter,
  type EntryView,
  type FolderListItem,
  rangeFrom,
  trimFolder,
  type VersionChange,
  viewEntry,
  viewItem,
} from "./view.ts";

/** A version. It never changes; tags, message and metadata are as they were when it was asked for. */
export class Version {
  /** "V2" */
  readonly version: string;
  /** The same as a number: 2. */
  readonly number: number;
  /** Whether the number is for good. Until a remote has it somebody else's version may get it, and this one a higher. */
  readonly published: boolean;
  /** Whether all of its content is in the store. Else a remote has the rest, and what is read is fetched and kept. */
  readonly isComplete: boolean;
  /** Version id, the identity of the version: 64 hex digits. */
  readonly id: Digest;
  /** Digest of the manifest, the identity of the content: versions with equal ones hold the same. */
  readonly digest: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
  /** Entries of all kinds, files among them, and bytes of those. */
  readonly entryCount: number;
  readonly files: number;
  readonly bytes: number;
  /** Bytes of content that were not stored before it was made, uncompressed. */
  readonly newBytes: number;
  /** When, by the clock of whoever made it: ISO 8601, UTC. */
  readonly createdAt: string;
  readonly createdBy: string;
  /** Message and metadata with later notes. Empty text and an empty object where none were given. */
  readonly message: string;
  readonly metadata: Metadata;
  /** The user's tags on it; numbers and "latest" are not among them. */
  readonly tags: readonly string[];
  /** The version that it was made from: "V1", null for a first one. */
  readonly parent: string | null;
  /** Ids of all versions that it was made from. */
  readonly parents: readonly Digest[];
  /** Other versions of the artifact with the same content: ["V1"]. */
  readonly sameAs: readonly string[];
  /** Id of the run that made it first; null for none. See {@link madeBy}. */
  readonly run: Digest | null;
  /** Whether it was removed; `restore` brings it back. */
  readonly removed: boolean;
  readonly #engine: Engine;
  readonly #artifact: ArtifactRow;
  readonly #row: VersionRow;
  readonly #recorder: RunRecorder | undefined;

  /** Made by the store, or by a run, which uses it once its content is downloaded or read. */
  constructor(engine: Engine, artifact: ArtifactRow, row: VersionRow, recorder?: RunRecorder) {
    const { catalog } = engine;
    const record = decodeVersionRecord(row.record);
    this.#engine = engine;
    this.#artifact = artifact;
    this.#row = row;
    this.#recorder = recorder;
    this.version = formatNumber(row.number);
    this.number = row.number;
    this.published = row.published;
    this.isComplete = row.elsewhere === null;
    this.id = row.version;
    this.digest = row.manifest;
    this.team = artifact.team;
    this.experiment = artifact.experiment;
    this.type = artifact.type;
    this.name = artifact.name;
    this.entryCount = row.entries;
    this.files = row.files;
    this.bytes = row.bytes;
    this.newBytes = row.newBytes;
    this.createdAt = new Date(record.createdAt).toISOString();
    this.createdBy = record.createdBy;
    this.message = row.message;
    this.metadata = row.metadata;
    this.tags = catalog.tagsOf(row.version);
    this.parent = parentNumber(catalog, record.parents);
    this.parents = record.parents;
    this.sameAs = sameContent(catalog, artifact, row);
    this.run = record.run ?? null;
    this.removed = row.removed;
  }

  /** The full address: "team/experiment/name:V2". */
  get ref(): string {
    return `${this.team}/${this.experiment}/${this.name}:${this.version}`;
  }

  /**
   * All entries that are meant, in the order of their paths' UTF-8 bytes.
   *
   * @param filter.from begins at this path
   * @throws ArtifoldError DAMAGED
   */
  async *entries(filter: EntryFilter & { readonly from?: string } = {}): AsyncGenerator<EntryView, void, undefined> {
    const isMeant = filter.path === undefined ? undefined : compileGlobs([filter.path].flat());
    for await (const batch of readEntries(this.#reader, this.digest, rangeFrom(filter.folder, filter.from))) {
      for (const entry of batch) if (isMeant?.(entry.path) !== false) yield viewEntry(entry);
    }
  }

  /**
   * What is in one folder ("" for the root): files, links, references, and folders with what lies below them, in path order.
   * The path of a file gives that file.
   *
   * @param options.from begins at this path: see `landmarks`
   * @throws ArtifoldError NOT_FOUND, DAMAGED
   */
  async *list(folder = "", options: { readonly from?: string } = {}): AsyncGenerator<FolderListItem, void, undefined> {
    const path = trimFolder(folder);
    const reader = this.#reader;
    if (path !== "" && !(await hasEntryBelow(reader, this.digest, path))) {
      const entry = await findEntry(reader, this.digest, path);
      if (entry === undefined) throw this.#noEntry(path);
      if (entry.kind !== "folder") yield { ...viewEntry(entry), files: 1 };
      return;
    }
    for await (const item of listFolder(reader, this.digest, path, options.from)) yield viewItem(item);
  }

  /**
   * Goes through a folder once ("" for the root), and says how many names it has and where each `every`-th of them is: where
   * a list can begin, see `list`. Long folders can so be entered anywhere.
   *
   * @throws ArtifoldError DAMAGED
   */
  landmarks(folder = "", options: { readonly every?: number; readonly signal?: AbortSignal } = {}): Promise<Landmarks> {
    const breather = new Breather(options.signal);
    const pause = (): Promise<void> | undefined => (breather.due() ? breather.pause() : undefined);
    return findLandmarks(this.#reader, this.digest, trimFolder(folder), options.every ?? 1000, pause);
  }

  /** What lies below a folder ("" for the root): without reading it, however much that is. @throws ArtifoldError DAMAGED */
  below(folder = ""): Promise<{ readonly entries: number; readonly files: number; readonly bytes: number }> {
    return rangeSums(this.#reader, this.digest, folderRange(trimFolder(folder)));
  }

  /** The entry at a path, or `undefined`. A folder with something in it is no entry: see `list`. @throws ArtifoldError PATH_INVALID */
  async entry(path: string): Promise<EntryView | undefined> {
    const entry = await this.#find(path);
    return entry === undefined ? undefined : viewEntry(entry);
  }

  /** The content of a file, whole and in memory; see `stream` for large ones. @throws ArtifoldError NOT_FOUND, DAMAGED */
  async read(path: string): Promise<Uint8Array> {
    const entry = await this.#file(path);
    return this.readRange(path, 0, entry.size);
  }

  /**
   * `length` bytes of a file from `offset`; less where it ends before. Only the chunks that hold them are read, and checked.
   *
   * @throws ArtifoldError NOT_FOUND, DAMAGED
   */
  async readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
      throw new TypeError("offset and length are whole numbers from 0");
    }
    const entry = await this.#file(path);
    const pieces: Uint8Array[] = [];
    const range = { from: offset, to: offset + length };
    for await (const piece of readContent(this.#engine.source, entry, range)) pieces.push(piece);
    await this.#recorder?.used(this.id);
    return Buffer.concat(pieces);
  }

  /**
   * The content of a file as a web stream; with a range (`end` not included) a part of it. What goes wrong (NOT_FOUND,
   * DAMAGED) is the stream's error.
   */
  stream(path: string, range: { start?: number; end?: number; signal?: AbortSignal } = {}): ReadableStream<Uint8Array> {
    const find = (): Promise<FileEntry> => this.#file(path);
    const [source, recorder, id] = [this.#engine.source, this.#recorder, this.id];
    async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
      const entry = await find();
      await recorder?.used(id);
      const { start = 0, end = entry.size, signal } = range;
      yield* readContent(source, entry, { from: start, to: end }, signal);
    }
    return ReadableStream.from(bytes()) as ReadableStream<Uint8Array>;
  }

  /**
   * Makes a folder hold this version: writes, replaces and removes only what differs. The folder is made if need be. Looks
   * for conflicts before the first write; files that no version has stay.
   *
   * @throws ArtifoldError CONFLICT (files that were changed, a folder of another artifact, two entries that are one name
   *   there: nothing was written), PATH_INVALID (names that Windows cannot hold, on Windows: nothing was written),
   *   BUSY (another download writes to the folder), WRITE_FAILED, NO_SPACE, DAMAGED, READ_FAILED (what was finished stays),
   *   USAGE
   */
  async download(folder: string, options: DownloadOptions = {}): Promise<DownloadResult> {
    await this.#engine.refresh();
    const result = await download(this.#engine, this.#artifact, this.#row, this.version, folder, options);
    if (options.dryRun !== true) await afterwards(() => this.#recorder?.used(this.id));
    return result;
  }

  /** Runs that made it, or came to it though it was there already; the last one first. */
  madeBy(): AsyncGenerator<RunSummary, void, undefined> {
    return linkedRuns(this.#engine, this.id, "made");
  }

  /** Runs that used it, the last one first. Runs that this store does not have are left out: see `store.lineage`. */
  usedBy(): AsyncGenerator<RunSummary, void, undefined> {
    return linkedRuns(this.#engine, this.id, "used");
  }

  /**
   * Where this version and another one of any artifact differ, in path order: what the other changed.
   *
   * @param options.above only paths that come after this one
   */
  async *diff(
    other: Version,
    options: { readonly above?: string } = {},
  ): AsyncGenerator<VersionChange, void, undefined> {
    for await (const batch of diffManifests(this.#reader, this.digest, other.digest, options.above)) {
      for (const { path, before, after } of batch) {
        const kind = before === undefined ? "added" : after === undefined ? "removed" : "modified";
        yield { path, kind, before: before && viewEntry(before), after: after && viewEntry(after) };
      }
    }
  }

  /** Where a folder differs from this version, in path order: what the folder changed. */
  diffFolder(folder: string, options: LongCallOptions & EntryFilter = {}): AsyncGenerator<FolderChange> {
    const filter = options.path === undefined ? undefined : compileGlobs([options.path].flat());
    return compareWithFolder(this.#engine, this.digest, folder, filter, options);
  }

  /** A draft on this version, taken as it is: what it is uploaded as does not depend on newer versions. */
  edit(options: { dryRun?: boolean } = {}): Artifact {
    const base = { version: this.#row, asIs: true };
    return new Artifact(this.#engine, this, base, { dryRun: options.dryRun === true, run: this.#recorder?.run });
  }

  /**
   * Moves a tag here, wherever it was. Names that look like a number ("v3") and "latest" are refused.
   *
   * @returns the operation of the log; null when it was here already
   * @throws ArtifoldError NAME_INVALID, CONFLICT (a tag that cannot be told from another)
   */
  async tag(name: string): Promise<number | null> {
    const tag = checkName("tag", name);
    return this.#change((row) => tagChanges(this.#engine.catalog, row, row.artifact, [tag], this.id));
  }

  /** Takes a tag away from this version. @returns the operation of the log @throws ArtifoldError NOT_FOUND: no such tag here */
  async untag(name: string): Promise<number | null> {
    const tag = name.normalize("NFC");
    return this.#change((row) => {
      const { catalog } = this.#engine;
      const target = catalog.tagTarget(row.row, tag);
      if (target === undefined || catalog.holderOf(target) !== catalog.holderOf(this.id)) {
        throw new ArtifoldError("NOT_FOUND", `${this.name}:${this.version} has no tag ${tag}`);
      }
      return [{ change: "tag", artifact: row.artifact, tag, version: null, before: target }];
    });
  }

  /**
   * Gives the version another message, or other metadata in the place of all it had. The record as first made stays, and so
   * does the id.
   *
   * @returns the operation of the log; null when neither is given
   * @throws ArtifoldError LIMIT
   */
  async annotate(note: { message?: string; metadata?: Metadata }): Promise<number | null> {
    if (note.message !== undefined) checkMessage(note.message);
    const metadata = note.metadata === undefined ? undefined : metadataText(note.metadata);
    return this.#change(() => {
      if (note.message === undefined && metadata === undefined) return [];
      return [
        {
          change: "note",
          version: this.id,
          ...(note.message !== undefined && { message: note.message }),
          ...(metadata !== undefined && { metadata }),
        },
      ];
    });
  }

  /**
   * Removes the version. Its number is not given again; its content stays until gc, and `restore` brings it back.
   *
   * @returns the operation of the log; null when it was removed already
   */
  async remove(): Promise<number | null> {
    return this.#change(() => (this.#isRemoved() ? [] : [{ change: "remove", version: this.#holder }]));
  }

  /** Brings a removed version back. @returns the operation of the log; null when it was not removed */
  async restore(): Promise<number | null> {
    return this.#change(() => (this.#isRemoved() ? [{ change: "restore", version: this.#holder }] : []));
  }

  get #reader(): NodeReader {
    return manifestReader(this.#engine.source);
  }

  get #holder(): Digest {
    return this.#engine.catalog.holderOf(this.id);
  }

  #isRemoved(): boolean {
    return this.#engine.catalog.versionById(this.id)?.removed === true;
  }

  async #change(prepare: (artifact: ArtifactRow) => Change[]): Promise<number | null> {
    const committed = await this.#engine.commit(() => {
      const changes = prepare(this.#engine.catalog.artifactByRow(this.#artifact.row));
      return changes.length === 0 ? undefined : { changes };
    });
    return committed?.operation ?? null;
  }

  async #find(path: string): Promise<Entry | undefined> {
    checkPath(path);
    return findEntry(this.#reader, this.digest, path);
  }

  async #file(path: string): Promise<FileEntry> {
    const entry = await this.#find(path);
    if (entry?.kind === "file") return entry;
    const kind = entry?.kind ?? ((await hasEntryBelow(this.#reader, this.digest, path)) ? "folder" : undefined);
    if (kind === undefined) throw this.#noEntry(path);
    throw new ArtifoldError("NOT_FOUND", `${path} of ${this.name}:${this.version} is a ${kind}, not a file`, {
      info: { path },
    });
  }

  #noEntry(path: string): ArtifoldError {
    return new ArtifoldError("NOT_FOUND", `${this.name}:${this.version} has no ${path}`, {
      info: { path },
      hint: `\`artifold ls --recursive ${this.name}:${this.version}\` lists its files.`,
    });
  }
}
