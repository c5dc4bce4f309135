/** Reads the content of files of a version: whole, in part, or as a stream. Every byte is checked on its way out. */
import { contentHasher, type Digest } from "../digest/index.ts";
import { ArtifoldError, throwIfAborted } from "../errors.ts";
import { type ByteRange, type FileEntry, NodeReader, type NodeSource, readChunkList } from "../manifest/index.ts";
import type { ObjectSource } from "./object-source.ts";

/** Reads manifests. */
export function manifestReader(source: ObjectSource): NodeReader {
  let reader = readers.get(source);
  if (reader === undefined) {
    reader = new NodeReader({ readNode: (digest) => source.read(digest, "manifestNode") });
    readers.set(source, reader);
  }
  return reader;
}

/** Has nodes read from the store again, or from where they are: what could not be kept stays in the memory of the reader only. */
export function forgetNodes(source: ObjectSource): void {
  readers.delete(source);
}

/** One for each open store: nodes never change, and whoever looks at a version mostly looks again. */
const readers = new WeakMap<ObjectSource, NodeReader>();

/** Nodes of chunk lists. */
export function chunkListSource(source: ObjectSource): NodeSource {
  return { readNode: (digest: Digest) => source.read(digest, "chunkListNode") };
}

/** So many chunks of a file are fetched together where they are on a remote only. */
const CHUNKS_AHEAD = 64;

/**
 * Gives the bytes of a range of a file, piece by piece. A range beyond the end is cut there. Each chunk is checked; a file
 * that is read from its beginning to its end is checked as a whole too, before its last piece is given.
 */
export async function* readContent(
  source: ObjectSource,
  entry: FileEntry,
  range: ByteRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const from = Math.min(range.from, entry.size);
  const to = Math.min(range.to, entry.size);
  if (from >= to) return;
  if (entry.chunkList === undefined) {
    const bytes = await source.readLater(entry.digest, "chunk");
    if (bytes.length !== entry.size) throw wrongLength(entry);
    yield bytes.subarray(from, to);
    return;
  }
  const hasher = from === 0 && to === entry.size ? contentHasher() : undefined;
  for await (const chunks of readChunkList(chunkListSource(source), entry.chunkList, entry.size, { from, to })) {
    for (const [at, chunk] of chunks.entries()) {
      throwIfAborted(signal);
      if (at % CHUNKS_AHEAD === 0) {
        const ahead = chunks.slice(at, at + CHUNKS_AHEAD).map(({ digest }) => digest);
        await source.bring(ahead, signal);
      }
      const bytes = await source.readLater(chunk.digest, "chunk");
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
