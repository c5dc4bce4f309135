import fc from "fast-check";
import { expect, test } from "vitest";
import { sideBySide } from "../../src/platform/index.ts";

/** Lets everything run that is ready to. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("results come in the order of the items, whatever order they are there in, and no more are under way than may be", async () => {
  const work = fc.record({ turns: fc.nat(5), isItem: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(work, { maxLength: 20 }), fc.integer({ min: 1, max: 4 }), async (steps, most) => {
      let underWay = 0;
      const results: number[] = [];
      const items = steps.map(({ isItem }, index) => (isItem ? index : undefined));
      for await (const result of sideBySide(items, most, async (index) => {
        expect(++underWay).toBeLessThanOrEqual(most);
        for (let left = (steps[index] as { turns: number }).turns; left > 0; left--) await turn();
        underWay--;
        return index;
      })) {
        results.push(result);
      }
      expect(results).toEqual(items.filter((item) => item !== undefined));
    }),
    { numRuns: 50 },
  );
});

test("a result does not wait for more items than the one that is asked for when it is there", async () => {
  let asked = 0;
  async function* items(): AsyncGenerator<string | undefined> {
    for (const item of ["a", undefined, "b", undefined, "c"]) {
      asked++;
      yield item;
      await turn();
    }
  }
  const seen: [string, number][] = [];
  for await (const result of sideBySide(items(), 8, async (item) => item)) seen.push([result, asked]);
  expect(seen).toEqual([
    ["a", 2],
    ["b", 4],
    ["c", 5],
  ]);
});

test("after a failure those under way are waited for, and no other is begun", async () => {
  const begun: number[] = [];
  let ended = 0;
  const working = sideBySide([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
    await turn();
    if (item === 1) throw new Error("the first");
    await turn();
    ended++;
  });
  await expect(working.next()).rejects.toThrow("the first");
  expect(begun).toEqual([1, 2]);
  expect(ended).toBe(1);
});
