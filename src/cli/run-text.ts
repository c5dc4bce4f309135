/** Runs in words, and as --json prints them. */
import type { RunEnding } from "../journal/index.ts";
import { systemClock } from "../platform/index.ts";
import type { RunSummary } from "../store/index.ts";
import { formatCount, formatSeconds, safe } from "./text.ts";

/** How a run ended: "failed with exit code 1". */
export function describeEnd(ended: {
  readonly state: RunEnding;
  readonly exitCode: number | null;
  readonly signal: string | null;
}): string {
  const { state, exitCode, signal } = ended;
  if (signal !== null) return `${state} by ${safe(signal)}`;
  return exitCode === null || state === "finished" ? state : `${state} with exit code ${exitCode}`;
}

/** What is known of a run: "running for 3 h 5 min", "failed with exit code 1 after 12 s". */
export function describeState(
  run: Pick<RunSummary, "state" | "exitCode" | "signal" | "startedAt" | "endedAt">,
): string {
  const { state, exitCode, signal, startedAt, endedAt } = run;
  if (state === "running") return `running${duration("for", startedAt, systemClock.now())}`;
  if (state === "unknown") return "unknown: it did not end, and its process is gone";
  return `${describeEnd({ state, exitCode, signal })}${endedAt === null ? "" : duration("after", startedAt, Date.parse(endedAt))}`;
}

/** Nothing where a clock went back, or the two ends have clocks that do not agree. */
function duration(word: string, from: string, to: number): string {
  const ms = to - Date.parse(from);
  if (ms < 0) return "";
  return ` ${word} ${ms < 2 * DAY_MS ? formatSeconds(ms / 1000) : formatDays(ms)}`;
}

const DAY_MS = 24 * 60 * 60 * 1000;

function formatDays(ms: number): string {
  return formatCount(Math.floor(ms / DAY_MS), "day");
}

/** Says of a run that it is old, where it is: ", begun 3 days ago". */
export function describeAge(run: Pick<RunSummary, "startedAt">): string {
  const ms = systemClock.now() - Date.parse(run.startedAt);
  return ms < DAY_MS ? "" : `, begun ${formatDays(ms)} ago`;
}

/** What --json prints of a run. Its name is `run`, beside `team` and `experiment`. */
export function runFacts(run: RunSummary): Record<string, unknown> {
  const { team, experiment, name, id, state, exitCode, signal, startedAt, startedBy, endedAt, command, config } = run;
  return { team, experiment, run: name, id, state, exitCode, signal, startedAt, startedBy, endedAt, command, config };
}
