/** The corpus `history`: many small versions of one artifact, beside a store with ten of them. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cli } from "./artifold.mjs";
import { replaceFile } from "./edits.mjs";
import { measure } from "./measure.mjs";
import { randomText } from "./seeded.mjs";
import { sizeOf } from "./trees.mjs";

const writer = fileURLToPath(new URL("history-writer.mjs", import.meta.url));
const FEW = 10;
/** A command takes some 0.2 s: more runs than a large corpus gets, for a steady median. */
const RUNS_FACTOR = 5;

export const historySteps = [
  {
    id: "appended",
    title: "upload of one file",
    meaning: "`upload FILE` of one changed file of 1 KiB as a whole process, store opened and closed in it",
  },
  { id: "opened", title: "open and show", meaning: "`show` of the newest version: open the store, ask, end" },
];

export function historyVersions(scale) {
  return Math.max(2 * FEW, Math.round(10_000 * scale));
}

export async function runHistory({ folder, scale, runs, settings, say }) {
  const versions = historyVersions(scale);
  mkdirSync(folder, { recursive: true });
  say(
    `making history: ${versions.toLocaleString("en-US")} versions of 100 files of 1 KiB, one of them changed in each`,
  );
  const stores = [
    { who: `${FEW} versions`, folder: path.join(folder, "few"), milliseconds: write(path.join(folder, "few"), FEW) },
    {
      who: `${versions} versions`,
      folder: path.join(folder, "many"),
      milliseconds: write(path.join(folder, "many"), versions),
    },
  ];
  const rows = [];
  for (let run = 0; run < RUNS_FACTOR * runs; run++) {
    const file = path.join(folder, "part-7.txt");
    replaceFile(file, randomText(`history run ${run}`, 1024));
    for (const step of historySteps) {
      for (const store of stores) rows.push(await one(step, store, { file, run, settings, folder }));
    }
  }
  const size = sizeOf(stores[1].folder);
  rmSync(folder, { recursive: true });
  return { rows, versions, size, milliseconds: stores[1].milliseconds };
}

async function one(step, store, { file, run, settings, folder }) {
  const args =
    step.id === "appended" ? ["upload", file, "--name", "bench", "--type", "dataset"] : ["show", "bench:latest"];
  const argv = [process.execPath, cli, ...args, "--store", store.folder, "--json", "--no-progress"];
  const used = await measure([{ argv }], { ...settings, scratch: folder });
  return { corpus: "history", step: step.id, who: store.who, run, ...used, store: sizeOf(store.folder) };
}

function write(folder, versions) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [writer, folder, String(versions)], {
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`the history could not be written: ${stderr}`);
  return JSON.parse(stdout.toString());
}
