/**
 * What has to be known of a node and all below it, to know that a tree fits together, without reading it again for each
 * manifest that shares it.
 */
import { malformed } from "./codec.ts";
import type { Entry } from "./entry.ts";
import { type ChildFacts, type ChildRow, type InnerNode, type LeafNode, sumRows } from "./node.ts";
import { checkChild, type NodeReader } from "./node-source.ts";
import { comparePaths } from "./path.ts";
import { nodeHasEntryBelow } from "./read.ts";

/** A node with all below it. */
export interface Subtree extends ChildFacts {
  readonly last: string;
  /** Entries whose paths begin the last one: only they can be parents of what follows. */
  readonly open: readonly string[];
}

/** What there is to know of a leaf with something in it. The decoder has checked it. */
export function leafSubtree(node: LeafNode): Subtree {
  const paths = node.rows.map((row: Entry) => row.path);
  const last = paths[paths.length - 1] as string;
  const open = paths.filter((path) => last.startsWith(path));
  return { level: 0, first: paths[0], last, open, ...sumRows(node) };
}

/**
 * What there is to know of an inner node.
 *
 * @param below what is known of its children, in order
 * @throws ArtifoldError DAMAGED when they are not what it says, or do not fit together
 */
export async function joinSubtrees(reader: NodeReader, node: InnerNode, below: readonly Subtree[]): Promise<Subtree> {
  let open: readonly string[] = [];
  let last: string | undefined;
  for (const [index, child] of below.entries()) {
    const row = node.rows[index] as ChildRow;
    checkChild(row, node.level, child);
    if (last !== undefined && comparePaths(last, row.path) >= 0) malformed("manifest: leaves out of order");
    for (const path of open) {
      if (await isParentIn(reader, row, child, path)) {
        malformed(`manifest: ${JSON.stringify(path)} is an entry and the parent of another`);
      }
    }
    last = child.last;
    open = [...open.filter((path) => child.last.startsWith(path)), ...child.open];
  }
  return { level: node.level, first: node.rows[0]?.path, last: last as string, open, ...sumRows(node) };
}

/** Whether a subtree has something below a path. Mostly its ends tell. */
async function isParentIn(reader: NodeReader, row: ChildRow, child: Subtree, path: string): Promise<boolean> {
  const folder = `${path}/`;
  if (row.path.startsWith(folder)) return true;
  if (comparePaths(row.path, folder) > 0 || comparePaths(child.last, folder) < 0) return false;
  return nodeHasEntryBelow(reader, await reader.node(row.digest), path);
}
