/** A run as an embedder holds it: what it is, what it uses and makes, and its end. */
import { type LinkKind, linksOfRun, type RunRow, runById } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { type RunConfigured, type RunEnded, type RunEnding, runEndings } from "../journal/index.ts";
import { type Metadata, metadataText } from "../manifest/index.ts";
import type { Artifact } from "./artifact.ts";
import type { Engine } from "./engine.ts";
import { RunRecorder } from "./run-recorder.ts";
import { fullRunRef } from "./run-ref.ts";
import { type RunState, type RunSummary, viewRun } from "./run-view.ts";
import { type ArtifactQuery, type ResolveOptions, Scope, type VersionQuery } from "./scope.ts";
import { Version } from "./version.ts";

/** How a run ended. */
export interface FinishOptions {
  /** Default "finished", or "failed" with an exit code other than 0. */
  readonly state?: RunEnding | undefined;
  /** Of the program that the run was. */
  readonly exitCode?: number | undefined;
  /** The signal that ended the program, as in "SIGTERM". */
  readonly signal?: string | undefined;
}

/**
 * A run. What is uploaded through it is made by it; versions that it gives are used by it once their content is downloaded
 * or read. Any number of runs may be under way in one process; none of them knows of another.
 */
export class Run implements RunSummary {
  readonly id: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly name: string;
  readonly startedAt: string;
  readonly startedBy: string;
  readonly command: readonly string[];
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #recorder: RunRecorder;
  #now: RunSummary;

  /** Made by the store. */
  constructor(engine: Engine, row: RunRow) {
    this.#now = viewRun(engine, row);
    this.id = this.#now.id;
    this.team = this.#now.team;
    this.experiment = this.#now.experiment;
    this.name = this.#now.name;
    this.startedAt = this.#now.startedAt;
    this.startedBy = this.#now.startedBy;
    this.command = this.#now.command;
    this.#engine = engine;
    this.#recorder = new RunRecorder(engine, row.run);
    this.#scope = new Scope(engine, this, this.#recorder);
  }

  /** The full address: "team/experiment/name@id", which means this run and no other. ARTIFOLD_RUN takes it. */
  get ref(): string {
    return fullRunRef(this);
  }

  /** Its configuration, as it is known to this object. */
  get config(): Metadata {
    return this.#now.config;
  }

  /** Whether somebody said that it has ended. */
  get hasEnded(): boolean {
    return this.#now.endedAt !== null;
  }

  get state(): RunState {
    return this.#now.state;
  }

  get exitCode(): number | null {
    return this.#now.exitCode;
  }

  get signal(): string | null {
    return this.#now.signal;
  }

  get endedAt(): string | null {
    return this.#now.endedAt;
  }

  /** A draft, as `store.artifact` gives it, in the run's team and experiment unless others are named. @throws ArtifoldError CLOSED */
  async artifact(query: ArtifactQuery, options: { dryRun?: boolean } = {}): Promise<Artifact> {
    await this.#checkOpen();
    return this.#scope.artifact(query, options);
  }

  /** A version, as `store.getArtifact` gives it. It is used once its content is downloaded or read. @throws ArtifoldError CLOSED */
  async getArtifact(query: VersionQuery): Promise<Version> {
    await this.#checkOpen();
    return this.#scope.getArtifact(query);
  }

  /** The version at an address, as `store.resolve` gives it. @throws ArtifoldError CLOSED */
  async resolve(address: string, options: ResolveOptions = {}): Promise<Version> {
    await this.#checkOpen();
    return this.#scope.resolve(address, options);
  }

  /** Versions that it used, in the order in which they came. Those that this store does not have are left out: see `store.lineage`. */
  uses(): AsyncGenerator<Version, void, undefined> {
    return this.#linked("used");
  }

  /** Versions that it made, or came to though they were there already. As with {@link uses}. */
  made(): AsyncGenerator<Version, void, undefined> {
    return this.#linked("made");
  }

  /**
   * Sets keys of the configuration, and keeps all others. The record of how the run began stays as it is.
   *
   * @returns the operation of the log; null when nothing changes
   * @throws ArtifoldError LIMIT
   */
  async configure(config: Metadata): Promise<number | null> {
    metadataText(config, "config");
    return this.#change((row) => {
      const merged = metadataText(
        Object.fromEntries([...Object.entries(row.config), ...Object.entries(config)]),
        "config",
      );
      if (merged === metadataText(row.config, "config")) return undefined;
      return { change: "config", run: this.id, config: merged };
    });
  }

  /**
   * Says that the run has ended. Of one that has ended already nothing is said again, unless how it ended is given.
   *
   * @returns the operation of the log; null when it had ended
   */
  async finish(options: FinishOptions = {}): Promise<number | null> {
    const { exitCode = null, signal = null } = options;
    if (exitCode !== null && (!Number.isSafeInteger(exitCode) || exitCode < 0)) {
      throw new TypeError(`not an exit code: ${exitCode}`);
    }
    if (options.state !== undefined && !runEndings.includes(options.state)) {
      throw new TypeError(`not how a run ends: ${JSON.stringify(options.state)}`);
    }
    if (signal !== null && !/^SIG[A-Z0-9+]{1,29}$/.test(signal))
      throw new TypeError(`not a signal: ${JSON.stringify(signal)}`);
    const state = options.state ?? (exitCode === null || exitCode === 0 ? "finished" : "failed");
    const isGiven = options.state !== undefined || exitCode !== null || signal !== null;
    const operation = await this.#change((row) => {
      const isSaid = row.state === state && row.exitCode === exitCode && row.signal === signal;
      if (row.state !== null && (!isGiven || isSaid)) return undefined;
      return { change: "ended", run: this.id, at: this.#engine.clock.now(), state, exitCode, signal };
    });
    this.#engine.runLocks.drop(this.id);
    return operation;
  }

  async *#linked(link: LinkKind): AsyncGenerator<Version, void, undefined> {
    await this.#engine.refresh();
    for (let after: number | undefined; ; ) {
      const links = linksOfRun(this.#engine.catalog, this.id, link, { after, limit: 256 });
      for (const { version } of links) {
        const { catalog } = this.#engine;
        const row = catalog.versionById(version);
        if (row !== undefined) {
          yield new Version(this.#engine, catalog.artifactByRow(row.artifactRow), row, this.#recorder);
        }
      }
      after = links.at(-1)?.row;
      if (after === undefined) return;
    }
  }

  async #change(prepare: (row: RunRow) => RunConfigured | RunEnded | undefined): Promise<number | null> {
    const committed = await this.#engine.commit(() => {
      const change = prepare(this.#row());
      return change === undefined ? undefined : { changes: [change] };
    });
    this.#now = viewRun(this.#engine, this.#row());
    return committed?.operation ?? null;
  }

  async #checkOpen(): Promise<void> {
    await this.#engine.refresh();
    this.#now = viewRun(this.#engine, this.#row());
    if (!this.hasEnded) return;
    throw new ArtifoldError("CLOSED", `the run ${this.name} has ended`, { hint: "Begin another one." });
  }

  #row(): RunRow {
    const row = runById(this.#engine.catalog, this.id);
    if (row !== undefined) return row;
    throw new ArtifoldError("DAMAGED", `the journal no longer tells of the run ${this.name}`);
  }
}
