/** Runs the built command as users do: a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The built command. */
export const commandPath: string = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

/** What a process left when it ended. */
export interface Ended {
  /** Exit code; null for a process that a signal ended. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Where the user's settings are not, unless a test gives a place for its own. */
const noSettings = path.join(tmpdir(), `artifold-no-settings-${process.pid}`);

/** Starts the command on a store. */
export function startCommand(
  store: string,
  args: readonly string[],
  cwd?: string,
  environment: NodeJS.ProcessEnv = {},
): Running {
  const child = spawn(process.execPath, [commandPath, ...args], {
    cwd,
    env: {
      ...process.env,
      XDG_CONFIG_HOME: noSettings,
      APPDATA: noSettings,
      ARTIFOLD_STORE: store,
      NO_COLOR: "1",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on("data", (bytes: Buffer) => out.push(bytes));
  child.stderr?.on("data", (bytes: Buffer) => err.push(bytes));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
  return { child, ended };
}

/** Runs the command to its end. */
export function command(
  store: string,
  args: readonly string[],
  cwd?: string,
  environment?: NodeJS.ProcessEnv,
): Promise<Ended> {
  return startCommand(store, args, cwd, environment).ended;
}

/** Runs the command with `--json`, and gives what it printed. */
export async function commandJson<Result>(
  store: string,
  args: readonly string[],
  cwd?: string,
  environment?: NodeJS.ProcessEnv,
): Promise<Result> {
  const { code, stdout, stderr } = await command(store, [...args, "--json"], cwd, environment);
  if (stdout === "") throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}
