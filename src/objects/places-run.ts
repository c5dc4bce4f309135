/**
 * Runs of places: the tables of many files merged into one file, sorted by digest, so that finding an object costs the same
 * however many packs there are.
 *
 * A run is a cache (`cache-places-*.run`): it follows from the tables, and whatever it says is checked where it leads. It
 * is not part of the format. It holds rows of one width in pages, then what is kept in memory while it is open: the first
 * key of each page, a filter that tells most absent digests without a read, and the list of files. A lookup reads one page.
 */
import path from "node:path";
import { DIGEST_BYTES, hashContentBytes } from "../digest/index.ts";
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
import { fileOfRow, placeOfRow, type RowCursor, RUN_ROW_BYTES } from "./run-rows.ts";
import type { Place } from "./table.ts";

const MAGIC = "AFplaces";
const VERSION = 3;
/** Magic, version, row count, lengths of what follows the rows, its checksum. */
const HEAD_BYTES = 64;
const PAGE_ROWS = 128;
const PAGE_BYTES: number = PAGE_ROWS * RUN_ROW_BYTES;
/** Pages that a run keeps in memory: 16 MiB. */
const PAGES_KEPT = 2700;
/** Rows that are read at once when all are wanted. */
const WINDOW_ROWS = 4096;
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

  /** Where an object lies; `undefined` when no file of the run has it. @param digest 32 bytes */
  find(digest: Buffer): Place | undefined {
    if (this.rowCount === 0 || this.#tail.filter?.mayHave(digest, 0) === false) return undefined;
    const key = digest.readUIntBE(0, 6);
    // Rows with equal keys may reach over the edges of pages: then more than one page begins with the key.
    for (let page = this.#lastPageUpTo(key); page >= 0; page--) {
      const found = this.#findInPage(this.#page(page), digest);
      if (found !== undefined || (this.#tail.pageKeys[page] as number) < key) return found;
    }
    return undefined;
  }

  /** All rows, in the order of their digests. @param fileNumbers the number in the new run of each of `paths` */
  cursor(fileNumbers: readonly number[]): RowCursor {
    return new RunCursor(this.name, this.rowCount, fileNumbers, (window, firstRow) =>
      readFully(this.#fs, this.#fd, window, HEAD_BYTES + firstRow * RUN_ROW_BYTES),
    );
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

  #findInPage(rows: Buffer, wanted: Buffer): Place | undefined {
    const key = wanted.readUInt32BE(0);
    let low = 0;
    let high = rows.length / RUN_ROW_BYTES - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = middle * RUN_ROW_BYTES;
      // Four bytes nearly always tell, at a tenth of the cost of all.
      const order = rows.readUInt32BE(at) - key || rows.compare(wanted, 0, DIGEST_BYTES, at, at + DIGEST_BYTES);
      if (order === 0) return this.#placeAt(rows, at);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** The place at a row; `undefined` for a damaged one, which names a file that there is not. */
  #placeAt(rows: Buffer, at: number): Place | undefined {
    const file = this.paths[fileOfRow(rows, at)];
    return file === undefined ? undefined : { path: file, ...placeOfRow(rows, at) };
  }

  #page(page: number): Buffer {
    const known = this.#pages.get(page);
    if (known !== undefined) return known;
    const from = page * PAGE_BYTES;
    const rows = Buffer.allocUnsafeSlow(Math.min(PAGE_BYTES, this.rowCount * RUN_ROW_BYTES - from));
    readFully(this.#fs, this.#fd, rows, HEAD_BYTES + from);
    if (this.#pages.size >= PAGES_KEPT) this.#pages.delete(this.#pages.keys().next().value as number);
    this.#pages.set(page, rows);
    return rows;
  }
}

/** The rows of a run, read window by window. */
class RunCursor implements RowCursor {
  row: Buffer = Buffer.alloc(RUN_ROW_BYTES);
  readonly #name: string;
  readonly #rowCount: number;
  readonly #fileNumbers: readonly number[];
  readonly #read: (window: Buffer, firstRow: number) => number;
  readonly #window: Buffer = Buffer.alloc(RUN_ROW_BYTES * WINDOW_ROWS);
  readonly #last: Buffer = Buffer.alloc(DIGEST_BYTES);
  #next = 0;

  constructor(
    name: string,
    rowCount: number,
    fileNumbers: readonly number[],
    read: (window: Buffer, firstRow: number) => number,
  ) {
    this.#name = name;
    this.#rowCount = rowCount;
    this.#fileNumbers = fileNumbers;
    this.#read = read;
  }

  /** @throws ArtifoldError DAMAGED where rows are no longer what was written */
  advance(): boolean {
    if (this.#next >= this.#rowCount) return false;
    const inWindow = this.#next % WINDOW_ROWS;
    if (inWindow === 0) this.#fill();
    this.row = this.#window.subarray(inWindow * RUN_ROW_BYTES, (inWindow + 1) * RUN_ROW_BYTES);
    const file = this.#fileNumbers[fileOfRow(this.row, 0)];
    if (file === undefined || this.row.compare(this.#last, 0, DIGEST_BYTES, 0, DIGEST_BYTES) < 0) this.#refuse();
    this.row.copy(this.#last, 0, 0, DIGEST_BYTES);
    this.row.writeUInt32LE(file, DIGEST_BYTES);
    this.#next++;
    return true;
  }

  #fill(): void {
    const wanted = Math.min(WINDOW_ROWS, this.#rowCount - this.#next) * RUN_ROW_BYTES;
    if (this.#read(this.#window.subarray(0, wanted), this.#next) !== wanted) this.#refuse();
  }

  #refuse(): never {
    throw new ArtifoldError("DAMAGED", `${this.#name} is damaged`);
  }
}

/** Reads what follows the rows; `undefined` when it is not what was written. */
function readTail(fs: FileSystem, fd: number, head: Buffer, rowCount: number): RunTail | undefined {
  const pages = Math.ceil(rowCount / PAGE_ROWS);
  const filterBytes = filterLength(rowCount);
  const pathsBytes = head.readUInt32LE(12);
  const at = HEAD_BYTES + rowCount * RUN_ROW_BYTES;
  if (at + pages * 8 + filterBytes + pathsBytes !== fs.stat(fd).size) return undefined;
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

/** What is written as a run. */
export interface NewRun {
  /** The files that the run will know, all of whose objects are among the rows. */
  readonly paths: readonly string[];
  /** Rows in the order of their digests; each lasts until the next is asked for. */
  readonly rows: Iterable<Buffer>;
  readonly rowCount: number;
}

/** Writes a run. @returns its name */
export async function writeRun(
  fs: FileSystem,
  folder: string,
  run: NewRun,
  pause: () => Promise<void>,
): Promise<string> {
  const temporary = path.join(folder, `${MAKING_PREFIX}${randomHex(8)}`);
  const fd = fs.open(temporary, openFlags.createNew, 0o600);
  try {
    await writeRows(fs, fd, run, pause);
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
  { paths, rows, rowCount }: NewRun,
  pause: () => Promise<void>,
): Promise<void> {
  const pageKeys = Buffer.alloc(Math.ceil(rowCount / PAGE_ROWS) * 8);
  const filter = new DigestFilter(new Uint8Array(filterLength(rowCount)));
  const window = Buffer.allocUnsafeSlow(PAGE_BYTES * 32);
  let count = 0;
  let used = 0;
  for (const row of rows) {
    if (count % PAGE_ROWS === 0) pageKeys.writeDoubleLE(row.readUIntBE(0, 6), (count / PAGE_ROWS) * 8);
    window.set(row, used);
    filter.add(row, 0);
    used += RUN_ROW_BYTES;
    count++;
    if (used < window.length && count < rowCount) continue;
    await writeFullyLater(fs, fd, window.subarray(0, used), HEAD_BYTES + count * RUN_ROW_BYTES - used);
    used = 0;
    await pause();
  }
  const text = Buffer.from(JSON.stringify(paths), "utf8");
  const tail = Buffer.concat([pageKeys, filter.bytes, text]);
  await writeFullyLater(fs, fd, tail, HEAD_BYTES + rowCount * RUN_ROW_BYTES);
  await writeFullyLater(fs, fd, runHead(rowCount, text.length, tail), 0);
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
