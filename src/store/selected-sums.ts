/** How much of a version is meant. */
import type { Digest } from "../digest/index.ts";
import { manifestSums, type NodeReader, readEntries } from "../manifest/index.ts";
import type { PathFilter } from "../worktree/index.ts";

/** Files and bytes of a manifest that are meant. */
export async function selectedSums(
  reader: NodeReader,
  manifest: Digest,
  filter: PathFilter | undefined,
): Promise<{ files: number; bytes: number }> {
  if (filter === undefined) {
    const { files, bytes } = await manifestSums(reader, manifest);
    return { files, bytes };
  }
  let files = 0;
  let bytes = 0;
  for await (const batch of readEntries(reader, manifest)) {
    for (const entry of batch) {
      if (entry.kind !== "file" || !filter(entry.path)) continue;
      files++;
      bytes += entry.size;
    }
  }
  return { files, bytes };
}
