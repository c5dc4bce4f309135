/** `complete`: what the completion scripts of shells ask. Prints one candidate a line; says nothing when it knows nothing. */
import { type ArtifactSummary, Store, storeExists } from "../store/index.ts";
import { type CommandSpec, type Completion, commonOptions, type OptionSpec, type Run } from "./command.ts";
import { findCommand, optionsOf } from "./parse.ts";
import { commands } from "./table.ts";

/** Tells the shell to complete file names itself. */
const FILES = ":files";
const FOLDERS = ":folders";

export async function run(run: Run): Promise<number> {
  const words = run.call.args;
  const lines = await candidates(run, words.slice(0, -1), words.at(-1) ?? "");
  run.output.write(lines.map((line) => `${line}\n`).join(""));
  return 0;
}

/** Candidates for the last word of a command line. */
async function candidates(run: Run, before: readonly string[], word: string): Promise<string[]> {
  const found = findCommand(before);
  if (found === undefined || (before.length === 1 && isFirstOfTwo(before[0] as string)))
    return commandWords(before, word);
  const { spec, rest } = found;
  const pending = optionAwaitingValue(spec, rest);
  if (pending !== undefined) return fill(run, pending.complete, word);
  if (word.startsWith("-"))
    return startingWith(
      word,
      optionsOf(spec)
        .filter((option) => option.hidden !== true)
        .map((option) => `--${option.name}`),
    );
  const position = rest.filter(
    (each, index) => !each.startsWith("-") && optionAwaitingValue(spec, rest.slice(0, index)) === undefined,
  ).length;
  const argument = spec.args[Math.min(position, spec.args.length - 1)];
  return argument === undefined || (position >= spec.args.length && argument.many !== true)
    ? []
    : fill(run, argument.complete, word);
}

function isFirstOfTwo(word: string): boolean {
  return (
    commands.some((command) => command.name.startsWith(`${word} `)) &&
    !commands.some((command) => command.name === word)
  );
}

/** Names of commands; of those of two words one word at a time. */
function commandWords(before: readonly string[], word: string): string[] {
  const start = before.map((each) => `${each} `).join("");
  const names = commands
    .filter((command) => command.hidden !== true && command.name.startsWith(start))
    .map((command) => command.name.slice(start.length).split(" ")[0] as string);
  return startingWith(word, [...new Set([...names, ...(before.length === 0 ? ["help"] : [])])]);
}

/** The option whose value comes next, if the last word is one that takes a value. */
function optionAwaitingValue(spec: CommandSpec, rest: readonly string[]): OptionSpec | undefined {
  const last = rest.at(-1);
  if (last === undefined || !last.startsWith("-") || last.includes("=")) return undefined;
  return [...optionsOf(spec), ...commonOptions].find(
    (option) => option.value !== undefined && (last === `--${option.name}` || last === `-${option.short}`),
  );
}

async function fill(run: Run, completion: Completion | undefined, word: string): Promise<string[]> {
  if (completion === undefined) return [];
  if (completion === "file") return [FILES];
  if (completion === "folder") return [FOLDERS];
  if (typeof completion !== "string") return startingWith(word, completion);
  return fromStore(run, completion, word);
}

/** Names that the store knows. A store that cannot be opened offers nothing: completion never complains. */
async function fromStore(run: Run, completion: Completion & string, word: string): Promise<string[]> {
  let store: Store;
  try {
    if (!storeExists(run.context.store.value)) return [];
    store = await Store.open(run.context.store.value, { create: false, lockWaitMs: 100, workers: 0 });
  } catch {
    return [];
  }
  try {
    return startingWith(word, await names(store, completion, word));
  } finally {
    await store.close();
  }
}

async function names(store: Store, completion: Completion & string, word: string): Promise<string[]> {
  if (completion === "run") return runNames(store);
  if (completion === "remote") return (await store.remotes.list()).map(({ name }) => name);
  const artifacts: ArtifactSummary[] = [];
  for await (const artifact of store.artifacts()) artifacts.push(artifact);
  switch (completion) {
    case "artifact":
      return artifacts.map((artifact) => artifact.name);
    case "type":
      return artifacts.map((artifact) => artifact.type);
    case "team":
      return artifacts.map((artifact) => artifact.team);
    case "experiment":
      return artifacts.map((artifact) => artifact.experiment);
    case "ref":
      return refs(store, artifacts, word);
    default:
      return [];
  }
}

/** The newest runs are those that are asked for. */
const RUNS_MAX = 200;

async function runNames(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const run of store.runs()) {
    if (found.push(run.name) >= RUNS_MAX) break;
  }
  return found;
}

/** Names of artifacts; after a colon their tags; after a slash the folder below. */
async function refs(
  store: Store,
  artifacts: readonly { team: string; experiment: string; name: string }[],
  word: string,
): Promise<string[]> {
  const colon = word.indexOf(":");
  if (colon === -1) return artifacts.flatMap(({ team, experiment, name }) => [name, `${team}/${experiment}/${name}`]);
  const address = word.slice(0, colon);
  const slash = word.indexOf("/", colon);
  try {
    if (slash !== -1) return await paths(store, word, slash);
    const found: string[] = [];
    for await (const version of store.versions(address)) {
      found.push(`${address}:${version.version}`, ...version.tags.map((tag) => `${address}:${tag}`));
    }
    return [...found, `${address}:latest`];
  } catch {
    return [];
  }
}

async function paths(store: Store, word: string, slash: number): Promise<string[]> {
  const version = await store.resolve(word.slice(0, slash));
  const folder = word.slice(slash + 1, Math.max(slash + 1, word.lastIndexOf("/")));
  const found: string[] = [];
  for await (const item of version.list(folder)) {
    found.push(`${word.slice(0, slash)}/${item.path}${item.kind === "folder" ? "/" : ""}`);
  }
  return found;
}

function startingWith(word: string, all: readonly string[]): string[] {
  return [...new Set(all)].filter((each) => each.startsWith(word)).sort();
}
