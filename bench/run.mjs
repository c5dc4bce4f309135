/** The benchmark: makes its corpora, measures artifold beside the limits of the machine and other tools, prints what came out. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { artifold, artifoldVersion } from "./artifold.mjs";
import { factsOf, targetsOf } from "./checks.mjs";
import { corpora, groups } from "./corpora.mjs";
import { runCycle } from "./cycle.mjs";
import { runHistory } from "./history.mjs";
import { findMeter } from "./measure.mjs";
import { readOptions, usage } from "./options.mjs";
import { installedPeers } from "./peers.mjs";
import { corpusTable, factsTable, legend, mediansOf, targetsTable } from "./report.mjs";

const options = readOptions(process.argv.slice(2));
if (options.help) {
  console.log(usage);
  process.exit(0);
}

const work = makeWorkFolder(options.work);
process.once("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const say = (line) => console.error(line);
const meter = findMeter();
const peers = installedPeers(options.peers);
const settings = { meter, limitSeconds: options.limitSeconds, check: options.check };
const machine = describeMachine();
console.log(machine.lines.join("\n"));

const all = corpora(options.scale);
const rows = [];
for (const [group, names] of Object.entries(groups)) {
  if (!options.only.includes(group)) continue;
  for (let run = 0; run < options.runs; run++) {
    for (const name of names) {
      // Peers keep what they know of a store in themselves: new ones for each cycle.
      const contenders = [artifold(), ...peers.map((peer) => peer.make())];
      const folder = path.join(work, name);
      rows.push(...(await runCycle({ corpus: all[name], name, folder, run, contenders, settings, say })));
    }
  }
  for (const name of names) {
    rmSync(path.join(work, name), { recursive: true });
    console.log(corpusTable(name, all[name].about, mediansOf(rows)));
    for (const { make } of peers) sayLeftOut(make(), name);
  }
}

const history = options.only.includes("history") ? await measureHistory() : undefined;
const medians = mediansOf(rows);
const facts = factsOf(rows, history);
const targets = targetsOf(medians, all, history);
console.log(factsTable(facts));
console.log(targetsTable(targets));
console.log(legend());
if (options.json !== undefined) writeResults(options.json);
if (facts.some(({ holds }) => !holds)) process.exitCode = 1;

async function measureHistory() {
  const result = await runHistory({ ...options, folder: path.join(work, "history"), settings, say });
  rows.push(...result.rows);
  const about = `${result.versions.toLocaleString("en-US")} versions of 100 files of 1 KiB, one changed in each`;
  console.log(corpusTable("history", about, mediansOf(result.rows)));
  return result;
}

function sayLeftOut({ name, leavesOut }, corpus) {
  if (leavesOut[corpus] !== undefined) console.log(`${name} is left out: ${leavesOut[corpus]}`);
}

function makeWorkFolder(given) {
  const parent = given ?? os.tmpdir();
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(path.join(parent, "artifold-bench-"));
}

function describeMachine() {
  const [cpu] = os.cpus();
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    cpus: os.cpus().length,
    cpu: cpu?.model.trim() ?? "unknown",
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    loadAtStart: os.loadavg()[0],
    scale: options.scale,
    runs: options.runs,
    meter: meter?.name ?? "none",
    tools: [`artifold ${artifoldVersion()}`, ...peers.map(({ version }) => version)],
  };
  const lines = [
    `${about.date}, Node ${about.node}, ${about.system}, ${about.cpus} × ${about.cpu}, ${about.memoryGiB} GiB`,
    `scale ${about.scale}, ${about.runs} run(s) of each cycle, taking turns; load at the start ${about.loadAtStart.toFixed(1)}`,
    `peak memory and CPU by ${about.meter === "none" ? "nothing (neither GNU time nor python3 found)" : about.meter}`,
    `contenders: ${about.tools.join(", ")}`,
  ];
  return { about, lines };
}

function writeResults(file) {
  const plain = rows.map(({ stdout: _, ...row }) => row);
  const results = {
    machine: machine.about,
    facts,
    targets,
    medians,
    rows: plain,
    ...(history !== undefined && { historyMilliseconds: history.milliseconds }),
  };
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
}
