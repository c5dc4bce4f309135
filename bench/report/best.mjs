/** All corpora at a glance: artifold beside the peer that was best at each. */
import { mebibytes, ratio, seconds, table } from "./tables.mjs";

const wall = (used) => used?.wall;

/** Columns: what is compared, by the medians of one contender at any step. */
const columns = [
  { title: "first upload", of: (step) => wall(step("first")), format: seconds },
  { title: "store after it", of: (step) => step("first")?.storeBytes, format: mebibytes },
  { title: "unchanged", of: (step) => wall(step("unchanged")), format: seconds },
  { title: "v2", of: (step) => wall(step("v2")), format: seconds },
  {
    title: "v2: growth",
    of: (step) => step("v2")?.storeBytes - step("unchanged")?.storeBytes,
    format: (bytes) => mebibytes(Math.max(0, bytes)),
  },
  { title: "download", of: (step) => wall(step("download")), format: seconds },
  { title: "verify", of: (step) => wall(step("verify")), format: seconds },
];

/** Two lines for each corpus: what artifold takes, and which peer takes least, with its ratio to artifold. */
export function bestTable(corpora, cycles, medianOf) {
  const rows = corpora.flatMap(([name]) => {
    const peers = [...new Set(cycles.filter(({ corpus }) => corpus === name).map(({ who }) => who))].filter(isPeer);
    const cells = columns.map(({ of, format }) => {
      const taken = (who) => of((step) => medianOf(name, who, step));
      const own = taken("artifold");
      return [
        Number.isFinite(own) ? format(own) : "–",
        bestOf(
          peers.map((who) => ({ who, value: taken(who) })),
          own,
          format,
        ),
      ];
    });
    return [
      [`**${name}**`, ...cells.map(([own]) => own)],
      ["_the best other one_", ...cells.map(([, best]) => best)],
    ];
  });
  return table(["", ...columns.map(({ title }) => title)], rows);
}

function isPeer(who) {
  return who !== "limits" && !who.startsWith("artifold");
}

function bestOf(values, own, format) {
  const known = values.filter(({ value }) => Number.isFinite(value));
  if (known.length === 0) return "–";
  const { who, value } = known.reduce((least, each) => (each.value < least.value ? each : least));
  return `${who} ${format(value)}${own > 0 && value > 0 ? `, ${ratio(value, own)}` : ""}`;
}
