/**
 * Tables: where the objects of one file (a pack, or a sealed segment of the journal) lie, sorted by digest.
 *
 * A table is frames (offset and length of each) followed by rows (digest, frame number, index in the frame). Rows have
 * one width and digests are evenly distributed, so that the leading bits of a digest nearly say where its row is.
 */
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes, hashWithContext } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { FRAME_BYTES_MAX } from "./frame.ts";
import { type EncodedFrames, eachObject } from "./frame-encoder.ts";

const TABLE_CONTEXT = "artifold format 1 table";
const FRAME_ENTRY_BYTES = 12;
/** Bytes of a row: digest, frame number, index with its mark. */
export const TABLE_ROW_BYTES: number = DIGEST_BYTES + 6;
/** Counts of frames and rows, before the table. */
const HEAD_BYTES = 8;
/** Far above what a pack of 64 Ki objects needs: a table is never read that would not fit into memory. */
const TABLE_BYTES_MAX: number = 64 * 1024 * 1024;
/** Set in the index of an object whose frame is a delta: it goes on from other objects, which the frame names. */
export const DELTA_MARK = 0x8000;

/** Where an object lies within a file. */
export interface TablePlace {
  /** Where its frame begins in the file. */
  readonly offset: number;
  /** Length of the frame. */
  readonly length: number;
  /** The object's index in the frame. */
  readonly index: number;
  /** Whether the frame goes on from other objects. */
  readonly isDelta: boolean;
}

/** Where an object lies. */
export interface Place extends TablePlace {
  /** Path of the file below the store's folder. */
  readonly path: string;
}

/** Gathers what a table will hold, in memory that is a few dozen bytes an object, and finds it again. */
export class TableBuilder {
  #frames = new Float64Array(64);
  #frameCount = 0;
  #rows: Buffer = Buffer.alloc(TABLE_ROW_BYTES * 64);
  #rowCount = 0;
  /** Open addressing (Knuth, TAOCP 3, 6.4, algorithm L) by the beginning of the digest: row + 1, or 0. */
  #slots = new Int32Array(128);

  get objectCount(): number {
    return this.#rowCount;
  }

  /** Adds frames that begin at `offset` of the file. */
  add(frames: EncodedFrames, offset: number): void {
    eachObject(frames, (digestAt, frameOffset, length, index, isDelta) => {
      this.#addObject(frames.digests, digestAt, offset + frameOffset, length, isDelta ? index | DELTA_MARK : index);
    });
  }

  /** Adds one object. Objects come frame by frame. */
  addObject(digest: Digest, { offset, length, index, isDelta }: TablePlace): void {
    this.#addObject(digestToBytes(digest), 0, offset, length, isDelta ? index | DELTA_MARK : index);
  }

  /** Adds an object that stands by itself, not in a frame. @param digests has its digest from `at` on */
  addBare(digests: Uint8Array, at: number, offset: number, length: number): void {
    this.#addObject(digests, at, offset, length, 0);
  }

