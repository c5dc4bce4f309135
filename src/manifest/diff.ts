/** Compares two manifests, walking only where they differ. */
import type { Digest } from "../digest/index.ts";
import { malformed } from "./codec.ts";
import { type Entry, sameEntry } from "./entry.ts";
import { type ChildRow, type ManifestNode, ParentCheck } from "./node.ts";
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
 * @throws ArtifoldError DAMAGED for a tree whose paths do not ascend, or that has an entry below another
 */
export async function* diffManifests(
  reader: NodeReader,
  before: Digest,
  after: Digest,
): AsyncGenerator<readonly Change[], void, undefined> {
  if (before === after) return;
  const left = new Walk(reader, await reader.root(before));
  const right = new Walk(reader, await reader.root(after));
  let batch: Change[] = [];
  while (!(left.done && right.done)) {
    const order = left.done ? 1 : right.done ? -1 : comparePaths(left.path, right.path);
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
    } else {
      const path = left.path;
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

/** A place in a manifest that is either an entry or a whole node that was not opened yet. */
class Walk {
  readonly #reader: NodeReader;
  readonly #stack: { node: ManifestNode; index: number }[] = [];
  readonly #parents = new ParentCheck();

  constructor(reader: NodeReader, root: ManifestNode) {
    this.#reader = reader;
    if (root.rows.length > 0) this.#stack.push({ node: root, index: 0 });
  }

  get done(): boolean {
    return this.#stack.length === 0;
  }

  /** The node that stands here, unless it is an entry. */
  get node(): ChildRow | undefined {
    const top = this.#stack[this.#stack.length - 1];
    return top === undefined || top.node.level === 0 ? undefined : (top.node.rows[top.index] as ChildRow);
  }

  /** Level of what stands here: -1 for an entry. */
  get level(): number {
    return this.#top.node.level - 1;
  }

  get path(): string {
    const { node, index } = this.#top;
    return (node.rows[index] as { path: string }).path;
  }

  skip(): void {
    const { path } = this;
    this.#top.index++;
    while (this.#stack.length > 0 && this.#top.index >= this.#top.node.rows.length) {
      this.#stack.pop();
      const parent = this.#stack[this.#stack.length - 1];
      if (parent !== undefined) parent.index++;
    }
    // Within a node the decoder has checked this; here it is checked across nodes.
    if (!this.done && comparePaths(path, this.path) >= 0) malformed("manifest: leaves out of order");
  }

  takeEntry(): Entry {
    const { node, index } = this.#top;
    const entry = node.rows[index] as Entry;
    if (!this.#reader.isUnsettled) this.#parents.refuse(entry.path);
    this.skip();
    return entry;
  }

  async open(): Promise<void> {
    const { node, index } = this.#top;
    const child = await this.#reader.child(node.rows[index] as ChildRow, node.level);
    this.#stack.push({ node: child, index: 0 });
  }

  get #top(): { node: ManifestNode; index: number } {
    return this.#stack[this.#stack.length - 1] as { node: ManifestNode; index: number };
  }
}
