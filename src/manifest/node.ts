/**
 * Nodes of a manifest: their canonical bytes and their digest.
 *
 * A leaf holds entries, an inner node holds one row for each child: the child's first path, its digest, and what lies
 * below it (entries, files, bytes of files). Where a node begins is decided by the first path alone, see
 * {@link beginsNode}; a decoder refuses a node that should have been cut.
 */
import { type Digest, hashWithContext } from "../digest/index.ts";
import { Decoder, Encoder, MAX_INTEGER, malformed } from "./codec.ts";
import { type Entry, type Extras, isFileMode, readEntry, readExtras, writeEntry, writeExtras } from "./entry.ts";
import { murmur3 } from "./murmur.ts";
import { comparePaths, pathProblem } from "./path.ts";

/** What lies below a node. */
export interface Sums {
  /** Rows of all kinds. */
  readonly entries: number;
  /** Rows that are files. */
  readonly files: number;
  /** Bytes of those files. */
  readonly bytes: number;
}

/** A row of an inner node: where a child is, and what lies below it. */
export interface ChildRow extends Sums {
  /** The first path below the child. */
  readonly path: string;
  readonly digest: Digest;
}

/** What a parent says of a child. */
export interface ChildFacts extends Sums {
  readonly level: number;
  readonly first: string | undefined;
}

/** A node that holds entries. */
export interface LeafNode {
  readonly level: 0;
  readonly rows: readonly Entry[];
  readonly extras?: Extras;
}

/** A node that holds children. */
export interface InnerNode {
  /** Height above the leaves: 1 or more. */
  readonly level: number;
  readonly rows: readonly ChildRow[];
  readonly extras?: Extras;
}

/** A node as it is worked with. Level 0 has entries, all others have children. */
export type ManifestNode = LeafNode | InnerNode;

/** Digests of manifest nodes are made with this context, so that no other bytes can pass for a node. */
export const MANIFEST_CONTEXT = "artifold format 1 manifest node";

const NODE_KIND = 1;
/** How high a tree may be: far above what ten million entries need. */
export const LEVEL_MAX = 32;

/** A node begins, on average, at one in so many rows: leaves of about 6 KiB, inner nodes of about 12 KiB. */
const LEAF_ROWS_MEAN = 64;
const INNER_ROWS_MEAN = 128;
/** Where no path begins a node for long, these limits do; they hold the worst case that chosen paths can bring. */
const LEAF_ROWS_MAX = 512;
const INNER_ROWS_MAX = 1024;
const NODE_ROW_BYTES_MAX = 128 * 1024;
/** With fewer rows no node ends (but the last of a level), so that each level is at most half of the one below. */
const NODE_ROWS_MIN = 2;
/** The largest node: rows up to the limit, one row more, and the heads. */
export const NODE_BYTES_MAX: number = NODE_ROW_BYTES_MAX + 64 * 1024;

/**
 * Whether a node begins at this row.
 *
 * @param keyHash hash of the row's path, see {@link keyHash}
 * @param rowsBefore rows that the node before it has
 * @param bytesBefore bytes of those rows
 */
export function beginsNode(level: number, keyHash: number, rowsBefore: number, bytesBefore: number): boolean {
  if (rowsBefore < NODE_ROWS_MIN) return false;
  if (rowsBefore >= (level === 0 ? LEAF_ROWS_MAX : INNER_ROWS_MAX) || bytesBefore >= NODE_ROW_BYTES_MAX) return true;
  return keyHash % (level === 0 ? LEAF_ROWS_MEAN : INNER_ROWS_MEAN) === 0;
}

/** Hash of a row's path for {@link beginsNode}: MurmurHash3 of its UTF-8 bytes, with the level as seed. */
export function keyHash(bytes: Uint8Array, start: number, end: number, level: number): number {
  return murmur3(bytes, start, end, level);
}

