/** What globs take out of a manifest. */
import type { Digest } from "../digest/index.ts";
import { type Edit, type NodeReader, readEntries } from "../manifest/index.ts";
import { compileGlobs, rangesOfGlobs } from "../worktree/index.ts";

/** The edits that take out what globs mean. @param onRemoved called for each entry */
export async function* removals(
  reader: NodeReader,
  root: Digest,
  globs: readonly string[],
  onRemoved: () => void,
): AsyncGenerator<readonly Edit[], void, undefined> {
  const filter = compileGlobs(globs);
  for (const range of rangesOfGlobs(globs)) {
    for await (const batch of readEntries(reader, root, range)) {
      const gone = batch.filter((entry) => filter(entry.path));
      for (const _ of gone) onRemoved();
      if (gone.length > 0) yield gone.map((entry) => ({ path: entry.path, entry: undefined }));
    }
  }
}
