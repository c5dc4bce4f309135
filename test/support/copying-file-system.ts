/** A file system that clones by copying: what comes after a clone is the same everywhere, and can be tested everywhere. */
import { constants, copyFileSync } from "node:fs";
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";

export const copyingFileSystem: FileSystem = {
  ...nodeFileSystem,
  clone: (from, to) => copyFileSync(from, to, constants.COPYFILE_EXCL),
};
