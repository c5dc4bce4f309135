/** Lines from a seed, for files of any length. */
import { randomIntegers, wordPicker } from "./seeded.mjs";

const BLOCK_BYTES = 1 << 20;

/**
 * So many lines, in blocks of about 1 MiB.
 *
 * @param line a function of (row, next, word) that gives a line without its end; `next()` and `word()` are of the seed
 */
export function* rowBlocks(seed, rows, line) {
  const next = randomIntegers(`${seed} numbers`);
  const word = wordPicker(`${seed} words`);
  for (let row = 0; row < rows; ) {
    let text = "";
    while (text.length < BLOCK_BYTES && row < rows) text += `${line(row++, next, word)}\n`;
    yield Buffer.from(text, "latin1");
  }
}

/** Lines of `length` bytes in all; the last may end where the bytes do. */
export function* lineBlocks(seed, length, line) {
  let left = length;
  for (const block of rowBlocks(seed, Number.POSITIVE_INFINITY, line)) {
    yield block.subarray(0, left);
    left -= block.length;
    if (left <= 0) return;
  }
}
