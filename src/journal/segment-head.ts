/**
 * The head of a segment: its number, and the mark that all records of this journal carry.
 *
 * The mark is random and never leaves the store. Where a reader looks for the next record after damage, users' content
 * lies between records, and may hold anything, records of a journal too: without the mark those are no records of ours.
 */
import { DIGEST_BYTES, digestToBytes, hashWithContext } from "../digest/index.ts";

const SEGMENT_MAGIC = "AFjrnl\0\x01";
const HEAD_CONTEXT = "artifold format 1 journal segment head";
/** Random bytes at the beginning of each record. */
export const MARK_BYTES = 16;
const MARK_AT = 16;
const CHECKSUM_AT: number = MARK_AT + MARK_BYTES;
/** Bytes of a segment before its first record: magic, number, mark, checksum. */
export const SEGMENT_HEAD_BYTES: number = CHECKSUM_AT + DIGEST_BYTES / 2;

/** The head of a segment. */
export function encodeSegmentHead(segment: number, mark: Uint8Array): Uint8Array {
  const head = Buffer.alloc(SEGMENT_HEAD_BYTES);
  head.write(SEGMENT_MAGIC, 0, "latin1");
  head.writeBigUInt64LE(BigInt(segment), 8);
  head.set(mark, MARK_AT);
  head.set(checksumOf(head), CHECKSUM_AT);
  return head;
}

/** Reads the head of a segment. @returns its mark, or `undefined` when it is not the head that was written */
export function decodeSegmentHead(bytes: Uint8Array, segment: number): Uint8Array | undefined {
  if (bytes.length < SEGMENT_HEAD_BYTES) return undefined;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, SEGMENT_HEAD_BYTES);
  if (head.toString("latin1", 0, 8) !== SEGMENT_MAGIC || head.readBigUInt64LE(8) !== BigInt(segment)) return undefined;
  if (Buffer.compare(checksumOf(head), head.subarray(CHECKSUM_AT)) !== 0) return undefined;
  return Uint8Array.from(head.subarray(MARK_AT, CHECKSUM_AT));
}

function checksumOf(head: Uint8Array): Uint8Array {
  return digestToBytes(hashWithContext(HEAD_CONTEXT, head.subarray(0, CHECKSUM_AT))).subarray(0, DIGEST_BYTES / 2);
}
