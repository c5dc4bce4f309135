/** What nodes refer to, in the order in which hints speak of it. */
import type { Digest } from "../digest/index.ts";
import { decodeListNode, decodeNode, type Entry, type InnerNode, type LeafNode } from "../manifest/index.ts";
import type { ObjectType } from "../objects/index.ts";

/** A kind of node. */
export type NodeType = "manifestNode" | "chunkListNode";

/** An object that a node refers to. */
export interface Child {
  readonly digest: Digest;
  readonly type: ObjectType;
}

/** The objects that a node refers to. @throws ArtifoldError DAMAGED for what is no node */
export function childrenOf(type: NodeType, bytes: Uint8Array): Child[] {
  if (type === "chunkListNode") {
    const { level, rows } = decodeListNode(bytes);
    return rows.map(({ digest }) => ({ digest, type: level === 0 ? "chunk" : "chunkListNode" }));
  }
  const node = decodeNode(bytes);
  if (node.level > 0) return (node as InnerNode).rows.map(({ digest }) => ({ digest, type: "manifestNode" }));
  return (node as LeafNode).rows.map(contentOf).filter((child) => child !== undefined);
}

/** What holds the content of an entry; `undefined` for one without content of its own. */
export function contentOf(entry: Entry): Child | undefined {
  if (entry.kind !== "file" || entry.size === 0) return undefined;
  if (entry.chunkList !== undefined) return { digest: entry.chunkList, type: "chunkListNode" };
  return { digest: entry.digest, type: "chunk" };
}
