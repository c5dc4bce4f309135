/** `complete`: what the completion scripts of shells ask. Prints one candidate a line; says nothing when it knows nothing. */
import { type ArtifactSummary, parseRef, resolveStore, Store, storeExists, type Version } from "../store/index.ts";
import { type Completion, commonOptions, type OptionSpec, type Run } from "./command.ts";
import { isFolderOperand } from "./common.ts";
import { findCommand, leadingOptions, optionsOf } from "./parse.ts";
import { commands } from "./table.ts";

/** Tells the shell to complete file names itself. */
const FILES = ":files";
const FOLDERS = ":folders";

/** What stands before the word that is completed. */
interface Line {
  /** The command; empty while there is none. */
  readonly command: string;
  /** Its arguments, without options and their values. */
  readonly args: readonly string[];
  /** The value of an option, wherever it stands. */
  readonly option: (name: string) => string | undefined;
}

export async function run(run: Run): Promise<number> {
  const words = run.call.args;
  const lines = await candidates(run, words.slice(0, -1), words.at(-1) ?? "");
  run.output.write(lines.map((line) => `${line}\n`).join(""));
  return 0;
}

/** Candidates for the last word of a command line. */
async function candidates(run: Run, before: readonly string[], word: string): Promise<string[]> {
  const { leading, rest: own } = leadingOptions(before);
  if (own.length === 0) {
    const pending = optionAwaitingValue(commonOptions, leading);
    if (pending !== undefined) return fill(run, lineOf("", commonOptions, leading), pending.complete, word);
    return word.startsWith("-") ? optionWords(commonOptions, word) : commandWords([], word);
  }
  if (own[0] === "help") return commandWords(own.slice(1), word);
  const found = findCommand(own);
  if (found === undefined || (own.length === 1 && isFirstOfTwo(own[0] as string))) return commandWords(own, word);
  const { spec, rest } = found;
  const line = lineOf(spec.name, optionsOf(spec), [...leading, ...rest]);
  const pending = optionAwaitingValue(optionsOf(spec), rest);
  if (pending !== undefined) return fill(run, line, pending.complete, word);
  if (word.startsWith("-")) return optionWords(optionsOf(spec), word);
  const position = line.args.length;
  const argument = spec.args[Math.min(position, spec.args.length - 1)];
  return argument === undefined || (position >= spec.args.length && argument.many !== true)
    ? []
    : fill(run, line, argument.complete, word);
}

/** Tells options and arguments apart. */
function lineOf(command: string, options: readonly OptionSpec[], words: readonly string[]): Line {
  const args: string[] = [];
  const values = new Map<string, string>();
  words.forEach((word, at) => {
    const taker = optionAwaitingValue(options, words.slice(0, at));
    const [, name, value] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
    if (taker !== undefined) values.set(taker.name, word);
    else if (name !== undefined) values.set(name, value as string);
    else if (!word.startsWith("-")) args.push(word);
  });
  return { command, args, option: (name) => values.get(name) };
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
  return startingWith(word, [...names, ...(before.length === 0 ? ["help"] : [])]);
}

function optionWords(options: readonly OptionSpec[], word: string): string[] {
  return startingWith(
    word,
    options.filter((option) => option.hidden !== true).map((option) => `--${option.name}`),
  );
}

/** The option whose value comes next, if the last word is one that takes a value. */
function optionAwaitingValue(options: readonly OptionSpec[], words: readonly string[]): OptionSpec | undefined {
  const last = words.at(-1);
  if (last === undefined || !last.startsWith("-") || last.includes("=")) return undefined;
  return options.find(
    (option) => option.value !== undefined && (last === `--${option.name}` || last === `-${option.short}`),
  );
}

async function fill(run: Run, line: Line, completion: Completion | undefined, word: string): Promise<string[]> {
  if (completion === undefined) return [];
  if (completion === "file") return [FILES];
  if (completion === "folder") return [FOLDERS];
  if (typeof completion !== "string") return startingWith(word, completion);
  if ((completion === "ref or folder" || completion === "remote") && isFolderOperand(word)) return [FOLDERS];
  return fromStore(run, line, completion, word);
}

