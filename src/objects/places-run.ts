/**
 * Runs of places: the tables of many files merged into one file, sorted by digest, so that finding an object costs the same
 * however many packs there are.
 *
 * A run is a cache (`cache-places-*.run`): it follows from the tables, and whatever it says is checked where it leads. It
 * is not part of the format. It holds rows of one width in pages, then what is kept in memory while it is open: the first
 * key of each page, a filter that tells most absent digests without a read, and the list of files. A lookup reads one page.
 */
import path from "node:path";
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes, hashContentBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import {
  type FileSystem,
  namesIn,
  openFlags,
  randomHex,
  readFully,
  removeQuietly,
  writeFullyLater,
} from "../platform/index.ts";
import { DigestFilter, filterLength } from "./digest-filter.ts";
import type { TablePlace } from "./table.ts";

/** Where an object lies. */
export interface Place extends TablePlace {
  /** Path of the file below the store's folder. */
  readonly path: string;
}

/** An object and where it lies: a row of a run, of which the file is a number. */
export interface PlacedRow extends Place {
  readonly digest: Digest;
}

const MAGIC = "AFplaces";
const VERSION = 2;
/** Magic, version, row count, lengths of what follows the rows, its checksum. */
const HEAD_BYTES = 64;
const ROW_BYTES: number = DIGEST_BYTES + 4 + 6 + 4 + 2;
const PAGE_ROWS = 128;
const PAGE_BYTES: number = PAGE_ROWS * ROW_BYTES;
/** Pages that a run keeps in memory. */
const PAGES_KEPT = 256;
/** The largest filter that is kept in memory; of larger runs every lookup reads a page. */
const FILTER_BYTES_MAX: number = 32 * 1024 * 1024;
/** Begins the names of runs that are being written. */
export const MAKING_PREFIX = "cache-making-";
const NAME = /^cache-places-[0-9a-f]{16}\.run$/;

/** Names of the runs in a store's folder. */
export function runNames(fs: FileSystem, folder: string): string[] {
  return namesIn(fs, folder).filter((name) => NAME.test(name));
}

/** What follows the rows of a run, and is in memory while it is open. */
interface RunTail {
  readonly paths: readonly string[];
  /** The first 48 bits of the first digest of each page. */
  readonly pageKeys: Float64Array;
  readonly filter: DigestFilter | undefined;
}

/** An open run. */
export class PlacesRun {
  readonly name: string;
  readonly rowCount: number;
  readonly #fs: FileSystem;
  readonly #fd: number;
  readonly #tail: RunTail;
  readonly #pages = new Map<number, Buffer>();

  private constructor(fs: FileSystem, fd: number, name: string, rowCount: number, tail: RunTail) {
    this.#fs = fs;
    this.#fd = fd;
    this.name = name;
    this.rowCount = rowCount;
    this.#tail = tail;
  }

  /** The files whose objects it knows. */
  get paths(): readonly string[] {
    return this.#tail.paths;
  }

  /** Opens a run; `undefined` for a file that is not one, or not whole. */
  static open(fs: FileSystem, folder: string, name: string): PlacesRun | undefined {
    let fd: number;
    try {
      fd = fs.open(path.join(folder, name), openFlags.read);
    } catch {
      // Another process merged it into a larger one meanwhile.
      return undefined;
    }
    const head = Buffer.alloc(HEAD_BYTES);
    if (readFully(fs, fd, head, 0) === HEAD_BYTES && head.toString("latin1", 0, 8) === MAGIC) {
      const rowCount = Number(head.readBigUInt64LE(16));
      const tail = head.readUInt32LE(8) === VERSION ? readTail(fs, fd, head, rowCount) : undefined;
      if (tail !== undefined) return new PlacesRun(fs, fd, name, rowCount, tail);
    }
    fs.close(fd);
    return undefined;
  }

  close(): void {
    this.#fs.close(this.#fd);
    this.#pages.clear();
  }

