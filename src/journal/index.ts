/** The append-only log of a store: what happened, in order. Its flush is the commit point. */
export {
  type ArtifactMade,
  type ArtifactState,
  type Change,
  type Checkpoint,
  decodeCheckpoint,
  decodeEntry,
  encodePayload,
  type JournalEntry,
  type NoteMade,
  type PackAdded,
  type RemoteNamed,
  type StepKnown,
  type TagMoved,
  type VersionMade,
  type VersionRemoved,
  type VersionRestored,
  type VersionsWhole,
} from "./entry.ts";
export {
  JOURNAL_FOLDER,
  JOURNAL_START,
  Journal,
  type JournalDamage,
  type JournalItem,
  type JournalPosition,
  SEGMENT_BYTES,
  segmentPath,
} from "./journal.ts";
export { type JournalRecord, type NewRecord, NO_RECORD } from "./record.ts";
