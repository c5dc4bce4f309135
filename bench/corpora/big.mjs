/** One big file that nothing compresses: a model, a film, an archive. */
import path from "node:path";
import { rewriteFile, writeBlocks } from "./files.mjs";
import { randomBlocks, randomBytes, randomNumbers } from "./seeded.mjs";

const BYTES = 2 ** 31;
const INSERTED_BYTES = 1024;
const OVERWRITES = 200;
const OVERWRITTEN_BYTES = 4096;

/** One file of 2 GiB of random bytes. */
export function big(scale) {
  const bytes = Math.max(OVERWRITES * 2 * OVERWRITTEN_BYTES, Math.round(BYTES * scale));
  const overwrites = Math.max(1, Math.round(OVERWRITES * Math.min(1, scale)));
  const fileIn = (tree) => path.join(tree, "model.bin");
  return {
    about: `one file of ${Math.round(bytes / 2 ** 20).toLocaleString("en-US")} MiB of random bytes`,
    make: (tree) => writeBlocks(fileIn(tree), randomBlocks("big", bytes)),
    changes: {
      v2: {
        about: `1 KiB inserted at 30 %, and ${overwrites} scattered overwrites of 4 KiB`,
        make: (tree) => {
          const number = randomNumbers("big v2 places");
          const insert = { at: Math.floor(bytes * 0.3), bytes: randomBytes("big v2 insert", INSERTED_BYTES) };
          const edits = Array.from({ length: overwrites }, (_, index) => ({
            at: Math.floor(number() * (bytes - OVERWRITTEN_BYTES)),
            bytes: randomBytes(`big v2 ${index}`, OVERWRITTEN_BYTES),
          }));
          rewriteFile(fileIn(tree), insert, edits);
        },
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}

/** The same file where a copy can share its blocks. */
export function bigOnReflink(scale) {
  const corpus = big(scale);
  return {
    ...corpus,
    about: `${corpus.about}, on XFS, where files can be cloned`,
    master: "big",
    fileSystem: "xfs",
    changes: {},
    steps: ["first", "download", "downloadLater", "verify"],
  };
}
