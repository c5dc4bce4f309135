/** The simulation: its steps in order, each a process of its own, and what each took. */
import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { measure, StepFailed } from "../measure.mjs";
import { median } from "../report/medians.mjs";
import { walk } from "../trees.mjs";
import { pathOf } from "./numbers.mjs";

const cli = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
const stepScript = fileURLToPath(new URL("step.mjs", import.meta.url));
const LIMIT_SECONDS = 3600;

/** Figures by names of steps: the runs of each, and their median; and sizes. */
export class Simulation {
  #work;
  #rooms;
  #store;
  #figures = {};

  constructor(work, rooms) {
    this.#work = work;
    this.#rooms = rooms;
    this.#store = path.join(work, "store");
  }

  run(packs, entries) {
    const few = path.join(this.#work, "few");
    const file = path.join(this.#work, "one.txt");
    writeFileSync(file, "one file\n");
    this.#command("few: upload", few, ["upload", file, "--name", "scale", "--type", "dataset"]);
    this.#command("few: show", few, ["show", "scale:V1"], 3);
    this.#step("chunks", this.#store, packs);
    this.#size("store of chunks", this.#store);
    this.#step("manifest", this.#store, entries);
    this.#size("store", this.#store);
    this.#useStore(file, entries);
    this.#step("look up in runs", this.#store, packs);
    this.#lose(packs);
    this.#alternative(packs);
    return this.#figures;
  }

  /** What users do. */
  #useStore(file, entries) {
    const folder = path.posix.dirname(pathOf(Math.floor(entries / 2)));
    this.#command("show", this.#store, ["show", "scale:V1"], 3);
    for (let round = 0; round < 3; round++) {
      writeFileSync(file, `one file, ${round}\n`);
      this.#command("upload", this.#store, [
        "upload",
        file,
        "--name",
        "scale",
        "--type",
        "dataset",
        "--as",
        `${folder}/one.txt`,
      ]);
    }
    this.#command("list a folder", this.#store, ["ls", `scale:V1/${folder}`], 3);
    this.#command("list all folders", this.#store, ["ls", "scale:V1/data"], 3);
    const { version } = this.#step("edit", this.#store, entries);
    this.#command("diff", this.#store, ["diff", `scale:V${Number(version.slice(1)) - 1}`, `scale:${version}`], 3);
    this.#step("remove", this.#store, entries);
    this.#command("verify --quick", this.#store, ["verify", "--quick"]);
  }

  /** What it costs to make again what may be lost. */
  #lose(packs) {
    rmSync(path.join(this.#store, "catalog.db"));
    this.#command("show without catalog", this.#store, ["show", "scale:V1"]);
    for (const name of readdirSync(this.#store)) if (name.endsWith(".run")) rmSync(path.join(this.#store, name));
    this.#command("show without runs", this.#store, ["show", "scale:V1"]);
    this.#step("merge", this.#store);
    this.#step("look up after merge", this.#store, packs);
  }

  /** Rows of SQLite in the place of runs. */
  #alternative(packs) {
    const file = path.join(this.#work, "rows", "rows.db");
    mkdirSync(path.dirname(file));
    this.#step("rows", file, packs);
    this.#size("rows", path.dirname(file));
    this.#step("look up rows", file, packs);
  }

  /** A process of our own code. */
  #step(name, ...args) {
    const step =
      { "look up in runs": "lookUp", "look up after merge": "lookUp", "look up rows": "lookUpRows" }[name] ?? name;
    const argv = [process.execPath, stepScript, this.#rooms, step, ...args.map(String)];
    return this.#note(name, [{ argv }]);
  }

  /** The built command, as a user starts it. */
  #command(name, store, args, times = 1) {
    const argv = [process.execPath, cli, ...args, "--store", store, "--json", "--no-progress"];
    for (let time = 0; time < times; time++) this.#note(name, [{ argv }]);
  }

  #note(name, commands) {
    console.error(name);
    let run;
    try {
      const { stdout, ...used } = measure(commands, { home: this.#work, limitSeconds: LIMIT_SECONDS });
      run = { ...used, said: saidOf(stdout) };
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      console.error(`  failed: ${error.message}`);
      run = { failed: error.message };
    }
    const runs = [...(this.#figures[name]?.runs ?? []), run];
    this.#figures[name] = { runs, wall: median(runs.map(({ wallSeconds }) => wallSeconds ?? Number.NaN)) };
    return run.said ?? {};
  }

  /** Bytes that the disk gives to files, by what they are: the packs of chunks are mostly holes. */
  #size(name, place) {
    const sizes = {};
    for (const { relative, entry } of walk(place)) {
      if (entry.isDirectory()) continue;
      const kind = relative.endsWith(".run")
        ? "runs"
        : relative.startsWith("rows.db")
          ? "rows"
          : relative.split(/[./]/)[0];
      sizes[kind] = (sizes[kind] ?? 0) + lstatSync(path.join(place, relative)).blocks * 512;
    }
    this.#figures[`size: ${name}`] = sizes;
  }
}

/** Figures among what a command printed; lists as their lengths. */
function saidOf(stdout) {
  const said = JSON.parse(stdout);
  if (Array.isArray(said)) return { count: said.length };
  return Object.fromEntries(
    Object.entries(said).map(([key, value]) => [key, Array.isArray(value) ? value.length : value]),
  );
}
