// Writes the help of every command into docs/cli.md, from the built command. With --check it only says whether it is up to date.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = `${root}docs/cli.md`;

function help(...words) {
  return execFileSync(process.execPath, [`${root}dist/cli.cjs`, "help", ...words], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", COLUMNS: "120" },
  }).trimEnd();
}

const [, list] = /\nCommands:\n(.*?)\n\n/s.exec(help());
// Lines that are further in go on with the one above.
const names = [...list.matchAll(/^ {2}(\S.*?) {2}/gm)].map(([, name]) => name);
const common = /\n\nOptions of every command:\n.*/s;
const sections = names.map((name) => {
  const text = help(...name.split(" "));
  return `### ${name}\n\n\`\`\`text\n${text.replace(common, "")}\n\`\`\``;
});
sections.push(`### Options of every command\n\n\`\`\`text\n${common.exec(help("ls"))[0].trim()}\n\`\`\``);

const before = readFileSync(page, "utf8");
const start = "<!-- help -->\n\n";
const end = "\n\n<!-- end of help -->";
const after =
  before.slice(0, before.indexOf(start) + start.length) + sections.join("\n\n") + before.slice(before.indexOf(end));
if (process.argv.includes("--check")) {
  if (before !== after) {
    console.error("docs/cli.md is not up to date: run node scripts/cli-help.mjs");
    process.exit(1);
  }
} else writeFileSync(page, after);
