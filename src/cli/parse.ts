/** Reads a command line by the table of commands. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { ArtifoldError } from "../errors.ts";
import { type Call, type CommandSpec, commonOptions, type OptionSpec } from "./command.ts";
import { helpOfAll, helpOfCommand, versionText } from "./help.ts";
import { commands } from "./table.ts";

/** What a command line asks for: a command, or a text to print. */
export type ParsedCommand =
  | { readonly kind: "command"; readonly spec: CommandSpec; readonly call: Call }
  | { readonly kind: "text"; readonly text: string; readonly exitCode: number };

/** Parses the words after the program's name. @throws ArtifoldError USAGE */
export function parseCommandLine(words: readonly string[]): ParsedCommand {
  const [first] = words;
  if (first === undefined) return { kind: "text", text: helpOfAll(), exitCode: 2 };
  if (first === "--version" || first === "-V") return { kind: "text", text: `${versionText()}\n`, exitCode: 0 };
  if (first === "--help" || first === "-h") return { kind: "text", text: helpOfAll(), exitCode: 0 };
  if (first === "help") return helpFor(words.slice(1));
  const found = findCommand(words);
  if (found === undefined) {
    throw new ArtifoldError("USAGE", `there is no command ${JSON.stringify(first)}`, { hint: suggestion(first) });
  }
  const { spec, rest } = found;
  const call = parseOptions(spec, rest);
  if (call.flag("help")) return { kind: "text", text: helpOfCommand(spec), exitCode: 0 };
  checkArguments(spec, call);
  return { kind: "command", spec, call };
}

function helpFor(words: readonly string[]): ParsedCommand {
  const found = findCommand(words);
  return { kind: "text", text: found === undefined ? helpOfAll() : helpOfCommand(found.spec), exitCode: 0 };
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
export function optionsOf(spec: CommandSpec): readonly OptionSpec[] {
  const own = new Set(spec.options.map((option) => option.name));
  return [...spec.options, ...commonOptions.filter((option) => !own.has(option.name))];
}

function parseOptions(spec: CommandSpec, words: readonly string[]): Call {
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
    const [message] = (error as Error).message.split(". ");
    throw new ArtifoldError("USAGE", lowerFirst(message as string), {
      cause: error,
      hint: `\`artifold ${spec.name} --help\` lists the options.`,
    });
  }
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
