/** The content of a version in the making: a manifest that grows by edits, and the content writer beside it. */
import path from "node:path";
import type { Release } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import {
  applyEdits,
  comparePaths,
  type Entry,
  entriesInTheWay,
  type FileEntry,
  findEntry,
  hasEntryBelow,
  joinPath,
  NodeReader,
} from "../manifest/index.ts";
import { ContentWriter } from "../objects/index.ts";
import { kindOf } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import {
  ChunksUnderWay,
  type ContentToIngest,
  FolderMemory,
  FolderScan,
  Ingest,
  type LeftOut,
  LookAhead,
  PortabilityCheck,
  type PortabilityWarning,
  RacyClock,
  readError,
  viewOf,
  WatchedGlobs,
} from "../worktree/index.ts";
import { type Added, type AddOptions, addedFile, checkEntryPath, clash, isWithin, walkOptions } from "./adding.ts";
import { CountedChanges } from "./counted-changes.ts";
import { type Content, DryContent } from "./dry-run.ts";
import type { Engine } from "./engine.ts";
import { olderContent } from "./older-content.ts";
import { PendingEdits } from "./pending-edits.ts";
import { removals } from "./removals.ts";
import { RestingContent } from "./resting.ts";
import type { ScannedFolder } from "./scanned-folder.ts";
import { isStored } from "./stored.ts";
import { Turns } from "./turns.ts";
import { UploadProgress } from "./upload-progress.ts";

/** So many single edits wait before they go into the tree together. */
const PENDING_MAX = 4096;

/** A manifest in the making. Calls run one after another, but for those that add bytes, which may run beside each other. */
export class Draft {
  readonly engine: Engine;
  readonly content: Content;
  readonly reader: NodeReader;
  /** Reads what edits have just made, in which an entry may stand where others have a folder. */
  readonly unsettledReader: NodeReader;
  readonly #pending = new PendingEdits();
  readonly #underWay = new ChunksUnderWay();
  /** Content comes side by side; entries go into the manifest one after another. */
  readonly #puts = new Turns();
  readonly #leftOut: LeftOut[] = [];
  readonly #newNames = new PortabilityCheck();
  readonly #scanned: ScannedFolder[] = [];
  /** Where edits fell, to know whether two of them may have met. */
  readonly #touched: string[] = [];
  /** How many entries it changed. */
  readonly changes: CountedChanges;
  #release: Release;
  #resting: RestingContent | undefined;
  #root: Digest;
  #addedEntries = 0;
  #clock: RacyClock | undefined;

  private constructor(engine: Engine, root: Digest, release: Release, dryRun: boolean) {
    this.engine = engine;
    this.content = dryRun
      ? new DryContent(engine.source)
      : new ContentWriter(engine.fs, engine.folder, engine.objects, engine.source);
    this.reader = new NodeReader(this.content);
    this.unsettledReader = new NodeReader(this.content, { isUnsettled: true });
    this.changes = new CountedChanges(root);
    this.#root = root;
    this.#release = release;
  }

  /** Begins a draft on a manifest. Until it is closed nothing that the store holds is taken away. */
  static async begin(engine: Engine, root: Digest, dryRun: boolean, signal?: AbortSignal): Promise<Draft> {
    const release = await engine.use(signal);
    return new Draft(engine, root, release, dryRun);
  }

  get leftOut(): readonly LeftOut[] {
    return this.#leftOut;
  }

  /** Names that the draft brought, and that other platforms cannot hold; of those that a manifest still has. */
  async warnings(manifest: Digest): Promise<readonly PortabilityWarning[]> {
    const warnings: PortabilityWarning[] = [];
    for (const warning of this.#newNames.warnings) {
      const isThere =
        (await findEntry(this.reader, manifest, warning.path)) !== undefined ||
        (await hasEntryBelow(this.reader, manifest, warning.path));
      if (isThere) warnings.push(warning);
    }
    return warnings;
  }

  /** How many entries came from what was added. */
  get addedEntries(): number {
    return this.#addedEntries;
  }

  get isDryRun(): boolean {
    return this.content instanceof DryContent;
  }

  /** Adds a file or folder of the user's. */
  async addPath(source: string, options: AddOptions, mirror: boolean): Promise<Added> {
    const { fs } = this.engine;
    let place: string;
    try {
      place = fs.realPath(source);
    } catch (error) {
      throw readError(source, error);
    }
    const stat = fs.lookAt(place);
    if (stat !== undefined && kindOf(stat) === "folder") return this.#addFolder(place, options, mirror);
    if (stat === undefined || kindOf(stat) !== "file") {
      throw new ArtifoldError("READ_FAILED", `${source} is neither a file nor a folder`, { info: { path: source } });
    }
    if (mirror) throw new ArtifoldError("USAGE", `${source} is a file: only a folder can be mirrored`);
    return this.#addFile(place, options.as ?? path.basename(source), stat.size, options);
  }

  /** Adds content from memory or a stream. */
  async addBytes(bytes: AsyncIterable<Uint8Array>, as: string, options: AddOptions): Promise<FileEntry> {
    checkEntryPath(as);
    const before = await this.#fileNow(as);
    const entry = await this.#makeIngest(options).content(as, bytes, options.executable === true, before);
    await this.put(entry);
    return entry;
  }

