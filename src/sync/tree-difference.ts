/** What one tree of nodes has that another has not, without reading what they share. */
import type { Digest } from "../digest/index.ts";
import { decodeListNode, decodeNode, EMPTY_MANIFEST } from "../manifest/index.ts";
import type { Child, NodeType } from "./children.ts";

/** Gives nodes, wherever they lie. */
export interface TreeSource {
  readNode(digest: Digest, type: NodeType): Uint8Array | Promise<Uint8Array>;
  /** Fetches objects that will be read soon, where that is far. */
  prefetch?(objects: readonly Child[]): Promise<void>;
}

/** Nodes that only one of two trees has: below one that both have nothing differs. */
export interface TreeDifference {
  readonly fresh: ReadonlySet<Digest>;
  readonly old: ReadonlySet<Digest>;
  /** The leaves among them. */
  readonly freshLeaves: ReadonlySet<Digest>;
  readonly oldLeaves: ReadonlySet<Digest>;
}

interface Level {
  readonly level: number;
  readonly nodes: readonly Digest[];
}

/**
 * Compares two trees of one kind level by level. Where nodes begin is decided by what is in them, so what is below a node
 * that only one tree has, and is shared, is below a node that only the other has.
 */
export async function differingNodes(
  source: TreeSource,
  type: NodeType,
  freshRoot: Digest,
  oldRoot: Digest,
): Promise<TreeDifference> {
  const result = {
    fresh: new Set<Digest>(),
    old: new Set<Digest>(),
    freshLeaves: new Set<Digest>(),
    oldLeaves: new Set<Digest>(),
  };
  let fresh = await rootLevel(source, type, freshRoot);
  let old = await rootLevel(source, type, oldRoot);
  for (;;) {
    if (fresh.level === old.level) [fresh, old] = withoutShared(fresh, old);
    const isFreshHigher = fresh.level >= old.level;
    const isOldHigher = old.level >= fresh.level;
    if (isFreshHigher) for (const node of fresh.nodes) result.fresh.add(node);
    if (isOldHigher) for (const node of old.nodes) result.old.add(node);
    if (fresh.level === 0 && old.level === 0) {
      for (const node of fresh.nodes) result.freshLeaves.add(node);
      for (const node of old.nodes) result.oldLeaves.add(node);
      return result;
    }
    const next = [
      isFreshHigher ? await below(source, type, fresh) : fresh,
      isOldHigher ? await below(source, type, old) : old,
    ];
    [fresh, old] = next as [Level, Level];
  }
}

async function rootLevel(source: TreeSource, type: NodeType, root: Digest): Promise<Level> {
  if (root === EMPTY_MANIFEST) return { level: 0, nodes: [] };
  const bytes = await source.readNode(root, type);
  return { level: (type === "manifestNode" ? decodeNode(bytes) : decodeListNode(bytes)).level, nodes: [root] };
}

/** Children of the nodes of a level. */
async function below(source: TreeSource, type: NodeType, { level, nodes }: Level): Promise<Level> {
  const children = new Set<Digest>();
  for (const digest of nodes) {
    const bytes = await source.readNode(digest, type);
    const node = type === "manifestNode" ? decodeNode(bytes) : decodeListNode(bytes);
    if (node.level === 0) continue;
    for (const row of node.rows) children.add((row as { digest: Digest }).digest);
  }
  const digests = [...children];
  // Leaves are not read here.
  if (level > 1) await source.prefetch?.(digests.map((digest) => ({ digest, type })));
  return { level: Math.max(0, level - 1), nodes: digests };
}

function withoutShared(fresh: Level, old: Level): [Level, Level] {
  const [left, right] = [new Set(fresh.nodes), new Set(old.nodes)];
  return [
    { ...fresh, nodes: fresh.nodes.filter((digest) => !right.has(digest)) },
    { ...old, nodes: old.nodes.filter((digest) => !left.has(digest)) },
  ];
}
