/** Help, made from the table of commands. */
import { type ArgumentSpec, type CommandSpec, commonOptions, type OptionSpec } from "./command.ts";
import { commands } from "./table.ts";
import { wrapColumns } from "./text.ts";

/** How wide help is where nothing is known of a terminal, and at most. */
const COLUMNS = 80;
const COLUMNS_MAX = 120;

// Put in by the build, from package.json.
declare const ARTIFOLD_VERSION: string | undefined;

/** The version of artifold. */
export function versionText(): string {
  return typeof ARTIFOLD_VERSION === "undefined" ? "from source" : ARTIFOLD_VERSION;
}

/** Help of the whole command. */
export function helpOfAll(columns: number = COLUMNS): string {
  const width = Math.min(columns, COLUMNS_MAX);
  const rows = commands
    .filter((command) => command.hidden !== true)
    .map((command) => [`  ${command.name}`, command.help]);
  return `artifold ${versionText()}: versions of folders, content-addressed and local first

Usage: artifold COMMAND [ARGUMENTS] [OPTIONS]

Commands:
${wrapColumns(rows, width).join("\n")}

Options of every command:
${optionRows(commonOptions, width)}

An address is [team/experiment/]name[:tag|@digest]: sample, sample:V2,
sample:prod or sample@1f2e3d4c. The path of a file in a version follows its
tag: sample:V2/train/a.csv.
\`artifold COMMAND --help\` tells more,
\`artifold --version\` (-V) which one this is.
`;
}

/** Help of one command. */
export function helpOfCommand(spec: CommandSpec, columns: number = COLUMNS): string {
  const width = Math.min(columns, COLUMNS_MAX);
  const own = spec.options.filter((option) => option.hidden !== true);
  const required = own.filter((option) => option.required === true).map((option) => `--${option.name} ${option.value}`);
  const [last, first] = [spec.args.filter(isLast), spec.args.filter((arg) => !isLast(arg))];
  const words = [...first.map(argumentText), ...required, "[OPTIONS]", ...last.map((arg) => `-- ${argumentText(arg)}`)];
  const usage = ["artifold", spec.name, ...words].join(" ");
  const sections = [`${capital(spec.help)}.`, `Usage: ${usage}`];
  if (own.length > 0) sections.push(`Options:\n${optionRows(own, width)}`);
  sections.push(`Options of every command:\n${optionRows(commonOptions, width)}`);
  return `${sections.join("\n\n")}\n`;
}

function isLast(arg: ArgumentSpec): boolean {
  return arg.afterDashes === true;
}

function argumentText(arg: ArgumentSpec): string {
  const text = arg.many === true ? `${arg.name}…` : arg.name;
  return arg.optional === true ? `[${text}]` : text;
}

function optionRows(options: readonly OptionSpec[], width: number): string {
  const rows = options.map((option) => {
    const short = option.short === undefined ? "    " : `-${option.short}, `;
    const value = option.value === undefined ? "" : ` ${option.value}`;
    return [`  ${short}--${option.name}${value}`, `${option.help}${option.many === true ? " (repeatable)" : ""}`];
  });
  return wrapColumns(rows, width).join("\n");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
