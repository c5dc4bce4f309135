/** Scrolling through more rows than a browser has pixels for. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LENGTH_MAX_PX, lengthOf, positionAt, scrolled } from "../../src/web/parts/scroll-scale.ts";

const few = { total: 3200, view: 600 };
const million = { total: 1_000_000 * 32, view: 600 };

test("a short list is scrolled as it is", () => {
  expect(lengthOf(few)).toBe(3200);
  expect(scrolled({ top: 0, at: 0 }, 320, few)).toEqual({ top: 320, at: 320 });
  expect(positionAt(960, few)).toEqual({ top: 960, at: 960 });
});

test("a long list is not longer than browsers allow, and both its ends are reached", () => {
  expect(lengthOf(million)).toBe(LENGTH_MAX_PX);
  const end = LENGTH_MAX_PX - million.view;
  expect(scrolled({ top: 0, at: 0 }, end, million).at).toBe(million.total - million.view);
  expect(scrolled({ top: end, at: million.total - million.view }, 0, million).at).toBe(0);
});

test("a turn of the wheel moves as far in a long list as in a short one", () => {
  const from = positionAt(16_000_000, million);
  expect(scrolled(from, from.top + 120, million).at).toBe(from.at + 120);
});

test("dragging the bar to the middle shows the middle", () => {
  const middle = (LENGTH_MAX_PX - million.view) / 2;
  expect(scrolled({ top: 0, at: 0 }, middle, million).at).toBeCloseTo((million.total - million.view) / 2, 0);
});

test("whatever is scrolled, what is shown is within the list", () => {
  const measures = fc.record({ total: fc.integer({ min: 0, max: 1e9 }), view: fc.integer({ min: 1, max: 3000 }) });
  const tops = fc.array(fc.double({ min: -50, max: LENGTH_MAX_PX, noNaN: true }), { maxLength: 20 });
  fc.assert(
    fc.property(measures, tops, (own, all) => {
      let position = { top: 0, at: 0 };
      for (const top of all) {
        position = scrolled(position, top, own);
        expect(position.at).toBeGreaterThanOrEqual(0);
        expect(position.at).toBeLessThanOrEqual(Math.max(0, own.total - own.view));
      }
    }),
  );
});
