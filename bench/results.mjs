/** All that was measured, in one JSON file that is written anew after each cycle, so that a run can be stopped and go on. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

/**
 * Results: `about` (machine, date, versions, commands), `corpora` (what each is, or why it is missing), `missing` (peers), and
 * `cycles`, each with `corpus`, `round`, `who`, and `rows` of steps.
 */
export class Results {
  #file;
  #all;

  constructor(file, all) {
    this.#file = file;
    this.#all = all;
  }

  /** Reads what is there. */
  static read(file) {
    return new Results(file, JSON.parse(readFileSync(file, "utf8")));
  }

  /** Goes on with what is there, if that was measured alike; begins where nothing is. */
  static open(file, about) {
    if (!existsSync(file)) return new Results(file, { about, corpora: {}, missing: [], cycles: [] });
    const results = Results.read(file);
    for (const key of ["scale", "artifold", "cpu", "node"]) {
      if (results.about[key] !== about[key]) {
        throw new Error(
          `${file} was measured with ${key} ${results.about[key]}, not ${about[key]}: name another with --results`,
        );
      }
    }
    const contenders = { ...results.about.contenders, ...about.contenders };
    const commands = [...new Set([...results.about.commands, ...about.commands])];
    Object.assign(results.about, about, { contenders, commands });
    return results;
  }

  get about() {
    return this.#all.about;
  }

  get corpora() {
    return this.#all.corpora;
  }

  get missing() {
    return this.#all.missing;
  }

  set missing(peers) {
    this.#all.missing = peers;
  }

  get cycles() {
    return this.#all.cycles;
  }

  has(corpus, round, who) {
    return this.cycles.some((cycle) => cycle.corpus === corpus && cycle.round === round && cycle.who === who);
  }

  save() {
    mkdirSync(path.dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.#all, undefined, 1));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** The machine, and what is measured on it. */
export function describe(options, root, mounts, contenders) {
  const [cpu] = os.cpus();
  const git = (...args) => spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout.trim();
  const dirty = git("status", "--porcelain", "--", "src", "package.json") === "" ? "" : ", changed";
  return {
    date: new Date().toISOString().slice(0, 10),
    scale: options.scale,
    artifold: `${git("rev-parse", "--short", "HEAD")}${dirty}`,
    node: process.version,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    cpu: `${os.cpus().length} × ${cpu?.model.trim() ?? "unknown"}`,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    loadAtStart: os.loadavg()[0],
    mounts,
    commands: [commandLine(process.argv.slice(2))],
    contenders: Object.fromEntries(contenders.map(({ name, version, note }) => [name, { version, note }])),
  };
}

/** The command, without the places of this machine. */
function commandLine(args) {
  const isPlace = (arg) => ["--work", "--docs", "--results"].includes(arg);
  const shown = args.filter((arg, at) => !isPlace(arg) && !isPlace(args[at - 1]));
  return ["npm run bench", ...(shown.length > 0 ? ["--", ...shown] : [])].join(" ");
}