  /** Where an object lies; `undefined` when no file of the run has it. */
  find(digest: Digest): Place | undefined {
    if (this.rowCount === 0 || this.#tail.filter?.mayHave(digest) === false) return undefined;
    const wanted = digestToBytes(digest);
    const key = Number.parseInt(digest.slice(0, 12), 16);
    // Rows with equal keys may reach over the edges of pages: then more than one page begins with the key.
    for (let page = this.#lastPageUpTo(key); page >= 0; page--) {
      const found = this.#findInPage(this.#page(page), wanted);
      if (found !== undefined || (this.#tail.pageKeys[page] as number) < key) return found;
    }
    return undefined;
  }

  /** The last page whose first key is not larger; -1 when there is none. */
  #lastPageUpTo(key: number): number {
    const { pageKeys } = this.#tail;
    let low = 0;
    let high = pageKeys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pageKeys[middle] as number) <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** All rows, in the order of their digests. @throws ArtifoldError DAMAGED where they are no longer what was written */
  *rows(): Generator<PlacedRow, void, undefined> {
    const window = Buffer.alloc(ROW_BYTES * 4096);
    let last = "";
    for (let at = 0; at < this.rowCount * ROW_BYTES; at += window.length) {
      const read = readFully(this.#fs, this.#fd, window.subarray(0, this.rowCount * ROW_BYTES - at), HEAD_BYTES + at);
      for (let start = 0; start + ROW_BYTES <= read; start += ROW_BYTES) {
        const row = this.#rowAt(window, start);
        if (row === undefined || row.digest < last) throw new ArtifoldError("DAMAGED", `${this.name} is damaged`);
        last = row.digest;
        yield row;
      }
    }
  }

  #findInPage(rows: Buffer, wanted: Uint8Array): Place | undefined {
    let low = 0;
    let high = rows.length / ROW_BYTES - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = middle * ROW_BYTES;
      const order = Buffer.compare(rows.subarray(at, at + DIGEST_BYTES), wanted);
      if (order === 0) return this.#rowAt(rows, at);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** The row at a place of a page; `undefined` for a damaged one, which names a file that there is not. */
  #rowAt(rows: Buffer, at: number): PlacedRow | undefined {
    const file = this.paths[rows.readUInt32LE(at + DIGEST_BYTES)];
    if (file === undefined) return undefined;
    return {
      digest: digestFromBytes(rows, at),
      path: file,
      offset: rows.readUIntLE(at + DIGEST_BYTES + 4, 6),
      length: rows.readUInt32LE(at + DIGEST_BYTES + 10),
      index: rows.readUInt16LE(at + DIGEST_BYTES + 14),
    };
  }

  #page(page: number): Buffer {
    const known = this.#pages.get(page);
    if (known !== undefined) return known;
    const from = page * PAGE_BYTES;
    const rows = Buffer.allocUnsafeSlow(Math.min(PAGE_BYTES, this.rowCount * ROW_BYTES - from));
    readFully(this.#fs, this.#fd, rows, HEAD_BYTES + from);
    if (this.#pages.size >= PAGES_KEPT) this.#pages.delete(this.#pages.keys().next().value as number);
    this.#pages.set(page, rows);
    return rows;
  }
}

/** Reads what follows the rows; `undefined` when it is not what was written. */
function readTail(fs: FileSystem, fd: number, head: Buffer, rowCount: number): RunTail | undefined {
  const pages = Math.ceil(rowCount / PAGE_ROWS);
  const filterBytes = filterLength(rowCount);
  const pathsBytes = head.readUInt32LE(12);
  const at = HEAD_BYTES + rowCount * ROW_BYTES;
  if (at + pages * 8 + filterBytes + pathsBytes !== Number(fs.stat(fd).size)) return undefined;
  const tail = Buffer.alloc(pages * 8 + filterBytes + pathsBytes);
  readFully(fs, fd, tail, at);
  if (hashContentBytes(tail).some((byte, index) => byte !== head[32 + index])) return undefined;
  const pageKeys = Float64Array.from({ length: pages }, (_, page) => tail.readDoubleLE(page * 8));
  const filter =
    filterBytes > FILTER_BYTES_MAX
      ? undefined
      : new DigestFilter(new Uint8Array(tail.subarray(pages * 8, pages * 8 + filterBytes)));
  const paths = JSON.parse(tail.toString("utf8", pages * 8 + filterBytes)) as string[];
  return { paths, pageKeys, filter };
}

/**
 * Writes a run of rows that come in the order of their digests.
 *
 * @param paths the files that the run will know, all of whose objects are among the rows
 * @param rowCount how many rows there are
 * @returns the run's name
 */
export async function writeRun(
  fs: FileSystem,
  folder: string,
  paths: readonly string[],
  rows: Iterable<PlacedRow>,
  rowCount: number,
  pause: () => Promise<void>,
): Promise<string> {
  const temporary = path.join(folder, `${MAKING_PREFIX}${randomHex(8)}`);
  const fd = fs.open(temporary, openFlags.createNew, 0o600);
  try {
    await writeRows(fs, fd, paths, rows, rowCount, pause);
  } catch (error) {
    removeQuietly(fs, temporary);
    throw error;
  } finally {
    fs.close(fd);
  }
  const name = `cache-places-${randomHex(8)}.run`;
  // No flush: a run that a power cut tears does not fit its head, or leads astray and is found out where it leads.
  fs.rename(temporary, path.join(folder, name));
  return name;
}

async function writeRows(
  fs: FileSystem,
  fd: number,
  paths: readonly string[],
  rows: Iterable<PlacedRow>,
  rowCount: number,
  pause: () => Promise<void>,
): Promise<void> {
  const numbers = new Map(paths.map((each, number) => [each, number]));
  const pageKeys = Buffer.alloc(Math.ceil(rowCount / PAGE_ROWS) * 8);
  const filter = new DigestFilter(new Uint8Array(filterLength(rowCount)));
  const window = Buffer.allocUnsafeSlow(PAGE_BYTES * 32);
  let count = 0;
  let used = 0;
  for (const row of rows) {
    if (count % PAGE_ROWS === 0) {
      pageKeys.writeDoubleLE(Number.parseInt(row.digest.slice(0, 12), 16), (count / PAGE_ROWS) * 8);
    }
    writeRow(window, used, row, numbers.get(row.path) as number);
    filter.add(row.digest);
    used += ROW_BYTES;
    count++;
    if (used < window.length && count < rowCount) continue;
    await writeFullyLater(fs, fd, window.subarray(0, used), HEAD_BYTES + count * ROW_BYTES - used);
    used = 0;
    await pause();
  }
  const text = Buffer.from(JSON.stringify(paths), "utf8");
  const tail = Buffer.concat([pageKeys, filter.bytes, text]);
  await writeFullyLater(fs, fd, tail, HEAD_BYTES + rowCount * ROW_BYTES);
  await writeFullyLater(fs, fd, runHead(rowCount, text.length, tail), 0);
}

function writeRow(window: Buffer, at: number, row: PlacedRow, file: number): void {
  digestToBytes(row.digest, window, at);
  window.writeUInt32LE(file, at + DIGEST_BYTES);
  window.writeUIntLE(row.offset, at + DIGEST_BYTES + 4, 6);
  window.writeUInt32LE(row.length, at + DIGEST_BYTES + 10);
  window.writeUInt16LE(row.index, at + DIGEST_BYTES + 14);
}

function runHead(rowCount: number, pathsBytes: number, tail: Buffer): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 0, "latin1");
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(pathsBytes, 12);
  head.writeBigUInt64LE(BigInt(rowCount), 16);
  head.set(hashContentBytes(tail), 32);
  return head;
}

/** Merges sequences that are sorted by digest into one. Of equal digests all are kept. */
export function* mergeRows(sources: readonly Iterable<PlacedRow>[]): Generator<PlacedRow, void, undefined> {
  const heap = new MergeHeap();
  for (const source of sources) heap.add(source[Symbol.iterator]());
  for (let row = heap.take(); row !== undefined; row = heap.take()) yield row;
}

/** A binary heap of sequences by their next digest. */
class MergeHeap {
  readonly #items: { row: PlacedRow; rest: Iterator<PlacedRow> }[] = [];

