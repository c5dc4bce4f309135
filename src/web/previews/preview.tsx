/** A look at a file: what it is decides how. Each way is loaded when it is used. */
import type { JSX } from "preact";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { previewOf } from "./kinds.ts";
import { lazily } from "./lazy.tsx";
import { type FileSource, type PreviewProps, readHead } from "./source.ts";

const Media = lazily<PreviewProps & { kind: "image" | "audio" | "video" }>(
  "media",
  async () => (await import("./media.tsx")).Media,
);
const Text = lazily<PreviewProps>("text", async () => (await import("./text.tsx")).Text);
const Bytes = lazily<PreviewProps>("bytes", async () => (await import("./text.tsx")).Bytes);
const Table = lazily<PreviewProps & { separator: string }>("table", async () => (await import("./table.tsx")).Table);
const JsonFile = lazily<PreviewProps>("json", async () => (await import("./json.tsx")).JsonFile);
const JsonLinesFile = lazily<PreviewProps>("json-lines", async () => (await import("./json.tsx")).JsonLinesFile);
const Parquet = lazily<PreviewProps>("parquet", async () => (await import("./parquet.tsx")).Parquet);

/** The preview of a file of so many bytes. */
export function Preview({ source, size }: { readonly source: FileSource; readonly size: number }): JSX.Element {
  // Of an empty file nothing is asked for: there is no range of it.
  const head = useLoad(size === 0 ? "" : `head/${JSON.stringify(source)}`, (signal) => readHead(source, signal));
  if (size === 0) return <p class="soft">The file is empty.</p>;
  return (
    <Awaited of={head} what="file">
      {(found) => <Shown source={source} head={found} />}
    </Awaited>
  );
}

function Shown(props: PreviewProps): JSX.Element {
  const { source, head } = props;
  const kind = previewOf(source.path, head.bytes);
  switch (kind) {
    case "image":
    case "audio":
    case "video":
      return <Media {...props} kind={kind} />;
    case "csv":
    case "tsv":
      return <Table {...props} separator={kind === "csv" ? "," : "\t"} />;
    case "json":
      return <JsonFile {...props} />;
    case "jsonl":
      return <JsonLinesFile {...props} />;
    case "parquet":
      return <Parquet {...props} />;
    case "text":
      return <Text {...props} />;
    case "bytes":
      return <Bytes {...props} />;
  }
}