  /** Adds short contents from memory together. @param contents what fits into one window */
  async addContents(contents: readonly ContentToIngest[], options: LongCallOptions): Promise<readonly FileEntry[]> {
    const files: ContentToIngest[] = [];
    for (const content of contents) {
      checkEntryPath(content.path);
      files.push({ ...content, before: await this.#fileNow(content.path) });
    }
    const entries = await this.#makeIngest(options).contents(files);
    for (const entry of entries) await this.put(entry);
    return entries;
  }

  /** Puts one entry in, in the place of what stands at its path. */
  put(entry: Entry): Promise<void> {
    return this.#puts.alone(() => this.#put(entry));
  }

  async #put(entry: Entry): Promise<void> {
    checkEntryPath(entry.path);
    await this.#refuseClash(entry.path);
    if ((await findEntry(this.reader, this.#root, entry.path)) === undefined) this.#newNames.look(entry.path);
    this.#set(entry.path, entry);
    this.#addedEntries++;
    if (this.#pending.size >= PENDING_MAX) await this.flush();
  }

  /** Takes out what globs mean. @returns how many entries */
  async remove(globs: readonly string[], watched: WatchedGlobs): Promise<number> {
    let count = 0;
    const root = await this.flush();
    const edits = removals(this.reader, root, globs, watched, () => count++);
    this.#root = await this.#apply(this.reader, root, edits);
    this.#touched.push("");
    return count;
  }

  /** Puts waiting edits into the tree. @returns the digest of the manifest as it is now */
  async flush(): Promise<Digest> {
    if (this.#pending.size === 0) return this.#root;
    this.#root = await this.#apply(this.reader, this.#root, [this.#pending.take()]);
    await this.content.ready();
    return this.#root;
  }

  /** Replaces the manifest: after a merge with somebody else's version. */
  setRoot(root: Digest): void {
    this.changes.forget();
    this.#root = root;
    this.#touched.push("");
  }

  /** Folders whose memory may now say which version they agree with. */
  agreeingFolders(): { folder: ScannedFolder; agrees: boolean }[] {
    return this.#scanned.map((folder) => {
      const meets = (other: string): boolean =>
        other === folder.prefix || isWithin(other, folder.prefix) || isWithin(folder.prefix, other);
      return { folder, agrees: folder.complete && this.#touched.filter(meets).length === 1 };
    });
  }

  /** Makes durable what was added, and lets go of the lock until {@link wake}: content may be taken away meanwhile. */
  async rest(): Promise<void> {
    if (this.#resting !== undefined || this.isDryRun) return;
    const sealed = await this.content.seal(await this.flush());
    this.#resting = new RestingContent(this.engine, sealed);
    this.#release();
  }

  /** Takes the lock again. @throws ArtifoldError CLOSED where content was taken away that the draft may rely on; BUSY */
  async wake(): Promise<void> {
    if (this.#resting === undefined) return;
    const release = await this.engine.use();
    try {
      await this.engine.refresh();
      if (!this.#resting.isWhole()) {
        throw new ArtifoldError("CLOSED", "the store was tidied up while nothing came for this draft", {
          hint: "Begin again with a new draft.",
        });
      }
    } catch (error) {
      release();
      throw error;
    }
    this.#release = release;
    this.#resting = undefined;
  }

  /** Ends the draft after its content became part of the store. */
  finish(): void {
    this.content.close();
    this.#release();
  }

  /** Gives the draft up. */
  async abort(): Promise<void> {
    await this.content.abort();
    this.#release();
  }

  async #addFile(file: string, as: string, size: number, options: AddOptions): Promise<Added> {
    checkEntryPath(as);
    const before = await this.#fileNow(as);
    const files = (async function* one() {
      yield [{ path: as, file, size, before }];
    })();
    const progress = new UploadProgress(options, { filesTotal: 1, bytesTotal: size });
    for await (const [result] of this.#makeIngest(options, progress).files(files)) {
      if (result?.kind === "failed") return this.#failedFile(as, result.error, options);
      if (result === undefined) continue;
      await this.put(result.entry);
      return addedFile(result.entry);
    }
    throw new TypeError("a file that is read comes to something");
  }

  /** The file that the draft has at a path, which what comes there may resemble. */
  async #fileNow(path_: string): Promise<FileEntry | undefined> {
    const entry = await findEntry(this.reader, this.#root, path_);
    return entry?.kind === "file" ? entry : undefined;
  }

  #failedFile(as: string, error: unknown, options: AddOptions): Added {
    if (options.skipUnreadable !== true) throw error;
    const leftOut: LeftOut = { path: as, reason: "unreadable", detail: (error as Error).message };
    this.#leftOut.push(leftOut);
    return { entries: 0, files: 0, bytes: 0, leftOut: [leftOut] };
  }

  async #addFolder(folder: string, options: AddOptions, mirror: boolean): Promise<Added> {
    const prefix = (options.as ?? "").replace(/\/+$/, "");
    if (prefix !== "") {
      checkEntryPath(prefix);
      await this.#refuseClash(joinPath(prefix, "."));
    }
    await this.flush();
    const included = new WatchedGlobs(options.include ?? []);
    let scan = this.#scan(folder, prefix, options, included, mirror, false);
    await this.#applyScan(scan.scan);
    if (scan.scan.mustCompareAll) {
      // Another process changed the stat cache under us: what was overlooked is found by comparing everything.
      scan = this.#scan(folder, prefix, options, included, mirror, true);
      await this.#applyScan(scan.scan);
    }
    const { counts, leftOut, incomplete } = scan.scan.report;
    this.#leftOut.push(...leftOut);
    this.#addedEntries += counts.names;
    this.#touched.push(prefix);
    const filtered = (options.include?.length ?? 0) + (options.exclude?.length ?? 0) > 0;
    this.#scanned.push({ memory: scan.memory, prefix, mirrored: mirror, filtered, complete: !incomplete });
    return { entries: counts.names, files: counts.files, bytes: counts.bytes, leftOut, unmatched: included.unmatched };
  }

  #scan(
    folder: string,
    prefix: string,
    options: AddOptions,
    included: WatchedGlobs,
    mirror: boolean,
    compareAll: boolean,
  ): { scan: FolderScan; memory: FolderMemory } {
    const { engine } = this;
    const { include = [], exclude = [] } = options;
    const memory = new FolderMemory(engine.folders, folder, viewOf({ include, exclude }));
    const progress = new UploadProgress(options);
    const scan = new FolderScan(
      {
        fs: engine.fs,
        folder,
        prefix,
        manifest: this.#root,
        reader: this.reader,
        mirror,
        memory,
        clock: this.#racyClock(),
        ahead: LookAhead.of(engine.pool, memory),
        ingest: this.#makeIngest(options, progress),
        isStored: (entry) => isStored(this.content, entry),
        walk: walkOptions(engine, folder, options, included),
        skipOutsideLinks: options.skipLinks === true,
        remember: !this.isDryRun,
        signal: options.signal,
        onScanned: (counts) => progress.scanned(counts),
        onTotal: options.onProgress && ((files, bytes) => progress.found(files, bytes)),
        onNew: (path_) => this.#newNames.look(path_),
      },
      compareAll,
    );
    return { scan, memory };
  }

  async #applyScan(scan: FolderScan): Promise<void> {
    const reader = this.unsettledReader;
    const root = await this.#apply(reader, this.#root, scan.edits());
    const emptied = await this.#emptyFolders(reader, root, scan.parents);
    const edits = emptied.sort(comparePaths).map((path_) => ({ path: path_, entry: undefined }));
    this.#root = await this.#apply(reader, root, [edits]);
    this.#touched.push(...emptied);
    await this.content.ready();
  }

  /** @returns the root of the manifest with the edits */
  async #apply(reader: NodeReader, root: Digest, edits: Parameters<typeof applyEdits>[3]): Promise<Digest> {
    const counts = { added: 0, modified: 0, removed: 0 };
    const edited = await applyEdits(reader, this.content.manifestNodes, root, edits, counts);
    this.changes.add(counts);
    return edited;
  }

  /** An entry cannot come where the draft has a folder with something in it, nor below a file. */
  async #refuseClash(path_: string): Promise<void> {
    const inTheWay = await entriesInTheWay(this.reader, this.#root, path_);
    inTheWay.push(...this.#pending.inTheWayOf(path_));
    if (inTheWay.includes(path_)) throw clash(path_);
    for (const parent of await this.#emptyFolders(this.reader, this.#root, inTheWay)) this.#set(parent, undefined);
  }

  /** Of entries that have others below them, empty folders stop being entries; all else is a clash. */
  async #emptyFolders(reader: NodeReader, root: Digest, parents: Iterable<string>): Promise<string[]> {
    const emptied: string[] = [];
    for (const parent of parents) {
      const entry = this.#pending.has(parent) ? this.#pending.get(parent) : await findEntry(reader, root, parent);
      if (entry === undefined) continue;
      if (entry.kind !== "folder") throw clash(parent);
      emptied.push(parent);
    }
    return emptied;
  }

  #set(path_: string, entry: Entry | undefined): void {
    this.#pending.set(path_, entry);
    this.#touched.push(path_);
  }

  #racyClock(): RacyClock {
    this.#clock ??= new RacyClock(this.engine.fs, this.engine.folder);
    return this.#clock;
  }

  #makeIngest(call: LongCallOptions, progress: UploadProgress = new UploadProgress(call)): Ingest {
    // A dry run makes no deltas, and adopts nothing.
    const writer = this.content instanceof ContentWriter ? this.content : undefined;
    return new Ingest({
      pool: this.engine.pool,
      sink: this.content,
      underWay: this.#underWay,
      lists: this.content.chunkListNodes,
      older: writer && olderContent(this.engine.folder, writer),
      adopter: writer,
      signal: call.signal,
      onBytes: (...done) => progress.stored(...done),
    });
  }
}
