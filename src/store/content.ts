/** Reads the content of files of a version: whole, in part, or as a stream. Every byte is checked on its way out. */
import { contentHasher, type Digest } from "../digest/index.ts";
import { ArtifoldError, throwIfAborted } from "../errors.ts";
import { type ByteRange, type FileEntry, NodeReader, type NodeSource, readChunkList } from "../manifest/index.ts";
import type { ObjectStore } from "../objects/index.ts";

/** Reads manifests of the store. */
export function manifestReader(objects: ObjectStore): NodeReader {
  return new NodeReader({ readNode: (digest) => objects.read(digest, "manifestNode") });
}

/** Nodes of chunk lists, from the store. */
export function chunkListSource(objects: ObjectStore): NodeSource {
  return { readNode: (digest: Digest) => objects.read(digest, "chunkListNode") };
}

/**
 * Gives the bytes of a range of a file, piece by piece. A range beyond the end is cut there. Each chunk is checked; a file
 * that is read from its beginning to its end is checked as a whole too, before its last piece is given.
 */
export async function* readContent(
  objects: ObjectStore,
  entry: FileEntry,
  range: ByteRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const from = Math.min(range.from, entry.size);
  const to = Math.min(range.to, entry.size);
  if (from >= to) return;
  if (entry.chunkList === undefined) {
    const bytes = objects.read(entry.digest, "chunk");
    if (bytes.length !== entry.size) throw wrongLength(entry);
    yield bytes.subarray(from, to);
    return;
  }
  const hasher = from === 0 && to === entry.size ? contentHasher() : undefined;
  for await (const chunks of readChunkList(chunkListSource(objects), entry.chunkList, entry.size, { from, to })) {
    for (const chunk of chunks) {
      throwIfAborted(signal);
      const bytes = objects.read(chunk.digest, "chunk");
      if (bytes.length !== chunk.length) throw wrongLength(entry);
      hasher?.update(bytes);
      const isLast = chunk.offset + chunk.length === entry.size;
      if (isLast && hasher !== undefined && hasher.digest() !== entry.digest) throw wrongContent(entry);
      yield bytes.subarray(Math.max(0, from - chunk.offset), Math.min(bytes.length, to - chunk.offset));
    }
  }
}

function wrongContent(entry: FileEntry): ArtifoldError {
  return new ArtifoldError("DAMAGED", `the stored chunks of ${entry.path} do not make its content`, {
    info: { path: entry.path, digest: entry.digest },
  });
}

function wrongLength(entry: FileEntry): ArtifoldError {
  return new ArtifoldError("DAMAGED", `the content of ${entry.path} is not as long as its version says`, {
    info: { path: entry.path },
  });
}
