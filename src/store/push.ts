/** Pushes artifacts to a remote: what it has not, and nothing else. */
import type { ArtifactRow, VersionRow } from "../catalog/index.ts";
import { formatNumber, remoteArtifacts } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { artifactLog, type LogEvent, type LogName, NAMES_LOG } from "../logs/index.ts";
import { type RemoteSession, SoundPacks } from "../sync/index.ts";
import { catchUp } from "./catch-up.ts";
import type { Engine } from "./engine.ts";
import { LeftOut } from "./left-out.ts";
import { withLogs } from "./log-reading.ts";
import { ArtifactPush, type PushedVersion, type WholePush } from "./push-artifact.ts";
import { pushExperiments } from "./push-experiments.ts";
import { PushTogether } from "./push-together.ts";
import { completed, findArtifact, findVersion, given, type Place, parseWholeRef, type RefDefaults } from "./ref.ts";
import { type RemoteOptions, RemoteWork, type Traffic } from "./remote-work.ts";

/** How to push. */
export interface PushOptions extends RemoteOptions, RefDefaults {
  /** Addresses of what is meant; with a tag, that version and those before it. Default: everything. */
  readonly refs?: readonly string[] | undefined;
  /** Says what would be sent, and sends nothing. */
  readonly dryRun?: boolean | undefined;
  /**
   * Reads what the remote has of the versions that are meant, and sends again what is gone or damaged. Takes about as long
   * as fetching them.
   */
  readonly whole?: boolean | undefined;
  /** The caller knows that nobody else writes there: what a place needs that does not create a key once. */
  readonly isSingleWriter?: boolean | undefined;
}

/** A version that moved. */
export interface MovedVersion {
  /** "team/experiment/name:V3" */
  readonly ref: string;
  readonly id: Digest;
  readonly digest: Digest;
  /** "V2": the provisional number that it had before, and that somebody else's version has now. */
  readonly renumberedFrom: string | null;
  /**
   * Whether another version changed the same paths, so that the newest one holds one side only: `merge` makes a version that
   * holds both.
   */
  readonly diverged: boolean;
  /** "V2": that other version; null where none changed the same paths. */
  readonly divergedFrom: string | null;
}

/** What a push came to. */
export interface PushResult extends Traffic {
  /** Where it went. */
  readonly url: string;
  readonly versions: readonly MovedVersion[];
  /** What else was sent, each kind once. */
  readonly others: readonly PushedKind[];
  /** What a look at all that is there came to; null where it was not asked for. */
  readonly whole: WholeResult | null;
}

/** What a push found that looked at all that the remote has. */
export interface WholeResult {
  /** Packs that were gone or damaged: what they held of the versions was sent again. */
  readonly unsoundPacks: number;
  /** Versions that are not all in this store, so that they were not looked at: "team/experiment/name:V3". */
  readonly leftOut: readonly string[];
}

/** What a push sends beside versions. Another version of content that has a number already is found under that number. */
export type PushedKind = "tag" | "remove" | "restore" | "note" | "run" | "also";

/**
 * Pushes.
 *
 * @param near where names are looked for first that do not say it themselves
 * @throws ArtifoldError NOT_FOUND, CONFLICT, DENIED, UNREACHABLE, DAMAGED, LOGIN_NEEDED …
 */
export async function push(engine: Engine, near: Place, options: PushOptions = {}): Promise<PushResult> {
  await engine.refresh();
  if (options.dryRun !== true) return pushChosen(engine, near, options);
  const release = await engine.use(options.signal);
  const rehearsal = engine.rehearse();
  try {
    return await pushChosen(rehearsal, near, options);
  } finally {
    await rehearsal.close();
    release();
  }
}

async function pushChosen(engine: Engine, near: Place, options: PushOptions): Promise<PushResult> {
  const chosen = chooseArtifacts(engine, near, options);
  return RemoteWork.with(engine, { ...options, writes: true }, async (work) => {
    const session = await work.session();
    if (session === undefined) throw new TypeError("a remote that is written to has a mark");
    const release = await engine.use(options.signal);
    try {
      await catchUp(engine, session, NAMES_LOG);
      const failures = new LeftOut();
      const { versions, others, whole } = await pushArtifacts(engine, { work, session, failures }, chosen, options);
      const { refs = [], type } = options;
      const meansAll = refs.length === 0 && type === undefined;
      const runs = () => failures.attempt("runs", () => pushExperiments(engine, session, options));
      if (meansAll && (await runs()) === true) others.add("run");
      failures.tell(versions, options);
      return { url: work.remote.url, versions, others: [...others], whole, ...work.traffic };
    } finally {
      release();
    }
  });
}

/** A remote that is pushed to. */
interface Target {
  readonly work: RemoteWork;
  readonly session: RemoteSession;
  readonly failures: LeftOut;
}

/** What became of artifacts. */
interface Pushed extends Pick<PushResult, "versions" | "whole"> {
  readonly others: Set<PushedKind>;
}

