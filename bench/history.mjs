/**
 * Many small versions of one artifact, made through the library, beside ten: is the last upload as fast as the tenth, and does
 * the store open as fast?
 *
 * Usage: node bench/history.mjs [VERSIONS] [WORK-FOLDER]      (after npm run build)
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "../dist/index.js";
import { randomBytes } from "./corpora/seeded.mjs";
import { measure } from "./measure.mjs";
import { median } from "./report/medians.mjs";

const FILES = 100;
const FILE_BYTES = 1024;
const FEW = 10;
/** A command takes some 0.2 s: many runs, in turn, for a steady median. */
const RUNS = 15;
const AT_ENDS = 200;

const cli = fileURLToPath(new URL("../dist/cli.cjs", import.meta.url));
const versions = Number(process.argv[2] ?? 10_000);
const work = mkdtempSync(path.join(process.argv[3] ?? os.tmpdir(), "artifold-history-"));
process.once("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const home = path.join(work, "home");
mkdirSync(home);
console.log(`${versions} versions of ${FILES} files of ${FILE_BYTES} bytes, one of them changed in each`);
const stores = [];
for (const count of [FEW, versions]) {
  const folder = path.join(work, `of-${count}`);
  stores.push({ count, folder, milliseconds: await write(folder, count), upload: [], show: [] });
}
const many = stores[1].milliseconds;
const first = median(many.slice(FEW, FEW + AT_ENDS));
const last = median(many.slice(-AT_ENDS));
console.log(`in one process: the first ${AT_ENDS} uploads ${first.toFixed(2)} ms each, the last ${last.toFixed(2)} ms`);

const file = path.join(work, "part-7.txt");
for (let run = 0; run < RUNS; run++) {
  writeFileSync(file, randomBytes(`history run ${run}`, FILE_BYTES));
  for (const store of stores) {
    const at = ["--store", store.folder, "--json", "--no-progress"];
    store.upload.push(seconds("upload", file, "--name", "bench", "--type", "dataset", ...at));
    store.show.push(seconds("show", "bench:latest", ...at));
  }
}
for (const { count, folder, upload, show } of stores) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).length;
  console.log(
    `of ${count} versions: upload ${median(upload).toFixed(3)} s, show ${median(show).toFixed(3)} s, ${files} files in the store`,
  );
}

/** Makes versions, and says how long each took. */
async function write(folder, count) {
  const store = await openStore(folder);
  const artifact = await store.artifact({ name: "bench", type: "dataset" });
  for (let index = 0; index < FILES; index++) {
    await artifact.add(randomBytes(`history ${index}`, FILE_BYTES), { as: `part-${index}.txt` });
  }
  const milliseconds = [];
  for (let version = 1; version <= count; version++) {
    const start = performance.now();
    await artifact.add(randomBytes(`history version ${version}`, FILE_BYTES), { as: `part-${version % FILES}.txt` });
    const { number } = await artifact.upload();
    milliseconds.push(performance.now() - start);
    if (number !== version) throw new Error(`upload ${version} made V${number}`);
  }
  await artifact.close();
  await store.close();
  return milliseconds;
}

function seconds(...args) {
  return measure([{ argv: [process.execPath, cli, ...args] }], { home, limitSeconds: 60 }).wallSeconds;
}
