/** Reads a command line by the table of commands. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { ArtifoldError } from "../errors.ts";
import type { Call } from "./call.ts";
import { type CommandSpec, commonOptions, type OptionSpec } from "./command.ts";
import { helpOfAll, helpOfCommand, versionText } from "./help.ts";
import { commands } from "./table.ts";

/** What a command line asks for: a command, or a text to print. */
export type ParsedCommand =
  | { readonly kind: "command"; readonly spec: CommandSpec; readonly call: Call }
  | { readonly kind: "text"; readonly text: string; readonly exitCode: number };

/**
 * Parses the words after the program's name.
 *
 * @param columns how wide help may be
 * @throws ArtifoldError USAGE
 */
export function parseCommandLine(words: readonly string[], columns?: number): ParsedCommand {
  const { leading, rest: own } = leadingOptions(words);
  const [first] = own;
  if (first === undefined) return withoutCommand(leading, columns);
  if (first === "--version" || first === "-V") return { kind: "text", text: `${versionText()}\n`, exitCode: 0 };
  if (first === "--help" || first === "-h") return { kind: "text", text: helpOfAll(columns), exitCode: 0 };
  if (first === "help") return helpFor(own.slice(1), columns);
  const found = findCommand(own);
  if (found === undefined) throw unknownCommand(own);
  const { spec, rest } = found;
  const call = parseCall(spec, [...leading, ...rest]);
  if (call.flag("help")) return { kind: "text", text: helpOfCommand(spec, columns), exitCode: 0 };
  checkArguments(spec, call);
  return { kind: "command", spec, call };
}

/** Options that every command has may stand before it too: `artifold --store DIR ls`. */
export function leadingOptions(words: readonly string[]): {
  readonly leading: readonly string[];
  readonly rest: readonly string[];
} {
  let count = 0;
  for (;;) {
    const word = words[count] ?? "";
    const option = commonOptions.find(
      ({ name, short }) => word === `--${name}` || word.startsWith(`--${name}=`) || word === `-${short}`,
    );
    if (option === undefined || option.name === "help") break;
    count += option.value !== undefined && !word.includes("=") ? 2 : 1;
  }
  return { leading: words.slice(0, count), rest: words.slice(count) };
}

/** Options alone ask for nothing: a person is helped on, a program gets an error. */
function withoutCommand(options: readonly string[], columns: number | undefined): ParsedCommand {
  const call = parseOptions({ args: [], options: [] }, options, "help");
  if (!call.flag("json")) return { kind: "text", text: helpOfAll(columns), exitCode: 2 };
  throw new ArtifoldError("USAGE", "no command is named", { hint: "`artifold help` lists them." });
}

function helpFor(words: readonly string[], columns: number | undefined): ParsedCommand {
  if (words.length === 0) return { kind: "text", text: helpOfAll(columns), exitCode: 0 };
  const found = findCommand(words);
  if (found === undefined) throw unknownCommand(words);
  return { kind: "text", text: helpOfCommand(found.spec, columns), exitCode: 0 };
}

function unknownCommand([first = "", second]: readonly string[]): ArtifoldError {
  const of = commands.filter((command) => command.name.startsWith(`${first} `) && command.hidden !== true);
  if (of.length > 0) {
    return new ArtifoldError("USAGE", `${first} is not a command by itself`, {
      hint: `There is ${of.map((command) => `\`artifold ${command.name}\``).join(", ")}.`,
    });
  }
  const name = commands.some((command) => command.name.startsWith(`${first} `)) ? `${first} ${second ?? ""}` : first;
  return new ArtifoldError("USAGE", `there is no command ${JSON.stringify(name.trim())}`, { hint: suggestion(first) });
}

/** Finds the command that words begin with, of two words or of one. */
export function findCommand(
  words: readonly string[],
): { readonly spec: CommandSpec; readonly rest: readonly string[] } | undefined {
  for (const count of [2, 1]) {
    const name = words.slice(0, count).join(" ");
    const spec = commands.find((command) => command.name === name);
    if (spec !== undefined) return { spec, rest: words.slice(count) };
  }
  return undefined;
}

/** All options of a command, those that every command has included. */
export function optionsOf(spec: Pick<CommandSpec, "options">): readonly OptionSpec[] {
  const own = new Set(spec.options.map((option) => option.name));
  return [...spec.options, ...commonOptions.filter((option) => !own.has(option.name))];
}

/** Reads options and arguments; of a command with something after "--" all that stands there as it is. */
function parseCall(spec: CommandSpec, words: readonly string[]): Call {
  const help = `${spec.name} --help`;
  if (!spec.args.some((arg) => arg.afterDashes === true)) return parseOptions(spec, words, help);
  const dashes = words.indexOf("--");
  const call = parseOptions(spec, dashes === -1 ? words : words.slice(0, dashes), help);
  const [first] = call.args;
  if (first !== undefined) {
    const near = commands.find((command) => command.name === `${spec.name}s ${first}`);
    throw new ArtifoldError("USAGE", `${spec.name}: ${JSON.stringify(first)} stands before --`, {
      hint: `Write \`artifold ${near?.name ?? `${spec.name} -- ${call.args.join(" ")}`}\`.`,
    });
  }
  return { ...call, args: dashes === -1 ? [] : words.slice(dashes + 1) };
}

