/** Does several things at once and gives what they come to in order. */

interface UnderWay<Result> {
  readonly result: Promise<Result>;
  isThere: boolean;
}

/**
 * Runs work on items side by side; gives the results in the order of the items, each as soon as an item is asked for after it is
 * there. When one fails, or whoever reads stops, those under way are waited for and no other is begun.
 *
 * @param items `undefined` among them is none: whoever has no item ready yet lets results pass by it
 * @param most how many may be under way at once
 */
export async function* sideBySide<Item, Result>(
  items: Iterable<Item | undefined> | AsyncIterable<Item | undefined>,
  most: number,
  work: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
): AsyncGenerator<Result, void, undefined> {
  const underWay: UnderWay<Result>[] = [];
  try {
    for await (const item of items) {
      if (signal?.aborted) throw signal.reason;
      for (let first = underWay[0]; first?.isThere || underWay.length >= most; first = underWay[0]) {
        underWay.shift();
        yield await (first as UnderWay<Result>).result;
      }
      if (item === undefined) continue;
      const one: UnderWay<Result> = { result: work(item), isThere: false };
      // Whoever awaits it hears of a failure; until then it must not end the process.
      one.result
        .catch(() => {})
        .then(() => {
          one.isThere = true;
        });
      underWay.push(one);
    }
    for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) yield await first.result;
  } finally {
    await Promise.allSettled(underWay.map(({ result }) => result));
  }
}
