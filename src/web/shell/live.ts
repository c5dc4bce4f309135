/** What happens in the store while the page is open, from whatever process, as revisions that pages watch. */
import { type Signal, signal } from "@preact/signals";
import type { OperationView } from "../../client/index.ts";
import { client, session } from "./session.ts";

/** Whether the server's events come in. */
export const isLive = signal(false);

const AGAIN_MS = 2000;
const SETTLED_MS = 1000;
/** Changes that are seen in a graph of runs and versions. */
const OF_GRAPHS: ReadonlySet<string> = new Set(["version", "made", "used", "run", "ended", "remove", "restore"]);
const revisions = new Map<string, Signal<number>>();

/** Names what is watched. */
export interface Watched {
  readonly team?: string;
  readonly experiment?: string;
  readonly type?: string;
  readonly name?: string;
}

/** A number that grows whenever something happens there: to an artifact, in an experiment, in the whole store. */
export function revisionOf(watched: Watched = {}): number {
  return revisionAt(keyOf(watched));
}

function revisionAt(key: string): number {
  let found = revisions.get(key);
  if (found === undefined) {
    found = signal(0);
    revisions.set(key, found);
  }
  return found.value;
}

/** A number that grows whenever a graph with these runs and versions becomes another, or looks otherwise. By their ids. */
export function revisionOfGraph(ids: readonly string[]): number {
  return ids.reduce((sum, id) => sum + revisionAt(graphKey(id)), 0);
}

/** Listens until the signal aborts, and begins again when the connection ends. */
export async function listenToStore(signal: AbortSignal): Promise<void> {
  let after: number | undefined;
  let isFirst = true;
  const onOpen = (): void => {
    isLive.value = true;
    // What came while nobody listened is told again after the last one that was heard; without one nobody knows. What came
    // between the first look and now is looked for once the page stands.
    if (after === undefined) setTimeout(bumpAll, isFirst ? SETTLED_MS : 0);
    isFirst = false;
  };
  while (!signal.aborted) {
    if (session.value?.may.read === false) {
      // Nobody is logged in. That somebody is shows within a moment, in which much can happen.
      isFirst = false;
      await pause();
      continue;
    }
    try {
      for await (const operation of client.events({ signal, onOpen, ...(after !== undefined && { after }) })) {
        if (operation === null) bumpAll();
        else {
          after = operation.operation;
          heard(operation);
        }
      }
    } catch {
      // Whatever it was: it is tried again until the page is closed.
    }
    isLive.value = false;
    await pause();
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
}

function heard(operation: OperationView): void {
  const keys = new Set([keyOf({})]);
  for (const { kind, artifact, run, versionId } of operation.changes) {
    // A step of a remote, say, which may concern anything.
    if (artifact === null && run === null) {
      bumpAll();
      return;
    }
    if (OF_GRAPHS.has(kind)) for (const id of [run?.id, versionId]) if (id != null) keys.add(graphKey(id));
    for (const at of [artifact, run]) {
      if (at === null) continue;
      keys.add(keyOf({ team: at.team }));
      keys.add(keyOf({ team: at.team, experiment: at.experiment }));
    }
    if (artifact !== null) keys.add(keyOf(artifact));
  }
  for (const key of keys) bump(key);
}

function bumpAll(): void {
  for (const key of revisions.keys()) bump(key);
}

function bump(key: string): void {
  const found = revisions.get(key);
  if (found !== undefined) found.value++;
}

function graphKey(id: string): string {
  return `graph ${id}`;
}

function keyOf({ team, experiment, type, name }: Watched): string {
  return [team, experiment, type, name].filter((each) => each !== undefined).join("/");
}
