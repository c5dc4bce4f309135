/** What the runs of one contender at one step come to. */

/**
 * Brings all rows together by corpus, contender and step.
 *
 * @returns a function (corpus, who, step) that gives `{ runs, wall, wallMin, wallMax, cpu, peak, written, store, … }`: medians
 *   in seconds and bytes; `{ failed }` where no run came through; `undefined` where there was none
 */
export function mediansOf(cycles) {
  const rows = new Map();
  for (const cycle of cycles) {
    for (const row of cycle.rows) {
      const key = JSON.stringify([cycle.corpus, cycle.who, row.step]);
      rows.set(key, [...(rows.get(key) ?? []), row]);
    }
  }
  return (corpus, who, step) => {
    const all = rows.get(JSON.stringify([corpus, who, step]));
    return all === undefined ? undefined : medianOf(all);
  };
}

function medianOf(all) {
  const rows = all.filter((row) => row.failed === undefined);
  if (rows.length === 0) return { failed: all[0].failed };
  const of = (pick) => median(rows.map(pick));
  const wall = rows.map((row) => row.wallSeconds);
  return {
    runs: rows.length,
    wall: median(wall),
    wallMin: Math.min(...wall),
    wallMax: Math.max(...wall),
    cpu: of((row) => row.cpuSeconds),
    peak: of((row) => row.peakBytes),
    written: of((row) => row.writtenBytes),
    differences: rows.some((row) => row.differences !== undefined)
      ? Math.max(...rows.map((row) => row.differences ?? 0))
      : undefined,
    ...(rows[0].store !== undefined && {
      storeBytes: of((row) => row.store.bytes),
      storeFiles: of((row) => row.store.files),
    }),
    ...(rows[0].reported !== undefined && { reportedBytes: of((row) => row.reported.writtenBytes) }),
  };
}

/** The middle value, or the mean of the two in the middle. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
