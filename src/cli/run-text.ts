/** Runs in words. */
import type { RunEnding } from "../journal/index.ts";

/** How a run ended: "failed with exit code 1". */
export function describeEnd(ended: {
  readonly state: RunEnding;
  readonly exitCode: number | null;
  readonly signal: string | null;
}): string {
  const { state, exitCode, signal } = ended;
  if (signal !== null) return `${state} by ${signal}`;
  return exitCode === null || state === "finished" ? state : `${state} with exit code ${exitCode}`;
}
