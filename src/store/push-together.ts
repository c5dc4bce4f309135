/**
 * Pushes steps of many artifacts together: content of all of them first, in the same packs and the same run of the index, then
 * their names in one step, then the step of each in its own log, side by side. What needs more than that is pushed alone.
 */
import type { LogEvent } from "../logs/index.ts";
import { sideBySide } from "../platform/index.ts";
import type { RemoteSession } from "../sync/index.ts";
import { knowStepsOf } from "./catch-up.ts";
import type { Engine } from "./engine.ts";
import { type LeftOut, mayBeOfOne } from "./left-out.ts";
import type { ArtifactPush, NextStep, WrittenStep } from "./push-artifact.ts";
import { PushContent } from "./push-content.ts";
import { nameArtifacts } from "./push-names.ts";

/** Artifacts that go together, raw bytes of what is new in them, and bytes of what their steps say. */
const ARTIFACTS_MAX = 32;
const BYTES_MAX: number = 32 * 1024 * 1024;
const STEP_BYTES_MAX: number = 4 * 1024 * 1024;
/** Steps under way at once. */
const STEPS_AT_ONCE = 8;

/** An artifact whose turn it is, and its step. */
interface Member {
  readonly push: ArtifactPush;
  readonly step: NextStep;
}

/** Artifacts on their way to a remote. */
export class PushTogether {
  readonly #engine: Engine;
  readonly #session: RemoteSession;
  readonly #failures: LeftOut;
  readonly #onBytes: (bytes: number) => void;
  #members: Member[] = [];
  #bytes = 0;
  #stepBytes = 0;

  /** @param failures keeps what is wrong with one of them */
  constructor(engine: Engine, session: RemoteSession, failures: LeftOut, onBytes: (bytes: number) => void) {
    this.#engine = engine;
    this.#session = session;
    this.#failures = failures;
    this.#onBytes = onBytes;
  }

  /** Takes an artifact, whose step goes together with those before it where it can. @throws ArtifoldError what remotes say */
  async take(push: ArtifactPush, step: NextStep): Promise<void> {
    const canJoin = push.canJoin(step);
    if (!canJoin || !this.#hasRoomFor(step)) await this.flush();
    if (!canJoin) return this.#alone({ push, step });
    this.#members.push({ push, step });
    this.#bytes += step.plan.bytes;
    this.#stepBytes += bytesSaid(step.plan.events);
  }

  /** Has all that were taken on the remote. @throws ArtifoldError what remotes say */
  async flush(): Promise<void> {
    const members = this.#members;
    this.#members = [];
    this.#bytes = 0;
    this.#stepBytes = 0;
    const [first] = members;
    if (first === undefined) return;
    if (members.length === 1) return this.#alone(first);
    const content = await this.#prepared(members);
    // One of them cannot go, and none is known to be it; or a gc came meanwhile.
    const left = content === undefined ? members : await this.#write(members, content);
    for (const member of left) await this.#alone({ push: member.push });
  }

  #hasRoomFor({ plan }: NextStep): boolean {
    const [first] = this.#members;
    if (first === undefined) return true;
    return (
      this.#members.length < ARTIFACTS_MAX &&
      this.#bytes + plan.bytes <= BYTES_MAX &&
      this.#stepBytes + bytesSaid(plan.events) <= STEP_BYTES_MAX
    );
  }

  async #alone({ push, step }: { readonly push: ArtifactPush; readonly step?: NextStep }): Promise<void> {
    await this.#failures.attempt(push.artifact, () => push.run(step));
  }

  /** Sends the content of all, and has all named. @returns the content; `undefined` where they are to go one by one */
  async #prepared(members: readonly Member[]): Promise<PushContent | undefined> {
    const [{ step: first }] = members as [Member];
    const content = new PushContent(this.#engine, this.#session, this.#onBytes);
    const order = {
      contents: members.map(({ step }) => step.plan.contents),
      bytes: members.reduce((sum, { step }) => sum + step.plan.bytes, 0),
      group: first.group,
    };
    try {
      for await (const _ of sideBySide(members, STEPS_AT_ONCE, ({ push, step }) => push.confirm(step)));
      const epoch = Math.max(...members.map(({ push }) => push.epoch));
      await content.send(order, epoch);
      const registrations = members.map(({ step }) => step.registration);
      return (await nameArtifacts(this.#engine, this.#session, registrations, epoch)) ? content : undefined;
    } catch (error) {
      if (!mayBeOfOne(error)) throw error;
      return undefined;
    }
  }

  /** Writes the steps, and has them known here. @returns those to whose logs somebody else added first */
  async #write(members: readonly Member[], content: PushContent): Promise<Member[]> {
    const written: WrittenStep[] = [];
    const lost: Member[] = [];
    const write = (member: Member) =>
      this.#failures.attempt(member.push.artifact, async () => {
        const step = await member.push.write(member.step, content);
        if (step === undefined) lost.push(member);
        else written.push(step);
      });
    let failure: unknown;
    try {
      for await (const _ of sideBySide(members, STEPS_AT_ONCE, write));
    } catch (error) {
      failure = error;
    }
    try {
      // Also those that were written before another one failed.
      const logs = written.map(({ log, step }) => ({ log, steps: [step] }));
      if (logs.length > 0) await knowStepsOf(this.#engine, this.#session, logs);
    } catch (error) {
      failure ??= error;
    }
    if (failure !== undefined) throw failure;
    for (const { tell } of written) tell();
    return members.filter((member) => lost.includes(member));
  }
}

/** About how many bytes events say. */
function bytesSaid(events: readonly LogEvent[]): number {
  const lengthOf = (event: LogEvent): number => {
    if (event.event === "run") return event.record.length + event.config.length;
    if (event.event === "note") return (event.message?.length ?? 0) + (event.metadata?.length ?? 0);
    return "record" in event ? event.record.length : 0;
  };
  return events.reduce((sum, event) => sum + lengthOf(event), 0);
}
