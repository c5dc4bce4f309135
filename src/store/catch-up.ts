/** Reads on in a remote's logs, and has what they say hold here. */
import {
  type ArtifactRow,
  type Catalog,
  foldName,
  nameScopes,
  type RemoteArtifactRow,
  remoteArtifacts,
} from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import type { Change, StepKnown } from "../journal/index.ts";
import { artifactLog, type LogName, NAMES_LOG } from "../logs/index.ts";
import { decodeVersionRecord, EMPTY_MANIFEST, nodeDigest } from "../manifest/index.ts";
import { ContentWriter } from "../objects/index.ts";
import { cachedHints, type LogPosition, type RemoteSession, type SlotStep } from "../sync/index.ts";
import { type Content, DryContent } from "./dry-run.ts";
import type { Engine } from "./engine.ts";
import { knownPosition, LogReading } from "./log-reading.ts";
import { NewSteps } from "./new-steps.ts";

/** Bytes of steps that go into one journal record. */
const RECORD_BYTES: number = 4 * 1024 * 1024;

/**
 * Reads a log on to its end.
 *
 * @param begun a reading of it that is under way
 * @returns how far it is known now, and whether a gc was there meanwhile
 * @throws ArtifoldError DAMAGED when it does not fit together, or is not as it was; FORMAT_UNSUPPORTED
 */
export async function catchUp(
  engine: Engine,
  session: RemoteSession,
  log: LogName,
  begun?: LogReading,
): Promise<{ readonly at: LogPosition; readonly fenced: boolean }> {
  await engine.refresh();
  // Another process may have read it on since.
  const isAhead = begun?.from.digest === knownPosition(engine.catalog, session, log).digest;
  const reading = begun !== undefined && isAhead ? begun : new LogReading(engine, session, log);
  const steps = new NewSteps(engine.catalog, session, log, reading.from.slot);
  for (;;) {
    const next = await reading.next();
    // The catalog was made anew, and does not know yet what was known: from there on.
    if (!steps.take(next.done === true ? [] : next.value)) return catchUp(engine, session, log);
    if (next.done === true || steps.bytes >= RECORD_BYTES) await knowSteps(engine, session, log, steps.takeOut());
    if (next.done === true) return { at: next.value, fenced: steps.areFenced };
  }
}

/** What becomes durable with steps. */
export interface KnownWith {
  /** Takes the content of a version that a step brings; it is sealed. */
  readonly writer?: Content | undefined;
  /** Versions of the steps all of whose content is here. */
  readonly whole?: readonly Digest[] | undefined;
}

/** Has steps hold here, that were read or written, as far as another process has not done so. */
export async function knowSteps(
  engine: Engine,
  session: RemoteSession,
  log: LogName,
  steps: readonly SlotStep[],
  known: KnownWith = {},
): Promise<void> {
  if (steps.length > 0) await knowStepsOf(engine, session, [{ log, steps }], known);
}

/** Has steps of several logs hold here. */
export async function knowStepsOf(
  engine: Engine,
  session: RemoteSession,
  logs: readonly { readonly log: LogName; readonly steps: readonly SlotStep[] }[],
  { writer: given, whole = [] }: KnownWith = {},
): Promise<void> {
  const release = await engine.use(session.call.signal);
  const writer = given ?? newContent(engine);
  try {
    for (const { steps } of logs) keepRoots(engine, session, steps, writer);
    const written = await writer.seal();
    await engine.commit(() => {
      const changes: Change[] = [];
      for (const { log, steps } of logs) {
        let at = knownPosition(engine.catalog, session, log);
        for (const step of steps) {
          if (step.slot !== at.slot + 1 || step.step.previous !== at.digest) continue;
          changes.push(stepChange(session, log, step));
          at = step;
        }
      }
      if (changes.length === 0) return undefined;
      if (whole.length > 0) changes.push({ change: "whole", versions: whole });
      return { changes, content: written };
    }, session.call.signal);
    writer.close();
  } catch (error) {
    // What may have become part of the store stays.
    if (!isArtifoldError(error) || error.happened !== "unknown") await writer.abort();
    throw error;
  } finally {
    release();
  }
}

