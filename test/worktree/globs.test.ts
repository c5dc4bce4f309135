/** Looking only where globs can mean something gives what looking everywhere gives. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { comparePaths } from "../../src/manifest/index.ts";
import { compileGlobs, rangesOfGlobs } from "../../src/worktree/index.ts";

const name = fc.constantFrom("a", "b", "ab", "a-b", "a0", "é", "한", "x.csv", "[a]", "a b");
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
const part = fc.oneof({ weight: 3, arbitrary: name }, fc.constantFrom("*", "**", "a*", "{a,b}", "?", "*.csv", "."));
const glob = fc
  .tuple(fc.constantFrom("", "/", "./"), fc.array(part, { minLength: 1, maxLength: 4 }), fc.constantFrom("", "/"))
  .map(([before, parts, after]) => before + parts.join("/") + after);

test("ranges of globs hold all that the globs mean, once and in order", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(path, { maxLength: 60 }),
      fc.array(glob, { minLength: 1, maxLength: 4 }),
      (all, globs) => {
        const paths = all.sort(comparePaths);
        const filter = compileGlobs(globs);
        const found = rangesOfGlobs(globs).flatMap(({ from, to }) =>
          paths.filter(
            (each) =>
              (from === undefined || comparePaths(each, from) >= 0) &&
              (to === undefined || comparePaths(each, to) < 0) &&
              filter(each),
          ),
        );
        expect(found).toEqual(paths.filter(filter));
      },
    ),
    { numRuns: 2000 },
  );
});

test("of a path only what lies there is looked at", () => {
  expect(rangesOfGlobs(["a/b.csv"])).toEqual([{ from: "a/b.csv", to: "a/b.csv0" }]);
  expect(rangesOfGlobs(["/x/", "a/b/*.csv", "a/b/c"])).toEqual([
    { from: "a/b", to: "a/b0" },
    { from: "x", to: "x0" },
  ]);
  expect(rangesOfGlobs(["*.csv", "a/b"])).toEqual([{}]);
});
