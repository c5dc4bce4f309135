/** The command line of the benchmark. */
import { parseArgs } from "node:util";
import { groups, makers } from "./corpora/index.mjs";

export const usage = `Usage: npm run bench -- [OPTIONS]

  --corpus LIST       separated by commas (default: main), of
                      ${groups.main.join(", ")} (together: main);
                      ${groups.other.join(", ")} (together: other)
  --peers LIST        names of peers, or all, or none (default: all; those that are not installed are named)
  --rounds N          rounds of artifold and of the limits; medians are shown (default 3)
  --peer-rounds N     rounds of the peers (default: 1 for those, which take most of the time)
  --scale S           size of the corpora: 1 is full size (default), 0.02 is for trying
  --results FILE      where all runs are kept (default bench/.work/results.json). A run that was stopped goes on there
  --from FILE         runs nothing: tables and plots from these results
  --docs DIR          where the reports and their plots go (default: docs, for a full run; else bench/.work/docs)
  --work DIR          where corpora and file systems are made (default bench/.work): 40 GiB for a full run
  --limit S           a step of this many seconds is stopped and told (default 600)
  --no-check          do not compare downloads with their source
`;

export function readOptions(args, root) {
  const text = (fallback) => ({ type: "string", ...(fallback !== undefined && { default: fallback }) });
  const flag = { type: "boolean", default: false };
  const { values } = parseArgs({
    args,
    options: {
      corpus: text("main"),
      peers: text("all"),
      rounds: text("3"),
      "peer-rounds": text("1"),
      scale: text("1"),
      results: text(),
      from: text(),
      docs: text(),
      work: text(),
      limit: text("600"),
      "no-check": flag,
      help: flag,
    },
  });
  const work = values.work ?? `${root}bench/.work`;
  const scale = positive("--scale", values.scale);
  return {
    corpora: values.corpus.split(",").flatMap((name) => groups[name] ?? known(name)),
    peers: values.peers === "none" ? [] : values.peers === "all" ? undefined : values.peers.split(","),
    rounds: Math.ceil(positive("--rounds", values.rounds)),
    peerRounds: Math.ceil(positive("--peer-rounds", values["peer-rounds"])),
    scale,
    results: values.from ?? values.results ?? `${work}/results.json`,
    rendersOnly: values.from !== undefined,
    docs: values.docs ?? (scale === 1 ? `${root}docs` : `${work}/docs`),
    work,
    limitSeconds: positive("--limit", values.limit),
    check: !values["no-check"],
    help: values.help,
  };
}

function positive(option, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${option} is not a number above 0: ${text}`);
  return value;
}

function known(name) {
  if (makers[name] === undefined) throw new Error(`--corpus knows ${Object.keys(makers).join(", ")}, not ${name}`);
  return name;
}
