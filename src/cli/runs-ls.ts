/** `runs ls`: lists runs, newest first. */
import type { RunSummary, Store } from "../store/index.ts";
import type { Run } from "./command.ts";
import { parseCount } from "./common.ts";
import { describeState, runFacts } from "./run-text.ts";
import { alignColumns, formatTime, safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, context, output } = run;
  const limit = parseCount(call.text("limit")) ?? Number.POSITIVE_INFINITY;
  const store = await run.open();
  const runs: RunSummary[] = [];
  for await (const each of store.runs(context.flags)) {
    if (runs.push(each) >= limit) break;
  }
  const rows = runs.map((each) => [
    safe(each.name),
    describeState(each),
    formatTime(each.startedAt, "minute"),
    safe(`${each.team}/${each.experiment}`),
    briefConfig(each),
  ]);
  const text = rows.length === 0 ? [(await isEmpty(store)) ? "no runs yet" : "no run fits"] : alignColumns(rows);
  output.result(runs.map(runFacts), runs.map((each) => each.name).join("\n"), text);
  return 0;
}

async function isEmpty(store: Store): Promise<boolean> {
  for await (const _ of store.runs()) return false;
  return true;
}

/** So much of a config fits beside a run. */
const CONFIG_COLUMNS = 60;

function briefConfig({ config }: RunSummary): string {
  const text = Object.entries(config)
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  return safe(text.length > CONFIG_COLUMNS ? `${text.slice(0, CONFIG_COLUMNS - 1)}…` : text);
}
