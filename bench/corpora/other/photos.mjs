/** Photos by class: files of some hundred kilobytes that nothing compresses, and a folder that gets another name. */
import { renameSync, rmSync } from "node:fs";
import path from "node:path";
import { fileWriter, replaceFile } from "../files.mjs";
import { logNormalSizes, randomBytes } from "../seeded.mjs";

const FILES = 3200;
const CLASSES = 32;
const MEAN_BYTES = 96 * 1024;
/** What comes before the picture in a file of a camera: the same tables in each. */
const HEAD_BYTES = 620;

export function photos(scale) {
  const perClass = Math.max(4, Math.round((FILES * scale) / CLASSES));
  const head = randomBytes("photos head", HEAD_BYTES);
  const nameOf = (group, index) => `class-${String(group).padStart(2, "0")}/IMG_${String(index).padStart(5, "0")}.jpg`;
  const contentOf = (name, size) => Buffer.concat([head, randomBytes(`photos ${name}`, size)]);
  return {
    about: `${(perClass * CLASSES).toLocaleString("en-US")} photos in ${CLASSES} folders, log-normal sizes, 96 KiB on average`,
    make: (tree) => {
      const write = fileWriter(tree);
      const sizeOf = logNormalSizes("photos sizes", MEAN_BYTES);
      for (let group = 0; group < CLASSES; group++)
        for (let index = 0; index < perClass; index++) {
          const name = nameOf(group, index);
          write(name, contentOf(name, sizeOf()));
        }
    },
    changes: {
      v2: {
        about:
          "a folder renamed, and in each of the others a photo added; in each fourth of them one edited and one deleted",
        make: (tree) => {
          const write = fileWriter(tree);
          const sizeOf = logNormalSizes("photos v2 sizes", MEAN_BYTES);
          renameSync(path.join(tree, "class-00"), path.join(tree, "class-00-checked"));
          for (let group = 1; group < CLASSES; group++) {
            write(nameOf(group, perClass), contentOf(`v2 ${group}`, sizeOf()));
            if (group % 4 !== 0) continue;
            replaceFile(path.join(tree, nameOf(group, 1)), contentOf(`v2 edited ${group}`, sizeOf()));
            rmSync(path.join(tree, nameOf(group, 2)));
          }
        },
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}
