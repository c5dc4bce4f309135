/** `finish`: ends a run, and takes it from the folder that it was current in. */
import { ArtifoldError } from "../errors.ts";
import { type Run as BegunRun, clearCurrentRun, type FinishOptions, type Store } from "../store/index.ts";
import type { Call } from "./call.ts";
import type { Run } from "./command.ts";
import { addressOf, nameOfRun } from "./current-run.ts";
import { describeState, runFacts } from "./run-text.ts";
import { safe } from "./text.ts";

/** Windows has 32 bits for them. */
const EXIT_CODE_MAX = process.platform === "win32" ? 0xff_ff_ff_ff : 255;

export async function run(run: Run): Promise<number> {
  const { call, context, output } = run;
  const ending = endingOf(call);
  const store = await run.open();
  const ended = await runToEnd(run, store);
  const before = ended.hasEnded ? describeState(ended) : undefined;
  const operation = await ended.finish(ending);
  if (before !== undefined) {
    output.note(
      operation === null ? "it had ended before: nothing changes" : `said before: ${before}; the later word counts`,
    );
  }
  const named = context.settings.run;
  if (named?.origin === "folder" && named.ref.id === ended.id) clearCurrentRun(named.from);
  output.result(runFacts(ended), ended.name, [`run ${safe(ended.name)} ${describeState(ended)}`]);
  return 0;
}

function endingOf(call: Call): FinishOptions {
  const code = call.text("code");
  if (code === undefined) return call.flag("failed") ? { state: "failed" } : {};
  if (!/^\d{1,10}$/.test(code) || Number(code) > EXIT_CODE_MAX) {
    throw new ArtifoldError("USAGE", `not an exit code: ${JSON.stringify(code)}`, {
      hint: `Exit codes are 0 to ${EXIT_CODE_MAX}.`,
    });
  }
  if (call.flag("failed") && Number(code) === 0) {
    throw new ArtifoldError("USAGE", "--failed and --code 0 exclude each other");
  }
  return { exitCode: Number(code) };
}

/** The run that is named, or the current one. */
async function runToEnd({ call, context }: Run, store: Store): Promise<BegunRun> {
  const [address] = call.args;
  if (address !== undefined) return store.getRun(address);
  const named = context.settings.run;
  if (named === undefined) {
    throw new ArtifoldError("NOT_FOUND", "no run is current here", {
      hint: "Name the run that is to end; `artifold runs ls` lists them.",
    });
  }
  if (named.isElsewhere) {
    throw new ArtifoldError("NOT_FOUND", `run ${nameOfRun(named)}, which is current here, is in another store`, {
      hint: `Name that store with --store, or forget the run by removing ${named.from}.`,
    });
  }
  return store.getRun(addressOf(named));
}
