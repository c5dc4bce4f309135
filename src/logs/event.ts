/**
 * Events: what the steps of a remote's logs say, one after another.
 *
 * An event is an array that begins with its kind. Kinds are a list that grows: an odd one that is not known is passed over,
 * an even one refuses its log. docs/format.md, "Events", has them all.
 */
import type { Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { type Decoder, Encoder, utf8Length } from "../manifest/index.ts";

/** A version is there, under a number. */
export interface VersionEvent {
  readonly event: "version";
  readonly number: number;
  /** Canonical bytes of the version record, whose digest is the version's id. */
  readonly record: Uint8Array;
  /** What its manifest says of itself, as its writer has it: checked when the content is pulled. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  readonly newBytes: number;
}

/** Another version with the content of one that has a number already: it is found under that number too. */
export interface AlsoEvent {
  readonly event: "also";
  readonly holder: Digest;
  readonly record: Uint8Array;
}

/** A tag moves, comes or goes. */
export interface TagEvent {
  readonly event: "tag";
  readonly tag: string;
  /** The id that it resolves to from now on; `null` takes the tag away. */
  readonly version: Digest | null;
}

/** A version is removed, or is there again. */
export interface RemovalEvent {
  readonly event: "remove" | "restore";
  readonly version: Digest;
}

/** A later message, later metadata (JSON text of an object), or both. */
export interface NoteEvent {
  readonly event: "note";
  readonly version: Digest;
  readonly message: string | null;
  readonly metadata: string | null;
}

/** A gc of this epoch was here: what was found on the remote before is to be looked for again. */
export interface FenceEvent {
  readonly event: "fence";
  readonly epoch: number;
}

/** An artifact has a log on this remote. Only in the log of names. */
export interface ArtifactEvent {
  readonly event: "artifact";
  readonly artifact: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
  /** The id of the remote that gives the artifact's numbers. */
  readonly home: Digest;
}

/** An experiment has a log on this remote. Only in the log of names. */
export interface ExperimentEvent {
  readonly event: "experiment";
  readonly team: string;
  readonly experiment: string;
}

/** A run that used or made versions of the artifact, and how it is now. Said again, it is in the place of what was said. */
export interface RunEvent {
  readonly event: "run";
  /** Canonical bytes of the run record, whose digest is the run's id. */
  readonly record: Uint8Array;
  /** JSON text of its configuration as it is now. */
  readonly config: string;
  /** How it ended; `null` for one that is not known to have. */
  readonly ending: RunEndingFacts | null;
}

/** How a run ended. */
export interface RunEndingFacts {
  readonly state: "finished" | "failed" | "killed";
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A run used a version, or came to what was there already. That a version record names its run needs no such event. */
export interface LinkEvent {
  readonly event: "used" | "made";
  readonly run: Digest;
  readonly version: Digest;
}

/** An event of a kind that is not known here, and that may be passed over. */
export interface OtherEvent {
  readonly event: "other";
  readonly kind: number;
}

/** Something that a log says. */
export type LogEvent =
  | VersionEvent
  | AlsoEvent
  | TagEvent
  | RemovalEvent
  | NoteEvent
  | FenceEvent
  | ArtifactEvent
  | ExperimentEvent
  | RunEvent
  | LinkEvent
  | OtherEvent;

/** How an event of one kind is written and read: what stands behind its kind. */
interface EventCodec<Event extends LogEvent> {
  readonly kind: number;
  readonly length: number;
  write(encoder: Encoder, event: Event): void;
  read(decoder: Decoder): Event;
}

const NAME_BYTES_MAX = 512;
const MESSAGE_BYTES_MAX: number = 64 * 1024;
const METADATA_BYTES_MAX: number = 1024 * 1024;
/** Far above the largest record: a version with the longest metadata and message. */
const RECORD_BYTES_MAX: number = 2 * 1024 * 1024;

const removal = (event: "remove" | "restore", kind: number): EventCodec<RemovalEvent> => ({
  kind,
  length: 1,
  write: (encoder, { version }) => encoder.digest(version),
  read: (decoder) => ({ event, version: decoder.digest() }),
});

const link = (event: "used" | "made", kind: number): EventCodec<LinkEvent> => ({
  kind,
  length: 2,
  write(encoder, { run, version }) {
    encoder.digest(run);
    encoder.digest(version);
  },
  read: (decoder) => ({ event, run: decoder.digest(), version: decoder.digest() }),
});

/** Endings by their numbers, from 1. */
const endings: readonly RunEndingFacts["state"][] = ["finished", "failed", "killed"];

/** All kinds. What is here for good is the number. */
const codecs: { readonly [Name in Exclude<LogEvent["event"], "other">]: EventCodec<LogEvent & { event: Name }> } = {
  version: {
    kind: 2,
    length: 6,
    write(encoder, { number, record, entries, files, bytes, newBytes }) {
      encoder.uint(number);
      encoder.binary(record);
      for (const sum of [entries, files, bytes, newBytes]) encoder.uint(sum);
    },
    read(decoder) {
      const number = decoder.uint();
      if (number === 0) decoder.fail("a version without a number");
      const record = readRecord(decoder);
      const sums = { entries: decoder.uint(), files: decoder.uint(), bytes: decoder.uint(), newBytes: decoder.uint() };
      return { event: "version", number, record, ...sums };
    },
  },
  also: {
    kind: 16,
    length: 2,
    write(encoder, { holder, record }) {
      encoder.digest(holder);
      encoder.binary(record);
    },
    read: (decoder) => ({ event: "also", holder: decoder.digest(), record: readRecord(decoder) }),
  },
  tag: {
    kind: 4,
    length: 2,
    write(encoder, { tag, version }) {
      encoder.string(tag);
      writeOptional(version, (id) => encoder.digest(id), encoder);
    },
    read: (decoder) => ({
      event: "tag",
      tag: readName(decoder),
      version: readOptional(decoder, () => decoder.digest()),
    }),
  },
  remove: removal("remove", 6) as EventCodec<RemovalEvent & { event: "remove" }>,
  restore: removal("restore", 8) as EventCodec<RemovalEvent & { event: "restore" }>,
  note: {
    kind: 1,
    length: 3,
    write(encoder, { version, message, metadata }) {
      encoder.digest(version);
      writeOptional(message, (text) => encoder.string(text), encoder);
      writeOptional(metadata, (text) => encoder.string(text), encoder);
    },
    read: (decoder) => ({
      event: "note",
      version: decoder.digest(),
      message: readOptional(decoder, () => readText(decoder, MESSAGE_BYTES_MAX)),
      metadata: readOptional(decoder, () => readObjectText(decoder)),
    }),
  },
  run: {
    kind: 3,
    length: 3,
    write(encoder, { record, config, ending }) {
      encoder.binary(record);
      encoder.string(config);
      writeOptional(ending, (facts) => writeEnding(encoder, facts), encoder);
    },
    read: (decoder) => ({
      event: "run",
      record: readRecord(decoder),
      config: readObjectText(decoder),
      ending: readOptional(decoder, () => readEnding(decoder)),
    }),
  },
  used: link("used", 5) as EventCodec<LinkEvent & { event: "used" }>,
  made: link("made", 7) as EventCodec<LinkEvent & { event: "made" }>,
  fence: {
    kind: 10,
    length: 1,
    write: (encoder, { epoch }) => encoder.uint(epoch),
    read: (decoder) => ({ event: "fence", epoch: decoder.uint() }),
  },
  artifact: {
    kind: 12,
    length: 6,
    write(encoder, { artifact, team, experiment, type, name, home }) {
      encoder.digest(artifact);
      for (const text of [team, experiment, type, name]) encoder.string(text);
      encoder.digest(home);
    },
    read(decoder) {
      const artifact = decoder.digest();
      const [team, experiment, type, name] = [1, 2, 3, 4].map(() => readName(decoder)) as [
        string,
        string,
        string,
        string,
      ];
      return { event: "artifact", artifact, team, experiment, type, name, home: decoder.digest() };
    },
  },
  experiment: {
    kind: 14,
    length: 2,
    write(encoder, { team, experiment }) {
      encoder.string(team);
      encoder.string(experiment);
    },
    read: (decoder) => ({ event: "experiment", team: readName(decoder), experiment: readName(decoder) }),
  },
};

const byKind = new Map<number, EventCodec<LogEvent>>(
  Object.values(codecs).map((codec) => [codec.kind, codec as EventCodec<LogEvent>]),
);

/** Writes an event. */
export function writeEvent(encoder: Encoder, event: LogEvent): void {
  if (event.event === "other") throw new TypeError("an event that is not known is not written");
  const codec = codecs[event.event] as EventCodec<LogEvent>;
  encoder.array(1 + codec.length);
  encoder.uint(codec.kind);
  codec.write(encoder, event);
}

/** Reads an event. @throws ArtifoldError DAMAGED, or FORMAT_UNSUPPORTED for an even kind that is not known */
export function readEvent(decoder: Decoder): LogEvent {
  const length = decoder.array();
  if (length === 0) decoder.fail("an event without a kind");
  const kind = decoder.uint();
  const codec = byKind.get(kind);
  if (codec === undefined) {
    if (kind % 2 === 0) {
      throw new ArtifoldError(
        "FORMAT_UNSUPPORTED",
        `a log tells of an event of kind ${kind}, which is not known here`,
        {
          hint: "A newer artifold wrote it. Update artifold.",
        },
      );
    }
    for (let left = length - 1; left > 0; left--) decoder.skip();
    return { event: "other", kind };
  }
  if (length !== 1 + codec.length) decoder.fail("an event of another length");
  return codec.read(decoder);
}

/** The canonical bytes of one event: how long it is in a step. */
export function encodeEvent(event: LogEvent): Uint8Array {
  const encoder = new Encoder(256);
  writeEvent(encoder, event);
  return encoder.bytes();
}

function writeOptional<Value>(value: Value | null, write: (value: Value) => void, encoder: Encoder): void {
  if (value === null) encoder.nil();
  else write(value);
}

function readOptional<Value>(decoder: Decoder, read: () => Value): Value | null {
  return decoder.isNil() ? null : read();
}

function writeEnding(encoder: Encoder, { state, at, exitCode, signal }: RunEndingFacts): void {
  encoder.array(4);
  encoder.uint(endings.indexOf(state) + 1);
  encoder.uint(at);
  writeOptional(exitCode, (code) => encoder.uint(code), encoder);
  writeOptional(signal, (text) => encoder.string(text), encoder);
}

function readEnding(decoder: Decoder): RunEndingFacts {
  decoder.arrayOf(4);
  const state = endings[decoder.uint() - 1];
  if (state === undefined) decoder.fail("an ending of no known kind");
  const at = decoder.uint();
  const exitCode = readOptional(decoder, () => decoder.uint());
  return { state, at, exitCode, signal: readOptional(decoder, () => readName(decoder)) };
}

function readRecord(decoder: Decoder): Uint8Array {
  const record = decoder.binary();
  if (record.length > RECORD_BYTES_MAX) decoder.fail("a record that is too long");
  return Uint8Array.from(record);
}

function readName(decoder: Decoder): string {
  const name = readText(decoder, NAME_BYTES_MAX);
  if (name === "") decoder.fail("an empty name");
  return name;
}

function readText(decoder: Decoder, bytesMax: number): string {
  const text = decoder.string();
  if (utf8Length(text) > bytesMax) decoder.fail(`a text longer than ${bytesMax} bytes`);
  return text;
}

function readObjectText(decoder: Decoder): string {
  const text = readText(decoder, METADATA_BYTES_MAX);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    decoder.fail("metadata that is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) decoder.fail("metadata that is no object");
  return text;
}
