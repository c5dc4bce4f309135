/** What entries and checkpoints of the journal say. */
import { createRequire } from "node:module";
import type { Digest } from "../digest/index.ts";

/** An artifact gets its id and its name. */
export interface ArtifactMade {
  readonly change: "artifact";
  readonly artifact: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
}

/** A version is there, under a number. */
export interface VersionMade {
  readonly change: "version";
  readonly artifact: Digest;
  readonly version: Digest;
  readonly number: number;
  /** Canonical bytes of the version record. */
  readonly record: Uint8Array;
  /** What lies in its manifest. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  /** Bytes of content that were not stored before. */
  readonly newBytes: number;
}

/** A tag moves, comes or goes. */
export interface TagMoved {
  readonly change: "tag";
  readonly artifact: Digest;
  readonly tag: string;
  /** The version it resolves to from now on; `null` takes the tag away. */
  readonly version: Digest | null;
  /** What it resolved to before, so that the step can be undone. */
  readonly before: Digest | null;
}

/** A version is removed. Its number is not given again. */
export interface VersionRemoved {
  readonly change: "remove";
  readonly version: Digest;
}

/** A removed version is there again. */
export interface VersionRestored {
  readonly change: "restore";
  readonly version: Digest;
}

/** A later message or metadata, beside the record, which stays as it is. */
export interface NoteMade {
  readonly change: "note";
  readonly version: Digest;
  readonly message?: string;
  /** JSON text of an object. */
  readonly metadata?: string;
}

/** A remote gets a name here, or loses it. */
export interface RemoteNamed {
  readonly change: "remote";
  readonly name: string;
  /** Its address; `null` takes the name away. */
  readonly url: string | null;
  /** Its own id, once that is known: another remote at the same address is then found out. */
  readonly id: Digest | null;
  /** Who may write there: many at once, one at a time; `null` where nobody looked yet. */
  readonly writers: "many" | "one" | null;
}

/** A step of a remote's log was read, or written, and holds from here on. */
export interface StepKnown {
  readonly change: "step";
  /** The remote's id. */
  readonly remote: Digest;
  /** Name of the log: "names", or "a/" or "e/" and an id. */
  readonly log: string;
  readonly slot: number;
  /** The step's canonical bytes. */
  readonly core: Uint8Array;
}

/** All content of some versions is here; before, some of it was on a remote only. */
export interface VersionsWhole {
  readonly change: "whole";
  readonly versions: readonly Digest[];
}

/** A run begins. */
export interface RunStarted {
  readonly change: "run";
  readonly run: Digest;
  /** Canonical bytes of the run record. */
  readonly record: Uint8Array;
}

/** A later configuration, in the place of all of it; the record stays as it is. */
export interface RunConfigured {
  readonly change: "config";
  readonly run: Digest;
  /** JSON text of an object. */
  readonly config: string;
}

/** A run uses a version. */
export interface VersionUsed {
  readonly change: "used";
  readonly run: Digest;
  readonly version: Digest;
}

/** A run came to the content of a version that was there already: it made the version too. */
export interface VersionMadeToo {
  readonly change: "made";
  readonly run: Digest;
  readonly version: Digest;
}

/** How a run ended. */
export type RunEnding = (typeof runEndings)[number];
/** All of them. */
export const runEndings = ["finished", "failed", "killed"] as const;

/** A run ended. Said again, it is in the place of what was said before. */
export interface RunEnded {
  readonly change: "ended";
  readonly run: Digest;
  /** Milliseconds since 1970, by the clock of whoever ended it. */
  readonly at: number;
  readonly state: RunEnding;
  /** Exit code of the program that the run was; `null` where there was none. */
  readonly exitCode: number | null;
  /** The signal that ended it, as in "SIGTERM"; `null` for none. */
  readonly signal: string | null;
}

/** One change that users see. */
export type Change =
  | ArtifactMade
  | VersionMade
  | TagMoved
  | VersionRemoved
  | VersionRestored
  | NoteMade
  | RemoteNamed
  | StepKnown
  | VersionsWhole
  | RunStarted
  | RunConfigured
  | VersionUsed
  | VersionMadeToo
  | RunEnded;

/** A pack that an entry makes part of the store. */
export interface PackAdded {
  readonly kind: "data" | "nodes";
  readonly name: Digest;
  readonly bytes: number;
  readonly objects: number;
}

/** An adopted file that an entry makes part of the store. */
export interface FileAdopted {
  readonly name: string;
  readonly bytes: number;
  readonly objects: number;
}

/** One step of the store: what `log` shows as one operation. */
export interface JournalEntry {
  /** Milliseconds since 1970, by the clock of the machine: shown, never decided by. */
  readonly at: number;
  readonly by: string;
  readonly packs: readonly PackAdded[];
  /** Absent where there are none. */
  readonly files?: readonly FileAdopted[];
  /** Digests of the objects in the record's attachment, 32 bytes each, in their order; absent where there are none. */
  readonly objects?: Uint8Array;
  readonly changes: readonly Change[];
}

/**
 * Live state at the beginning of a segment, so that damage before it cannot bring back a number, a tag or a deletion.
 *
 * A large state is several records. Each may be the last one that is there, so none says what only a later one completes.
 */
export interface Checkpoint {
  readonly artifacts: readonly ArtifactState[];
}

/** What a checkpoint says of one artifact. */
export interface ArtifactState {
  readonly artifact: Digest;
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
  /** The highest number that was ever given. */
  readonly highest: number;
  /** All its tags, as pairs, for a tag may have any name, "__proto__" too; `null` says nothing of them. */
  readonly tags: readonly (readonly [tag: string, version: Digest])[] | null;
  /** Ids of removed versions; others of the same artifact may be named by another state. */
  readonly removed: readonly Digest[];
}

let msgpack: import("msgpackr").Packr | undefined;

/**
 * Loaded at first use: reading a store without a change does not need it. The build of it that brings no binary of its own
 * takes a third of the time to load, which is more than the binary saves in ten thousand entries.
 */
function packr(): import("msgpackr").Packr {
  if (msgpack === undefined) {
    const { Packr } = createRequire(import.meta.url)("msgpackr/index-no-eval") as typeof import("msgpackr");
    msgpack = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });
  }
  return msgpack;
}

/** The payload of a record: MessagePack by msgpackr. */
export function encodePayload(payload: JournalEntry | Checkpoint): Uint8Array {
  return packr().pack(payload);
}

/** Reads the payload of an entry whose record was found whole. */
export function decodeEntry(payload: Uint8Array): JournalEntry {
  return packr().unpack(payload) as JournalEntry;
}

/** Reads the payload of a checkpoint whose record was found whole. */
export function decodeCheckpoint(payload: Uint8Array): Checkpoint {
  return packr().unpack(payload) as Checkpoint;
}
