/**
 * Pushes one artifact: content first, then the run of the index, then the step in the next slot of its log. Who loses the slot
 * reads what won it, and tries again with what that changes.
 */
import {
  type ArtifactRow,
  formatNumber,
  remoteArtifacts,
  remoteLatest,
  remoteVersion,
  type VersionRow,
} from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { artifactLog, type LogEvent, NAMES_LOG, type VersionEvent } from "../logs/index.ts";
import { EMPTY_MANIFEST } from "../manifest/index.ts";
import type { LogPosition, LogWriter, RemoteSession, SoundPacks } from "../sync/index.ts";
import { isMadeFrom } from "./ancestors.ts";
import { catchUp, catchUpArtifact, knowSteps, provisionalNumbers, unrelated } from "./catch-up.ts";
import type { Engine } from "./engine.ts";
import { knownPosition, type LogReading } from "./log-reading.ts";
import { type Merged, mergeDraft, mergeRecord } from "./merge-draft.ts";
import { PushContent } from "./push-content.ts";
import { epochOf, type PushPlan, planPush } from "./push-plan.ts";
import { contentThere } from "./push-whole.ts";

/** About what an entry takes in nodes. */
const ENTRY_BYTES = 100;

/** A version that was pushed. */
export interface PushedVersion {
  readonly number: number;
  readonly id: Digest;
  readonly digest: Digest;
  /** The provisional number that somebody else's version got meanwhile. */
  readonly renumberedFrom: number | null;
  /** Whether another version changed the same paths: the newest version holds this side only until the two are merged. */
  readonly diverged: boolean;
  /** The number of the version of somebody else that it diverged from. */
  readonly divergedFrom: number | null;
}

/** What to push of an artifact. */
export interface ArtifactPushOptions {
  /** The highest number that is meant. */
  readonly upTo: number;
  readonly onBytes: (bytes: number) => void;
  /** Hears of each step that was written. */
  readonly onStep: (events: readonly LogEvent[]) => void;
  /** A reading of its log that is under way. */
  readonly begun?: LogReading | undefined;
  /** Has what is there looked at, and sent again where it is not as it should be. */
  readonly whole?: WholePush | undefined;
}

/** A push that looks at all that it relies on. */
export interface WholePush {
  readonly sound: SoundPacks;
  /** Hears of versions that are not all here, and so are not looked at. */
  onLeftOut(version: VersionRow): void;
}

/** A version that holds both sides of what diverged. */
interface Merge extends Merged {
  readonly event: VersionEvent;
  readonly version: Digest;
  readonly theirs: VersionRow;
  /** Whether all content of both is here, and so all of it. */
  readonly isWhole: boolean;
}

/** Pushes what a remote has not of an artifact. @throws ArtifoldError CONFLICT, and what remotes say */
export async function pushArtifact(
  engine: Engine,
  session: RemoteSession,
  artifact: ArtifactRow,
  options: ArtifactPushOptions,
): Promise<readonly PushedVersion[]> {
  return new ArtifactPush(engine, session, artifact, options).run();
}

class ArtifactPush {
  readonly #engine: Engine;
  readonly #session: RemoteSession;
  readonly #artifact: ArtifactRow;
  readonly #options: ArtifactPushOptions;
  readonly #content: PushContent;
  readonly #numbersBefore: ReadonlyMap<Digest, number>;
  readonly #pushed: PushedVersion[] = [];
  /** Versions of the remote that content which was sent goes on from. */
  readonly #reliesOn = new Set<Digest>();
  #isLookedAt = false;
  #group: Promise<string> | undefined;

  constructor(engine: Engine, session: RemoteSession, artifact: ArtifactRow, options: ArtifactPushOptions) {
    this.#engine = engine;
    this.#session = session;
    this.#artifact = artifact;
    this.#options = options;
    this.#content = new PushContent(engine, session, options.onBytes, options.whole?.sound);
    this.#numbersBefore = provisionalNumbers(engine.catalog, artifact.artifact);
  }

