/** The steps of a cycle: what is done to the tree before each, what each contender then does, and what it is compared with. */

const uploads = [
  {
    id: "first",
    title: "first upload",
    meaning: "the whole tree into an empty store",
    limits: ["cp -r", "cat", "b3sum", "tar"],
  },
  {
    id: "unchanged",
    title: "unchanged upload",
    meaning: "the same tree again, nothing touched",
    limits: ["find -printf"],
  },
  {
    id: "oneFile",
    title: "one file changed",
    meaning: "one file replaced (written beside it and renamed), then the upload",
    changes: true,
    limits: ["find -printf"],
  },
  {
    id: "insert",
    title: "1 KiB inserted",
    meaning: "1 KiB put in near the start of the large file, or of one table, then the upload",
    changes: true,
    limits: ["b3sum"],
  },
  {
    id: "onePercent",
    title: "1 % changed",
    meaning:
      "every hundredth file replaced; in large files 16 ranges, 1 % in all, overwritten in place; then the upload",
    changes: true,
    limits: ["find -printf"],
  },
];

const downloads = [
  {
    id: "download",
    title: "download",
    meaning: "the first version written to an empty folder",
    does: "download",
    with: "target",
    limits: ["cp -r"],
  },
  {
    id: "switch",
    title: "switch",
    meaning: "that folder made to hold the newest version",
    does: "switchTo",
    with: "target",
    limits: ["find -printf"],
  },
];

const verify = {
  id: "verify",
  title: "verify",
  meaning: "everything in the store read and checked",
  does: "verify",
  limits: ["b3sum"],
};

/** In this order; in a phase of downloads each contender does both before the next begins. The first limit of a step is the one that ratios are made over. */
export const phases = [...uploads.map((step) => [{ does: "upload", ...step }]), downloads, [verify]];

export const steps = phases.flat();
