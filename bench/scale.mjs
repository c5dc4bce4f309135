/**
 * How far artifold scales, by simulation: a store with the places of 20 million chunks (a terabyte) and a version of 10
 * million entries, made through our own code, without content. Says what common work costs there, in whole processes, and
 * what the other way to keep places would cost. Writes the figures of docs/scale.md.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildRooms } from "./internals.mjs";
import { checkMeter } from "./measure.mjs";
import { describe } from "./results.mjs";
import { PACK_CHUNKS } from "./scale/numbers.mjs";
import { writeScaleReport } from "./scale/report.mjs";
import { Simulation } from "./scale/simulation.mjs";

const usage = `Usage: node bench/scale.mjs [OPTIONS]      (after npm run build)

  --chunks N     chunks in the store (default 20,000,000)
  --entries N    entries of the version (default 10,000,000)
  --work DIR     where it is made (default bench/.work): 12 GiB for the default sizes; removed at the end
  --results FILE where figures are kept (default scale.json in the work folder)
  --from FILE    measures nothing: writes the document from these figures
  --docs DIR     where scale.md is (default docs)
`;

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: {
    chunks: { type: "string", default: "20000000" },
    entries: { type: "string", default: "10000000" },
    work: { type: "string", default: `${root}bench/.work` },
    results: { type: "string" },
    from: { type: "string" },
    docs: { type: "string", default: `${root}docs` },
    help: { type: "boolean", default: false },
  },
});

if (options.help) console.log(usage);
else if (options.from !== undefined) writeScaleReport(JSON.parse(readFileSync(options.from, "utf8")), options.docs);
else await measureAll();

async function measureAll() {
  checkMeter();
  const work = path.resolve(options.work, "scale");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  process.once("exit", () => rmSync(work, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const packs = Math.ceil(Number(options.chunks) / PACK_CHUNKS);
  const entries = Number(options.entries);
  const command = ["node bench/scale.mjs", ...process.argv.slice(2)].join(" ");
  const about = {
    ...describe({ scale: 1 }, root, undefined, []),
    command,
    packs,
    chunks: packs * PACK_CHUNKS,
    entries,
  };
  const simulation = new Simulation(
    work,
    await buildRooms("store/engine", "store/index", "objects/index", "manifest/index", "digest/index"),
  );
  const results = { about, figures: simulation.run(packs, entries) };
  writeFileSync(options.results ?? path.resolve(options.work, "scale.json"), JSON.stringify(results, undefined, 1));
  writeScaleReport(results, options.docs);
}
