/** `runs show`: tells all about a run. */
import { ArtifoldError } from "../errors.ts";
import { runUrl, type Run as ShownRun } from "../store/index.ts";
import type { Run } from "./command.ts";
import { addressOf } from "./current-run.ts";
import { type Neighbours, neighbourFacts, neighbourRows, neighboursOf } from "./neighbours.ts";
import { describeState, runFacts } from "./run-text.ts";
import { alignColumns, safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const store = await run.open();
  const shown = await store.getRun(address(run));
  const { used, made } = await neighboursOf(store, { run: shown.id });
  const url = runUrl(run.context.settings.httpHost.value, shown);
  const lists = { used: used.map(neighbourFacts), made: made.map(neighbourFacts) };
  run.output.result(
    { ...runFacts(shown), url, ref: shown.ref, ...lists },
    shown.name,
    describe(run, shown, url, { used, made }),
  );
  return 0;
}

/** The run that is named, or the current one. */
function address({ call, context }: Run): string {
  const [given] = call.args;
  if (given !== undefined) return given;
  if (context.settings.run !== undefined) return addressOf(context.settings.run);
  throw new ArtifoldError("NOT_FOUND", "no run is current here", {
    hint: "`artifold runs ls` lists the runs there are.",
  });
}

function describe(run: Run, shown: ShownRun, url: string, { used, made }: Neighbours): string[] {
  const { team, experiment, name, id, startedAt, startedBy, endedAt, command, config } = shown;
  const rows: [string, string][] = [
    ["run", `${team}/${experiment}/${name}`],
    ["id", id],
    ["state", describeState(shown)],
    ["began", `${startedAt} by ${safe(startedBy)}`],
  ];
  if (endedAt !== null) rows.push(["ended", endedAt]);
  if (command.length > 0) rows.push(["command", safe(command.map(quoted).join(" "))]);
  rows.push(["url", url]);
  rows.push(...neighbourRows(run, "used", used), ...neighbourRows(run, "made", made));
  for (const [key, value] of Object.entries(config)) rows.push([`  ${safe(key)}`, safe(JSON.stringify(value))]);
  return alignColumns(rows);
}

/** A word of a command as it would be typed, roughly: to be read, not to be run. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word);
}
