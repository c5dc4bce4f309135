/** What a version changed, as seen from another: the list, and the chosen file before and after. */
import type { JSX } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import type { ChangeItem, DiffSummary, VersionParams, VersionView } from "../../client/index.ts";
import { Empty, Trouble } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { usePieces } from "../parts/pieces.ts";
import { count, plainly, size } from "../parts/text.ts";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { lazily } from "../previews/lazy.tsx";
import { go } from "../shell/navigation.ts";
import { hrefOf } from "../shell/routes.ts";
import { client } from "../shell/session.ts";
import type { ChangePaneProps } from "./change-pane.tsx";
import { here, paramsOf, type VersionProps } from "./place.ts";

const ROW_PX = 32;
const PIECE = 500;
const SIGNS = { added: "+", modified: "~", removed: "−" } as const;

const ChangePane = lazily<ChangePaneProps>("change-pane", async () => (await import("./change-pane.tsx")).ChangePane);

/** The tab Diff. */
export function Diff({ place, version }: VersionProps): JSX.Element {
  const from = place.from ?? version.parent ?? undefined;
  return (
    <div class="diff">
      <From place={place} version={version} from={from} />
      {from === undefined ? (
        <Empty title={`${version.version} is the first version`}>
          <p>Choose another version to compare it with.</p>
        </Empty>
      ) : (
        <Changes key={`${version.id} ${from}`} place={place} version={version} from={from} />
      )}
    </div>
  );
}

/** The other version: chosen among those that fit what is typed. */
function From({ place, version, from }: VersionProps & { readonly from: string | undefined }): JSX.Element {
  const [text, setText] = useState(from ?? "");
  // Who goes back sees what he came from.
  useLayoutEffect(() => setText(from ?? ""), [from]);
  const { team, experiment, type, name } = version;
  const params = { team, experiment, type, name };
  const query = { limit: 50, ...(text !== from && text !== "" && { text }) };
  const others = useLoad(`others/${JSON.stringify([params, query])}`, (signal) =>
    client.call("versions", { params, query, signal }),
  );
  const choose = (value: string): void => {
    setText(value);
    const wanted = others.value?.items.some((each) => each.version === value || each.tags.includes(value)) === true;
    if (wanted && value !== from) go(here(place, { from: value }));
  };
  return (
    <form
      class="diff-from"
      onSubmit={(event) => {
        event.preventDefault();
        if (text !== "") go(here(place, { from: text.trim() }));
      }}
    >
      <label for="diff-from">Changes of {version.version} since</label>
      <input
        id="diff-from"
        class="field"
        list="diff-others"
        autoComplete="off"
        value={text}
        onInput={(event) => choose(event.currentTarget.value)}
      />
      <datalist id="diff-others">
        {others.value?.items
          .filter(({ id }) => id !== version.id)
          .map((each) => (
            <option key={each.id} value={each.version}>
              {each.tags.join(", ")}
            </option>
          ))}
      </datalist>
    </form>
  );
}

function Changes({ place, version, from }: VersionProps & { readonly from: string }): JSX.Element {
  const params = paramsOf(version);
  const { file } = place;
  const [other, setOther] = useState<VersionView>();
  const key = JSON.stringify([params.version, from]);
  const summary = useLoad(`diff/${key}`, (signal) => client.call("diffSummary", { params, query: { from }, signal }));
  const changes = usePieces<ChangeItem>(key, async (after, signal) => {
    const query = { from, limit: PIECE, ...(after !== undefined && { after }) };
    const piece = await client.call("diff", { params, query, signal });
    setOther(piece.from);
    return piece;
  });
  if (changes.error !== undefined && changes.items.length === 0)
    return <Trouble error={changes.error} what="difference" />;
  if (changes.isDone && changes.items.length === 0)
    return <Empty title={`${version.version} has the same content as ${from}`} />;
  const chosen = changes.items.findIndex(({ path }) => path === file);
  const change = changes.items[chosen];
  const to = (path: string): string => hrefOf(here(place, { from, file: path }));
  return (
    <>
      {summary.value !== undefined && <Summary summary={summary.value} />}
      <div class={change === undefined ? "diff-body" : "diff-body with-file"}>
        <VirtualRows
          role="grid"
          label="Changed paths"
          class="diff-grid"
          columns={3}
          count={changes.items.length}
          rowHeight={ROW_PX}
          chosen={chosen}
          row={(index) => <Row change={changes.items[index]} href={to} />}
          onOpen={(index) => {
            const path = changes.items[index]?.path;
            if (path !== undefined) go(to(path));
          }}
          onShown={(_, last) => {
            if (last >= changes.items.length - 20) changes.more();
          }}
        />
        {change !== undefined && other !== undefined && (
          <ChangePane
            key={change.path}
            change={change}
            before={idOf(other)}
            after={params}
            to={(side, path) => {
              const number = side.version === version.id ? version.version : other.version;
              return hrefOf({ page: "artifacts", ...side, version: number, tab: "files", file: path });
            }}
          />
        )}
      </div>
    </>
  );
}

function idOf({ team, experiment, type, name, id }: VersionView): VersionParams {
  return { team, experiment, type, name, version: id };
}

function Summary({ summary }: { readonly summary: DiffSummary }): JSX.Element {
  const { added, modified, removed, bytesAfter, bytesBefore, isWhole } = summary;
  return (
    <p class="facts">
      {!isWhole && <span>Of the first changes:</span>}
      <span class="change added">
        <b>{count(added)}</b> added
      </span>
      <span class="change modified">
        <b>{count(modified)}</b> changed
      </span>
      <span class="change removed">
        <b>{count(removed)}</b> removed
      </span>
      <span>
        {size(bytesBefore)} → {size(bytesAfter)}
      </span>
    </p>
  );
}

function Row({ change, href }: { change: ChangeItem | undefined; href: (path: string) => string }): JSX.Element {
  if (change === undefined) return <span role="gridcell">…</span>;
  const { path, kind, before, after } = change;
  return (
    <div class={`diff-row ${kind}`} role="presentation">
      <span role="gridcell" class="sign">
        <span aria-hidden="true">{SIGNS[kind]}</span>
        <span class="unseen">{kind === "modified" ? "changed" : kind}</span>
      </span>
      <span role="gridcell" class="clip">
        <a class="name" tabIndex={-1} href={href(path)} title={plainly(path)}>
          {plainly(path)}
        </a>
      </span>
      <span role="gridcell" class="number soft">
        {[before?.size, after?.size].flatMap((bytes) => (typeof bytes === "number" ? [size(bytes)] : [])).join(" → ")}
      </span>
    </div>
  );
}
