/** Runs, one a row. */
import type { JSX } from "preact";
import type { JsonObject, RunView } from "../../client/index.ts";
import { When } from "../parts/bits.tsx";
import { now } from "../parts/now.ts";
import { lasting } from "../parts/text.ts";
import { hrefOf, type RunTab } from "../shell/routes.ts";

/** What a run's state is called; "unknown" means that its process is gone and nobody said how it ended. */
export const runStates: { readonly [State in RunView["state"]]: string } = {
  running: "Running",
  finished: "Finished",
  failed: "Failed",
  killed: "Killed",
  unknown: "Unknown",
};

/** The state of a run, as a mark and a word. */
export function RunState({ run }: { readonly run: RunView }): JSX.Element {
  const kind = run.state === "killed" ? "failed" : run.state;
  const code = run.exitCode === null || run.exitCode === 0 ? "" : `, exit ${run.exitCode}`;
  const signal = run.signal === null ? "" : `, ${run.signal}`;
  return (
    <span class={`state ${kind}`}>
      {runStates[run.state]}
      {code}
      {signal}
    </span>
  );
}

/** How long a run took, or takes so far. */
export function RunTime({ run }: { readonly run: RunView }): JSX.Element | null {
  const began = new Date(run.startedAt).getTime();
  if (run.endedAt !== null) return <>{lasting(new Date(run.endedAt).getTime() - began)}</>;
  return run.state === "running" ? <>{lasting(Math.max(0, now.value - began))} so far</> : null;
}

const ID_DIGITS = 12;

/** The address of a run. The beginning of its id goes along: names may be given twice. */
export function runHref(run: Pick<RunView, "id" | "team" | "experiment" | "name">, tab?: RunTab): string {
  const { id, team, experiment, name } = run;
  return hrefOf({ page: "run", team, experiment, run: `${name}@${id.slice(0, ID_DIGITS)}`, ...(tab && { tab }) });
}

/** What a table of runs is told. */
export interface RunTableProps {
  readonly runs: readonly RunView[];
  readonly label: string;
  /** The tab that its links lead to. */
  readonly tab?: RunTab;
}

/** A table of runs. */
export function RunTable({ runs, label, tab }: RunTableProps): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="table-box" tabIndex={0} aria-label={label}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">State</th>
            <th scope="col">Config</th>
            <th scope="col">Began</th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td class="run-name">
                <a class="name" href={runHref(run, tab)}>
                  {run.name}
                </a>
              </td>
              <td>
                <RunState run={run} />
              </td>
              <td class="config">
                <ConfigLine config={run.config} />
              </td>
              <td class="tight">
                <When at={run.startedAt} />
              </td>
              <td class="number">
                <RunTime run={run} />
              </td>
              <td class="run-by">
                <span class="name">{run.startedBy}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function ConfigLine({ config }: { readonly config: JsonObject }): JSX.Element {
  const entries = Object.entries(config);
  if (entries.length === 0) return <span class="soft">none</span>;
  return (
    <span class="config-line" title={JSON.stringify(config, null, 1)}>
      {entries.slice(0, 6).map(([key, value]) => (
        <span key={key} class="name">
          <span class="soft">{key}</span> <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
        </span>
      ))}
      {entries.length > 6 && <span class="soft">and {entries.length - 6} more</span>}
    </span>
  );
}
