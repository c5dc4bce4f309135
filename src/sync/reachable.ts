/** What manifests lead to: all objects that a remote must keep for them. */
import { type Digest, digestToBytes } from "../digest/index.ts";
import { throwIfAborted } from "../errors.ts";
import { EMPTY_MANIFEST } from "../manifest/index.ts";
import { childrenOf, type NodeType } from "./children.ts";
import type { TreeSource } from "./tree-difference.ts";

/** Nodes that are fetched together. */
const WINDOW_NODES = 256;

/** Counts which of the reachable objects were seen somewhere. */
export interface SeenCount {
  see(digest: Uint8Array): void;
  seeDigest(digest: Digest): void;
  /** How many were not. */
  readonly missing: number;
}

/**
 * A set of objects by 52 bits of their digests: forty bytes each, and one that is not reachable is kept by mistake once in
 * many millions, which does no harm.
 */
export class Reachable {
  readonly #source: TreeSource;
  readonly #signal: AbortSignal | undefined;
  readonly #objects = new Set<number>();

  constructor(source: TreeSource, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
  }

  /** Adds a manifest and all below it. */
  async add(manifest: Digest): Promise<void> {
    if (manifest !== EMPTY_MANIFEST) await this.#walk([{ digest: manifest, type: "manifestNode" }]);
  }

  has(digest: Uint8Array): boolean {
    return this.#objects.has(shortOf(digest));
  }

  /** Begins to count. */
  counting(): SeenCount {
    const left = new Set(this.#objects);
    return {
      see: (digest) => void left.delete(shortOf(digest)),
      seeDigest: (digest) => void left.delete(shortOf(digestToBytes(digest))),
      get missing() {
        return left.size;
      },
    };
  }

  /** Walks nodes that were not walked before, some at a time, depth first. */
  async #walk(nodes: readonly { readonly digest: Digest; readonly type: NodeType }[]): Promise<void> {
    const fresh = nodes.filter(({ digest }) => this.#take(digest));
    for (let from = 0; from < fresh.length; from += WINDOW_NODES) {
      throwIfAborted(this.#signal);
      const window = fresh.slice(from, from + WINDOW_NODES);
      await this.#source.prefetch?.(window);
      for (const { digest, type } of window) {
        const below: { digest: Digest; type: NodeType }[] = [];
        for (const child of childrenOf(type, await this.#source.readNode(digest, type))) {
          if (child.type === "chunk") this.#take(child.digest);
          else below.push({ digest: child.digest, type: child.type as NodeType });
        }
        if (below.length > 0) await this.#walk(below);
      }
    }
  }

  /** @returns whether it is new */
  #take(digest: Digest): boolean {
    const before = this.#objects.size;
    this.#objects.add(shortOf(digestToBytes(digest)));
    return this.#objects.size > before;
  }
}

function shortOf(digest: Uint8Array): number {
  const bytes = Buffer.from(digest.buffer, digest.byteOffset, 8);
  return bytes.readUIntLE(0, 6) * 16 + ((bytes[6] as number) & 15);
}
