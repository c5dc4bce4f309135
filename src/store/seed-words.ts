/**
 * The words of the page that artifold is modelled on, for those who come from it; docs/seed-map.md maps them to ours.
 *
 * As there, one run is current for the process from `init` to `finish`, and all goes through it. Programs with several runs,
 * or stores, use `openStore`.
 */
import path from "node:path";
import { ArtifoldError } from "../errors.ts";
import type { Metadata } from "../manifest/index.ts";
import type { Added, AddOptions } from "./adding.ts";
import type { Artifact, UploadOptions, UploadResult } from "./artifact.ts";
import { runUrl } from "./http-host.ts";
import { resolveSettings } from "./resolve.ts";
import type { FinishOptions, Run } from "./run.ts";
import type { Source } from "./source.ts";
import { openStore, type Store } from "./store.ts";
import type { Version } from "./version.ts";
import type { EntryView } from "./view.ts";

/** How to begin the run of this process. */
export interface InitOptions {
  readonly teamName?: string | undefined;
  /** Default "uncategorized". */
  readonly expName?: string | undefined;
  /** Without one, two random words and a number, as in "sable-life-1". */
  readonly runName?: string | undefined;
  readonly config?: Metadata | undefined;
}

/** What `init` tells. As text it is the page's four lines. */
export interface InitResult {
  readonly teamName: string;
  readonly expName: string;
  readonly runName: string;
  readonly runUrl: string;
  readonly run: Run;
  toString(): string;
}

/** Which artifact is meant. */
export interface SeedQuery {
  readonly name: string;
  readonly type: string;
  readonly teamName?: string | undefined;
  readonly expName?: string | undefined;
}

/** The store and the run of this process. */
interface Session {
  readonly store: Promise<Store>;
  run: Promise<Run> | undefined;
}

let current: Session | undefined;

/**
 * Begins a run, current for this process until `finish`. In a process that was given a run by ARTIFOLD_RUN, as by
 * `artifold run`, it is that one.
 *
 * @throws ArtifoldError CONFLICT (one is current already, or its experiment has a run of this name), NAME_INVALID, LIMIT
 */
export async function init(options: InitOptions = {}): Promise<InitResult> {
  const session = open();
  if (session.run !== undefined) {
    throw new ArtifoldError("CONFLICT", "a run is current in this process already", { hint: "Call finish first." });
  }
  const settings = resolveSettings({}, { environment: process.env, cwd: process.cwd() });
  const isGiven = settings.run?.origin === "environment";
  session.run = session.store.then((store) => beginOrJoin(store, isGiven, options));
  let run: Run;
  try {
    run = await session.run;
  } catch (error) {
    // What did not begin may be tried again.
    session.run = undefined;
    throw error;
  }
  const url = runUrl(settings.httpHost.value, run);
  return {
    teamName: run.team,
    expName: run.experiment,
    runName: run.name,
    runUrl: url,
    run,
    toString: () => `Team Name=${run.team}\nExp Name=${run.experiment}\nRun Name=${run.name}\nRun URL=${url}`,
  };
}

async function beginOrJoin(store: Store, isGiven: boolean, options: InitOptions): Promise<Run> {
  const { teamName: team, expName: experiment, runName: name, config } = options;
  const given = isGiven ? store.currentRun : undefined;
  if (given === undefined) return store.startRun({ team, experiment, name, config });
  if (config !== undefined) await given.configure(config);
  return given;
}

/** An artifact to look at and to work on. It goes on from the newest version, or from the one that was fetched. */
export class Artifacts {
  readonly name: string;
  readonly type: string;
  readonly #query: SeedQuery;
  readonly #fetched: Version | undefined;
  #draft: Promise<Artifact> | undefined;

  /** Opens the newest version at first use. @param fetched the version to go on from, for `getArtifact` */
  constructor(query: SeedQuery, fetched?: Version) {
    this.name = query.name;
    this.type = query.type;
    this.#query = query;
    this.#fetched = fetched;
  }

  /** Its files, as they would be uploaded now. */
  async entryList(): Promise<EntryView[]> {
    const entries: EntryView[] = [];
    for await (const entry of (await this.#open()).entries()) entries.push(entry);
    return entries;
  }

  /** Adds a file, or a folder, whose paths inside are kept; or bytes, with `as`. Throws what `Artifact.add` throws. */
  async add(source: Source, options: AddOptions = {}): Promise<Added> {
    return (await this.#open()).add(source, options);
  }

  /** Makes the next version, if anything changed. Throws what `Artifact.upload` throws. */
  async upload(options: UploadOptions = {}): Promise<UploadResult> {
    return (await this.#open()).upload(options);
  }

  /**
   * Downloads the version that it stands on. Throws what `Version.download` throws.
   *
   * @param folder default `./artifacts/NAME/VERSION`
   * @returns the folder
   */
  async download(folder?: string): Promise<string> {
    const { version } = await this.#open();
    const { name, type } = this;
    if (version === null) throw new ArtifoldError("NOT_FOUND", `${name} has no version yet`);
    const found = await (await place()).getArtifact({ ...ours(this.#query), name, type, tag: version });
    const target = folder ?? path.join("artifacts", name, version);
    return (await found.download(target)).path;
  }

  #open(): Promise<Artifact> {
    this.#draft ??=
      this.#fetched === undefined
        ? place().then((each) => each.artifact(ours(this.#query)))
        : Promise.resolve(this.#fetched.edit());
    return this.#draft;
  }
}

/** Makes the next version of an artifact. */
export function uploadArtifact(artifact: Artifacts, options: UploadOptions = {}): Promise<UploadResult> {
  return artifact.upload(options);
}

/** Fetches a version: the newest, or that of a tag or number ("V2"). @throws ArtifoldError NOT_FOUND */
export async function getArtifact(query: SeedQuery & { readonly tag?: string | undefined }): Promise<Artifacts> {
  const found = await (await place()).getArtifact({ ...ours(query), tag: query.tag });
  return new Artifacts({ ...query, teamName: found.team, expName: found.experiment }, found);
}

/** Ends the run of this process, and closes the store. @throws ArtifoldError NOT_FOUND when none was begun */
export async function finish(options: FinishOptions = {}): Promise<void> {
  const session = current;
  if (session?.run === undefined) {
    throw new ArtifoldError("NOT_FOUND", "no run was begun", { hint: "Call init first." });
  }
  await (await session.run).finish(options);
  current = undefined;
  await (await session.store).close();
}

/** The session of this process; the store is opened at first use. */
function open(): Session {
  if (current === undefined) {
    const session: Session = { store: openStore(), run: undefined };
    current = session;
    // What could not be opened may be tried again.
    session.store.catch(() => {
      if (current === session) current = undefined;
    });
  }
  return current;
}

/** What all goes through: the run, or before `init` the store itself. */
async function place(): Promise<Run | Store> {
  const { run, store } = open();
  return run ?? store;
}

function ours({ name, type, teamName: team, expName: experiment }: SeedQuery): {
  name: string;
  type: string;
  team: string | undefined;
  experiment: string | undefined;
} {
  return { name, type, team, experiment };
}
