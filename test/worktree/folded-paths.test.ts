import fc from "fast-check";
import { expect, test } from "vitest";
import { FoldedPaths } from "../../src/worktree/folded-paths.ts";

test("another path that folds to the same is found, whichever of them came first", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "A", "b", "B", "/"), maxLength: 4 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), (paths) => {
      const folded = new FoldedPaths();
      const model = new Map<string, string>();
      for (const path of paths) {
        const key = path.toLowerCase();
        const known = model.get(key);
        if (known === undefined) model.set(key, path);
        expect(folded.look(path, key)).toBe(known === path ? undefined : known);
      }
    }),
  );
});

test("among very many it is found too, up to as many as are remembered", () => {
  const folded = new FoldedPaths();
  const paths = Array.from({ length: 250_000 }, (_, index) => `folder/name-${index}`);
  expect(paths.filter((path) => folded.look(path, path) !== undefined)).toEqual([]);
  const found = paths.filter((path) => folded.look(path.toUpperCase(), path) === path);
  expect(found).toEqual(paths.slice(0, 200_000));
});
