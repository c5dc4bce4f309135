/** The artifacts of an experiment: at the left what there is, at the right the version that is chosen. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { ArtifactView } from "../../client/index.ts";
import { ExperimentHead } from "../pages/experiment.tsx";
import { Awaited, Button, CodeLine, Empty, Trouble } from "../parts/bits.tsx";
import { useDrop } from "../parts/drop.ts";
import { Icon } from "../parts/icon.tsx";
import { type Loaded, useLoad } from "../parts/load.ts";
import { count, counted } from "../parts/text.ts";
import { revisionOf } from "../shell/live.ts";
import { go } from "../shell/navigation.ts";
import { say } from "../shell/notes.tsx";
import { type ExperimentPlace, hrefOf, type VersionPlace } from "../shell/routes.ts";
import { client, loginRevision, mayWrite } from "../shell/session.ts";
import { artifactsCall } from "./calls.ts";
import { kindOf } from "./kind.ts";
import { Tree } from "./tree.tsx";
import { UploadDialog } from "./upload.tsx";
import { type ChosenFile, filesOfDrop } from "./upload-files.ts";
import { VersionPage } from "./version.tsx";

/** Artifacts that the tree shows. Those beyond are found by their names. */
const SHOWN_MAX = 10_000;
/** Artifacts that the table shows at once, and as many more each time. */
const TABLE_ROWS = 200;

interface Artifacts {
  readonly items: readonly ArtifactView[];
  readonly total: number;
}

/** The page. */
export function ArtifactsPage({ place }: { readonly place: VersionPlace }): JSX.Element {
  const { team, experiment, type, name } = place;
  const [text, setText] = useState("");
  const [shown, setShown] = useState<string>();
  const artifacts = useLoad(
    `artifacts/${JSON.stringify([team, experiment, text])}/${loginRevision.value}`,
    (signal) => readArtifacts(place, text, signal),
    revisionOf({ team, experiment }),
  );
  const isChosen = type !== undefined && name !== undefined;
  return (
    <div class={isChosen ? "artifacts chosen" : "artifacts"}>
      <ExperimentHead place={place} tab="artifacts" isTitle={!isChosen} />
      <aside class="side" aria-label="Artifacts">
        <div class="finder">
          <input
            class="field"
            type="search"
            aria-label="Find an artifact"
            placeholder="Find an artifact"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
        <Side place={place} artifacts={artifacts} shown={isChosen ? shown : undefined} isFound={text !== ""} />
      </aside>
      <Pane place={place}>
        {isChosen ? (
          <VersionPage place={{ ...place, type, name }} onShown={setShown} />
        ) : (
          <Awaited of={artifacts} what="artifacts">
            {(found) => <Overview place={place} artifacts={found} />}
          </Awaited>
        )}
      </Pane>
    </div>
  );
}

/** The right side. What is dropped on it is to be uploaded to what it shows. */
function Pane({
  place,
  children,
}: {
  readonly place: VersionPlace;
  readonly children: ComponentChildren;
}): JSX.Element {
  const [dropped, setDropped] = useState<readonly ChosenFile[]>();
  const { isOver, handlers } = useDrop((transfer) => {
    if (mayWrite.value) void filesOfDrop(transfer).then(setDropped);
    else say("Log in to upload what was dropped", { isWrong: true });
  });
  return (
    <section class={isOver ? "pane over" : "pane"} aria-label="The chosen version" {...handlers}>
      {children}
      {dropped !== undefined && (
        <UploadDialog
          place={place}
          given={dropped}
          onClose={() => setDropped(undefined)}
          onDone={({ type, name, version }, folder) => {
            const { team, experiment } = place;
            go({ page: "artifacts", team, experiment, type, name, version, tab: "files", folder });
          }}
        />
      )}
    </section>
  );
}

interface SideProps {
  readonly place: VersionPlace;
  readonly artifacts: Loaded<Artifacts>;
  readonly shown: string | undefined;
  /** Whether these are those with a text in their name. */
  readonly isFound: boolean;
}

