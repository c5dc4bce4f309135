/** Keeps long synchronous work from holding up the event loop. */

const SLICE_MS = 12;

/** Lets other work in when the last pause is long enough ago. Made once per long call and asked often. */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();
  #asked = 0;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether it is time to pause. Looks at the clock at every 16th call only. */
  due(): boolean {
    if ((++this.#asked & 15) !== 0) return false;
    return performance.now() - this.#since > SLICE_MS;
  }

  /** Lets the event loop run once; throws the signal's reason when it was aborted meanwhile. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
    if (this.#signal?.aborted) throw this.#signal.reason;
  }
}
