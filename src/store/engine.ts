/**
 * The parts of one open store, and the one way in which it changes: a commit under the writer lock, which appends to the
 * journal and then applies to the catalog what the journal says.
 */
import path from "node:path";
import {
  applyEntry,
  applyNothing,
  type Catalog,
  checkpoints,
  type FolderCache,
  type HintCache,
  Locks,
  type Release,
  RunLocks,
  remotesElsewhere,
} from "../catalog/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import {
  type Change,
  encodePayload,
  Journal,
  type JournalDamage,
  type JournalEntry,
  type JournalPosition,
  SEGMENT_BYTES,
} from "../journal/index.ts";
import {
  type EncodedFrames,
  encodeFoot,
  ObjectStore,
  objectCountOf,
  placedObjects,
  prepareCompression,
  type SealedPack,
  TableBuilder,
  type WrittenContent,
} from "../objects/index.ts";
import {
  afterwards,
  type Clock,
  defaultWorkerCount,
  type FileSystem,
  nodeFileSystem,
  onStoreFiles,
  systemClock,
} from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { ContentPool } from "../worktree/index.ts";
import { Caches } from "./caches.ts";
import { CurrentCatalog } from "./current-catalog.ts";
import { mergePlaces } from "./merge-places.ts";
import { type FarObjects, ObjectSource, type OpenRemote } from "./object-source.ts";
import { CatalogPlaces } from "./recent-places.ts";
import { checkStore, createStore, type StoreMark, type StoreTrust, storeNames } from "./store-folder.ts";

/** How to open a store. */
export interface EngineOptions extends StoreTrust {
  /** Who makes changes, for the record. */
  readonly user: string;
  readonly fs?: FileSystem | undefined;
  readonly clock?: Clock | undefined;
  /** Threads for reading and writing; 0 does everything in this one. */
  readonly workers?: number | undefined;
  /** Threads of another handle of this process, to be shared with it; that one outlives this one, and ends them. */
  readonly pool?: ContentPool | undefined;
  /** How long to wait for other processes. */
  readonly lockWaitMs?: number | undefined;
  /** Makes the store if there is none. */
  readonly create?: boolean | undefined;
  readonly openRemote: OpenRemote;
  /** Makes what fetches content that is on remotes only. */
  readonly openFar: (engine: Engine) => Promise<FarObjects>;
}

/** What a commit is to make durable and visible. */
export interface Step {
  readonly changes: readonly Change[];
  readonly content?: WrittenContent | undefined;
}

/** What a commit did. */
export interface Committed {
  /** Sequence of the journal record: what the log calls the operation. */
  readonly operation: number;
  /** Bytes written to the journal and, with its content, to packs, and tables of adopted files; not what those share. */
  readonly writtenBytes: number;
}

/** Parts of a store that are opened before the rest. */
interface EngineParts {
  /** The store's folder, without links. */
  readonly folder: string;
  readonly locks: Locks;
  readonly journal: Journal;
  readonly current: CurrentCatalog;
}

/** The journal's last segment is sealed before it would hold more. Its table, 38 bytes an object, falls to one upload. */
const SEGMENT_OBJECTS_MAX: number = 1536;

/** An open store. */
export class Engine {
  readonly folder: string;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly user: string;
  readonly mark: StoreMark;
  readonly locks: Locks;
  readonly runLocks: RunLocks;
  readonly journal: Journal;
  readonly objects: ObjectStore;
  /** Objects here, and those that a remote has for this store. */
  readonly source: ObjectSource;
  readonly openRemote: OpenRemote;
  readonly pool: ContentPool;
  readonly lockWaitMs: number | undefined;
  readonly #current: CurrentCatalog;
  readonly #options: EngineOptions;
  #filesState = "";
  /** Whether objects lie in the journal's last segment: where none do, nobody needs to ask for them. */
  readonly #recent = new CatalogPlaces();
  /** Whether there is content that a remote has and this store may not have. */
  #hasElsewhere = false;
  readonly #caches: Caches;
  readonly #ownsPool: boolean;
  #failed: ArtifoldError | undefined;
  #open = true;

