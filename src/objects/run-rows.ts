/** Rows of runs of places on their way from tables and older runs into a new run: bytes, for there may be millions. */
import { DIGEST_BYTES } from "../digest/index.ts";
import { DELTA_MARK, type Table, type TablePlace } from "./table.ts";

/** Bytes of a row: digest, number of the file (u32), offset (u48), length (u32), index with its mark (u16). */
export const RUN_ROW_BYTES: number = DIGEST_BYTES + 16;

/** The number of the file that a row names. */
export function fileOfRow(rows: Buffer, at: number): number {
  return rows.readUInt32LE(at + DIGEST_BYTES);
}

/** Where the object of a row lies in its file. */
export function placeOfRow(rows: Buffer, at: number): TablePlace {
  const marked = rows.readUInt16LE(at + DIGEST_BYTES + 14);
  return {
    offset: rows.readUIntLE(at + DIGEST_BYTES + 4, 6),
    length: rows.readUInt32LE(at + DIGEST_BYTES + 10),
    index: marked & (DELTA_MARK - 1),
    isDelta: (marked & DELTA_MARK) !== 0,
  };
}

/** Rows sorted by digest, gone through one after another. */
export interface RowCursor {
  /** The current row. Its file is a number of the run that is being made. */
  readonly row: Buffer;
  /** Goes to the next row, or the first; false when there is none. */
  advance(): boolean;
}

/** The rows of a table. */
export class TableCursor implements RowCursor {
  readonly row: Buffer = Buffer.alloc(RUN_ROW_BYTES);
  readonly #table: Table;
  #next = 0;

  constructor(table: Table, file: number) {
    this.#table = table;
    this.row.writeUInt32LE(file, DIGEST_BYTES);
  }

  advance(): boolean {
    if (this.#next >= this.#table.rowCount) return false;
    const { row } = this;
    const place = this.#table.copyRow(this.#next++, row);
    row.writeUIntLE(place.offset, DIGEST_BYTES + 4, 6);
    row.writeUInt32LE(place.length, DIGEST_BYTES + 10);
    row.writeUInt16LE(place.isDelta ? place.index | DELTA_MARK : place.index, DIGEST_BYTES + 14);
    return true;
  }
}

/** Merges rows that are sorted by digest into one sequence. Of equal digests all are kept. A row lasts until the next. */
export function* mergeRows(cursors: readonly RowCursor[]): Generator<Buffer, void, undefined> {
  const heap = new MergeHeap(cursors.filter((cursor) => cursor.advance()));
  for (let first = heap.first; first !== undefined; first = heap.first) {
    yield first.row;
    if (first.advance()) heap.settleFirst();
    else heap.dropFirst();
  }
}

/** A binary heap of cursors by their current digests. */
class MergeHeap {
  readonly #cursors: RowCursor[];

  constructor(cursors: readonly RowCursor[]) {
    // Sorted, it is a heap.
    this.#cursors = [...cursors].sort((left, right) => Buffer.compare(left.row, right.row));
  }

  get first(): RowCursor | undefined {
    return this.#cursors[0];
  }

  dropFirst(): void {
    const last = this.#cursors.pop() as RowCursor;
    if (this.#cursors.length === 0) return;
    this.#cursors[0] = last;
    this.settleFirst();
  }

  /** Brings the first one to its place after its row changed. */
  settleFirst(): void {
    const cursors = this.#cursors;
    for (let at = 0; ; ) {
      let least = at;
      for (let below = 2 * at + 1; below <= 2 * at + 2 && below < cursors.length; below++) {
        if (Buffer.compare((cursors[below] as RowCursor).row, (cursors[least] as RowCursor).row) < 0) least = below;
      }
      if (least === at) return;
      [cursors[at], cursors[least]] = [cursors[least] as RowCursor, cursors[at] as RowCursor];
      at = least;
    }
  }
}
