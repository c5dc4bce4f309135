/** Where each so-many-th name of a folder is: lets a list of millions be entered anywhere. */
import type { Digest } from "../digest/index.ts";
import { lastBefore } from "./edit.ts";
import type { LeafRows } from "./leaf-rows.ts";
import type { ChildRow, InnerNode } from "./node.ts";
import type { NodeReader } from "./node-source.ts";
import { afterFolder, comparePaths } from "./path.ts";
import { folderRange } from "./read.ts";

/** How many names a folder has, and where some of them are. */
export interface Landmarks {
  /** Names in the folder, as `listFolder` gives them. */
  readonly count: number;
  /** How many names lie between two landmarks. */
  readonly every: number;
  /** Where to begin a list for the names 0, `every`, 2 `every`, … */
  readonly paths: readonly string[];
}

/**
 * Goes through a folder once. Of what lies deeper only ends are looked at; of the rows of leaves only paths are read.
 *
 * @param pause called now and then; what it returns is waited for
 * @throws ArtifoldError DAMAGED
 */
export async function findLandmarks(
  reader: NodeReader,
  root: Digest,
  folder: string,
  every: number,
  pause: () => Promise<void> | undefined,
): Promise<Landmarks> {
  const { from = "", to } = folderRange(folder);
  const paths: string[] = [];
  let count = 0;
  for (let start: string | undefined = from; start !== undefined; ) {
    const leaf = await leafAt(reader, root, start);
    const rows = new FolderRows(leaf.rows, from.length, start, to);
    for (let name = rows.next(); name !== undefined; name = rows.next()) {
      if (count % every === 0) paths.push(name);
      count++;
    }
    start = rows.isAtEnd ? undefined : later(rows.skipTo, leaf.next);
    await pause();
  }
  return { count, every, paths };
}

/** The leaf that a path would stand in, and where the leaf after it begins. */
async function leafAt(
  reader: NodeReader,
  root: Digest,
  path: string,
): Promise<{ rows: LeafRows; next: string | undefined }> {
  let node = await reader.root(root);
  if (node.level === 0) return { rows: await reader.rootLeaf(root), next: undefined };
  let next: string | undefined;
  for (;;) {
    const { rows, level } = node as InnerNode;
    const at = Math.max(0, lastBefore(rows, path, false));
    next = rows[at + 1]?.path ?? next;
    const row = rows[at] as ChildRow;
    if (level === 1) return { rows: await reader.leaf(row), next };
    node = await reader.child(row, level);
  }
}

/** Where to go on: behind a folder that ends in a later leaf, else at the next leaf; `undefined` after the last one. */
function later(skipTo: string | undefined, next: string | undefined): string | undefined {
  if (next === undefined || skipTo === undefined) return next;
  return comparePaths(skipTo, next) > 0 ? skipTo : next;
}

/** The names of a folder that begin in one leaf. */
class FolderRows {
  /** Whether something beyond the folder was met. */
  isAtEnd = false;
  /** Where what follows the last name begins, when that name is a folder. */
  skipTo: string | undefined;
  readonly #leaf: LeafRows;
  readonly #prefix: number;
  readonly #to: string | undefined;
  #row = 0;
  #inside: string | undefined;

  constructor(leaf: LeafRows, prefix: number, from: string, to: string | undefined) {
    this.#leaf = leaf;
    this.#prefix = prefix;
    this.#to = to;
    while (this.#row < leaf.count && comparePaths(leaf.path(this.#row), from) < 0) this.#row++;
  }

  /** The path at which the next name begins; a folder's has a slash at its end. */
  next(): string | undefined {
    while (this.#row < this.#leaf.count) {
      const path = this.#leaf.path(this.#row++);
      if (this.#inside !== undefined && path.startsWith(this.#inside)) continue;
      if (this.#to !== undefined && comparePaths(path, this.#to) >= 0) {
        this.isAtEnd = true;
        return undefined;
      }
      const slash = path.indexOf("/", this.#prefix);
      this.#inside = slash === -1 ? undefined : path.slice(0, slash + 1);
      this.skipTo = slash === -1 ? undefined : afterFolder(path.slice(0, slash));
      return this.#inside ?? path;
    }
    return undefined;
  }
}
