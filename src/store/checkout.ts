/** Downloads: makes a folder of the user's hold a version. */
import path from "node:path";
import type { ArtifactRow, VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { countLinks, type NodeReader } from "../manifest/index.ts";
import type { FileStat } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import {
  type ComparisonOptions,
  carryOut,
  compileGlobs,
  type DownloadPlan,
  entriesIn,
  FolderMemory,
  FolderWalk,
  fillFolder,
  holdsAll,
  LinkedFiles,
  type PathFilter,
  planDownload,
  RacyClock,
  refuseConflicts,
  refuseNames,
  rehearseFill,
  TargetFolder,
  targetNames,
} from "../worktree/index.ts";
import { bringManifest, bringWhole } from "./bring.ts";
import { chunkListSource, manifestReader } from "./content.ts";
import type { Engine } from "./engine.ts";
import { comparisonOf } from "./folder-difference.ts";
import { sweepLeftovers } from "./leftovers.ts";
import { nameBeside } from "./ref.ts";
import { type SelectedSums, selectedSums } from "./selected-sums.ts";
import { findTarget, lockFolder } from "./target-place.ts";

/** How to download. */
export interface DownloadOptions extends LongCallOptions {
  /** Globs of the entries that are meant; without it all. */
  readonly path?: string | readonly string[] | undefined;
  /** Overwrites files that were changed in the folder. */
  readonly force?: boolean | undefined;
  /** Removes other people's files from the folder. A function is asked first, and false ends the download. */
  readonly clean?: boolean | ((paths: readonly string[]) => boolean | Promise<boolean>) | undefined;
  /**
   * When the content of files is checked that are cloned out of the store, where its file system can: `"now"`, before they get
   * their names, or `"later"`, by whoever runs `verify`. What is written is always checked.
   */
  readonly verify?: "now" | "later" | undefined;
  /**
   * Makes files hard links into a cache of read-only files beside the store, where the folder is on the same device; else they
   * are copied, as always. A file that is linked is not to be changed in place: all its links would be.
   */
  readonly link?: boolean | undefined;
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
  /** Files and links that were there already. */
  readonly unchanged: number;
  readonly removed: number;
  /** Files that became links, because `link` said so. */
  readonly linked: number;
  /** Files that were cloned and not checked, because `verify` said so. */
  readonly unverified: number;
  /** References, whose content lies elsewhere and was not fetched. */
  readonly references: readonly string[];
  /** Globs of `path` that matched nothing of the version. */
  readonly unmatched: readonly string[];
}

/** What a download did, told by the part that did it. */
type Outcome = Omit<DownloadResult, "path" | "version" | "digest" | "unverified" | "linked">;

/** Makes a folder hold a version. */
export async function download(
  engine: Engine,
  artifact: ArtifactRow,
  version: VersionRow,
  label: string,
  folder: string,
  options: DownloadOptions,
): Promise<DownloadResult> {
  // Before the store is held: only what nobody uses can be swept.
  if (options.dryRun !== true) sweepLeftovers(engine);
  const release = await engine.use(options.signal);
  try {
    const place = findTarget(engine, folder, options.dryRun === true);
    if (place === undefined) return await rehearseEmpty(engine, version, label, folder, options);
    const leave = options.dryRun === true ? undefined : await lockFolder(engine, place, options.signal);
    try {
      return await new Checkout(engine, place, options).run(artifact, version, label);
    } finally {
      leave?.();
    }
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
  /** Files and folders that a killed download left. Nobody else writes here now, so that they can go. */
  readonly #temporary = new Set<string>();
  #unverified = 0;
  #links: LinkedFiles | undefined;

  constructor(engine: Engine, folder: string, options: DownloadOptions) {
    this.#engine = engine;
    this.#folder = folder;
    this.#options = options;
    this.#memory = new FolderMemory(engine.folders, folder);
    this.#clock = new RacyClock(engine.fs, engine.folder);
    this.#reader = manifestReader(engine.source);
    this.#globs = options.path === undefined ? undefined : [options.path].flat();
    this.#filter = this.#globs === undefined ? undefined : compileGlobs(this.#globs);
  }

  async run(artifact: ArtifactRow, version: VersionRow, label: string): Promise<DownloadResult> {
    const { link, dryRun } = this.#options;
    if (link === true && dryRun !== true) {
      this.#links = await LinkedFiles.open(this.#engine.fs, this.#engine.folder, this.#folder);
    }
    try {
      return await this.#run(artifact, version, label);
    } finally {
      this.#links?.close();
    }
  }

  async #run(artifact: ArtifactRow, version: VersionRow, label: string): Promise<DownloadResult> {
    const isEmpty = this.#isEmpty();
    if (!isEmpty) this.#refuseOther(artifact, version);
    const result = isEmpty ? await this.#fill(version) : await this.#change(version);
    if (this.#options.dryRun !== true) {
      this.#remember(artifact, version, this.#globsHeld(version, isEmpty), result.references.length === 0);
    }
    return {
      path: this.#folder,
      version: label,
      digest: version.manifest,
      ...result,
      unverified: this.#unverified,
      linked: this.#links?.linked ?? 0,
    };
  }

  #refuseOther(artifact: ArtifactRow, version: VersionRow): void {
    const { record } = this.#memory;
    if (record === undefined || !record.downloaded || this.#options.force === true) return;
    if (record.artifact !== artifact.artifact) {
      const other = this.#engine.catalog.artifacts().find((row) => row.artifact === record.artifact);
      const held = other === undefined ? "another artifact" : nameBeside(other, artifact);
      throw new ArtifoldError("CONFLICT", `${this.#folder} holds ${held}`, {
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
    const onTemporary = (entryPath: string): void => void this.#temporary.add(entryPath);
    const walkOptions = { apart, ignoreFiles: false, onLeftOut, onTemporary };
    for (const found of new FolderWalk(this.#engine.fs, this.#folder, walkOptions)) {
      if (typeof found !== "symbol") return false;
    }
    return isEmpty;
  }

  async #fill(version: VersionRow): Promise<Outcome> {
    const sums = await this.#sums(version);
    await this.#refuseNames(version, []);
    if (this.#options.dryRun === true) {
      return { ...sums, ...(await rehearseFill(this.#reader, version.manifest, this.#filter)), unchanged: 0 };
    }
    await this.#bring(version);
    this.#memory.clear();
    const target = new TargetFolder(this.#engine.fs, this.#folder, true);
    try {
      for (const entryPath of this.#temporary) target.removeTemporary(entryPath);
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

  /** Has the content here that will be written, before the first write. @param paths of its files; all that are meant */
  async #bring(version: VersionRow, paths?: ReadonlySet<string>): Promise<void> {
    if (version.elsewhere === null) return;
    const { signal } = this.#options;
    const base = paths === undefined ? undefined : this.#wholeBase();
    if (this.#filter === undefined && (paths === undefined || base !== undefined)) {
      return bringWhole(this.#engine, version, { base, signal });
    }
    const filter = paths === undefined ? this.#filter : (path: string) => paths.has(path);
    await bringManifest(this.#engine.source, version.manifest, { filter, signal });
  }

  /** What the folder was given last, if all its content is in the store. */
  #wholeBase(): Digest | undefined {
    const { record } = this.#memory;
    const row = record?.downloaded === true ? this.#engine.catalog.versionById(record.version) : undefined;
    return row?.elsewhere === null ? row.manifest : undefined;
  }

  async #change(version: VersionRow): Promise<Outcome> {
    const target = new TargetFolder(this.#engine.fs, this.#folder);
    try {
      const plan = await this.#plan(version, target);
      const { references } = plan;
      const sums = await this.#sums(version);
      const links = await countLinks(this.#reader, version.manifest, this.#filter);
      const unchanged = sums.files + links - plan.write.length - plan.link.length;
      const brings = plan.write.length + plan.link.length + plan.makeFolders.length > 0;
      if (brings) await this.#refuseNames(version, this.#staying(new Set(plan.remove)));
      if (this.#options.dryRun === true) {
        const writtenBytes = plan.write.reduce((sum, entry) => sum + entry.size, 0);
        const written = plan.write.length + plan.link.length;
        return { ...sums, written, writtenBytes, unchanged, removed: plan.remove.length, references };
      }
      if (plan.write.length > 0) await this.#bring(version, new Set(plan.write.map((entry) => entry.path)));
      for (const entryPath of this.#temporary) target.removeTemporary(entryPath);
      const toWrite = { files: plan.write.length, bytes: plan.write.reduce((sum, entry) => sum + entry.size, 0) };
      const done = await carryOut(plan, target, this.#memory, this.#clock, this.#writing(toWrite));
      return { ...sums, ...done, unchanged, references };
    } finally {
      target.close();
    }
  }

  /** Refuses what the folder cannot hold: names that are no names there, or one with others. */
  async #refuseNames(version: VersionRow, staying: Iterable<string>): Promise<void> {
    const names = targetNames(this.#engine.fs, this.#folder, this.#options.dryRun !== true);
    if (holdsAll(names)) return;
    const entries = entriesIn(this.#reader, version.manifest, this.#filter);
    await refuseNames(names, this.#folder, entries, staying, this.#options.signal);
  }

  /** What is in the folder, in path order, without what goes. */
  *#staying(going: ReadonlySet<string>): Generator<string, void, undefined> {
    const apart = new Map([[this.#engine.folder, "store" as const]]);
    for (const found of new FolderWalk(this.#engine.fs, this.#folder, { apart, ignoreFiles: false })) {
      if (typeof found !== "symbol" && !going.has(found.path)) yield found.path;
    }
  }

  /** Compares first; nothing is written while there is a conflict. */
  async #plan(version: VersionRow, target: TargetFolder): Promise<DownloadPlan> {
    const { force = false, clean = false, dryRun = false } = this.#options;
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
      ...(!dryRun && { onMuch: () => this.#engine.pool.startAll() }),
    });
    refuseConflicts(plan, this.#folder);
    if (typeof clean === "function" && plan.foreign.length > 0 && !(await clean(plan.foreign))) {
      const what = plan.foreign.length === 1 ? "1 file" : `${plan.foreign.length} files`;
      throw new ArtifoldError("CONFLICT", `whoever was asked did not want ${what} removed from ${this.#folder}`, {
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
      onTemporary: (entryPath) => void this.#temporary.add(entryPath),
    });
  }

  #writing({ files: filesTotal, bytes: bytesTotal }: { files: number; bytes: number }): Parameters<typeof carryOut>[4] {
    const { signal, onProgress } = this.#options;
    let files = 0;
    let bytes = 0;
    return {
      pool: this.#engine.pool,
      source: {
        folder: this.#engine.folder,
        locate: (digest) => this.#engine.objects.locate(digest),
        basesAt: (place) => this.#engine.objects.basesAt(place),
        locateWhole: (digest) => this.#engine.objects.locateWhole(digest),
        chunkLists: chunkListSource(this.#engine.source),
        adoptedFile: (content) => this.#engine.objects.adoptedFile(content),
      },
      signal,
      links: this.#links,
      onUnchecked: this.#options.verify === "later" ? () => void this.#unverified++ : undefined,
      onBytes: (more, entryPath, isDone) => {
        if (isDone) files++;
        bytes += more;
        onProgress?.({ phase: "write", files, filesTotal, bytes, bytesTotal, path: entryPath });
      },
    };
  }

  #sums(version: VersionRow): Promise<SelectedSums> {
    return selectedSums(this.#reader, version.manifest, this.#globs);
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
  const globs = options.path === undefined ? undefined : [options.path].flat();
  const filter = globs === undefined ? undefined : compileGlobs(globs);
  const reader = manifestReader(engine.source);
  const sums = await selectedSums(reader, version.manifest, globs);
  const names = targetNames(engine.fs, folder, false);
  if (!holdsAll(names)) await refuseNames(names, folder, entriesIn(reader, version.manifest, filter), []);
  const filled = await rehearseFill(reader, version.manifest, filter);
  const shown = { path: path.resolve(folder), version: label, digest: version.manifest };
  return { ...shown, ...sums, ...filled, unchanged: 0, unverified: 0, linked: 0 };
}
