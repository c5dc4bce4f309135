/** What a pull would bring: logs are read on, and nothing of it is kept. */
import { type RemoteArtifactRow, remoteArtifacts } from "../catalog/index.ts";
import { artifactLog, type LogEvent, type LogName, NAMES_LOG } from "../logs/index.ts";
import { decodeVersionRecord, versionId } from "../manifest/index.ts";
import { sideBySide } from "../platform/index.ts";
import type { RemoteSession } from "../sync/index.ts";
import type { Engine } from "./engine.ts";
import type { LeftOut } from "./left-out.ts";
import { knownPosition, LOGS_AT_ONCE } from "./log-reading.ts";
import { NewSteps } from "./new-steps.ts";
import { type MovedVersion, movedVersion } from "./push.ts";

/** What a remote has, by name. */
export async function previewNames(engine: Engine, session: RemoteSession): Promise<RemoteArtifactRow[]> {
  const names = remoteArtifacts(engine.catalog, session.id);
  const known = new Set(names.map(({ artifact }) => artifact));
  for await (const event of newEvents(engine, session, NAMES_LOG)) {
    if (event.event !== "artifact" || known.has(event.artifact)) continue;
    const { event: _, ...named } = event;
    known.add(named.artifact);
    names.push(named);
  }
  return names;
}

/** Versions of artifacts that are not known here. */
export async function previewVersions(
  engine: Engine,
  session: RemoteSession,
  artifacts: readonly RemoteArtifactRow[],
  leftOut: LeftOut,
): Promise<MovedVersion[]> {
  const versions: MovedVersion[] = [];
  const previews = sideBySide(artifacts, LOGS_AT_ONCE, (named) =>
    leftOut.attempt(named.artifact, () => newVersions(engine, session, named)),
  );
  for await (const some of previews) versions.push(...(some ?? []));
  return versions;
}

async function newVersions(engine: Engine, session: RemoteSession, named: RemoteArtifactRow): Promise<MovedVersion[]> {
  const versions: MovedVersion[] = [];
  for await (const event of newEvents(engine, session, artifactLog(named.artifact))) {
    if (event.event !== "version") continue;
    const [id, digest] = [versionId(event.record), decodeVersionRecord(event.record).manifest];
    const { number } = event;
    versions.push(
      movedVersion(named, { number, id, digest, renumberedFrom: null, diverged: false, divergedFrom: null }),
    );
  }
  return versions;
}

/** What a log says beyond what is known. */
async function* newEvents(
  engine: Engine,
  session: RemoteSession,
  log: LogName,
): AsyncGenerator<LogEvent, void, undefined> {
  const from = knownPosition(engine.catalog, session, log);
  const fresh = new NewSteps(engine.catalog, session, log, from.slot);
  for await (const steps of session.log(log).read(from)) {
    // Where less is known than when this began, what was read is no less new.
    fresh.take(steps);
    // All that was new when this began is told, also what another call has had known since.
    for (const { step } of steps) yield* step.events;
  }
}
