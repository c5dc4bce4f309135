/** Many small files: what most folders of data are. */
import { rmSync } from "node:fs";
import path from "node:path";
import { fileWriter, replaceFile } from "./files.mjs";
import { logNormalSizes, randomBytes, wordFiller } from "./seeded.mjs";

const FILES = 100_000;
const PER_FOLDER = 200;
const MEAN_BYTES = 8192;

/** 100,000 files in 500 folders; of log-normal sizes, 8 KiB on average; half of them words, half of them random. */
export function small(scale) {
  const files = Math.max(10 * PER_FOLDER, Math.round(FILES * scale));
  const changed = Math.round(files / 100);
  const tenth = Math.round(files / 1000);
  return {
    about: `${files.toLocaleString("en-US")} files in ${Math.ceil(files / PER_FOLDER)} folders, log-normal sizes, 8 KiB on average; half words, half random bytes`,
    make: (tree) => {
      const write = fileWriter(tree);
      const sizeOf = logNormalSizes("small sizes", MEAN_BYTES);
      for (let index = 0; index < files; index++) write(nameOf(index), contentOf(index, "first", sizeOf()));
    },
    changes: {
      oneFile: {
        about: "one file of 8 KiB added",
        make: (tree) => fileWriter(tree)("part-03/added.dat", randomBytes("small one file", MEAN_BYTES)),
      },
      v2: {
        about: `${changed.toLocaleString("en-US")} files rewritten, ${tenth} added, ${tenth} deleted`,
        make: (tree) => {
          const write = fileWriter(tree);
          const sizeOf = logNormalSizes("small v2 sizes", MEAN_BYTES);
          for (let index = 0; index < changed; index++) {
            const at = index * 100 + 7 + (index % 2);
            replaceFile(path.join(tree, nameOf(at)), contentOf(at, "v2", sizeOf()));
          }
          for (let index = 0; index < tenth; index++) {
            const at = index * 1000;
            write(nameOf(at).replace("file-", "more-"), contentOf(at + (index % 2), "more", sizeOf()));
            rmSync(path.join(tree, nameOf(at + 500)));
          }
        },
      },
    },
    steps: ["first", "unchanged", "oneFile", "v2", "download", "switch", "verify"],
  };
}

function nameOf(index) {
  const folder = Math.floor(index / PER_FOLDER);
  const part = String(folder % 20).padStart(2, "0");
  return `part-${part}/group-${Math.floor(folder / 20)}/file-${index}.dat`;
}

function contentOf(index, version, size) {
  const seed = `small ${index} ${version}`;
  return index % 2 === 0 ? wordFiller(seed)(Buffer.allocUnsafe(size)) : randomBytes(seed, size);
}
