/** Pushes runs that neither used nor made a version: each stands in the log of its experiment. */
import {
  type ExperimentNames,
  experimentsOfLoneRuns,
  type RunRow,
  remoteExperiments,
  unpushedLoneRuns,
} from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { experimentId, experimentLog, type LogEvent, type LogName, NAMES_LOG } from "../logs/index.ts";
import type { RemoteSession } from "../sync/index.ts";
import { catchUp, knowSteps } from "./catch-up.ts";
import type { Engine } from "./engine.ts";
import { logWriter } from "./push-names.ts";
import { runEvent } from "./push-plan.ts";

/** Bytes of records and configurations that one step brings, and runs. */
const STEP_BYTES: number = 4 * 1024 * 1024;
const STEP_RUNS = 10_000;

/** Which experiments are meant. */
export type ExperimentFilter = { readonly [Key in keyof ExperimentNames]?: string | undefined };

/** Pushes what a remote has not of such runs, or not as they are now. @returns whether there were any */
export async function pushExperiments(
  engine: Engine,
  session: RemoteSession,
  filter: ExperimentFilter,
): Promise<boolean> {
  const { team, experiment } = filter;
  let isAny = false;
  for (const names of experimentsOfLoneRuns(engine.catalog)) {
    if ((team ?? names.team) !== names.team || (experiment ?? names.experiment) !== names.experiment) continue;
    if (await pushExperiment(engine, session, names)) isAny = true;
  }
  return isAny;
}

async function pushExperiment(engine: Engine, session: RemoteSession, names: ExperimentNames): Promise<boolean> {
  const id = experimentId(names.team, names.experiment);
  const log = experimentLog(id);
  const unpushed = (): RunRow[] => unpushedLoneRuns(engine.catalog, session.id, id, names);
  if (unpushed().length === 0) return false;
  // Somebody else may have named it meanwhile.
  while (!isNamed(engine, session, id))
    await addStep(engine, session, NAMES_LOG, () => namingOf(engine, session, id, names));
  while (unpushed().length > 0) await addStep(engine, session, log, () => stepOf(unpushed()));
  return true;
}

function isNamed({ catalog }: Engine, session: RemoteSession, id: Digest): boolean {
  return remoteExperiments(catalog, session.id).some((each) => each.id === id);
}

function namingOf(engine: Engine, session: RemoteSession, id: Digest, names: ExperimentNames): LogEvent[] {
  return isNamed(engine, session, id) ? [] : [{ event: "experiment", ...names }];
}

/** As many runs as one step takes. */
function stepOf(runs: readonly RunRow[]): LogEvent[] {
  const events: LogEvent[] = [];
  let bytes = 0;
  for (const run of runs) {
    const event = runEvent(run);
    bytes += event.record.length + event.config.length;
    if (events.length > 0 && (bytes > STEP_BYTES || events.length === STEP_RUNS)) break;
    events.push(event);
  }
  return events;
}

/** Reads a log to its end, and tries to add a step: who loses the slot is called again. */
async function addStep(engine: Engine, session: RemoteSession, log: LogName, make: () => LogEvent[]): Promise<void> {
  const { at } = await catchUp(engine, session, log);
  const events = make();
  if (events.length === 0) return;
  await session.log(log).confirm(at);
  const written = await session.log(log).append(at, events, { roots: [] }, logWriter(engine));
  if (written !== undefined) await knowSteps(engine, session, log, [written]);
}
