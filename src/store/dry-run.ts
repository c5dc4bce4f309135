/** Takes what an upload would store, and only counts: for `--dry-run`. */
import { type Digest, digestToBytes } from "../digest/index.ts";
import type { NodeSink } from "../manifest/index.ts";
import type { ContentWriter, StoredObjects, WrittenContent } from "../objects/index.ts";

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
  readonly #store: StoredObjects;
  // 48 bits of each digest: two that meet by chance make the count wrong by one chunk in 10^14.
  readonly #seen = new Set<number>();
  readonly #nodes = new Map<Digest, Uint8Array>();
  #newBytes = 0;

  constructor(store: StoredObjects) {
    this.#store = store;
  }

  get newBytes(): number {
    return this.#newBytes;
  }

  readonly manifestNodes: NodeSink = { writeNode: (digest, bytes) => void this.#nodes.set(digest, bytes) };
  readonly chunkListNodes: NodeSink = this.manifestNodes;

  hasChunk(digest: Digest): boolean {
    return this.#hasChunkAt(digestToBytes(digest), 0);
  }

  wants(digests: Uint8Array, at: number, length: number): boolean {
    if (!this.#hasChunkAt(digests, at)) {
      this.#seen.add(shortForm(digests, at));
      this.#newBytes += length;
    }
    return false;
  }

  #hasChunkAt(digests: Uint8Array, at: number): boolean {
    return this.#seen.has(shortForm(digests, at)) || this.#store.locateAt(digests, at) !== undefined;
  }

  addChunks(): void {
    throw new TypeError("a dry run wants no chunks");
  }

  async readNode(digest: Digest, type: "manifestNode" | "chunkListNode" = "manifestNode"): Promise<Uint8Array> {
    return this.#nodes.get(digest) ?? this.#store.read(digest, type);
  }

  async ready(): Promise<void> {}

  async seal(): Promise<WrittenContent> {
    return { frames: [], packs: [], files: [] };
  }

  close(): void {}

  async abort(): Promise<void> {}
}

/** The first 48 bits of a digest. */
function shortForm(digests: Uint8Array, at: number): number {
  return (
    new DataView(digests.buffer, digests.byteOffset + at).getUint32(0) * 2 ** 16 +
    ((digests[at + 4] as number) << 8) +
    (digests[at + 5] as number)
  );
}
