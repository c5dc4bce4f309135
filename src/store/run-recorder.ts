/** Writes down which versions a run uses. */
import { isLinked } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import type { Engine } from "./engine.ts";

/** The run on whose behalf versions are read. */
export class RunRecorder {
  readonly run: Digest;
  readonly #engine: Engine;
  readonly #used = new Map<Digest, Promise<void>>();

  constructor(engine: Engine, run: Digest) {
    this.#engine = engine;
    this.run = run;
  }

  /** Notes that the run uses a version: one small entry of the journal the first time, and nothing after it. */
  used(version: Digest): Promise<void> {
    const known = this.#used.get(version);
    if (known !== undefined) return known;
    const noting = this.#note(version);
    this.#used.set(version, noting);
    // What failed may be tried again.
    noting.catch(() => this.#used.delete(version));
    return noting;
  }

  async #note(version: Digest): Promise<void> {
    const { run } = this;
    const isKnown = (): boolean => isLinked(this.#engine.catalog, "used", run, version);
    if (isKnown()) return;
    await this.#engine.commit(() => (isKnown() ? undefined : { changes: [{ change: "used", run, version }] }));
  }
}
