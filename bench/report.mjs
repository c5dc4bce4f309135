/** Tables for people, from the rows of all runs. */
import { historySteps } from "./history.mjs";
import { limits } from "./limits.mjs";
import { median } from "./measure.mjs";
import { steps } from "./steps.mjs";

const MiB = 1 << 20;

/** One row for each (corpus, step, who): medians over the runs. */
export function mediansOf(rows) {
  const groups = grouped(rows);
  return [...groups.values()].map((group) => {
    const [{ corpus, step, who }] = group;
    const good = group.filter((row) => row.failed === undefined);
    if (good.length === 0) return { corpus, step, who, runs: 0, failed: group[0].failed };
    const of = (pick) => median(good.map(pick));
    const { store } = good.at(-1);
    return {
      corpus,
      step,
      who,
      runs: good.length,
      wallSeconds: of((row) => row.wallSeconds),
      wallMin: Math.min(...good.map((row) => row.wallSeconds)),
      wallMax: Math.max(...good.map((row) => row.wallSeconds)),
      cpuSeconds: of((row) => row.cpuSeconds),
      peakRssMiB: Math.max(...good.map((row) => row.peakRssKiB)) / 1024,
      writtenMiB: of((row) => row.writtenKiB) / 1024,
      ...(store !== undefined && { storeMiB: store.bytes / MiB, storeFiles: store.files }),
      ...(good[0].result?.writtenBytes !== undefined && { writtenBytes: of((row) => row.result.writtenBytes) }),
    };
  });
}

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.corpus, row.step, row.who]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}

const COLUMNS = [
  "step",
  "who",
  "wall s",
  "min-max",
  "× limit",
  "× artifold",
  "CPU s",
  "peak MiB",
  "disk MiB",
  "store MiB",
  "files",
];

/** The table of one corpus. */
export function corpusTable(corpus, about, medians) {
  const lines = [COLUMNS];
  for (const step of [...steps, ...historySteps]) {
    const rows = medians.filter((row) => row.corpus === corpus && row.step === step.id);
    const own = rows.find((row) => row.who === "artifold")?.wallSeconds;
    const limit = step.limits === undefined ? rows[0] : rows.find((row) => row.who === step.limits[0]);
    rows.forEach((row, index) => {
      const isLimit = limits[row.who] !== undefined;
      const title = index === 0 ? step.title : "";
      if (row.failed !== undefined) {
        lines.push([title, row.who, row.failed.slice(0, 40), ...COLUMNS.slice(3).map(() => "")]);
        return;
      }
      lines.push([
        title,
        row.who,
        seconds(row.wallSeconds),
        row.runs === 1 ? "" : `${seconds(row.wallMin)}-${seconds(row.wallMax)}`,
        isLimit && row !== limit ? "" : ratio(row.wallSeconds, limit?.wallSeconds),
        isLimit ? "" : ratio(row.wallSeconds, own),
        seconds(row.cpuSeconds),
        number(row.peakRssMiB, 0),
        number(row.writtenMiB, 1),
        number(row.storeMiB, 1),
        number(row.storeFiles, 0),
      ]);
    });
  }
  return `\n${corpus}: ${about}\n\n${layout(lines)}`;
}

export function factsTable(facts) {
  const rows = facts.map(({ fact, measured, limit, holds }) => [
    fact,
    String(measured),
    String(limit),
    holds ? "yes" : "NO",
  ]);
  return `\nFacts (the worst of all runs; one that does not hold ends the benchmark with exit 1)\n\n${layout([["fact", "measured", "at most", "holds"], ...rows])}`;
}

export function targetsTable(targets) {
  const rows = targets.map(({ target, measured, limit, met }) => [
    target,
    seconds(measured),
    seconds(limit),
    met ? "yes" : "no",
  ]);
  return `\nTargets in time (medians; they depend on the machine and its load, and fail nothing)\n\n${layout([["target", "measured", "at most", "met"], ...rows])}`;
}

/** What stands in the columns and rows. */
export function legend() {
  const lines = [
    "\nEach figure is a whole process, start-up included, with warm caches: the tree has been read before, `sync` runs before each step.",
    "wall s: median of the runs, on the parent's clock. × limit: over the first limit of the step, in the same run (history: over the first row).",
    "CPU s: user and system. peak MiB: the largest resident memory of a single process, threads included, in any run;",
    "programs that map files (b3sum) count the mapped pages. disk MiB: what the process gave the kernel to write.",
    "store MiB, files: sizes of the files in the store and their number, after the step in the last run.",
    "",
    ...[...steps, ...historySteps].map(({ title, meaning }) => `${title}: ${meaning}`),
    "",
    ...Object.entries(limits).map(([name, { meaning }]) => `${name}: ${meaning}`),
  ];
  return lines.join("\n");
}

function seconds(value) {
  return number(value, value < 10 ? (value < 1 ? 3 : 2) : 1);
}

function ratio(value, base) {
  return number(value / base, 2);
}

function number(value, digits) {
  return Number.isFinite(value) ? value.toFixed(digits) : "";
}

function layout(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join("  "),
    )
    .map((line) => line.trimEnd())
    .join("\n");
}