/** Writes one row of an inner node; see `writeEntry` for what it returns. */
export function writeChild(encoder: Encoder, row: ChildRow): { start: number; end: number } {
  encoder.array(5);
  const length = encoder.string(row.path);
  const end = encoder.length;
  encoder.digest(row.digest);
  encoder.uint(row.entries);
  encoder.uint(row.files);
  encoder.uint(row.bytes);
  return { start: end - length, end };
}

/**
 * Puts a head before rows that are already encoded.
 *
 * @returns the canonical bytes of the node
 */
export function assembleNode(level: number, count: number, rows: Uint8Array): Uint8Array {
  const head = new Encoder(rows.length + 16);
  head.array(4);
  head.uint(NODE_KIND);
  head.uint(level);
  head.array(count);
  head.raw(rows);
  writeExtras(head, undefined);
  return head.bytes();
}

/** The canonical bytes of a node. */
export function encodeNode(node: ManifestNode): Uint8Array {
  const encoder = new Encoder(4096);
  encoder.array(4);
  encoder.uint(NODE_KIND);
  encoder.uint(node.level);
  encoder.array(node.rows.length);
  for (const row of node.rows) {
    if (node.level === 0) writeEntry(encoder, row as Entry);
    else writeChild(encoder, row as ChildRow);
  }
  writeExtras(encoder, node.extras);
  return encoder.bytes();
}

/** Digest of a node's canonical bytes. */
export function nodeDigest(bytes: Uint8Array): Digest {
  return hashWithContext(MANIFEST_CONTEXT, bytes);
}

/** The node of a manifest without entries. */
export const EMPTY_NODE_BYTES: Uint8Array = encodeNode({ level: 0, rows: [] });

/**
 * Reads a node strictly. The caller has checked the digest of the bytes.
 *
 * @param isUnsettled lets a path be another's parent: see {@link NodeReader}
 */
export function decodeNode(bytes: Uint8Array, isUnsettled = false): ManifestNode {
  const decoder = new Decoder(bytes, "manifest node");
  const { level, count } = readHead(decoder, bytes);
  const rows =
    level === 0 ? readRows(decoder, bytes, 0, count, readEntry) : readRows(decoder, bytes, level, count, readChild);
  if (level === 0 && !isUnsettled) {
    // Across leaves, whoever reads several goes on with this.
    const parents = new ParentCheck();
    for (const row of rows) parents.refuse(row.path);
  }
  const extras = readExtras(decoder);
  decoder.finish();
  return { level, rows, ...(extras && { extras }) } as ManifestNode;
}

/** Reads what stands before the rows of a node. */
export function readHead(decoder: Decoder, bytes: Uint8Array): { level: number; count: number } {
  if (bytes.length > NODE_BYTES_MAX) malformed("manifest node: too large");
  decoder.arrayOf(4);
  if (decoder.uint() !== NODE_KIND) decoder.fail("another kind of node");
  const level = decoder.uint();
  if (level > LEVEL_MAX) decoder.fail("too high a tree");
  const count = decoder.array();
  if (count > (level === 0 ? LEAF_ROWS_MAX : INNER_ROWS_MAX)) decoder.fail("too many rows");
  if (count === 0 && level !== 0) decoder.fail("an inner node without rows");
  return { level, count };
}

/** The nodes that a node of ours names: its children, or the roots of chunk lists. Reads no more of it than that. */
export function nodesBelow(bytes: Uint8Array): Digest[] {
  const decoder = new Decoder(bytes, "manifest node");
  decoder.arrayOf(4);
  decoder.skip();
  const level = decoder.uint();
  const digests: Digest[] = [];
  for (let rows = decoder.array(); rows > 0; rows--) {
    let fields = decoder.array();
    decoder.skip();
    if (level > 0) {
      digests.push(decoder.digest());
      fields -= 2;
    } else {
      fields -= 2;
      if (isFileMode(decoder.uint())) {
        decoder.skip();
        decoder.skip();
        fields -= 3;
        if (!decoder.isNil()) digests.push(decoder.digest());
      }
    }
    for (; fields > 0; fields--) decoder.skip();
  }
  return digests;
}

