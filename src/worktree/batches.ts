/** Gathers work into requests of a good size. */

/** How large a request may be. What is larger than `singleBytes` is a request of its own. */
export interface BatchLimits {
  readonly bytes: number;
  readonly items: number;
  readonly singleBytes: number;
}

/**
 * Gathers items into batches; gives `undefined` where more came and none is full, so that whoever reads can do something else.
 *
 * @param sizeOf bytes of an item
 */
export async function* inBatches<Item>(
  items: AsyncIterable<readonly Item[]>,
  limits: BatchLimits,
  sizeOf: (item: Item) => number,
): AsyncGenerator<readonly Item[] | undefined, void, undefined> {
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
    yield undefined;
  }
  if (batch.length > 0) yield batch;
}
