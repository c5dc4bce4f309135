/** Where nodes come from and go to. The tree code does no I/O of its own. */
import type { Digest } from "../digest/index.ts";
import { malformed } from "./codec.ts";
import { LeafRows, NO_ROWS } from "./leaf-rows.ts";
import {
  type ChildFacts,
  type ChildRow,
  decodeNode,
  EMPTY_NODE_BYTES,
  type ManifestNode,
  nodeDigest,
  sumRows,
} from "./node.ts";

/**
 * Gives the bytes of nodes. What it gives has been checked against the digest; a digest that is not there rejects with
 * DAMAGED, for whoever holds the digest was promised the node.
 */
export interface NodeSource {
  readNode(digest: Digest): Uint8Array | Promise<Uint8Array>;
}

/** Takes the bytes of new nodes. Taking the same node twice is allowed. */
export interface NodeSink {
  /** @param like an older node whose place it takes, and which it may resemble */
  writeNode(digest: Digest, bytes: Uint8Array, like?: Digest): void;
}

/** Refuses a node that is not what its parent says of it. */
export function checkChild(row: ChildRow, parentLevel: number, child: ChildFacts): void {
  if (child.level !== parentLevel - 1) malformed("manifest: a child of the wrong level");
  if (child.first !== row.path) malformed("manifest: a child with another first path");
  if (child.entries !== row.entries || child.files !== row.files || child.bytes !== row.bytes) {
    malformed("manifest: a child with other sums");
  }
}

/** Refuses a root with one child: the child alone is the same manifest, which would have a second digest. */
export function checkRoot(node: ManifestNode): void {
  if (node.level > 0 && node.rows.length < 2) malformed("manifest: a root with one row");
}

/** Digest of the manifest without entries. */
export const EMPTY_MANIFEST: Digest = nodeDigest(EMPTY_NODE_BYTES);

/** How many bytes of encoded nodes a reader keeps decoded, which takes five times as much: inner nodes, and some leaves. */
const CACHE_BYTES = 4 * 1024 * 1024;

/** Reads and decodes nodes, and keeps those used last. */
export class NodeReader {
  /**
   * Whether a path may be another's parent. Only for a manifest in the making: where the edits of a folder or of a merge are
   * applied in one pass, what stands in their way is known at its end, and is taken out before anybody sees the result.
   */
  readonly isUnsettled: boolean;
  readonly #source: NodeSource;
  readonly #kept = new Map<Digest, KeptNode>();
  #keptBytes = 0;

  constructor(source: NodeSource, options: { isUnsettled?: boolean } = {}) {
    this.#source = source;
    this.isUnsettled = options.isUnsettled === true;
  }

  /** Reads the root of a manifest. The empty manifest needs no source. */
  async root(digest: Digest): Promise<ManifestNode> {
    if (digest === EMPTY_MANIFEST) return { level: 0, rows: [] };
    const node = await this.node(digest);
    checkRoot(node);
    return node;
  }

  /** Reads a node wherever it stands in a tree. */
  async node(digest: Digest): Promise<ManifestNode> {
    const kept = await this.#read(digest);
    kept.node ??= decodeNode(kept.bytes, this.isUnsettled);
    return kept.node;
  }

  /**
   * Reads a child and checks it against what its parent says of it: level, first path, sums. A hostile tree is refused
   * here before anybody acts on it.
   */
  async child(row: ChildRow, parentLevel: number): Promise<ManifestNode> {
    const kept = await this.#read(row.digest);
    kept.node ??= decodeNode(kept.bytes, this.isUnsettled);
    const { node } = kept;
    kept.facts ??= { level: node.level, first: node.rows[0]?.path, ...sumRows(node) };
    checkChild(row, parentLevel, kept.facts);
    return node;
  }

  /** Reads a leaf below a node of level 1 without looking at all that its rows say; checks it as {@link child} does. */
  async leaf(row: ChildRow): Promise<LeafRows> {
    const leaf = await this.#leaf(row.digest);
    checkChild(row, 1, leaf.facts);
    return leaf;
  }

  /** Reads a root that is a leaf in the same way. */
  async rootLeaf(digest: Digest): Promise<LeafRows> {
    return digest === EMPTY_MANIFEST ? NO_ROWS : this.#leaf(digest);
  }

  async #leaf(digest: Digest): Promise<LeafRows> {
    const kept = await this.#read(digest);
    kept.leaf ??= LeafRows.open(kept.bytes);
    return kept.leaf;
  }

  async #read(digest: Digest): Promise<KeptNode> {
    const known = this.#kept.get(digest);
    if (known !== undefined) {
      // A Map keeps the order of insertion: putting it in again makes it the newest.
      this.#kept.delete(digest);
      this.#kept.set(digest, known);
      return known;
    }
    const kept: KeptNode = { bytes: await this.#source.readNode(digest) };
    this.#kept.set(digest, kept);
    this.#keptBytes += kept.bytes.length;
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#keptBytes <= CACHE_BYTES) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= bytes.length;
    }
    return kept;
  }
}

/** A node, with what was made of its bytes so far. */
interface KeptNode {
  readonly bytes: Uint8Array;
  node?: ManifestNode;
  facts?: ChildFacts;
  leaf?: LeafRows;
}