function readRows<Row extends { readonly path: string }>(
  decoder: Decoder,
  bytes: Uint8Array,
  level: number,
  count: number,
  read: (decoder: Decoder, onKeyEnd?: number) => Row,
): Row[] {
  const rows: Row[] = [];
  const first = decoder.position;
  let previous: string | undefined;
  for (let index = 0; index < count; index++) {
    const start = decoder.position;
    const row = read(decoder);
    if (previous !== undefined && comparePaths(previous, row.path) >= 0) decoder.fail("rows out of order");
    previous = row.path;
    if (index >= NODE_ROWS_MIN) {
      const key = keyRange(bytes, start);
      if (beginsNode(level, keyHash(bytes, key.start, key.end, level), index, start - first)) {
        decoder.fail("a node that is not cut where it should be");
      }
    }
    rows.push(row);
  }
  return rows;
}

/** Where the path of a row lies that begins at `start`: after the head of its array and the head of its string. */
export function keyRange(bytes: Uint8Array, start: number): { start: number; end: number } {
  // Rows have fewer than 16 fields, so that the head of their array is one byte.
  const mark = bytes[start + 1] as number;
  if ((mark & 0xe0) === 0xa0) return { start: start + 2, end: start + 2 + (mark & 0x1f) };
  if (mark === 0xd9) return { start: start + 3, end: start + 3 + (bytes[start + 2] as number) };
  const length = ((bytes[start + 2] as number) << 8) | (bytes[start + 3] as number);
  return { start: start + 4, end: start + 4 + length };
}

function readChild(decoder: Decoder): ChildRow {
  decoder.arrayOf(5);
  const path = decoder.string();
  const problem = pathProblem(path);
  if (problem !== undefined) decoder.fail(`path ${JSON.stringify(path.slice(0, 200))}: ${problem}`);
  const digest = decoder.digest();
  const entries = decoder.uint();
  const files = decoder.uint();
  const bytes = decoder.uint();
  if (entries === 0 || files > entries) decoder.fail("sums that cannot be");
  return { path, digest, entries, files, bytes };
}

/** Finds paths that are parents of others in a sequence of paths in order, in memory bounded by one path's length. */
export class ParentCheck {
  // Paths that are a beginning of the current one: only they can be its parents, or those of what follows.
  readonly #open: string[] = [];

  /** Takes the next path; returns the path before it that is its parent, if any. */
  next(path: string): string | undefined {
    const open = this.#open;
    while (open.length > 0 && !path.startsWith(open[open.length - 1] as string)) open.pop();
    for (const beginning of open) {
      if (path.charCodeAt(beginning.length) === 0x2f) return beginning;
    }
    open.push(path);
    return undefined;
  }

  /** Takes the next path of a manifest. @throws ArtifoldError DAMAGED when one before it is its parent */
  refuse(path: string): void {
    const parent = this.next(path);
    if (parent !== undefined) malformed(`manifest: ${JSON.stringify(parent)} is an entry and the parent of another`);
  }
}

/** What lies in and below the rows of a node. Throws DAMAGED when a sum leaves the range of the format. */
export function sumRows(node: ManifestNode): Sums {
  let entries = 0;
  let files = 0;
  let bytes = 0;
  if (node.level === 0) {
    for (const row of node.rows as readonly Entry[]) {
      entries++;
      if (row.kind === "file") {
        files++;
        bytes += row.size;
      }
    }
  } else {
    for (const row of node.rows as readonly ChildRow[]) {
      entries += row.entries;
      files += row.files;
      bytes += row.bytes;
    }
  }
  if (bytes > MAX_INTEGER || entries > MAX_INTEGER) malformed("manifest node: sums above 2^53 - 1");
  return { entries, files, bytes };
}
