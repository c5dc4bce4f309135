/** The end of a remote's index: where the next run goes, and which runs it is beside. */
import { isArtifoldError } from "../errors.ts";
import { type IndexPosition, keyNumber, type PackName, parseKeyNumber } from "../logs/index.ts";
import { fileOfRow, mergeRows, type RowCursor, RUN_ROW_BYTES } from "../objects/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { decodedAt } from "./decoded-at.ts";
import {
  decodeIndexHead,
  encodeIndexRun,
  INDEX_PACKS_MAX,
  INDEX_ROWS_MAX,
  INDEX_RUN_BYTES_MAX,
  type IndexHead,
  indexHeadLength,
  type OtherRun,
  pagesOfRun,
  runLength,
} from "./index-run.ts";
import type { SortedRows } from "./sent-objects.ts";

/** Bytes that are read of a run to have its head, and of a small one all. */
const HEAD_READ_BYTES: number = 16 * 1024;
/** A run is taken up when it is at most so many times as large as what is new. */
const TAKEN_UP_FACTOR = 2;
/** How often the next slot may be taken by others before that is no race but a fault. */
const TRIES_MAX = 1000;

/** What keys of an epoch's runs begin with. */
export function runsPrefix(epoch: number): string {
  return `x/${keyNumber(epoch)}/`;
}

/** The key of a run. */
export function runKey(epoch: number, slot: number): string {
  return runsPrefix(epoch) + keyNumber(slot);
}

/** Epoch and slot of a run's key; `undefined` for another key. */
export function runOfKey(key: string): IndexPosition | undefined {
  const [kind, epoch, slot, ...more] = key.split("/");
  const position = { epoch: parseKeyNumber(epoch ?? ""), slot: parseKeyNumber(slot ?? "") };
  if (kind !== "x" || more.length > 0 || position.epoch === undefined || position.slot === undefined) return undefined;
  return position as IndexPosition;
}

/** A run, or as much of its beginning as was read. */
interface ReadRun {
  readonly head: IndexHead;
  readonly bytes: Uint8Array;
}

/** Reads the head of a run; `undefined` when it is not there. */
export async function readIndexHead(
  remote: Remote,
  key: string,
  call: RemoteCallOptions,
): Promise<ReadRun | undefined> {
  const first = await remote.read(key, { offset: 0, length: HEAD_READ_BYTES }, call);
  if (first === undefined) return undefined;
  const headOf = (read: Uint8Array): ReadRun => ({
    head: decodedAt(remote, key, () => decodeIndexHead(read)),
    bytes: read,
  });
  const length = decodedAt(remote, key, () => indexHeadLength(first));
  if (length <= first.length) return headOf(first);
  const rest = await remote.read(key, { offset: first.length, length: length - first.length }, call);
  if (rest === undefined) return undefined;
  return headOf(Buffer.concat([first, rest]));
}

/** Reads a whole run; `undefined` when it is not there. */
export async function readRun(remote: Remote, key: string, call: RemoteCallOptions): Promise<ReadRun | undefined> {
  const bytes = await remote.read(key, { offset: 0, length: INDEX_RUN_BYTES_MAX }, call);
  return bytes && { head: decodeIndexHead(bytes), bytes };
}

/** The end of an epoch's index: slot 0 where it has no runs. */
export interface IndexTail extends IndexPosition {
  /** The run there, as far as it was read. */
  readonly newest?: ReadRun | undefined;
}

/**
 * Looks for the end of an epoch's index.
 *
 * @param known where it was once, so that not all of its runs are listed; with its run that is not read again
 */
export async function readIndexTail(
  remote: Remote,
  epoch: number,
  known: IndexTail | undefined,
  call: RemoteCallOptions,
): Promise<IndexTail> {
  const near: IndexTail = known?.epoch === epoch ? known : { epoch, slot: 0 };
  const slot = await lastSlot(remote, epoch, near.slot, call);
  if (slot === near.slot && near.newest !== undefined) return near;
  const newest = slot === 0 ? undefined : await readIndexHead(remote, runKey(epoch, slot), call);
  return { epoch, slot, newest };
}

/**
 * Adds rows to the index of an epoch.
 *
 * @param tail its end, as it was seen some time ago
 * @returns its end now
 */
export async function addToIndex(
  remote: Remote,
  tail: IndexTail,
  { packs, rows }: SortedRows,
  call: RemoteCallOptions,
): Promise<IndexTail> {
  let last = tail;
  for (let from = 0; from < rows.length; from += INDEX_ROWS_MAX * RUN_ROW_BYTES) {
    const some = rows.subarray(from, from + INDEX_ROWS_MAX * RUN_ROW_BYTES);
    last = await addRun(remote, last, { packs, rows: some }, call);
  }
  return last;
}

