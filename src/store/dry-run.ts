/** Takes what an upload would store, and only counts: for `--dry-run`. */
import type { Digest } from "../digest/index.ts";
import type { NodeSink } from "../manifest/index.ts";
import type { ContentWriter, ObjectStore } from "../objects/index.ts";

/** What a draft needs of whatever takes its content; a `ContentWriter` is one. */
export type Content = Pick<
  ContentWriter,
  | "newBytes"
  | "hasChunk"
  | "wants"
  | "addChunks"
  | "manifestNodes"
  | "chunkListNodes"
  | "readNode"
  | "ready"
  | "seal"
  | "close"
  | "abort"
>;

/** Counts new content and keeps nodes in memory, so that the manifest that would be can be built and read. */
export class DryContent implements Content {
  readonly #store: ObjectStore;
  // 48 bits of each digest: two that meet by chance make the count wrong by one chunk in 10^14.
  readonly #seen = new Set<number>();
  readonly #nodes = new Map<Digest, Uint8Array>();
  #newBytes = 0;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  get newBytes(): number {
    return this.#newBytes;
  }

  readonly manifestNodes: NodeSink = { writeNode: (digest, bytes) => void this.#nodes.set(digest, bytes) };
  readonly chunkListNodes: NodeSink = this.manifestNodes;

  hasChunk(digest: Digest): boolean {
    return this.#seen.has(shortForm(digest)) || this.#store.locate(digest) !== undefined;
  }

  wants(digest: Digest, length: number): boolean {
    if (!this.hasChunk(digest)) {
      this.#seen.add(shortForm(digest));
      this.#newBytes += length;
    }
    return false;
  }

  addChunks(): void {
    throw new TypeError("a dry run wants no chunks");
  }

  async readNode(digest: Digest, type: "manifestNode" | "chunkListNode" = "manifestNode"): Promise<Uint8Array> {
    return this.#nodes.get(digest) ?? this.#store.read(digest, type);
  }

  async ready(): Promise<void> {}

  async seal(): Promise<never> {
    throw new TypeError("a dry run is not sealed");
  }

  close(): void {}

  async abort(): Promise<void> {}
}

function shortForm(digest: Digest): number {
  return Number.parseInt(digest.slice(0, 12), 16);
}
