/** How files of versions go out: whoever stored them may be hostile, and pages of ours must not become theirs. */
import { apiHeaders } from "./api-answers.ts";

/** Types that a browser shows and does not run, by the ending of a name. SVG, HTML, XML and PDF are none of them. */
const shown: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  aac: "audio/aac",
  flac: "audio/flac",
  oga: "audio/ogg",
  ogg: "audio/ogg",
  opus: "audio/ogg",
  wav: "audio/wav",
  mp4: "video/mp4",
  m4v: "video/mp4",
  ogv: "video/ogg",
  webm: "video/webm",
};

const textual = new Set(
  `bash bib c cc cfg conf cpp css csv diff dockerfile env go h hpp ini ipynb java jl js json jsonl jsx kt lock log lua m md
  mjs ndjson php pl properties py r rb rs rst scala sh sql srt swift tex toml ts tsv tsx txt vtt yaml yml`.split(/\s+/),
);

/** The type that a file is shown as; `undefined` where it is not. */
export function shownType(path: string): string | undefined {
  const ending = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  if (Object.hasOwn(shown, ending)) return shown[ending];
  return textual.has(ending) ? "text/plain; charset=utf-8" : undefined;
}

/** Headers of content: shown or, mostly, saved under a name; and without any right on our origin. */
export function contentHeaders(type: string | undefined, name: string): { readonly [header: string]: string } {
  return {
    ...apiHeaders,
    "content-type": type ?? "application/octet-stream",
    "content-disposition": type === undefined ? attachment(name) : "inline",
  };
}

/** A name in a header: as it is in UTF-8, and for old readers what ASCII has of it. */
export function attachment(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\/%]/g, "_");
  const exact = encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

/** Bytes of a file that are asked for; the last one is included. */
export interface AskedRange {
  readonly first: number;
  readonly last: number;
}

/** Reads `Range` for content of a size: a single range that begins within it. @returns "none" for any other */
export function askedRange(header: string, size: number): AskedRange | "none" {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header) ?? [];
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "none" : { first: size - length, last: size - 1 };
  }
  const range = { first: Number(first), last: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
  return range.first <= range.last ? range : "none";
}
