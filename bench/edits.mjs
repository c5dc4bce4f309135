/** Edits of files as programs make them. Each returns how many bytes it wrote anew. */
import { closeSync, openSync, readSync, renameSync, statSync, writeFileSync, writeSync } from "node:fs";
import { randomBytes } from "./seeded.mjs";

const BLOCK_BYTES = 4 << 20;
const RANGES = 16;

/** Gives a file other bytes: written beside it and renamed, as an editor does. */
export function replaceFile(file, bytes) {
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
  return bytes.length;
}

/** Puts bytes between those of a file. */
export function insertIntoFile(file, offset, bytes) {
  const from = openSync(file, "r");
  const to = openSync(`${file}.new`, "w");
  const { size } = statSync(file);
  const at = Math.min(offset, size);
  copyRange(from, to, 0, at);
  writeSync(to, bytes);
  copyRange(from, to, at, size);
  closeSync(from);
  closeSync(to);
  renameSync(`${file}.new`, file);
  return bytes.length;
}

function copyRange(from, to, start, end) {
  const block = Buffer.alloc(Math.max(1, Math.min(BLOCK_BYTES, end - start)));
  for (let at = start; at < end; ) {
    const length = readSync(from, block, 0, Math.min(block.length, end - at), at);
    writeSync(to, block, 0, length);
    at += length;
  }
}

/** Overwrites 1 % of a file in place, in a few ranges that lie evenly in it. */
export function overwriteRanges(file, size, seed, content = randomBytes) {
  const length = Math.max(1, Math.floor(size / 100 / RANGES));
  const fd = openSync(file, "r+");
  for (let range = 0; range < RANGES; range++) {
    writeSync(fd, content(`${seed} ${range}`, length), 0, length, Math.floor(((range + 0.5) * size) / RANGES));
  }
  closeSync(fd);
  return RANGES * length;
}
