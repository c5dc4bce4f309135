/** How much of a version is meant. */
import type { Digest } from "../digest/index.ts";
import { manifestSums, type NodeReader, readEntries } from "../manifest/index.ts";
import { WatchedGlobs } from "../worktree/index.ts";

/** How much is meant. */
export interface SelectedSums {
  readonly files: number;
  readonly bytes: number;
  /** Globs that matched nothing. */
  readonly unmatched: readonly string[];
}

/** Files and bytes of a manifest that globs mean; without globs all. */
export async function selectedSums(
  reader: NodeReader,
  manifest: Digest,
  globs: readonly string[] | undefined,
): Promise<SelectedSums> {
  if (globs === undefined) {
    const { files, bytes } = await manifestSums(reader, manifest);
    return { files, bytes, unmatched: [] };
  }
  const watched = new WatchedGlobs(globs);
  let files = 0;
  let bytes = 0;
  for await (const batch of readEntries(reader, manifest)) {
    for (const entry of batch) {
      if (!watched.isMeant(entry.path) || entry.kind !== "file") continue;
      files++;
      bytes += entry.size;
    }
  }
  return { files, bytes, unmatched: watched.unmatched };
}
