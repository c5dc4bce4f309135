/** The command line of the benchmark. */
import { parseArgs } from "node:util";

/** Below this the start of a peer's process is nearly all that would be measured. */
const PEERS_FROM_SCALE = 0.1;

export const usage = `Usage: npm run bench -- [OPTIONS]

  --scale S       size of the corpora: 1 is full size (default), 0.01 ends within a minute
  --only LIST     of large, many, tiny, text, history; separated by commas
  --runs N        runs of each cycle, medians are shown (default 3; 1 below scale 0.1)
  --peers LIST    of restic, borg, git, dvc, or all, or none (default all that are installed; none below scale 0.1)
  --work DIR      where the corpora and stores are made (default: the folder for temporary files); best a fresh, empty
                  file system of 20 GiB that holds nothing else
  --limit S       a step of this many seconds is stopped and told (default 600)
  --json FILE     also write all rows to FILE, with what they were measured on
  --no-check      do not compare downloads with their source
`;

const names = ["large", "many", "tiny", "text", "history"];

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      scale: { type: "string", default: "1" },
      only: { type: "string", default: names.join() },
      runs: { type: "string" },
      peers: { type: "string" },
      work: { type: "string" },
      limit: { type: "string", default: "600" },
      json: { type: "string" },
      "no-check": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const scale = positive("--scale", values.scale);
  const small = scale < PEERS_FROM_SCALE;
  const peers = values.peers ?? (small ? "none" : "all");
  return {
    help: values.help,
    scale,
    only: oneOf(values.only.split(",")),
    runs: Math.ceil(positive("--runs", values.runs ?? (small ? "1" : "3"))),
    peers: peers === "all" ? "all" : peers.split(","),
    work: values.work,
    json: values.json,
    limitSeconds: positive("--limit", values.limit),
    check: !values["no-check"],
  };
}

function positive(option, text) {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${option} is not a number above 0: ${text}`);
  return value;
}

function oneOf(given) {
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only knows ${names.join(", ")}, not ${unknown}`);
  return given;
}
