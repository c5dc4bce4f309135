/**
 * Changes a manifest: rewrites the nodes that the changes touch and keeps all others.
 *
 * Level by level from the leaves: changed rows make new nodes, new nodes are changed rows of the level above. A run of
 * rewriting ends where the next old node would begin anyway; from there on the old nodes are what a fresh build would
 * make, so that the result is the same root as building all entries anew. Runs stream: memory follows the height.
 */
import type { Digest } from "../digest/index.ts";
import { LevelBuilder, type Row, UpperLevels } from "./builder.ts";
import { checkEntry, type Entry, sameEntry } from "./entry.ts";
import type { LeafRows } from "./leaf-rows.ts";
import { type ChildRow, EMPTY_NODE_BYTES, type InnerNode, type ManifestNode, sumRows } from "./node.ts";
import { EMPTY_MANIFEST, type NodeReader, type NodeSink } from "./node-source.ts";
import { comparePaths } from "./path.ts";

/** One change: the entry that shall stand at a path, or `undefined` for none. */
export interface Edit {
  readonly path: string;
  readonly entry: Entry | undefined;
}

/** How many entries edits added, changed, and took out. */
export interface EditCounts {
  added: number;
  modified: number;
  removed: number;
}

/** A change of a row at any level. */
interface RowEdit {
  readonly path: string;
  readonly row: Row | undefined;
}

type RowEdits = AsyncIterable<readonly RowEdit[]>;

/**
 * Applies edits to a manifest.
 *
 * @param edits in ascending order of their paths, one for each path, in batches of any size
 * @param counts grows by what the edits change
 * @returns the digest of the new root; the same digest when nothing changes
 * @throws TypeError when edits are out of order
 */
export async function applyEdits(
  reader: NodeReader,
  sink: NodeSink,
  root: Digest,
  edits: AsyncIterable<readonly Edit[]> | Iterable<readonly Edit[]>,
  counts: EditCounts = { added: 0, modified: 0, removed: 0 },
): Promise<Digest> {
  const rootNode = await reader.root(root);
  let rows: RowEdits = inOrder(edits);
  for (let level = 0; level <= rootNode.level; level++) {
    const count = level === 0 ? countInto(counts) : undefined;
    rows = rewriteLevel(new OldLevel(reader, root, rootNode, level), level, sink, rows, count);
  }
  return closeTree(reader, sink, root, rootNode, rows);
}

/** Hears of each edit of an entry, and what stood at its path. */
type CountEdit = (before: Entry | undefined, after: Entry | undefined) => void;

function countInto(counts: EditCounts): CountEdit {
  return (before, after) => {
    if (before === undefined) counts.added += after === undefined ? 0 : 1;
    else if (after === undefined) counts.removed++;
    else if (!sameEntry(before, after)) counts.modified++;
  };
}

/** Checks the order of edits and turns them into rows. */
async function* inOrder(edits: AsyncIterable<readonly Edit[]> | Iterable<readonly Edit[]>): RowEdits {
  let last: string | undefined;
  for await (const batch of edits) {
    const rows = batch.map((edit) => {
      if (last !== undefined && comparePaths(last, edit.path) >= 0) {
        throw new TypeError(`edits out of order: ${JSON.stringify(last)} before ${JSON.stringify(edit.path)}`);
      }
      last = edit.path;
      if (edit.entry !== undefined) checkEntry(edit.entry);
      return { path: edit.path, row: edit.entry };
    });
    yield rows;
  }
}

/** Builds what is needed above the root's old level, or goes down where less is needed now. */
async function closeTree(
  reader: NodeReader,
  sink: NodeSink,
  root: Digest,
  rootNode: ManifestNode,
  edits: RowEdits,
): Promise<Digest> {
  const upper = new UpperLevels(rootNode.level + 1, sink);
  let touched = false;
  for await (const batch of edits) {
    for (const edit of batch) {
      touched = true;
      if (edit.row !== undefined) upper.add(edit.row as ChildRow);
    }
  }
  if (!touched) return root;
  let top = upper.finish();
  if (top === undefined) {
    sink.writeNode(EMPTY_MANIFEST, EMPTY_NODE_BYTES);
    return EMPTY_MANIFEST;
  }
  // The root is the lowest node that holds everything: an inner node with one row is not it.
  for (let node = await reader.node(top.digest); node.level > 0 && node.rows.length === 1; ) {
    top = node.rows[0] as ChildRow;
    node = await reader.child(top, node.level);
  }
  return top.digest;
}