async function addRun(remote: Remote, tail: IndexTail, own: SortedRows, call: RemoteCallOptions): Promise<IndexTail> {
  const { epoch } = tail;
  let { slot: last, newest } = tail;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (tries > 0) ({ slot: last, newest } = await readIndexTail(remote, epoch, { epoch, slot: last }, call));
    if (last > 0 && newest === undefined) continue;
    const below = newest === undefined ? [] : runsOf(last, newest.head);
    // Of a small run all came with its head.
    const isWhole = newest !== undefined && runLength(newest.head) === newest.bytes.length;
    const readRunOf = async (slot: number): Promise<ReadRun | undefined> =>
      slot === last && isWhole ? newest : tryReadRun(remote, runKey(epoch, slot), call);
    const slot = last + 1;
    const bytes = await mergedRun(slot, own, below, readRunOf);
    if ((await remote.create(runKey(epoch, slot), bytes, call)) === "created") {
      return { epoch, slot, newest: { head: decodeIndexHead(bytes), bytes } };
    }
    last = slot;
  }
  throw new TypeError("the next run of the index was never free");
}

/** The last slot of an epoch; 0 where it has none. */
async function lastSlot(remote: Remote, epoch: number, known: number, call: RemoteCallOptions): Promise<number> {
  let last = 0;
  const after = known > 1 ? runKey(epoch, known - 1) : undefined;
  for await (const { key } of remote.list(runsPrefix(epoch), after, call)) last = runOfKey(key)?.slot ?? last;
  return last;
}

/** The runs that are all of an epoch's index up to a slot, the newest first; `undefined` when they went meanwhile. */
export async function runsUpTo(
  remote: Remote,
  epoch: number,
  slot: number,
  call: RemoteCallOptions,
): Promise<OtherRun[] | undefined> {
  if (slot === 0) return [];
  const read = await readIndexHead(remote, runKey(epoch, slot), call);
  if (read === undefined) return undefined;
  return runsOf(slot, read.head);
}

function runsOf(slot: number, { rowCount, others }: IndexHead): OtherRun[] {
  return [{ slot, rows: rowCount }, ...others];
}

/** The bytes of a new run, which takes up those right below it that are not much larger. */
async function mergedRun(
  slot: number,
  own: SortedRows,
  below: readonly OtherRun[],
  readRunOf: (slot: number) => Promise<ReadRun | undefined>,
): Promise<Uint8Array> {
  const packs: PackName[] = [...own.packs];
  const cursors: RowCursor[] = [
    new BufferCursor(
      own.rows,
      own.packs.map((_, number) => number),
    ),
  ];
  let rowCount = own.rows.length / RUN_ROW_BYTES;
  let from = slot;
  let taken = 0;
  for (const run of below) {
    if (run.rows > rowCount * TAKEN_UP_FACTOR || run.rows + rowCount > INDEX_ROWS_MAX) break;
    const read = await readRunOf(run.slot);
    if (read === undefined || packs.length + read.head.packs.length > INDEX_PACKS_MAX) break;
    const numbers = read.head.packs.map((pack) => packs.push(pack) - 1);
    cursors.push(new BufferCursor(Buffer.concat([...pagesOfRun(read.head, read.bytes)]), numbers));
    rowCount += run.rows;
    from = read.head.from;
    taken++;
  }
  return encodeIndexRun({ from, others: below.slice(taken), packs, rows: mergeRows(cursors), rowCount });
}

/** A run that cannot be used is left where it is. */
async function tryReadRun(remote: Remote, key: string, call: RemoteCallOptions): Promise<ReadRun | undefined> {
  try {
    return await readRun(remote, key, call);
  } catch (error) {
    if (!isArtifoldError(error, "DAMAGED")) throw error;
    return undefined;
  }
}

/** Sorted rows in memory, whose packs get other numbers. */
class BufferCursor implements RowCursor {
  readonly row: Buffer = Buffer.alloc(RUN_ROW_BYTES);
  readonly #rows: Buffer;
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(rows: Buffer, numbers: readonly number[]) {
    this.#rows = rows;
    this.#numbers = numbers;
  }

  advance(): boolean {
    if (this.#next >= this.#rows.length) return false;
    this.#rows.copy(this.row, 0, this.#next, this.#next + RUN_ROW_BYTES);
    this.row.writeUInt32LE(this.#numbers[fileOfRow(this.row, 0)] as number, RUN_ROW_BYTES - 16);
    this.#next += RUN_ROW_BYTES;
    return true;
  }
}