function Side({ place, artifacts: { value, error }, shown, isFound }: SideProps): JSX.Element {
  if (error !== undefined) return <Trouble error={error} what="artifacts" />;
  if (value?.items.length === 0) {
    return <p class="soft side-note">{isFound ? "No artifact has that in its name." : "No artifacts yet."}</p>;
  }
  const { items, total = 0 } = value ?? {};
  return (
    <>
      <Tree place={place} artifacts={items} shown={shown} />
      {items !== undefined && total > items.length && (
        <p class="soft small side-note">
          The first {count(items.length)} of {counted(total, "artifact")}
        </p>
      )}
    </>
  );
}

async function readArtifacts(place: ExperimentPlace, text: string, signal: AbortSignal): Promise<Artifacts> {
  const items: ArtifactView[] = [];
  while (true) {
    const page = await client.call("artifacts", { ...artifactsCall(place, text, items.length), signal });
    items.push(...page.items);
    const isAll = page.items.length === 0 || items.length >= page.total || items.length >= SHOWN_MAX;
    if (isAll) return { items: items.sort(byTypeAndName), total: page.total };
  }
}

/** As people count: "part-2" before "part-10". */
const names = new Intl.Collator("en", { numeric: true });

function byTypeAndName(left: ArtifactView, right: ArtifactView): number {
  return names.compare(left.type, right.type) || names.compare(left.name, right.name);
}

/** What stands at the right while nothing is chosen. */
function Overview({ place, artifacts }: { place: ExperimentPlace; artifacts: Artifacts }): JSX.Element {
  const { items, total } = artifacts;
  const [isUploading, setUploading] = useState(false);
  return (
    <div class="stack pane-start">
      <div class="part-head">
        <h2>{items.length === 0 ? "No artifacts yet" : counted(total, "artifact")}</h2>
        {mayWrite.value && (
          <Button icon="upload" onClick={() => setUploading(true)}>
            New artifact
          </Button>
        )}
      </div>
      {items.length === 0 ? (
        <Empty title="Upload a folder, and it appears here by itself">
          <CodeLine
            code={`artifold upload ./data --name sample --type dataset --team ${place.team} --experiment ${place.experiment}`}
            what="the command"
          />
        </Empty>
      ) : (
        <ArtifactTable place={place} artifacts={artifacts} />
      )}
      {isUploading && <UploadDialog place={place} onClose={() => setUploading(false)} />}
    </div>
  );
}

function ArtifactTable({ place, artifacts }: { place: ExperimentPlace; artifacts: Artifacts }): JSX.Element {
  const { items, total } = artifacts;
  const [rows, setRows] = useState(TABLE_ROWS);
  return (
    <>
      <ArtifactRows place={place} items={items.slice(0, rows)} />
      {items.length > rows && (
        <div class="actions">
          <Button onClick={() => setRows(rows + TABLE_ROWS)}>More of {counted(total, "artifact")}</Button>
        </div>
      )}
      {items.length <= rows && total > items.length && (
        <p class="soft small">
          The first {count(items.length)} of {counted(total, "artifact")}. Find the others by their names.
        </p>
      )}
    </>
  );
}

function ArtifactRows({ place, items }: { place: ExperimentPlace; items: readonly ArtifactView[] }): JSX.Element {
  return (
    <div class="table-box">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col">Latest</th>
            <th scope="col" class="number">
              Versions
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ id, type, name, latest, versions }) => (
            <tr key={id}>
              <td>
                <a class="name" href={hrefOf({ page: "artifacts", ...placeOf(place), type, name })}>
                  {name}
                </a>
              </td>
              <td class="tight">
                <span class={`kind ${kindOf(type)}`}>
                  <Icon name="artifact" />
                </span>{" "}
                <span class="name">{type}</span>
              </td>
              <td>{latest ?? <span class="soft">none</span>}</td>
              <td class="number">{count(versions)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function placeOf({ team, experiment }: ExperimentPlace): ExperimentPlace {
  return { team, experiment };
}