function newContent({ fs, folder, objects, source, isRehearsal }: Engine): Content {
  return isRehearsal ? new DryContent(source) : new ContentWriter(fs, folder, objects);
}

function stepChange(session: RemoteSession, log: LogName, { slot, core }: SlotStep): StepKnown {
  return { change: "step", remote: session.id, log, slot, core };
}

/** Remembers where manifests begin, and keeps those roots that came with the steps. */
function keepRoots(engine: Engine, session: RemoteSession, steps: readonly SlotStep[], writer: Content): void {
  const memory = cachedHints(engine.hints, session.id);
  for (const { step, hints } of steps) {
    if (hints.index !== undefined) engine.hints.setIndexPosition(session.id, hints.index);
    const versions = step.events.filter((event) => event.event === "version");
    for (const [at, { record }] of versions.entries()) {
      const root = hints.roots[at];
      if (root === undefined) continue;
      const { manifest } = decodeVersionRecord(record);
      memory.rememberRoot(manifest, root.place);
      // A hint is believed when it has the digest, and else it is none.
      if (root.node === undefined || manifest === EMPTY_MANIFEST || nodeDigest(root.node) !== manifest) continue;
      writer.manifestNodes.writeNode(manifest, root.node);
      if (root.children !== undefined) memory.rememberHints(manifest, root.children);
    }
  }
}

/** What a remote has, by name; its log of names is read on first. */
export async function namesOf(engine: Engine, session: RemoteSession): Promise<RemoteArtifactRow[]> {
  await catchUp(engine, session, NAMES_LOG);
  return remoteArtifacts(engine.catalog, session.id);
}

/** Reads an artifact's log on. @throws ArtifoldError CONFLICT when another artifact has its name here */
export async function catchUpArtifact(
  engine: Engine,
  session: RemoteSession,
  named: RemoteArtifactRow,
  begun?: LogReading,
): Promise<{ readonly at: LogPosition; readonly fenced: boolean }> {
  refuseUnrelated(engine.catalog, session.remote.url, named);
  return catchUp(engine, session, artifactLog(named.artifact), begun);
}

/**
 * Two lines of one name that have nothing in common are not taken for one.
 *
 * @param url where the other one is
 * @throws ArtifoldError CONFLICT
 */
export function refuseUnrelated(catalog: Catalog, url: string, named: Omit<RemoteArtifactRow, "home">): void {
  const { artifact, team, experiment, type, name } = named;
  const [other] = catalog.artifacts({ team, experiment, type, name });
  if (other !== undefined && other.artifact !== artifact) throw unrelated(url, other);
  if (catalog.artifactById(artifact) !== undefined) return;
  const kinds = [
    [nameScopes.team(), team],
    [nameScopes.experiment(team), experiment],
    [nameScopes.type(team, experiment), type],
    [nameScopes.artifact(team, experiment, type), name],
  ] as const;
  for (const [scope, text] of kinds) {
    const twin = catalog.foldedName(scope, foldName(text));
    if (twin === undefined || twin === text) continue;
    throw new ArtifoldError("CONFLICT", `${text} of ${url} cannot be told from ${twin}, which is here`, {
      info: { remote: url, name: text, other: twin },
    });
  }
}

/** Says that a name here and the same name there are two artifacts. */
export function unrelated(
  url: string,
  { team, experiment, name }: Pick<ArtifactRow, "team" | "experiment" | "name">,
): ArtifoldError {
  return new ArtifoldError(
    "CONFLICT",
    `${team}/${experiment}/${name} here and on ${url} are two artifacts that never shared a version`,
    {
      hint: "Upload one of them under another name, and push or pull that.",
      info: { remote: url, name },
    },
  );
}

/** Numbers of an artifact's provisional versions, by id. */
export function provisionalNumbers(catalog: Catalog, artifact: Digest): Map<Digest, number> {
  const row = catalog.artifactById(artifact);
  const versions = row === undefined ? [] : catalog.versions(row.row, { removed: true });
  return new Map(versions.filter(({ published }) => !published).map(({ version, number }) => [version, number]));
}
