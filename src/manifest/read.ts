/** Reads a manifest: all of it, a part, one entry, a folder, or sums. Unneeded nodes are not touched. */
import type { Digest } from "../digest/index.ts";
import { malformed } from "./codec.ts";
import { lastBefore } from "./edit.ts";
import type { Entry } from "./entry.ts";
import { type ChildRow, type InnerNode, type ManifestNode, ParentCheck, type Sums, sumRows } from "./node.ts";
import type { NodeReader } from "./node-source.ts";
import { afterFolder, comparePaths, parentOf } from "./path.ts";

/** A half-open range of paths in the order of entries. Without `to` it goes to the end. */
export interface PathRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The range of everything below a folder; of the whole manifest for "". */
export function folderRange(folder: string): PathRange {
  return folder === "" ? {} : { from: `${folder}/`, to: afterFolder(folder) };
}

/** What lies in a whole manifest. */
export async function manifestSums(reader: NodeReader, root: Digest): Promise<Sums> {
  return sumRows(await reader.root(root));
}

/** How many links of a manifest are meant. Nodes that hold nothing but files are not touched. */
export async function countLinks(
  reader: NodeReader,
  root: Digest,
  isMeant: (path: string) => boolean = () => true,
): Promise<number> {
  const countIn = async (node: ManifestNode): Promise<number> => {
    if (node.level === 0) {
      return (node.rows as readonly Entry[]).filter(({ kind, path }) => kind === "link" && isMeant(path)).length;
    }
    let links = 0;
    for (const row of node.rows as readonly ChildRow[]) {
      if (row.entries > row.files) links += await countIn(await reader.child(row, node.level));
    }
    return links;
  };
  return countIn(await reader.root(root));
}

/** Gives the entries of a manifest in order, in batches: one leaf, or a part of one, at a time. */
export async function* readEntries(
  reader: NodeReader,
  root: Digest,
  range: PathRange = {},
): AsyncGenerator<readonly Entry[], void, undefined> {
  const parents = new ParentCheck();
  let last: string | undefined;
  for await (const leaf of leavesOf(reader, await reader.root(root), range)) {
    for (const entry of leaf) {
      // Within a leaf the decoder has checked this; here it is checked across leaves.
      if (last !== undefined && comparePaths(last, entry.path) >= 0) malformed("manifest: leaves out of order");
      last = entry.path;
      if (!reader.isUnsettled) parents.refuse(entry.path);
    }
    const from = range.from === undefined ? 0 : lastBefore(leaf, range.from, true) + 1;
    const to = range.to === undefined ? leaf.length : lastBefore(leaf, range.to, true) + 1;
    if (from < to) yield from === 0 && to === leaf.length ? leaf : leaf.slice(from, to);
  }
}

async function* leavesOf(
  reader: NodeReader,
  node: ManifestNode,
  range: PathRange,
): AsyncGenerator<readonly Entry[], void, undefined> {
  if (node.level === 0) {
    yield node.rows as readonly Entry[];
    return;
  }
  const rows = node.rows as readonly ChildRow[];
  const first = range.from === undefined ? 0 : Math.max(0, lastBefore(rows, range.from, false));
  for (let index = first; index < rows.length; index++) {
    const row = rows[index] as ChildRow;
    if (range.to !== undefined && comparePaths(row.path, range.to) >= 0) break;
    yield* leavesOf(reader, await reader.child(row, node.level), range);
  }
}

/** The entry at a path, or `undefined`. */
export async function findEntry(reader: NodeReader, root: Digest, path: string): Promise<Entry | undefined> {
  let node = await reader.root(root);
  while (node.level > 0) {
    const index = lastBefore(node.rows, path, false);
    if (index < 0) return undefined;
    node = await reader.child(node.rows[index] as ChildRow, node.level);
  }
  const entry = node.rows[lastBefore(node.rows, path, false)] as Entry | undefined;
  return entry?.path === path ? entry : undefined;
}

