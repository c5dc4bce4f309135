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
import { type ArtifactEvent, artifactLog, type LogEvent, type LogName, type VersionEvent } from "../logs/index.ts";
import type { LogPosition, RemoteSession, SlotStep, SoundPacks } from "../sync/index.ts";
import { isMadeFrom } from "./ancestors.ts";
import { catchUpArtifact, knowSteps, provisionalNumbers } from "./catch-up.ts";
import type { Engine } from "./engine.ts";
import type { LogReading } from "./log-reading.ts";
import { type Merged, mergeDraft, mergeRecord } from "./merge-draft.ts";
import { PushContent } from "./push-content.ts";
import { logWriter, nameArtifacts, refuseTaken } from "./push-names.ts";
import { epochOf, type PushPlan, planPush } from "./push-plan.ts";
import { contentThere } from "./push-whole.ts";

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
  /** The newest version of this side that lives. */
  readonly ours: VersionRow;
  readonly theirs: VersionRow;
  /** Whether all content of both is here, and so all of it. */
  readonly isWhole: boolean;
}

/** The step that an artifact's log needs next, and where it goes. */
export interface NextStep {
  readonly plan: PushPlan;
  readonly at: LogPosition;
  /** What the log of names is to say of the artifact. */
  readonly registration: ArtifactEvent;
  /** What packs have in common that are sent for it: 16 hex digits. */
  readonly group: string;
}

/** A step that was written, and is to be known here. */
export interface WrittenStep {
  readonly log: LogName;
  readonly step: SlotStep;
  /** Has its versions counted among those that were pushed. */
  readonly tell: () => void;
}

/** What a remote has not of one artifact, on its way there. */
export class ArtifactPush {
  readonly #engine: Engine;
  readonly #session: RemoteSession;
  readonly #artifact: ArtifactRow;
  readonly #log: LogName;
  readonly #options: ArtifactPushOptions;
  readonly #content: PushContent;
  readonly #numbersBefore: ReadonlyMap<Digest, number>;
  readonly #pushed: PushedVersion[] = [];
  /** Versions of the remote that content which was sent goes on from. */
  readonly #reliesOn = new Set<Digest>();
  /** Epoch of the last fence that was known when grounds were made. */
  #groundsOf: number | undefined;
  #isLookedAt = false;
  #group: Promise<string> | undefined;

  constructor(engine: Engine, session: RemoteSession, artifact: ArtifactRow, options: ArtifactPushOptions) {
    this.#engine = engine;
    this.#session = session;
    this.#artifact = artifact;
    this.#options = options;
    this.#content = new PushContent(engine, session, options.onBytes, options.whole?.sound);
    this.#log = artifactLog(artifact.artifact);
    this.#numbersBefore = provisionalNumbers(engine.catalog, artifact.artifact);
  }

  /** Its id. */
  get artifact(): Digest {
    return this.#artifact.artifact;
  }

  /** What was pushed so far. */
  get pushed(): readonly PushedVersion[] {
    return this.#pushed;
  }

