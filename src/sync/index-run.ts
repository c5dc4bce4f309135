/**
 * Runs of the remote's index: where the objects of some packs lie, sorted by digest, as the bytes of one key.
 *
 * A run is made to be read in parts: a head with the packs and the runs beside it, then what is needed to find a row (the
 * first digest of each page, and a filter), then the rows in pages. Each part has a digest of its own, for a writer who finds
 * an object here relies on it. docs/format.md, "Index", draws the layout.
 */
import { DIGEST_BYTES, hashWithContextBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { PACK_NAME_BYTES, type PackName, packNameFromBytes, packNameToBytes } from "../logs/index.ts";
import { DigestFilter, fileOfRow, filterLength, placeOfRow, RUN_ROW_BYTES, type TablePlace } from "../objects/index.ts";

/** A row that was found: the pack and the place in it. */
export interface IndexRow extends TablePlace {
  readonly pack: PackName;
}

/** A run that stands beside another: together they are the index. */
export interface OtherRun {
  readonly slot: number;
  readonly rows: number;
}

/** What is written as a run. */
export interface NewIndexRun {
  /** The lowest slot whose run this one takes the place of: its own, where it takes none's. */
  readonly from: number;
  /** Runs of lower slots that are still needed, the newest first. */
  readonly others: readonly OtherRun[];
  readonly packs: readonly PackName[];
  /** Rows in the order of their digests, whose files are numbers of `packs`; each lasts until the next is asked for. */
  readonly rows: Iterable<Uint8Array>;
  readonly rowCount: number;
}

/** What the head of a run says. */
export interface IndexHead {
  readonly from: number;
  readonly others: readonly OtherRun[];
  readonly packs: readonly PackName[];
  readonly rowCount: number;
  /** Where the parts begin. */
  readonly fencesAt: number;
  readonly pagesAt: number;
  /** Digest of fences and filter. */
  readonly findingDigest: Uint8Array;
}

const MAGIC = "AFindex\x01";
const HEAD_CONTEXT = "artifold format 1 index head";
const FINDING_CONTEXT = "artifold format 1 index filter";
const PAGE_CONTEXT = "artifold format 1 index page";
const FIXED_BYTES = 96;
const OTHER_BYTES = 16;
const FENCE_BYTES = 8;
const PAGE_ROWS = 128;
const PAGE_BYTES: number = PAGE_ROWS * RUN_ROW_BYTES + DIGEST_BYTES;
/** Rows of a run; more go to several. */
export const INDEX_ROWS_MAX: number = 256 * 1024;
/** Packs that a run names, at most. */
export const INDEX_PACKS_MAX = 65_536;
const OTHERS_MAX = 4096;
/** More than the longest run has. */
export const INDEX_RUN_BYTES_MAX: number =
  FIXED_BYTES +
  INDEX_PACKS_MAX * PACK_NAME_BYTES +
  OTHERS_MAX * OTHER_BYTES +
  (INDEX_ROWS_MAX / PAGE_ROWS) * (FENCE_BYTES + PAGE_BYTES) +
  filterLength(INDEX_ROWS_MAX);

/** The bytes of a run. */
export function encodeIndexRun({ from, others, packs, rows, rowCount }: NewIndexRun): Uint8Array {
  const pageCount = Math.ceil(rowCount / PAGE_ROWS);
  const filterBytes = filterLength(rowCount);
  const othersAt = FIXED_BYTES + packs.length * PACK_NAME_BYTES;
  const fencesAt = othersAt + others.length * OTHER_BYTES;
  const filterAt = fencesAt + pageCount * FENCE_BYTES;
  const pagesAt = filterAt + filterBytes;
  const bytes = Buffer.alloc(pagesAt + rowCount * RUN_ROW_BYTES + pageCount * DIGEST_BYTES);
  bytes.write(MAGIC, 0, "latin1");
  bytes.writeUInt32LE(rowCount, 8);
  bytes.writeUInt32LE(packs.length, 12);
  bytes.writeUInt32LE(others.length, 16);
  bytes.writeUInt32LE(filterBytes, 20);
  bytes.writeBigUInt64LE(BigInt(from), 24);
  packs.forEach((pack, number) => {
    bytes.set(packNameToBytes(pack), FIXED_BYTES + number * PACK_NAME_BYTES);
  });
  others.forEach(({ slot, rows: count }, number) => {
    bytes.writeBigUInt64LE(BigInt(slot), othersAt + number * OTHER_BYTES);
    bytes.writeUInt32LE(count, othersAt + number * OTHER_BYTES + 8);
  });
  const filter = new DigestFilter(bytes.subarray(filterAt, pagesAt));
  let row = 0;
  for (const each of rows) {
    const at = pagesAt + row * RUN_ROW_BYTES + Math.floor(row / PAGE_ROWS) * DIGEST_BYTES;
    bytes.set(each, at);
    filter.add(bytes, at);
    if (row % PAGE_ROWS === 0) bytes.copy(bytes, fencesAt + (row / PAGE_ROWS) * FENCE_BYTES, at, at + FENCE_BYTES);
    row++;
  }
  for (let page = 0; page < pageCount; page++) {
    const { at, rowBytes } = pageExtent(rowCount, pagesAt, page);
    bytes.set(hashWithContextBytes(PAGE_CONTEXT, bytes.subarray(at, at + rowBytes)), at + rowBytes);
  }
  bytes.set(hashWithContextBytes(FINDING_CONTEXT, bytes.subarray(fencesAt, pagesAt)), 64);
  bytes.set(headDigest(bytes, fencesAt), 32);
  return bytes;
}

/** How long the head of a run is, from its first 96 bytes. @throws ArtifoldError DAMAGED */
export function indexHeadLength(bytes: Uint8Array): number {
  const head = bufferOf(bytes);
  if (head.length < FIXED_BYTES || head.toString("latin1", 0, 8) !== MAGIC) refuse("it does not begin as a run does");
  const [rows, packs, others, filter] = [8, 12, 16, 20].map((at) => head.readUInt32LE(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (rows > INDEX_ROWS_MAX || packs > INDEX_PACKS_MAX || others > OTHERS_MAX) refuse("a count that is too large");
  if (filter !== filterLength(rows)) refuse("a filter of another length");
  return FIXED_BYTES + packs * PACK_NAME_BYTES + others * OTHER_BYTES;
}

/** Reads the head of a run, which is at the beginning of `bytes`. @throws ArtifoldError DAMAGED */
export function decodeIndexHead(bytes: Uint8Array): IndexHead {
  const head = bufferOf(bytes);
  const fencesAt = indexHeadLength(head);
  if (head.length < fencesAt) refuse("it ends too early");
  if (!isEqual(headDigest(head, fencesAt), head.subarray(32, 64))) refuse("another head than was written");
  const rowCount = head.readUInt32LE(8);
  const packCount = head.readUInt32LE(12);
  const othersAt = FIXED_BYTES + packCount * PACK_NAME_BYTES;
  return {
    from: numberAt(head, 24),
    packs: Array.from({ length: packCount }, (_, number) =>
      packNameFromBytes(head, FIXED_BYTES + number * PACK_NAME_BYTES),
    ),
    others: Array.from({ length: head.readUInt32LE(16) }, (_, number) => ({
      slot: numberAt(head, othersAt + number * OTHER_BYTES),
      rows: head.readUInt32LE(othersAt + number * OTHER_BYTES + 8),
    })),
    rowCount,
    fencesAt,
    pagesAt: fencesAt + Math.ceil(rowCount / PAGE_ROWS) * FENCE_BYTES + filterLength(rowCount),
    findingDigest: Uint8Array.from(head.subarray(64, FIXED_BYTES)),
  };
}

/** What tells which page may have a digest. */
export class IndexFinding {
  readonly #fences: Buffer;
  readonly #filter: DigestFilter;

  /** Reads fences and filter. @throws ArtifoldError DAMAGED */
  constructor(head: IndexHead, bytes: Uint8Array) {
    if (bytes.length !== head.pagesAt - head.fencesAt) refuse("it ends too early");
    if (!isEqual(hashWithContextBytes(FINDING_CONTEXT, bytes), head.findingDigest)) refuse("another filter");
    const fencesBytes = Math.ceil(head.rowCount / PAGE_ROWS) * FENCE_BYTES;
    this.#fences = bufferOf(bytes).subarray(0, fencesBytes);
    this.#filter = new DigestFilter(bytes.subarray(fencesBytes));
  }

  /** Pages that may have a digest, the likeliest first: mostly one; none where it is certainly not there. */
  pagesOf(digest: Buffer): number[] {
    if (!this.#filter.mayHave(digest, 0)) return [];
    let low = 0;
    let high = this.#fences.length / FENCE_BYTES;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, digest) <= 0) low = middle + 1;
      else high = middle;
    }
    const pages: number[] = [];
    // Where a page begins with the very same 8 bytes, the row may stand at the end of the one before.
    for (let page = low - 1; page >= 0; page--) {
      pages.push(page);
      if (this.#compare(page, digest) < 0) break;
    }
    return pages;
  }

  #compare(page: number, digest: Buffer): number {
    return this.#fences.compare(digest, 0, FENCE_BYTES, page * FENCE_BYTES, (page + 1) * FENCE_BYTES);
  }
}

/** How long a run is. */
export function runLength({ rowCount, pagesAt }: IndexHead): number {
  return pagesAt + rowCount * RUN_ROW_BYTES + Math.ceil(rowCount / PAGE_ROWS) * DIGEST_BYTES;
}

/** Where a page lies in a run; of no length behind the last one. */
export function pageRange(head: IndexHead, page: number): { offset: number; length: number } {
  const { at, rowBytes } = pageExtent(head.rowCount, head.pagesAt, page);
  return { offset: at, length: rowBytes <= 0 ? 0 : rowBytes + DIGEST_BYTES };
}

/** The rows of a page, checked. @throws ArtifoldError DAMAGED */
export function openPage(bytes: Uint8Array): Buffer {
  const page = bufferOf(bytes);
  const rowBytes = page.length - DIGEST_BYTES;
  if (rowBytes <= 0 || rowBytes % RUN_ROW_BYTES !== 0) refuse("a page of another length");
  const rows = page.subarray(0, rowBytes);
  if (!isEqual(hashWithContextBytes(PAGE_CONTEXT, rows), page.subarray(rowBytes)))
    refuse("another page than was written");
  return rows;
}

/** The rows of a page with a digest: more than one where several packs have the object. */
export function* findInPage(head: IndexHead, rows: Buffer, digest: Buffer): Generator<IndexRow, void, undefined> {
  let low = 0;
  let high = rows.length / RUN_ROW_BYTES;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAt(rows, middle, digest) < 0) low = middle + 1;
    else high = middle;
  }
  for (let row = low; row < rows.length / RUN_ROW_BYTES && compareAt(rows, row, digest) === 0; row++) {
    yield indexRow(head, rows, row * RUN_ROW_BYTES);
  }
}

function compareAt(rows: Buffer, row: number, digest: Buffer): number {
  const at = row * RUN_ROW_BYTES;
  return rows.compare(digest, 0, DIGEST_BYTES, at, at + DIGEST_BYTES);
}

/** The place that a row says. @throws ArtifoldError DAMAGED */
export function indexRow(head: IndexHead, rows: Buffer, at: number): IndexRow {
  const pack = head.packs[fileOfRow(rows, at)];
  if (pack === undefined) refuse("a row of a pack that is not named");
  return { pack, ...placeOfRow(rows, at) };
}

/** All rows of a whole run, page by page, each checked. @throws ArtifoldError DAMAGED */
export function* pagesOfRun(head: IndexHead, bytes: Uint8Array): Generator<Buffer, void, undefined> {
  for (let page = 0; page < Math.ceil(head.rowCount / PAGE_ROWS); page++) {
    const { offset, length } = pageRange(head, page);
    yield openPage(bytes.subarray(offset, offset + length));
  }
}

/** Reads all of a run. @throws ArtifoldError DAMAGED for what is none, whole */
export function checkRun(bytes: Uint8Array): void {
  const head = decodeIndexHead(bytes);
  if (bytes.length !== runLength(head)) refuse("another length than its head says");
  new IndexFinding(head, bytes.subarray(head.fencesAt, head.pagesAt));
  for (const rows of pagesOfRun(head, bytes)) {
    for (let at = 0; at < rows.length; at += RUN_ROW_BYTES) indexRow(head, rows, at);
  }
}

function pageExtent(rowCount: number, pagesAt: number, page: number): { at: number; rowBytes: number } {
  const rows = Math.min(PAGE_ROWS, rowCount - page * PAGE_ROWS);
  return { at: pagesAt + page * PAGE_BYTES, rowBytes: rows * RUN_ROW_BYTES };
}

/** The digest of all that is the head: without its own two digests. */
function headDigest(bytes: Uint8Array, length: number): Uint8Array {
  const covered = Buffer.concat([bytes.subarray(0, 32), bytes.subarray(64, length)]);
  return hashWithContextBytes(HEAD_CONTEXT, covered);
}

function numberAt(bytes: Buffer, at: number): number {
  const number = Number(bytes.readBigUInt64LE(at));
  if (!Number.isSafeInteger(number)) refuse("a number that is too large");
  return number;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function refuse(why: string): never {
  throw new ArtifoldError("DAMAGED", `malformed run of the index: ${why}`);
}
