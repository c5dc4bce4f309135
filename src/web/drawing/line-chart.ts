/** The lines of a chart: from numbers to a path, however many numbers there are. Pure. */

/** A chart's numbers and its place, in pixels. */
export interface ChartInput {
  readonly values: readonly number[];
  /** Whether the values are bytes: then the top is round in KiB, MiB and so on. */
  readonly isBytes?: boolean;
  readonly width: number;
  readonly height: number;
}

/** What is drawn of a chart. */
export interface ChartDrawing {
  /** The line, as the path of an SVG. */
  readonly line: string;
  /** The line closed along the bottom. */
  readonly area: string;
  /** The value at the top: round, and not below any of the values. */
  readonly top: number;
  /** Where a value stands. */
  readonly pointAt: (index: number) => { readonly x: number; readonly y: number };
  /** The value nearest to a place. */
  readonly indexAt: (x: number) => number;
}

/** Draws a chart from 0 up. Of many values to a pixel only the first, the lowest, the highest and the last are drawn. */
export function drawLine({ values, isBytes = false, width, height }: ChartInput): ChartDrawing {
  const most = values.reduce((highest, value) => Math.max(highest, value), 0);
  const unit = isBytes && most > 1024 ? 1024 ** Math.floor(Math.log2(most) / 10) : 1;
  const top = roundUp(most / unit) * unit;
  const last = Math.max(1, values.length - 1);
  const pointAt = (index: number): { x: number; y: number } => ({
    x: values.length === 1 ? width / 2 : (index / last) * width,
    y: height - ((values[index] ?? 0) / top) * height,
  });
  const text = (index: number): string => {
    const { x, y } = pointAt(index);
    return `${round(x)} ${round(y)}`;
  };
  const drawn = thinned(values, Math.max(1, Math.floor(width)));
  const line = drawn.length === 0 ? "" : `M${drawn.map(text).join("L")}`;
  const [first = 0] = drawn;
  const closed = `L${round(pointAt(drawn.at(-1) ?? 0).x)} ${height}L${round(pointAt(first).x)} ${height}Z`;
  return {
    line,
    area: line === "" ? "" : line + closed,
    top,
    pointAt,
    indexAt: (x) => Math.max(0, Math.min(values.length - 1, Math.round((x / width) * last))),
  };
}

/** The next number of the form 1, 2 or 5 times a power of ten; at least 1. */
function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

function thinned(values: readonly number[], columns: number): number[] {
  if (values.length <= columns * 4) return values.map((_, index) => index);
  const per = values.length / columns;
  const kept: number[] = [];
  for (let column = 0; column < columns; column++) {
    const [from, to] = [Math.floor(column * per), Math.min(values.length, Math.floor((column + 1) * per))];
    let [low, high] = [from, from];
    for (let at = from; at < to; at++) {
      if ((values[at] ?? 0) < (values[low] ?? 0)) low = at;
      if ((values[at] ?? 0) > (values[high] ?? 0)) high = at;
    }
    kept.push(...new Set([from, Math.min(low, high), Math.max(low, high), to - 1]));
  }
  return kept;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
