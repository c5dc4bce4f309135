/** Pulls artifacts from a remote: what its logs say, and the content of what is meant. */
import {
  type ArtifactRow,
  formatNumber,
  type RemoteArtifactRow,
  remoteExperiments,
  remoteVersions,
  type VersionRow,
} from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { experimentLog } from "../logs/index.ts";
import { manifestSums } from "../manifest/index.ts";
import type { RemoteSession } from "../sync/index.ts";
import { compileGlobs } from "../worktree/index.ts";
import { bringManifest } from "./bring.ts";
import { catchUp, catchUpArtifact, namesOf, provisionalNumbers } from "./catch-up.ts";
import { manifestReader } from "./content.ts";
import type { Engine } from "./engine.ts";
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
  /** Hears of an artifact that cannot be taken, and the others are pulled all the same. Without it the first such ends the pull. */
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
    const versions: MovedVersion[] = [];
    if (session !== undefined) {
      const dryRun = options.dryRun === true;
      const names = dryRun ? await previewNames(engine, session) : await namesOf(engine, session);
      for (const { named, refs: own } of chooseNames(names, refs, near, options)) {
        if (dryRun) {
          versions.push(...(await previewVersions(engine, session, named)));
          continue;
        }
        const moved = await readOnOrLeave(engine, session, named, options);
        if (moved === undefined) continue;
        versions.push(...moved);
        if (options.metadataOnly === true) continue;
        await engine.source.lending(session.id, work.remote, () => bringContent(engine, named, own, options));
      }
      const isAll = refs.length === 0 && options.type === undefined;
      if (isAll && !dryRun) await readExperiments(engine, session, options);
    } else if (refs.length > 0) {
      throw new ArtifoldError("NOT_FOUND", `${work.remote.url} is empty`);
    }
    return { url: work.remote.url, versions, ...work.traffic };
  });
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
  { team, experiment }: RefDefaults,
): Promise<void> {
  for (const named of remoteExperiments(engine.catalog, session.id)) {
    if ((team ?? named.team) !== named.team || (experiment ?? named.experiment) !== named.experiment) continue;
    await catchUp(engine, session, experimentLog(named.id));
  }
}

/** Codes of what is wrong with one artifact, and not with the remote or the store. */
const OF_ONE = ["CONFLICT", "DAMAGED", "FORMAT_UNSUPPORTED"] as const;

/** As {@link readOn}; `undefined` for an artifact that cannot be taken, where somebody hears of that. */
async function readOnOrLeave(
  engine: Engine,
  session: RemoteSession,
  named: RemoteArtifactRow,
  { onLeftOut }: PullOptions,
): Promise<MovedVersion[] | undefined> {
  try {
    return await readOn(engine, session, named);
  } catch (error) {
    if (onLeftOut === undefined || !isArtifoldError(error) || !OF_ONE.some((code) => error.code === code)) throw error;
    onLeftOut(error);
    return undefined;
  }
}

/** Reads a log on. @returns what is new or has another number by it */
async function readOn(engine: Engine, session: RemoteSession, named: RemoteArtifactRow): Promise<MovedVersion[]> {
  const { catalog } = engine;
  const known = new Set(remoteVersions(catalog, session.id, named.artifact));
  const numbersBefore = provisionalNumbers(catalog, named.artifact);
  await catchUpArtifact(engine, session, named);
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

/** Has the content here of the versions that are meant. */
async function bringContent(
  engine: Engine,
  { artifact }: RemoteArtifactRow,
  refs: readonly Ref[],
  { signal, onProgress }: PullOptions,
): Promise<void> {
  await engine.refresh();
  const row = engine.catalog.artifactById(artifact);
  if (row === undefined) return;
  const isAll = refs.length === 0 || refs.some(({ tag, digest }) => tag === undefined && digest === undefined);
  const orders = isAll
    ? engine.catalog.versions(row.row).map((version) => ({ version, path: undefined }))
    : refs.map((ref) => ({ version: findVersion(engine.catalog, row, ref), path: ref.path }));
  const wanted = orders
    .filter(({ version }) => version.elsewhere !== null)
    .sort((left, right) => left.version.number - right.version.number);
  const bytesTotal = wanted.reduce((sum, { version }) => sum + version.newBytes, 0);
  const progress = { files: 0, bytes: 0 };
  for (const { version, path } of wanted) {
    await checkSums(engine, version);
    await bringManifest(engine.source, version.manifest, {
      base: wholeBefore(engine, row, version.number),
      ...(path !== undefined && { filter: compileGlobs([path, `${path}/**`]) }),
      signal,
      onBytes: (bytes, at) => {
        progress.files++;
        progress.bytes += bytes;
        const total = progress.bytes <= bytesTotal ? { bytesTotal } : {};
        onProgress?.({ phase: "fetch", ...progress, ...total, path: at });
      },
    });
    await engine.source.settle();
    if (path !== undefined) continue;
    await engine.commit(() => ({ changes: [{ change: "whole", versions: [version.version] }] }), signal);
  }
}

/** What a log says of a version's size is what its manifest says. @throws ArtifoldError DAMAGED */
async function checkSums(engine: Engine, { version, number, manifest, ...told }: VersionRow): Promise<void> {
  const sums = await manifestSums(manifestReader(engine.source), manifest);
  if (sums.entries === told.entries && sums.files === told.files && sums.bytes === told.bytes) return;
  throw new ArtifoldError("DAMAGED", `${formatNumber(number)} is not as large as its log says`, { info: { version } });
}

/** The newest version before a number all of whose content is here. */
function wholeBefore(engine: Engine, artifact: ArtifactRow, number: number): Digest | undefined {
  const rows = engine.catalog.versions(artifact.row, { below: number, limit: 64 });
  return rows.find(({ elsewhere }) => elsewhere === null)?.manifest;
}
