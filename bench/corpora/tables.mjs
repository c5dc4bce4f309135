/** Compressible text: tables as data sets have them, in blocks of about 1 MiB. */
import { lineBlocks } from "./lines.mjs";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2024, 0, 1);
const regions = ["north", "south", "east", "west"];

/** Lines of CSV, `length` bytes in all. */
export function csvBlocks(seed, length) {
  return lineBlocks(seed, length, (row, next, word) =>
    [
      row,
      dayOf(row),
      `batch-${Math.floor(row / 1000)}`,
      regions[next() % 4],
      `user-${next() % 500}`,
      next() % 10 === 0 ? "test" : "train",
      `${next() % 100}.${next() % 10}`,
      next() % 8 === 0 ? "missing" : "complete",
      `${word()} ${word()} ${word()}`,
    ].join(),
  );
}

/** Lines of JSON, `length` bytes in all. */
export function jsonBlocks(seed, length) {
  return lineBlocks(seed, length, (row, next, word) =>
    JSON.stringify({
      id: row,
      source: "sensor",
      time: dayOf(row),
      user: { name: `user-${next() % 500}`, region: regions[next() % 4] },
      label: word(),
      score: next() % 1000,
      split: next() % 10 === 0 ? "test" : "train",
      text: Array.from({ length: 6 }, word).join(" "),
    }),
  );
}

/** Some thousand rows a day. */
function dayOf(row) {
  return new Date(START_MS + Math.floor(row / 4000) * DAY_MS).toISOString().slice(0, 10);
}
