/** Big tables of text. */
import path from "node:path";
import { writeBlocks } from "./files.mjs";
import { csvBlocks, jsonBlocks } from "./tables.mjs";

const BYTES = 2 ** 29;

/** 512 MiB of CSV and 512 MiB of JSON lines. */
export function text(scale) {
  const bytes = Math.max(2 ** 18, Math.round(BYTES * scale));
  const mib = (bytes / 2 ** 20).toLocaleString("en-US", { maximumFractionDigits: 1 });
  return {
    about: `two tables, ${mib} MiB of CSV and ${mib} MiB of JSON lines`,
    make: (tree) => {
      writeBlocks(path.join(tree, "table.csv"), csvBlocks("text csv", bytes));
      writeBlocks(path.join(tree, "table.jsonl"), jsonBlocks("text jsonl", bytes));
    },
    changes: {},
    steps: ["first", "unchanged", "download", "verify"],
  };
}
