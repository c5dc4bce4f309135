/** A look at one file, beside the list. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { EntryItem, VersionParams } from "../../client/index.ts";
import { Awaited, Copy, Digest } from "../parts/bits.tsx";
import { Icon } from "../parts/icon.tsx";
import { type Loaded, useLoad } from "../parts/load.ts";
import { plainly, size } from "../parts/text.ts";
import { Preview } from "../previews/preview.tsx";
import { hrefOf } from "../shell/routes.ts";
import { client } from "../shell/session.ts";
import { Download } from "./download.tsx";
import { EntryFacts } from "./entry-facts.tsx";
import { folderOf, here, paramsOf, type VersionProps } from "./place.ts";

/** The pane. */
export function FilePane({ place, version, file }: VersionProps & { readonly file: string }): JSX.Element {
  const { glob = "" } = place;
  const box = useRef<HTMLElement>(null);
  const params = paramsOf(version);
  const entry = useEntry(params, file);
  const { value: found } = entry;
  // On a narrow page the pane stands below the list.
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), [file]);
  return (
    <aside ref={box} class="file-pane" aria-label="The chosen file">
      <header class="part-head">
        <h2 class="name">{plainly(file.split("/").at(-1) ?? "")}</h2>
        <span class="actions">
          {found?.kind === "file" && <Download params={{ ...params, version: version.version }} file={file} />}
          <Copy text={file} what="the path" />
          <a
            class="button bare"
            href={hrefOf(here(place, { folder: folderOf(place), glob }))}
            aria-label="Close the file"
          >
            <Icon name="cross" />
          </a>
        </span>
      </header>
      <p class="facts">
        {file.includes("/") && <span class="name">{plainly(file)}</span>}
        {found?.kind === "file" && (
          <>
            <span>{size(found.size)}</span>
            <Digest value={found.digest ?? ""} what="the digest of the file" />
          </>
        )}
      </p>
      <Awaited of={entry} what="file">
        {(own) =>
          own.kind === "file" ? (
            <Preview source={{ params, path: file }} size={own.size} />
          ) : (
            <EntryFacts
              entry={own}
              to={(path) => hrefOf(here(place, own.kind === "folder" ? { folder: path } : { file: path }))}
            />
          )
        }
      </Awaited>
    </aside>
  );
}

/** What stands at a path: content is asked for of files only. */
function useEntry(params: VersionParams, path: string): Loaded<EntryItem> {
  return useLoad(`entry/${JSON.stringify([params, path])}`, async (signal) => {
    const { items } = await client.call("entries", { params, query: { folder: path, limit: 1 }, signal });
    const [first] = items;
    // A folder gives what is in it.
    if (first?.path === path) return first;
    return { path, kind: "folder", size: 0, digest: null, executable: false, files: items.length };
  });
}
