/** The files of a version: folder by folder, however many there are, and a look at the chosen one. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { EntryItem, FolderPage, VersionParams } from "../../client/index.ts";
import { Copy, Trouble } from "../parts/bits.tsx";
import { Icon } from "../parts/icon.tsx";
import { useLoad } from "../parts/load.ts";
import { PART, type Sparse, useSparse } from "../parts/sparse.ts";
import { counted, plainly } from "../parts/text.ts";
import { go } from "../shell/navigation.ts";
import { hrefOf } from "../shell/routes.ts";
import { client } from "../shell/session.ts";
import { entriesCall } from "./calls.ts";
import { Download } from "./download.tsx";
import { FileGrid } from "./file-grid.tsx";
import { FilePane } from "./file-pane.tsx";
import { Found } from "./found.tsx";
import { folderOf, here, paramsOf, parentOf, type VersionProps } from "./place.ts";

/** The tab Files. */
export function Files({ place, version }: VersionProps): JSX.Element {
  const { file, glob = "" } = place;
  const folder = folderOf(place);
  return (
    <div class={file === undefined ? "files" : "files with-file"}>
      <div class="files-list">
        <div class="files-bar">
          <Folders place={place} version={version} />
          <input
            class="field find"
            type="search"
            aria-label="Filter files by a glob"
            placeholder="Filter: *.csv, images/**"
            value={glob}
            onInput={(event) => go(here(place, { folder, glob: event.currentTarget.value }), { replace: true })}
          />
        </div>
        {glob === "" ? (
          <Folder place={place} version={version} />
        ) : (
          <Found key={`${version.id} ${folder} ${glob}`} place={place} version={version} glob={glob} />
        )}
      </div>
      {file !== undefined && <FilePane place={place} version={version} file={file} />}
    </div>
  );
}

/** The way to the folder that is looked at. */
function Folders({ place, version }: VersionProps): JSX.Element {
  const folder = folderOf(place);
  const parts = folder === "" ? [] : folder.split("/");
  return (
    <nav class="folders" aria-label="Folder">
      <a class="name" href={hrefOf(here(place))} aria-current={parts.length === 0 ? "location" : undefined}>
        <Icon name="folder" /> {version.name}
        <span class="unseen">: top folder</span>
      </a>
      {parts.map((part, at) => {
        const path = parts.slice(0, at + 1).join("/");
        return (
          <span key={path} class="folders-part">
            <span class="soft"> / </span>
            <a
              class="name"
              href={hrefOf(here(place, { folder: path }))}
              aria-current={at === parts.length - 1 ? "location" : undefined}
            >
              {plainly(part)}
            </a>
          </span>
        );
      })}
    </nav>
  );
}

function Folder({ place, version }: VersionProps): JSX.Element {
  const { file } = place;
  const folder = folderOf(place);
  const params = paramsOf(version);
  const list = JSON.stringify([params, folder]);
  const entries = useSparse(list, async (offset, limit, signal) => {
    const ask = (by: string): Promise<FolderPage> =>
      client.call("entries", { ...entriesCall({ ...params, version: by }, folder, offset, limit), signal });
    // As it was asked for ahead, when the number or tag was known and not yet what it means.
    const page = offset === 0 ? await ask(place.version ?? "latest").catch(() => undefined) : undefined;
    return page?.version === version.id ? page : ask(version.id);
  });
  const left = useLeft(folder, file);
  const chosen = useIndexOf(params, folder, file, entries);
  const start = useIndexOf(params, folder, left, entries);
  const { count: total = 0 } = entries;
  if (entries.error !== undefined && entries.count === undefined) return <Trouble error={entries.error} what="files" />;
  return (
    <>
      <FileGrid
        label={folder === "" ? "Files of the version" : `Files in ${folder}`}
        list={list}
        base={folder}
        count={total}
        at={entries.at}
        chosen={chosen}
        start={start}
        want={entries.want}
        hrefOf={(item) =>
          hrefOf(here(place, item.kind === "folder" ? { folder: item.path } : { folder, file: item.path }))
        }
        onUp={folder === "" ? undefined : () => go(here(place, { folder: parentOf(folder) }))}
        params={{ ...params, version: version.version }}
      />
      <footer class="files-foot small soft">
        <span aria-live="polite">
          {entries.count !== undefined && counted(total, "name")}
          {entries.isCounting && " and counting"}
          {version.files !== total && ` here, ${counted(version.files, "file")} in the version`}
        </span>
        <span class="actions">
          {folder !== "" && <Copy text={folder} what="the folder's path" />}
          <Download params={{ ...params, version: version.version }} folder={folder} format="zip" />
          <Download params={{ ...params, version: version.version }} folder={folder} format="tar" />
        </span>
      </footer>
    </>
  );
}

/** The name that somebody came up from, until he opens a file; `undefined` for who came otherwise. */
function useLeft(folder: string, file: string | undefined): string | undefined {
  const way = useRef<{ readonly folder: string; readonly left?: string }>({ folder });
  const { folder: before } = way.current;
  if (before !== folder) {
    const prefix = folder === "" ? "" : `${folder}/`;
    const [name = ""] = before.slice(prefix.length).split("/");
    way.current = { folder, ...(before.startsWith(prefix) && { left: prefix + name }) };
  } else if (file !== undefined) way.current = { folder };
  return way.current.left;
}

/** Where a path stands in its folder; -1 for none, for one that is not in it, and while that is not known. */
function useIndexOf(
  params: VersionParams,
  folder: string,
  path: string | undefined,
  entries: Sparse<EntryItem>,
): number {
  const first = path === undefined ? -1 : indexAmongFirst(entries, path);
  // Most often it is one of the first, which are here anyway.
  const isAsked = path !== undefined && parentOf(path) === folder && first < 0 && (entries.count ?? 0) > PART;
  const asked = useLoad(isAsked ? `index/${JSON.stringify([params, path])}` : "", async (signal) => {
    const call = { params, query: { folder, limit: 1, ...(path !== undefined && { at: path }) } };
    return (await client.call("entries", { ...call, signal })).offset;
  });
  return first >= 0 ? first : (asked.value ?? -1);
}

function indexAmongFirst({ at, count = 0 }: Sparse<EntryItem>, path: string): number {
  for (let index = 0; index < Math.min(PART, count); index++) if (at(index)?.path === path) return index;
  return -1;
}
