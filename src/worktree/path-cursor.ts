/** Goes through something sorted by path that comes in batches, beside something else that is sorted so too. */
import { comparePaths } from "../manifest/index.ts";

/** A cursor over batches. It waits only when a batch is used up. */
export class PathCursor<Item extends { readonly path: string }> {
  readonly #batches: AsyncIterator<readonly Item[]>;
  #batch: readonly Item[] = [];
  #index = 0;
  #done = false;

  constructor(batches: AsyncIterable<readonly Item[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  /** Whether it is known without waiting that nothing stands before a path. */
  isReady(path: string): boolean {
    const item = this.#batch[this.#index];
    return item === undefined ? this.#done : comparePaths(item.path, path) >= 0;
  }

  /** Takes the next item that stands before a path (any item without one); `undefined` when there is none. */
  async nextBefore(path: string | undefined): Promise<Item | undefined> {
    const item = await this.peek();
    if (item === undefined || (path !== undefined && comparePaths(item.path, path) >= 0)) return undefined;
    this.#index++;
    return item;
  }

  /** Takes what stands at a path, once nothing stands before it. */
  takeAt(path: string): Item | undefined {
    const item = this.#batch[this.#index];
    if (item?.path !== path) return undefined;
    this.#index++;
    return item;
  }

  /** What comes next, or `undefined` at the end. */
  async peek(): Promise<Item | undefined> {
    while (this.#batch[this.#index] === undefined) if (this.#done || !(await this.#load())) return undefined;
    return this.#batch[this.#index];
  }

  async #load(): Promise<boolean> {
    const next = await this.#batches.next();
    this.#done = next.done === true;
    this.#batch = next.done === true ? [] : next.value;
    this.#index = 0;
    return !this.#done;
  }
}
