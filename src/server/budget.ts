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
   * @returns what gives them back, or `undefined` when there is no room
   */
  take(bytes: number): (() => void) | undefined {
    if (this.#taken > 0 && this.#taken + bytes > this.#most) return undefined;
    this.#taken += bytes;
    let isTaken = true;
    return () => {
      if (isTaken) this.#taken -= bytes;
      isTaken = false;
    };
  }
}
