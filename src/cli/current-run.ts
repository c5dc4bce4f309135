/** What commands say of the current run, to which uploads and downloads belong. */
import { isArtifoldError } from "../errors.ts";
import type { CurrentRun, Store } from "../store/index.ts";
import type { Run } from "./command.ts";
import { describeAge } from "./run-text.ts";
import { safe } from "./text.ts";

/** The run of a command's result, as --json prints it: its name and its id. */
export function currentRunFacts(store: Store): { readonly run: string | null; readonly runId: string | null } {
  return { run: store.currentRun?.name ?? null, runId: store.currentRun?.id ?? null };
}

/** A line that names the current run, and says so when it is old: it may have been forgotten. */
export function currentRunLines({ currentRun }: Store, word: string): string[] {
  return currentRun === undefined ? [] : [`  ${word} run ${safe(currentRun.name)}${describeAge(currentRun)}`];
}

/** A named run, for people. */
export function nameOfRun({ ref }: CurrentRun): string {
  return ref.name ?? `@${ref.id?.slice(0, 12)}`;
}

/** Says why nothing is written down for a current run, where that is so. */
export async function noteUnrecorded({ context, output }: Run, store: Store): Promise<void> {
  const named = context.settings.run;
  if (named === undefined || store.currentRun !== undefined) return;
  const reason = await whyUnrecorded(store, named);
  output.note(`run ${safe(nameOfRun(named))} of ${safe(named.from)} ${reason}: nothing is written down for it`);
}

async function whyUnrecorded(store: Store, named: CurrentRun): Promise<string> {
  if (named.isElsewhere) return "is in another store";
  try {
    const { hasEnded } = await store.getRun(addressOf(named));
    return hasEnded ? "has ended" : "is in a store that cannot be written";
  } catch (error) {
    if (!isArtifoldError(error)) throw error;
    return error.code === "AMBIGUOUS" ? "may be one of several" : "is not in this store";
  }
}

/** The address that names a current run. */
export function addressOf({ ref }: CurrentRun): string {
  const { team, experiment, name = "", id } = ref;
  return `${team === undefined ? "" : `${team}/${experiment}/`}${name}${id === undefined ? "" : `@${id}`}`;
}
