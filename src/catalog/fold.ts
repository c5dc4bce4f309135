/**
 * Brings the catalog up to the journal: the one way in which anything gets into it.
 *
 * Runs under the writer lock, so that an append in progress is never seen. A torn tail is put aside and cut here; damage
 * before the tail is reported and stepped over.
 */
import { ArtifoldError } from "../errors.ts";
import {
  decodeCheckpoint,
  decodeEntry,
  JOURNAL_START,
  type Journal,
  type JournalDamage,
  type JournalEntry,
  type JournalItem,
  type JournalPosition,
  type JournalRecord,
  segmentPath,
} from "../journal/index.ts";
import { type PlacedObject, readPlacedObjects } from "../objects/index.ts";
import { Breather } from "../platform/index.ts";
import { applyCheckpoint, applyEntry, applyNothing, applySeal, inTransaction } from "./apply.ts";
import type { Catalog } from "./catalog.ts";
import { retryWhileBusy } from "./locks.ts";

/** What folding met on its way. */
export interface FoldReport {
  /** Records that were applied. */
  readonly applied: number;
  readonly damage: readonly JournalDamage[];
  /** Files into which torn tails were put, as paths below the store's folder. */
  readonly setAside: readonly string[];
}

/** How to fold. */
export interface FoldOptions {
  readonly onRecord?: () => void;
  /** Leaves the journal as it is: a torn tail is not cut. For a store that cannot be written. */
  readonly readOnly?: boolean;
  /** How long to wait for another program that has the catalog locked. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Applies all records after the catalog's position. */
export async function foldJournal(catalog: Catalog, journal: Journal, options: FoldOptions = {}): Promise<FoldReport> {
  let position = catalog.position() ?? JOURNAL_START;
  const isShorter = journal.segmentLength(position.segment) < position.offset;
  if (isShorter && catalog.position() !== undefined && !isUnbegun(journal, position)) {
    throw new ArtifoldError("DAMAGED", `${segmentPath(position.segment)} is shorter than the catalog knows it to be`, {
      info: { file: segmentPath(position.segment), offset: position.offset },
      hint: "Put the journal back from where it was lost. To go on with what it still holds, delete catalog.db.",
    });
  }
  let applied = 0;
  const damage: JournalDamage[] = [];
  const setAside: string[] = [];
  const breather = new Breather();
  const items = journal.read(position);
  for (let batch = takeBatch(items); batch.length > 0; batch = takeBatch(items)) {
    // One transaction for many records, and a pause after it: a catalog may have to be made from a million of them.
    const applyBatch = (): void =>
      inTransaction(catalog, () => {
        for (const item of batch) {
          if (item.kind !== "record") continue;
          position = after(item);
          applyRecord(catalog, journal, item.record, position);
          applied++;
          options.onRecord?.();
        }
      });
    await retryWhileBusy(applyBatch, options.waitMs, "another program has the catalog locked", options.signal);
    for (const item of batch) {
      if (item.kind === "damage") damage.push(item.damage);
      else if (item.kind === "unknown") throw unknownRecord(item.segment);
      else if (item.kind === "torn" && options.readOnly !== true) {
        setAside.push(await journal.cutTail(item.segment, item.offset));
      }
    }
    await breather.pause();
  }
  // A crash may have come between the end of a segment and the beginning of the next.
  if (options.readOnly !== true) await journal.beginSegment(position.segment);
  if (applied === 0) applyNothing(catalog, position);
  return { applied, damage, setAside };
}

/** Whether a segment was sealed, and the process ended, or found the disk full, before it began the next. */
function isUnbegun(journal: Journal, { segment, offset }: JournalPosition): boolean {
  return offset === JOURNAL_START.offset && journal.segmentLength(segment - 1) > 0;
}

const RECORDS_AT_ONCE = 64;

function takeBatch(items: Generator<JournalItem>): JournalItem[] {
  const batch: JournalItem[] = [];
  while (batch.length < RECORDS_AT_ONCE) {
    const next = items.next();
    if (next.done === true) break;
    batch.push(next.value);
  }
  return batch;
}

function unknownRecord(segment: number): ArtifoldError {
  return new ArtifoldError("FORMAT_UNSUPPORTED", `${segmentPath(segment)} holds a record not known here`, {
    hint: "A newer artifold wrote it. Update artifold.",
  });
}

/** Where the journal goes on after a record. */
function after(item: JournalItem & { kind: "record" }): JournalPosition {
  const { record, segment } = item;
  const { sequence, digest } = record;
  if (record.kind === "seal") return { segment: segment + 1, offset: JOURNAL_START.offset, sequence, digest };
  return { segment, offset: record.end, sequence, digest };
}

function applyRecord(catalog: Catalog, journal: Journal, record: JournalRecord, position: JournalPosition): void {
  switch (record.kind) {
    case "entry": {
      const entry = decodeEntry(record.payload);
      applyEntry(catalog, entry, placesOf(record, entry), position);
      break;
    }
    case "checkpoint":
      applyCheckpoint(catalog, decodeCheckpoint(record.payload).artifacts, position);
      break;
    case "seal": {
      const sealed = position.segment - 1;
      applySeal(catalog, segmentPath(sealed), journal.segmentLength(sealed), position);
      break;
    }
  }
}

/** Where the objects of a record's attachment lie in the segment. None where the attachment was not read. */
function placesOf(record: JournalRecord, entry: JournalEntry): Iterable<PlacedObject> {
  const { attachment, attachmentOffset } = record;
  if (attachment === undefined) return [];
  return readPlacedObjects(attachment, entry.objects ?? new Uint8Array(), attachmentOffset);
}