  private constructor(mark: StoreMark, options: EngineOptions, parts: EngineParts) {
    this.folder = parts.folder;
    this.mark = mark;
    this.fs = options.fs ?? nodeFileSystem;
    this.clock = options.clock ?? systemClock;
    this.user = options.user;
    this.lockWaitMs = options.lockWaitMs;
    this.locks = parts.locks;
    this.runLocks = new RunLocks(this.fs, parts.folder);
    this.journal = parts.journal;
    this.#current = parts.current;
    this.#options = options;
    this.objects = new ObjectStore(this.fs, parts.folder, this.#recent);
    this.pool = options.pool ?? new ContentPool(this.fs, options.workers ?? defaultWorkerCount());
    this.#ownsPool = options.pool === undefined;
    this.#caches = new Caches(this.fs, parts.folder, () => this.isReadOnly);
    this.openRemote = options.openRemote;
    this.source = new ObjectSource({
      objects: this.objects,
      hasElsewhere: () => this.#hasElsewhere,
      openFar: () => options.openFar(this),
    });
  }

  /** Opens the store in a folder. @throws ArtifoldError NO_STORE and others */
  static open(folder: string, options: EngineOptions, call: LongCallOptions = {}): Promise<Engine> {
    return onStoreFiles(() => Engine.#openParts(folder, options, call));
  }

  static async #openParts(folder: string, options: EngineOptions, call: LongCallOptions): Promise<Engine> {
    const fs = options.fs ?? nodeFileSystem;
    await prepareCompression();
    if (options.create === true) await createStore(fs, folder, options);
    const mark = checkStore(fs, folder, options);
    const place = fs.realPath(folder);
    const locks = new Locks(path.join(place, storeNames.locks));
    const journal = new Journal(fs, place);
    try {
      const file = path.join(place, storeNames.catalog);
      const around = { fs, file, journal, locks, lockWaitMs: options.lockWaitMs };
      const current = await CurrentCatalog.open(around, call);
      const engine = new Engine(mark, options, { folder: place, locks, journal, current });
      engine.#refreshFiles();
      return engine;
    } catch (error) {
      locks.close();
      throw error;
    }
  }

  /** What folding met. */
  get damage(): readonly JournalDamage[] {
    return this.#current.damage;
  }

  /** Files into which torn tails of the journal were put. */
  get setAside(): readonly string[] {
    return this.#current.setAside;
  }

  /** The catalog as it is now. Brought up to date by {@link refresh}, which every operation begins with. */
  get catalog(): Catalog {
    this.#checkOpen();
    return this.#current.catalog;
  }

  /** What is remembered of the user's folders. */
  get folders(): FolderCache {
    this.#checkOpen();
    return this.#caches.folders;
  }

  /** What was read beside nodes of remotes. */
  get hints(): HintCache {
    this.#checkOpen();
    return this.#caches.hints;
  }

  /** The store as it is now, to find out what would be: what is committed to it shows in it, and is written nowhere. */
  rehearse(): Engine {
    const locks = new Locks(path.join(this.folder, storeNames.locks));
    const parts = { folder: this.folder, locks, journal: this.journal, current: this.#current.rehearse() };
    const engine = new Engine(this.mark, { ...this.#options, workers: 0 }, parts);
    engine.#refreshFiles();
    return engine;
  }

  /** Whether the store's folder cannot be written, for another reason than a full disk. */
  get isReadOnly(): boolean {
    return this.#current.isReadOnly;
  }

  get isClosed(): boolean {
    return !this.#open;
  }

  /** See {@link rehearse}. */
  get isRehearsal(): boolean {
    return this.#current.isRehearsal;
  }

  /** Sees what other processes did since the last operation. */
  refresh(): Promise<void> {
    return onStoreFiles(() => this.#seeOthers());
  }

  async #seeOthers(): Promise<void> {
    this.#checkOpen();
    await this.#current.refresh();
    this.#refreshFiles();
  }

  /** Holds off whoever would take content away, for the length of an operation or a draft. */
  async use(signal?: AbortSignal): Promise<Release> {
    this.#checkOpen();
    if (this.#current.isReadOnly) return () => {};
    return this.locks.shared(this.lockWaitMs, signal);
  }

  /**
   * Changes the store.
   *
   * @param prepare runs under the writer lock with the catalog up to date, must be quick, and says what is to be done;
   *   `undefined` for nothing
   */
  async commit(prepare: () => Step | undefined, signal?: AbortSignal): Promise<Committed | undefined> {
    if (this.isRehearsal) return this.#pretend(prepare());
    this.#checkWritable();
    const release = await this.locks.writer(this.lockWaitMs, signal);
    try {
      await this.#current.foldUnderLock();
      this.#refreshFiles();
      this.#checkWritable();
      const step = prepare();
      if (step === undefined) return undefined;
      return await this.#append(step);
    } finally {
      release();
    }
  }

  /** Keeps finding objects quick. */
  tidy(): Promise<void> {
    return mergePlaces(this.locks, this.objects);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    await this.source.close();
    this.#open = false;
    if (this.#ownsPool) await this.pool.close();
    this.objects.close();
    this.#caches.close();
    this.#current.close();
    this.runLocks.close();
    this.locks.close();
  }

  async #append(step: Step): Promise<Committed> {
    let writtenBytes = 0;
    const { frames = [], packs = [], files = [] } = step.content ?? {};
    let position = this.#current.catalog.position() as JournalPosition;
    if (this.#isSegmentFull(position, frames)) {
      const rolled = await this.#guarded(() => this.#roll(position));
      position = rolled.position;
      writtenBytes += rolled.written;
    }
    const entry: JournalEntry = {
      at: this.clock.now(),
      by: this.user,
      packs: packs.map(({ kind, name, bytes, objects }) => ({ kind, name, bytes, objects })),
      ...(files.length > 0 && { files: files.map(({ name, bytes, objects }) => ({ name, bytes, objects })) }),
      ...(frames.length > 0 && { objects: Buffer.concat(frames.map((each) => each.digests)) }),
      changes: step.changes,
    };
    const record = {
      kind: "entry",
      payload: encodePayload(entry),
      attachment: frames.flatMap((each) => each.pieces),
    } as const;
    const appended = await this.#guarded(() => this.journal.append(position, record));
    writtenBytes += appended.written + packs.reduce((sum: number, pack: SealedPack) => sum + pack.bytes, 0);
    writtenBytes += files.reduce((sum, file) => sum + file.writtenBytes, 0);
    const places = [...placedObjects(frames, appended.attachmentOffset)];
    await afterwards(async () => {
      await this.#current.follow((catalog) => applyEntry(catalog, entry, places, appended.position));
      this.#refreshFiles();
    });
    return { operation: appended.position.sequence, writtenBytes };
  }

  #pretend({ changes }: Step = { changes: [] }): undefined {
    this.#current.pretend({ at: this.clock.now(), by: this.user, packs: [], changes });
    this.#refreshFiles();
  }

  /** After a failed flush nothing more is written through this handle: what the disk holds is not known. */
  async #guarded<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      if (isArtifoldError(error) && error.happened === "unknown") this.#failed = error;
      throw error;
    }
  }

  #isSegmentFull(position: JournalPosition, more: readonly EncodedFrames[]): boolean {
    if (position.offset >= SEGMENT_BYTES) return true;
    const count = this.#current.catalog.placeCount();
    return count > 0 && count + more.reduce((sum, frames) => sum + objectCountOf(frames), 0) > SEGMENT_OBJECTS_MAX;
  }

  /** Seals the journal's last segment and begins the next with a checkpoint. */
  async #roll(position: JournalPosition): Promise<{ position: JournalPosition; written: number }> {
    const table = new TableBuilder();
    for (const { digest, ...place } of this.#current.catalog.places()) table.addObject(digest, place);
    const bytes = table.finish();
    const rolled = await this.journal.roll(position, bytes, (tableOffset) => encodeFoot(tableOffset, bytes));
    await this.#current.foldUnderLock();
    let { position: at, written } = rolled;
    for (const checkpoint of checkpoints(this.#current.catalog)) {
      const record = { kind: "checkpoint", payload: encodePayload(checkpoint), attachment: [] } as const;
      const appended = await this.journal.append(at, record);
      at = appended.position;
      written += appended.written;
    }
    const end = at;
    await this.#current.follow((catalog) => applyNothing(catalog, end));
    return { position: at, written };
  }

  #refreshFiles(): void {
    const { state } = this.#current;
    if (state === this.#filesState) return;
    this.#filesState = state;
    this.objects.setFiles(this.#current.catalog.contentFiles());
    this.#hasElsewhere = remotesElsewhere(this.#current.catalog).length > 0;
    this.#recent.follow(this.#current.catalog);
  }

  #checkOpen(): void {
    if (!this.#open) throw new ArtifoldError("CLOSED", "the store is closed");
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.#failed !== undefined) {
      throw new ArtifoldError("STORE_WRITE_FAILED", "a write to the store failed before; this process only reads now", {
        cause: this.#failed,
        hint: "Check the disk, then open the store again.",
      });
    }
    if (this.#current.isReadOnly) {
      throw new ArtifoldError("STORE_WRITE_FAILED", `the store in ${this.folder} cannot be written`, {
        hint: "Give yourself the right to write there; reading works without it.",
      });
    }
  }
}
