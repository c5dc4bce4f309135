/** What a file is shown as: by the ending of its name and its first bytes. Pure. */

/** A way to show a file. */
export type PreviewKind = "image" | "audio" | "video" | "csv" | "tsv" | "json" | "jsonl" | "parquet" | "text" | "bytes";

const ENDINGS: { readonly [ending: string]: PreviewKind } = {
  ...{ png: "image", jpg: "image", jpeg: "image", gif: "image", webp: "image", avif: "image", bmp: "image" },
  ...{
    mp3: "audio",
    wav: "audio",
    ogg: "audio",
    oga: "audio",
    flac: "audio",
    m4a: "audio",
    aac: "audio",
    opus: "audio",
  },
  ...{ mp4: "video", webm: "video", m4v: "video", ogv: "video" },
  ...{ csv: "csv", tsv: "tsv", tab: "tsv", json: "json", jsonl: "jsonl", ndjson: "jsonl", parquet: "parquet" },
};

/** How a file is shown. What is named like text and is none is shown as bytes. */
export function previewOf(path: string, head: Uint8Array): PreviewKind {
  const ending = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  const named = ENDINGS[ending];
  const isText = looksLikeText(head);
  if (named === undefined) return isText ? "text" : "bytes";
  const wantsText = named === "csv" || named === "tsv" || named === "json" || named === "jsonl";
  return wantsText && !isText ? "bytes" : named;
}

/** Whether bytes are UTF-8 without a NUL; a letter that is cut at the end does not count against it. */
export function looksLikeText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
