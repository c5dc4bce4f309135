/** The index as a gc leaves it: all that the packs which stay hold. */
import { type PackName, parseKeyNumber } from "../logs/index.ts";
import { fileOfRow, mergeRows, type RowCursor, RUN_ROW_BYTES, type Table, TableCursor } from "../objects/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { encodeIndexRun, INDEX_ROWS_MAX } from "./index-run.ts";
import { BASE_PREFIX, type BasePart, baseKey, encodeBase } from "./remote-index.ts";

/** A pack that stays. */
export interface IndexedPack {
  readonly name: PackName;
  readonly table: Table;
}

/** Bytes of a digest by which parts are told from each other. */
const FIRST_BYTES = 8;

/** Writes the index of an epoch, and takes away those of lower ones. */
export async function writeBase(
  remote: Remote,
  epoch: number,
  packs: readonly IndexedPack[],
  call: RemoteCallOptions,
): Promise<void> {
  const parts: BasePart[] = [];
  for (const rows of partsOf(packs)) {
    const own = new Map<number, number>();
    for (let at = 0; at < rows.length; at += RUN_ROW_BYTES) {
      const file = fileOfRow(rows, at);
      const number = own.get(file) ?? own.size;
      own.set(file, number);
      rows.writeUInt32LE(number, at + RUN_ROW_BYTES - 16);
    }
    const rowCount = rows.length / RUN_ROW_BYTES;
    const names = [...own.keys()].map((file) => (packs[file] as IndexedPack).name);
    const bytes = encodeIndexRun({ from: 0, others: [], packs: names, rows: rowsOf(rows), rowCount });
    await remote.create(baseKey(epoch, parts.length), bytes, call);
    parts.push({ rows: rowCount, first: Uint8Array.from(rows.subarray(0, FIRST_BYTES)) });
  }
  await remote.create(baseKey(epoch, "whole"), encodeBase(parts), call);
  await removeOlder(remote, epoch, call);
}

/** Rows of one part after another, those of equal digests in the same. */
function* partsOf(packs: readonly IndexedPack[]): Generator<Buffer, void, undefined> {
  const cursors: RowCursor[] = packs.map(({ table }, file) => new TableCursor(table, file));
  let rows: Buffer[] = [];
  for (const row of mergeRows(cursors)) {
    const last = rows.at(-1);
    const isFull = rows.length >= INDEX_ROWS_MAX / 2;
    if (isFull && last !== undefined && row.compare(last, 0, FIRST_BYTES, 0, FIRST_BYTES) !== 0) {
      yield Buffer.concat(rows);
      rows = [];
    }
    rows.push(Buffer.from(row));
  }
  if (rows.length > 0) yield Buffer.concat(rows);
}

function* rowsOf(rows: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < rows.length; at += RUN_ROW_BYTES) yield rows.subarray(at, at + RUN_ROW_BYTES);
}

async function removeOlder(remote: Remote, epoch: number, call: RemoteCallOptions): Promise<void> {
  const older: string[] = [];
  for (const prefix of [BASE_PREFIX, "x/"]) {
    for await (const { key } of remote.list(prefix, undefined, call)) {
      const of = parseKeyNumber(key.split("/")[1] ?? "");
      if (of !== undefined && of < epoch) older.push(key);
    }
  }
  for (const key of older) await remote.delete(key, call);
}
