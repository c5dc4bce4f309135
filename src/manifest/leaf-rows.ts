/**
 * The rows of a leaf as the bytes that they are.
 *
 * Edits and differences pass over most rows of the leaves that they touch. Copied or compared as bytes, such a row costs a
 * small part of what it costs to read it. Here only the order of the rows is checked, and what counts in sums; what else
 * stands in a row is checked when it is read.
 */
import { Decoder, decodeUtf8, endOfValue, malformed, uintAt } from "./codec.ts";
import { type Entry, isFileMode, readEntry } from "./entry.ts";
import { type ChildFacts, EMPTY_NODE_BYTES, keyRange, readHead } from "./node.ts";

/** The rows of one leaf. */
export class LeafRows {
  readonly count: number;
  readonly #bytes: Uint8Array;
  /** Where each row begins, its path begins and ends; then where the last row ends. */
  readonly #places: Uint32Array;
  /** Sizes of files; -1 for what is no file. */
  readonly #sizes: Float64Array;

  private constructor(bytes: Uint8Array, places: Uint32Array, sizes: Float64Array) {
    this.count = sizes.length;
    this.#bytes = bytes;
    this.#places = places;
    this.#sizes = sizes;
  }

  /** Opens a leaf whose digest was checked. @throws ArtifoldError DAMAGED for what is no leaf with rows in order */
  static open(bytes: Uint8Array): LeafRows {
    const decoder = new Decoder(bytes, "manifest node");
    const { level, count } = readHead(decoder, bytes);
    if (level !== 0) decoder.fail("no leaf");
    const places = new Uint32Array(count * 3 + 1);
    const sizes = new Float64Array(count);
    let start = decoder.position;
    for (let row = 0; row < count; row++) {
      const end = endOfValue(bytes, start);
      const key = keyRange(bytes, start);
      const mode = uintAt(bytes, key.end);
      if (key.end >= end || mode === undefined) malformed("manifest node: a row that is none");
      const size = isFileMode(mode) ? uintAt(bytes, key.end + 1) : -1;
      if (size === undefined) malformed("manifest node: a file without a size");
      places[row * 3] = start;
      places[row * 3 + 1] = key.start;
      places[row * 3 + 2] = key.end;
      sizes[row] = size;
      start = end;
    }
    places[count * 3] = start;
    const rows = new LeafRows(bytes, places, sizes);
    for (let row = 1; row < count; row++) {
      if (LeafRows.compare(rows, row - 1, rows, row) >= 0) malformed("manifest node: rows out of order");
    }
    return rows;
  }

  /** Compares the paths of two rows: their order, as `comparePaths` has it. */
  static compare(left: LeafRows, leftRow: number, right: LeafRows, rightRow: number): number {
    let at = left.#places[leftRow * 3 + 1] as number;
    let other = right.#places[rightRow * 3 + 1] as number;
    const leftEnd = left.#places[leftRow * 3 + 2] as number;
    const rightEnd = right.#places[rightRow * 3 + 2] as number;
    const end = Math.min(leftEnd, at + rightEnd - other);
    // The order of paths is that of their UTF-8 bytes.
    for (; at < end; at++, other++) {
      const order = (left.#bytes[at] as number) - (right.#bytes[other] as number);
      if (order !== 0) return order;
    }
    return leftEnd - at - (rightEnd - other);
  }

  /** Whether two rows are the same in all that they say. */
  static areEqual(left: LeafRows, leftRow: number, right: LeafRows, rightRow: number): boolean {
    let at = left.#places[leftRow * 3] as number;
    let other = right.#places[rightRow * 3] as number;
    const end = left.#places[leftRow * 3 + 3] as number;
    if (end - at !== (right.#places[rightRow * 3 + 3] as number) - other) return false;
    for (; at < end; at++, other++) if (left.#bytes[at] !== right.#bytes[other]) return false;
    return true;
  }

  /** What its parent must say of the leaf. */
  get facts(): ChildFacts {
    let files = 0;
    let bytes = 0;
    for (const size of this.#sizes) {
      if (size < 0) continue;
      files++;
      bytes += size;
    }
    return { level: 0, first: this.count === 0 ? undefined : this.path(0), entries: this.count, files, bytes };
  }

  /** The path of a row. */
  path(row: number): string {
    try {
      return decodeUtf8(this.#bytes.subarray(this.#places[row * 3 + 1], this.#places[row * 3 + 2]));
    } catch {
      malformed("manifest node: a string that is not UTF-8");
    }
  }

  /** Size of a file in bytes; -1 for what is no file. */
  size(row: number): number {
    return this.#sizes[row] as number;
  }

  /** What a row says, read strictly. */
  entry(row: number): Entry {
    return readEntry(new Decoder(this.bytesOf(row), "manifest node"));
  }

  /** The bytes of a row. */
  bytesOf(row: number): Uint8Array {
    return this.#bytes.subarray(this.#places[row * 3], this.#places[row * 3 + 3]);
  }

  /** How many bytes a row begins with that come before its path, and where its path ends. */
  keyIn(row: number): { start: number; end: number } {
    const start = this.#places[row * 3] as number;
    return { start: (this.#places[row * 3 + 1] as number) - start, end: (this.#places[row * 3 + 2] as number) - start };
  }
}

/** The leaf of a manifest without entries. */
export const NO_ROWS: LeafRows = LeafRows.open(EMPTY_NODE_BYTES);