  /** Where an object lies that was added. */
  find(digest: Uint8Array, at = 0): TablePlace | undefined {
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(digest, at) & mask; ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] as number) - 1;
      if (row < 0) return undefined;
      if (isSameDigest(this.#rows, row * TABLE_ROW_BYTES, digest, at)) return this.#place(row);
    }
  }

  has(digest: Uint8Array, at = 0): boolean {
    return this.find(digest, at) !== undefined;
  }

  /** Forgets all of it, and keeps the memory for what comes. */
  clear(): void {
    this.#frameCount = 0;
    this.#rowCount = 0;
    this.#slots.fill(0);
  }

  /** The table's bytes. */
  finish(): Uint8Array {
    const bytes = Buffer.alloc(HEAD_BYTES + this.#frameCount * FRAME_ENTRY_BYTES + this.#rowCount * TABLE_ROW_BYTES);
    bytes.writeUInt32LE(this.#frameCount, 0);
    bytes.writeUInt32LE(this.#rowCount, 4);
    let at = HEAD_BYTES;
    for (let frame = 0; frame < this.#frameCount; frame++) {
      bytes.writeBigUInt64LE(BigInt(this.#frames[frame * 2] as number), at);
      bytes.writeUInt32LE(this.#frames[frame * 2 + 1] as number, at + 8);
      at += FRAME_ENTRY_BYTES;
    }
    for (const row of sortedRows(this.#rows, this.#rowCount)) {
      this.#rows.copy(bytes, at, row * TABLE_ROW_BYTES, (row + 1) * TABLE_ROW_BYTES);
      at += TABLE_ROW_BYTES;
    }
    return bytes;
  }

  #addObject(digests: Uint8Array, digestAt: number, offset: number, length: number, markedIndex: number): void {
    const lastOffset = this.#frameCount === 0 ? -1 : this.#frames[(this.#frameCount - 1) * 2];
    if (offset !== lastOffset) this.#addFrame(offset, length);
    const at = this.#rowCount * TABLE_ROW_BYTES;
    if (at === this.#rows.length) this.#growRows();
    const rows = this.#rows;
    for (let byte = 0; byte < DIGEST_BYTES; byte++) rows[at + byte] = digests[digestAt + byte] as number;
    rows.writeUInt32LE(this.#frameCount - 1, at + DIGEST_BYTES);
    rows.writeUInt16LE(markedIndex, at + DIGEST_BYTES + 4);
    this.#rowCount++;
    this.#index(this.#rowCount - 1);
  }

  #growRows(): void {
    const larger = Buffer.allocUnsafeSlow(this.#rows.length * 2);
    this.#rows.copy(larger);
    this.#rows = larger;
  }

  #addFrame(offset: number, length: number): void {
    if (this.#frameCount * 2 === this.#frames.length) {
      const larger = new Float64Array(this.#frames.length * 2);
      larger.set(this.#frames);
      this.#frames = larger;
    }
    this.#frames[this.#frameCount * 2] = offset;
    this.#frames[this.#frameCount * 2 + 1] = length;
    this.#frameCount++;
  }

  #index(row: number): void {
    if (this.#rowCount * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 4);
      for (let each = 0; each <= row; each++) this.#takeSlot(each);
    } else {
      this.#takeSlot(row);
    }
  }

  #takeSlot(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = slotOf(this.#rows, row * TABLE_ROW_BYTES) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row + 1;
  }

  #place(row: number): TablePlace {
    const at = row * TABLE_ROW_BYTES + DIGEST_BYTES;
    const frame = this.#rows.readUInt32LE(at);
    const offset = this.#frames[frame * 2] as number;
    const length = this.#frames[frame * 2 + 1] as number;
    return placeAt(this.#rows, at + 4, offset, length);
  }
}

function slotOf(bytes: Uint8Array, at: number): number {
  // Digests are as good as random: four of their bytes are a hash. Not the first ones, which decide where rows stand.
  return (
    (bytes[at + 8] as number) |
    ((bytes[at + 9] as number) << 8) |
    ((bytes[at + 10] as number) << 16) |
    ((bytes[at + 11] as number) << 24)
  );
}

function placeAt(bytes: Buffer, indexAt: number, offset: number, length: number): TablePlace {
  const marked = bytes.readUInt16LE(indexAt);
  return { offset, length, index: marked & (DELTA_MARK - 1), isDelta: (marked & DELTA_MARK) !== 0 };
}

/** Whether the same 32 bytes stand in two places. */
export function isSameDigest(left: Uint8Array, leftAt: number, right: Uint8Array, rightAt: number): boolean {
  for (let byte = 0; byte < DIGEST_BYTES; byte++) if (left[leftAt + byte] !== right[rightAt + byte]) return false;
  return true;
}

/** Numbers of rows in the order of their bytes: sorted into buckets by their leading bits, then within each. */
function sortedRows(rows: Buffer, count: number): Uint32Array {
  const bits = prefixBits(count);
  const ends = new Uint32Array((1 << bits) + 1);
  for (let row = 0; row < count; row++) (ends[prefixOf(rows, row * TABLE_ROW_BYTES, bits) + 1] as number)++;
  for (let bucket = 1; bucket < ends.length; bucket++) (ends[bucket] as number) += ends[bucket - 1] as number;
  const order = new Uint32Array(count);
  const next = ends.slice();
  for (let row = 0; row < count; row++) {
    const bucket = prefixOf(rows, row * TABLE_ROW_BYTES, bits);
    order[next[bucket] as number] = row;
    (next[bucket] as number)++;
  }
  for (let bucket = 0; bucket < 1 << bits; bucket++) {
    const [from, to] = [ends[bucket] as number, ends[bucket + 1] as number];
    if (to - from > FEW_ROWS) order.subarray(from, to).sort((left, right) => compareRows(rows, left, right));
    else sortFew(rows, order, from, to);
  }
  return order;
}

/** With more rows than this in a bucket, its digests are not as good as random. */
const FEW_ROWS = 16;

/** Sorts by insertion: of tens of thousands of buckets most have a row or two, and nothing is to be made for each. */
function sortFew(rows: Buffer, order: Uint32Array, from: number, to: number): void {
  for (let next = from + 1; next < to; next++) {
    const row = order[next] as number;
    let at = next;
    for (; at > from && compareRows(rows, order[at - 1] as number, row) > 0; at--) order[at] = order[at - 1] as number;
    order[at] = row;
  }
}

function compareRows(rows: Buffer, left: number, right: number): number {
  const [a, b] = [left * TABLE_ROW_BYTES, right * TABLE_ROW_BYTES];
  return rows.compare(rows, b, b + TABLE_ROW_BYTES, a, a + TABLE_ROW_BYTES);
}

/** How many leading bits of a digest tell rows apart about as well as is worth it. */
function prefixBits(count: number): number {
  return Math.min(16, Math.max(1, 32 - Math.clz32(count)));
}

function prefixOf(bytes: Uint8Array, at: number, bits: number): number {
  return (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) >>> (16 - bits);
}

/** Every file with a table ends in a foot of this length: where the table lies, its digest, and a mark. */
export const FOOT_BYTES = 64;
const FOOT_MAGIC = "AFtable\x01";

/** The foot of a file whose table begins at `offset`. */
export function encodeFoot(offset: number, table: Uint8Array): Uint8Array {
  const foot = Buffer.alloc(FOOT_BYTES);
  foot.writeBigUInt64LE(BigInt(offset), 0);
  foot.writeBigUInt64LE(BigInt(table.length), 8);
  digestToBytes(hashWithContext(TABLE_CONTEXT, table), foot, 16);
  foot.write(FOOT_MAGIC, FOOT_BYTES - 8, "latin1");
  return foot;
}

/** What a foot says. */
export interface Foot {
  readonly tableOffset: number;
  readonly tableLength: number;
  readonly tableDigest: Digest;
}

/**
 * Reads the foot of a file.
 *
 * @param bytes the last {@link FOOT_BYTES} bytes of the file
 * @throws ArtifoldError DAMAGED
 */
export function decodeFoot(bytes: Uint8Array, fileLength: number): Foot {
  const foot = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (foot.length !== FOOT_BYTES || foot.toString("latin1", FOOT_BYTES - 8) !== FOOT_MAGIC) refuse();
  if (foot.subarray(48, 56).some((byte) => byte !== 0)) refuse();
  const tableOffset = Number(foot.readBigUInt64LE(0));
  const tableLength = Number(foot.readBigUInt64LE(8));
  if (tableOffset + tableLength + FOOT_BYTES !== fileLength || tableLength > TABLE_BYTES_MAX) refuse();
  return { tableOffset, tableLength, tableDigest: digestFromBytes(foot, 16) };
}

/** Reads a table that its foot names. @throws ArtifoldError DAMAGED */
export function openTable(bytes: Uint8Array, foot: Foot): Table {
  if (hashWithContext(TABLE_CONTEXT, bytes) !== foot.tableDigest) refuse();
  return new Table(bytes);
}

/** A table being asked. */
export class Table {
  readonly #bytes: Buffer;
  readonly #frameCount: number;
  readonly #rowsAt: number;
  readonly rowCount: number;
  readonly #prefixBits: number;
  /** Where the rows begin of each prefix; made when the first object is looked for. */
  #starts: Uint32Array | undefined;

  /** Reads a table whose digest was checked. @throws ArtifoldError DAMAGED when its counts do not fit its length */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEAD_BYTES) refuse();
    this.#frameCount = this.#bytes.readUInt32LE(0);
    this.rowCount = this.#bytes.readUInt32LE(4);
    this.#rowsAt = HEAD_BYTES + this.#frameCount * FRAME_ENTRY_BYTES;
    this.#prefixBits = prefixBits(this.rowCount);
    if (this.#rowsAt + this.rowCount * TABLE_ROW_BYTES !== bytes.length) refuse();
  }

  /** How much memory the table takes. */
  get byteLength(): number {
    return this.#bytes.length + (8 << this.#prefixBits);
  }

  get frameCount(): number {
    return this.#frameCount;
  }

  /** Where an object lies, or `undefined` when it is not in this file. */
  find(digest: Uint8Array, at = 0): TablePlace | undefined {
    if (this.rowCount === 0) return undefined;
    this.#starts ??= this.#startsOfPrefixes();
    const prefix = prefixOf(digest, at, this.#prefixBits);
    let low = this.#starts[prefix] as number;
    let high = (this.#starts[prefix + 1] as number) - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(middle, digest, at);
      if (order === 0) return this.#place(middle);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** All objects of the file, in the order of their digests. */
  *rows(): Generator<TablePlace & { readonly digest: Digest }, void, undefined> {
    for (let row = 0; row < this.rowCount; row++) yield { digest: this.digest(row), ...this.#place(row) };
  }

  /** Where the n-th frame lies, in the order of the file. */
  frame(number: number): { offset: number; length: number } {
    if (number >= this.#frameCount) refuse();
    const at = HEAD_BYTES + number * FRAME_ENTRY_BYTES;
    const offset = this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * 2 ** 32;
    const length = this.#bytes.readUInt32LE(at + 8);
    if (!Number.isSafeInteger(offset) || length > FRAME_BYTES_MAX) refuse();
    return { offset, length };
  }

  /** Digest of the n-th row, in the order of digests. */
  digest(row: number): Digest {
    return digestFromBytes(this.#bytes, this.#rowAt(row));
  }

  /** Digest and place of the n-th row, in the order of digests. */
  row(row: number): { digest: Uint8Array; place: TablePlace } {
    const at = this.#rowAt(row);
    return { digest: this.#bytes.subarray(at, at + DIGEST_BYTES), place: this.#place(row) };
  }

  /** Place of the n-th row, in the order of digests; its digest is copied to the beginning of `target`. */
  copyRow(row: number, target: Uint8Array): TablePlace {
    const at = this.#rowAt(row);
    this.#bytes.copy(target, 0, at, at + DIGEST_BYTES);
    return this.#place(row);
  }

  #rowAt(row: number): number {
    return this.#rowsAt + row * TABLE_ROW_BYTES;
  }

  #place(row: number): TablePlace {
    const at = this.#rowAt(row) + DIGEST_BYTES;
    const { offset, length } = this.frame(this.#bytes.readUInt32LE(at));
    return placeAt(this.#bytes, at + 4, offset, length);
  }

  #compare(row: number, digest: Uint8Array, at: number): number {
    const rowAt = this.#rowAt(row);
    for (let byte = 0; byte < DIGEST_BYTES; byte++) {
      const difference = (this.#bytes[rowAt + byte] as number) - (digest[at + byte] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #startsOfPrefixes(): Uint32Array {
    const starts = new Uint32Array((1 << this.#prefixBits) + 1);
    for (let row = 0; row < this.rowCount; row++) {
      (starts[prefixOf(this.#bytes, this.#rowAt(row), this.#prefixBits) + 1] as number)++;
    }
    for (let prefix = 1; prefix < starts.length; prefix++) (starts[prefix] as number) += starts[prefix - 1] as number;
    return starts;
  }
}

function refuse(): never {
  throw new ArtifoldError("DAMAGED", "malformed table of a pack or journal segment");
}
