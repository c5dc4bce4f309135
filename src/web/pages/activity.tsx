/** What happened in the store, in sentences, newest first. */
import type { JSX } from "preact";
import type { OperationChange, OperationView, Piece } from "../../client/index.ts";
import { Awaited, When } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { counted } from "../parts/text.ts";
import { revisionOf } from "../shell/live.ts";
import { hrefOf } from "../shell/routes.ts";
import { client, loginRevision } from "../shell/session.ts";
import { type ActivityGroup, groupActivity } from "./activity-groups.ts";
import { runHref } from "./run-table.tsx";

/** Operations asked for at once, and how often: many may be told as one. */
const PAGE = 100;
const PAGES_MAX = 5;
const SHOWN = 20;

/** The newest operations, of all teams or of one. */
export function Activity({ team }: { readonly team?: string }): JSX.Element {
  const log = useLoad(
    `log/${team ?? ""}/${loginRevision.value}`,
    (signal) => readActivity(team, signal),
    revisionOf(team === undefined ? {} : { team }),
  );
  return (
    <section class="part" aria-labelledby="activity">
      <h2 id="activity">What happened</h2>
      <Awaited of={log} what="the log">
        {(groups) => (
          <ol class="activity">
            {groups.map((group) => (
              <Group key={group.operation} group={group} />
            ))}
          </ol>
        )}
      </Awaited>
    </section>
  );
}

async function readActivity(team: string | undefined, signal: AbortSignal): Promise<ActivityGroup[]> {
  const operations: OperationView[] = [];
  let groups: ActivityGroup[] = [];
  let after: string | null = null;
  for (let page = 0; page < PAGES_MAX && groups.length < SHOWN; page++) {
    const query: { limit: number; after?: string } = { limit: PAGE, ...(after !== null && { after }) };
    const { items, next }: Piece<OperationView> = await client.call("log", { query, signal });
    operations.push(...items.map(toldOf));
    groups = groupActivity(operations, team);
    after = next;
    if (next === null) break;
  }
  return groups.slice(0, SHOWN);
}

/** An operation with those of its changes that are told. */
function toldOf(operation: OperationView): OperationView {
  return { ...operation, changes: operation.changes.filter(({ kind }) => kind in SENTENCES) };
}

function Group({ group: { at, by, changes, since } }: { readonly group: ActivityGroup }): JSX.Element {
  return (
    <li>
      {changes.map((change, index) => (
        <p key={`${change.kind} ${change.versionId} ${change.tag}`}>
          <Change change={change} />
          {index === 0 && since !== undefined && (
            <span class="soft">
              {" "}
              and {counted(since.count - 1, "version")} before it, from {since.version} on
            </span>
          )}
        </p>
      ))}
      <p class="soft small">
        <When at={at} /> by <span class="name">{by}</span>
      </p>
    </li>
  );
}

/** What is said of a change: before and after what it concerns. */
const SENTENCES: { readonly [kind: string]: (change: OperationChange) => string } = {
  version: () => "New version",
  tag: ({ tag, version }) => (version === null ? `Tag ${tag} taken away from` : `Tag ${tag} set on`),
  remove: () => "Removed",
  restore: () => "Restored",
  note: () => "Message or metadata changed of",
  run: () => "Run began:",
  config: () => "Config changed of run",
  ended: () => "Run ended:",
  used: () => "Used by a run:",
  made: () => "Made by a run too:",
};

function Change({ change }: { readonly change: OperationChange }): JSX.Element {
  const { artifact, run, version } = change;
  return (
    <>
      {SENTENCES[change.kind]?.(change)}{" "}
      {artifact !== null ? (
        <a
          class="name"
          href={hrefOf({
            ...{ page: "artifacts", team: artifact.team, experiment: artifact.experiment },
            ...{ type: artifact.type, name: artifact.name, ...(version !== null && { version }) },
          })}
        >
          {artifact.name}
          {version !== null && ` ${version}`}
        </a>
      ) : (
        run !== null && (
          <a class="name" href={runHref(run)}>
            {run.name}
          </a>
        )
      )}
    </>
  );
}
