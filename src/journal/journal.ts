/**
 * The journal of a store: segments of records, appended to under the writer lock.
 *
 * The flush of a record is the commit point of everything that the store does. The last segment grows; a sealed one ends
 * in a seal record, whose attachment is the table of all content in the segment, and a foot, and is never written again.
 */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, errnoOf } from "../errors.ts";
import {
  type FileSystem,
  namesIn,
  openFlags,
  publishFile,
  randomBytes,
  readFully,
  storeWriteError,
  writeFully,
  writeFullyLater,
} from "../platform/index.ts";
import {
  attachmentStart,
  encodeRecord,
  type JournalRecord,
  markOfRecord,
  type NewRecord,
  NO_RECORD,
  RECORD_HEAD_BYTES,
  type ReadAt,
  readRecord,
  recordBeginning,
} from "./record.ts";
import { decodeSegmentHead, encodeSegmentHead, MARK_BYTES, SEGMENT_HEAD_BYTES } from "./segment-head.ts";

/** The folder of segments, below the store's. */
export const JOURNAL_FOLDER = "journal";
const SEGMENT_NAME = /^(\d{8})\.segment$/;
/** A segment is sealed when it has grown to this size. */
export const SEGMENT_BYTES: number = 64 * 1024 * 1024;

/** The end of what is known of a journal: where the next record goes, and what it follows. */
export interface JournalPosition {
  readonly segment: number;
  /** Where the next record begins. */
  readonly offset: number;
  /** Sequence of the last record; 0 before the first. */
  readonly sequence: number;
  /** Digest of the last record. */
  readonly digest: Digest;
}

/** Where an empty journal begins. */
export const JOURNAL_START: JournalPosition = {
  segment: 1,
  offset: SEGMENT_HEAD_BYTES,
  sequence: 0,
  digest: NO_RECORD,
};

/** A place in the journal where something else stands than what was written. */
export interface JournalDamage {
  readonly file: string;
  readonly offset: number;
  readonly reason: string;
}

/** Path of a segment below the store's folder. */
export function segmentPath(segment: number): string {
  return `${JOURNAL_FOLDER}/${String(segment).padStart(8, "0")}.segment`;
}

/** What a reader of the journal meets, in order. */
export type JournalItem =
  | { readonly kind: "record"; readonly record: JournalRecord; readonly segment: number }
  | { readonly kind: "damage"; readonly damage: JournalDamage }
  /** A whole record of a kind that only a newer artifold knows. */
  | { readonly kind: "unknown"; readonly segment: number; readonly offset: number }
  /** Bytes after the last record that are no record: an append that power or process ended. */
  | { readonly kind: "torn"; readonly segment: number; readonly offset: number };

/** Reads and appends. What is known of the journal is a {@link JournalPosition}; here only its mark is kept. */
export class Journal {
  readonly #fs: FileSystem;
  readonly #folder: string;
  #mark: Uint8Array | undefined;

  /** @param folder the store's folder */
  constructor(fs: FileSystem, folder: string) {
    this.#fs = fs;
    this.#folder = folder;
  }

