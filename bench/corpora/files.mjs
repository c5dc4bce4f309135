/** Files of corpora, and edits of them as programs make them: written beside the old file and renamed, so that it is a new one. */
import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";

const BLOCK_BYTES = 4 << 20;

/** Writes a file from blocks, with the folders above it. */
export function writeBlocks(file, blocks) {
  mkdirSync(path.dirname(file), { recursive: true });
  const fd = openSync(file, "w");
  for (const block of blocks) writeSync(fd, block);
  closeSync(fd);
}

/** A writer of many files that asks the disk for each folder once. */
export function fileWriter(tree) {
  const made = new Set();
  return (name, bytes) => {
    const file = path.join(tree, name);
    const folder = path.dirname(file);
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    writeFileSync(file, bytes);
  };
}

/** Gives a file other bytes. */
export function replaceFile(file, bytes, mode = 0o644) {
  writeFileSync(`${file}.new`, bytes, { mode });
  renameSync(`${file}.new`, file);
}

/** Gives a file other bytes in some places and more in one. @param overwrites `{ at, bytes }` by places in the old file */
export function rewriteFile(file, insert, overwrites) {
  const { size } = statSync(file);
  const [from, to] = [openSync(file, "r"), openSync(`${file}.new`, "w+")];
  copyRange(from, to, 0, insert.at);
  writeSync(to, insert.bytes);
  copyRange(from, to, insert.at, size);
  for (const { at, bytes } of overwrites) {
    writeSync(to, bytes, 0, bytes.length, at < insert.at ? at : at + insert.bytes.length);
  }
  closeSync(from);
  closeSync(to);
  renameSync(`${file}.new`, file);
}

function copyRange(from, to, start, end) {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  for (let at = start; at < end; ) {
    const length = readSync(from, block, 0, Math.min(block.length, end - at), at);
    writeSync(to, block, 0, length);
    at += length;
  }
}
