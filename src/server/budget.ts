/** Gives bytes back, but for those that are still needed. */
export type Release = (keep?: number) => void;

/** A count of bytes that may be in memory at once. */
export class Budget {
  readonly #most: number;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Takes bytes; what is alone may be larger than the whole.
   *
   * @returns what gives them back, or all of them but some; `undefined` when there is no room
   */
  take(bytes: number): Release | undefined {
    if (this.#taken > 0 && this.#taken + bytes > this.#most) return undefined;
    this.#taken += bytes;
    let held = bytes;
    return (keep = 0) => {
      const kept = Math.min(held, keep);
      this.#taken -= held - kept;
      held = kept;
    };
  }
}
