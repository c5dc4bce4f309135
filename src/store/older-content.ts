/** Where an upload finds the content of versions before, on which deltas go on. */
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { ContentWriter } from "../objects/index.ts";
import { OlderChunks, type OlderContent } from "../worktree/index.ts";
import type { Content } from "./dry-run.ts";
import type { Engine } from "./engine.ts";

/** @returns nothing for a dry run, which makes no deltas */
export function olderContent(engine: Engine, content: Content): OlderContent | undefined {
  if (!(content instanceof ContentWriter)) return undefined;
  const source = { readNode: (digest: Digest) => content.readNode(digest, "chunkListNode") };
  return {
    folder: engine.folder,
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
