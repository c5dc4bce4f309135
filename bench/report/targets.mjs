/** What artifold means to reach, beside what it reached: shown in every report, and nothing fails by it, for times are the machine's too. */
import { laterReleases } from "../corpora/npm.mjs";
import { mebibytes, ratio, seconds, table } from "./tables.mjs";

const MiB = 2 ** 20;

/** `measured` and `most` are functions of (corpus, contender, step) → medians; where one gives no number, the row is not shown. */
const targets = [
  ...["first", "download"].map((step) =>
    times("small", step, "1.0 × `cp -r`", (of) => of("small", "limits", "cp -r").wall),
  ),
  times("small", "unchanged", "`node -e 0` + 2 × `find` + 0.1 s", unchangedMost),
  times("small", "oneFile", "that + 0.05 s", (of) => unchangedMost(of) + 0.05),
  times("small", "v2", "0.8 s", () => 0.8),
  times("small", "switch", "0.8 s", () => 0.8),
  times("small", "verify", "1.2 s", () => 1.2),
  stores("small", "first", 480 * MiB),
  times("big", "first", "1.2 × `cp -r`, at least 2 s", (of) => Math.max(2, 1.2 * of("big", "limits", "cp -r").wall)),
  times("big", "v2", "2 s", () => 2),
  {
    work: "big, v2: growth of the store",
    measured: (of) => of("big", "artifold", "v2").storeBytes - of("big", "artifold", "unchanged").storeBytes,
    most: () => 2 * MiB,
    says: "2 MiB",
    format: mebibytes,
  },
  times("big", "download", "1.1 × `cp -r`", (of) => 1.1 * of("big", "limits", "cp -r").wall),
  times("big-reflink", "first", "1.5 s", () => 1.5),
  times("big-reflink", "download", "0.6 s", () => 0.6),
  times("big-reflink", "downloadLater", "0.06 s", () => 0.06),
  times("text", "first", "3.5 s", () => 3.5),
  stores("text", "first", 185 * MiB),
  times("linux", "first", "1.8 × `cp -r`", (of) => 1.8 * of("linux", "limits", "cp -r").wall),
  stores("linux", "first", 250 * MiB),
  stores("npm", laterReleases.at(-1), 10 * MiB),
  {
    work: "npm, the slowest later release",
    measured: (of) => Math.max(...laterReleases.map((release) => of("npm", "artifold", release).wall)),
    most: () => 0.3,
    says: "0.3 s",
    format: (value) => `${seconds(value)} s`,
  },
  {
    work: "tiny, first upload: peak memory",
    measured: (of) => of("tiny", "artifold", "first").peak,
    most: () => 300 * MiB,
    says: "300 MiB",
    format: mebibytes,
  },
  {
    work: "tiny, first upload: exponent of time from a tenth of the files",
    measured: (of) => Math.log10(of("tiny", "artifold", "first").wall / of("tiny-tenth", "artifold", "first").wall),
    most: () => 1.05,
    says: "1.05",
    format: (value) => value.toFixed(2),
  },
];

function unchangedMost(of) {
  return of("small", "limits", "node -e 0").wall + 2 * of("small", "limits", "find").wall + 0.1;
}

function times(corpus, step, says, most) {
  const format = (value) => `${seconds(value)} s`;
  return { work: `${corpus}, ${step}`, measured: (of) => of(corpus, "artifold", step).wall, most, says, format };
}

function stores(corpus, step, bytes) {
  return {
    work: `${corpus}, store after ${step}`,
    measured: (of) => of(corpus, "artifold", step).storeBytes,
    most: () => bytes,
    says: mebibytes(bytes),
    format: mebibytes,
  };
}

/** The table of targets for which there are figures; empty for none. They are for full size. */
export function targetsTable(medianOf) {
  const of = (...key) => medianOf(...key) ?? {};
  const rows = targets.flatMap(({ work, measured, most, says, format }) => {
    const [value, limit] = [measured(of), most(of)];
    if (!Number.isFinite(value) || !Number.isFinite(limit)) return [];
    return [[work, format(value), says, format(limit), value <= limit ? "yes" : `no: ${ratio(value, limit)}`]];
  });
  return rows.length === 0 ? "" : table(["work", "artifold", "meant to be at most", "which is", "reached"], rows);
}
