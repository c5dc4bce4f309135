/** Where names are looked for that do not say it themselves, and the run on whose behalf: of a store, or of one run. */
import { type ArtifactRow, checkName } from "../catalog/index.ts";
import { Artifact } from "./artifact.ts";
import { type ChangeFilter, changesAbout } from "./changes-about.ts";
import type { Engine } from "./engine.ts";
import type { LogOptions } from "./operations.ts";
import {
  checkDigest,
  completed,
  composed,
  findArtifact,
  findVersion,
  parseRef,
  parseWholeRef,
  type Ref,
  type RefDefaults,
} from "./ref.ts";
import type { RunRecorder } from "./run-recorder.ts";
import { Version } from "./version.ts";

/** Which artifact is meant. Names have 1 to 128 letters, marks, digits, `.`, `_` and `-`, and are compared in NFC. */
export interface ArtifactQuery {
  readonly name: string;
  readonly type: string;
  /** Default "local", or what the settings say for a store that was opened without a folder; in a run, its own. */
  readonly team?: string | undefined;
  /** Default "uncategorized", or what the settings say; in a run, its own. */
  readonly experiment?: string | undefined;
}

/** Which version is meant. What is left open is taken from the defaults, and else from wherever the name is unique. */
export interface VersionQuery extends Omit<ArtifactQuery, "type"> {
  readonly type?: string | undefined;
  /** A tag, or a number ("V2"); without one the newest version. */
  readonly tag?: string | undefined;
  /** Of the content, or a version id: 8 to 64 of its hex digits. */
  readonly digest?: string | undefined;
}

/** How an address is understood. */
export interface ResolveOptions extends RefDefaults {
  /** Also finds removed versions. */
  readonly removed?: boolean | undefined;
  /** Refuses an address without tag or digest. */
  readonly needsTag?: boolean | undefined;
  /** Takes an address of a path too, and gives the version that it lies in. Others refuse it with USAGE. */
  readonly takesPath?: boolean | undefined;
}

/** A store as it looks from a team and an experiment: where names without them are sought. */
export class Scope {
  readonly engine: Engine;
  readonly team: string;
  readonly experiment: string;
  readonly #recorder: RunRecorder | undefined;

  constructor(engine: Engine, place: { team: string; experiment: string }, recorder: RunRecorder | undefined) {
    this.engine = engine;
    this.team = place.team;
    this.experiment = place.experiment;
    this.#recorder = recorder;
  }

  /** A draft on the newest version of an artifact. */
  async artifact(query: ArtifactQuery, options: { dryRun?: boolean } = {}): Promise<Artifact> {
    const name = {
      team: checkName("team", query.team ?? this.team),
      experiment: checkName("experiment", query.experiment ?? this.experiment),
      type: checkName("type", query.type),
      name: checkName("artifact", query.name),
    };
    await this.engine.refresh();
    const [known] = this.engine.catalog.artifacts({ ...name });
    const version = known === undefined ? undefined : this.engine.catalog.latest(known.row);
    const run = this.#recorder?.run;
    return new Artifact(this.engine, name, { version, asIs: false }, { dryRun: options.dryRun === true, run });
  }

  /** A version by its name. */
  async getArtifact(query: VersionQuery): Promise<Version> {
    const { name, type, team, experiment, tag } = query;
    const digest = query.digest === undefined ? undefined : checkDigest(query.digest);
    return this.#version({ name, type, team, experiment, tag, digest }, {});
  }

  /** The version at an address. */
  async resolve(address: string, options: ResolveOptions): Promise<Version> {
    return this.#version(options.takesPath === true ? parseRef(address) : parseWholeRef(address), options);
  }

  /** All versions of the artifact at an address, newest first. */
  async *versions(address: string, options: ResolveOptions): AsyncGenerator<Version, void, undefined> {
    await this.engine.refresh();
    const artifact = this.#artifact(parseWholeRef(address), options);
    for (let below = Number.POSITIVE_INFINITY; ; ) {
      const rows = this.engine.catalog.versions(artifact.row, { removed: options.removed === true, limit: 256, below });
      for (const row of rows) yield new Version(this.engine, artifact, row, this.#recorder);
      const last = rows.at(-1);
      if (last === undefined) return;
      below = last.number;
    }
  }

  /** Which changes of the log are asked for; `undefined` for all. */
  changesFor({ refs = [], team, experiment, type }: LogOptions): ChangeFilter | undefined {
    const { catalog } = this.engine;
    const chosen = composed({ team, experiment, type });
    if (refs.length > 0) {
      const asked = refs.map((text) => {
        const ref = parseWholeRef(text);
        const artifact = this.#artifact(ref, { team, experiment, type });
        if (ref.tag === undefined && ref.digest === undefined) return { artifact };
        return { artifact, version: findVersion(catalog, artifact, ref, { removed: true }).version };
      });
      return changesAbout(catalog, asked);
    }
    if (Object.keys(chosen).length === 0) return undefined;
    return changesAbout(
      catalog,
      catalog.artifacts(chosen).map((artifact) => ({ artifact })),
    );
  }

  async #version(ref: Ref, options: ResolveOptions): Promise<Version> {
    await this.engine.refresh();
    const artifact = this.#artifact(ref, options);
    const row = findVersion(this.engine.catalog, artifact, ref, {
      withoutTag: options.needsTag === true ? "required" : "latest",
      removed: options.removed === true,
    });
    return new Version(this.engine, artifact, row, this.#recorder);
  }

  /** What the address leaves open is taken from the options, and then from the scope's own place. */
  #artifact(ref: Ref, options: RefDefaults): ArtifactRow {
    return findArtifact(this.engine.catalog, completed(ref, options), this);
  }
}
