/** Compressible text: tables as data sets have them, in blocks of about 1 MiB. */
import { randomNumbers, randomWords } from "./seeded.mjs";

const BLOCK_BYTES = 1 << 20;

/** Lines of CSV, `length` bytes in all. */
export function csvBlocks(seed, length) {
  return blocks(seed, length, (row, number, word) =>
    [
      row,
      word(),
      word(),
      (number() * 1000).toFixed(3),
      number() < 0.5 ? "train" : "test",
      `${word()} ${word()}`,
    ].join(),
  );
}

/** Lines of JSON, `length` bytes in all. */
export function jsonBlocks(seed, length) {
  return blocks(seed, length, (row, number, word) =>
    JSON.stringify({
      id: row,
      label: word(),
      score: Math.round(number() * 1e6) / 1e6,
      text: `${word()} ${word()} ${word()}`,
    }),
  );
}

function* blocks(seed, length, line) {
  const number = randomNumbers(seed);
  const word = randomWords(number);
  let row = 0;
  for (let left = length; left > 0; ) {
    const lines = [];
    let size = 0;
    while (size < BLOCK_BYTES) {
      const text = line(row++, number, word);
      lines.push(text);
      size += text.length + 1;
    }
    const block = Buffer.from(`${lines.join("\n")}\n`, "latin1").subarray(0, left);
    yield block;
    left -= block.length;
  }
}
