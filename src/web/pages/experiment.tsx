/** An experiment: its head with tabs, its runs, and how its artifacts grow. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Awaited, CodeLine, Empty, Tabs } from "../parts/bits.tsx";
import { Icon } from "../parts/icon.tsx";
import { useLoad } from "../parts/load.ts";
import { count, counted } from "../parts/text.ts";
import { revisionOf } from "../shell/live.ts";
import { type ExperimentPlace, hrefOf } from "../shell/routes.ts";
import { client, loginRevision } from "../shell/session.ts";
import { ExperimentChart } from "./chart.tsx";
import { RunTable } from "./run-table.tsx";

type Tab = "chart" | "runs" | "artifacts";

const TABS: { readonly [Each in Tab]: string } = { chart: "Chart", runs: "Runs", artifacts: "Artifacts" };
const RUNS_SHOWN = 8;
const RUNS_PAGE = 100;

/** The name of an experiment, what it holds, and its tabs. */
export function ExperimentHead({ place, tab }: { readonly place: ExperimentPlace; readonly tab: Tab }): JSX.Element {
  const { team, experiment } = place;
  const found = useLoad(
    `experiment/${team}/${experiment}/${loginRevision.value}`,
    (signal) => client.call("experiment", { params: { team, experiment }, signal }),
    revisionOf({ team, experiment }),
  );
  return (
    <div class="experiment-head">
      <h1>
        <Icon name="flask" />
        <span class="name">{experiment}</span>
      </h1>
      <Tabs
        label="Of the experiment"
        tabs={(Object.keys(TABS) as Tab[]).map((each) => ({
          label: TABS[each],
          href: hrefOf({ page: each, team, experiment }),
          isCurrent: each === tab,
        }))}
      />
      {found.value !== undefined && (
        <p class="facts">
          <span>
            <b>{count(found.value.artifacts)}</b> {found.value.artifacts === 1 ? "artifact" : "artifacts"}
          </span>
          <span>
            <b>{count(found.value.runs)}</b> {found.value.runs === 1 ? "run" : "runs"}
          </span>
        </p>
      )}
    </div>
  );
}

/** The tab Chart: how artifacts grow, and the newest runs. */
export function ExperimentPage(props: { readonly place: ExperimentPlace; readonly artifact?: string }): JSX.Element {
  const { place, artifact } = props;
  return (
    <div class="page">
      <ExperimentHead place={place} tab="chart" />
      <ExperimentChart place={place} {...(artifact !== undefined && { artifact })} />
      <Runs place={place} limit={RUNS_SHOWN} />
    </div>
  );
}

/** The tab Runs: all of them. */
export function RunsPage({ place }: { readonly place: ExperimentPlace }): JSX.Element {
  const [text, setText] = useState("");
  const [limit, setLimit] = useState(RUNS_PAGE);
  return (
    <div class="page">
      <ExperimentHead place={place} tab="runs" />
      <input
        class="field find"
        type="search"
        aria-label="Find a run"
        placeholder="Find a run"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Runs place={place} limit={limit} text={text} onMore={() => setLimit((at) => Math.min(1000, at + RUNS_PAGE))} />
    </div>
  );
}

interface RunsProps {
  readonly place: ExperimentPlace;
  readonly limit: number;
  readonly text?: string;
  readonly onMore?: () => void;
}

function Runs({ place: { team, experiment }, limit, text = "", onMore }: RunsProps): JSX.Element {
  const query = { team, experiment, limit, ...(text !== "" && { text }) };
  const runs = useLoad(
    `runs/${JSON.stringify(query)}/${loginRevision.value}`,
    (signal) => client.call("runs", { query, signal }),
    revisionOf({ team, experiment }),
  );
  return (
    <section class="part" aria-labelledby="runs">
      <div class="part-head">
        <h2 id="runs">Runs</h2>
        {runs.value !== undefined && <span class="soft small">{counted(runs.value.total, "run")}</span>}
      </div>
      <Awaited of={runs} what="runs">
        {({ items, total }) => (
          <>
            {items.length > 0 ? <RunTable runs={items} /> : <NoRuns {...{ team, experiment, text }} />}
            {total > items.length && onMore === undefined && (
              <a href={hrefOf({ page: "runs", team, experiment })}>All {counted(total, "run")}</a>
            )}
            {total > items.length && onMore !== undefined && (
              <button type="button" class="button" onClick={onMore}>
                More of {counted(total, "run")}
              </button>
            )}
          </>
        )}
      </Awaited>
    </section>
  );
}

function NoRuns({ team, experiment, text }: ExperimentPlace & { readonly text: string }): JSX.Element {
  if (text !== "") return <Empty title="No run has that in its name" />;
  return (
    <Empty title="No runs yet">
      <p>A run remembers its config, what it used and what it made. To put one around any program:</p>
      <CodeLine code={`artifold run --team ${team} --experiment ${experiment} -- python train.py`} what="the command" />
    </Empty>
  );
}
