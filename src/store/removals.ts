/** What globs take out of a manifest. */
import type { Digest } from "../digest/index.ts";
import { type Edit, type NodeReader, readEntries } from "../manifest/index.ts";
import { rangesOfGlobs, type WatchedGlobs } from "../worktree/index.ts";

/** The edits that take out what globs mean. @param watched the same globs; learns which of them match @param onRemoved called for each entry */
export async function* removals(
  reader: NodeReader,
  root: Digest,
  globs: readonly string[],
  watched: WatchedGlobs,
  onRemoved: () => void,
): AsyncGenerator<readonly Edit[], void, undefined> {
  for (const range of rangesOfGlobs(globs)) {
    for await (const batch of readEntries(reader, root, range)) {
      const gone = batch.filter((entry) => watched.isMeant(entry.path));
      for (const _ of gone) onRemoved();
      if (gone.length > 0) yield gone.map((entry) => ({ path: entry.path, entry: undefined }));
    }
  }
}
