/** JSON objects that people give and records keep as text: metadata of versions, configs of runs. */
import { ArtifoldError } from "../errors.ts";
import { type Decoder, utf8Length } from "./codec.ts";

/** Metadata: a JSON object, at most 1 MiB as text and 32 levels deep. */
export type Metadata = { readonly [key: string]: JsonValue };
/** What JSON can say. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** The longest text of metadata, in UTF-8 bytes. */
export const METADATA_BYTES_MAX: number = 1024 * 1024;
/** How deep objects and arrays of metadata may lie in each other, the outermost counted. */
export const METADATA_DEPTH_MAX = 32;

/**
 * Metadata as JSON text within the limits.
 *
 * @param what names it, for errors
 * @throws ArtifoldError LIMIT when it is too large or too deep; TypeError when it is no JSON object
 */
export function metadataText(metadata: Metadata, what = "metadata"): string {
  // Looked at before it is written, for it may hold itself; and after, for a value decides itself what it is in JSON.
  checkDepth(metadata, what);
  const text = JSON.stringify(metadata) as string | undefined;
  const written: unknown = text === undefined ? undefined : JSON.parse(text);
  if (text === undefined || !isObject(written)) throw new TypeError(`${what} is an object of JSON values`);
  checkDepth(written, what);
  checkLimit(what, utf8Length(text), METADATA_BYTES_MAX);
  return text;
}

/** Reads a string that is the JSON text of an object. @param what names it, for errors */
export function readMetadata(decoder: Decoder, what: string): Metadata {
  const text = readLimited(decoder, what, METADATA_BYTES_MAX);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    decoder.fail(`${what} that is not JSON`);
  }
  if (!isObject(value)) decoder.fail(`${what} that is no object`);
  if (jsonDepth(value) > METADATA_DEPTH_MAX) decoder.fail(`${what} nested too deeply`);
  return value;
}

/** Reads a string of at most so many bytes. */
export function readLimited(decoder: Decoder, what: string, max: number): string {
  const text = decoder.string();
  if (utf8Length(text) > max) decoder.fail(`${what} longer than ${max} bytes`);
  return text;
}

/** Checks what a record is to keep. @throws ArtifoldError LIMIT */
export function checkLimit(what: string, bytes: number, max: number): void {
  if (bytes > max) throw new ArtifoldError("LIMIT", `${what} of ${bytes} bytes: at most ${max} are kept`);
}

function checkDepth(value: unknown, what: string): void {
  if (jsonDepth(value) > METADATA_DEPTH_MAX) {
    throw new ArtifoldError("LIMIT", `${what} is nested deeper than ${METADATA_DEPTH_MAX} levels`);
  }
}

function isObject(value: unknown): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Depth of nested arrays and objects, given up beyond the limit. */
function jsonDepth(value: unknown, depth = 0): number {
  if (typeof value !== "object" || value === null || depth > METADATA_DEPTH_MAX) return depth;
  let deepest = depth + 1;
  for (const part of Object.values(value)) {
    deepest = Math.max(deepest, jsonDepth(part, depth + 1));
    // What holds itself in several places would be walked without end.
    if (deepest > METADATA_DEPTH_MAX) break;
  }
  return deepest;
}
