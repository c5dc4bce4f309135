/**
 * The corpora. Each has
 *
 * - `about`, in a sentence;
 * - `make(tree, master)`, which makes the first version in a folder (and what it needs later beside it, in `master`);
 * - `changes`: by the step before which it is made, `{ about, make(tree, master) }`;
 * - `steps`, in order;
 * - `document`, the report that shows it;
 * - perhaps `missing()`, which says why it cannot be made here; `fileSystem`; `files`; `master`, the corpus whose first version it shares; `leavesOutPeers`, why only artifold takes part.
 */
import { big, bigOnReflink } from "./big.mjs";
import { linux } from "./linux.mjs";
import { npm } from "./npm.mjs";
import { archive } from "./other/archive.mjs";
import { checkpoints } from "./other/checkpoints.mjs";
import { column } from "./other/column.mjs";
import { database } from "./other/database.mjs";
import { deep } from "./other/deep.mjs";
import { documents } from "./other/documents.mjs";
import { logs } from "./other/logs.mjs";
import { photos } from "./other/photos.mjs";
import { small } from "./small.mjs";
import { text } from "./text.mjs";
import { tiny } from "./tiny.mjs";

/** Raised whenever a generator changes: what was made before is not used then. */
export const CORPORA = 1;

/** Those that there are aims for. */
const main = {
  small,
  big,
  "big-reflink": bigOnReflink,
  text,
  linux,
  npm,
  "tiny-tenth": (scale) => tiny(scale / 10),
  tiny,
};

/** Other kinds of folders: none of them is an aim. */
const other = { photos, checkpoints, database, logs, documents, column, archive, deep };

export const makers = { ...main, ...other };

/** What `--corpus` takes beside the names of corpora. */
export const groups = { main: Object.keys(main), other: Object.keys(other) };

/** @param scale 1 is full size */
export function corpusOf(name, scale) {
  const document = name in main ? "benchmarks" : "other-folders";
  return { name, master: name, document, fileSystem: "ext4", missing: () => undefined, ...makers[name](scale) };
}
