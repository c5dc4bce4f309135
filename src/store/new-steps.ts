/** Steps of a remote's log on their way into the store, beside other calls and processes that read the same log. */
import { asOfOneMoment, type Catalog } from "../catalog/index.ts";
import type { LogName } from "../logs/index.ts";
import { type RemoteSession, type SlotStep, StepCheck } from "../sync/index.ts";
import { knownPosition } from "./log-reading.ts";

/** Steps that were read of a log, and are not known here: each is checked against what is known and those before it. */
export class NewSteps {
  readonly #catalog: Catalog;
  readonly #session: RemoteSession;
  readonly #log: LogName;
  #check: StepCheck;
  #known: number;
  #waiting: SlotStep[] = [];
  #bytes = 0;
  #areFenced = false;

  /** @param known the last slot that is known */
  constructor(catalog: Catalog, session: RemoteSession, log: LogName, known: number) {
    this.#catalog = catalog;
    this.#session = session;
    this.#log = log;
    this.#known = known;
    this.#check = new StepCheck(catalog, session.id, log);
  }

  /** Bytes of those that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a gc wrote one of all that were read. */
  get areFenced(): boolean {
    return this.#areFenced;
  }

  /**
   * Takes those that come next. What another call or process has had known meanwhile is passed over: it is not to be taken for
   * said twice.
   *
   * @returns false where less is known than before
   * @throws ArtifoldError DAMAGED when one does not fit
   */
  take(steps: readonly SlotStep[]): boolean {
    return asOfOneMoment(this.#catalog, () => {
      const { slot } = knownPosition(this.#catalog, this.#session, this.#log);
      if (slot < this.#known) return false;
      if (slot > this.#known) this.#beginBehind(slot);
      for (const step of steps) {
        this.#areFenced ||= step.step.events.some(({ event }) => event === "fence");
        if (step.slot > slot) this.#add(step);
      }
      return true;
    });
  }

  /** Gives those that wait, once. */
  takeOut(): SlotStep[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    return waiting;
  }

  #beginBehind(slot: number): void {
    const waiting = this.takeOut();
    this.#known = slot;
    this.#check = new StepCheck(this.#catalog, this.#session.id, this.#log);
    for (const step of waiting) if (step.slot > slot) this.#add(step);
  }

  #add(step: SlotStep): void {
    this.#check.take(step.step);
    this.#waiting.push(step);
    this.#bytes += step.core.length;
  }
}
