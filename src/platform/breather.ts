/** Keeps long synchronous work from holding up the event loop. */

import { monotonicNow } from "./clock.ts";

const SLICE_MS = 12;

/** When the event loop last came round, as far as those who hold it up have looked. */
let turnBegan: number | undefined;

/** How long the event loop has not come round: whoever is at work together shares the time. */
function turnMs(): number {
  const now = monotonicNow();
  if (turnBegan === undefined) {
    turnBegan = now;
    setImmediate(() => {
      turnBegan = undefined;
    });
  }
  return now - turnBegan;
}

/** Lets other work in when the event loop has waited long enough. Made once per long call and asked often. */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #asked = 0;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is time to pause. Looks at the clock at every 16th call only. */
  due(): boolean {
    return (++this.#asked & 15) === 0 && this.dueAfterLong();
  }

  /** The same between steps that take long themselves: looks at the clock each time. */
  dueAfterLong(): boolean {
    return turnMs() > SLICE_MS;
  }

  /** Lets the event loop run once; throws the signal's reason when it was aborted meanwhile. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#signal?.aborted) throw this.#signal.reason;
  }
}
