/** The command: finds what was called, runs it, and ends with its exit code. */
import type { Call } from "./call.ts";
import { Output } from "./output.ts";
import { type ParsedCommand, parseCommandLine } from "./parse.ts";

const words = process.argv.slice(2);

/** What is known of a call that could not be understood: how its error is to be printed. */
const unparsedCall: Call = {
  args: [],
  text: () => undefined,
  list: () => [],
  flag: (name) => words.includes(`--${name}`),
};

async function main(): Promise<number> {
  let parsed: ParsedCommand;
  try {
    parsed = parseCommandLine(words, process.stdout.columns);
  } catch (error) {
    return new Output(unparsedCall, process.env).error(error);
  }
  if (parsed.kind === "text") {
    // Help that nobody asked for is no result.
    (parsed.exitCode === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.exitCode;
  }
  // Loaded here: help and the version are told without the store.
  const { runCommand } = await import("./run-command.ts");
  return runCommand(parsed);
}

/** Ends with an error that nothing else caught, in words and without a stack. */
function fail(error: unknown): never {
  process.exit(new Output(unparsedCall, process.env).error(error));
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
// Whoever reads our output may stop reading: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(`error: the output cannot be written: ${error.code ?? error.message}\n`);
  process.exit(1);
});
// Without anybody to read messages, the work itself goes on.
process.stderr.on("error", () => {});

main().then((code) => {
  process.exitCode = code;
}, fail);
