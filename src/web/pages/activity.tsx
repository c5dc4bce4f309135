/** What happened in the store, in sentences, newest first. */
import type { JSX } from "preact";
import type { OperationChange, OperationView } from "../../client/index.ts";
import { Awaited, When } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { revisionOf } from "../shell/live.ts";
import { hrefOf } from "../shell/routes.ts";
import { client, loginRevision } from "../shell/session.ts";
import { runHref } from "./run-table.tsx";

const SHOWN = 30;

/** The newest operations. */
export function Activity(): JSX.Element {
  const log = useLoad(
    `log/${loginRevision.value}`,
    (signal) => client.call("log", { query: { limit: SHOWN }, signal }),
    revisionOf(),
  );
  return (
    <section class="part" aria-labelledby="activity">
      <h2 id="activity">What happened</h2>
      <Awaited of={log} what="the log">
        {({ items }) => (
          <ol class="activity">
            {items.map((operation) => (
              <Operation key={operation.operation} operation={operation} />
            ))}
          </ol>
        )}
      </Awaited>
    </section>
  );
}

function Operation({ operation }: { readonly operation: OperationView }): JSX.Element | null {
  const told = operation.changes.filter(({ kind }) => kind in SENTENCES);
  if (told.length === 0) return null;
  return (
    <li>
      {told.map((change) => (
        <p key={`${change.kind} ${change.versionId} ${change.tag}`}>
          <Change change={change} />
        </p>
      ))}
      <p class="soft small">
        <When at={operation.at} /> by <span class="name">{operation.by}</span>
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