  add(rest: Iterator<PlacedRow>): void {
    const next = rest.next();
    if (next.done === true) return;
    this.#items.push({ row: next.value, rest });
    this.#up(this.#items.length - 1);
  }

  take(): PlacedRow | undefined {
    const top = this.#items[0];
    if (top === undefined) return undefined;
    const { row, rest } = top;
    const next = rest.next();
    if (next.done !== true) top.row = next.value;
    else {
      const last = this.#items.pop() as { row: PlacedRow; rest: Iterator<PlacedRow> };
      if (this.#items.length > 0) this.#items[0] = last;
    }
    this.#down(0);
    return row;
  }

  #up(start: number): void {
    for (let at = start; at > 0; ) {
      const above = (at - 1) >> 1;
      if (!this.#isLess(at, above)) return;
      this.#swap(at, above);
      at = above;
    }
  }

  #down(start: number): void {
    for (let at = start; ; ) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        if (below < this.#items.length && this.#isLess(below, least)) least = below;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #isLess(left: number, right: number): boolean {
    return (this.#items[left] as { row: PlacedRow }).row.digest < (this.#items[right] as { row: PlacedRow }).row.digest;
  }

  #swap(left: number, right: number): void {
    const items = this.#items;
    [items[left], items[right]] = [items[right] as never, items[left] as never];
  }
}
