import type { Remote } from "./remote.ts";
import { alsoHeardBy, withOptions } from "./watched.ts";

/** Counts what remotes cost: real requests, tries that failed included, and bytes of bodies and lists. */
export class Meter {
  #requests = 0;
  #sentBytes = 0;
  #receivedBytes = 0;

  get requests(): number {
    return this.#requests;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** The same remote, measured. */
  measure(remote: Remote): Remote {
    return withOptions(remote, (options) =>
      alsoHeardBy((what, count) => {
        if (what === "requests") this.#requests += count;
        else if (what === "sent") this.#sentBytes += count;
        else this.#receivedBytes += count;
      }, options),
    );
  }
}
