/** A table that gets a column more: no line stays as it was, and all that stood there before still does. */
import path from "node:path";
import { writeBlocks } from "../files.mjs";
import { rowBlocks } from "../lines.mjs";
import { randomIntegers } from "../seeded.mjs";

const ROWS = 4_000_000;

export function column(scale) {
  const rows = Math.max(4000, Math.round(ROWS * scale));
  const write = (tree, blocks) => writeBlocks(path.join(tree, "table.csv"), blocks);
  return {
    about: `a table of CSV with ${rows.toLocaleString("en-US")} rows`,
    make: (tree) => write(tree, rowBlocks("column", rows, rowOf)),
    changes: {
      v2: {
        about: "a column more at the end of each row",
        make: (tree) => {
          const added = randomIntegers("column added");
          const more = (...row) => `${rowOf(...row)},${added() % 4}`;
          write(tree, rowBlocks("column", rows, more));
        },
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}

function rowOf(row, next, word) {
  const numbers = Array.from({ length: 5 }, () => (next() % 100_000) / 1000);
  return [row, word(), next() % 2 === 0 ? "left" : "right", ...numbers, next() % 1000].join();
}