/** Pushes artifacts, small ones together. What is wrong with one of them is kept, and told by nobody yet. */
async function pushArtifacts(
  engine: Engine,
  { work, session, failures }: Target,
  chosen: readonly ChosenArtifact[],
  options: PushOptions,
): Promise<Pushed> {
  const others = new Set<PushedKind>();
  const bytesTotal = chosen.reduce((sum, { artifact }) => sum + unpublishedBytes(engine, artifact), 0);
  const sent = { files: 0, bytes: 0 };
  const tell = (): void => {
    options.onProgress?.({ phase: "send", ...sent, ...(sent.bytes <= bytesTotal && { bytesTotal }) });
  };
  const onBytes = (more: number): void => {
    sent.bytes += more;
    tell();
  };
  const onStep = (events: readonly LogEvent[]): void => {
    for (const { event } of events) {
      if (event in kinds) others.add(kinds[event as keyof typeof kinds]);
      if (event === "version") sent.files++;
    }
    tell();
  };
  const pushed = new Map<ArtifactRow, readonly PushedVersion[]>();
  const sound = options.whole === true ? new SoundPacks(work.remote, session.call) : undefined;
  const leftOut = new Set<string>();
  const together = new PushTogether(engine, session, failures, onBytes);
  await engine.source.lending(session.id, work.remote, async () => {
    try {
      for await (const { item, reading } of withLogs(engine, session, chosen, logsOf(engine, session))) {
        const { artifact, upTo } = item;
        const onLeftOut = ({ number }: VersionRow): void => void leftOut.add(refOf(artifact, number));
        const whole: WholePush | undefined = sound && { sound, onLeftOut };
        const push = new ArtifactPush(engine, session, artifact, { upTo, onBytes, onStep, whole });
        const step = await failures.attempt(artifact.artifact, () => push.next(reading));
        if (step === undefined) continue;
        // Of the push itself nothing is kept: it holds memory of what was sent.
        pushed.set(artifact, push.pushed);
        await together.take(push, step);
      }
    } catch (error) {
      // Those that wait are not kept from it by those that failed.
      if (failures.areTooMany) await together.flush();
      throw error;
    }
    await together.flush();
  });
  const versions = [...pushed].flatMap(([artifact, some]) => some.map((version) => movedVersion(artifact, version)));
  return { versions, others, whole: sound ? { unsoundPacks: sound.unsoundCount, leftOut: [...leftOut] } : null };
}

/** The log of an artifact that a remote knows. */
function logsOf({ catalog }: Engine, session: RemoteSession): (chosen: ChosenArtifact) => LogName | undefined {
  const known = new Set(remoteArtifacts(catalog, session.id).map((named) => named.artifact));
  return ({ artifact: { artifact } }) => (known.has(artifact) ? artifactLog(artifact) : undefined);
}

/** What events say of, beside versions. */
const kinds = {
  tag: "tag",
  remove: "remove",
  restore: "restore",
  note: "note",
  run: "run",
  used: "run",
  made: "run",
  also: "also",
} as const satisfies Partial<Record<LogEvent["event"], PushedKind>>;

/** A version that moved, as it is told. */
export function movedVersion(
  artifact: NamedArtifact,
  { number, id, digest, renumberedFrom, diverged, divergedFrom }: PushedVersion,
): MovedVersion {
  return {
    ref: refOf(artifact, number),
    id,
    digest,
    renumberedFrom: renumberedFrom === null ? null : formatNumber(renumberedFrom),
    diverged,
    divergedFrom: divergedFrom === null ? null : formatNumber(divergedFrom),
  };
}

type NamedArtifact = Pick<ArtifactRow, "team" | "experiment" | "name">;

function refOf({ team, experiment, name }: NamedArtifact, number: number): string {
  return `${team}/${experiment}/${name}:${formatNumber(number)}`;
}

interface ChosenArtifact {
  readonly artifact: ArtifactRow;
  readonly upTo: number;
}

function chooseArtifacts({ catalog }: Engine, near: Place, options: PushOptions): ChosenArtifact[] {
  const { refs = [], team, experiment, type } = options;
  if (refs.length === 0) {
    const all = catalog.artifacts({ ...given({ team, experiment, type }) });
    return all.map((artifact) => ({ artifact, upTo: Number.POSITIVE_INFINITY }));
  }
  const chosen = new Map<Digest, ChosenArtifact>();
  for (const text of refs) {
    const ref = parseWholeRef(text);
    const artifact = findArtifact(catalog, completed(ref, { team, experiment, type }), near);
    const isAll = ref.tag === undefined && ref.digest === undefined;
    const upTo = isAll ? Number.POSITIVE_INFINITY : findVersion(catalog, artifact, ref).number;
    const known = chosen.get(artifact.artifact);
    chosen.set(artifact.artifact, { artifact, upTo: Math.max(upTo, known?.upTo ?? 0) });
  }
  return [...chosen.values()];
}

/** About how many raw bytes a push has to look at. */
function unpublishedBytes({ catalog }: Engine, { row }: ArtifactRow): number {
  const versions = catalog.versions(row).filter(({ published }) => !published);
  return versions.reduce((sum, { newBytes }) => sum + newBytes, 0);
}
