/** Has content of versions here that is on a remote only: with few requests, and in memory that stays bounded. */
import type { VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { isArtifoldError, throwIfAborted } from "../errors.ts";
import { decodeNode, EMPTY_MANIFEST, type InnerNode } from "../manifest/index.ts";
import { changedFiles, differingNodes, newChunks, type TreeSource } from "../sync/index.ts";
import { manifestReader } from "./content.ts";
import type { Engine } from "./engine.ts";
import type { ObjectSource } from "./object-source.ts";

/** Raw bytes, and count, of chunks that are fetched together. */
const WINDOW_BYTES: number = 32 * 1024 * 1024;
const WINDOW_CHUNKS = 16 * 1024;
/** Nodes that are fetched together. */
const WINDOW_NODES = 256;

/** What to bring, and who hears of it. */
export interface BringOptions {
  /** A manifest all of whose content is here, or on its way. Default: none. */
  readonly base?: Digest | undefined;
  /** Paths that are meant. */
  readonly filter?: ((path: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Hears of content that is here, or on its way. */
  readonly onBytes?: ((bytes: number, path: string) => void) | undefined;
}

/** Has all content of a manifest here, or of what of it is meant. */
export async function bringManifest(source: ObjectSource, manifest: Digest, options: BringOptions = {}): Promise<void> {
  const window = new ChunkWindow(source, options.signal);
  await bringInto(window, manifest, options);
  await window.flush();
}

/** Has the nodes of a manifest here, and its chunks on their way: they are here when the window is flushed. */
export async function bringInto(window: ChunkWindow, manifest: Digest, options: BringOptions): Promise<void> {
  const { source } = window;
  const { base = EMPTY_MANIFEST, filter, signal, onBytes } = options;
  const tree = treeSource(source);
  await bringNodes(tree, manifest, base);
  for await (const file of changedFiles(manifestReader(source), base, manifest)) {
    throwIfAborted(signal);
    if (filter?.(file.entry.path) === false) continue;
    for await (const chunks of newChunks(tree, file)) {
      for (const { digest, length } of chunks) await window.add(digest, length);
    }
    onBytes?.(file.entry.size, file.entry.path);
  }
}

/** Has all content of a version here, and writes down that it is, unless the store has no room or cannot be written. */
export async function bringWhole(
  engine: Engine,
  { version, manifest }: VersionRow,
  options: Omit<BringOptions, "filter">,
): Promise<void> {
  const loss = await engine.source.keeping(() => bringManifest(engine.source, manifest, options));
  if (loss !== undefined || engine.isReadOnly) return;
  try {
    await engine.commit(() => ({ changes: [{ change: "whole", versions: [version] }] }), options.signal);
  } catch (error) {
    // The content is here all the same. The next time may have more room.
    if (!isArtifoldError(error) || error.happened !== "no") throw error;
  }
}

/** Nodes of a store, and of its remotes. */
export function treeSource(source: ObjectSource): TreeSource {
  return {
    readNode: (digest, type) => source.read(digest, type),
    prefetch: (objects) => source.prefetch(objects),
  };
}

/** Has all nodes of a manifest here that a base has not. */
async function bringNodes(tree: TreeSource, manifest: Digest, base: Digest): Promise<void> {
  if (manifest === EMPTY_MANIFEST || manifest === base) return;
  if (base === EMPTY_MANIFEST) return bringBelow(tree, [manifest]);
  const { freshLeaves } = await differingNodes(tree, "manifestNode", manifest, base);
  await bringAll(tree, [...freshLeaves], async () => {});
}

/** Has nodes here, and what is below them. */
async function bringBelow(tree: TreeSource, digests: readonly Digest[]): Promise<void> {
  await bringAll(tree, digests, async (window) => {
    for (const digest of window) {
      const node = decodeNode(await tree.readNode(digest, "manifestNode"));
      if (node.level === 0) return;
      await bringBelow(
        tree,
        (node as InnerNode).rows.map((row) => row.digest),
      );
    }
  });
}

async function bringAll(
  tree: TreeSource,
  digests: readonly Digest[],
  then: (window: readonly Digest[]) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < digests.length; from += WINDOW_NODES) {
    const window = digests.slice(from, from + WINDOW_NODES);
    await tree.prefetch?.(window.map((digest) => ({ digest, type: "manifestNode" })));
    await then(window);
  }
}

/** Chunks that are to be fetched together. */
export class ChunkWindow {
  readonly source: ObjectSource;
  readonly #signal: AbortSignal | undefined;
  #digests: Digest[] = [];
  #bytes = 0;

  constructor(source: ObjectSource, signal: AbortSignal | undefined) {
    this.source = source;
    this.#signal = signal;
  }

  async add(digest: Digest, length: number): Promise<void> {
    this.#digests.push(digest);
    this.#bytes += length;
    if (this.#bytes >= WINDOW_BYTES || this.#digests.length >= WINDOW_CHUNKS) await this.flush();
  }

  async flush(): Promise<void> {
    const digests = this.#digests;
    this.#digests = [];
    this.#bytes = 0;
    if (digests.length > 0) await this.source.bring(digests, this.#signal);
  }
}
