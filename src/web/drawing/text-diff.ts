/**
 * The difference of two texts, line by line: Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), after what is
 * the same at both ends is put aside. Pure.
 */

/** A run of lines: in both texts, or in one of them. */
export interface DiffLine {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
  /** Number of the line, from 1; `undefined` where it is not in that text. */
  readonly before?: number;
  readonly after?: number;
}

/** Changes beyond which the middle is shown as removed and added whole: the work grows with their square. */
const EDITS_MAX = 2000;

/** All lines of both texts, in order. */
export function diffLines(before: readonly string[], after: readonly string[]): DiffLine[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const left = before.slice(start, before.length - end);
  const right = after.slice(start, after.length - end);
  const lines: DiffLine[] = [];
  let [at, to] = [0, 0];
  const put = (kind: DiffLine["kind"], text: string): void => {
    if (kind !== "added") at++;
    if (kind !== "removed") to++;
    lines.push({ kind, text, ...(kind !== "added" && { before: at }), ...(kind !== "removed" && { after: to }) });
  };
  for (const text of before.slice(0, start)) put("same", text);
  for (const { kind, text } of middle(left, right)) put(kind, text);
  for (const text of before.slice(before.length - end)) put("same", text);
  return lines;
}

type Step = Pick<DiffLine, "kind" | "text">;

function middle(left: readonly string[], right: readonly string[]): Step[] {
  const trace = shortest(left, right);
  if (trace === undefined) {
    const gone = left.map((text): Step => ({ kind: "removed", text }));
    return [...gone, ...right.map((text): Step => ({ kind: "added", text }))];
  }
  const steps: Step[] = [];
  let [x, y] = [left.length, right.length];
  for (let d = trace.length - 1; d >= 0; d--) {
    const row = trace[d] as Int32Array;
    const reach = (k: number): number => row[k + d + 1] ?? -1;
    const k = x - y;
    const isDown = k === -d || (k !== d && reach(k - 1) < reach(k + 1));
    const fromX = d === 0 ? 0 : isDown ? reach(k + 1) : reach(k - 1);
    const fromY = d === 0 ? 0 : fromX - (isDown ? k + 1 : k - 1);
    while (x > fromX && y > fromY && (d === 0 || (isDown ? x > fromX : y > fromY))) {
      steps.push({ kind: "same", text: left[--x] as string });
      y--;
    }
    if (d > 0)
      steps.push(
        isDown ? { kind: "added", text: right[--y] as string } : { kind: "removed", text: left[--x] as string },
      );
  }
  return steps.reverse();
}

/** The furthest reach on each diagonal before each number of edits; `undefined` beyond the most edits. */
function shortest(left: readonly string[], right: readonly string[]): Int32Array[] | undefined {
  const most = Math.min(left.length + right.length, EDITS_MAX);
  let reach = new Int32Array([0, 0, 0]);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= most; d++) {
    // reach[k + d + 1] holds diagonal k, as it was before this round.
    trace.push(reach);
    const next = new Int32Array(2 * d + 5).fill(-1);
    for (let k = -d; k <= d; k += 2) {
      const isDown = k === -d || (k !== d && (reach[k + d] ?? -1) < (reach[k + d + 2] ?? -1));
      let x = d === 0 ? 0 : isDown ? (reach[k + d + 2] ?? 0) : (reach[k + d] ?? 0) + 1;
      while (x < left.length && x - k < right.length && left[x] === right[x - k]) x++;
      next[k + d + 2] = x;
      if (x >= left.length && x - k >= right.length) return trace;
    }
    reach = next;
  }
  return undefined;
}
