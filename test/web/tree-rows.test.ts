/** The tree at the left of the artifacts' page. */
import { expect, test } from "vitest";
import { type TreeState, treeRows } from "../../src/web/artifacts/tree-rows.ts";

const artifacts = [
  { type: "dataset", name: "a" },
  { type: "dataset", name: "b" },
  { type: "model", name: "a" },
];

function shown(state: TreeState): string[] {
  const rows = treeRows(artifacts, state);
  return Array.from({ length: rows.count }, (_, at) => {
    const row = rows.at(at);
    if (row?.kind === "type") return row.type;
    return row?.kind === "version" ? `  ${row.artifact.name} ${row.index}` : ` ${row?.artifact.name}`;
  });
}

test("types, their artifacts, and the versions of the open one", () => {
  expect(shown({ closed: new Set() })).toEqual(["dataset", " a", " b", "model", " a"]);
  expect(shown({ closed: new Set(), open: { type: "dataset", name: "a", versions: 2 } })).toEqual([
    ...["dataset", " a", "  a 0", "  a 1", " b", "model", " a"],
  ]);
});

test("a closed type hides what is in it, the open artifact too", () => {
  const state = { closed: new Set(["dataset"]), open: { type: "dataset", name: "a", versions: 2 } };
  expect(shown(state)).toEqual(["dataset", "model", " a"]);
});

test("rows are found by what they show", () => {
  const rows = treeRows(artifacts, { closed: new Set(), open: { type: "dataset", name: "a", versions: 10_000 } });
  expect(rows.count).toBe(10_005);
  expect(rows.indexOf(9999)).toBe(10_001);
  expect(rows.indexOf(10_000)).toBe(-1);
  expect(rows.indexOfArtifact({ type: "model", name: "a" })).toBe(10_004);
  expect(rows.indexOfArtifact({ type: "model", name: "b" })).toBe(-1);
});
