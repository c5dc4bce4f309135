/**
 * Reads everything that a store holds and says what is not as it was written: which file, where, and which versions need it.
 *
 * Packs are checked against their names, which are hashes of every byte; the journal against its chain; the catalog against
 * the journal; and every version against what is there. Nothing is changed.
 */
import path from "node:path";
import { Catalog, foldJournal } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { errnoOf, throwIfAborted } from "../errors.ts";
import {
  JOURNAL_FOLDER,
  JOURNAL_START,
  type Journal,
  type JournalDamage,
  type JournalPosition,
  segmentPath,
} from "../journal/index.ts";
import { isAdopted, type ObjectStore } from "../objects/index.ts";
import { Breather, type FileSystem, openFlags } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import type { ContentPool } from "../worktree/index.ts";
import { AdoptedCheck, chunksOfAdopted } from "./adopted-check.ts";
import { ContentReading } from "./content-reading.ts";
import { FileCheck } from "./file-check.ts";
import { whatLacks } from "./presence.ts";
import type { Found, Problem, ProblemKind } from "./problem.ts";
import { allVersions, type CheckedVersion, checkVersions } from "./reach.ts";

/** What a verification found. */
export interface VerifyResult {
  /** Whether there is no problem. */
  readonly ok: boolean;
  /** Bytes that were read and checked: of stored files, or, of given versions, of their content. */
  readonly checkedBytes: number;
  /** Stored files that were looked at; 0 where versions were given. */
  readonly checkedFiles: number;
  /** How many versions were checked. */
  readonly versions: number;
  readonly problems: readonly Problem[];
}

/** The parts of a store that are verified. */
export interface VerifyTarget {
  readonly fs: FileSystem;
  readonly folder: string;
  readonly journal: Journal;
  readonly catalog: Catalog;
  readonly objects: ObjectStore;
  /** The threads that read. */
  readonly pool: ContentPool;
}

/** How to verify. */
export interface VerifyOptions extends LongCallOptions {
  /** Looks at lengths, tables and reachability only, and does not read content. */
  readonly quick?: boolean;
}

/** Verifies a whole store. */
export async function verifyStore(target: VerifyTarget, options: VerifyOptions = {}): Promise<VerifyResult> {
  const run = new Verification(target, options);
  await run.checkJournal();
  await run.checkFiles();
  await run.checkCatalog();
  return run.finish();
}

/** Reads all content of some versions, and checks each object and each file against its digest. */
export async function verifyVersions(
  objects: ObjectStore,
  versions: readonly CheckedVersion[],
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  const breather = new Breather(options.signal);
  const pause = async (): Promise<void> => {
    if (breather.due()) await breather.pause();
  };
  const reading = new ContentReading(objects, options, pause);
  // Quickly, only presence is asked.
  const content = options.quick === true ? { isThere: (digest: Digest) => reading.isThere(digest) } : reading;
  const problems = await checkVersions(versions, objects, [], content, pause);
  const { bytes: checkedBytes } = reading;
  return { ok: problems.length === 0, checkedBytes, checkedFiles: 0, versions: versions.length, problems };
}

class Verification {
  readonly #target: VerifyTarget;
  readonly #options: VerifyOptions;
  readonly #found: Found[] = [];
  readonly #breather: Breather;
  #bytes = 0;
  #files = 0;

  constructor(target: VerifyTarget, options: VerifyOptions) {
    this.#target = target;
    this.#options = options;
    this.#breather = new Breather(options.signal);
  }

  /** The chain of records, and in a full run all that rides with them. */
  async checkJournal(): Promise<void> {
    const { journal, catalog } = this.#target;
    const segments = journal.segments();
    const [first] = segments;
    if (first !== JOURNAL_START.segment) this.#report("lost", null, null, "the journal's first segment is not there");
    segments.forEach((segment, index) => {
      const expected = JOURNAL_START.segment + index;
      if (segment !== expected) this.#report("lost", null, null, `segment ${expected} of the journal is not there`);
    });
    const known = catalog.position() ?? JOURNAL_START;
    const damaged = new Set<string>();
    for (const item of journal.read(JOURNAL_START, this.#options.quick !== true)) {
      const damage = item.kind === "damage" ? item.damage : item.kind === "torn" ? lostRecord(item, known) : undefined;
      if (damage !== undefined) {
        this.#report("damaged", damage.file, damage.offset, damage.reason);
        damaged.add(damage.file);
      }
      await this.#pause();
    }
    for (const file of damaged) await this.#checkFramesOf(file, segmentPath(known.segment));
    for (const segment of segments) this.#bytes += journal.segmentLength(segment);
    this.#files += segments.length;
  }

  /** Which objects a damaged segment has lost. */
  async #checkFramesOf(file: string, lastSegment: string): Promise<void> {
    const { fs, folder, catalog, objects } = this.#target;
    const fd = fs.open(path.join(folder, file), openFlags.read);
    try {
      const check = new FileCheck(fs, fd, file, objects);
      const places = file === lastSegment ? catalog.places() : undefined;
      if (places === undefined) await check.table();
      this.#found.push(...check.frames(places));
    } finally {
      fs.close(fd);
    }
  }

