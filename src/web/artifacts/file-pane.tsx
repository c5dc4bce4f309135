/** A look at one file, beside the list. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Copy, Digest } from "../parts/bits.tsx";
import { Icon } from "../parts/icon.tsx";
import { plainly, size } from "../parts/text.ts";
import { Preview, useHead } from "../previews/preview.tsx";
import { hrefOf } from "../shell/routes.ts";
import { Download } from "./download.tsx";
import { here, paramsOf, type VersionProps } from "./place.ts";

/** The pane. */
export function FilePane({ place, version, file }: VersionProps & { readonly file: string }): JSX.Element {
  const { folder = "", glob = "" } = place;
  const box = useRef<HTMLElement>(null);
  const params = paramsOf(version);
  const source = { params, path: file };
  const { value: head } = useHead(source);
  // On a narrow page the pane stands below the list.
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), [file]);
  return (
    <aside ref={box} class="file-pane" aria-label="The chosen file">
      <header class="part-head">
        <h3 class="name">{plainly(file.split("/").at(-1) ?? "")}</h3>
        <span class="actions">
          <Download params={{ ...params, version: version.version }} file={file} />
          <Copy text={file} what="the path" />
          <a class="button bare" href={hrefOf(here(place, { folder, glob }))} aria-label="Close the file">
            <Icon name="cross" />
          </a>
        </span>
      </header>
      <p class="facts">
        {file.includes("/") && <span class="name">{plainly(file)}</span>}
        {head !== undefined && (
          <>
            <span>{size(head.size)}</span>
            <Digest value={head.digest} what="the digest of the file" />
          </>
        )}
      </p>
      <Preview source={source} />
    </aside>
  );
}