/** Rewrites one level; gives the changes that its parents see. */
async function* rewriteLevel(
  old: OldLevel,
  level: number,
  sink: NodeSink,
  edits: RowEdits,
  count: CountEdit | undefined,
): RowEdits {
  const queue = new EditQueue(edits);
  const out = new ParentEdits();
  const builder = new LevelBuilder(level, sink, (row) => out.insert(row));
  for (let edit = await queue.peek(); edit !== undefined; edit = await queue.peek()) {
    // When a node's first row goes, what is left belongs to the node before: the run begins there.
    let node = await old.seek(edit.path, edit.row === undefined);
    if (node === undefined) {
      // There are no old nodes at all: what comes is all there will be.
      for (let next = await queue.peek(); next !== undefined; next = queue.peekReady() ?? (await queue.peek())) {
        if (next.row !== undefined) builder.add(next.row);
        count?.(undefined, next.row as Entry | undefined);
        queue.drop();
        if (out.size > 256) yield out.drain();
      }
      builder.finish();
      yield out.drain();
      return;
    }
    for (;;) {
      out.remove(node.path);
      const next: ChildRow | undefined = await old.next();
      builder.older = node.digest;
      await rewriteNode(await old.rowsOf(node), builder, queue, next?.path, count);
      if (next === undefined) {
        builder.finish();
        break;
      }
      const pending = await queue.peek();
      const firstGoes = pending !== undefined && pending.row === undefined && pending.path === next.path;
      if (!firstGoes && (builder.isEmpty || builder.wouldBeginAt(next.path))) {
        builder.finish();
        break;
      }
      node = next;
      if (out.size > 256) yield out.drain();
    }
    out.endRun();
    yield out.drain();
  }
}

/** Feeds a node's rows and the edits that fall before `end` to the builder. */
async function rewriteNode(
  old: OldRows,
  builder: LevelBuilder,
  queue: EditQueue,
  end: string | undefined,
  count: CountEdit | undefined,
): Promise<void> {
  let row = 0;
  for (;;) {
    const edit = queue.peekReady() ?? (await queue.peek());
    if (edit === undefined || (end !== undefined && comparePaths(edit.path, end) >= 0)) break;
    const at = placeOf(old, row, edit.path);
    for (; row < at; row++) old.copyTo(builder, row);
    const isThere = row < old.count && old.path(row) === edit.path;
    count?.(isThere ? old.entry(row) : undefined, edit.row as Entry | undefined);
    if (isThere) row++;
    if (edit.row !== undefined) builder.add(edit.row);
    queue.drop();
  }
  for (; row < old.count; row++) old.copyTo(builder, row);
}

/** The rows of an old node. */
interface OldRows {
  readonly count: number;
  path(row: number): string;
  /** Of a leaf. */
  entry(row: number): Entry;
  copyTo(builder: LevelBuilder, row: number): void;
}

