/** Pulls artifacts from a remote: what its logs say, and the content of what is meant. */
import { type RemoteArtifactRow, remoteExperiments, remoteVersions, type VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { artifactLog, experimentLog, type LogName } from "../logs/index.ts";
import type { RemoteSession } from "../sync/index.ts";
import { bringVersions, type ContentOrder } from "./bring-versions.ts";
import { catchUp, catchUpArtifact, namesOf, provisionalNumbers } from "./catch-up.ts";
import type { Engine } from "./engine.ts";
import { LeftOut } from "./left-out.ts";
import { type LogReading, withLogs } from "./log-reading.ts";
import { previewNames, previewVersions } from "./pull-preview.ts";
import { type MovedVersion, movedVersion } from "./push.ts";
import { completed, findVersion, given, type Place, parseRef, type Ref, type RefDefaults } from "./ref.ts";
import { type RemoteOptions, RemoteWork, type Traffic } from "./remote-work.ts";

/** How to pull. */
export interface PullOptions extends RemoteOptions, RefDefaults {
  /** Addresses of what is meant: of an artifact all versions, or one, or a folder of it ("sample:V2/cat"). Default: all. */
  readonly refs?: readonly string[] | undefined;
  /** Leaves content where it is: what is read of it later is fetched then, and kept. */
  readonly metadataOnly?: boolean | undefined;
  /** Says what is new, and changes nothing. */
  readonly dryRun?: boolean | undefined;
  /** Hears of an artifact that cannot be taken. Without it the first such is thrown when the others are pulled. */
  readonly onLeftOut?: ((error: ArtifoldError) => void) | undefined;
}

/** What a pull came to. */
export interface PullResult extends Traffic {
  /** Where it came from. */
  readonly url: string;
  /** Versions that were not known here, and those of this store that got other numbers. */
  readonly versions: readonly MovedVersion[];
}

/**
 * Pulls.
 *
 * @param near where names are looked for first that do not say it themselves
 * @throws ArtifoldError NOT_FOUND, CONFLICT, DENIED, UNREACHABLE, DAMAGED, NO_SPACE …
 */
export async function pull(engine: Engine, near: Place, options: PullOptions = {}): Promise<PullResult> {
  const refs = (options.refs ?? []).map((text) => completed(parseRef(text), options));
  return RemoteWork.with(engine, options, async (work) => {
    const session = await work.session();
    if (session === undefined && refs.length > 0) {
      throw new ArtifoldError("NOT_FOUND", `${work.remote.url} is empty`);
    }
    const choose = (names: readonly RemoteArtifactRow[]): ChosenNames[] => chooseNames(names, refs, near, options);
    const takes = options.dryRun === true ? preview : take;
    const versions = session === undefined ? [] : await takes(engine, session, choose, options);
    return { url: work.remote.url, versions, ...work.traffic };
  });
}

type Choose = (names: readonly RemoteArtifactRow[]) => ChosenNames[];

async function preview(
  engine: Engine,
  session: RemoteSession,
  choose: Choose,
  { onLeftOut }: PullOptions,
): Promise<MovedVersion[]> {
  const chosen = choose(await previewNames(engine, session)).map(({ named }) => named);
  const leftOut = new LeftOut(onLeftOut);
  const versions = await previewVersions(engine, session, chosen, leftOut);
  leftOut.tell(versions, { dryRun: true });
  return versions;
}

/** Reads on in all logs that are meant, and then has content here. */
async function take(
  engine: Engine,
  session: RemoteSession,
  choose: Choose,
  options: PullOptions,
): Promise<MovedVersion[]> {
  const chosen = choose(await namesOf(engine, session));
  const taken: { readonly artifact: Digest; readonly versions: readonly MovedVersion[] }[] = [];
  const orders: ContentOrder[] = [];
  const logOf = ({ named }: ChosenNames): LogName => artifactLog(named.artifact);
  const leftOut = new LeftOut(options.onLeftOut);
  for await (const { item, reading } of withLogs(engine, session, chosen, logOf)) {
    const moved = await leftOut.attempt(item.named.artifact, () => readOn(engine, session, item.named, reading));
    if (moved === undefined) continue;
    taken.push({ artifact: item.named.artifact, versions: moved });
    if (options.metadataOnly !== true) orders.push(...(await contentOrders(engine, item)));
  }
  const isAll = (options.refs ?? []).length === 0 && options.type === undefined;
  if (isAll) await readExperiments(engine, session, leftOut, options);
  if (orders.length > 0) {
    const { signal, onProgress } = options;
    const readAgain = async (named: RemoteArtifactRow): Promise<void> => {
      taken.push({ artifact: named.artifact, versions: await readOn(engine, session, named, undefined) });
    };
    await engine.source.lending(session.id, session.remote, () =>
      bringVersions(engine, orders, { leftOut, readAgain, signal, onProgress }),
    );
  }
  // Versions whose content could not be had are known, and have not moved.
  leftOut.tell(taken.flatMap(({ artifact, versions }) => (leftOut.hasFailed(artifact) ? [] : versions)));
  return taken.flatMap(({ versions }) => versions);
}

interface ChosenNames {
  readonly named: RemoteArtifactRow;
  /** What of it is meant; nothing for all. */
  readonly refs: readonly Ref[];
}

/** The artifacts of a remote that are meant. */
function chooseNames(
  names: readonly RemoteArtifactRow[],
  refs: readonly Ref[],
  near: Place,
  { team, experiment, type }: RefDefaults,
): ChosenNames[] {
  const are = (asked: { [key: string]: string }): RemoteArtifactRow[] =>
    names.filter((row) => Object.entries(asked).every(([key, value]) => row[key as keyof RemoteArtifactRow] === value));
  if (refs.length === 0) return are(given({ team, experiment, type })).map((named) => ({ named, refs: [] }));
  const chosen = new Map<Digest, { named: RemoteArtifactRow; refs: Ref[] }>();
  for (const ref of refs) {
    const asked = given({ name: ref.name, type: ref.type, team: ref.team, experiment: ref.experiment });
    const nearest = are({ team: near.team, experiment: near.experiment, ...asked });
    const found = nearest.length > 0 ? nearest : are(asked);
    const [only] = found;
    if (only === undefined) {
      throw new ArtifoldError("NOT_FOUND", `the remote has no artifact ${ref.name}`, {
        info: { artifact: ref.name },
        hint:
          names.length === 0
            ? "It has none at all."
            : `It has ${names
                .slice(0, 10)
                .map((row) => row.name)
                .join(", ")}.`,
      });
    }
    if (found.length > 1) {
      const places = found.map((row) => `${row.team}/${row.experiment}/${row.name} (${row.type})`);
      throw new ArtifoldError("AMBIGUOUS", `${ref.name} may be ${places.join(" or ")}`, {
        hint: "Write team/experiment/name, or pass --type.",
      });
    }
    const known = chosen.get(only.artifact);
    if (known === undefined) chosen.set(only.artifact, { named: only, refs: [ref] });
    else known.refs.push(ref);
  }
  return [...chosen.values()];
}

/** Reads on in the logs of experiments that are meant. */
async function readExperiments(
  engine: Engine,
  session: RemoteSession,
  leftOut: LeftOut,
  { team, experiment }: RefDefaults,
): Promise<void> {
  const meant = remoteExperiments(engine.catalog, session.id).filter(
    (named) => (team ?? named.team) === named.team && (experiment ?? named.experiment) === named.experiment,
  );
  const logs = meant.map(({ id }) => experimentLog(id));
  for await (const { item, reading } of withLogs(engine, session, logs, (log) => log)) {
    await leftOut.attempt(item, () => catchUp(engine, session, item, reading));
  }
}

/** Reads a log on. @returns what is new or has another number by it */
async function readOn(
  engine: Engine,
  session: RemoteSession,
  named: RemoteArtifactRow,
  reading: LogReading | undefined,
): Promise<MovedVersion[]> {
  const { catalog } = engine;
  const known = new Set(remoteVersions(catalog, session.id, named.artifact));
  const numbersBefore = provisionalNumbers(catalog, named.artifact);
  await catchUpArtifact(engine, session, named, reading);
  const moved: MovedVersion[] = [];
  const tell = (row: VersionRow, renumberedFrom: number | null): void => {
    const { number, version: id, manifest: digest } = row;
    moved.push(movedVersion(named, { number, id, digest, renumberedFrom, diverged: false, divergedFrom: null }));
  };
  for (const id of remoteVersions(catalog, session.id, named.artifact)) {
    const row = known.has(id) ? undefined : catalog.versionById(id);
    if (row !== undefined && !row.removed) tell(row, null);
  }
  for (const [id, before] of numbersBefore) {
    const row = catalog.versionById(id);
    if (row !== undefined && !row.published && row.number !== before) tell(row, before);
  }
  return moved;
}

/** What is to be fetched of an artifact, as far as it is not here: the older versions first. */
async function contentOrders(engine: Engine, { named, refs }: ChosenNames): Promise<ContentOrder[]> {
  await engine.refresh();
  const row = engine.catalog.artifactById(named.artifact);
  if (row === undefined) return [];
  const isAll = refs.length === 0 || refs.some(({ tag, digest }) => tag === undefined && digest === undefined);
  const meant = isAll
    ? engine.catalog.versions(row.row).map((version) => ({ version, path: undefined }))
    : refs.map((ref) => ({ version: findVersion(engine.catalog, row, ref), path: ref.path }));
  return meant
    .filter(({ version }) => version.elsewhere !== null)
    .sort((left, right) => left.version.number - right.version.number)
    .map(({ version: { version, newBytes }, path }) => ({ named, version, newBytes, path }));
}
