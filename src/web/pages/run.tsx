/** A run: its state and config, what it used and what it made. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError, type RunParams, type RunView, type VersionView } from "../../client/index.ts";
import { JsonView } from "../artifacts/json-view.tsx";
import { kindOf } from "../artifacts/kind.ts";
import { type Direction, Directions } from "../artifacts/relation.tsx";
import { LineageGraph } from "../drawing/lineage-graph.tsx";
import { useLineage } from "../drawing/use-lineage.ts";
import { Awaited, CodeLine, Digest, Empty, Tabs, Trouble, When } from "../parts/bits.tsx";
import { Icon } from "../parts/icon.tsx";
import { useLoad } from "../parts/load.ts";
import { usePieces } from "../parts/pieces.ts";
import { count, counted, exactly, size } from "../parts/text.ts";
import { revisionOf, revisionOfGraph } from "../shell/live.ts";
import { hrefOf, nameOfRun, type RunTab, runTabs } from "../shell/routes.ts";
import { client, loginRevision } from "../shell/session.ts";
import { RunState, RunTable, RunTime } from "./run-table.tsx";

const TABS: { readonly [Tab in RunTab]: string } = {
  chart: "Chart",
  artifacts: "Artifacts",
  config: "Config",
  relation: "Relation",
};

/** Runs that are looked at for those of one name. */
const NAMED_MAX = 1000;

/** The page of a run. */
export function RunPage({ params, tab }: { readonly params: RunParams; readonly tab: RunTab }): JSX.Element {
  const { team, experiment, run } = params;
  const found = useLoad(
    `run/${JSON.stringify(params)}/${loginRevision.value}`,
    (signal) => client.call("run", { params, signal }),
    revisionOf({ team, experiment }),
  );
  if (found.error instanceof ApiError && found.error.code === "AMBIGUOUS")
    return <SameName params={params} tab={tab} />;
  return (
    <div class="page">
      <Awaited of={found} what="run" isTitle>
        {(view) => (
          <>
            <Head run={view} />
            <Tabs
              label="Of the run"
              tabs={runTabs.map((each) => ({
                label: TABS[each],
                href: hrefOf({ page: "run", team, experiment, run, tab: each }),
                isCurrent: each === tab,
              }))}
            />
            {tab === "chart" && <Chart run={view} />}
            {tab === "artifacts" && <Artifacts run={view} />}
            {tab === "config" && <Config run={view} />}
            {tab === "relation" && <Relation run={view} />}
          </>
        )}
      </Awaited>
    </div>
  );
}

/** Runs of one name, to choose from. */
function SameName({ params: { team, experiment, run }, tab }: { params: RunParams; tab: RunTab }): JSX.Element {
  const name = nameOfRun(run);
  const query = { team, experiment, text: name, limit: NAMED_MAX };
  const runs = useLoad(
    `runs/${JSON.stringify(query)}/${loginRevision.value}`,
    (signal) => client.call("runs", { query, signal }),
    revisionOf({ team, experiment }),
  );
  return (
    <div class="page">
      <Awaited of={runs} what="run" isTitle>
        {({ items }) => {
          const named = items.filter((each) => each.name === name);
          return (
            <>
              <h1 class="name">
                {counted(named.length, "run")} are called {name}
              </h1>
              <RunTable label="Runs of this name" runs={named} tab={tab} />
            </>
          );
        }}
      </Awaited>
    </div>
  );
}

function Head({ run }: { readonly run: RunView }): JSX.Element {
  return (
    <>
      <div class="page-head">
        <h1>
          <Icon name="run" />
          <span class="name">{run.name}</span>
        </h1>
        <RunState run={run} />
      </div>
      <p class="facts">
        <span>
          Began <When at={run.startedAt} /> by <b class="name">{run.startedBy}</b>
        </span>
        {(run.endedAt !== null || run.state === "running") && (
          <span>
            Took{" "}
            <b>
              <RunTime run={run} />
            </b>
          </span>
        )}
        {run.command.length > 0 && (
          <span>
            <code class="name">{run.command.join(" ")}</code>
          </span>
        )}
      </p>
    </>
  );
}

/** What it used, itself, and what it made: one step to both sides. */
function Chart({ run }: { readonly run: RunView }): JSX.Element {
  return (
    <>
      <Graph run={run} direction="both" steps={1} />
      <Artifacts run={run} />
    </>
  );
}

