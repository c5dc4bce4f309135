/** Annotations, a document for each sample, and a small edit in every one of them. */
import path from "node:path";
import { fileWriter, replaceFile } from "../files.mjs";
import { randomIntegers, wordPicker } from "../seeded.mjs";

const FILES = 16_000;
const PER_FOLDER = 500;

export function documents(scale) {
  const files = Math.max(100, Math.round(FILES * scale));
  return {
    about: `${files.toLocaleString("en-US")} documents of JSON, 2 to 14 KiB`,
    make: (tree) => {
      const write = fileWriter(tree);
      for (let index = 0; index < files; index++) write(nameOf(index), documentOf(index, 1));
    },
    changes: {
      v2: {
        about: "one number and one label changed in every document",
        make: (tree) => {
          for (let index = 0; index < files; index++) replaceFile(path.join(tree, nameOf(index)), documentOf(index, 2));
        },
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}

function nameOf(index) {
  return `part-${Math.floor(index / PER_FOLDER)}/sample-${String(index).padStart(6, "0")}.json`;
}

function documentOf(index, revision) {
  const next = randomIntegers(`documents ${index}`);
  const word = wordPicker(`documents words ${index}`);
  const boxes = Array.from({ length: 10 + (next() % 70) }, () => ({
    label: word(),
    box: [next() % 4096, next() % 4096, next() % 4096, next() % 4096],
    confidence: (next() % 10_000) / 10_000,
  }));
  if (revision > 1) boxes[next() % boxes.length].label = "checked";
  return Buffer.from(JSON.stringify({ id: index, revision, source: `${word()}.jpg`, boxes }, undefined, 1), "latin1");
}
