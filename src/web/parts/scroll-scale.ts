/**
 * Where a scrolled list stands. Browsers end an element at some 17 to 33 million pixels, which a million rows exceed: then
 * the scroll bar covers all rows on a shorter way, while a turn of the wheel still moves as many pixels as it says.
 */

/** The longest that the scrolled element is made. */
export const LENGTH_MAX_PX = 8_000_000;

/** The measures of a list: pixels all of them. */
export interface ScrollMeasures {
  /** Of all rows together. */
  readonly total: number;
  /** Of what is seen at once. */
  readonly view: number;
}

/** Where the list is scrolled to. */
export interface ScrollPosition {
  /** What the element says. */
  readonly top: number;
  /** Pixels of rows above the view. */
  readonly at: number;
}

/** How long the scrolled element is. */
export function lengthOf({ total }: ScrollMeasures): number {
  return Math.min(total, LENGTH_MAX_PX);
}

/** The position after the element scrolled to `top`. */
export function scrolled(from: ScrollPosition, top: number, measures: ScrollMeasures): ScrollPosition {
  const { total, view } = measures;
  const atMax = Math.max(0, total - view);
  const topMax = Math.max(0, lengthOf(measures) - view);
  if (atMax === topMax) return { top, at: Math.max(0, Math.min(top, atMax)) };
  if (top <= 0) return { top, at: 0 };
  if (top >= topMax) return { top, at: atMax };
  const moved = top - from.top;
  const isNear = Math.abs(moved) <= 2 * view;
  const at = isNear ? from.at + moved : (top / topMax) * atMax;
  return { top, at: Math.max(0, Math.min(at, atMax)) };
}

/** The position in which `at` pixels of rows are above the view. */
export function positionAt(at: number, measures: ScrollMeasures): ScrollPosition {
  const { total, view } = measures;
  const atMax = Math.max(0, total - view);
  const topMax = Math.max(0, lengthOf(measures) - view);
  const within = Math.max(0, Math.min(at, atMax));
  return { at: within, top: atMax === 0 ? 0 : Math.round((within / atMax) * topMax) };
}
