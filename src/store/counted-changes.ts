/** How many entries a draft changed, as far as that is known without comparing manifests. */
import type { Digest } from "../digest/index.ts";
import type { EditCounts } from "../manifest/index.ts";

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