/** What lies in a range of paths: two ways down the tree, whatever the size of the range. */
export async function rangeSums(reader: NodeReader, root: Digest, range: PathRange): Promise<Sums> {
  const node = await reader.root(root);
  const upTo = await sumsBefore(reader, node, range.to);
  const before =
    range.from === undefined ? { entries: 0, files: 0, bytes: 0 } : await sumsBefore(reader, node, range.from);
  return {
    entries: upTo.entries - before.entries,
    files: upTo.files - before.files,
    bytes: upTo.bytes - before.bytes,
  };
}

/** Sums of all entries before a path; of all entries without one. */
async function sumsBefore(reader: NodeReader, root: ManifestNode, path: string | undefined): Promise<Sums> {
  if (path === undefined) return sumRows(root);
  let node = root;
  let entries = 0;
  let files = 0;
  let bytes = 0;
  for (;;) {
    const end = lastBefore(node.rows, path, true);
    // Of the last row that begins before the path, a part may lie behind it; leaves have no such rows.
    const whole = node.level === 0 ? end + 1 : Math.max(0, end);
    const part = sumRows({ ...node, rows: node.rows.slice(0, whole) } as ManifestNode);
    entries += part.entries;
    files += part.files;
    bytes += part.bytes;
    if (node.level === 0 || end < 0) return { entries, files, bytes };
    node = await reader.child((node as InnerNode).rows[end] as ChildRow, node.level);
  }
}

/** One name in a folder of a version: an entry, or a folder with what lies below it. */
export type FolderItem =
  | { readonly kind: "entry"; readonly name: string; readonly entry: Entry }
  | { readonly kind: "folder"; readonly name: string; readonly path: string; readonly sums: Sums };

/**
 * Lists one folder of a manifest ("" for the root), skipping over what lies deeper. Names come in path order.
 *
 * @param start only what comes from this path on
 */
export async function* listFolder(
  reader: NodeReader,
  root: Digest,
  folder: string,
  start = "",
): AsyncGenerator<FolderItem, void, undefined> {
  const prefix = folder === "" ? "" : `${folder}/`;
  const { to } = folderRange(folder);
  // What is skipped need not be looked at: a name is listed twice only when it is itself an entry and a folder.
  const parents = new ParentCheck();
  let from: string | undefined = comparePaths(start, prefix) > 0 ? start : prefix;
  while (from !== undefined) {
    let skipTo: string | undefined;
    search: for await (const batch of readEntries(reader, root, { from, to })) {
      for (const entry of batch) {
        if (!reader.isUnsettled) parents.refuse(entry.path);
        const slash = entry.path.indexOf("/", prefix.length);
        if (slash === -1) {
          yield { kind: "entry", name: entry.path.slice(prefix.length), entry };
          continue;
        }
        const path = entry.path.slice(0, slash);
        const sums = await rangeSums(reader, root, folderRange(path));
        yield { kind: "folder", name: path.slice(prefix.length), path, sums };
        skipTo = afterFolder(path);
        break search;
      }
    }
    from = skipTo;
  }
}

/** Whether anything lies below a path, as if it were a folder. */
export async function hasEntryBelow(reader: NodeReader, root: Digest, folder: string): Promise<boolean> {
  return nodeHasEntryBelow(reader, await reader.root(root), folder);
}

/** The same of one node of a manifest and what is below it. */
export async function nodeHasEntryBelow(reader: NodeReader, top: ManifestNode, folder: string): Promise<boolean> {
  const from = `${folder}/`;
  let node = top;
  for (;;) {
    const index = lastBefore(node.rows, from, true);
    // The first path after the folder's begins the next row, if it is not inside of this one.
    if (node.rows[index + 1]?.path.startsWith(from) === true) return true;
    if (node.level === 0 || index < 0) return false;
    node = await reader.child(node.rows[index] as ChildRow, node.level);
  }
}

/**
 * The entries that a new entry at a path could not stand beside: those of folders above it, and the new one itself when
 * something lies below its path.
 */
export async function entriesInTheWay(reader: NodeReader, root: Digest, path: string): Promise<string[]> {
  const found: string[] = [];
  for (let above = parentOf(path); above !== ""; above = parentOf(above)) {
    if ((await findEntry(reader, root, above)) !== undefined) found.push(above);
  }
  if (await hasEntryBelow(reader, root, path)) found.push(path);
  return found;
}
