/** Whether content is there. */
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { type FileEntry, readChunkList } from "../manifest/index.ts";
import type { Content } from "./dry-run.ts";

/** Whether the store has, or will have by what a draft brings, the whole content of a file. */
export async function isStored(content: Content, entry: FileEntry): Promise<boolean> {
  if (entry.size === 0) return true;
  if (entry.chunkList === undefined) return content.hasChunk(entry.digest);
  try {
    const source = { readNode: (digest: Digest) => content.readNode(digest, "chunkListNode") };
    for await (const chunks of readChunkList(source, entry.chunkList, entry.size)) {
      if (!chunks.every((chunk) => content.hasChunk(chunk.digest))) return false;
    }
    return true;
  } catch (error) {
    if (isArtifoldError(error, "DAMAGED")) return false;
    throw error;
  }
}
