import { monotonicNow } from "../platform/index.ts";
import { pause } from "./pause.ts";
import type { Remote } from "./remote.ts";
import { alsoHeardBy, withOptions } from "./watched.ts";

/** How fast bytes may move, in bytes a second; without a number as fast as they can. */
export interface Bandwidth {
  readonly sent?: number | undefined;
  readonly received?: number | undefined;
}

/** A remote whose bytes do not move faster than that, all its calls together. */
export function slowedRemote(remote: Remote, bandwidth: Bandwidth): Remote {
  const buckets = { sent: bucketOf(bandwidth.sent), received: bucketOf(bandwidth.received) };
  return withOptions(remote, (options) =>
    alsoHeardBy(async (what, count) => {
      if (what !== "requests") await buckets[what]?.take(count, options.signal);
    }, options),
  );
}

function bucketOf(bytesPerSecond: number | undefined): TokenBucket | undefined {
  if (bytesPerSecond === undefined) return undefined;
  if (!(bytesPerSecond > 0)) throw new TypeError("a bandwidth is more than nothing");
  return new TokenBucket(bytesPerSecond);
}

/** A bucket that fills at a rate and holds what a tenth of a second brings. */
class TokenBucket {
  readonly #perMillisecond: number;
  readonly #most: number;
  #tokens: number;
  #filledAt = monotonicNow();

  constructor(bytesPerSecond: number) {
    this.#perMillisecond = bytesPerSecond / 1000;
    this.#most = bytesPerSecond / 10;
    this.#tokens = this.#most;
  }

  /** Takes bytes out at once, more than are there if need be, and waits until they would have been there. */
  async take(count: number, signal: AbortSignal | undefined): Promise<void> {
    const now = monotonicNow();
    this.#tokens = Math.min(this.#most, this.#tokens + (now - this.#filledAt) * this.#perMillisecond);
    this.#filledAt = now;
    this.#tokens -= count;
    if (this.#tokens < 0) await pause(-this.#tokens / this.#perMillisecond, signal);
  }
}
