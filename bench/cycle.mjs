/** One cycle: all steps of one contender on one corpus, in a fresh place. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { limits } from "./limits.mjs";
import { measure, StepFailed } from "./measure.mjs";
import { freshPlace } from "./places.mjs";
import { steps } from "./steps.mjs";
import { sizeOf } from "./trees.mjs";

/**
 * Runs a contender's cycle.
 *
 * @param settings `{ work, mounts, limitSeconds, check, say }`
 * @param master folder of what was made of the corpus
 * @returns a row for each step: what it took, the store after it; or `failed`
 */
export function runCycle(contender, corpus, master, settings) {
  return inFreshPlace(corpus, master, settings, (place) => new Cycle(contender, corpus, master, place, settings).run());
}

/** Runs the limits of the machine in a fresh place, as if they were a contender: a row for each, several for Node's start. */
export function runLimits(corpus, master, settings) {
  return inFreshPlace(corpus, master, settings, (place) =>
    Object.entries(limits).flatMap(([name, { commands }]) => {
      settings.say(`  ${name}`);
      return Array.from({ length: name === "node -e 0" ? 5 : 1 }, () => {
        prepare(place);
        return { step: name, ...withoutOutput(measure(commands(place), { ...settings, home: place.home })) };
      });
    }),
  );
}

function inFreshPlace(corpus, master, { work, mounts }, run) {
  const fresh = freshPlace(path.join(work, "cycles"), corpus.fileSystem, mounts);
  try {
    const root = fresh.folder;
    // Alone in its folder: some tools take the folder above for their workspace, and look through it.
    const workspace = path.join(root, "workspace");
    const home = path.join(root, "home");
    for (const folder of [workspace, home]) mkdirSync(folder);
    const tree = path.join(workspace, "tree");
    spawnSync("cp", ["-a", path.join(master, "first"), tree]);
    return run({
      root,
      workspace,
      tree,
      home,
      store: path.join(root, "store"),
      scratch: root,
      fileSystem: fresh.fileSystem,
    });
  } finally {
    fresh.remove();
  }
}

/** What others have yet to write must not slow down this step, and the first reading of the tree is nobody's cost. */
function prepare({ tree }) {
  spawnSync("sh", ["-c", "find . -type f -print0 | xargs -0 -r cat > /dev/null"], { cwd: tree });
  spawnSync("sync");
}

function withoutOutput({ stdout: _, ...used }) {
  return used;
}

function failureOf(error) {
  if (error instanceof StepFailed) return error.message;
  throw error;
}

class Cycle {
  #corpus;
  #master;
  #place;
  #settings;
  #part;
  /** What names what the tree holds now. */
  #label = "first";
  #target;

  constructor(contender, corpus, master, place, settings) {
    this.#corpus = corpus;
    this.#master = master;
    this.#place = place;
    this.#settings = settings;
    this.#part = contender.begin(place);
    this.#target = path.join(place.root, "out");
  }

  run() {
    const rows = this.#initRows();
    if (rows.length > 0) return rows;
    for (const step of this.#corpus.steps) {
      const row = this.#step(step);
      if (row === undefined) continue;
      rows.push(row);
      // After a failed upload the later steps would measure something else.
      if (row.failed !== undefined && steps[step].does === "add") break;
    }
    return rows;
  }

  /** Making a store is not timed; where even that fails it is told. */
  #initRows() {
    try {
      measure(this.#part.init?.() ?? [], this.#measuring);
      return [];
    } catch (error) {
      return [{ step: "first", failed: failureOf(error) }];
    }
  }

  get #measuring() {
    return { home: this.#place.home, limitSeconds: this.#settings.limitSeconds };
  }

  #step(step) {
    const { does } = steps[step];
    if (this.#part[does] === undefined) return undefined;
    const change = this.#corpus.changes[step];
    if (change !== undefined) {
      change.make(this.#place.tree, this.#master);
      this.#label = step;
    }
    this.#settings.say(`  ${step}`);
    prepare(this.#place);
    try {
      return { step, ...this.#measured(does, step) };
    } catch (error) {
      const failed = failureOf(error);
      this.#settings.say(`  failed: ${failed}`);
      return { step, failed };
    }
  }

  #measured(does, step) {
    if (does === "add") {
      const label = step === "unchanged" ? "unchanged" : this.#label;
      const used = measure(this.#part.add(label), this.#measuring);
      return { ...withoutOutput(used), ...this.#part.added?.(label, used.stdout), store: this.#storeSize() };
    }
    if (does === "verify")
      return { ...withoutOutput(measure(this.#part.verify(), this.#measuring)), store: this.#storeSize() };
    const label = step === "switch" || this.#corpus.name === "npm" ? this.#label : "first";
    if (step !== "switch") this.#emptyTarget();
    const used = withoutOutput(measure(this.#part[does](label, this.#target), this.#measuring));
    return { ...used, ...(this.#settings.check && { differences: this.#differences(label) }) };
  }

  #storeSize() {
    return sizeOf(this.#part.store ?? this.#place.store);
  }

  #emptyTarget() {
    rmSync(this.#target, { recursive: true, force: true });
    mkdirSync(this.#target);
  }

  /** How many paths of the download differ from their source, by `diff`. */
  #differences(label) {
    const { tree, root } = this.#place;
    const source = label === this.#label ? tree : path.join(this.#master, "first");
    const target = this.#part.restored?.(this.#target) ?? this.#target;
    if (!existsSync(target)) throw new StepFailed("nothing was written");
    const without = this.#part.foreign === undefined ? [] : ["-x", this.#part.foreign];
    const { stdout } = spawnSync("diff", ["-rq", "--no-dereference", ...without, source, target], {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return stdout.split("\n").length - 1;
  }
}
