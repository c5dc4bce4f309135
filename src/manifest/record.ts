/** The version record: the immutable statement that an artifact had this content, and who made it, when and from what. */
import { type Digest, hashWithContext } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { Decoder, Encoder, utf8Length } from "./codec.ts";
import { type Extras, readExtras, writeExtras } from "./entry.ts";
import { isWellFormed } from "./path.ts";

/** Metadata: a JSON object, at most 1 MiB as text and 32 levels deep. */
export type Metadata = { readonly [key: string]: JsonValue };
/** What JSON can say. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A version record. Its digest is the version id. It holds no number: numbers are given by a log. */
export interface VersionRecord {
  /** Id of the artifact. */
  readonly artifact: Digest;
  /** Digest of the manifest's root: the identity of the content. */
  readonly manifest: Digest;
  /** Ids of the versions it was made from: none for the first, two for a merge. */
  readonly parents: readonly Digest[];
  /** Milliseconds since 1970, by the clock of whoever made it. */
  readonly createdAt: number;
  readonly createdBy: string;
  /** Id of the run that made it. */
  readonly run?: Digest | undefined;
  readonly message: string;
  /** Metadata as first given. */
  readonly metadata: Metadata;
  /** 16 random bytes, so that the same content made twice is two versions. */
  readonly nonce: Uint8Array;
  readonly extras?: Extras;
}

/** Version ids are made with this context. */
export const VERSION_CONTEXT = "artifold format 1 version record";

const RECORD_KIND = 3;
/** Length of a nonce. */
export const NONCE_BYTES = 16;
/** How many parents a version may have. */
export const PARENTS_MAX = 64;
/** The longest message, in UTF-8 bytes. */
export const MESSAGE_BYTES_MAX: number = 64 * 1024;
/** The longest text of metadata, in UTF-8 bytes. */
export const METADATA_BYTES_MAX: number = 1024 * 1024;
/** How deep objects and arrays of metadata may lie in each other, the outermost counted. */
export const METADATA_DEPTH_MAX = 32;
/** The longest name of a maker, in UTF-8 bytes. */
export const CREATED_BY_BYTES_MAX = 1024;
/** The last millisecond that calendars of common languages can show: 100,000,000 days after the first. */
export const CREATED_AT_MAX = 8_640_000_000_000_000;

/** The canonical bytes of a record. @throws ArtifoldError LIMIT when message, maker or metadata are too large */
export function encodeVersionRecord(record: VersionRecord): Uint8Array {
  const metadata = metadataText(record.metadata);
  checkMessage(record.message);
  checkLimit("name of who made it", utf8Length(record.createdBy), CREATED_BY_BYTES_MAX);
  if (record.createdAt > CREATED_AT_MAX) throw new TypeError(`not a time: ${record.createdAt}`);
  if (record.nonce.length !== NONCE_BYTES) throw new TypeError(`a nonce has ${NONCE_BYTES} bytes`);
  if (record.parents.length > PARENTS_MAX) throw new TypeError(`a version has at most ${PARENTS_MAX} parents`);
  const encoder = new Encoder(512);
  encoder.array(11);
  encoder.uint(RECORD_KIND);
  encoder.digest(record.artifact);
  encoder.digest(record.manifest);
  encoder.array(record.parents.length);
  for (const parent of record.parents) encoder.digest(parent);
  encoder.uint(record.createdAt);
  encoder.string(record.createdBy);
  if (record.run === undefined) encoder.nil();
  else encoder.digest(record.run);
  encoder.string(record.message);
  encoder.string(metadata);
  encoder.binary(record.nonce);
  writeExtras(encoder, record.extras);
  return encoder.bytes();
}

/** Reads a record strictly. */
export function decodeVersionRecord(bytes: Uint8Array): VersionRecord {
  const decoder = new Decoder(bytes, "version record");
  decoder.arrayOf(11);
  if (decoder.uint() !== RECORD_KIND) decoder.fail("another kind of record");
  const artifact = decoder.digest();
  const manifest = decoder.digest();
  const count = decoder.array();
  if (count > PARENTS_MAX) decoder.fail("too many parents");
  const parents = Array.from({ length: count }, () => decoder.digest());
  const createdAt = decoder.uint();
  if (createdAt > CREATED_AT_MAX) decoder.fail("a time after the last one");
  const createdBy = limited(decoder, "the name of who made it", CREATED_BY_BYTES_MAX);
  const run = decoder.isNil() ? undefined : decoder.digest();
  const message = limited(decoder, "message", MESSAGE_BYTES_MAX);
  const metadata = parseMetadata(decoder, limited(decoder, "metadata", METADATA_BYTES_MAX));
  const nonce = Uint8Array.from(decoder.binaryOf(NONCE_BYTES));
  const extras = readExtras(decoder);
  decoder.finish();
  return {
    artifact,
    manifest,
    parents,
    createdAt,
    createdBy,
    run,
    message,
    metadata,
    nonce,
    ...(extras && { extras }),
  };
}

/** The version id: digest of the record's canonical bytes. */
export function versionId(bytes: Uint8Array): Digest {
  return hashWithContext(VERSION_CONTEXT, bytes);
}

/**
 * Checks that a message can be kept as it is.
 *
 * @throws ArtifoldError LIMIT when it is too large, USAGE when it is not valid Unicode; TypeError when it is no text
 */
export function checkMessage(message: string): void {
  if (typeof message !== "string") throw new TypeError("a message is text");
  if (!isWellFormed(message)) throw new ArtifoldError("USAGE", "the message is not valid Unicode");
  checkLimit("message", utf8Length(message), MESSAGE_BYTES_MAX);
}

/**
 * Metadata as JSON text within the limits.
 *
 * @throws ArtifoldError LIMIT when it is too large or too deep; TypeError when it is no JSON object
 */
export function metadataText(metadata: Metadata): string {
  // Looked at before it is written, for it may hold itself; and after, for a value decides itself what it is in JSON.
  checkDepth(metadata);
  const text = JSON.stringify(metadata) as string | undefined;
  const written: unknown = text === undefined ? undefined : JSON.parse(text);
  if (text === undefined || !isObject(written)) throw new TypeError("metadata is an object of JSON values");
  checkDepth(written);
  checkLimit("metadata", utf8Length(text), METADATA_BYTES_MAX);
  return text;
}

function checkDepth(metadata: unknown): void {
  if (jsonDepth(metadata) > METADATA_DEPTH_MAX) {
    throw new ArtifoldError("LIMIT", `metadata is nested deeper than ${METADATA_DEPTH_MAX} levels`);
  }
}

function isObject(value: unknown): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkLimit(what: string, bytes: number, max: number): void {
  if (bytes > max)
    throw new ArtifoldError("LIMIT", `${what} of ${bytes} bytes: at most ${max} are kept with a version`);
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

function limited(decoder: Decoder, what: string, max: number): string {
  const text = decoder.string();
  if (utf8Length(text) > max) decoder.fail(`${what} longer than ${max} bytes`);
  return text;
}

function parseMetadata(decoder: Decoder, text: string): Metadata {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    decoder.fail("metadata that is not JSON");
  }
  if (!isObject(value)) decoder.fail("metadata that is no object");
  if (jsonDepth(value) > METADATA_DEPTH_MAX) decoder.fail("metadata nested too deeply");
  return value;
}
