/** Very many tiny files in one folder: where whatever grows faster than the number of files shows. */
import { fileWriter } from "./files.mjs";

const FILES = 1_000_000;

/** 1,000,000 files of some 30 bytes in one folder. */
export function tiny(scale) {
  const files = Math.max(1000, Math.round(FILES * scale));
  return {
    about: `${files.toLocaleString("en-US")} files of about 30 bytes in one folder`,
    files,
    make: (tree) => {
      const write = fileWriter(tree);
      for (let index = 0; index < files; index++) write(nameOf(index), `sample ${index} of the first version\n`);
    },
    changes: {
      oneFile: { about: "one file added", make: (tree) => fileWriter(tree)("sample-added.txt", "one more sample\n") },
    },
    steps: ["first", "unchanged", "oneFile", "download", "verify"],
    leavesOutPeers: "only the growth with the number of files is looked at here",
  };
}

function nameOf(index) {
  return `sample-${String(index).padStart(7, "0")}.txt`;
}
