/** Content of versions before, which new content may resemble. */
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import type { ContentWriter } from "../objects/index.ts";
import { OlderChunks, type OlderContent } from "../worktree/index.ts";

/** Where new chunks find what they may go on from. @param folder the store's */
export function olderContent(folder: string, content: ContentWriter): OlderContent {
  const source = { readNode: (digest: Digest) => content.readNode(digest, "chunkListNode") };
  return {
    folder,
    basesLike: (digest) => content.basesLike(digest),
    chunksOf: async (entry) => {
      try {
        return await OlderChunks.of(entry, source);
      } catch (error) {
        // What is lost of an older version is no hindrance to a new one.
        if (isArtifoldError(error, "DAMAGED")) return undefined;
        throw error;
      }
    },
  };
}
