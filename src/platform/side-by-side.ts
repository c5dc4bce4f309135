/** Does several things at once and gives what they come to in order. */

/**
 * Runs work on items side by side; gives the results in the order of the items. When one fails, or whoever reads stops, those
 * under way are waited for and no other is begun.
 *
 * @param most how many may be under way at once
 */
export async function* sideBySide<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  most: number,
  work: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  const underWay: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      if (signal?.aborted) throw signal.reason;
      while (underWay.length >= most) yield await (underWay.shift() as Promise<Result>);
      const result = work(item);
      // Whoever awaits it hears of a failure; until then it must not end the process.
      result.catch(() => {});
      underWay.push(result);
    }
    while (underWay.length > 0) yield await (underWay.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(underWay);
  }
}
