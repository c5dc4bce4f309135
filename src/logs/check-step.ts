/** What must hold of a step beyond its bytes: that what it says fits what its log has said before. */
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { decodeRunRecord, decodeVersionRecord, MAX_INTEGER, versionId } from "../manifest/index.ts";
import type { LogEvent } from "./event.ts";
import { artifactOfLog, experimentId, experimentLog, type LogName, NAMES_LOG } from "./keys.ts";

/** What a log has said so far. */
export interface LogFacts {
  readonly log: LogName;
  /** Whether the log gives numbers, and does not only repeat those of another remote. */
  readonly isHome: boolean;
  /** The highest number that it has; 0 before the first. */
  readonly highest: number;
  /** Whether it has told of a version. */
  hasVersion(id: Digest): boolean;
  /** Whether it has given a number. Asked of logs that repeat numbers. */
  hasNumber(number: number): boolean;
}

/** Events that stand in each kind of log. */
const inNames: ReadonlySet<LogEvent["event"]> = new Set(["artifact", "experiment", "fence", "other"]);
const inArtifacts: ReadonlySet<LogEvent["event"]> = new Set([
  "version",
  "also",
  "tag",
  "remove",
  "restore",
  "note",
  "run",
  "used",
  "made",
  "fence",
  "other",
]);
const inExperiments: ReadonlySet<LogEvent["event"]> = new Set(["run", "fence", "other"]);

/**
 * Checks the events of a step that comes next in a log.
 *
 * @returns the highest number that the log has after it
 * @throws ArtifoldError DAMAGED
 */
export function checkEvents(events: readonly LogEvent[], facts: LogFacts): number {
  const check = new EventCheck(facts);
  for (const event of events) check.take(event);
  return check.highest;
}

class EventCheck {
  highest: number;
  readonly #facts: LogFacts;
  readonly #artifact: Digest | undefined;
  readonly #allowed: ReadonlySet<LogEvent["event"]>;
  readonly #versions = new Set<Digest>();
  readonly #numbers = new Set<number>();

  constructor(facts: LogFacts) {
    this.#facts = facts;
    this.highest = facts.highest;
    this.#artifact = artifactOfLog(facts.log);
    this.#allowed = facts.log === NAMES_LOG ? inNames : this.#artifact === undefined ? inExperiments : inArtifacts;
  }

  take(event: LogEvent): void {
    if (!this.#allowed.has(event.event)) this.#refuse(`an event "${event.event}" has no place in it`);
    switch (event.event) {
      case "version":
        this.#takeNumber(event.number);
        this.#takeRecord(event.record);
        break;
      case "also":
        this.#knows(event.holder);
        this.#takeRecord(event.record);
        break;
      case "tag":
        if (event.version !== null) this.#knows(event.version);
        break;
      case "run":
        this.#takeRun(event.record);
        break;
      case "remove":
      case "restore":
      case "note":
      case "used":
      case "made":
        this.#knows(event.version);
        break;
      default:
        break;
    }
  }

  #takeNumber(number: number): void {
    const { isHome } = this.#facts;
    const isTaken = this.#numbers.has(number) || (!isHome && this.#facts.hasNumber(number));
    if (isHome ? number !== this.highest + 1 : isTaken || number > MAX_INTEGER) {
      this.#refuse(`it gives the number V${number}, which is not the next one`);
    }
    this.#numbers.add(number);
    this.highest = Math.max(this.highest, number);
  }

  #takeRecord(bytes: Uint8Array): void {
    const id = versionId(bytes);
    if (decodeVersionRecord(bytes).artifact !== this.#artifact) this.#refuse(`version ${id} is another artifact's`);
    if (this.#isKnown(id)) this.#refuse(`it tells of version ${id} twice`);
    this.#versions.add(id);
  }

  /** Refused here and not where it is applied. */
  #takeRun(record: Uint8Array): void {
    const { team, experiment } = decodeRunRecord(record);
    if (this.#artifact === undefined && this.#facts.log !== experimentLog(experimentId(team, experiment))) {
      this.#refuse(`a run of ${team}/${experiment} is another experiment's`);
    }
  }

  #knows(id: Digest): void {
    if (!this.#isKnown(id)) this.#refuse(`it speaks of version ${id}, which it has not`);
  }

  #isKnown(id: Digest): boolean {
    return this.#versions.has(id) || this.#facts.hasVersion(id);
  }

  #refuse(why: string): never {
    throw new ArtifoldError("DAMAGED", `the log ${this.#facts.log} is not as it should be: ${why}`);
  }
}
