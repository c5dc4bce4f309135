/** The version record: the immutable statement that an artifact had this content, and who made it, when and from what. */
import { type Digest, hashWithContext } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { Decoder, Encoder, utf8Length } from "./codec.ts";
import { type Extras, readExtras, writeExtras } from "./entry.ts";
import { checkLimit, type Metadata, metadataText, readLimited, readMetadata } from "./json-object.ts";
import { isWellFormed } from "./path.ts";

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
  const createdBy = readLimited(decoder, "the name of who made it", CREATED_BY_BYTES_MAX);
  const run = decoder.isNil() ? undefined : decoder.digest();
  const message = readLimited(decoder, "message", MESSAGE_BYTES_MAX);
  const metadata = readMetadata(decoder, "metadata");
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
