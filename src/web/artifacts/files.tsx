/** The files of a version: folder by folder, however many there are, and a look at the chosen one. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { FolderPage } from "../../client/index.ts";
import { Copy, Trouble } from "../parts/bits.tsx";
import { Icon } from "../parts/icon.tsx";
import { useSparse } from "../parts/sparse.ts";
import { count, counted, plainly } from "../parts/text.ts";
import { go } from "../shell/navigation.ts";
import { hrefOf } from "../shell/routes.ts";
import { client } from "../shell/session.ts";
import { entriesCall } from "./calls.ts";
import { Download } from "./download.tsx";
import { FileGrid } from "./file-grid.tsx";
import { FilePane } from "./file-pane.tsx";
import { Found } from "./found.tsx";
import { here, paramsOf, type VersionProps } from "./place.ts";

/** The tab Files. */
export function Files({ place, version }: VersionProps): JSX.Element {
  const { folder = "", file, glob = "" } = place;
  const [text, setText] = useState(glob);
  const filter = (next: string): void => {
    setText(next);
    go(here(place, { folder, glob: next }), { replace: true });
  };
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
            value={text}
            onInput={(event) => filter(event.currentTarget.value)}
          />
        </div>
        {glob === "" ? (
          <Folder key={`${version.id} ${folder}`} place={place} version={version} />
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
  const { folder = "" } = place;
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
  const { folder = "", file } = place;
  const params = paramsOf(version);
  const entries = useSparse(JSON.stringify([params, folder]), async (offset, limit, signal) => {
    const ask = (by: string): Promise<FolderPage> =>
      client.call("entries", { ...entriesCall({ ...params, version: by }, folder, offset, limit), signal });
    // As it was asked for ahead, when the number or tag was known and not yet what it means.
    const page = offset === 0 ? await ask(place.version ?? "latest").catch(() => undefined) : undefined;
    return page?.version === version.id ? page : ask(version.id);
  });
  const { count: total = 0 } = entries;
  if (entries.error !== undefined && entries.count === undefined) return <Trouble error={entries.error} what="files" />;
  const chosen = file === undefined ? -1 : indexAmong(entries.at, total, file);
  return (
    <>
      <FileGrid
        label={folder === "" ? "Files of the version" : `Files in ${folder}`}
        base={folder}
        count={total}
        at={entries.at}
        chosen={chosen}
        want={entries.want}
        hrefOf={(item) =>
          hrefOf(here(place, item.kind === "folder" ? { folder: item.path } : { folder, file: item.path }))
        }
        onUp={folder === "" ? undefined : () => go(here(place, { folder: folder.split("/").slice(0, -1).join("/") }))}
        params={{ ...params, version: version.version }}
      />
      <footer class="files-foot small soft">
        <span aria-live="polite">
          {entries.count !== undefined && counted(total, "name")}
          {entries.isCounting && " and counting"}
          {version.files !== total && ` here, ${count(version.files)} files in the version`}
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

/** Where a file stands among those that are here; -1 where it is not among them. */
function indexAmong(at: (index: number) => { readonly path: string } | undefined, total: number, path: string): number {
  for (let index = 0; index < Math.min(total, 2000); index++) if (at(index)?.path === path) return index;
  return -1;
}
