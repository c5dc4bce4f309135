/** How to fetch what is on screen: lines to copy, and the download itself. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { CodeLine } from "../parts/bits.tsx";
import { session } from "../shell/session.ts";
import { Download } from "./download.tsx";
import { fetchLines } from "./fetch-lines.ts";
import { folderOf, paramsOf, type VersionProps } from "./place.ts";

/** Shows the lines for the file, the folder or the version that is looked at. */
export function FetchDialog({ place, version, onClose }: VersionProps & { onClose: () => void }): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => box.current?.showModal(), []);
  const inFiles = place.tab === "files";
  const path = inFiles ? (place.file ?? folderOf(place)) : "";
  const isFile = inFiles && place.file !== undefined;
  const params = { ...paramsOf(version), version: version.version };
  const lines = fetchLines({ ...params, path, isFile }, location.origin, session.value?.isPrivate ?? true);
  return (
    <dialog ref={box} class="wide" aria-labelledby="fetch-title" onClose={onClose}>
      <div class="stack">
        <h2 id="fetch-title">
          Use <span class="name">{path === "" ? `${version.name} ${version.version}` : path}</span>
        </h2>
        <h3>On the command line</h3>
        <CodeLine code={lines.command} what="the command" />
        <h3>In a program</h3>
        <CodeLine code={lines.library} what="the lines" />
        <h3>With curl</h3>
        <CodeLine code={lines.curl} what="the curl command" />
        <div class="actions">
          {isFile ? (
            <Download params={params} file={path} />
          ) : (
            <>
              <Download params={params} folder={path} format="zip" />
              <Download params={params} folder={path} format="tar" />
            </>
          )}
          <button type="button" class="button" onClick={() => box.current?.close()}>
            Close
          </button>
        </div>
      </div>
    </dialog>
  );
}
