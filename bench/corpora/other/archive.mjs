/** One tar archive of source code, and the archive of the next release: what a hundredth of its files moves. */
import path from "node:path";
import { replaceFile, writeBlocks } from "../files.mjs";
import { randomIntegers, wordPicker } from "../seeded.mjs";

const FILES = 20_000;
const BLOCK = 512;
const RELEASED = [1_700_000_000, 1_710_000_000];
const openings = ["if (", "for (const ", "return ", "const ", "await ", "throw new Error(", "export function "];

export function archive(scale) {
  const files = Math.max(100, Math.round(FILES * scale));
  const fileOf = (tree) => path.join(tree, "source.tar");
  return {
    about: `a tar archive of ${files.toLocaleString("en-US")} files of source code`,
    make: (tree) => writeBlocks(fileOf(tree), tar(files, 0)),
    changes: {
      v2: {
        about: "lines added in a hundredth of its files",
        make: (tree) => replaceFile(fileOf(tree), Buffer.concat([...tar(files, 1)])),
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}

function* tar(files, release) {
  for (let index = 0; index < files; index++) {
    const isChanged = release > 0 && index % 100 === 50;
    const text = sourceOf(index, isChanged);
    yield headOf(`source/part-${index % 97}/module-${index}.ts`, text.length, RELEASED[isChanged ? 1 : 0]);
    yield text;
    yield Buffer.alloc(-text.length & (BLOCK - 1));
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** The head of a file in the format ustar (POSIX.1-1988). */
function headOf(name, size, seconds) {
  const head = Buffer.alloc(BLOCK);
  const octal = (value, digits) => `${value.toString(8).padStart(digits, "0")}\0`;
  head.write(name, 0, "latin1");
  head.write(octal(0o644, 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(seconds, 11), 100, "latin1");
  head.write("        0", 148, "latin1");
  head.write("ustar\x0000", 257, "latin1");
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return head;
}

function sourceOf(index, isChanged) {
  const next = randomIntegers(`archive ${index}`);
  const word = wordPicker(`archive words ${index}`);
  const lines = Array.from({ length: 20 + (next() % 400) }, () => {
    const indent = "  ".repeat(next() % 5);
    return `${indent}${openings[next() % openings.length]}${word()}.${word()}(${word()}, ${next() % 100});`;
  });
  if (isChanged) lines.splice(next() % lines.length, 0, ...Array.from({ length: 12 }, (_, at) => `// ${at} ${word()}`));
  return Buffer.from(`${lines.join("\n")}\n`, "latin1");
}
