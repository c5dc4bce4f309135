/** The steps of a cycle: what each is, what a contender does in it, and the limit of the machine that it is compared with. */
import { laterReleases } from "./corpora/npm.mjs";

export const steps = {
  first: { title: "first upload", does: "add", limit: "cp -r", meaning: "the tree into an empty store" },
  unchanged: { title: "unchanged", does: "add", limit: "find", meaning: "the same tree again, nothing touched" },
  oneFile: {
    title: "one more file",
    does: "add",
    limit: "find",
    meaning: "one file added to the tree, then the upload",
  },
  v2: { title: "v2", does: "add", limit: "find", meaning: "the changes that the corpus names, then the upload" },
  ...Object.fromEntries(
    laterReleases.map((release) => [
      release,
      { title: release, does: "add", limit: "cp -r", meaning: "then the upload" },
    ]),
  ),
  download: {
    title: "download",
    does: "restore",
    limit: "cp -r",
    meaning: "the first version into an empty folder; for npm the last one",
  },
  downloadLater: {
    title: "download, verified later",
    does: "restoreLater",
    limit: "cp -r",
    meaning: 'the same with `verify: "later"`: clones that nobody has read yet',
  },
  switch: {
    title: "switch V1 to V2",
    does: "switchTo",
    limit: "find",
    meaning: "that folder made to hold the newest version",
  },
  verify: { title: "verify", does: "verify", limit: "b3sum", meaning: "everything in the store read and checked" },
};