  async run(): Promise<readonly PushedVersion[]> {
    for (let begun = this.#options.begun; ; begun = undefined) {
      const at = await this.#readOn(begun);
      // A gc that came meanwhile is heard of by reading on.
      if (await this.#mend()) continue;
      const home = this.#home;
      const { upTo } = this.#options;
      const plan = planPush(this.#engine.catalog, this.#session.id, this.#artifact, { home, upTo });
      if (plan === undefined) return this.#pushed;
      if (![...this.#reliesOn].every((id) => this.#lives(id))) this.#forget();
      for (const id of plan.reliesOn) this.#reliesOn.add(id);
      const isDone = await this.#tryStep(plan, at);
      if (isDone && !plan.hasMore) return this.#pushed;
    }
  }

  /** The remote that gives the numbers: this one, unless another has given some. */
  get #home(): Digest {
    return (
      this.#registered?.home ?? this.#engine.catalog.artifactById(this.#artifact.artifact)?.home ?? this.#session.id
    );
  }

  get #registered(): { readonly home: Digest } | undefined {
    return remoteArtifacts(this.#engine.catalog, this.#session.id, { artifact: this.#artifact.artifact })[0];
  }

  #lives(id: Digest): boolean {
    return remoteVersion(this.#engine.catalog, this.#session.id, id)?.removed === false;
  }

  #forget(): void {
    this.#content.forget();
    this.#reliesOn.clear();
    this.#isLookedAt = false;
  }

  /** Sends again what versions that are there lack, where that is asked for. @returns whether they were looked at just now */
  async #mend(): Promise<boolean> {
    const { whole, upTo } = this.#options;
    if (whole === undefined || this.#isLookedAt) return false;
    const { contents, bytes, leftOut } = contentThere(this.#engine.catalog, this.#session.id, this.#artifact, upTo);
    if (contents.length > 0) {
      await this.#content.send({ contents, bytes, group: await this.#groupOf(whole) }, this.#epoch);
    }
    for (const version of leftOut) whole.onLeftOut(version);
    this.#isLookedAt = true;
    return true;
  }

  #groupOf({ sound }: WholePush): Promise<string> {
    this.#group ??= sound.groupFor(this.#artifact.artifact);
    return this.#group;
  }

  get #epoch(): number {
    return epochOf(this.#engine.catalog, this.#session.id, this.#artifact.artifact);
  }

  /** Reads the log to its end, if there is one. */
  async #readOn(begun: LogReading | undefined): Promise<LogPosition> {
    const [named] = remoteArtifacts(this.#engine.catalog, this.#session.id, { artifact: this.#artifact.artifact });
    if (named === undefined) {
      await this.#engine.refresh();
      return { slot: 0, digest: this.#session.id };
    }
    const { at, fenced } = await catchUpArtifact(this.#engine, this.#session, named, begun);
    if (fenced) this.#forget();
    return at;
  }

  /** @returns whether the step is there; else somebody else was first */
  async #tryStep(plan: PushPlan, at: LogPosition): Promise<boolean> {
    // What is not as it was when it was read is not gone on from.
    await this.#session.log(artifactLog(this.#artifact.artifact)).confirm(at);
    const { merged, clash } = await this.#merge(plan);
    let isKept = false;
    try {
      const { whole } = this.#options;
      const ofStep = (plan.versions[0]?.version ?? this.#artifact.artifact).slice(0, 16);
      const group = whole === undefined ? ofStep : await this.#groupOf(whole);
      const bytes = rawBytesOf(plan);
      const epoch = this.#epoch;
      await this.#content.send({ contents: plan.contents, bytes, group }, epoch);
      if (merged !== undefined) {
        const base = (plan.versions.at(-1) as VersionRow).manifest;
        const contents = [{ manifest: merged.manifest, base }];
        await this.#content.send({ contents, bytes: 0, group, draft: merged.draft }, epoch);
      }
      if (!(await this.#register())) return false;
      const isThere = await this.#append(plan, at, merged);
      isKept = isThere;
      if (isThere) this.#tell(plan, merged, clash);
      return isThere;
    } finally {
      if (isKept) merged?.draft.finish();
      else await merged?.draft.abort();
    }
  }

  async #append(plan: PushPlan, at: LogPosition, merged: Merge | undefined): Promise<boolean> {
    const log = artifactLog(this.#artifact.artifact);
    const events: LogEvent[] = merged === undefined ? [...plan.events] : [...plan.events, merged.event];
    const manifests = [...plan.versions.map(({ manifest }) => manifest), ...(merged ? [merged.manifest] : [])];
    const roots = manifests.map((manifest) => this.#content.rootOf(manifest));
    const hints = { index: this.#content.index, roots };
    const written = await this.#session.log(log).append(at, events, hints, this.#writer);
    if (written === undefined) return false;
    this.#options.onStep(events);
    await knowSteps(this.#engine, this.#session, log, [written], {
      writer: merged?.draft.content,
      whole: merged?.isWhole === true ? [merged.version] : [],
    });
    return true;
  }

  get #writer(): LogWriter {
    return { by: this.#engine.user, clock: this.#engine.clock };
  }

  /**
   * Has the artifact named on the remote.
   *
   * @returns false where a gc came meanwhile, so that all is to be looked for again
   */
  async #register(): Promise<boolean> {
    const { artifact, team, experiment, type, name } = this.#artifact;
    while (this.#registered === undefined) {
      const { catalog } = this.#engine;
      const [other] = remoteArtifacts(catalog, this.#session.id, { team, experiment, type, name });
      if (other !== undefined) throw unrelated(this.#session.remote.url, other);
      const at = knownPosition(catalog, this.#session, NAMES_LOG);
      const event = { event: "artifact", artifact, team, experiment, type, name, home: this.#home } as const;
      await this.#session.log(NAMES_LOG).confirm(at);
      const written = await this.#session.log(NAMES_LOG).append(at, [event], { roots: [] }, this.#writer);
      if (written !== undefined) {
        await knowSteps(this.#engine, this.#session, NAMES_LOG, [written]);
        return true;
      }
      const { fenced } = await catchUp(this.#engine, this.#session, NAMES_LOG);
      if (!fenced) continue;
      this.#forget();
      return false;
    }
    return true;
  }

  /**
   * The version that holds both sides, where somebody else's got the numbers that ours had.
   *
   * @returns nothing where there is nothing to merge; where both changed the same paths, the version that clashes
   */
  async #merge(plan: PushPlan): Promise<{ readonly merged?: Merge; readonly clash?: VersionRow }> {
    const { catalog } = this.#engine;
    const ours = plan.versions.findLast(({ removed }) => !removed);
    const latest = remoteLatest(catalog, this.#session.id, this.#artifact.artifact);
    const theirs = latest === undefined ? undefined : catalog.versionById(latest);
    if (!plan.hasAllVersions || ours === undefined || theirs === undefined) return {};
    if (!plan.versions.some(({ displaced }) => displaced) || isMadeFrom(catalog, ours.version, theirs.version)) {
      return {};
    }
    try {
      const merged = await mergeDraft(this.#engine, ours, theirs, { signal: this.#session.call.signal });
      if (merged.manifest === ours.manifest) {
        await merged.draft.abort();
        return {};
      }
      const message = `merge of ${formatNumber(ours.number)} and ${formatNumber(theirs.number)}`;
      const made = mergeRecord(this.#engine, this.#artifact, {
        manifest: merged.manifest,
        parents: [ours.version, theirs.version],
        message,
      });
      const number = (plan.versions.at(-1) as VersionRow).number + 1;
      const event: VersionEvent = { event: "version", number, record: made.record, ...merged.sums, newBytes: 0 };
      const isWhole = ours.elsewhere === null && theirs.elsewhere === null;
      return { merged: { ...merged, event, version: made.version, theirs, isWhole } };
    } catch (error) {
      if (isArtifoldError(error, "CONFLICT")) return { clash: theirs };
      throw error;
    }
  }

  #tell(plan: PushPlan, merged: Merge | undefined, clash: VersionRow | undefined): void {
    for (const [at, { version, manifest, number }] of plan.versions.entries()) {
      const before = this.#numbersBefore.get(version);
      const divergedFrom = at === plan.versions.length - 1 ? (clash?.number ?? null) : null;
      this.#pushed.push({
        number,
        id: version,
        digest: manifest,
        renumberedFrom: before === undefined || before === number ? null : before,
        diverged: divergedFrom !== null,
        divergedFrom,
      });
    }
    if (merged === undefined) return;
    const { version, manifest, event } = merged;
    const unmoved = { renumberedFrom: null, diverged: false, divergedFrom: null };
    this.#pushed.push({ number: event.number, id: version, digest: manifest, ...unmoved });
  }
}

/** About how many raw bytes are to be sent: what the versions have of their own and, where there is nothing to go on from, all nodes. */
function rawBytesOf({ versions, contents }: PushPlan): number {
  const isFirst = new Set(contents.filter(({ base }) => base === EMPTY_MANIFEST).map(({ manifest }) => manifest));
  return versions.reduce(
    (sum, { newBytes, entries, manifest }) => sum + newBytes + (isFirst.has(manifest) ? entries * ENTRY_BYTES : 0),
    0,
  );
}
