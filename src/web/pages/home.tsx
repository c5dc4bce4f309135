/** All experiments, of all teams or of one, and what happened lately. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ExperimentView } from "../../client/index.ts";
import { shell } from "../artifacts/fetch-lines.ts";
import { Awaited, CodeLine, Empty, When } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { count } from "../parts/text.ts";
import { revisionOf } from "../shell/live.ts";
import { hrefOf } from "../shell/routes.ts";
import { client, loginRevision } from "../shell/session.ts";
import { Activity } from "./activity.tsx";

const SHOWN = 500;

/** The first page, and a team's. */
export function Home({ team }: { readonly team?: string }): JSX.Element {
  const [text, setText] = useState("");
  const query = { limit: SHOWN, ...(team !== undefined && { team }), ...(text !== "" && { text }) };
  const experiments = useLoad(
    `experiments/${JSON.stringify(query)}/${loginRevision.value}`,
    (signal) => client.call("experiments", { query, signal }),
    revisionOf(team === undefined ? {} : { team }),
  );
  return (
    <div class="page">
      <div class="page-head">
        <h1>
          <span class="name">{team ?? "Experiments"}</span>
        </h1>
        <input
          class="field find"
          type="search"
          aria-label="Find an experiment"
          placeholder="Find an experiment"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <div class="columns">
        <Awaited of={experiments} what="experiments">
          {({ items, total }) =>
            items.length === 0 ? (
              <Nothing text={text} team={team} />
            ) : (
              <Teams items={items} total={total} isOneTeam={team !== undefined} />
            )
          }
        </Awaited>
        <Activity {...(team !== undefined && { team })} />
      </div>
    </div>
  );
}

function Nothing({ text, team }: { readonly text: string; readonly team: string | undefined }): JSX.Element {
  if (text !== "") return <Empty title="No experiment has that in its name" />;
  const own = team === undefined ? "" : ` --team ${shell(team)}`;
  return (
    <Empty title={team === undefined ? "Nothing here yet" : `Nothing of a team ${team} is known`}>
      <p>Upload a folder, and it appears here by itself:</p>
      <CodeLine code={`artifold upload ./data --name sample --type dataset${own}`} what="the command" />
    </Empty>
  );
}

interface TeamsProps {
  readonly items: readonly ExperimentView[];
  readonly total: number;
  /** Whether the page is that of one team, and is called by it. */
  readonly isOneTeam: boolean;
}

function Teams({ items, total, isOneTeam }: TeamsProps): JSX.Element {
  const teams = Map.groupBy(items, ({ team }) => team);
  return (
    <div class="stack">
      {[...teams].map(([team, own]) => (
        <section key={team} class="part" aria-label={`Team ${team}`}>
          {!isOneTeam && (
            <h2>
              <a class="name" href={hrefOf({ page: "team", team })}>
                {team}
              </a>
            </h2>
          )}
          <Experiments items={own} />
        </section>
      ))}
      {total > items.length && (
        <p class="soft small">
          {count(items.length)} of {count(total)} experiments. Find the others by their names.
        </p>
      )}
    </div>
  );
}

function Experiments({ items }: { readonly items: readonly ExperimentView[] }): JSX.Element {
  return (
    <div class="table-box">
      <table class="table experiments">
        <thead>
          <tr>
            <th scope="col">Experiment</th>
            <th scope="col" class="number">
              Artifacts
            </th>
            <th scope="col" class="number">
              Runs
            </th>
            <th scope="col" class="number">
              Changed
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ team, experiment, artifacts, runs, changedAt }) => (
            <tr key={experiment}>
              <td>
                <a class="name" href={hrefOf({ page: "chart", team, experiment })}>
                  {experiment}
                </a>
              </td>
              <td class="number">
                <a
                  href={hrefOf({ page: "artifacts", team, experiment })}
                  aria-label={`${artifacts} artifacts of ${experiment}`}
                >
                  {count(artifacts)}
                </a>
              </td>
              <td class="number">{count(runs)}</td>
              <td class="number">{changedAt === null ? "" : <When at={changedAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
