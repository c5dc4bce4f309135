/** Keeps values up to a cost; those not used for longest go first. */
export class BoundedCache<Value> {
  readonly #kept = new Map<string, { value: Value; cost: number }>();
  readonly #costMax: number;
  readonly #onDrop: (value: Value) => void;
  #cost = 0;

  constructor(costMax: number, onDrop: (value: Value) => void = () => {}) {
    this.#costMax = costMax;
    this.#onDrop = onDrop;
  }

  get(key: string): Value | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value;
  }

  set(key: string, value: Value, cost: number): void {
    this.delete(key);
    this.#kept.set(key, { value, cost });
    this.#cost += cost;
    for (const oldest of this.#kept.keys()) {
      if (this.#cost <= this.#costMax || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#cost -= kept.cost;
    this.#onDrop(kept.value);
  }

  clear(): void {
    for (const key of [...this.#kept.keys()]) this.delete(key);
  }
}
