/** Paths that are said not to match any rule do not match one, whatever the rules are. */
import fc from "fast-check";
import ignore from "ignore";
import { describe, expect, test } from "vitest";
import { IgnoreNames } from "../../src/worktree/ignore-names.ts";

const signs = [
  "a",
  "b",
  ".",
  "*",
  "**",
  "?",
  "[ab]",
  "[!a]",
  "/",
  "!",
  "#",
  "\\",
  " ",
  "(",
  "a/b",
  "/**",
  "**/",
  "*.b",
  "\ufeff",
];
const rule = fc.array(fc.constantFrom(...signs), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
const name = fc.array(fc.constantFrom("a", "b", ".", "ab", " ", "#"), { minLength: 1, maxLength: 3 });
const path = fc
  .array(
    name.map((parts) => parts.join("")).filter((text) => !/^\.{1,2}$/.test(text)),
    { minLength: 1, maxLength: 4 },
  )
  .map((names) => names.join("/"));

test("what may not match a rule is neither left out nor taken back by one, as a file and as a folder", () => {
  let certain = 0;
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), fc.array(path, { maxLength: 20 }), (rules, paths) => {
      const text = rules.join("\n");
      const names = new IgnoreNames(text);
      const all = ignore({ ignorecase: false }).add(text);
      for (const each of paths) {
        if (names.mayMatch(each)) continue;
        certain++;
        for (const asked of [each, `${each}/`]) {
          expect([text, asked, all.test(asked)]).toMatchObject([text, asked, { ignored: false, unignored: false }]);
        }
      }
    }),
    { numRuns: 3000 },
  );
  expect(certain).toBeGreaterThan(1000);
});

describe("of rules as people write them", () => {
  const names = new IgnoreNames(
    "# comment\n\n*.log\n!keep.log\nnode_modules/\n/build\ndata/raw/*.tmp\r\ncache/**\ntmp/*\n*.py[co]\nfoo*bar\n",
  );

  test.each(["a/x.log", "keep.log", "node_modules", "a/node_modules/b", "build", "x.tmp", "cache/deep/file", "tmp/x"])(
    "%s may match",
    (each) => expect(names.mayMatch(each)).toBe(true),
  );
  test.each(["x.pyc", "foo-bar"])("%s may match by its beginning or end", (each) =>
    expect(names.mayMatch(each)).toBe(true),
  );
  test.each(["x.txt", "a/log", "builds/x", "deep/folder/of/data.csv", "comment", "foo", "x.tmp2"])(
    "%s matches none",
    (each) => expect(names.mayMatch(each)).toBe(false),
  );
});
