/** Folders in folders with long names and few files in each, and one near the top that gets another name. */
import { renameSync } from "node:fs";
import path from "node:path";
import { fileWriter, replaceFile } from "../files.mjs";
import { randomIntegers, wordFiller } from "../seeded.mjs";

const FILES = 24_000;
const LEVELS = 10;

export function deep(scale) {
  const files = Math.max(200, Math.round(FILES * scale));
  const names = namesOf(files);
  return {
    about: `${files.toLocaleString("en-US")} files of 0.5 to 4 KiB, ${LEVELS} folders deep, in names of some 200 bytes`,
    make: (tree) => {
      const write = fileWriter(tree);
      for (const [index, name] of names.entries()) write(name, contentOf(index, "first"));
    },
    changes: {
      v2: {
        about: "a folder of the second level renamed, and a hundredth of the files changed",
        make: (tree) => {
          for (let index = 0; index < files; index += 100)
            replaceFile(path.join(tree, names[index]), contentOf(index, "v2"));
          const [top, folder] = names[0].split("/");
          renameSync(path.join(tree, top, folder), path.join(tree, top, `${folder}-of-last-year`));
        },
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}

/** Three folders in each of the first levels, some more in each of the last, about four files in one. */
function namesOf(files) {
  const next = randomIntegers("deep names");
  return Array.from({ length: files }, (_, index) => {
    const folders = Array.from({ length: LEVELS }, (_, level) => {
      const wide = level < LEVELS - 2 ? (level % 3 === 0 ? 3 : 1) : 15;
      return `measurements-${level}-${next() % wide}`;
    });
    return `${folders.join("/")}/sample-${index}.txt`;
  });
}

function contentOf(index, version) {
  const next = randomIntegers(`deep ${index} ${version}`);
  return wordFiller(`deep words ${index} ${version}`)(Buffer.allocUnsafe(512 + (next() % 3584)));
}
