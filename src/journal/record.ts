/**
 * Records of the journal: one for each step of the store, with all content that came with it.
 *
 * A record is one write and one flush. Its digest covers its payload, the hash of its attachment, and the digest of the
 * record before, so that it is there whole or not at all and none can be missing or exchanged; and so that the history
 * can be read without reading the content that lies between. docs/format.md, "Journal", draws the layout.
 */
import {
  contentHasher,
  DIGEST_BYTES,
  type Digest,
  digestFromBytes,
  digestToBytes,
  hashContent,
  hashWithContext,
} from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { MARK_BYTES } from "./segment-head.ts";

/** What a record is: changes that users see, a summary of the state, or the end of a segment. */
export const recordKinds = { entry: 1, checkpoint: 2, seal: 3 } as const;
/** One of the kinds of {@link recordKinds}. */
export type RecordKind = keyof typeof recordKinds;

const RECORD_CONTEXT = "artifold format 1 journal record";
const MAGIC = 0x316a4641; // "AFj1" in the order of bytes
const MARK_AT = 4;
const KIND_AT = 20;
const SEQUENCE_AT = 24;
const PAYLOAD_LENGTH_AT = 32;
const ATTACHMENT_LENGTH_AT = 36;
const PREVIOUS_AT = 40;
const ATTACHMENT_HASH_AT = 72;
/** Bytes of a record before its payload. */
export const RECORD_HEAD_BYTES = 104;
/** The largest payload. A reader reserves nothing for what claims to be larger. */
export const PAYLOAD_BYTES_MAX: number = 32 * 1024 * 1024;
/** The largest attachment, likewise. */
export const ATTACHMENT_BYTES_MAX: number = 32 * 1024 * 1024;

/** A record to be written. */
export interface NewRecord {
  readonly kind: RecordKind;
  readonly payload: Uint8Array;
  /** Content that becomes durable with the record: for entries, frames one after another. */
  readonly attachment: readonly Uint8Array[];
}

/** A record that was read and found whole. */
export interface JournalRecord {
  readonly kind: RecordKind;
  /** Counts records from 1, over all segments. */
  readonly sequence: number;
  /** Digest of the record before; 64 zeros for the first. */
  readonly previous: Digest;
  readonly digest: Digest;
  readonly payload: Uint8Array;
  /** The attachment, found whole; absent where the reader did not ask for it. */
  readonly attachment: Uint8Array | undefined;
  /** Where the record begins in the segment. */
  readonly offset: number;
  /** Where the attachment begins in the segment. */
  readonly attachmentOffset: number;
  /** Where the next record begins in the segment. */
  readonly end: number;
}

/** What stands where the first record has its predecessor's digest. */
export const NO_RECORD: Digest = "0".repeat(64) as Digest;

/** The bytes of a record, and its digest. */
export function encodeRecord(
  record: NewRecord,
  sequence: number,
  previous: Digest,
  mark: Uint8Array,
): { bytes: Uint8Array; digest: Digest } {
  const attachmentLength = record.attachment.reduce((sum, part) => sum + part.length, 0);
  if (record.payload.length > PAYLOAD_BYTES_MAX || attachmentLength > ATTACHMENT_BYTES_MAX) {
    throw new ArtifoldError("LIMIT", "one step of the store is larger than its journal takes at once");
  }
  const attachmentHash = contentHasher();
  for (const part of record.attachment) attachmentHash.update(part);
  const digestAt = RECORD_HEAD_BYTES + record.payload.length;
  const bytes = Buffer.allocUnsafeSlow(digestAt + DIGEST_BYTES + attachmentLength);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.set(mark, MARK_AT);
  bytes.writeUInt32LE(recordKinds[record.kind], KIND_AT);
  bytes.writeBigUInt64LE(BigInt(sequence), SEQUENCE_AT);
  bytes.writeUInt32LE(record.payload.length, PAYLOAD_LENGTH_AT);
  bytes.writeUInt32LE(attachmentLength, ATTACHMENT_LENGTH_AT);
  digestToBytes(previous, bytes, PREVIOUS_AT);
  digestToBytes(attachmentHash.digest(), bytes, ATTACHMENT_HASH_AT);
  bytes.set(record.payload, RECORD_HEAD_BYTES);
  const digest = hashWithContext(RECORD_CONTEXT, bytes.subarray(0, digestAt));
  digestToBytes(digest, bytes, digestAt);
  let at = digestAt + DIGEST_BYTES;
  for (const part of record.attachment) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, digest };
}

