/** Downloads that the browser makes: the page never holds what is downloaded. */
import type { JSX } from "preact";
import type { VersionParams } from "../../client/index.ts";
import { Icon } from "../parts/icon.tsx";
import { say } from "../shell/notes.tsx";
import { client } from "../shell/session.ts";

/** A file, or a folder ("" for all) as one archive. */
export type DownloadProps = { readonly params: VersionParams } & (
  | { readonly file: string }
  | { readonly folder: string; readonly format: "zip" | "tar" }
);

/** A button that downloads. */
export function Download(props: DownloadProps): JSX.Element {
  const label = "file" in props ? "Download" : `Download .${props.format}`;
  return (
    <button type="button" class="button" onClick={() => void download(props)}>
      <Icon name="download" />
      {label}
    </button>
  );
}

/** Begins a download. */
export async function download(props: DownloadProps): Promise<void> {
  const { params } = props;
  try {
    const url =
      "file" in props
        ? await client.urlOf("file", { params, query: { path: props.file } })
        : await client.urlOf("archive", {
            params,
            query: { format: props.format, ...(props.folder !== "" && { folder: props.folder }) },
          });
    const link = document.createElement("a");
    link.href = url;
    link.download = "";
    link.click();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), { isWrong: true });
  }
}
