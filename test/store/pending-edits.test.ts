/** Edits that wait: what stands in an entry's way among them, against a plain search through all of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { PendingEdits } from "../../src/store/pending-edits.ts";
import { fileEntry } from "../support/entries.ts";

const paths = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

test("finds what an entry would be below, and whether others are below it, and gives the last edits in path order", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(paths, fc.boolean())), paths, (edits, path) => {
      const pending = new PendingEdits();
      const model = new Map<string, boolean>();
      for (const [each, isThere] of edits) {
        pending.set(each, isThere ? fileEntry(each, "x") : undefined);
        model.set(each, isThere);
      }
      const there = [...model].filter(([, isThere]) => isThere).map(([each]) => each);
      const above = there.filter((each) => path.startsWith(`${each}/`));
      const isFolder = there.some((each) => each.startsWith(`${path}/`));
      expect(pending.inTheWayOf(path).sort()).toEqual([...above, ...(isFolder ? [path] : [])].sort());
      expect(pending.take().map((edit) => [edit.path, edit.entry !== undefined])).toEqual([...model].sort());
      expect([pending.size, pending.inTheWayOf(path)]).toEqual([0, []]);
    }),
  );
});
