/**
 * The catalog of an open store, kept up with the journal.
 *
 * It is a cache, so nothing fails for its sake that the journal has or can tell: where its file is locked for long, or
 * cannot be written, the catalog goes on in memory, and returns to the file when that goes again.
 */
import path from "node:path";
import {
  applyEntry,
  Catalog,
  type FoldReport,
  foldJournal,
  isBusy,
  isDatabaseError,
  isFullDisk,
  isUnwritableDatabase,
  type Locks,
  type OpenedCatalog,
  openCatalog,
  type Release,
  retryWhileBusy,
} from "../catalog/index.ts";
import { isArtifoldError } from "../errors.ts";
import type { Journal, JournalDamage, JournalEntry, JournalPosition } from "../journal/index.ts";
import type { FileSystem } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";

/** What the catalog stands among. */
export interface CatalogSurroundings {
  readonly fs: FileSystem;
  /** Path of the catalog's file. */
  readonly file: string;
  readonly journal: Journal;
  readonly locks: Locks;
  /** How long to wait for other processes. */
  readonly lockWaitMs: number | undefined;
}

const LOCKED = "another program has the catalog locked";

/** The catalog of an open store, kept up to the journal; in memory where the file cannot be written. */
export class CurrentCatalog {
  /** What folding met when the catalog was brought up to the journal. */
  readonly damage: JournalDamage[] = [];
  readonly setAside: string[] = [];
  readonly #around: CatalogSurroundings;
  #catalog: Catalog;
  #inode: number | undefined;
  #isInMemory = false;
  #isReadOnly = false;
  #isRehearsal = false;
  #replacements = 0;

  private constructor(around: CatalogSurroundings, opened: OpenedCatalog) {
    this.#around = around;
    this.#catalog = opened.catalog;
    this.#inode = this.#inodeOfFile();
    if (opened.unwritable !== undefined) this.#noteUnwritable(opened.unwritable);
  }

  /** Opens the catalog, and brings it up to the journal. */
  static async open(around: CatalogSurroundings, call: LongCallOptions): Promise<CurrentCatalog> {
    const open = (): OpenedCatalog => openCatalog(around.fs, around.file);
    const opened = await retryWhileBusy(open, around.lockWaitMs, LOCKED, call.signal);
    const current = new CurrentCatalog(around, opened);
    try {
      await current.#catchUp(opened.isNew, call);
      return current;
    } catch (error) {
      current.close();
      throw error;
    }
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  /** The same once more, in memory, where it stays as it is but for what is applied to it. */
  rehearse(): CurrentCatalog {
    const copy = new CurrentCatalog(this.#around, {
      catalog: this.#catalog.copy(),
      isNew: false,
      unwritable: undefined,
    });
    copy.#isRehearsal = true;
    return copy;
  }