  /** The numbers of all segments, ascending. */
  segments(): number[] {
    const matches = namesIn(this.#fs, path.join(this.#folder, JOURNAL_FOLDER)).map((name) => SEGMENT_NAME.exec(name));
    const numbers = matches.flatMap((match) => (match === null ? [] : Number(match[1])));
    return numbers.sort((left, right) => left - right);
  }

  /** Length of a segment; 0 when it is not there. */
  segmentLength(segment: number): number {
    return this.#fs.lookAt(this.#path(segment))?.size ?? 0;
  }

  /**
   * Reads on from a position to the end of the journal.
   *
   * Attachments are read and checked where they may be torn: in the last segment. Sealed segments were once found whole;
   * their content is checked when it is used, and by verify, which asks for all attachments.
   *
   * After a place that is no record the search goes on: when a later record is whole, the place is damage; when none is,
   * it is the torn tail of the last append.
   */
  *read(from: JournalPosition, allAttachments = false): Generator<JournalItem> {
    const segments = this.segments().filter((segment) => segment >= from.segment);
    let { sequence, digest } = from;
    for (const segment of segments) {
      const isLast = segment === segments[segments.length - 1];
      const start = segment === from.segment ? from.offset : 0;
      const reading = { segment, isLast, withAttachments: isLast || allAttachments, lastSequence: () => sequence };
      for (const item of this.#readSegment(reading, start)) {
        if (item.kind === "record") {
          const { record } = item;
          if (record.previous !== digest || record.sequence !== sequence + 1) {
            const reason = `record ${record.sequence} does not follow record ${sequence}`;
            yield { kind: "damage", damage: { file: segmentPath(segment), offset: record.offset, reason } };
          }
          sequence = record.sequence;
          digest = record.digest;
        }
        yield item;
      }
    }
  }

  /**
   * Appends a record and makes it durable. The caller holds the writer lock and knows the end of the journal.
   *
   * @returns the position after the record, where its attachment lies, and how many bytes were written
   * @throws ArtifoldError NO_SPACE or STORE_WRITE_FAILED, with `happened: "unknown"` after a failed flush
   */
  async append(
    at: JournalPosition,
    record: NewRecord,
  ): Promise<{ position: JournalPosition; attachmentOffset: number; written: number }> {
    const { bytes, digest } = encodeRecord(record, at.sequence + 1, at.digest, this.#markOfAll());
    await this.#write(at, bytes);
    const position = { segment: at.segment, offset: at.offset + bytes.length, sequence: at.sequence + 1, digest };
    const attachmentOffset = at.offset + attachmentStart(record.payload.length);
    return { position, attachmentOffset, written: bytes.length };
  }

  /**
   * Seals the last segment and begins the next one.
   *
   * @param table the table of the segment's content
   * @param footOf makes the foot of the segment, given where the table begins
   */
  async roll(
    at: JournalPosition,
    table: Uint8Array,
    footOf: (tableOffset: number) => Uint8Array,
  ): Promise<{ position: JournalPosition; written: number }> {
    const seal: NewRecord = { kind: "seal", payload: new Uint8Array(), attachment: [table] };
    const { bytes, digest } = encodeRecord(seal, at.sequence + 1, at.digest, this.#markOfAll());
    const foot = footOf(at.offset + attachmentStart(0));
    await this.#write(at, Buffer.concat([bytes, foot]));
    this.#fs.setMode(this.#path(at.segment), 0o400);
    await this.beginSegment(at.segment + 1);
    const position = { segment: at.segment + 1, offset: SEGMENT_HEAD_BYTES, sequence: at.sequence + 1, digest };
    return { position, written: bytes.length + foot.length + SEGMENT_HEAD_BYTES };
  }

  /** Makes a segment unless it is there. */
  async beginSegment(segment: number): Promise<void> {
    if (this.segmentLength(segment) >= SEGMENT_HEAD_BYTES) return;
    const mark = this.segments().length === 0 ? randomBytes(MARK_BYTES) : this.#markOfAll();
    try {
      await publishFile(this.#fs, this.#path(segment), encodeSegmentHead(segment, mark));
    } catch (error) {
      throw storeWriteError(error, "the journal");
    }
  }

  /**
   * Cuts a torn tail off, after it was put aside into a file beside the segment.
   *
   * @returns the path of that file below the store's folder
   */
  async cutTail(segment: number, offset: number): Promise<string> {
    const fd = this.#fs.open(this.#path(segment), openFlags.readWrite);
    try {
      const tail = this.#readAt(fd, offset, this.segmentLength(segment) - offset);
      const aside = `${segmentPath(segment)}.torn-${offset}`;
      await publishFile(this.#fs, path.join(this.#folder, aside), tail);
      this.#fs.truncate(fd, offset);
      await this.#fs.flush(fd);
      return aside;
    } catch (error) {
      throw storeWriteError(error, "the journal");
    } finally {
      this.#fs.close(fd);
    }
  }

  async #write(at: JournalPosition, bytes: Uint8Array): Promise<void> {
    let fd: number;
    try {
      fd = this.#fs.open(this.#path(at.segment), openFlags.readWrite);
    } catch (error) {
      throw storeWriteError(error, "the journal");
    }
    try {
      const length = this.#fs.stat(fd).size;
      if (length !== at.offset) {
        throw new ArtifoldError("DAMAGED", `the journal ends at ${length} and should end at ${at.offset}`);
      }
      try {
        if (bytes.length < 64 * 1024) writeFully(this.#fs, fd, bytes, at.offset);
        else await writeFullyLater(this.#fs, fd, bytes, at.offset);
      } catch (error) {
        this.#takeBack(fd, at.offset);
        throw storeWriteError(error, "the journal");
      }
      await this.#flushOrGiveUp(fd, at.offset);
    } finally {
      this.#fs.close(fd);
    }
  }

  async #flushOrGiveUp(fd: number, offset: number): Promise<void> {
    try {
      await this.#fs.flush(fd);
    } catch (error) {
      // The record may or may not be on the disk. It is taken back as far as that is possible, never flushed again.
      this.#takeBack(fd, offset);
      throw storeWriteError(error, "the journal", "unknown");
    }
  }

  /** Cuts off what a failed append left. Where even that fails, the next opening finds a torn tail. */
  #takeBack(fd: number, offset: number): void {
    try {
      this.#fs.truncate(fd, offset);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }

  /**
   * The mark of this journal: from the first segment whose head is whole, else from the first record of one. Without it
   * every record would look like a torn tail, and be cut.
   */
  #markOfAll(): Uint8Array {
    this.#mark ??= this.#find((readAt, segment) => decodeSegmentHead(readAt(0, SEGMENT_HEAD_BYTES), segment));
    this.#mark ??= this.#find((readAt) => {
      const mark = markOfRecord(readAt(SEGMENT_HEAD_BYTES, RECORD_HEAD_BYTES));
      return "problem" in readRecord(readAt, SEGMENT_HEAD_BYTES, mark, false) ? undefined : mark;
    });
    if (this.#mark === undefined) throw new ArtifoldError("DAMAGED", "no segment of the journal begins as it should");
    return this.#mark;
  }

  /** Asks the segments one after another. */
  #find<Found>(ask: (readAt: ReadAt, segment: number) => Found | undefined): Found | undefined {
    for (const segment of this.segments()) {
      const fd = this.#fs.open(this.#path(segment), openFlags.read);
      try {
        const found = ask((offset, count) => this.#readAt(fd, offset, count), segment);
        if (found !== undefined) return found;
      } finally {
        this.#fs.close(fd);
      }
    }
    return undefined;
  }

  *#readSegment(reading: Reading, from: number): Generator<JournalItem> {
    const { segment, isLast, withAttachments } = reading;
    const file = segmentPath(segment);
    const mark = this.#markOfAll();
    const fd = this.#fs.open(this.#path(segment), openFlags.read);
    try {
      const length = this.#fs.stat(fd).size;
      const readAt = (offset: number, count: number): Uint8Array => this.#readAt(fd, offset, count);
      let offset = from;
      if (offset <= SEGMENT_HEAD_BYTES) {
        const found = decodeSegmentHead(readAt(0, SEGMENT_HEAD_BYTES), segment);
        if (found === undefined || Buffer.compare(found, mark) !== 0) {
          yield { kind: "damage", damage: { file, offset: 0, reason: "it does not begin as a segment does" } };
        }
        offset = SEGMENT_HEAD_BYTES;
      }
      while (offset < length) {
        let record = readRecord(readAt, offset, mark, withAttachments);
        if ("problem" in record && record.problem === "not whole") {
          const next = findRecord({ readAt, length, mark, afterSequence: reading.lastSequence() }, offset + 1);
          if (next === undefined && isLast) {
            yield { kind: "torn", segment, offset };
            return;
          }
          // Where only the attachment is damaged, what the record says still counts.
          const told = withAttachments ? readRecord(readAt, offset, mark, false) : record;
          const reason = "problem" in told ? "no whole record stands here" : "the content of a record is damaged";
          yield { kind: "damage", damage: { file, offset, reason } };
          if ("problem" in told) {
            if (next === undefined) return;
            offset = next;
            continue;
          }
          record = told;
        }
        if ("problem" in record) {
          yield { kind: "unknown", segment, offset };
          return;
        }
        yield { kind: "record", record, segment };
        // After the seal comes the foot and nothing more.
        if (record.kind === "seal") return;
        offset = record.end;
      }
    } finally {
      this.#fs.close(fd);
    }
  }

  #readAt(fd: number, offset: number, count: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(Math.max(0, count));
    return bytes.subarray(0, readFully(this.#fs, fd, bytes, offset));
  }

  #path(segment: number): string {
    return path.join(this.#folder, segmentPath(segment));
  }
}

/** What is read of a segment, and how. */
interface Reading {
  readonly segment: number;
  readonly isLast: boolean;
  readonly withAttachments: boolean;
  /** Sequence of the last record that was given. */
  readonly lastSequence: () => number;
}

/** A segment in which a record is looked for. */
interface Searched {
  readonly readAt: ReadAt;
  readonly length: number;
  readonly mark: Uint8Array;
  /** Older records can only be copies in somebody's content. */
  readonly afterSequence: number;
}

const SEARCH_WINDOW_BYTES: number = 1024 * 1024;

/** Looks for the next whole record after a place that is none. */
function findRecord(searched: Searched, from: number): number | undefined {
  const { readAt, length, mark, afterSequence } = searched;
  const beginning = recordBeginning(mark);
  for (let start = from; start < length; start += SEARCH_WINDOW_BYTES) {
    const bytes = Buffer.from(readAt(start, SEARCH_WINDOW_BYTES + beginning.length - 1));
    for (let at = bytes.indexOf(beginning); at !== -1; at = bytes.indexOf(beginning, at + 1)) {
      const record = readRecord(readAt, start + at, mark, true);
      if (!("problem" in record) && record.sequence > afterSequence) return start + at;
    }
  }
  return undefined;
}