  /**
   * Reads its log to the end, and makes the plan of the next step.
   *
   * @param reading of its log, that is under way
   * @returns `undefined` when there is nothing to push
   * @throws ArtifoldError CONFLICT, and what remotes say
   */
  async next(reading?: LogReading): Promise<NextStep | undefined> {
    for (let begun = reading; ; begun = undefined) {
      const at = await this.#readOn(begun);
      // A gc that came meanwhile is heard of by reading on.
      if (await this.#mend()) continue;
      const home = this.#home;
      const { upTo } = this.#options;
      const plan = planPush(this.#engine.catalog, this.#session.id, this.#artifact, { home, upTo });
      if (plan === undefined) return undefined;
      const { artifact, team, experiment, type, name } = this.#artifact;
      const registration: ArtifactEvent = { event: "artifact", artifact, team, experiment, type, name, home };
      refuseTaken(this.#engine, this.#session, registration);
      if (![...this.#reliesOn].every((id) => this.#lives(id))) this.#forget();
      for (const id of plan.reliesOn) this.#reliesOn.add(id);
      const group = (plan.versions[0]?.version ?? this.artifact).slice(0, 16);
      return { plan, at, registration, group };
    }
  }

  /** Writes steps until nothing is left, the first one as it was planned. @throws ArtifoldError as `next` */
  async run(first?: NextStep): Promise<void> {
    for (let step = first ?? (await this.next()); step !== undefined; step = await this.next()) {
      const isDone = await this.#tryStep(step);
      if (isDone && !step.plan.hasMore) return;
    }
  }

  /** Whether a step can go together with those of other artifacts, all of whose content is sent before. */
  canJoin({ plan }: NextStep): boolean {
    const mayMerge = plan.versions.some(({ displaced }) => displaced);
    return this.#options.whole === undefined && plan.isHere && !plan.hasMore && !mayMerge;
  }

  /** What is not as it was when it was read is not gone on from. @throws ArtifoldError DAMAGED */
  async confirm({ at }: NextStep): Promise<void> {
    await this.#session.log(this.#log).confirm(at);
  }

  /**
   * Writes a step whose content is there, and whose artifact is named. It is for the caller to have it known here.
   *
   * @returns `undefined` when somebody else was first
   */
  async write({ plan, at }: NextStep, content: PushContent): Promise<WrittenStep | undefined> {
    const written = await this.#append(plan, at, content);
    return written && { log: this.#log, step: written, tell: () => this.#tell(plan) };
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
      await this.#content.send({ contents: [contents], bytes, group: await this.#groupOf(whole) }, this.epoch);
    }
    for (const version of leftOut) whole.onLeftOut(version);
    this.#isLookedAt = true;
    return true;
  }

  #groupOf({ sound }: WholePush): Promise<string> {
    this.#group ??= sound.groupFor(this.#artifact.artifact);
    return this.#group;
  }

  /** Of the last gc that the logs tell of which were read. */
  get epoch(): number {
    return epochOf(this.#engine.catalog, this.#session.id, this.#artifact.artifact);
  }

  /** Reads the log to its end, if there is one. */
  async #readOn(begun: LogReading | undefined): Promise<LogPosition> {
    const [named] = remoteArtifacts(this.#engine.catalog, this.#session.id, { artifact: this.#artifact.artifact });
    if (named === undefined) {
      await this.#engine.refresh();
      this.#keepGrounds();
      return { slot: 0, digest: this.#session.id };
    }
    const { at, fenced } = await catchUpArtifact(this.#engine, this.#session, named, begun);
    this.#keepGrounds(fenced);
    return at;
  }

  /** Forgets where a gc came meanwhile, whoever heard of it: another call may have read on in the log (rule W3 of note 009). */
  #keepGrounds(fenced = false): void {
    const { epoch } = this;
    if (fenced || epoch !== (this.#groundsOf ?? epoch)) this.#forget();
    this.#groundsOf = epoch;
  }

  /** @returns whether the step is there; else somebody else was first */
  async #tryStep(next: NextStep): Promise<boolean> {
    const { plan, at, registration } = next;
    await this.confirm(next);
    const { merged, clash } = await this.#merge(plan);
    let isKept = false;
    try {
      const { whole } = this.#options;
      const group = whole === undefined ? next.group : await this.#groupOf(whole);
      const epoch = this.epoch;
      await this.#content.send({ contents: [plan.contents], bytes: plan.bytes, group }, epoch);
      if (merged !== undefined) {
        const contents = [[{ manifest: merged.manifest, base: merged.ours.manifest }]];
        await this.#content.send({ contents, bytes: 0, group, draft: merged.draft }, epoch);
      }
      if (!(await nameArtifacts(this.#engine, this.#session, [registration], epoch))) {
        this.#forget();
        return false;
      }
      const written = await this.#append(plan, at, this.#content, merged);
      if (written === undefined) return false;
      await knowSteps(this.#engine, this.#session, this.#log, [written], {
        writer: merged?.draft.content,
        whole: merged?.isWhole === true ? [merged.version] : [],
      });
      isKept = true;
      this.#tell(plan, merged, clash);
      return true;
    } finally {
      if (isKept) merged?.draft.finish();
      else await merged?.draft.abort();
    }
  }

  async #append(plan: PushPlan, at: LogPosition, content: PushContent, merged?: Merge): Promise<SlotStep | undefined> {
    const events: LogEvent[] = merged === undefined ? [...plan.events] : [...plan.events, merged.event];
    const manifests = [...plan.versions.map(({ manifest }) => manifest), ...(merged ? [merged.manifest] : [])];
    const roots = manifests.map((manifest) => content.rootOf(manifest));
    const hints = { index: content.index, roots };
    const written = await this.#session.log(this.#log).append(at, events, hints, logWriter(this.#engine));
    if (written !== undefined) this.#options.onStep(events);
    return written;
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
      return { merged: { ...merged, event, version: made.version, ours, theirs, isWhole } };
    } catch (error) {
      if (isArtifoldError(error, "CONFLICT")) return { clash: theirs };
      throw error;
    }
  }

  #tell(plan: PushPlan, merged?: Merge, clash?: VersionRow): void {
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