  /** Has an entry hold in a rehearsal. */
  pretend(entry: JournalEntry): void {
    const position = this.#catalog.position() as JournalPosition;
    applyEntry(this.#catalog, entry, [], { ...position, sequence: position.sequence + 1 });
  }

  /** Whether it is one that only shows what would be. */
  get isRehearsal(): boolean {
    return this.#isRehearsal;
  }

  /** Whether the store's folder cannot be written, for another reason than a full disk. */
  get isReadOnly(): boolean {
    return this.#isReadOnly || this.#isRehearsal;
  }

  /** Changes with whatever the catalog says. */
  get state(): string {
    return `${this.#replacements}:${this.#catalog.dataVersion()}:${this.#catalog.position()?.sequence}`;
  }

  /** Sees what other processes did. */
  async refresh(): Promise<void> {
    if (this.#isRehearsal) return;
    const isElsewhere = !this.#isInMemory && this.#inodeOfFile() !== this.#inode;
    // Somebody took the file away: it is a cache, and made anew.
    if (isElsewhere) this.#replace(openCatalog(this.#around.fs, this.#around.file));
    const mayReturn = this.#isInMemory && !this.#isReadOnly;
    if (mayReturn || this.#isBehind()) await this.#catchUp(this.#catalog.position() === undefined);
  }

  /** Brings the catalog up to the journal. The caller holds the writer lock. */
  async foldUnderLock(call: LongCallOptions = {}): Promise<void> {
    if (!this.#isBehind()) return;
    try {
      this.#report(await this.#fold(this.#catalog, call));
    } catch (error) {
      if (this.#isInMemory || !isUnwritableDatabase(error)) throw error;
      await this.#goOnInMemory(error);
    }
  }

  /** Applies what the journal has since its last flush. Under the writer lock; it cannot fail for the catalog's sake. */
  async follow(apply: (catalog: Catalog) => void): Promise<void> {
    try {
      await retryWhileBusy(() => apply(this.#catalog), this.#around.lockWaitMs, LOCKED);
    } catch (error) {
      if (!isDatabaseError(error) && !isArtifoldError(error, "BUSY")) throw error;
      await this.#goOnInMemory(error);
    }
  }

  close(): void {
    this.#catalog.close();
  }

  async #catchUp(isNew: boolean, call: LongCallOptions = {}): Promise<void> {
    const { journal, locks, lockWaitMs } = this.#around;
    if (this.#isReadOnly) {
      this.#report(await foldJournal(this.#catalog, journal, { readOnly: true }));
      return;
    }
    // Without a catalog there is no answer: then it is worth waiting for whoever is writing.
    const mustWait = isNew || this.#isInMemory;
    let release: Release | undefined;
    try {
      release = mustWait ? await locks.writer(lockWaitMs, call.signal) : locks.tryWriter();
    } catch (error) {
      // Where not even the lock file can be written, nobody else can write either.
      if (!isArtifoldError(error) || !isUnwritableDatabase(error.cause)) throw error;
      await this.#goOnInMemory(error.cause);
      return;
    }
    if (release === undefined) return;
    try {
      if (this.#isInMemory) await this.#returnToFile();
      await this.foldUnderLock(call);
    } catch (error) {
      // A torn tail could not be put aside. All before it is applied, which is enough for reading.
      if (!isArtifoldError(error, "NO_SPACE")) throw error;
    } finally {
      release();
    }
  }

  async #returnToFile(): Promise<void> {
    let opened: OpenedCatalog | undefined;
    try {
      opened = openCatalog(this.#around.fs, this.#around.file);
      if (opened.unwritable === undefined) {
        if (this.#isBehind(opened.catalog)) await this.#fold(opened.catalog, {}, 0);
        this.#replace(opened);
        return;
      }
    } catch (error) {
      const isExpected = isUnwritableDatabase(error) || isBusy(error) || isArtifoldError(error);
      if (!isExpected) throw error;
    }
    opened?.catalog.close();
  }

  async #goOnInMemory(cause: unknown): Promise<void> {
    const { catalog } = Catalog.open(":memory:");
    try {
      const report = await foldJournal(catalog, this.#around.journal, { readOnly: true });
      if (this.damage.length === 0) this.#report(report);
    } catch (error) {
      catalog.close();
      throw error;
    }
    this.#replace({ catalog, isNew: false, unwritable: cause });
  }

  #replace(opened: OpenedCatalog): void {
    this.#catalog.close();
    this.#catalog = opened.catalog;
    this.#inode = this.#inodeOfFile();
    this.#isInMemory = false;
    this.#replacements++;
    if (opened.unwritable !== undefined) this.#noteUnwritable(opened.unwritable);
  }

  #noteUnwritable(cause: unknown): void {
    this.#isInMemory = true;
    this.#isReadOnly = isUnwritableDatabase(cause) && !isFullDisk(cause, path.dirname(this.#around.file));
  }

  #fold(catalog: Catalog, { signal, onProgress }: LongCallOptions, waitMs?: number): Promise<FoldReport> {
    let files = 0;
    return foldJournal(catalog, this.#around.journal, {
      onRecord: () => onProgress?.({ phase: "rebuild", files: ++files, bytes: 0 }),
      waitMs: waitMs ?? this.#around.lockWaitMs,
      signal,
    });
  }

  #isBehind(catalog: Catalog = this.#catalog): boolean {
    const position = catalog.position();
    if (position === undefined) return true;
    const { journal } = this.#around;
    return (
      journal.segmentLength(position.segment) !== position.offset || journal.segmentLength(position.segment + 1) > 0
    );
  }

  #report(report: FoldReport): void {
    this.damage.push(...report.damage);
    this.setAside.push(...report.setAside);
  }

  #inodeOfFile(): number | undefined {
    return this.#around.fs.lookAt(this.#around.file)?.ino;
  }
}
