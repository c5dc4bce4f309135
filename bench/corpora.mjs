/** The corpora: what each holds, how it is made from its seed, and how it changes from one version to the next. */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { insertIntoFile, overwriteRanges, replaceFile } from "./edits.mjs";
import { logNormalSize, randomBlocks, randomBytes, randomNumbers, randomText } from "./seeded.mjs";
import { csvBlocks, jsonBlocks } from "./tables.mjs";

const MiB = 1 << 20;
const INSERTED_BYTES = 1024;

/**
 * A corpus has `make(tree)`, and for each kind of change that it knows a function (tree, generation) that makes the change
 * and returns the bytes of the files or ranges that it wrote anew. Generations differ, so no change is ever made twice.
 */
export function corpora(scale) {
  return {
    large: large(scale),
    many: many(scale),
    "tiny-tenth": tiny(scale / 10),
    tiny: tiny(scale),
    text: text(scale),
  };
}

/** What is run together: corpora of one group take turns, so that their figures can be compared. */
export const groups = {
  large: ["large"],
  many: ["many"],
  tiny: ["tiny-tenth", "tiny"],
  text: ["text"],
};

function count(full, scale) {
  return Math.max(1, Math.round(full * scale));
}

function large(scale) {
  const bytes = count(2048 * MiB, scale);
  const file = (tree) => path.join(tree, "model.bin");
  return {
    about: `one file of ${formatSize(bytes)}, random bytes`,
    files: 1,
    bytes,
    make: (tree) => writeBlocks(file(tree), randomBlocks("large", bytes)),
    changes: {
      insert: (tree, generation) =>
        insertIntoFile(file(tree), 100_000, randomBytes(`large insert ${generation}`, INSERTED_BYTES)),
      onePercent: (tree, generation) => overwriteRanges(file(tree), bytes, `large ${generation}`),
    },
  };
}

/** 500 folders in two levels at full scale; half of the files text, half of them random bytes. */
function many(scale) {
  const files = count(100_000, scale);
  const perFolder = 200;
  const sizes = randomNumbers("many sizes");
  const sizeOf = Float64Array.from({ length: files }, () => logNormalSize(sizes, 8192));
  const place = (index) => {
    const folder = Math.floor(index / perFolder);
    return path.join(`part-${folder % 20}`, `group-${Math.floor(folder / 20)}`, `file-${index}.dat`);
  };
  const content = (index, generation) =>
    (index % 2 === 0 ? randomText : randomBytes)(`many ${index} ${generation}`, sizeOf[index]);
  return {
    about: `${files.toLocaleString("en-US")} files of 8 KiB on average in nested folders`,
    files,
    bytes: sizeOf.reduce((sum, size) => sum + size, 0),
    make: (tree) => writeMany(tree, files, place, (index) => content(index, 0)),
    changes: fileChanges(files, place, content),
  };
}

function tiny(scale) {
  const files = count(1_000_000, scale);
  const place = (index) => `sample-${String(index).padStart(7, "0")}.txt`;
  const content = (index, generation) => Buffer.from(`sample ${index} of generation ${generation}\n`);
  let bytes = 0;
  for (let index = 0; index < files; index++) bytes += content(index, 0).length;
  return {
    about: `${files.toLocaleString("en-US")} files of about 30 bytes in one folder`,
    files,
    bytes,
    make: (tree) => writeMany(tree, files, place, (index) => content(index, 0)),
    changes: fileChanges(files, place, content),
  };
}

function text(scale) {
  const parts = 16;
  const bytes = count(64 * MiB, scale);
  const file = (tree, part) => path.join(tree, `table-${part}.${part % 2 === 0 ? "csv" : "jsonl"}`);
  return {
    about: `${parts} files of ${formatSize(bytes)}, tables of words and numbers, half CSV, half JSON lines`,
    files: parts,
    bytes: parts * bytes,
    make: (tree) => {
      for (let part = 0; part < parts; part++) {
        writeBlocks(file(tree, part), (part % 2 === 0 ? csvBlocks : jsonBlocks)(`text ${part}`, bytes));
      }
    },
    changes: {
      insert: (tree, generation) =>
        insertIntoFile(file(tree, 0), 10_000, randomText(`text insert ${generation}`, INSERTED_BYTES)),
      onePercent: (tree, generation) => {
        let changed = 0;
        for (let part = 0; part < parts; part++) {
          changed += overwriteRanges(file(tree, part), bytes, `text ${part} ${generation}`, randomText);
        }
        return changed;
      },
    },
  };
}

function fileChanges(files, place, content) {
  const change = (tree, index, generation) => {
    const bytes = content(index, generation);
    replaceFile(path.join(tree, place(index)), bytes);
    return bytes.length;
  };
  return {
    oneFile: (tree, generation) => change(tree, Math.floor(files / 3), generation),
    onePercent: (tree, generation) => {
      let changed = 0;
      for (let index = 7; index < files; index += 100) changed += change(tree, index, generation);
      return changed;
    },
  };
}

function writeMany(tree, files, place, content) {
  const made = new Set();
  for (let index = 0; index < files; index++) {
    const file = path.join(tree, place(index));
    const folder = path.dirname(file);
    if (!made.has(folder)) {
      mkdirSync(folder, { recursive: true });
      made.add(folder);
    }
    writeFileSync(file, content(index));
  }
}

function writeBlocks(file, blocks) {
  const fd = openSync(file, "w");
  for (const block of blocks) writeSync(fd, block);
  closeSync(fd);
}

/** A size for people. */
export function formatSize(bytes) {
  if (bytes >= 1024 * MiB) return `${(bytes / 1024 / MiB).toFixed(1)} GiB`;
  if (bytes >= MiB) return `${(bytes / MiB).toFixed(1)} MiB`;
  return bytes >= 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${bytes} B`;
}
