/** One cycle: every step on one corpus, each contender taking its turn within each step. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { limits } from "./limits.mjs";
import { measure, StepFailed } from "./measure.mjs";
import { phases } from "./steps.mjs";
import { describeTree, differences, sizeOf } from "./trees.mjs";

/**
 * Runs the cycle and gives a row for each measurement. The tree stays at its place from run to run and only ever goes on changing:
 * what a run finds there is its first version.
 */
export async function runCycle({ corpus, name, folder, run, contenders, settings, say }) {
  const cycle = new Cycle({ corpus, name, folder, run, settings, say });
  return cycle.go(contenders.filter((contender) => contender.leavesOut?.[name] === undefined));
}

class Cycle {
  #corpus;
  #name;
  #folder;
  #tree;
  #run;
  #settings;
  #say;
  #rows = [];
  #newest = "";
  #treeAtFirst;

  constructor({ corpus, name, folder, run, settings, say }) {
    this.#corpus = corpus;
    this.#name = name;
    this.#folder = folder;
    // Alone in its folder: there are tools that take the folder above for their workspace, and look through it.
    this.#tree = path.join(folder, "workspace", "tree");
    this.#run = run;
    this.#settings = settings;
    this.#say = say;
  }

  async go(contenders) {
    this.#makeTree();
    // The first reading of the tree is nobody's cost: everybody finds it in the page cache.
    spawnSync("sh", ["-c", "find . -type f -print0 | xargs -0 cat > /dev/null"], { cwd: this.#tree });
    if (this.#checks) this.#treeAtFirst = describeTree(this.#tree);
    const entered = contenders.map((contender) => ({ contender, place: this.#placeOf(contender) }));
    for (const { contender, place } of entered) await this.#measure(contender.init(place), place);
    for (const phase of phases) await this.#phase(phase, entered);
    for (const { place } of entered) rmSync(place.root, { recursive: true });
    return this.#rows;
  }

  get #checks() {
    return this.#run === 0 && this.#settings.check;
  }

  #makeTree() {
    if (existsSync(this.#tree)) return;
    this.#say(`making ${this.#name}: ${this.#corpus.about}`);
    mkdirSync(this.#tree, { recursive: true });
    this.#corpus.make(this.#tree);
  }

  #placeOf(contender) {
    const root = path.join(this.#folder, `run-${this.#run}`, contender.name);
    const scratch = path.join(root, "scratch");
    mkdirSync(scratch, { recursive: true });
    return { root, scratch, tree: this.#tree, store: path.join(root, "store"), target: path.join(root, "out") };
  }

  async #phase(phase, entered) {
    const steps = phase.filter((step) => step.changes !== true || this.#corpus.changes[step.id] !== undefined);
    for (const step of steps) {
      const change = step.changes === true ? this.#corpus.changes[step.id] : undefined;
      const changedBytes = change?.(this.#tree, `${this.#run} ${step.id}`) ?? 0;
      if (step.does === "upload") this.#newest = step.id;
      this.#say(`${this.#name}, run ${this.#run + 1}: ${step.title}`);
      await this.#limits(step);
      for (const each of entered) if (step.with === undefined) await this.#step(step, each, changedBytes);
    }
    // What belongs together is done by one contender before the next, so that only one download lies on the disk.
    const together = steps.filter((step) => step.with !== undefined);
    for (const each of together.length > 0 ? entered : []) {
      mkdirSync(each.place.target);
      for (const step of together) await this.#step(step, each, 0);
      rmSync(each.place.target, { recursive: true });
    }
  }

  async #limits(step) {
    for (const who of step.limits) {
      const copy = path.join(this.#folder, "copy");
      await this.#row(step, who, limits[who].commands({ tree: this.#tree, copy }), { scratch: this.#folder });
      rmSync(copy, { recursive: true, force: true });
    }
  }

  async #step(step, { contender, place }, changedBytes) {
    const version = step.id === "download" ? "first" : this.#newest;
    const commands = contender[step.does]?.(place, version, place.target);
    if (commands === undefined) return;
    const row = await this.#row(step, contender.name, commands, place);
    if (row.failed !== undefined) return;
    row.changedBytes = changedBytes;
    row.store = sizeOf(place.store);
    row.result = contender.read?.(step.does === "upload" ? version : undefined, row.stdout);
    if (step.with !== undefined && row.result !== undefined && this.#checks) this.#compare(step, row, place);
  }

  /** The tree is as it was at the first upload, or as it is now. */
  #compare(step, row, place) {
    const expected = step.id === "download" ? this.#treeAtFirst : describeTree(this.#tree);
    row.differences = differences(expected, describeTree(place.target)).length;
  }

  async #row(step, who, commands, place) {
    const row = { corpus: this.#name, step: step.id, who, run: this.#run };
    this.#rows.push(row);
    try {
      return Object.assign(row, await this.#measure(commands, place));
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
      this.#say(`${who}: ${error.message}`);
      return Object.assign(row, { failed: error.message });
    }
  }

  #measure(commands, place) {
    // What others have yet to write must not slow down this one.
    spawnSync("sync");
    return measure(commands, { ...this.#settings, scratch: place.scratch });
  }
}