function Relation({ run }: { readonly run: RunView }): JSX.Element {
  const [direction, setDirection] = useState<Direction>("both");
  return (
    <>
      <Directions value={direction} onChange={setDirection} />
      <Graph run={run} direction={direction} />
    </>
  );
}

function Graph({ run, direction, steps }: { run: RunView; direction: Direction; steps?: number }): JSX.Element {
  const query = { direction, ...(steps !== undefined && { steps }) };
  const lineage = useLineage(`run-lineage/${JSON.stringify(query)}`, run.id, (signal) =>
    client.call("runLineage", { params: paramsOf(run), query, signal }),
  );
  return (
    <Awaited of={lineage} what="lineage">
      {(found) =>
        found.nodes.length > 1 ? (
          <LineageGraph lineage={found} start={run.id} />
        ) : (
          <NothingYet run={run} direction={direction} />
        )
      }
    </Awaited>
  );
}

/** What was not done, and is not done so far. */
const NOTHING: { readonly [Each in Direction]: readonly [never: string, yet: string] } = {
  both: ["It used and made nothing", "Nothing used or made yet"],
  back: ["It used nothing", "Nothing used yet"],
  forward: ["It made nothing", "Nothing made yet"],
};

function NothingYet({ run, direction }: { readonly run: RunView; readonly direction: Direction }): JSX.Element {
  return (
    <Empty title={NOTHING[direction][run.state === "running" ? 1 : 0]}>
      <p>What is downloaded or uploaded while the run is the current one appears here by itself:</p>
      <CodeLine code="artifold upload ./results --name results --type result" what="the command" />
    </Empty>
  );
}

/** A run by its name and the beginning of its id: of two with one name, this one. */
function paramsOf({ team, experiment, name, id }: RunView): RunParams {
  return { team, experiment, run: `${name}@${id}` };
}

function Artifacts({ run }: { readonly run: RunView }): JSX.Element {
  return (
    <div class="halves">
      <Versions run={run} link="used" title="Used" />
      <Versions run={run} link="made" title="Made" />
    </div>
  );
}

function Versions(props: {
  readonly run: RunView;
  readonly link: "used" | "made";
  readonly title: string;
}): JSX.Element {
  const { run, link, title } = props;
  const versions = usePieces<VersionView>(
    `${link}/${run.id}`,
    (after, signal) => {
      const query = { link, ...(after !== undefined && { after }) };
      return client.call("runVersions", { params: paramsOf(run), query, signal });
    },
    revisionOfGraph([run.id]),
  );
  return (
    <section class="part" aria-label={title}>
      <h2>{title}</h2>
      {versions.error !== undefined && <Trouble error={versions.error} what="versions" />}
      {versions.isDone && versions.items.length === 0 && versions.error === undefined && <p class="soft">Nothing.</p>}
      {versions.items.length > 0 && <VersionTable title={`Versions: ${title}`} versions={versions.items} />}
      {!versions.isDone && versions.items.length > 0 && (
        <button type="button" class="button" onClick={versions.more}>
          More
        </button>
      )}
    </section>
  );
}

function VersionTable({ title, versions }: { title: string; versions: readonly VersionView[] }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="table-box" tabIndex={0} aria-label={title}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Type</th>
            <th scope="col" class="number">
              Files
            </th>
            <th scope="col" class="number">
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.map(({ id, team, experiment, type, name, version, files, bytes }) => (
            <tr key={id}>
              <td>
                <a class="name" href={hrefOf({ page: "artifacts", team, experiment, type, name, version })}>
                  {name} {version}
                </a>
              </td>
              <td class="tight">
                <span class={`kind ${kindOf(type)}`}>
                  <Icon name="artifact" />
                </span>{" "}
                {type}
              </td>
              <td class="number">{count(files)}</td>
              <td class="number">{size(bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Config({ run }: { readonly run: RunView }): JSX.Element {
  return (
    <div class="stack">
      <JsonView value={run.config} />
      <dl class="definition">
        <dt>Run id</dt>
        <dd>
          <Digest value={run.id} what="the run id" />
        </dd>
        <dt>Began</dt>
        <dd>{exactly(run.startedAt)}</dd>
        {run.endedAt !== null && (
          <>
            <dt>Ended</dt>
            <dd>{exactly(run.endedAt)}</dd>
          </>
        )}
        {run.command.length > 0 && (
          <>
            <dt>Command</dt>
            <dd>
              <code class="name">{run.command.join(" ")}</code>
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
