/** Downloads: makes a folder of the user's hold a version. */
import path from "node:path";
import type { ArtifactRow, VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { manifestSums, type NodeReader, readEntries } from "../manifest/index.ts";
import { type FileStat, kindOf } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import {
  type ComparisonOptions,
  carryOut,
  compileGlobs,
  type DownloadPlan,
  FolderMemory,
  FolderWalk,
  fillFolder,
  isStoreName,
  type PathFilter,
  planDownload,
  RacyClock,
  readError,
  refuseConflicts,
  rehearseFill,
  TargetFolder,
} from "../worktree/index.ts";
import { chunkListSource, manifestReader } from "./content.ts";
import type { Engine } from "./engine.ts";
import { comparisonOf } from "./folder-difference.ts";

/** How to download. */
export interface DownloadOptions extends LongCallOptions {
  /** Globs of the entries that are meant; without it all. */
  readonly path?: string | readonly string[] | undefined;
  /** Overwrites files that were changed in the folder. */
  readonly force?: boolean | undefined;
  /** Removes other people's files from the folder. A function is asked first, and false ends the download. */
  readonly clean?: boolean | ((paths: readonly string[]) => boolean | Promise<boolean>) | undefined;
  /** Says what would be done and does nothing. */
  readonly dryRun?: boolean | undefined;
}

/** What a download did. */
export interface DownloadResult {
  /** The folder. */
  readonly path: string;
  /** "V2" */
  readonly version: string;
  readonly digest: Digest;
  /** Files and bytes of the version, or of what of it was meant. */
  readonly files: number;
  readonly bytes: number;
  /** Files and links that were written. */
  readonly written: number;
  readonly writtenBytes: number;
  /** Files that were there already. */
  readonly unchanged: number;
  readonly removed: number;
  /** References, whose content lies elsewhere and was not fetched. */
  readonly references: readonly string[];
}

/** Makes a folder hold a version. */
export async function download(
  engine: Engine,
  artifact: ArtifactRow,
  version: VersionRow,
  label: string,
  folder: string,
  options: DownloadOptions,
): Promise<DownloadResult> {
  const release = await engine.use(options.signal);
  try {
    const checkout = Checkout.open(engine, folder, options);
    if (checkout === undefined) return await rehearseEmpty(engine, version, label, folder, options);
    return await checkout.run(artifact, version, label);
  } finally {
    release();
  }
}

/** One download into one folder. */
class Checkout {
  readonly #engine: Engine;
  readonly #folder: string;
  readonly #options: DownloadOptions;
  readonly #memory: FolderMemory;
  readonly #clock: RacyClock;
  readonly #reader: NodeReader;
  readonly #globs: readonly string[] | undefined;
  readonly #filter: PathFilter | undefined;

  private constructor(engine: Engine, folder: string, options: DownloadOptions) {
    this.#engine = engine;
    this.#folder = folder;
    this.#options = options;
    this.#memory = new FolderMemory(engine.folders, folder);
    this.#clock = new RacyClock(engine.fs, engine.folder);
    this.#reader = manifestReader(engine.objects);
    this.#globs = options.path === undefined ? undefined : [options.path].flat();
    this.#filter = this.#globs === undefined ? undefined : compileGlobs(this.#globs);
  }

  /** Finds the folder, or makes it; gives nothing for a folder that a dry run would have to make. */
  static open(engine: Engine, folder: string, options: DownloadOptions): Checkout | undefined {
    refuseStore(engine, folder);
    const stat = lookThrough(engine, folder);
    if (stat === undefined && options.dryRun === true) return undefined;
    if (stat === undefined) makeUserFolder(engine, folder);
    else if (kindOf(stat) !== "folder") {
      throw new ArtifoldError("CONFLICT", `${folder} is not a folder`, { info: { path: folder } });
    }
    return new Checkout(engine, realPlace(engine, folder), options);
  }

  async run(artifact: ArtifactRow, version: VersionRow, label: string): Promise<DownloadResult> {
    const isEmpty = this.#isEmpty();
    if (!isEmpty) this.#refuseOther(artifact, version);
    const result = isEmpty ? await this.#fill(version) : await this.#change(version);
    if (this.#options.dryRun !== true) {
      this.#remember(artifact, version, this.#globsHeld(version, isEmpty), result.references.length === 0);
    }
    return { path: this.#folder, version: label, digest: version.manifest, ...result };
  }

  #refuseOther(artifact: ArtifactRow, version: VersionRow): void {
    const { record } = this.#memory;
    if (record === undefined || !record.downloaded || this.#options.force === true) return;
    if (record.artifact !== artifact.artifact) {
      const other = this.#engine.catalog.artifacts().find((row) => row.artifact === record.artifact);
      throw new ArtifoldError("CONFLICT", `${this.#folder} holds ${other?.name ?? "another artifact"}`, {
        info: { folder: this.#folder },
        hint: "Name another folder with --to, or overwrite this one with --force.",
      });
    }
    if (this.#globs === undefined || record.manifest === version.manifest) return;
    // What is not chosen now would stay as another version had it.
    if (record.globs?.every((glob) => this.#globs?.includes(glob)) === true) return;
    throw new ArtifoldError("CONFLICT", `${this.#folder} holds another version, and more of it than --path chooses`, {
      info: { folder: this.#folder, globs: record.globs },
      hint: "Download the whole version, or name another folder with --to.",
    });
  }

  /** The globs of what the folder holds once this download is done; null for all. */
  #globsHeld(version: VersionRow, wasEmpty: boolean): readonly string[] | null {
    if (this.#globs === undefined) return null;
    const { record } = this.#memory;
    if (wasEmpty || record?.downloaded !== true || record.manifest !== version.manifest) return this.#globs;
    return record.globs === null ? null : [...new Set([...record.globs, ...this.#globs])];
  }

  /** Whether there is nothing in the folder, nothing that cannot be an entry either. */
  #isEmpty(): boolean {
    let isEmpty = true;
    const apart = new Map([[this.#engine.folder, "store" as const]]);
    const onLeftOut = (): void => {
      isEmpty = false;
    };
    for (const found of new FolderWalk(this.#engine.fs, this.#folder, { apart, ignoreFiles: false, onLeftOut })) {
      if (typeof found !== "symbol") return false;
    }
    return isEmpty;
  }

  async #fill(version: VersionRow): Promise<Omit<DownloadResult, "path" | "version" | "digest">> {
    const sums = await this.#sums(version);
    if (this.#options.dryRun === true) {
      return { ...sums, ...(await rehearseFill(this.#reader, version.manifest, this.#filter)), unchanged: 0 };
    }
    this.#memory.clear();
    const target = new TargetFolder(this.#engine.fs, this.#folder);
    try {
      const writing = this.#writing(sums);
      const { written, writtenBytes, references } = await fillFolder(
        this.#reader,
        version.manifest,
        this.#filter,
        target,
        this.#memory,
        this.#clock,
        writing,
      );
      return { ...sums, written, writtenBytes, unchanged: 0, removed: 0, references };
    } finally {
      target.close();
    }
  }

  async #change(version: VersionRow): Promise<Omit<DownloadResult, "path" | "version" | "digest">> {
    const target = new TargetFolder(this.#engine.fs, this.#folder);
    try {
      const plan = await this.#plan(version, target);
      const { references } = plan;
      const sums = await this.#sums(version);
      const unchanged = sums.files - plan.write.length;
      if (this.#options.dryRun === true) {
        const writtenBytes = plan.write.reduce((sum, entry) => sum + entry.size, 0);
        const written = plan.write.length + plan.link.length;
        return { ...sums, written, writtenBytes, unchanged, removed: plan.remove.length, references };
      }
      const toWrite = { files: plan.write.length, bytes: plan.write.reduce((sum, entry) => sum + entry.size, 0) };
      const done = await carryOut(plan, target, this.#memory, this.#clock, this.#writing(toWrite));
      return { ...sums, ...done, unchanged, references };
    } finally {
      target.close();
    }
  }

  /** Compares first; nothing is written while there is a conflict. */
  async #plan(version: VersionRow, target: TargetFolder): Promise<DownloadPlan> {
    const { force = false, clean = false } = this.#options;
    const lookAt = (entryPath: string): FileStat | undefined => target.lookAt(entryPath);
    const record = this.#memory.record;
    const base = record?.downloaded === true ? record.manifest : undefined;
    const comparison = this.#comparison(base, version.manifest);
    const plan = await planDownload(comparison, {
      force,
      clean: clean !== false,
      filter: this.#filter,
      clock: this.#clock,
      lookAt,
    });
    refuseConflicts(plan, this.#folder);
    if (typeof clean === "function" && plan.foreign.length > 0 && !(await clean(plan.foreign))) {
      throw new ArtifoldError("CONFLICT", `${plan.foreign.length} files of ${this.#folder} were not to be removed`, {
        info: { folder: this.#folder, paths: plan.foreign },
        hint: "Download without --clean to keep them.",
      });
    }
    return plan;
  }

  #comparison(base: Digest | undefined, target: Digest): ComparisonOptions {
    return comparisonOf(this.#engine, this.#folder, this.#memory, this.#reader, {
      base,
      target,
      filter: this.#filter,
      call: this.#options,
    });
  }

  #writing(total: { files: number; bytes: number }): Parameters<typeof carryOut>[4] {
    const { signal, onProgress } = this.#options;
    let files = 0;
    let bytes = 0;
    let last: string | undefined;
    return {
      pool: this.#engine.pool,
      source: {
        folder: this.#engine.folder,
        locate: (digest) => this.#engine.objects.locate(digest),
        basesAt: (place) => this.#engine.objects.basesAt(place),
        locateWhole: (digest) => this.#engine.objects.locateWhole(digest),
        chunkLists: chunkListSource(this.#engine.objects),
      },
      signal,
      onBytes: (more, entryPath) => {
        // A large file is heard of several times.
        if (entryPath !== last) files++;
        last = entryPath;
        bytes += more;
        onProgress?.({
          phase: "write",
          files,
          filesTotal: total.files,
          bytes,
          bytesTotal: total.bytes,
          path: entryPath,
        });
      },
    };
  }

  async #sums(version: VersionRow): Promise<{ files: number; bytes: number }> {
    return selectedSums(this.#reader, version.manifest, this.#filter);
  }

  #remember(artifact: ArtifactRow, version: VersionRow, globs: readonly string[] | null, isComplete: boolean): void {
    const record = {
      artifact: artifact.artifact,
      version: version.version,
      manifest: version.manifest,
      downloaded: true,
      globs,
    };
    const agreement =
      this.#filter === undefined && isComplete ? { manifest: version.manifest, prefix: "", exact: true } : undefined;
    this.#memory.remember(record, agreement);
  }
}

/** What a dry run into a folder that is not there would do. */
async function rehearseEmpty(
  engine: Engine,
  version: VersionRow,
  label: string,
  folder: string,
  options: DownloadOptions,
): Promise<DownloadResult> {
  const filter = options.path === undefined ? undefined : compileGlobs([options.path].flat());
  const reader = manifestReader(engine.objects);
  const sums = await selectedSums(reader, version.manifest, filter);
  const filled = await rehearseFill(reader, version.manifest, filter);
  return { path: path.resolve(folder), version: label, digest: version.manifest, ...sums, ...filled, unchanged: 0 };
}

/** Files and bytes of a manifest that are meant. */
async function selectedSums(
  reader: NodeReader,
  manifest: Digest,
  filter: PathFilter | undefined,
): Promise<{ files: number; bytes: number }> {
  if (filter === undefined) {
    const { files, bytes } = await manifestSums(reader, manifest);
    return { files, bytes };
  }
  let files = 0;
  let bytes = 0;
  for await (const batch of readEntries(reader, manifest)) {
    for (const entry of batch) {
      if (entry.kind !== "file" || !filter(entry.path)) continue;
      files++;
      bytes += entry.size;
    }
  }
  return { files, bytes };
}

/** Looks at a path as the user means it: a link to a folder is that folder. */
function lookThrough(engine: Engine, folder: string): FileStat | undefined {
  try {
    return engine.fs.lookAt(engine.fs.realPath(folder));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw readError(folder, error);
  }
}

/** Nothing of a version goes into a store, this one or another. */
function refuseStore(engine: Engine, folder: string): void {
  const missing: string[] = [];
  let there = path.resolve(folder);
  for (; lookThrough(engine, there) === undefined; there = path.dirname(there)) missing.unshift(path.basename(there));
  const place = path.join(realPlace(engine, there), ...missing);
  const isHere = place === engine.folder || place.startsWith(engine.folder + path.sep);
  if (!isHere && !place.split(path.sep).some(isStoreName)) return;
  throw new ArtifoldError("USAGE", `${folder} is inside a store`, { hint: "Name a folder of your own with --to." });
}

/** The folder without links: one to nothing is no place to write to. */
function realPlace(engine: Engine, folder: string): string {
  try {
    return engine.fs.realPath(folder);
  } catch (error) {
    throw readError(folder, error);
  }
}

function makeUserFolder(engine: Engine, folder: string): void {
  const parent = path.dirname(folder);
  if (parent !== folder && lookThrough(engine, parent) === undefined) makeUserFolder(engine, parent);
  try {
    engine.fs.makeFolder(folder, 0o777);
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return;
    throw new ArtifoldError("WRITE_FAILED", `cannot make ${folder}: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
      info: { path: folder },
    });
  }
}
