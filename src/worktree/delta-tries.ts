/** When to look for what new content may resemble. */

/** After so many tries that did not pay, only one in so many is made. */
const TRIES = 8;
const THEN_ONE_IN = 16;

/**
 * A try reads and decompresses a whole frame, to save at most what one chunk takes. What is rewritten as a whole, file by
 * file, resembles nothing: there most tries are left out, until one pays.
 */
export class DeltaTries {
  #inVain = 0;

  /** Whether the next chunk that has a base is to be tried. */
  isDue(): boolean {
    return this.#inVain < TRIES || this.#inVain++ % THEN_ONE_IN === 0;
  }

  /** Tells what came of tries. */
  learn(tried: number, paid: number): void {
    if (paid > 0) this.#inVain = 0;
    else this.#inVain += tried;
  }
}
