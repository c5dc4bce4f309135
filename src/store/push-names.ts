/** Has artifacts named on a remote, before their logs begin: of many at once in one step. */
import { asOfOneMoment, logPosition, remoteArtifacts } from "../catalog/index.ts";
import { type ArtifactEvent, NAMES_LOG } from "../logs/index.ts";
import type { LogWriter, RemoteSession } from "../sync/index.ts";
import { catchUp, knowSteps, unrelated } from "./catch-up.ts";
import type { Engine } from "./engine.ts";
import { beginning } from "./log-reading.ts";

/** Whoever writes steps of logs. */
export function logWriter({ user, clock }: Engine): LogWriter {
  return { by: user, clock };
}

/**
 * Has artifacts named that are not yet, by events that say what they are.
 *
 * @param epoch of the last gc that was known when their content was sent
 * @returns false where a gc came meanwhile, so that all is to be looked for again
 * @throws ArtifoldError CONFLICT where another artifact has the name of one
 */
export async function nameArtifacts(
  engine: Engine,
  session: RemoteSession,
  artifacts: readonly ArtifactEvent[],
  epoch: number,
): Promise<boolean> {
  for (;;) {
    // Whoever read on in it, here or in another process.
    const { events, at, known } = asOfOneMoment(engine.catalog, () => {
      const missing = artifacts.filter((artifact) => !isNamed(engine, session, artifact));
      for (const artifact of missing) refuseTaken(engine, session, artifact);
      const known = logPosition(engine.catalog, session.id, NAMES_LOG);
      return { events: missing, at: known ?? beginning(session), known: known?.epoch ?? 0 };
    });
    if (known > epoch) return false;
    if (events.length === 0) return true;
    const log = session.log(NAMES_LOG);
    await log.confirm(at);
    const written = await log.append(at, events, { roots: [] }, logWriter(engine));
    if (written !== undefined) {
      await knowSteps(engine, session, NAMES_LOG, [written]);
      return true;
    }
    await catchUp(engine, session, NAMES_LOG);
  }
}

/** @throws ArtifoldError CONFLICT where another artifact of a remote has the name of one */
export function refuseTaken({ catalog }: Engine, session: RemoteSession, wanted: ArtifactEvent): void {
  const { team, experiment, type, name } = wanted;
  const [there] = remoteArtifacts(catalog, session.id, { team, experiment, type, name });
  if (there !== undefined && there.artifact !== wanted.artifact) throw unrelated(session.remote.url, there);
}

function isNamed({ catalog }: Engine, session: RemoteSession, { artifact }: ArtifactEvent): boolean {
  return remoteArtifacts(catalog, session.id, { artifact }).length > 0;
}
