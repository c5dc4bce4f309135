/** What happens in the store while the page is open, from whatever process, as revisions that pages watch. */
import { type Signal, signal } from "@preact/signals";
import type { OperationView } from "../../client/index.ts";
import { listenFrom } from "./heard.ts";
import { client, session } from "./session.ts";

/** Whether the server's events come in. */
export const isLive = signal(false);

const AGAIN_MS = 2000;
/** Changes that are seen in a graph of runs and versions. */
const OF_GRAPHS: ReadonlySet<string> = new Set(["version", "made", "used", "run", "ended", "remove", "restore"]);
/** What happened last, by what it happened to, as numbers that grow with all that happens. */
const revisions = new Map<string, Signal<number>>();
let newest = 0;
/** When something happened that may concern anything. */
let newestOfAll = 0;

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
    found = signal(newestOfAll);
    revisions.set(key, found);
  }
  return found.value;
}

/** A number that grows whenever a graph with these runs and versions becomes another, or looks otherwise. By their ids. */
export function revisionOfGraph(ids: readonly string[]): number {
  return ids.reduce((latest, id) => Math.max(latest, revisionAt(graphKey(id))), 0);
}

/** The number that all revisions have reached so far, also those of what nobody watches yet. */
export function revisionNow(): number {
  return newest;
}

/** Listens until the signal aborts, and begins again when the connection ends. */
export async function listenToStore(signal: AbortSignal): Promise<void> {
  let after: number | undefined;
  const onOpen = (): void => {
    isLive.value = true;
    // What came while nobody listened is told again after the last one that was heard; without one nobody knows.
    if (after === undefined) bumpAll();
  };
  while (!signal.aborted) {
    if (session.value?.may.read === false) {
      // Nobody is logged in. That somebody is shows within a moment.
      await pause();
      continue;
    }
    after ??= listenFrom(bumpAll);
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
  newest++;
  for (const key of keys) bump(key);
}

function bumpAll(): void {
  newestOfAll = ++newest;
  for (const key of revisions.keys()) bump(key);
}

/** Also where nobody watches yet: an answer that is on its way may bring somebody who does. */
function bump(key: string): void {
  const found = revisions.get(key);
  if (found === undefined) revisions.set(key, signal(newest));
  else found.value = newest;
}

function graphKey(id: string): string {
  return `graph ${id}`;
}

function keyOf({ team, experiment, type, name }: Watched): string {
  return [team, experiment, type, name].filter((each) => each !== undefined).join("/");
}
