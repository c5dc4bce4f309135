/** Whose turn it is: calls of one object that go alone, and calls that go beside each other. */
export class Turns {
  #alone: Promise<unknown> = Promise.resolve();
  /** Calls that began since, and have not ended. */
  readonly #beside = new Set<Promise<unknown>>();
  readonly #byKey = new Map<string, Promise<unknown>>();

  /** Runs a call after all that were made before it, and before all that are made after it. */
  alone<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = Promise.all([this.#alone, ...this.#beside]).then(action);
    this.#alone = result.catch(() => {});
    return result;
  }

  /**
   * Runs a call beside others of this kind.
   *
   * @param key calls with the same one go one after another all the same
   */
  beside<Result>(key: string | undefined, action: () => Promise<Result>): Promise<Result> {
    const before = key === undefined ? undefined : this.#byKey.get(key);
    const result = Promise.all([this.#alone, before]).then(action);
    const settled: Promise<void> = result.then(
      () => this.#end(settled, key),
      () => this.#end(settled, key),
    );
    this.#beside.add(settled);
    if (key !== undefined) this.#byKey.set(key, settled);
    return result;
  }

  #end(settled: Promise<unknown>, key: string | undefined): void {
    this.#beside.delete(settled);
    if (key !== undefined && this.#byKey.get(key) === settled) this.#byKey.delete(key);
  }
}
