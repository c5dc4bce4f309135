/**
 * The corpora. Each has
 *
 * - `about`, in a sentence;
 * - `make(tree, master)`, which makes the first version in a folder (and what it needs later beside it, in `master`);
 * - `changes`: by the step before which it is made, `{ about, make(tree, master) }`;
 * - `steps`, in order;
 * - perhaps `missing()`, which says why it cannot be made here; `fileSystem`; `files`; `master`, the corpus whose first version it shares; `leavesOutPeers`, why only artifold takes part.
 */
import { big, bigOnReflink } from "./big.mjs";
import { linux } from "./linux.mjs";
import { npm } from "./npm.mjs";
import { small } from "./small.mjs";
import { text } from "./text.mjs";
import { tiny } from "./tiny.mjs";

/** Raised whenever a generator changes: what was made before is not used then. */
export const CORPORA = 1;

export const makers = {
  small,
  big,
  "big-reflink": bigOnReflink,
  text,
  linux,
  npm,
  "tiny-tenth": (scale) => tiny(scale / 10),
  tiny,
};

/** @param scale 1 is full size */
export function corpusOf(name, scale) {
  return { name, master: name, fileSystem: "ext4", missing: () => undefined, ...makers[name](scale) };
}