  /** Packs and sealed segments: that they are there, and, in a full run, every byte of packs, in threads. */
  async checkFiles(): Promise<void> {
    const { pool } = this.#target;
    const underWay = new Set<Promise<void>>();
    try {
      for (const file of this.#target.catalog.contentFiles()) {
        const checking = this.#checkFile(file).finally(() => underWay.delete(checking));
        underWay.add(checking);
        if (underWay.size >= pool.width) await Promise.race(underWay);
        await this.#pause();
      }
    } finally {
      await Promise.all(underWay);
    }
  }

  async #checkFile(file: { readonly path: string; readonly kind: string; readonly bytes: number }): Promise<void> {
    const { fs, folder, objects, pool } = this.#target;
    const filePath = path.join(folder, file.path);
    let fd: number;
    try {
      fd = fs.open(filePath, openFlags.read);
    } catch (error) {
      const reason =
        errnoOf(error) === "ENOENT" ? "it is not there" : `it cannot be opened: ${(error as Error).message}`;
      const lost = isAdopted(file.path) ? chunksOfAdopted(fs, folder, file.path) : [];
      this.#found.push({ problem: { kind: "lost", file: file.path, offset: null, reason }, objects: lost });
      return;
    }
    try {
      const check = isAdopted(file.path)
        ? new AdoptedCheck(fs, folder, fd, file.path)
        : new FileCheck(fs, fd, file.path, objects);
      const found = await check.table();
      // What sealed segments hold is read with the journal.
      if (file.kind !== "segment" && this.#options.quick !== true) {
        found.push(...check.bytes(await pool.next().request<Digest>({ op: "hash-file", path: filePath })));
        this.#bytes += file.bytes;
      }
      this.#found.push(...found);
      this.#files++;
      this.#tell(file.path);
    } finally {
      fs.close(fd);
    }
  }

  /** The catalog says what the journal says. */
  async checkCatalog(): Promise<void> {
    // Where the journal is damaged the catalog may know more than it: then it is worth keeping.
    if (this.#found.some(({ problem }) => problem.file?.startsWith(`${JOURNAL_FOLDER}/`) === true)) return;
    const { catalog: fresh } = Catalog.open(":memory:");
    try {
      await foldJournal(fresh, this.#target.journal, { readOnly: true });
      for (const table of this.#target.catalog.differences(fresh)) {
        this.#report("catalog", "catalog.db", null, `its table ${table} is not what the journal says`);
      }
    } finally {
      fresh.close();
    }
  }

  /** Walks all versions, and finds out which of them are hit. */
  async finish(): Promise<VerifyResult> {
    const { catalog, objects } = this.#target;
    const versions = allVersions(catalog);
    const damaged = new Set(this.#found.flatMap((each) => each.objects));
    const isThere = (digest: Digest): string | undefined => whatLacks(objects, digest, (each) => damaged.has(each));
    const problems = await checkVersions(versions, objects, this.#found, { isThere }, () => this.#pause());
    return {
      ok: problems.length === 0,
      checkedBytes: this.#bytes,
      checkedFiles: this.#files,
      versions: versions.length,
      problems,
    };
  }

  #report(kind: ProblemKind, file: string | null, offset: number | null, reason: string): void {
    this.#found.push({ problem: { kind, file, offset, reason }, objects: [] });
  }

  #tell(file: string): void {
    this.#options.onProgress?.({ phase: "verify", files: this.#files, bytes: this.#bytes, path: file });
    throwIfAborted(this.#options.signal);
  }

  async #pause(): Promise<void> {
    if (this.#breather.due()) await this.#breather.pause();
  }
}

/** A record that the catalog has applied was whole once: where it is no longer, that is no append that was cut short. */
function lostRecord(torn: { segment: number; offset: number }, known: JournalPosition): JournalDamage | undefined {
  const { segment, offset } = torn;
  if (segment > known.segment || (segment === known.segment && offset >= known.offset)) return undefined;
  return { file: segmentPath(segment), offset, reason: "no whole record stands here" };
}
