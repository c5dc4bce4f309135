/**
 * The list of chunks of one blob: a tree like the manifest's, in the order of the content.
 *
 * Here a node begins where a chunk's (or child's) digest says so: a path has a place of its own, a chunk has none, and
 * its digest is what stays the same when content moves.
 */
import { CHUNK_MAX_BYTES } from "../chunking/index.ts";
import { type Digest, hashWithContext } from "../digest/index.ts";
import { Decoder, Encoder, malformed } from "./codec.ts";
import { readExtras, writeExtras } from "./entry.ts";
import { LEVEL_MAX } from "./node.ts";
import type { NodeSink, NodeSource } from "./node-source.ts";

/** One chunk of a blob. */
export interface ChunkRow {
  readonly digest: Digest;
  /** Length in bytes. */
  readonly length: number;
}

/** A chunk with its place in the blob. */
export interface PlacedChunk extends ChunkRow {
  readonly offset: number;
  /** The leaf of the list that names it. */
  readonly leaf: Digest;
}

/** One row of a node: a chunk at level 0, else a child with what lies below it. */
export interface ListRow {
  readonly digest: Digest;
  readonly chunks: number;
  readonly bytes: number;
}

/** A node of a chunk list. */
export interface ListNode {
  readonly level: number;
  readonly rows: readonly ListRow[];
}

/** What is known of a node: what its parent, or its file, must say of it. */
export interface ListFacts {
  readonly level: number;
  readonly rows: number;
  readonly chunks: number;
  readonly bytes: number;
}

/** Digests of chunk list nodes are made with this context. */
export const CHUNK_LIST_CONTEXT = "artifold format 1 chunk list node";

const NODE_KIND = 2;
const ROWS_MEAN = 128;
const ROWS_MAX = 1024;
const ROWS_MIN = 2;

function beginsNode(digest: Digest, rowsBefore: number): boolean {
  if (rowsBefore < ROWS_MIN) return false;
  // The digest's first four bytes, little-endian: only the lowest seven bits matter, those of its first byte.
  return rowsBefore >= ROWS_MAX || Number.parseInt(digest.slice(0, 2), 16) % ROWS_MEAN === 0;
}

/** Builds the list of a blob's chunks while they come. */
export class ChunkListBuilder {
  readonly #sink: NodeSink;
  readonly #levels: LevelInWork[] = [];

  constructor(sink: NodeSink) {
    this.#sink = sink;
  }

  /** Takes the next chunk of the blob. @param older the leaf of an older list that has the chunk too */
  add(chunk: ChunkRow, older?: Digest): void {
    this.#addRow(0, { digest: chunk.digest, chunks: 1, bytes: chunk.length });
    this.#at(0).like ??= older;
  }

  /** Ends the list. @returns its root, or `undefined` for a blob of less than two chunks, which has no list */
  finish(): Digest | undefined {
    for (let level = 0; level < this.#levels.length; level++) {
      const { rows, nodes, last } = this.#at(level);
      if (level === 0 && nodes === 0 && rows.length < 2) return undefined;
      if (level > 0 && rows.length === 1 && nodes === 0) return (last as ListRow).digest;
      this.#emit(level);
    }
    return undefined;
  }

  #addRow(level: number, row: ListRow): void {
    const at = this.#at(level);
    if (beginsNode(row.digest, at.rows.length)) this.#emit(level);
    at.rows.push(row);
    at.last = row;
  }

  #emit(level: number): void {
    const at = this.#at(level);
    const bytes = encodeListNode({ level, rows: at.rows });
    const digest = hashWithContext(CHUNK_LIST_CONTEXT, bytes);
    this.#sink.writeNode(digest, bytes, at.like);
    const sums = sumRows(at.rows);
    at.nodes++;
    at.rows = [];
    at.like = undefined;
    this.#addRow(level + 1, { digest, ...sums });
  }

  #at(level: number): LevelInWork {
    this.#levels[level] ??= { rows: [], nodes: 0, last: undefined, like: undefined };
    return this.#levels[level] as LevelInWork;
  }
}

/** One level of a list in the making. */
interface LevelInWork {
  /** Of the node in the making. */
  rows: ListRow[];
  /** An older node that it may resemble. */
  like: Digest | undefined;
  nodes: number;
  last: ListRow | undefined;
}

