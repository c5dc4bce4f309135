/** The benchmark: artifold beside the limits of the machine and other tools, on the same work in the same run. */
import { mkdirSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { artifold, artifoldWithoutNative } from "./artifold.mjs";
import { corpusOf } from "./corpora/index.mjs";
import { runCycle, runLimits } from "./cycle.mjs";
import { masterOf } from "./masters.mjs";
import { checkMeter } from "./measure.mjs";
import { readOptions, usage } from "./options.mjs";
import { peers } from "./peers/index.mjs";
import { canMount } from "./places.mjs";
import { writeReport } from "./report/index.mjs";
import { describe, Results } from "./results.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const options = readOptions(process.argv.slice(2), root);
const say = (line) => console.error(line);

if (options.help) console.log(usage);
else if (options.rendersOnly) writeReport(Results.read(options.results), options.docs);
else writeReport(measureAll(), options.docs);

function measureAll() {
  checkMeter();
  mkdirSync(options.work, { recursive: true });
  const work = realpathSync(options.work);
  const known = peers.map((peer) => peer());
  const unknown = options.peers?.find((wish) => !known.some(({ name }) => name === wish));
  if (unknown !== undefined)
    throw new Error(`no peer ${unknown}: there are ${known.map(({ name }) => name).join(", ")}`);
  const wanted = known.filter(({ name }) => options.peers?.includes(name) ?? true);
  const own = [artifold(), artifoldWithoutNative(work)];
  const contenders = [...own, ...wanted.filter(({ version }) => version !== undefined)];
  const mounts = canMount(work);
  const results = Results.open(options.results, describe(options, root, mounts, contenders));
  results.missing = wanted.filter(({ version }) => version === undefined).map(({ name }) => name);
  if (results.missing.length > 0) say(`not installed: ${results.missing.join(", ")} (see bench/install-peers.sh)`);
  const settings = { work, mounts, limitSeconds: options.limitSeconds, check: options.check, say };
  for (const name of options.corpora) measureCorpus(name, own, contenders, results, settings);
  results.save();
  return results;
}

function measureCorpus(name, own, contenders, results, settings) {
  const corpus = corpusOf(name, options.scale);
  const missing =
    corpus.missing() ??
    (corpus.fileSystem === "ext4" || settings.mounts ? undefined : "file systems cannot be mounted here");
  const { document, about, steps, changes, leavesOutPeers, files } = corpus;
  const stepsAbout = Object.fromEntries(Object.entries(changes).map(([step, change]) => [step, change.about]));
  results.corpora[name] = {
    document,
    about,
    steps,
    changes: stepsAbout,
    files,
    leavesOutPeers,
    ...(missing !== undefined && { missing }),
  };
  if (missing !== undefined) {
    say(`${name} is missing: ${missing}`);
    return;
  }
  const master = masterOf(corpus, options.scale, settings.work, say);
  const taking = contenders.filter((each) => own.includes(each) || leavesOutPeers === undefined);
  for (let round = 0; round < Math.max(options.rounds, options.peerRounds); round++) {
    const one = (who, run) => {
      if (results.has(name, round, who)) return;
      say(`${name}, round ${round + 1}: ${who}`);
      results.cycles.push({ corpus: name, round, who, rows: run() });
      results.save();
    };
    if (round < options.rounds) one("limits", () => runLimits(corpus, master, settings));
    // Each round begins with another contender, so that none always comes after the same.
    for (let index = 0; index < taking.length; index++) {
      const contender = taking[(index + round) % taking.length];
      const rounds = own.includes(contender) ? options.rounds : options.peerRounds;
      if (round >= rounds || contender.leavesOut[name] !== undefined) continue;
      one(contender.name, () => runCycle(contender, corpus, master, settings));
    }
  }
}
