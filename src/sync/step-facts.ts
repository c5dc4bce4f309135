/** What a log has said so far: what the catalog knows of it, and steps that were read since. */
import { type Catalog, remoteArtifacts, remoteHasNumber, remoteHighest, remoteVersion } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { artifactOfLog, checkEvents, type LogFacts, type LogName, type LogStep } from "../logs/index.ts";
import { versionId } from "../manifest/index.ts";

/** Checks steps one after another. */
export class StepCheck {
  readonly #catalog: Catalog;
  readonly #remote: Digest;
  readonly #log: LogName;
  readonly #artifact: Digest | undefined;
  readonly #isHome: boolean;
  readonly #versions = new Set<Digest>();
  readonly #numbers = new Set<number>();
  #highest: number;

  constructor(catalog: Catalog, remote: Digest, log: LogName) {
    this.#catalog = catalog;
    this.#remote = remote;
    this.#log = log;
    this.#artifact = artifactOfLog(log);
    const [named] = this.#artifact === undefined ? [] : remoteArtifacts(catalog, remote, { artifact: this.#artifact });
    this.#isHome = named === undefined || named.home === remote;
    this.#highest = this.#artifact === undefined ? 0 : remoteHighest(catalog, remote, this.#artifact);
  }

  /** Takes the next step. @throws ArtifoldError DAMAGED when it does not fit */
  take({ events }: LogStep): void {
    const facts: LogFacts = {
      log: this.#log,
      isHome: this.#isHome,
      highest: this.#highest,
      hasVersion: (id) => this.#versions.has(id) || remoteVersion(this.#catalog, this.#remote, id) !== undefined,
      hasNumber: (number) =>
        this.#numbers.has(number) ||
        (this.#artifact !== undefined && remoteHasNumber(this.#catalog, this.#remote, this.#artifact, number)),
    };
    this.#highest = checkEvents(events, facts);
    for (const event of events) {
      if (event.event === "version") this.#numbers.add(event.number);
      if (event.event === "version" || event.event === "also") this.#versions.add(versionId(event.record));
    }
  }
}
