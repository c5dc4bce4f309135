// Writes the table of error codes in docs/errors.md from src/errors.ts. With --check it only says whether it is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = `${root}docs/errors.md`;
const list = /export const errorCodes = \{(.*?)\n\} as const;/s.exec(readFileSync(`${root}src/errors.ts`, "utf8"))[1];
const rows = [["code", "exit", "meaning"]];
for (const [, meaning, code, exit] of list.matchAll(/\/\*\* (.*?) \*\/\s+([A-Z_]+): (\d+),/gs)) {
  rows.push([`\`${code}\``, exit, meaning.replace(/\s*\n\s*\*\s*/g, " ")]);
}

// Padded as the formatter pads it.
const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`);
lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);

const before = readFileSync(page, "utf8");
const start = "<!-- codes -->\n\n";
const end = "\n\n<!-- end of codes -->";
const from = before.indexOf(start) + start.length;
const after = before.slice(0, from) + lines.join("\n") + before.slice(before.indexOf(end));
if (process.argv.includes("--check")) {
  if (after !== before) {
    console.error("docs/errors.md is not what src/errors.ts says. Run `node scripts/errors-table.mjs`.");
    process.exit(1);
  }
} else writeFileSync(page, after);
