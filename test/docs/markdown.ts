/** Reads the project's Markdown: its files, headings, links and code blocks. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** Folders at the top that are not the project's own. */
const NOT_OURS = new Set([".git", "node_modules", "dist", "coverage"]);

/** All Markdown files of the project, as paths from its root. */
export function markdownFiles(): string[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (item) => item.isDirectory() && !NOT_OURS.has(item.name),
  );
  const below = folders.flatMap(({ name }) =>
    readdirSync(root + name, { recursive: true }).map((file) => `${name}/${String(file).replaceAll("\\", "/")}`),
  );
  return [...readdirSync(root), ...below]
    .filter((file) => file.endsWith(".md") && !file.startsWith("bench/.work"))
    .sort();
}

export function readProjectFile(file: string): string {
  return readFileSync(root + file, "utf8");
}

/** The text of a document without its code: what links and headings are looked for in. */
export function proseOf(markdown: string): string {
  return withoutBlocks(markdown).replace(/`[^`\n]*`/g, "``");
}

/** The anchors that GitHub gives to a document's headings. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of withoutBlocks(markdown).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const text = (heading as string).replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
    const anchor = text
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "")
      .replace(/ /g, "-");
    let unique = anchor;
    for (let again = 1; anchors.has(unique); again++) unique = `${anchor}-${again}`;
    anchors.add(unique);
  }
  return anchors;
}

/** The targets of a document's links and images. */
export function linksOf(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/\]\(([^()\s]+)(?: "[^"]*")?\)/g)].map((match) => match[1] as string);
}

/** The code blocks of a language, in order. */
export function blocksOf(markdown: string, language: string): string[] {
  const blocks = markdown.matchAll(/^```(\S*)[^\n]*\n([\s\S]*?)^```$/gm);
  return [...blocks].filter((block) => block[1] === language).map((block) => block[2] as string);
}

function withoutBlocks(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, "");
}

/** The files of the project that a document names in code spans: `src/errors.ts`, `test/vectors/`, `scripts/build.mjs`. */
export function pathsOf(markdown: string): string[] {
  const spans = [...withoutBlocks(markdown).matchAll(/`([^`\n]+)`/g)].map((match) => match[1] as string);
  return spans.filter(
    (span) =>
      /^[\w./-]+\/[\w.-]+\.(ts|mjs|json|md)$/.test(span) ||
      /^(src|test|docs|scripts|bench|examples)\/[\w./-]*$/.test(span),
  );
}