/** @param help how the help is asked for that lists the options */
function parseOptions(spec: Pick<CommandSpec, "args" | "options">, words: readonly string[], help: string): Call {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const option of optionsOf(spec)) {
    options[option.name] = {
      type: option.value === undefined ? "boolean" : "string",
      multiple: option.many === true,
      ...(option.short !== undefined && { short: option.short }),
    };
  }
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
    refuseEmpty(spec, values, positionals);
    return {
      args: positionals,
      text: (name) => {
        const value = values[name];
        return typeof value === "string" ? value : undefined;
      },
      list: (name) => (values[name] as string[] | undefined) ?? [],
      flag: (name) => values[name] === true,
    };
  } catch (error) {
    if (error instanceof ArtifoldError) throw error;
    // Of what Node says, the first sentence: the rest are ways to write it that few mean.
    const [message] = (error as Error).message.split(/\.\s/);
    const hint = /ambiguous/.test(message as string)
      ? dashedValue(spec, words, message as string)
      : nearOption(spec, /'--([^' ]+)/.exec(message as string)?.[1]);
    throw new ArtifoldError("USAGE", lowerFirst(message as string), {
      cause: error,
      hint: hint ?? `\`artifold ${help}\` lists the options.`,
    });
  }
}

/** An empty folder would be the working folder, and an empty name none at all: what a variable is that was not set. */
function refuseEmpty(
  spec: Pick<CommandSpec, "args" | "options">,
  values: { [name: string]: unknown },
  args: readonly string[],
): void {
  const empty = optionsOf(spec).find(
    ({ name, mayBeEmpty }) => mayBeEmpty !== true && [values[name]].flat().includes(""),
  );
  const isEmptyMeant = spec.args.some(({ mayBeEmpty }) => mayBeEmpty === true);
  if (empty === undefined && (isEmptyMeant || !args.includes(""))) return;
  const what = empty === undefined ? "an argument" : `--${empty.name}`;
  throw new ArtifoldError("USAGE", `${what} is empty`, {
    hint: "Perhaps it is a variable of the shell that is not set.",
  });
}

/** How an option is given a value that begins with a hyphen, where that is what was meant. */
function dashedValue(
  spec: Pick<CommandSpec, "options">,
  words: readonly string[],
  message: string,
): string | undefined {
  const given = /'(-[^' ]+)/.exec(message)?.[1];
  const option = optionsOf(spec).find(({ name, short }) => given === `--${name}` || given === `-${short}`);
  const value = given === undefined ? undefined : words[words.indexOf(given) + 1];
  if (option === undefined || value === undefined) return undefined;
  return `If ${value} is its value, write --${option.name}=${value}.`;
}

/** The option that was perhaps meant by an unknown one. */
function nearOption(spec: Pick<CommandSpec, "options">, word: string | undefined): string | undefined {
  const names = optionsOf(spec).map((option) => option.name);
  if (word === undefined || names.includes(word)) return undefined;
  const near = names.filter((name) => distance(name, word) <= 2);
  return near.length === 0 ? undefined : `Did you mean ${near.map((name) => `--${name}`).join(" or ")}?`;
}

function checkArguments(spec: CommandSpec, call: Call): void {
  const least = spec.args.filter((arg) => arg.optional !== true).length;
  const most = spec.args.some((arg) => arg.many === true) ? Number.POSITIVE_INFINITY : spec.args.length;
  if (call.args.length >= least && call.args.length <= most) return;
  const missing = spec.args[call.args.length]?.name;
  const problem =
    call.args.length < least ? `${missing} is missing` : `${JSON.stringify(call.args[most])} is one too many`;
  throw new ArtifoldError("USAGE", `${spec.name}: ${problem}`, {
    hint: `\`artifold ${spec.name} --help\` shows how it is called.`,
  });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The command that was perhaps meant. */
function suggestion(word: string): string {
  const near = commands.filter((command) => command.hidden !== true && distance(command.name, word) <= 2);
  return near.length === 0
    ? "`artifold help` lists the commands."
    : `Did you mean ${near.map((each) => each.name).join(" or ")}?`;
}

/** Levenshtein distance. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const same = left[i - 1] === right[j - 1] ? 0 : 1;
      next[j] = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + same);
    }
    row = next;
  }
  return row[right.length] as number;
}
