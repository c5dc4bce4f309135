/** How many entries a draft changed, as far as that is known without comparing manifests. */
import type { Digest } from "../digest/index.ts";
import {
  diffManifests,
  type EditCounts,
  EMPTY_MANIFEST,
  manifestSums,
  type NodeReader,
  type Sums,
} from "../manifest/index.ts";

/** What passes of edits changed of a manifest. */
export class CountedChanges {
  readonly #base: Digest;
  #passes: EditCounts[] | undefined = [];

  /** @param base the manifest that the first pass began with */
  constructor(base: Digest) {
    this.#base = base;
  }

  /** Notes what one pass changed. */
  add(counts: EditCounts): void {
    if (counts.added + counts.modified + counts.removed > 0) this.#passes?.push(counts);
  }

  /** The manifest was replaced by something else than edits. */
  forget(): void {
    this.#passes = undefined;
  }

  /** What differs from a manifest, where that is known: of several passes, one may undo what another did. */
  since(manifest: Digest): EditCounts | undefined {
    if (manifest !== this.#base || this.#passes === undefined || this.#passes.length > 1) return undefined;
    return this.#passes[0] ?? { added: 0, modified: 0, removed: 0 };
  }
}

/** What a draft comes to. */
export interface ChangeCounts {
  readonly counts: EditCounts;
  readonly sums: Sums;
}

/** Counts what differs between a manifest and the one that a draft came to; they are compared only where it does not know. */
export async function countChanges(
  { reader, changes }: { readonly reader: NodeReader; readonly changes: CountedChanges },
  before: Digest,
  after: Digest,
): Promise<ChangeCounts> {
  const sums = await manifestSums(reader, after);
  if (before === EMPTY_MANIFEST) return { counts: { added: sums.entries, modified: 0, removed: 0 }, sums };
  const known = changes.since(before);
  if (known !== undefined) return { counts: known, sums };
  const counts = { added: 0, modified: 0, removed: 0 };
  for await (const batch of diffManifests(reader, before, after)) {
    for (const change of batch) {
      if (change.before === undefined) counts.added++;
      else if (change.after === undefined) counts.removed++;
      else counts.modified++;
    }
  }
  return { counts, sums };
}