function sumRows(rows: readonly ListRow[]): { chunks: number; bytes: number } {
  let chunks = 0;
  let bytes = 0;
  for (const row of rows) {
    chunks += row.chunks;
    bytes += row.bytes;
  }
  return { chunks, bytes };
}

function encodeListNode(node: ListNode): Uint8Array {
  const encoder = new Encoder(64 + node.rows.length * 48);
  encoder.array(4);
  encoder.uint(NODE_KIND);
  encoder.uint(node.level);
  encoder.array(node.rows.length);
  for (const row of node.rows) {
    encoder.array(node.level === 0 ? 2 : 3);
    encoder.digest(row.digest);
    if (node.level > 0) encoder.uint(row.chunks);
    encoder.uint(row.bytes);
  }
  writeExtras(encoder, undefined);
  return encoder.bytes();
}

/** Reads a node strictly; the caller has checked its digest. */
export function decodeListNode(bytes: Uint8Array): ListNode {
  const decoder = new Decoder(bytes, "chunk list node");
  decoder.arrayOf(4);
  if (decoder.uint() !== NODE_KIND) decoder.fail("another kind of node");
  const level = decoder.uint();
  if (level > LEVEL_MAX) decoder.fail("too high a tree");
  const count = decoder.array();
  if (count === 0 || count > ROWS_MAX) decoder.fail("a wrong number of rows");
  const rows: ListRow[] = [];
  for (let index = 0; index < count; index++) {
    decoder.arrayOf(level === 0 ? 2 : 3);
    const digest = decoder.digest();
    const chunks = level === 0 ? 1 : decoder.uint();
    const length = decoder.uint();
    if (length === 0 || chunks === 0) decoder.fail("an empty chunk");
    if (level === 0 && length > CHUNK_MAX_BYTES) decoder.fail("a chunk too long");
    if (length > chunks * CHUNK_MAX_BYTES) decoder.fail("more bytes than its chunks can hold");
    if (beginsNode(digest, index)) decoder.fail("a node that is not cut where it should be");
    rows.push({ digest, chunks, bytes: length });
  }
  readExtras(decoder);
  decoder.finish();
  return { level, rows };
}

/** What a node says of itself. */
export function listFacts({ level, rows }: ListNode): ListFacts {
  return { level, rows: rows.length, ...sumRows(rows) };
}

/** Refuses a root that is not that of a file of this size. */
export function checkListRoot(root: ListFacts, size: number): void {
  if (root.rows < 2) malformed("chunk list: a root with one row");
  if (root.bytes !== size) malformed("chunk list: its length is not the file's");
}

/** Refuses a node that is not what its parent says of it. */
export function checkListChild(row: ListRow, parentLevel: number, child: ListFacts): void {
  if (child.level === parentLevel - 1 && child.bytes === row.bytes && child.chunks === row.chunks) return;
  malformed("chunk list: a child that is not what its parent says");
}

/** A part of a blob, in bytes: `to` is exclusive. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Gives the chunks of a blob that touch a range, in order, in batches.
 *
 * @param size the blob's size, from its entry: a list of another length is refused
 */
export async function* readChunkList(
  source: NodeSource,
  root: Digest,
  size: number,
  range: ByteRange = { from: 0, to: size },
): AsyncGenerator<readonly PlacedChunk[], void, undefined> {
  const node = decodeListNode(await source.readNode(root));
  checkListRoot(listFacts(node), size);
  yield* chunksBelow(source, node, root, 0, range);
}

async function* chunksBelow(
  source: NodeSource,
  node: ListNode,
  digest: Digest,
  start: number,
  range: ByteRange,
): AsyncGenerator<readonly PlacedChunk[], void, undefined> {
  const chunks: PlacedChunk[] = [];
  let offset = start;
  for (const row of node.rows) {
    const touches = offset < range.to && offset + row.bytes > range.from;
    if (touches && node.level === 0) chunks.push({ digest: row.digest, length: row.bytes, offset, leaf: digest });
    else if (touches) {
      const child = decodeListNode(await source.readNode(row.digest));
      checkListChild(row, node.level, listFacts(child));
      yield* chunksBelow(source, child, row.digest, offset, range);
    }
    offset += row.bytes;
  }
  if (chunks.length > 0) yield chunks;
}
