/** A look at a file: what it is decides how. Each way is loaded when it is used. */
import type { JSX } from "preact";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { previewOf } from "./kinds.ts";
import { lazily } from "./lazy.tsx";
import { type FileHead, type FileSource, type PreviewProps, readHead } from "./source.ts";

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

/** The beginning of a file, for what stands around the preview too. */
export function useHead(source: FileSource): ReturnType<typeof useLoad<FileHead>> {
  return useLoad(`head/${JSON.stringify(source)}`, (signal) => readHead(source, signal));
}

/** The preview. */
export function Preview({ source }: { readonly source: FileSource }): JSX.Element {
  return (
    <Awaited of={useHead(source)} what="file">
      {(head) => <Shown source={source} head={head} />}
    </Awaited>
  );
}

function Shown(props: PreviewProps): JSX.Element {
  const { source, head } = props;
  if (head.size === 0) return <p class="soft">The file is empty.</p>;
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
