/** Builds a manifest from entries in order, node by node, from the leaves up. */
import type { Digest } from "../digest/index.ts";
import { Encoder } from "./codec.ts";
import { checkEntry, type Entry, writeEntry } from "./entry.ts";
import type { LeafRows } from "./leaf-rows.ts";
import { assembleNode, beginsNode, type ChildRow, EMPTY_NODE_BYTES, keyHash, nodeDigest, writeChild } from "./node.ts";
import { EMPTY_MANIFEST, type NodeSink } from "./node-source.ts";
import { comparePaths } from "./path.ts";

/** A row of any level. */
export type Row = Entry | ChildRow;

/** Cuts the rows of one level into nodes. */
export class LevelBuilder {
  readonly level: number;
  readonly #sink: NodeSink;
  readonly #onNode: (row: ChildRow) => void;
  readonly #rows = new Encoder(16 * 1024);
  #count = 0;
  #first = "";
  #like: Digest | undefined;
  #entries = 0;
  #files = 0;
  #bytes = 0;

  /** The older node whose rows, or changes of them, come now. */
  older: Digest | undefined;

  /** @param onNode receives each finished node as the row that its parent will hold */
  constructor(level: number, sink: NodeSink, onNode: (row: ChildRow) => void) {
    this.level = level;
    this.#sink = sink;
    this.#onNode = onNode;
  }

  /** Whether nothing waits to become a node. */
  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Takes the next row. Rows come in ascending order of their paths. */
  add(row: Row): void {
    const before = this.#rows.length;
    const key = this.level === 0 ? writeEntry(this.#rows, row as Entry) : writeChild(this.#rows, row as ChildRow);
    this.#cutBefore(before, key);
    if (this.#count === 0) this.#begin(row.path);
    this.#count++;
    this.#sum(row);
  }

  /** Takes the next row as it stands in another leaf. */
  copy(leaf: LeafRows, row: number): void {
    const before = this.#rows.length;
    this.#rows.raw(leaf.bytesOf(row));
    const { start, end } = leaf.keyIn(row);
    this.#cutBefore(before, { start: before + start, end: before + end });
    if (this.#count === 0) this.#begin(leaf.path(row));
    this.#count++;
    this.#entries++;
    const size = leaf.size(row);
    if (size < 0) return;
    this.#files++;
    this.#bytes += size;
  }

  #begin(path: string): void {
    this.#first = path;
    this.#like = this.older;
  }

  /** Ends the node before the row that was just written, if a node begins with it. */
  #cutBefore(before: number, key: { start: number; end: number }): void {
    const hash = keyHash(this.#rows.view(), key.start, key.end, this.level);
    if (!beginsNode(this.level, hash, this.#count, before)) return;
    this.#emit(before);
    this.#rows.dropFirst(before);
  }

  /** Whether a node would begin at this path if a row with it came next. */
  wouldBeginAt(path: string): boolean {
    const scratch = new Encoder(path.length * 3 + 8);
    const length = scratch.string(path);
    const bytes = scratch.view();
    const hash = keyHash(bytes, bytes.length - length, bytes.length, this.level);
    return beginsNode(this.level, hash, this.#count, this.#rows.length);
  }

  /** Ends the node in the making, if there is one. Rows may follow: they begin a new node. */
  finish(): void {
    if (this.#count === 0) return;
    this.#emit(this.#rows.length);
    this.#rows.dropFirst(this.#rows.length);
  }

  #sum(row: Row): void {
    if (this.level === 0) {
      const entry = row as Entry;
      this.#entries++;
      if (entry.kind === "file") {
        this.#files++;
        this.#bytes += entry.size;
      }
    } else {
      const child = row as ChildRow;
      this.#entries += child.entries;
      this.#files += child.files;
      this.#bytes += child.bytes;
    }
  }

  /** Makes a node of the first `length` bytes of rows. */
  #emit(length: number): void {
    const bytes = assembleNode(this.level, this.#count, this.#rows.view().subarray(0, length));
    const digest = nodeDigest(bytes);
    this.#sink.writeNode(digest, bytes, this.#like);
    this.#onNode({
      path: this.#first,
      digest,
      entries: this.#entries,
      files: this.#files,
      bytes: this.#bytes,
    });
    this.#count = 0;
    this.#entries = 0;
    this.#files = 0;
    this.#bytes = 0;
  }
}

/** Builds the levels above rows of one level, until one node holds everything. */
export class UpperLevels {
  readonly #levels: { builder: LevelBuilder; nodes: number; last: ChildRow | undefined }[] = [];
  readonly #lowest: number;
  readonly #sink: NodeSink;

  /** @param lowest the level of the rows' parents */
  constructor(lowest: number, sink: NodeSink) {
    this.#lowest = lowest;
    this.#sink = sink;
  }

  /** Takes the next row of the lowest level. */
  add(row: ChildRow): void {
    this.#addAt(0, row);
  }

  /** Ends all levels. @returns the root, or `undefined` when there were no rows */
  finish(): ChildRow | undefined {
    for (let index = 0; index < this.#levels.length; index++) {
      const level = this.#level(index);
      // A single node is the root: no parent is made for it.
      if (level.nodes === 1) return level.last;
      level.builder.finish();
    }
    return undefined;
  }

  #addAt(index: number, row: ChildRow): void {
    const level = this.#level(index);
    level.nodes++;
    // The first node waits until a second one shows that they need a parent.
    if (level.nodes === 2) level.builder.add(level.last as ChildRow);
    if (level.nodes >= 2) level.builder.add(row);
    level.last = row;
  }

  #level(index: number): { builder: LevelBuilder; nodes: number; last: ChildRow | undefined } {
    const known = this.#levels[index];
    if (known !== undefined) return known;
    const builder = new LevelBuilder(this.#lowest + index, this.#sink, (row) => this.#addAt(index + 1, row));
    const made = { builder, nodes: 0, last: undefined };
    this.#levels[index] = made;
    return made;
  }
}

/** Builds a whole manifest from entries in the order of their paths. */
export class ManifestBuilder {
  readonly #sink: NodeSink;
  readonly #upper: UpperLevels;
  readonly #leaves: LevelBuilder;
  #last: string | undefined;

  constructor(sink: NodeSink) {
    this.#sink = sink;
    this.#upper = new UpperLevels(1, sink);
    this.#leaves = new LevelBuilder(0, sink, (row) => this.#upper.add(row));
  }

  /** Takes the next entry. @throws TypeError when it is out of order or not an entry */
  add(entry: Entry): void {
    checkEntry(entry);
    if (this.#last !== undefined && comparePaths(this.#last, entry.path) >= 0) {
      throw new TypeError(`entries out of order: ${JSON.stringify(this.#last)} before ${JSON.stringify(entry.path)}`);
    }
    this.#last = entry.path;
    this.#leaves.add(entry);
  }

  /** Ends the manifest. @returns the digest of its root */
  finish(): Digest {
    this.#leaves.finish();
    const root = this.#upper.finish();
    if (root !== undefined) return root.digest;
    this.#sink.writeNode(EMPTY_MANIFEST, EMPTY_NODE_BYTES);
    return EMPTY_MANIFEST;
  }
}
