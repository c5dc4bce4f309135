/** What happened, as the first page tells it. */
import { expect, test } from "vitest";
import type { OperationChange, OperationView } from "../../src/client/index.ts";
import { groupActivity } from "../../src/web/pages/activity-groups.ts";

function change(kind: string, name: string, version: string, team = "lab"): OperationChange {
  const artifact = { id: name, team, experiment: "pets", type: "dataset", name };
  return { kind, artifact, version, versionId: `${name} ${version}`, tag: null, run: null };
}

function operation(number: number, by: string, ...changes: OperationChange[]): OperationView {
  return { operation: number, at: `2026-01-01T00:00:${number}Z`, by, changes };
}

test("versions of one artifact that came one after another are told as one", () => {
  const groups = groupActivity([
    operation(16, "ada", change("version", "cats", "V4"), change("tag", "cats", "V4")),
    operation(15, "ada", change("version", "cats", "V3")),
    operation(14, "ada", change("version", "cats", "V2")),
    operation(13, "kim", change("version", "cats", "V1")),
    operation(12, "kim", change("version", "dogs", "V1")),
  ]);
  expect(groups.map(({ operation, by, since }) => [operation, by, since])).toEqual([
    [16, "ada", { version: "V2", count: 3 }],
    [13, "kim", undefined],
    [12, "kim", undefined],
  ]);
});

test("what is told apart: removals, tags, and versions with something between them", () => {
  const given = [
    operation(15, "ada", change("version", "cats", "V3")),
    operation(14, "ada", change("tag", "cats", "V2")),
    operation(13, "ada", change("version", "cats", "V2")),
    operation(12, "ada", change("remove", "cats", "V1")),
    operation(11, "ada", change("remove", "cats", "V0")),
  ];
  expect(groupActivity(given)).toHaveLength(5);
});

test("a team hears of its own", () => {
  const mixed = operation(12, "ada", change("tag", "cats", "V1"), change("tag", "birds", "V1", "zoo"));
  const [group] = groupActivity([mixed, operation(11, "ada", change("tag", "owls", "V1", "zoo"))], "lab");
  expect(group?.changes.map(({ artifact }) => artifact?.name)).toEqual(["cats"]);
  expect(groupActivity([mixed], "nobody")).toEqual([]);
});