/** Names that the store knows. A store that cannot be opened offers nothing: completion never complains. */
async function fromStore(run: Run, line: Line, completion: Completion & string, word: string): Promise<string[]> {
  const { environment, cwd } = run.context;
  const place = resolveStore({ store: line.option("store"), environment, cwd }).value;
  let store: Store;
  try {
    if (!storeExists(place)) return [];
    store = await Store.open(place, { create: false, lockWaitMs: 100, workers: 0, settings: run.context.settings });
  } catch {
    return [];
  }
  try {
    return startingWith(word, await names(store, line, completion, word));
  } finally {
    await store.close();
  }
}

async function names(store: Store, line: Line, completion: Completion & string, word: string): Promise<string[]> {
  if (completion === "run") return runNames(store);
  if (completion === "remote") return (await store.remotes.list()).map(({ name }) => name);
  if (completion === "tag") return tags(store, line);
  const artifacts = await artifactsOf(store);
  switch (completion) {
    case "artifact":
      return artifacts.map((artifact) => artifact.name);
    case "type":
      return artifacts.map((artifact) => artifact.type);
    case "team":
      return artifacts.map((artifact) => artifact.team);
    case "experiment":
      return artifacts.map((artifact) => artifact.experiment);
    default:
      return refs(store, line, artifacts, word);
  }
}

async function artifactsOf(store: Store, filter: { readonly name?: string } = {}): Promise<ArtifactSummary[]> {
  const artifacts: ArtifactSummary[] = [];
  for await (const artifact of store.artifacts(filter)) artifacts.push(artifact);
  return artifacts;
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

/** Tags of the artifact that is meant; to take one away, of the version; for a version to download, its numbers too. */
async function tags(store: Store, line: Line): Promise<string[]> {
  const address = line.args[0] ?? line.option("name") ?? "";
  if (line.command === "untag") {
    return (await ofEachType(store, line, address, (type) => store.resolve(address, type))).flatMap(({ tags }) => tags);
  }
  const versions = (await ofEachType(store, line, address, (type) => listed(store, address, type))).flat();
  const found = versions.flatMap((version) => version.tags);
  return line.command === "tag" ? found : [...found, ...versions.map(({ version }) => version), "latest"];
}

/** Names of artifacts; after a colon their tags; after a slash the folder below. */
async function refs(
  store: Store,
  line: Line,
  artifacts: readonly { team: string; experiment: string; name: string }[],
  word: string,
): Promise<string[]> {
  const colon = word.indexOf(":");
  if (colon === -1) return artifacts.flatMap(({ team, experiment, name }) => [name, `${team}/${experiment}/${name}`]);
  const slash = word.indexOf("/", colon);
  const address = word.slice(0, slash === -1 ? colon : slash);
  if (slash !== -1) {
    return (await ofEachType(store, line, address, (type) => paths(store, word, slash, type))).flat();
  }
  const versions = (await ofEachType(store, line, address, (type) => listed(store, address, type))).flat();
  const found = versions.flatMap(({ version, tags }) => [version, ...tags]);
  return versions.length === 0 ? [] : [...found, "latest"].map((tag) => `${address}:${tag}`);
}

/** Which of the artifacts with one name is meant. */
type Type = { readonly team?: string; readonly experiment?: string; readonly type: string };

/** Asks for the type that --type names, else for each type that the name has. What is not there answers nothing. */
async function ofEachType<Answer>(
  store: Store,
  line: Line,
  address: string,
  ask: (type: Type) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const [team, experiment, given] = ["team", "experiment", "type"].map(line.option);
  const place = { ...(team !== undefined && { team }), ...(experiment !== undefined && { experiment }) };
  try {
    const { name } = parseRef(address);
    const types = given === undefined ? (await artifactsOf(store, { name })).map(({ type }) => type) : [given];
    for (const type of new Set(types)) {
      // One type may lack what another one has.
      await ask({ ...place, type }).then(
        (answer) => answers.push(answer),
        () => {},
      );
    }
  } catch {
    // No address yet.
  }
  return answers;
}

async function listed(store: Store, address: string, type: Type): Promise<Version[]> {
  const versions: Version[] = [];
  for await (const version of store.versions(address, type)) versions.push(version);
  return versions;
}

async function paths(store: Store, word: string, slash: number, type: Type): Promise<string[]> {
  const version = await store.resolve(word.slice(0, slash), type);
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
