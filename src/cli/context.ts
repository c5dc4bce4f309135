/** What a command finds around it: environment, settings, terminal. Read here and nowhere else. */
import type { ArtifoldError } from "../errors.ts";
import { type ResolveInput, resolveSettings, resolveStore, type Setting, type Settings } from "../store/index.ts";
import type { Call } from "./call.ts";

/** The surroundings of one call. */
export interface Context {
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Which store is meant, and why. */
  readonly store: Setting<string>;
  readonly settings: Settings;
  /** What is wrong with settings, for commands that run all the same. */
  readonly problems: readonly ArtifoldError[];
  /** What --team and --experiment say. */
  readonly flags: { readonly team?: string; readonly experiment?: string };
}

/**
 * Reads the surroundings.
 *
 * @param passesOver whether settings that cannot be read are told of in the context, and else throw
 */
export function readContext(call: Call, passesOver = false): Context {
  const input: ResolveInput = { store: call.text("store"), environment: process.env, cwd: process.cwd() };
  // `init` takes the page's words as well.
  const team = call.text("team") ?? call.text("team_name");
  const experiment = call.text("experiment") ?? call.text("exp_name");
  const flags = { ...(team !== undefined && { team }), ...(experiment !== undefined && { experiment }) };
  const problems: ArtifoldError[] = [];
  return {
    environment: process.env,
    cwd: input.cwd,
    isTerminal: {
      // Asked when it is needed: to open what nobody reads from takes as long as to open a small store.
      get stdin() {
        return process.stdin.isTTY === true;
      },
      stdout: process.stdout.isTTY === true,
      stderr: process.stderr.isTTY === true,
    },
    store: resolveStore(input),
    settings: resolveSettings(flags, input, passesOver ? (problem) => problems.push(problem) : undefined),
    problems,
    flags,
  };
}
