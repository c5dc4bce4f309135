/** Runs a command that was understood: opens its store, listens for signals, and tells what went wrong. */

import { setMaxListeners } from "node:events";
import { makeTemporaryFolder, type TemporaryFolder } from "../platform/index.ts";
import { Store, storeExists } from "../store/index.ts";
import type { Run } from "./command.ts";
import { readContext } from "./context.ts";
import { Output } from "./output.ts";
import type { ParsedCommand } from "./parse.ts";
import { remoteOpener } from "./remote-opening.ts";
import { safe } from "./text.ts";

/** Exit codes of signals: 128 and the signal's number. */
const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** What a command is aborted with when a signal asks for its end. */
class Stopped extends Error {
  readonly exitCode: number;

  constructor(signal: keyof typeof signalCodes) {
    super(`stopped by ${signal}`);
    this.exitCode = signalCodes[signal];
  }
}

/** Runs a command. @returns the exit code */
export async function runCommand({ spec, call }: ParsedCommand & { kind: "command" }): Promise<number> {
  const output = new Output(call, process.env);
  const stop = new AbortController();
  // Many calls at once listen to it: that is no leak.
  setMaxListeners(0, stop.signal);
  const signals = listenForSignals(stop);
  let store: Store | undefined;
  let pretended: TemporaryFolder | undefined;
  try {
    const context = readContext(call, spec.passesOverSettings);
    const run: Run = {
      command: spec.name,
      call,
      context,
      output,
      signal: stop.signal,
      async open(options = {}) {
        const isNew = !storeExists(context.store.value);
        if (options.pretend === true && isNew) {
          pretended = await makeTemporaryFolder("artifold-dry-run-");
        }
        store = await openStore(
          run,
          pretended?.path ?? context.store.value,
          options.create === true || pretended !== undefined,
        );
        if (options.create === true && isNew) output.note(`made a store in ${safe(store.folder)}`);
        return store;
      },
      takeSignals(handler) {
        signals.take(handler);
      },
    };
    const { run: runner } = await spec.load();
    return await runner(run);
  } catch (error) {
    if (!(error instanceof Stopped)) return output.error(error);
    output.stopped(error.message, spec.whenStopped);
    return error.exitCode;
  } finally {
    output.end();
    await store?.close();
    await pretended?.remove();
  }
}

async function openStore(run: Run, place: string, create: boolean): Promise<Store> {
  const { context, call, output, signal } = run;
  const { user } = context.settings;
  const store = await Store.open(place, {
    create,
    ...(user !== undefined && { user: user.value }),
    settings: context.settings,
    openRemote: remoteOpener(context, output),
    trustOwner: call.flag("trust-owner"),
    allowNetworkFileSystem:
      call.flag("allow-network-file-system") || Boolean(context.environment["ARTIFOLD_ALLOW_NETWORK_FILE_SYSTEM"]),
    signal,
    onProgress: output.onProgress,
  });
  for (const damage of store.damage) {
    output.warn(
      `${safe(damage.file)} is damaged at ${damage.offset}: ${safe(damage.reason)}. Run \`artifold verify\`.`,
    );
  }
  return store;
}

/** Signals that mean something to programs, and end artifold where nobody takes them. */
const otherSignals = ["SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/** The first signal ends the command at a safe point; a second one at once, which is as safe as a crash. */
function listenForSignals(stop: AbortController): { take(handler: (signal: NodeJS.Signals) => void): void } {
  let taken: ((signal: NodeJS.Signals) => void) | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (taken !== undefined) taken(signal);
      else if (stop.signal.aborted) process.exit(signalCodes[signal]);
      else stop.abort(new Stopped(signal));
    });
  }
  return {
    take(handler) {
      taken = handler;
      for (const signal of otherSignals) process.on(signal, () => handler(signal));
    },
  };
}