/** Where the attachment of a record begins, counted from the record's beginning. */
export function attachmentStart(payloadLength: number): number {
  return RECORD_HEAD_BYTES + payloadLength + DIGEST_BYTES;
}

/** Why no record could be read at a place. */
export type RecordProblem =
  /** What stands here is no record, or one whose bytes changed, or one that goes on after the end of the file. */
  | { readonly problem: "not whole" }
  /** A whole record of a kind that is not known here. */
  | { readonly problem: "unknown kind"; readonly kind: number };

/** Gives `length` bytes of a segment from `offset`; fewer only at its end. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

/**
 * Reads the record at a place of a segment.
 *
 * @param mark the mark that records of this journal carry
 * @param withAttachment false skips the attachment: it is neither read nor checked
 */
export function readRecord(
  readAt: ReadAt,
  offset: number,
  mark: Uint8Array,
  withAttachment: boolean,
): JournalRecord | RecordProblem {
  const notWhole = { problem: "not whole" } as const;
  const headBytes = readAt(offset, RECORD_HEAD_BYTES);
  if (headBytes.length < RECORD_HEAD_BYTES) return notWhole;
  const head = Buffer.from(headBytes.buffer, headBytes.byteOffset, headBytes.byteLength);
  const payloadLength = head.readUInt32LE(PAYLOAD_LENGTH_AT);
  const attachmentLength = head.readUInt32LE(ATTACHMENT_LENGTH_AT);
  const sequence = Number(head.readBigUInt64LE(SEQUENCE_AT));
  if (!head.subarray(0, KIND_AT).equals(recordBeginning(mark)) || !Number.isSafeInteger(sequence)) return notWhole;
  if (payloadLength > PAYLOAD_BYTES_MAX || attachmentLength > ATTACHMENT_BYTES_MAX) return notWhole;
  const digestAt = RECORD_HEAD_BYTES + payloadLength;
  const bytes = readAt(offset, digestAt + DIGEST_BYTES);
  if (bytes.length < digestAt + DIGEST_BYTES) return notWhole;
  const digest = hashWithContext(RECORD_CONTEXT, bytes.subarray(0, digestAt));
  if (digest !== digestFromBytes(bytes, digestAt)) return notWhole;
  const attachmentOffset = offset + digestAt + DIGEST_BYTES;
  let attachment: Uint8Array | undefined;
  if (withAttachment) {
    attachment = readAt(attachmentOffset, attachmentLength);
    if (attachment.length < attachmentLength) return notWhole;
    if (hashContent(attachment) !== digestFromBytes(bytes, ATTACHMENT_HASH_AT)) return notWhole;
  }
  const kindNumber = head.readUInt32LE(KIND_AT);
  const kind = (Object.keys(recordKinds) as RecordKind[]).find((name) => recordKinds[name] === kindNumber);
  if (kind === undefined) return { problem: "unknown kind", kind: kindNumber };
  return {
    kind,
    sequence,
    previous: digestFromBytes(head, PREVIOUS_AT),
    digest,
    payload: bytes.subarray(RECORD_HEAD_BYTES, digestAt),
    attachment,
    offset,
    attachmentOffset,
    end: attachmentOffset + attachmentLength,
  };
}

/** What every record of a journal begins with. */
export function recordBeginning(mark: Uint8Array): Uint8Array {
  const beginning = Buffer.alloc(MARK_AT + MARK_BYTES);
  beginning.writeUInt32LE(MAGIC, 0);
  beginning.set(mark, MARK_AT);
  return beginning;
}

/** The mark of whatever record stands at the beginning of `bytes`, if one does. */
export function markOfRecord(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes.subarray(MARK_AT, MARK_AT + MARK_BYTES));
}
