import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import {
  afterFolder,
  baseOf,
  checkPath,
  comparePaths,
  isWellFormed,
  joinPath,
  nameProblem,
  ParentCheck,
  parentOf,
  pathProblem,
} from "../../src/manifest/index.ts";
import { paths } from "../support/entries.ts";

/** Texts with what is special in paths, and anything else, lone surrogates included. */
const texts: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "/", ".", "..", "\0", "é", "\u{1f408}", "\ud800", "\udc00", "\\", "\n") }),
  fc.string({ unit: "binary" }),
  paths,
);

/** The rules of a path, written down once more and plainly. */
function isPath(text: string): boolean {
  if (Buffer.from(text, "utf8").toString("utf8") !== text) return false;
  const parts = text.split("/");
  return (
    Buffer.byteLength(text) <= 4096 &&
    parts.length <= 256 &&
    parts.every((part) => !["", ".", ".."].includes(part) && !part.includes("\0") && Buffer.byteLength(part) <= 255)
  );
}

describe("paths of entries", () => {
  test("are what the rules say", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(pathProblem(text) === undefined).toBe(isPath(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    "",
    "/",
    "/absolute",
    "a/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "a/./b",
    "a/..",
    "a\0b",
    "\ud800",
    "a\udc00b",
    "x".repeat(256),
    "é".repeat(128),
    `${`${"x".repeat(200)}/`.repeat(21)}x`,
    `${"a/".repeat(256)}a`,
  ])("%j is refused", (text) => {
    expect(pathProblem(text)).toEqual(expect.any(String));
    expect(() => checkPath(text)).toThrow(expect.objectContaining({ code: "PATH_INVALID" }));
  });

  test.each([
    "a",
    "...",
    "..a",
    ".hidden",
    "a b/c\\d",
    "line\nbreak",
    "x".repeat(255),
    "é".repeat(127),
    "\u{1f408}".repeat(63),
    `${"x".repeat(255)}/`.repeat(15) + "x".repeat(255),
    `${"a/".repeat(255)}a`,
    "e\u0301 and \u00e9 are two",
  ])("%j is taken", (text) => {
    expect(pathProblem(text)).toBeUndefined();
    checkPath(text);
  });

  test("a refusal of a path is an error that says which", () => {
    try {
      checkPath("a/../b");
      expect.unreachable();
    } catch (error) {
      expect(isArtifoldError(error, "PATH_INVALID")).toBe(true);
      expect((error as Error).message).toContain('"a/../b"');
    }
  });

  test("a name from a folder is refused exactly when the path with it is", () => {
    const names = texts.filter((text) => !text.includes("/") && !text.includes("\0") && isWellFormed(text));
    const folders = fc.oneof(fc.constantFrom("", "x".repeat(255), `${`${"x".repeat(255)}/`.repeat(15)}yy`), paths);
    fc.assert(
      fc.property(
        folders,
        fc.oneof(
          names,
          fc.nat(300).map((length) => "n".repeat(length)),
        ),
        (folder, name) => {
          fc.pre(folder.split("/").length < 256);
          expect(nameProblem(folder, name) === undefined).toBe(pathProblem(joinPath(folder, name)) === undefined);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("are well formed when UTF-8 can hold them", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(isWellFormed(text)).toBe(Buffer.from(text, "utf8").toString("utf8") === text);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the order of paths", () => {
  test("is that of their UTF-8 bytes", () => {
    const wellFormed = fc.oneof(paths, fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(wellFormed, wellFormed, (left, right) => {
        const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
        expect(Math.sign(comparePaths(left, right))).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test("puts what is beyond the basic plane last, unlike UTF-16", () => {
    expect(comparePaths("\uffee", "\u{1f408}")).toBeLessThan(0);
    expect(comparePaths("\ud7ff", "\ue000")).toBeLessThan(0);
  });

  test("has all below a folder between the folder's slash and what comes after the folder", () => {
    fc.assert(
      fc.property(paths, paths, (folder, other) => {
        const isBelow = other.startsWith(`${folder}/`);
        const isBetween = comparePaths(other, `${folder}/`) >= 0 && comparePaths(other, afterFolder(folder)) < 0;
        expect(isBetween).toBe(isBelow);
      }),
      { numRuns: 1000 },
    );
  });
});

test("folder and last part put together are the path", () => {
  fc.assert(
    fc.property(paths, (path) => {
      expect(joinPath(parentOf(path), baseOf(path))).toBe(path);
    }),
  );
});

test("the check for parents finds one exactly where a path of the sequence is another's parent", () => {
  fc.assert(
    fc.property(fc.uniqueArray(paths, { maxLength: 40 }), (all) => {
      const inOrder = [...all].sort(comparePaths);
      const check = new ParentCheck();
      let found: string | undefined;
      for (const path of inOrder) {
        const parent = check.next(path);
        if (parent === undefined) continue;
        expect(inOrder).toContain(parent);
        expect(path.startsWith(`${parent}/`)).toBe(true);
        found = parent;
        break;
      }
      const exists = inOrder.some((path) => inOrder.some((other) => other.startsWith(`${path}/`)));
      expect(found !== undefined).toBe(exists);
    }),
    { numRuns: 500 },
  );
});
