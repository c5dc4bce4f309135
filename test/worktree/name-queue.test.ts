import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comparePaths } from "../../src/manifest/index.ts";
import { NameQueue } from "../../src/worktree/name-queue.ts";
import { seeded } from "../support/random.ts";

const SEPARATOR = "\0/";
const marks = ["", "\0", "/", "\0?"];

function taken(names: readonly string[], isLeftOut?: (name: string) => boolean): string[] {
  const queue = new NameQueue(SEPARATOR);
  for (const name of names) queue.add(name, /[\ud800-\udfff]/.test(name));
  queue.finish(isLeftOut);
  const out: string[] = [];
  while (!queue.isEmpty) out.push(queue.take() as string);
  expect(queue.take()).toBeUndefined();
  return out;
}

describe("names of a folder", () => {
  test("few of them are taken in path order", () => {
    const part = fc.constantFrom("a", "Z", "?", "é", "\uff5a", "\u{1f600}", "-", "00000000000000");
    const name = fc
      .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.constantFrom(...marks))
      .map(([parts, mark]) => parts.join("") + mark);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 50 }), (names) => {
        expect(taken(names)).toEqual([...names].sort(comparePaths));
      }),
    );
  });

  test.each(["plain", "of all planes"])("so are many, %s, that are sorted in parts", (kind) => {
    const random = seeded(kind.length);
    const heads = kind === "plain" ? ["a", "b?", "name-of-fourteen"] : ["a", "\uff5a", "\u{1f600}", "é"];
    const names = Array.from({ length: 50_001 }, (_, index) => {
      const head = heads[random(heads.length)] as string;
      return `${head}${random(1_000_000)}-${index}${marks[index % marks.length]}`;
    });
    const sorted = [...names].sort(comparePaths);
    expect(taken(names)).toEqual(sorted);
    expect(taken(sorted)).toEqual(sorted);
    const isLeftOut = (name: string): boolean => name.startsWith("a");
    expect(taken(names, isLeftOut)).toEqual(sorted.filter((name) => !isLeftOut(name)));
    expect(taken(names, () => true)).toEqual([]);
  });
});
