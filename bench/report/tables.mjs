/** Tables of one corpus, in Markdown. */
import { limits } from "../limits.mjs";
import { steps } from "../steps.mjs";

const MiB = 2 ** 20;

/** How names of contenders are written. */
export const titles = { artifold: "**artifold**", "artifold-wasm": "artifold, zstd in WebAssembly" };

/** Seconds of each contender at each step, with the spread and the ratio to the limit; then of each peer to artifold. */
export function secondsTable(corpus, contenders, medianOf) {
  const shown = stepsOf(corpus);
  const rows = contenders.map((who) => [
    titles[who] ?? who,
    ...shown.map((step) => secondsCell(medianOf(who, step), medianOf("artifold", step), who)),
  ]);
  const limitRow = [
    "_limit_",
    ...shown.map((step) => {
      const limit = medianOf("limits", steps[step].limit);
      return limit === undefined ? "–" : `${seconds(limit.wall)} \`${steps[step].limit}\``;
    }),
  ];
  const ratioRow = [
    "_artifold to limit_",
    ...shown.map((step) => ratio(medianOf("artifold", step)?.wall, medianOf("limits", steps[step].limit)?.wall)),
  ];
  return table(["wall seconds", ...shown.map(titleOf)], [...rows, limitRow, ratioRow]);
}

/** What each contender's store is, and what the main steps took beside time. */
export function resourcesTable(corpus, contenders, medianOf) {
  const shown = stepsOf(corpus);
  const uploads = corpus.steps.filter((step) => steps[step].does === "add");
  const grown = uploads.filter((step) => step !== "first" && !isRelease(step));
  const rows = contenders.map((who) => {
    const first = medianOf(who, "first");
    const last = medianOf(who, uploads.at(-1));
    return [
      titles[who] ?? who,
      mib(first?.storeBytes),
      count(first?.storeFiles),
      ...grown.map((step) => growth(medianOf(who, step), medianOf(who, uploads[uploads.indexOf(step) - 1]))),
      mib(last?.storeBytes),
      ...["first", "unchanged", "download", "verify"]
        .filter((step) => shown.includes(step))
        .map((step) => resources(medianOf(who, step))),
    ];
  });
  const heads = [
    "",
    "store MiB",
    "files in it",
    ...grown.map((step) => `${titleOf(step)}: + MiB`),
    "store at the end MiB",
    ...["first", "unchanged", "download", "verify"]
      .filter((step) => shown.includes(step))
      .map((step) => `${titleOf(step)}: CPU s / peak MiB / written MiB`),
  ];
  return table(heads, rows);
}

/** Seconds of the limits by themselves. */
export function limitsTable(medianOf) {
  const rows = Object.entries(limits).map(([name, { meaning }]) => {
    const used = medianOf("limits", name);
    return [
      `\`${name}\``,
      used === undefined ? "–" : spread(used),
      used === undefined ? "–" : seconds(used.cpu),
      meaning,
    ];
  });
  return table(["limit", "wall s", "CPU s", "what it is"], rows);
}

/** What did not work, step by step. */
export function failures(corpus, contenders, medianOf) {
  return contenders.flatMap((who) =>
    corpus.steps.flatMap((step) => {
      const used = medianOf(who, step);
      if (used?.failed !== undefined) return [`${titles[who] ?? who}, ${titleOf(step)}: ${used.failed}`];
      return used?.differences > 0
        ? [`${titles[who] ?? who}, ${titleOf(step)}: ${used.differences} paths differ from their source`]
        : [];
    }),
  );
}

/** Steps that are shown; those of later releases as one. */
export function stepsOf(corpus) {
  return corpus.steps.filter((step) => !step.startsWith("release-") || step === corpus.steps.findLast(isRelease));
}

function isRelease(step) {
  return step.startsWith("release-");
}

function titleOf(step) {
  return isRelease(step) ? "the last release" : steps[step].title;
}

function secondsCell(used, own, who) {
  if (used === undefined) return "–";
  if (used.failed !== undefined) return "failed";
  const beside = who === "artifold" || own?.wall === undefined ? "" : `, ${ratio(used.wall, own.wall)}`;
  return `${spread(used)}${beside}`;
}

/** Median, and the least and most of several runs. */
function spread({ runs, wall, wallMin, wallMax }) {
  return runs === 1 ? seconds(wall) : `${seconds(wall)} (${seconds(wallMin)}–${seconds(wallMax)})`;
}

function resources(used) {
  if (used?.wall === undefined) return "–";
  return `${seconds(used.cpu)} / ${Math.round(used.peak / MiB)} / ${mib(used.written)}`;
}

function growth(after, before) {
  if (after?.storeBytes === undefined || before?.storeBytes === undefined) return "–";
  return mib(after.storeBytes - before.storeBytes);
}

/** Seconds in three digits. */
export function seconds(value) {
  return value.toFixed(value < 1 ? 3 : value < 10 ? 2 : 1);
}

/** How many times as much. */
export function ratio(value, base) {
  if (value === undefined || base === undefined) return "–";
  const times = value / base;
  return `${times.toFixed(times < 10 ? 2 : times < 100 ? 1 : 0)}×`;
}

/** A size with its unit. */
export function mebibytes(bytes) {
  return `${mib(bytes)} MiB`;
}

function mib(bytes) {
  if (bytes === undefined) return "–";
  const size = bytes / MiB;
  return size.toFixed(size < 100 ? 2 : 0);
}

function count(files) {
  return files === undefined ? "–" : files.toLocaleString("en-US");
}

/** A table of cells. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
