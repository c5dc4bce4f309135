/** The run record: the immutable statement that somebody began a run, where, when and with what configuration. */
import { type Digest, hashWithContext } from "../digest/index.ts";
import { Decoder, Encoder, utf8Length } from "./codec.ts";
import { type Extras, readExtras, writeExtras } from "./entry.ts";
import { checkLimit, type Metadata, metadataText, readLimited, readMetadata } from "./json-object.ts";
import { CREATED_AT_MAX, CREATED_BY_BYTES_MAX, NONCE_BYTES } from "./record.ts";

/** A run record. Its digest is the run id. What became of the run is not in it: that is said by a log. */
export interface RunRecord {
  readonly team: string;
  readonly experiment: string;
  readonly name: string;
  /** Milliseconds since 1970, by the clock of whoever began it. */
  readonly startedAt: number;
  readonly startedBy: string;
  /** The program that the run is, and its arguments; empty where it is not known. */
  readonly command: readonly string[];
  /** Configuration as first given. */
  readonly config: Metadata;
  /** 16 random bytes, so that two runs that agree in all else are two. */
  readonly nonce: Uint8Array;
  readonly extras?: Extras;
}

/** Run ids are made with this context. */
export const RUN_CONTEXT = "artifold format 1 run record";

const RECORD_KIND = 4;
/** 128 characters of at most four bytes each. */
export const RUN_NAME_BYTES_MAX = 512;
/** How many words a command line may have. */
export const COMMAND_WORDS_MAX = 1024;
/** How long they may be together, in UTF-8 bytes. */
export const COMMAND_BYTES_MAX: number = 64 * 1024;

/** The canonical bytes of a record. @throws ArtifoldError LIMIT when names, command or config are too large */
export function encodeRunRecord(record: RunRecord): Uint8Array {
  const config = metadataText(record.config, "config");
  checkLimit("name of who began it", utf8Length(record.startedBy), CREATED_BY_BYTES_MAX);
  if (record.startedAt > CREATED_AT_MAX) throw new TypeError(`not a time: ${record.startedAt}`);
  if (record.nonce.length !== NONCE_BYTES) throw new TypeError(`a nonce has ${NONCE_BYTES} bytes`);
  if (record.command.length > COMMAND_WORDS_MAX) {
    throw new TypeError(`a command has at most ${COMMAND_WORDS_MAX} words`);
  }
  checkLimit("command", sumOfBytes(record.command), COMMAND_BYTES_MAX);
  const encoder = new Encoder(512);
  encoder.array(10);
  encoder.uint(RECORD_KIND);
  for (const name of [record.team, record.experiment, record.name]) writeName(encoder, name);
  encoder.uint(record.startedAt);
  encoder.string(record.startedBy);
  encoder.array(record.command.length);
  for (const word of record.command) encoder.string(word);
  encoder.string(config);
  encoder.binary(record.nonce);
  writeExtras(encoder, record.extras);
  return encoder.bytes();
}

/** Reads a record strictly. Which characters a name may have is not looked at. */
export function decodeRunRecord(bytes: Uint8Array): RunRecord {
  const decoder = new Decoder(bytes, "run record");
  decoder.arrayOf(10);
  if (decoder.uint() !== RECORD_KIND) decoder.fail("another kind of record");
  const team = readName(decoder, "team");
  const experiment = readName(decoder, "experiment");
  const name = readName(decoder, "name");
  const startedAt = decoder.uint();
  if (startedAt > CREATED_AT_MAX) decoder.fail("a time after the last one");
  const startedBy = readLimited(decoder, "the name of who began it", CREATED_BY_BYTES_MAX);
  const words = decoder.array();
  if (words > COMMAND_WORDS_MAX) decoder.fail("too many words of a command");
  const command = Array.from({ length: words }, () => decoder.string());
  if (sumOfBytes(command) > COMMAND_BYTES_MAX) decoder.fail(`a command longer than ${COMMAND_BYTES_MAX} bytes`);
  const config = readMetadata(decoder, "config");
  const nonce = Uint8Array.from(decoder.binaryOf(NONCE_BYTES));
  const extras = readExtras(decoder);
  decoder.finish();
  return { team, experiment, name, startedAt, startedBy, command, config, nonce, ...(extras && { extras }) };
}

/** The run id: digest of the record's canonical bytes. */
export function runId(bytes: Uint8Array): Digest {
  return hashWithContext(RUN_CONTEXT, bytes);
}

function writeName(encoder: Encoder, name: string): void {
  const bytes = encoder.string(name);
  if (bytes === 0 || bytes > RUN_NAME_BYTES_MAX) throw new TypeError(`not a name: ${JSON.stringify(name)}`);
}

function readName(decoder: Decoder, what: string): string {
  const name = readLimited(decoder, what, RUN_NAME_BYTES_MAX);
  if (name === "") decoder.fail(`an empty ${what}`);
  return name;
}

function sumOfBytes(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + utf8Length(word), 0);
}