/** Index of the first row from `from` on whose path is not smaller than a path: mostly a near one. */
function placeOf(old: OldRows, from: number, path: string): number {
  let low = from;
  let high = from;
  for (let step = 1; high < old.count && comparePaths(old.path(high), path) < 0; step *= 2) {
    low = high + 1;
    high += step;
  }
  high = Math.min(high, old.count);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePaths(old.path(middle), path) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The nodes of one level of the old tree, in order, found through their parents. */
class OldLevel {
  readonly #reader: NodeReader;
  readonly #root: ManifestNode;
  readonly #rootRow: ChildRow | undefined;
  readonly #level: number;
  // From the root down to the parents of this level: a node and the index of the row that is current.
  #way: { node: InnerNode; index: number }[] = [];
  #started = false;

  constructor(reader: NodeReader, rootDigest: Digest, root: ManifestNode, level: number) {
    this.#reader = reader;
    this.#root = root;
    this.#level = level;
    const first = root.rows[0];
    this.#rootRow = first === undefined ? undefined : { path: first.path, digest: rootDigest, ...sumRows(root) };
  }

  /**
   * Goes to the node that holds a path, or where it would stand; the first node for a path before all.
   *
   * @param strictly asks for the last node whose first path is smaller, not equal
   */
  async seek(path: string, strictly: boolean): Promise<ChildRow | undefined> {
    this.#started = true;
    if (this.#rootRow === undefined || this.#root.level === this.#level) {
      this.#way = [];
      return this.#rootRow;
    }
    this.#way = [];
    let node = this.#root as InnerNode;
    for (;;) {
      const index = Math.max(0, lastBefore(node.rows, path, strictly));
      this.#way.push({ node, index });
      const row = node.rows[index] as ChildRow;
      if (node.level - 1 === this.#level) return row;
      node = (await this.#reader.child(row, node.level)) as InnerNode;
    }
  }

  /** Goes to the node after the current one; `undefined` after the last. */
  async next(): Promise<ChildRow | undefined> {
    if (!this.#started) throw new TypeError("seek comes first");
    let depth = this.#way.length - 1;
    while (depth >= 0) {
      const step = this.#way[depth] as { node: InnerNode; index: number };
      if (step.index + 1 < step.node.rows.length) break;
      depth--;
    }
    if (depth < 0) return undefined;
    (this.#way[depth] as { index: number }).index++;
    this.#way.length = depth + 1;
    for (;;) {
      const { node, index } = this.#way[this.#way.length - 1] as { node: InnerNode; index: number };
      const row = node.rows[index] as ChildRow;
      if (node.level - 1 === this.#level) return row;
      this.#way.push({ node: (await this.#reader.child(row, node.level)) as InnerNode, index: 0 });
    }
  }

  /** The rows of a node of this level. */
  async rowsOf(row: ChildRow): Promise<OldRows> {
    const isRoot = this.#root.level === this.#level;
    if (this.#level === 0) {
      return inLeaf(isRoot ? await this.#reader.rootLeaf(row.digest) : await this.#reader.leaf(row));
    }
    const node = isRoot ? this.#root : await this.#reader.child(row, this.#level + 1);
    return inInnerNode((node as InnerNode).rows);
  }
}

function inLeaf(leaf: LeafRows): OldRows {
  return {
    count: leaf.count,
    path: (row) => leaf.path(row),
    entry: (row) => leaf.entry(row),
    copyTo: (builder, row) => builder.copy(leaf, row),
  };
}

function inInnerNode(rows: readonly ChildRow[]): OldRows {
  return {
    count: rows.length,
    path: (row) => (rows[row] as ChildRow).path,
    entry: () => {
      throw new TypeError("inner nodes hold no entries");
    },
    copyTo: (builder, row) => builder.add(rows[row] as ChildRow),
  };
}

/** Index of the last row whose path is smaller than (or, unless strictly, equal to) a path; -1 when there is none. */
export function lastBefore(rows: readonly { readonly path: string }[], path: string, strictly: boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = comparePaths((rows[middle] as { path: string }).path, path);
    if (order < 0 || (order === 0 && !strictly)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Gives edits one by one, without a promise while a batch lasts. */
class EditQueue {
  readonly #batches: AsyncIterator<readonly RowEdit[]>;
  #batch: readonly RowEdit[] = [];
  #index = 0;

  constructor(edits: RowEdits) {
    this.#batches = edits[Symbol.asyncIterator]();
  }

  /** The next edit if it is at hand. */
  peekReady(): RowEdit | undefined {
    return this.#batch[this.#index];
  }

  async peek(): Promise<RowEdit | undefined> {
    while (this.#index >= this.#batch.length) {
      const next = await this.#batches.next();
      if (next.done === true) return undefined;
      this.#batch = next.value;
      this.#index = 0;
    }
    return this.#batch[this.#index];
  }

  drop(): void {
    this.#index++;
  }
}

/** Collects what the parents must change, in order: old nodes that go, new nodes that come. */
class ParentEdits {
  #ready: RowEdit[] = [];
  #removed: string[] = [];

  get size(): number {
    return this.#ready.length;
  }

  /** An old node goes. Its path is held back until it is known whether a new node takes its place. */
  remove(path: string): void {
    this.#removed.push(path);
  }

  insert(row: ChildRow): void {
    while (this.#removed.length > 0) {
      const order = comparePaths(this.#removed[0] as string, row.path);
      if (order > 0) break;
      const path = this.#removed.shift() as string;
      if (order < 0) this.#ready.push({ path, row: undefined });
    }
    this.#ready.push({ path: row.path, row });
  }

  /** Nothing more comes for the old nodes of this run. */
  endRun(): void {
    for (const path of this.#removed) this.#ready.push({ path, row: undefined });
    this.#removed = [];
  }

  drain(): RowEdit[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}
