// Writes the table of error codes in docs/errors.md from src/errors.ts. With --check it only says whether it is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = `${root}docs/errors.md`;
const list = /export const errorCodes = \{(.*?)\n\} as const;/s.exec(readFileSync(`${root}src/errors.ts`, "utf8"))[1];
const rows = [...list.matchAll(/\/\*\* (.*?) \*\/\s+([A-Z_]+): (\d+),/gs)].map(
  ([, meaning, code, exit]) => `| \`${code}\` | ${exit} | ${meaning.replace(/\s*\n\s*\*\s*/g, " ")} |`,
);
const table = ["| code | exit | meaning |", "| --- | --- | --- |", ...rows].join("\n");

const before = readFileSync(page, "utf8");
const after = before.replace(
  /(<!-- codes -->\n\n).*(\n\n<!-- end of codes -->)/s,
  (_, start, end) => start + table + end,
);
if (process.argv.includes("--check")) {
  if (after !== before) {
    console.error("docs/errors.md is not what src/errors.ts says. Run `node scripts/errors-table.mjs`.");
    process.exit(1);
  }
} else writeFileSync(page, after);
