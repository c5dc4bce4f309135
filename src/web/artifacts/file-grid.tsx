/** Rows of files and folders: number, name, size, digest, download. */
import type { JSX } from "preact";
import type { EntryItem, VersionParams } from "../../client/index.ts";
import { Copy } from "../parts/bits.tsx";
import { Icon, type IconName } from "../parts/icon.tsx";
import { count, counted, plainly, size } from "../parts/text.ts";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { go } from "../shell/navigation.ts";
import { download } from "./download.tsx";

const ROW_PX = 32;
const ICONS: { readonly [Kind in EntryItem["kind"]]: IconName } = {
  file: "file",
  folder: "folder",
  link: "link",
  reference: "reference",
};

/** What the list is told. */
export interface FileGridProps {
  readonly label: string;
  /** Names the list. */
  readonly list: string;
  /** The folder whose names these are: names are shown from there on. */
  readonly base: string;
  readonly count: number;
  readonly at: (index: number) => EntryItem | undefined;
  readonly want: (first: number, last: number) => void;
  readonly chosen: number;
  /** Where the keys begin where none is chosen; -1 for at the top. */
  readonly start?: number;
  readonly hrefOf: (item: EntryItem) => string;
  /** Goes to the folder above; `undefined` at the top. */
  readonly onUp?: (() => void) | undefined;
  readonly params: VersionParams;
}

/** The list. */
export function FileGrid(props: FileGridProps): JSX.Element {
  const open = (index: number): void => {
    const item = props.at(index);
    if (item !== undefined) go(props.hrefOf(item));
  };
  return (
    <VirtualRows
      role="grid"
      label={props.label}
      list={props.list}
      class="file-grid"
      columns={5}
      head={<Head />}
      count={props.count}
      rowHeight={ROW_PX}
      chosen={props.chosen}
      start={props.start ?? -1}
      row={(index) => <Row {...props} index={index} />}
      onOpen={open}
      onKey={(key) => {
        if (key !== "Backspace" && key !== "ArrowLeft") return false;
        props.onUp?.();
        return true;
      }}
      onShown={props.want}
    />
  );
}

function Head(): JSX.Element {
  return (
    <div class="grid-top" role="rowgroup">
      <div class="grid-head file-row" role="row" aria-rowindex={1}>
        <span role="columnheader" class="number">
          #
        </span>
        <span role="columnheader">Name</span>
        <span role="columnheader" class="number">
          Size
        </span>
        <span role="columnheader" class="file-digest">
          Digest
        </span>
        <span role="columnheader">
          <span class="unseen">Download</span>
        </span>
      </div>
    </div>
  );
}

function Row({ index, at, base, hrefOf, params }: FileGridProps & { readonly index: number }): JSX.Element {
  const item = at(index);
  if (item === undefined)
    return (
      <span role="gridcell" class="file-row soft">
        …
      </span>
    );
  const name = plainly(base === "" ? item.path : item.path.slice(base.length + 1));
  return (
    <div class="file-row" role="presentation">
      <span role="gridcell" class="number soft">
        {count(index + 1)}
      </span>
      <span role="gridcell" class="file-name">
        <Icon name={ICONS[item.kind]} />
        <a class="name clip" tabIndex={-1} href={hrefOf(item)} title={name}>
          {name}
          {item.kind === "folder" && "/"}
        </a>
        {item.target !== undefined && <span class="soft clip"> → {plainly(item.target)}</span>}
        {item.uri !== undefined && <span class="soft clip"> {plainly(item.uri)}</span>}
        {item.executable && <span class="soft">executable</span>}
      </span>
      <span role="gridcell" class="number" title={`${count(item.size)} bytes`}>
        {size(item.size)}
      </span>
      <span role="gridcell" class="file-digest">
        {item.digest !== null ? (
          <>
            <code title={item.digest}>{item.digest.slice(0, 12)}</code>
            <Copy text={item.digest} what={`the digest of ${name}`} isReached={false} />
          </>
        ) : (
          item.kind === "folder" && <span class="soft">{counted(item.files, "file")}</span>
        )}
      </span>
      <span role="gridcell">
        {(item.kind === "file" || item.kind === "folder") && <DownloadRow item={item} name={name} params={params} />}
      </span>
    </div>
  );
}

function DownloadRow(props: { item: EntryItem; name: string; params: VersionParams }): JSX.Element {
  const { item, name, params } = props;
  const title = item.kind === "folder" ? `Download ${name} as .zip` : `Download ${name}`;
  const what = item.kind === "folder" ? ({ folder: item.path, format: "zip" } as const) : { file: item.path };
  return (
    <button
      type="button"
      class="button bare"
      tabIndex={-1}
      title={title}
      aria-label={title}
      onClick={() => void download({ params, ...what })}
    >
      <Icon name="download" />
    </button>
  );
}
