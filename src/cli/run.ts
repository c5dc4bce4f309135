/** `run`: a run around any program, which ends as the program does. */
import os from "node:os";
import { errnoOf } from "../errors.ts";
import {
  type Run as BegunRun,
  type FinishOptions,
  parseHttpHost,
  RUN_VARIABLE,
  runUrl,
  type Store,
} from "../store/index.ts";
import type { Run } from "./command.ts";
import { parseMetadata } from "./common.ts";
import { describeState, runFacts } from "./run-text.ts";
import { safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, context, output } = run;
  const config = parseMetadata(call.list("config"));
  const httpHost = context.settings.httpHost.value;
  // Refused before anything begins.
  parseHttpHost(httpHost);
  const store = await run.open({ create: true });
  const name = call.text("run");
  const program = new Program(call.args, context.isTerminal);
  // From here on signals are the program's, and what becomes of it is written down.
  run.takeSignals((signal) => program.pass(signal));
  const begun = await store.startRun({
    team: context.settings.team.value,
    experiment: context.settings.experiment.value,
    ...(name !== undefined && { name }),
    config,
    command: call.args,
  });
  const url = runUrl(httpHost, begun);
  output.note(`run ${safe(begun.name)}: ${url}`);
  // Of a result that is one JSON document, nothing of the program's may be a part.
  const stdout = output.isJson ? process.stderr.fd : "inherit";
  const ended = await program.run({ ...context.environment, ...environmentOf(store, begun) }, stdout);
  if (ended.problem !== undefined) output.warn(ended.problem);
  try {
    await begun.finish(ended.ending);
  } catch (error) {
    // The program's own failure is what its caller has to know first.
    if (ended.exitCode === 0) throw error;
    output.error(error);
    return ended.exitCode;
  }
  if (output.isJson) output.result({ ...runFacts(begun), url, ref: begun.ref }, "", []);
  else output.note(`run ${safe(begun.name)} ${describeState(begun)}`);
  return ended.exitCode;
}

/** By which the program's own commands, and its use of the library, belong to the run. */
function environmentOf(store: Store, begun: BegunRun): NodeJS.ProcessEnv {
  return { ARTIFOLD_STORE: store.folder, [RUN_VARIABLE]: begun.ref };
}

/** How a program ended. */
interface ProgramEnd {
  /** What this command ends with. */
  readonly exitCode: number;
  readonly ending: FinishOptions;
  /** Why it could not even be started. */
  readonly problem?: string;
}

/** Exit codes of shells for a program that is not there, and for one that cannot be started. */
const NOT_THERE = 127;
const NOT_STARTED = 126;

/** Signals that ask for an end, the keys of a terminal first. Others mean what a program makes of them. */
const keySignals: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
const endSignals: readonly NodeJS.Signals[] = [...keySignals, "SIGTERM", "SIGHUP"];

class Program {
  readonly #command: readonly string[];
  readonly #isAtTerminal: boolean;
  readonly #heard = new Set<NodeJS.Signals>();
  #kill: ((signal: NodeJS.Signals) => void) | undefined;

  constructor(command: readonly string[], isTerminal: Run["context"]["isTerminal"]) {
    this.#command = command;
    this.#isAtTerminal = isTerminal.stdin || isTerminal.stdout || isTerminal.stderr;
  }

  /** Passes a signal on. One that asks for an end before the program was started keeps it from being started. */
  pass(signal: NodeJS.Signals): void {
    this.#heard.add(signal);
    // The keys of a terminal reach the program without us, and it should not hear them twice. On Windows they always do, and
    // whatever is sent there ends a program at once.
    if (keySignals.includes(signal) && (this.#isAtTerminal || process.platform === "win32")) return;
    this.#kill?.(signal);
  }

  async run(env: NodeJS.ProcessEnv, stdout: number | "inherit"): Promise<ProgramEnd> {
    const [file, ...args] = this.#command as [string, ...string[]];
    // Starts scripts on Windows too. Loaded here, for few commands need it.
    const { default: spawn } = await import("cross-spawn");
    const early = endSignals.find((signal) => this.#heard.has(signal));
    if (early !== undefined) return killedBy(early);
    return new Promise((resolve) => {
      const child = spawn(file, args, { env, stdio: ["inherit", stdout, "inherit"] });
      this.#kill = (signal) => void child.kill(signal);
      child.once("error", (error) => resolve(notStarted(file, error)));
      child.once("exit", (code, signal) =>
        resolve(code === null ? killedBy(signal as NodeJS.Signals) : this.#ended(code)),
      );
    });
  }

  /** A program that hears a signal may end by itself, and say by its exit code that the signal did it. */
  #ended(exitCode: number): ProgramEnd {
    const signal = [...this.#heard].find((each) => exitCode === exitCodeOf(each));
    return { exitCode, ending: signal === undefined ? { exitCode } : { state: "killed", exitCode, signal } };
  }
}

function killedBy(signal: NodeJS.Signals): ProgramEnd {
  return { exitCode: exitCodeOf(signal), ending: { state: "killed", signal } };
}

/** The exit code of shells for a program that a signal ended. */
function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + os.constants.signals[signal];
}

function notStarted(file: string, error: Error): ProgramEnd {
  const errno = errnoOf(error);
  const exitCode = errno === "ENOENT" ? NOT_THERE : NOT_STARTED;
  const reason = errno === "ENOENT" ? "there is no such program" : (errno ?? error.message);
  return { exitCode, ending: { exitCode }, problem: `${safe(file)} could not be started: ${safe(reason)}` };
}
