/** Gathers work into requests of a good size, and keeps several under way while their results stay in order. */
import { throwIfAborted } from "../errors.ts";

/** How large a request may be. What is larger than `singleBytes` is a request of its own. */
export interface BatchLimits {
  readonly bytes: number;
  readonly items: number;
  readonly singleBytes: number;
}

/** Gathers items into batches. @param sizeOf bytes of an item */
export async function* inBatches<Item>(
  items: AsyncIterable<readonly Item[]>,
  limits: BatchLimits,
  sizeOf: (item: Item) => number,
): AsyncGenerator<readonly Item[], void, undefined> {
  let batch: Item[] = [];
  let bytes = 0;
  for await (const some of items) {
    for (const item of some) {
      const size = sizeOf(item);
      const isSingle = size > limits.singleBytes;
      const isFull = batch.length >= limits.items || bytes + size > limits.bytes;
      if (batch.length > 0 && (isSingle || isFull)) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      if (isSingle) yield [item];
      else {
        batch.push(item);
        bytes += size;
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/**
 * Runs work on batches side by side; gives the results in the order of the batches.
 *
 * @param ahead how many may be under way at once
 */
export async function* sideBySide<Batch, Result>(
  batches: AsyncIterable<Batch>,
  ahead: number,
  work: (batch: Batch) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const batch of batches) {
      throwIfAborted(signal);
      while (underWay.length >= ahead) yield await (underWay.shift() as Promise<Result>);
      const result = work(batch);
      // Whoever awaits it hears of a failure; until then it must not end the process.
      result.catch(() => {});
      underWay.push(result);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(underWay);
  }
}
