/** The store as an embedder holds it. Every change enters here. */
import path from "node:path";
import { formatNumber, runById, runs, type VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import type { JournalDamage } from "../journal/index.ts";
import { type Clock, type FileSystem, userName } from "../platform/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { openRemote } from "../remote/index.ts";
import { type VerifyOptions, type VerifyResult, verifyStore, verifyVersions } from "../upkeep/index.ts";
import { compileGlobs, FolderMemory, readError } from "../worktree/index.ts";
import type { Artifact } from "./artifact.ts";
import type { CurrentRun } from "./current-run.ts";
import { Engine } from "./engine.ts";
import { compareWithFolder, type FolderChange } from "./folder-difference.ts";
import { type Lineage, type LineageOptions, type LineageStart, walkLineage } from "./lineage.ts";
import { type MergeOptions, type MergeResult, mergeVersions } from "./merge.ts";
import type { OpenRemote } from "./object-source.ts";
import { Listening, type LogOptions, type Operation, pastOperations, versionsIn } from "./operations.ts";
import { type PullOptions, type PullResult, pull } from "./pull.ts";
import { type PushOptions, type PushResult, push } from "./push.ts";
import { composed } from "./ref.ts";
import { DEFAULT_EXPERIMENT, DEFAULT_TEAM, resolveSettings, resolveStore, type Settings } from "./resolve.ts";
import { Run } from "./run.ts";
import { RunRecorder } from "./run-recorder.ts";
import { findRun, parseRunRef } from "./run-ref.ts";
import { type RunSummary, viewRun } from "./run-view.ts";
import { type ArtifactQuery, type ResolveOptions, Scope, type VersionQuery } from "./scope.ts";
import { type RunOptions, startRun } from "./start-run.ts";
import { StoreRemotes } from "./store-remotes.ts";
import { Version } from "./version.ts";
import type { ArtifactSummary } from "./view.ts";

/** How to open a store. */
export interface StoreOptions extends LongCallOptions {
  /** Makes the store if there is none. Default true; with false, opening none rejects with NO_STORE. */
  readonly create?: boolean;
  /** Who makes changes, for the record. Default: the user who runs the process. */
  readonly user?: string;
  /** Threads for reading and writing files; 0 does everything in the calling thread. Default: one a processor, up to 8. */
  readonly workers?: number;
  /** How long to wait for other processes, in milliseconds; after it a call rejects with BUSY. Default 30,000. */
  readonly lockWaitMs?: number;
  /** Opens a store that belongs to another user. */
  readonly trustOwner?: boolean;
  /** Opens a store on a network file system. Two machines that use it at once can damage it. */
  readonly allowNetworkFileSystem?: boolean;
  /** Opens remotes. Default: `openRemote`, which reads no environment and knows no tokens. */
  readonly openRemote?: OpenRemote;
  /** The file system and the clock, for tests. */
  readonly fs?: FileSystem;
  readonly clock?: Clock;
}

/** What a folder was given, and what became of it. */
export interface FolderStatus {
  /** The version that the folder was given. */
  readonly version: Version;
  /** Where the folder differs from it now, in path order; to be read once. */
  readonly changes: AsyncGenerator<FolderChange, void, undefined>;
}

/**
 * Opens a store, and makes it if there is none.
 *
 * Without a folder it is found as the command finds it: ARTIFOLD_STORE, else the nearest `.artifold` upward, else the
 * user's own; and what goes through it belongs to the current run, ARTIFOLD_RUN or that of the working folder, if there is
 * one. With a folder no environment is read. An open store holds no lock: other processes may have it open too.
 *
 * @throws ArtifoldError NO_STORE (with `create: false`), STORE_REFUSED, FORMAT_UNSUPPORTED, NATIVE_MISSING, BUSY, DAMAGED,
 *   NO_SPACE, STORE_WRITE_FAILED
 */
export async function openStore(folder?: string, options: StoreOptions = {}): Promise<Store> {
  if (folder !== undefined && typeof folder !== "string")
    throw new TypeError("the folder comes first, a string or undefined");
  if (folder !== undefined) return Store.open(path.resolve(folder), options);
  const input = { environment: process.env, cwd: process.cwd() };
  const settings = resolveSettings({}, input);
  return Store.open(resolveStore(input).value, {
    ...options,
    ...(settings.user !== undefined && options.user === undefined && { user: settings.user.value }),
    settings,
  });
}

/** An open store. Close it, or declare it with `await using`. */
export class Store implements AsyncDisposable {
  /** The parts of the store: for the rooms above, not for embedders. */
  readonly engine: Engine;
  /** The run that all belongs to which goes through the store itself: that of the process or of its folder, see `openStore`. */
  readonly currentRun: Run | undefined;
  readonly #scope: Scope;
  readonly #listening: Listening;

  private constructor(engine: Engine, defaults: { team: string; experiment: string }, run: Run | undefined) {
    this.engine = engine;
    this.#listening = new Listening(engine);
    this.currentRun = run;
    this.#scope = new Scope(engine, defaults, run === undefined ? undefined : new RunRecorder(engine, run.id));
  }

  /** Opens the store in a folder. @throws ArtifoldError NO_STORE, STORE_REFUSED, FORMAT_UNSUPPORTED, NATIVE_MISSING, … */
  static async open(
    folder: string,
    options: StoreOptions & {
      settings?: Pick<Settings, "team" | "experiment" | "run">;
      pool?: Engine["pool"];
    } = {},
  ): Promise<Store> {
    const { settings, user = userName(process.env) } = options;
    if (typeof user !== "string") throw new TypeError(`the user is a string, not ${typeof user}`);
    const engine = await Engine.open(
      folder,
      {
        ...options,
        create: options.create ?? true,
        user,
        openRemote: options.openRemote ?? openRemote,
        openFar: async (engine) => new (await import("./far-content.ts")).FarContent(engine),
      },
      options,
    );
    const defaults = {
      team: settings?.team.value ?? DEFAULT_TEAM,
      experiment: settings?.experiment.value ?? DEFAULT_EXPERIMENT,
    };
    return new Store(engine, defaults, currentRunOf(engine, settings?.run, defaults));
  }

  /** The store's folder, without links. */
  get folder(): string {
    return this.engine.folder;
  }

  /** Places where the journal was found damaged when the catalog was brought up to it; mostly none. `verify` tells all. */
  get damage(): readonly JournalDamage[] {
    return this.engine.damage;
  }

  /**
   * A draft on the newest version of an artifact; of an unknown name, an empty one. Nothing is stored yet.
   *
   * @param options.dryRun a draft that stores nothing: its `upload` says what it would come to
   * @throws ArtifoldError NAME_INVALID
   */
  artifact(query: ArtifactQuery, options: { dryRun?: boolean } = {}): Promise<Artifact> {
    return this.#scope.artifact(query, options);
  }

  /**
   * A version of an artifact, by tag, number ("V2") or digest; the newest without one.
   *
   * @throws ArtifoldError NOT_FOUND, AMBIGUOUS
   */
  getArtifact(query: VersionQuery): Promise<Version> {
    return this.#scope.getArtifact(query);
  }

  /**
   * The version at an address: `[team/experiment/]name[:tag|@digest]`; without tag the newest.
   *
   * @throws ArtifoldError NOT_FOUND, AMBIGUOUS, USAGE
   */
  resolve(address: string, options: ResolveOptions = {}): Promise<Version> {
    return this.#scope.resolve(address, options);
  }

  /**
   * All versions of the artifact at an address, newest first.
   *
   * @throws ArtifoldError NOT_FOUND, AMBIGUOUS, USAGE
   */
  versions(address: string, options: ResolveOptions = {}): AsyncGenerator<Version, void, undefined> {
    return this.#scope.versions(address, options);
  }

  /** All artifacts with a living version, in the order of team, experiment, type and name. A filter's values match whole. */
  async *artifacts(
    filter: { team?: string; experiment?: string; type?: string; name?: string } = {},
  ): AsyncGenerator<ArtifactSummary, void, undefined> {
    await this.engine.refresh();
    const { catalog } = this.engine;
    for (const { row, team, experiment, type, name } of catalog.artifacts(composed(filter))) {
      const latest = catalog.latest(row);
      if (latest === undefined) continue;
      const versions = catalog.versionCount(row);
      yield { team, experiment, type, name, latest: formatNumber(latest.number), versions };
    }
  }

  /**
   * Begins a run: what is uploaded and downloaded through it belongs to it. It goes on until `finish`, beyond this process
   * if need be.
   *
   * @throws ArtifoldError CONFLICT (its experiment has a run of this name), NAME_INVALID, LIMIT
   */
  async startRun(options: RunOptions = {}): Promise<Run> {
    return new Run(this.engine, await startRun(this.engine, this.#scope, options));
  }

  /** The run at an address: `[team/experiment/]name[@id]`, or `@id`. @throws ArtifoldError NOT_FOUND, AMBIGUOUS, USAGE */
  async getRun(address: string): Promise<Run> {
    const ref = parseRunRef(address);
    await this.engine.refresh();
    return new Run(this.engine, findRun(this.engine.catalog, ref, this.#scope));
  }

  /**
   * Runs, newest first by the clocks of those who began them.
   *
   * @param filter.after the id of a run: only those that come after it in this order
   */
  async *runs(
    filter: { team?: string; experiment?: string; name?: string; after?: Digest } = {},
  ): AsyncGenerator<RunSummary, void, undefined> {
    await this.engine.refresh();
    let { after } = filter;
    const names = composed({ team: filter.team, experiment: filter.experiment, name: filter.name });
    for (;;) {
      const rows = runs(this.engine.catalog, names, { limit: 256, ...(after !== undefined && { after }) });
      for (const row of rows) yield viewRun(this.engine, row);
      after = rows.at(-1)?.run;
      if (after === undefined) return;
    }
  }

  /** What a version came from and what came of it, or a run: runs and versions as a graph, from near to far. */
  async lineage(start: LineageStart, options: LineageOptions = {}): Promise<Lineage> {
    await this.engine.refresh();
    return walkLineage(this.engine, start, options);
  }

  /**
   * What happened in the store, newest first; of artifacts that are named or chosen, only what concerns them.
   *
   * @throws ArtifoldError NOT_FOUND, AMBIGUOUS, USAGE
   */
  async *log(options: LogOptions = {}): AsyncGenerator<Operation, void, undefined> {
    await this.engine.refresh();
    yield* pastOperations(this.engine.catalog, options.limit, this.#scope.changesFor(options));
  }

  /** The address of a version by its id, for people: "name:V2"; the shortened id when it is not known here. */
  labelOf(id: Digest): string {
    const row = this.engine.catalog.versionById(id);
    if (row === undefined) return id.slice(0, 12);
    return `${this.engine.catalog.artifactByRow(row.artifactRow).name}:${formatNumber(row.number)}`;
  }

  /** The name of a run by its id; null when it is not known here. */
  nameOfRun(id: Digest): string | null {
    return runById(this.engine.catalog, id)?.name ?? null;
  }

  /**
   * What a folder was given by a download (or an upload made of it), and how it differs now.
   *
   * @throws ArtifoldError NOT_FOUND when nothing is known of the folder, READ_FAILED
   */
  async status(folder: string, options: LongCallOptions = {}): Promise<FolderStatus> {
    await this.engine.refresh();
    let place: string;
    try {
      place = this.engine.fs.realPath(folder);
    } catch (error) {
      throw readError(folder, error);
    }
    const { record } = new FolderMemory(this.engine.folders, place);
    const row = record === undefined ? undefined : this.engine.catalog.versionById(record.version);
    if (record === undefined || row === undefined) {
      throw new ArtifoldError("NOT_FOUND", `no version is known to be in ${folder}`, {
        hint: "Download one into it, or compare it with `artifold diff NAME:TAG FOLDER`.",
        info: { path: folder },
      });
    }
    const artifact = this.engine.catalog.artifactByRow(row.artifactRow);
    const filter = record.globs === null ? undefined : compileGlobs(record.globs);
    return {
      version: new Version(this.engine, artifact, row),
      changes: compareWithFolder(this.engine, record.manifest, place, filter, options),
    };
  }

  /**
   * Reads and checks everything that the store holds, or all content of some versions. Finding damage is a result, not an
   * error. Changes nothing, and may run beside uploads.
   */
  async verify(options: VerifyOptions = {}, versions?: readonly Version[]): Promise<VerifyResult> {
    await this.engine.refresh();
    const release = await this.engine.use(options.signal);
    try {
      if (versions === undefined) return await verifyStore(this.engine, options);
      const checked = versions.map(({ digest, ref, isComplete }) => ({
        manifest: digest,
        label: ref,
        isElsewhere: !isComplete,
      }));
      return await verifyVersions(this.engine.objects, checked, options);
    } finally {
      release();
    }
  }

  /** The remotes that have a name in this store. */
  get remotes(): StoreRemotes {
    return new StoreRemotes(this.engine);
  }

  /**
   * Sends to a remote what it has not: versions, tags, notes and removals, and their content.
   *
   * Versions get their numbers for good. Where somebody else's got them before, those of this store get the next ones, and
   * one version more that holds both sides; where both changed a path, the result says so (`diverged`), and `merge` makes it.
   *
   * @throws ArtifoldError NOT_FOUND, USAGE, AMBIGUOUS (which remote, which artifact); CONFLICT (another artifact has the name
   *   there); DENIED, LOGIN_NEEDED, UNREACHABLE, NO_SPACE, DAMAGED
   */
  push(options: PushOptions = {}): Promise<PushResult> {
    return push(this.engine, this.#scope, options);
  }

  /**
   * Fetches from a remote what this store has not. Everything is checked against its digest before it has a name here.
   *
   * @throws ArtifoldError as `push`
   */
  pull(options: PullOptions = {}): Promise<PullResult> {
    return pull(this.engine, this.#scope, options);
  }

  /**
   * Makes a version that holds what two versions of one artifact have changed since the newest one that both were made from.
   *
   * @throws ArtifoldError USAGE (two artifacts); CONFLICT (see `onConflict`)
   */
  async merge(ours: Version, theirs: Version, options: MergeOptions = {}): Promise<MergeResult> {
    await this.engine.refresh();
    const rows = [ours, theirs].map(({ id }) => this.engine.catalog.versionById(id));
    return mergeVersions(this.engine, rows as [VersionRow, VersionRow], options);
  }

  /**
   * Calls back for each version that is made from now on, or for each operation of the log, by this process or another, in
   * the order of the log. Looks twice a second, and does not keep the process alive.
   *
   * @returns ends the calls
   */
  on(event: "version", listener: (version: Version) => void): () => void;
  on(event: "operation", listener: (operation: Operation) => void): () => void;
  on(event: "version" | "operation", listener: ((heard: Version) => void) | ((heard: Operation) => void)): () => void {
    if (event !== "version" && event !== "operation") {
      throw new TypeError(`there is no event ${JSON.stringify(event)}: "version", "operation"`);
    }
    if (event === "operation") return this.#listening.add(listener as (operation: Operation) => void);
    return this.#listening.add(({ changes }) => {
      for (const change of changes) {
        for (const id of versionsIn(change)) {
          const row = this.engine.catalog.versionById(id);
          if (row === undefined) continue;
          (listener as (version: Version) => void)(
            new Version(this.engine, this.engine.catalog.artifactByRow(row.artifactRow), row),
          );
        }
      }
    });
  }

  /** Closes the store; drafts are to be closed before. Calls that come after it reject with CLOSED. */
  async close(): Promise<void> {
    this.#listening.end();
    await this.engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The run that settings name, where it is one of this store that goes on, and something can be written down of it. */
function currentRunOf(
  engine: Engine,
  named: CurrentRun | undefined,
  defaults: { team: string; experiment: string },
): Run | undefined {
  if (named === undefined || named.isElsewhere || engine.isReadOnly) return undefined;
  try {
    const run = new Run(engine, findRun(engine.catalog, named.ref, defaults));
    return run.hasEnded ? undefined : run;
  } catch (error) {
    if (isArtifoldError(error, "NOT_FOUND") || isArtifoldError(error, "AMBIGUOUS")) return undefined;
    throw error;
  }
}
