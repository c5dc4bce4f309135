/** Bytes of a stored file, by ranges: nothing here ever asks for a whole large file. */
import type { VersionParams } from "../../client/index.ts";
import { client } from "../shell/session.ts";

/** A file of a version. */
export interface FileSource {
  readonly params: VersionParams;
  readonly path: string;
}

/** The beginning of a file, and what is known of all of it. */
export interface FileHead {
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly digest: string;
}

/** What previews are told. */
export interface PreviewProps {
  readonly source: FileSource;
  readonly head: FileHead;
}

const HEAD_BYTES = 65_536;

/** Reads the beginning of a file that is not empty. */
export async function readHead({ params, path }: FileSource, signal: AbortSignal): Promise<FileHead> {
  const range = { range: `bytes=0-${HEAD_BYTES - 1}` };
  const response = await client.fetch("file", { params, query: { path }, signal }, range);
  const digest = (response.headers.get("etag") ?? "").replaceAll('"', "");
  const size = Number(response.headers.get("content-range")?.split("/").at(-1));
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { bytes, size: Number.isFinite(size) ? size : bytes.length, digest };
}

/** Reads a range; `end` is not in it. */
export async function readRange(
  source: FileSource,
  start: number,
  end: number,
  signal?: AbortSignal,
): Promise<ArrayBuffer> {
  const { params, path } = source;
  const range = { range: `bytes=${start}-${end - 1}` };
  const response = await client.fetch("file", { params, query: { path }, signal }, range);
  return response.arrayBuffer();
}

/** An address at which the browser shows the file by itself. */
export function shownAt({ params, path }: FileSource): Promise<string> {
  return client.urlOf("file", { params, query: { path, inline: true } });
}
