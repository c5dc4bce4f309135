/** Three-way merge of manifests, path by path. */
import type { Digest } from "../digest/index.ts";
import { type Change, diffManifests } from "./diff.ts";
import type { Edit } from "./edit.ts";
import { type Entry, sameEntry } from "./entry.ts";
import type { NodeReader } from "./node-source.ts";
import { comparePaths } from "./path.ts";

/** A path that both sides changed, and not to the same. */
export interface Clash {
  readonly path: string;
  readonly base: Entry | undefined;
  readonly ours: Entry | undefined;
  readonly theirs: Entry | undefined;
}

/** What a merge found: edits that make `theirs` the merged manifest, and clashes where nobody can decide. */
export interface MergeStep {
  readonly edits: readonly Edit[];
  readonly clashes: readonly Clash[];
}

/**
 * Compares what two sides did to a common base.
 *
 * Equal results of both sides are no clash. The edits are to be applied to `theirs`; a clash is left as `theirs` has it.
 * Steps come in path order.
 */
export async function* mergeManifests(
  reader: NodeReader,
  base: Digest,
  ours: Digest,
  theirs: Digest,
): AsyncGenerator<MergeStep, void, undefined> {
  const others = new Changes(diffManifests(reader, base, theirs));
  for await (const batch of diffManifests(reader, base, ours)) {
    const edits: Edit[] = [];
    const clashes: Clash[] = [];
    for (const change of batch) {
      const other = await others.at(change.path);
      if (other === undefined) edits.push({ path: change.path, entry: change.after });
      else if (!sameResult(change.after, other.after)) {
        clashes.push({ path: change.path, base: change.before, ours: change.after, theirs: other.after });
      }
    }
    yield { edits, clashes };
  }
}

function sameResult(left: Entry | undefined, right: Entry | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return sameEntry(left, right);
}

/** Changes that are asked for by ascending paths. */
class Changes {
  readonly #batches: AsyncIterator<readonly Change[]>;
  #batch: readonly Change[] = [];
  #index = 0;

  constructor(batches: AsyncIterable<readonly Change[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  async at(path: string): Promise<Change | undefined> {
    for (;;) {
      const change = this.#batch[this.#index];
      if (change === undefined) {
        const next = await this.#batches.next();
        if (next.done === true) return undefined;
        this.#batch = next.value;
        this.#index = 0;
        continue;
      }
      const order = comparePaths(change.path, path);
      if (order === 0) return change;
      if (order > 0) return undefined;
      this.#index++;
    }
  }
}
