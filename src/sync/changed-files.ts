/** Files of a version whose content another version has not, and the chunks that are new in them. */
import type { Digest } from "../digest/index.ts";
import {
  type ChunkRow,
  decodeListNode,
  diffManifests,
  EMPTY_MANIFEST,
  type FileEntry,
  type NodeReader,
  readChunkList,
  readEntries,
} from "../manifest/index.ts";
import { differingNodes, type TreeSource } from "./tree-difference.ts";

/** A file with new content. */
export interface ChangedFile {
  readonly entry: FileEntry;
  /** What stood at its path before, when that was a file too. */
  readonly before: FileEntry | undefined;
}

/** So many old nodes of a chunk list are looked through for chunks that stayed; of more it is not worth it. */
const OLD_LEAVES_MAX = 1024;

/** Files of a version that differ in content from those at the same paths of a base, in path order. */
export async function* changedFiles(
  reader: NodeReader,
  base: Digest,
  manifest: Digest,
): AsyncGenerator<ChangedFile, void, undefined> {
  if (base === EMPTY_MANIFEST) {
    for await (const batch of readEntries(reader, manifest)) {
      for (const entry of batch) if (entry.kind === "file" && entry.size > 0) yield { entry, before: undefined };
    }
    return;
  }
  for await (const batch of diffManifests(reader, base, manifest)) {
    for (const { before, after } of batch) {
      if (after?.kind !== "file" || after.size === 0) continue;
      const file = before?.kind === "file" ? before : undefined;
      if (file?.digest !== after.digest || file.chunkList !== after.chunkList) yield { entry: after, before: file };
    }
  }
}

/** The chunks of a changed file that its former content had not, in order, some at a time. */
export async function* newChunks(
  source: TreeSource,
  { entry, before }: ChangedFile,
): AsyncGenerator<readonly ChunkRow[], void, undefined> {
  if (entry.chunkList === undefined) {
    yield [{ digest: entry.digest, length: entry.size }];
    return;
  }
  if (before?.chunkList === undefined) {
    const lists = { readNode: (digest: Digest) => source.readNode(digest, "chunkListNode") };
    yield* readChunkList(lists, entry.chunkList, entry.size);
    return;
  }
  const { freshLeaves, oldLeaves } = await differingNodes(source, "chunkListNode", entry.chunkList, before.chunkList);
  const old = new Set<Digest>();
  if (oldLeaves.size <= OLD_LEAVES_MAX) {
    for (const leaf of oldLeaves) for (const { digest } of await chunksOf(source, leaf)) old.add(digest);
  }
  for (const leaf of freshLeaves) yield (await chunksOf(source, leaf)).filter(({ digest }) => !old.has(digest));
}

async function chunksOf(source: TreeSource, leaf: Digest): Promise<ChunkRow[]> {
  const { rows } = decodeListNode(await source.readNode(leaf, "chunkListNode"));
  return rows.map(({ digest, bytes }) => ({ digest, length: bytes }));
}
