/** Links in documents lead somewhere: to files that are there, and to headings that they have. Paths in them exist. */
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { anchorsOf, linksOf, markdownFiles, pathsOf, readProjectFile, root } from "./markdown.ts";

/** Says what is wrong with a link, or `undefined`. */
function problemOf(from: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return /^https:\/\/[a-z0-9.-]+(\/|$)/.test(link) ? undefined : "no https address";
  const [place = "", anchor] = link.split("#");
  const target = place === "" ? from : path.posix.join(path.posix.dirname(from), decodeURIComponent(place));
  if (target.startsWith("..")) return "leads out of the project";
  if (!existsSync(root + target)) return `there is no ${target}`;
  if (anchor === undefined) return undefined;
  if (statSync(root + target).isDirectory()) return "a folder has no headings";
  return anchorsOf(readProjectFile(target)).has(anchor) ? undefined : `${target} has no heading #${anchor}`;
}

describe.each(markdownFiles())("%s", (file) => {
  test("its links lead somewhere", () => {
    const problems = linksOf(readProjectFile(file)).map((link) => [link, problemOf(file, link)]);
    expect(problems.filter(([, problem]) => problem !== undefined)).toEqual([]);
  });

  test("the files of the project that it names exist", () => {
    const missing = pathsOf(readProjectFile(file)).filter(
      (name) => !existsSync(root + name) && !existsSync(`${root}src/${name}`),
    );
    expect(missing).toEqual([]);
  });
});

test("anchors are those that headings get", () => {
  const anchors = anchorsOf(
    "# What `it` needs, *now*\n\n## A [link](x.md)\n\n## Did it happen?\n\n## Did it happen?\n",
  );
  expect([...anchors]).toEqual(["what-it-needs-now", "a-link", "did-it-happen", "did-it-happen-1"]);
});

test("links in code are none", () => {
  expect(linksOf("[a](b.md) `[c](d.md)`\n\n```md\n[e](f.md)\n```\n\n[g](h.md#i)\n")).toEqual(["b.md", "h.md#i"]);
});
