/** `init`: begins a run, and makes it the current one of the working folder until `finish`. */
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import type { Metadata } from "../manifest/index.ts";
import {
  type Run as BegunRun,
  currentRunFile,
  parseHttpHost,
  RUN_VARIABLE,
  runUrl,
  type Store,
  setCurrentRun,
} from "../store/index.ts";
import type { Run } from "./command.ts";
import { parseMetadata } from "./common.ts";
import { addressOf, nameOfRun } from "./current-run.ts";
import { listens } from "./listens.ts";
import { describeAge, runFacts } from "./run-text.ts";
import { safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, context } = run;
  const config = parseMetadata(call.list("config"));
  // Refused before anything begins.
  parseHttpHost(context.settings.httpHost.value);
  const store = await run.open({ create: true });
  const begun =
    context.settings.run?.origin === "environment" ? await join(run, store, config) : await begin(run, store, config);
  await tell(run, begun);
  return 0;
}

/** A process that was given a run begins no other: it is a part of that one. */
async function join({ context, output }: Run, store: Store, config: Metadata): Promise<BegunRun> {
  const named = context.settings.run as NonNullable<typeof context.settings.run>;
  const given = store.currentRun;
  if (given === undefined) {
    const problem = `${RUN_VARIABLE} names no run that goes on in this store: ${addressOf(named)}`;
    throw new ArtifoldError("NOT_FOUND", problem, {
      hint: `Begin one without ${RUN_VARIABLE}, or name another store.`,
    });
  }
  await given.configure(config);
  output.note(`in run ${safe(given.name)}, which ${RUN_VARIABLE} names: no other is begun`);
  return given;
}

async function begin(run: Run, store: Store, config: Metadata): Promise<BegunRun> {
  const { call, context, output } = run;
  const { settings, cwd } = context;
  const file = currentRunFile(cwd);
  if (settings.run?.from === file && store.currentRun !== undefined) {
    const { name } = store.currentRun;
    throw new ArtifoldError("CONFLICT", `there is a current run here: ${name}${describeAge(store.currentRun)}`, {
      hint: "`artifold finish` ends it.",
      info: { path: file, run: name },
    });
  }
  const name = call.text("run") ?? call.text("run_name");
  const begun = await store.startRun({
    team: settings.team.value,
    experiment: settings.experiment.value,
    ...(name !== undefined && { name }),
    config,
    detached: true,
  });
  try {
    await setCurrentRun(cwd, store.engine.mark.id, begun);
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    throw new ArtifoldError(error.code, `${error.message}: run ${begun.name} was begun, but is not current here`, {
      cause: error,
      happened: "yes",
      info: error.info,
      hint: `Set ${RUN_VARIABLE}=${begun.ref}, or end it with \`artifold finish @${begun.id.slice(0, 12)}\`.`,
    });
  }
  output.note(`current in ${safe(cwd)} until \`artifold finish\``);
  if (settings.run !== undefined)
    output.note(`instead of run ${safe(nameOfRun(settings.run))} of ${safe(settings.run.from)}`);
  return begun;
}

async function tell({ context, output }: Run, begun: BegunRun): Promise<void> {
  const { httpHost } = context.settings;
  const url = runUrl(httpHost.value, begun);
  output.result({ ...runFacts(begun), url, ref: begun.ref }, begun.name, [
    `Team Name=${begun.team}`,
    `Exp Name=${begun.experiment}`,
    `Run Name=${begun.name}`,
    `Run URL=${url}`,
  ]);
  const { host, port, text } = parseHttpHost(httpHost.value);
  if (output.isQuiet || (await listens(host, port))) return;
  output.note(
    `nothing listens at ${text} yet: start the server with \`artifold serve${port === 9111 ? "" : ` --port ${port}`}\``,
  );
}
