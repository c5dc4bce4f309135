/** Documents of which a machine writes a part: what stands between two marks. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const BEGIN = "<!-- figures: written by a machine -->";
const END = "<!-- end of figures -->";
const biome = fileURLToPath(new URL("../../node_modules/@biomejs/biome/bin/biome", import.meta.url));

/** Writes parts of Markdown between the marks of a document; a document that is not there is begun. */
export function writeFigures(file, title, parts) {
  mkdirSync(path.dirname(file), { recursive: true });
  const before = existsSync(file) ? readFileSync(file, "utf8") : `# ${title}\n\n${BEGIN}\n\n${END}\n`;
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for figures: ${BEGIN} … ${END}`);
  const text = [BEGIN, ...parts.filter((part) => part !== ""), END].join("\n\n");
  writeFileSync(file, before.slice(0, begin) + text + before.slice(end + END.length));
  // As every document of the project is laid out.
  spawnSync(process.execPath, [biome, "format", "--write", file], { stdio: "ignore" });
  console.error(`wrote ${file}`);
}

/** The machine that figures are of, in a sentence. */
export function machineOf(about) {
  return `${about.date}; ${about.system}, ${about.cpu}, ${about.memoryGiB} GiB of memory, Node ${about.node}; load at the start ${about.loadAtStart.toFixed(1)}.`;
}
