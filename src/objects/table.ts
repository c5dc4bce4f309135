/**
 * Tables: where the objects of one file (a pack, or a sealed segment of the journal) lie, sorted by digest.
 *
 * A table is frames (offset and length of each) followed by rows (digest, frame number, index in the frame). Rows have
 * one width and digests are evenly distributed, so that a lookup guesses its place and needs few steps.
 */
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes, hashWithContext } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { FRAME_BYTES_MAX } from "./frame.ts";
import { type EncodedFrames, eachObject } from "./frame-encoder.ts";

const TABLE_CONTEXT = "artifold format 1 table";
const FRAME_ENTRY_BYTES = 12;
const ROW_BYTES: number = DIGEST_BYTES + 6;
/** Counts of frames and rows, before the table. */
const HEAD_BYTES = 8;
/** Far above what a pack of 64 Ki objects needs: a table is never read that would not fit into memory. */
const TABLE_BYTES_MAX: number = 64 * 1024 * 1024;

/** Where an object lies within a file. */
export interface TablePlace {
  /** Where its frame begins in the file. */
  readonly offset: number;
  /** Length of the frame. */
  readonly length: number;
  /** The object's index in the frame. */
  readonly index: number;
}

/** Gathers what a table will hold, in memory that is a few dozen bytes an object. */
export class TableBuilder {
  #frames = new Float64Array(64);
  #frameCount = 0;
  #rows = Buffer.alloc(ROW_BYTES * 64);
  #rowCount = 0;

  get objectCount(): number {
    return this.#rowCount;
  }

  /** Adds frames that begin at `offset` of the file. */
  add(frames: EncodedFrames, offset: number): void {
    eachObject(frames, (digest, frameOffset, length, index) => {
      this.addObject(digest, { offset: offset + frameOffset, length, index });
    });
  }

  /** Adds one object. Objects come frame by frame. */
  addObject(digest: Digest, place: TablePlace): void {
    const lastOffset = this.#frameCount === 0 ? -1 : this.#frames[(this.#frameCount - 1) * 2];
    if (place.offset !== lastOffset) this.#addFrame(place.offset, place.length);
    this.#addRow(digest, place.index);
  }

  /** The table's bytes. */
  finish(): Uint8Array {
    const bytes = Buffer.alloc(HEAD_BYTES + this.#frameCount * FRAME_ENTRY_BYTES + this.#rowCount * ROW_BYTES);
    bytes.writeUInt32LE(this.#frameCount, 0);
    bytes.writeUInt32LE(this.#rowCount, 4);
    let at = HEAD_BYTES;
    for (let frame = 0; frame < this.#frameCount; frame++) {
      bytes.writeBigUInt64LE(BigInt(this.#frames[frame * 2] as number), at);
      bytes.writeUInt32LE(this.#frames[frame * 2 + 1] as number, at + 8);
      at += FRAME_ENTRY_BYTES;
    }
    for (const row of this.#sortedRows()) {
      this.#rows.copy(bytes, at, row * ROW_BYTES, (row + 1) * ROW_BYTES);
      at += ROW_BYTES;
    }
    return bytes;
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

  #addRow(digest: Digest, index: number): void {
    const at = this.#rowCount * ROW_BYTES;
    if (at === this.#rows.length) this.#rows = Buffer.concat([this.#rows, Buffer.alloc(this.#rows.length)]);
    digestToBytes(digest, this.#rows, at);
    this.#rows.writeUInt32LE(this.#frameCount - 1, at + DIGEST_BYTES);
    this.#rows.writeUInt16LE(index, at + DIGEST_BYTES + 4);
    this.#rowCount++;
  }

  /** Numbers of rows in the order of their digests. */
  #sortedRows(): number[] {
    const order = Array.from({ length: this.#rowCount }, (_, row) => row);
    // The first six bytes decide nearly always, and compare as one number.
    const keys = Float64Array.from(order, (row) => this.#rows.readUIntBE(row * ROW_BYTES, 6));
    return order.sort((left, right) => {
      const difference = (keys[left] as number) - (keys[right] as number);
      return difference !== 0 ? difference : this.#compareRows(left, right);
    });
  }

  #compareRows(left: number, right: number): number {
    const [a, b] = [left * ROW_BYTES, right * ROW_BYTES];
    return Buffer.compare(this.#rows.subarray(a, a + ROW_BYTES), this.#rows.subarray(b, b + ROW_BYTES));
  }
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

  /** Reads a table whose digest was checked. @throws ArtifoldError DAMAGED when its counts do not fit its length */
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEAD_BYTES) refuse();
    this.#frameCount = this.#bytes.readUInt32LE(0);
    this.rowCount = this.#bytes.readUInt32LE(4);
    this.#rowsAt = HEAD_BYTES + this.#frameCount * FRAME_ENTRY_BYTES;
    if (this.#rowsAt + this.rowCount * ROW_BYTES !== bytes.length) refuse();
  }

  /** How much memory the table takes. */
  get byteLength(): number {
    return this.#bytes.length;
  }

  get frameCount(): number {
    return this.#frameCount;
  }

  /** Where an object lies, or `undefined` when it is not in this file. */
  find(digest: Digest): TablePlace | undefined {
    const wanted = Number.parseInt(digest.slice(0, 12), 16);
    let low = 0;
    let high = this.rowCount - 1;
    let lowKey = 0;
    let highKey = 2 ** 48;
    while (low <= high) {
      // Interpolation: digests are evenly distributed between the keys that enclose them.
      const guess = low + Math.floor(((wanted - lowKey) / (highKey - lowKey)) * (high - low + 1));
      const middle = Math.min(high, Math.max(low, guess));
      const key = this.#bytes.readUIntBE(this.#rowsAt + middle * ROW_BYTES, 6);
      const order = key !== wanted ? key - wanted : this.#compare(middle, digest);
      if (order === 0) return this.#place(middle);
      if (order < 0) {
        low = middle + 1;
        lowKey = key;
      } else {
        high = middle - 1;
        highKey = key;
      }
      if (lowKey >= highKey) return this.#scan(low, high, digest);
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
    const offset = Number(this.#bytes.readBigUInt64LE(at));
    const length = this.#bytes.readUInt32LE(at + 8);
    if (!Number.isSafeInteger(offset) || length > FRAME_BYTES_MAX) refuse();
    return { offset, length };
  }

  /** Digest of the n-th row, in the order of digests. */
  digest(row: number): Digest {
    return digestFromBytes(this.#bytes, this.#rowsAt + row * ROW_BYTES);
  }

  #place(row: number): TablePlace {
    const at = this.#rowsAt + row * ROW_BYTES + DIGEST_BYTES;
    const frame = this.frame(this.#bytes.readUInt32LE(at));
    return { ...frame, index: this.#bytes.readUInt16LE(at + 4) };
  }

  #compare(row: number, digest: Digest): number {
    const found = this.digest(row);
    return found < digest ? -1 : found > digest ? 1 : 0;
  }

  /** Looks at rows whose keys are all alike, which chance never brings about and a test does. */
  #scan(low: number, high: number, digest: Digest): TablePlace | undefined {
    for (let row = low; row <= high; row++) if (this.#compare(row, digest) === 0) return this.#place(row);
    return undefined;
  }
}

function refuse(): never {
  throw new ArtifoldError("DAMAGED", "malformed table of a pack or journal segment");
}
