/** Compares two manifests, walking only where they differ. */
import type { Digest } from "../digest/index.ts";
import { malformed } from "./codec.ts";
import { lastBefore } from "./edit.ts";
import { type Entry, sameEntry } from "./entry.ts";
import { LeafRows } from "./leaf-rows.ts";
import { type ChildRow, type InnerNode, ParentCheck } from "./node.ts";
import type { NodeReader } from "./node-source.ts";
import { comparePaths } from "./path.ts";

/** A path at which two manifests differ: added has no `before`, removed no `after`. */
export interface Change {
  readonly path: string;
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
}

const BATCH = 256;

/**
 * Gives the changes from one manifest to another in the order of their paths, in batches. What both have alike is not read,
 * and so not checked either.
 *
 * @param above only changes of paths that come after this one
 * @throws ArtifoldError DAMAGED for a tree whose paths do not ascend, or that has a changed entry below another
 */
export async function* diffManifests(
  reader: NodeReader,
  before: Digest,
  after: Digest,
  above = "",
): AsyncGenerator<readonly Change[], void, undefined> {
  if (before === after) return;
  const left = await Walk.begin(reader, before, above);
  const right = await Walk.begin(reader, after, above);
  let batch: Change[] = [];
  while (!(left.done && right.done)) {
    const order = left.done ? 1 : right.done ? -1 : Walk.compare(left, right);
    if (order === 0 && left.node !== undefined && left.node.digest === right.node?.digest) {
      left.skip();
      right.skip();
    } else if (order < 0) {
      if (left.node !== undefined) await left.open();
      else batch.push({ path: left.path, before: left.takeEntry(), after: undefined });
    } else if (order > 0) {
      if (right.node !== undefined) await right.open();
      else batch.push({ path: right.path, before: undefined, after: right.takeEntry() });
    } else if (left.node !== undefined || right.node !== undefined) {
      // The higher of the two is opened first, so that equal subtrees come to stand side by side.
      if (left.level >= right.level) await left.open();
      else await right.open();
    } else if (Walk.areEqual(left, right)) {
      left.skip();
      right.skip();
    } else {
      const { path } = left;
      const was = left.takeEntry();
      const is = right.takeEntry();
      if (!sameEntry(was, is)) batch.push({ path, before: was, after: is });
    }
    if (batch.length >= BATCH) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** A node on the way down, and the row of it that is current. */
interface Step {
  readonly node: InnerNode | undefined;
  /** In the place of a node: of the rows of leaves most are passed over. */
  readonly leaf: LeafRows | undefined;
  readonly count: number;
  row: number;
}

/** A place in a manifest that is either an entry or a whole node that was not opened yet. */
class Walk {
  readonly #reader: NodeReader;
  /** What comes before its end is passed over. */
  readonly #above: string;
  readonly #stack: Step[] = [];
  readonly #parents = new ParentCheck();

  private constructor(reader: NodeReader, above: string) {
    this.#reader = reader;
    this.#above = above;
  }

  static async begin(reader: NodeReader, root: Digest, above: string): Promise<Walk> {
    const walk = new Walk(reader, above);
    const node = await reader.root(root);
    if (node.level > 0) walk.#enter(node as InnerNode);
    else walk.#enterLeaf(await reader.rootLeaf(root));
    return walk;
  }

  /** The order of the paths at which two walks stand. */
  static compare(left: Walk, right: Walk): number {
    const [one, other] = [left.#top, right.#top];
    if (one.leaf !== undefined && other.leaf !== undefined) {
      return LeafRows.compare(one.leaf, one.row, other.leaf, other.row);
    }
    return comparePaths(left.path, right.path);
  }

  /** Whether the entries at which two walks stand are the same, byte by byte. */
  static areEqual(left: Walk, right: Walk): boolean {
    const [one, other] = [left.#top, right.#top];
    return LeafRows.areEqual(one.leaf as LeafRows, one.row, other.leaf as LeafRows, other.row);
  }

  get done(): boolean {
    return this.#stack.length === 0;
  }

  /** The node that stands here, unless it is an entry. */
  get node(): ChildRow | undefined {
    const { node, row } = this.#top;
    return node?.rows[row];
  }

  /** Level of what stands here: -1 for an entry. */
  get level(): number {
    return (this.#top.node?.level ?? 0) - 1;
  }

  get path(): string {
    const { node, leaf, row } = this.#top;
    return leaf === undefined ? ((node as InnerNode).rows[row] as ChildRow).path : leaf.path(row);
  }

  skip(): void {
    const top = this.#top;
    // Within a node order was checked when it was opened; here it is checked across nodes.
    if (++top.row < top.count) return;
    top.row--;
    const { path } = this;
    for (let step: Step | undefined = top; step !== undefined && step.row + 1 >= step.count; step = this.#top) {
      this.#stack.pop();
    }
    if (this.done) return;
    this.#top.row++;
    if (comparePaths(path, this.path) >= 0) malformed("manifest: leaves out of order");
  }

  takeEntry(): Entry {
    const { leaf, row } = this.#top;
    const entry = (leaf as LeafRows).entry(row);
    if (!this.#reader.isUnsettled) this.#parents.refuse(entry.path);
    this.skip();
    return entry;
  }

  async open(): Promise<void> {
    const { node, row } = this.#top as Step & { node: InnerNode };
    const child = node.rows[row] as ChildRow;
    if (node.level > 1) this.#enter((await this.#reader.child(child, node.level)) as InnerNode);
    else if (!this.#enterLeaf(await this.#reader.leaf(child))) this.skip();
  }

  #enter(node: InnerNode): void {
    const row = Math.max(0, lastBefore(node.rows, this.#above, false));
    this.#stack.push({ node, leaf: undefined, count: node.rows.length, row });
  }

  /** @returns whether the leaf has anything that is meant */
  #enterLeaf(leaf: LeafRows): boolean {
    let row = 0;
    if (this.#above !== "") while (row < leaf.count && comparePaths(leaf.path(row), this.#above) <= 0) row++;
    if (row < leaf.count) this.#stack.push({ node: undefined, leaf, count: leaf.count, row });
    return row < leaf.count;
  }

  get #top(): Step {
    return this.#stack[this.#stack.length - 1] as Step;
  }
}
