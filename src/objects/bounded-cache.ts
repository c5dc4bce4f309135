/** A value that is kept, between the one that was used before it and the one that was used after it. */
interface Kept<Value> {
  readonly key: string;
  readonly value: Value;
  readonly cost: number;
  older: Kept<Value> | undefined;
  newer: Kept<Value> | undefined;
}

/**
 * Keeps values up to a cost; those not used for longest go first.
 *
 * In what order they were used is told by links, and not by the order of a map: one that has an entry taken out and put in
 * again at each look makes itself anew all the time, and what it was before waits for the next large collection.
 */
export class BoundedCache<Value> {
  readonly #kept = new Map<string, Kept<Value>>();
  readonly #costMax: number;
  readonly #onDrop: (value: Value) => void;
  #cost = 0;
  #oldest: Kept<Value> | undefined;
  #newest: Kept<Value> | undefined;

  constructor(costMax: number, onDrop: (value: Value) => void = () => {}) {
    this.#costMax = costMax;
    this.#onDrop = onDrop;
  }

  get(key: string): Value | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept !== this.#newest) {
      this.#unlink(kept);
      this.#linkNewest(kept);
    }
    return kept.value;
  }

  set(key: string, value: Value, cost: number): void {
    this.delete(key);
    const kept = { key, value, cost, older: undefined, newer: undefined };
    this.#kept.set(key, kept);
    this.#linkNewest(kept);
    this.#cost += cost;
    while (this.#cost > this.#costMax && this.#oldest !== kept) this.delete((this.#oldest as Kept<Value>).key);
  }

  delete(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#unlink(kept);
    this.#cost -= kept.cost;
    this.#onDrop(kept.value);
  }

  clear(): void {
    for (const key of [...this.#kept.keys()]) this.delete(key);
  }

  #unlink(kept: Kept<Value>): void {
    if (kept.older === undefined) this.#oldest = kept.newer;
    else kept.older.newer = kept.newer;
    if (kept.newer === undefined) this.#newest = kept.older;
    else kept.newer.older = kept.older;
    // What is dropped must not hold what stays.
    kept.older = undefined;
    kept.newer = undefined;
  }

  #linkNewest(kept: Kept<Value>): void {
    kept.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = kept;
    else this.#newest.newer = kept;
    this.#newest = kept;
  }
}
