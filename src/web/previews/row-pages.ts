/** Rows of a long file, a page at a time: what is read for one is let go with it. Pure, but for the reading it is given. */

/** What a parser found at the beginning of a text. */
export interface Parsed<Row> {
  readonly rows: readonly Row[];
  /** Letters up to the end of the last row. */
  readonly used: number;
}

/** Reads up to `rowsMax` rows. Of a text that goes on (`isWhole` false) a row that may be cut is left out. */
export type RowParser<Row> = (text: string, rowsMax: number, isWhole: boolean) => Parsed<Row>;

/** Where a page begins, and in what. */
export interface PageStart {
  /** Byte of the file. */
  readonly start: number;
  /** Bytes of the file. */
  readonly size: number;
  readonly rows: number;
  /** Bytes from `start` on that are here already. */
  readonly known?: Uint8Array | undefined;
}

/** A page. */
export interface RowPage<Row> {
  readonly rows: readonly Row[];
  /** Byte of the file at which the next one begins; the file's end after the last. */
  readonly end: number;
}

/** Bytes read at once. */
const STEP_BYTES = 262_144;
/** Bytes of a page: what does not fit stands on the next one. */
const PAGE_MAX_BYTES = 4_194_304;

/** Reads a page: as many rows as it may have, unless the file ends before, or they are very long. */
export async function readRowPage<Row>(
  { start, size, rows, known = new Uint8Array() }: PageStart,
  parse: RowParser<Row>,
  read: (start: number, end: number) => Promise<Uint8Array>,
): Promise<RowPage<Row>> {
  let bytes = known;
  while (true) {
    const isWhole = start + bytes.length >= size;
    const { text, bytesOf } = decode(bytes, isWhole);
    const parsed = parse(text, rows, isWhole);
    const isFull = parsed.rows.length >= rows || isWhole;
    if (isFull || bytes.length >= PAGE_MAX_BYTES) {
      // One row that is longer than a page is not gone through: there is no end of it to go on from.
      const end = parsed.used === 0 ? size : start + bytesOf(parsed.used);
      return { rows: parsed.rows, end };
    }
    const from = start + bytes.length;
    bytes = joined(bytes, await read(from, Math.min(size, from + STEP_BYTES)));
  }
}

/** The text of bytes, and how many of them a beginning of it took. What is no UTF-8 is read a byte a letter. */
function decode(bytes: Uint8Array, isWhole: boolean): { text: string; bytesOf: (letters: number) => number } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !isWhole });
    return { text, bytesOf: (letters) => new TextEncoder().encode(text.slice(0, letters)).length };
  } catch {
    return { text: new TextDecoder("windows-1252").decode(bytes), bytesOf: (letters) => letters };
  }
}

function joined(before: Uint8Array, after: Uint8Array): Uint8Array {
  const all = new Uint8Array(before.length + after.length);
  all.set(before);
  all.set(after, before.length);
  return all;
}
