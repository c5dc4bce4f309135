/** Graphs and charts as they are laid out. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type GraphEdge, placeGraph } from "../../src/web/drawing/graph-layout.ts";
import { drawLine } from "../../src/web/drawing/line-chart.ts";

const measures = { nodeWidth: 100, nodeHeight: 40, columnGap: 50, rowGap: 10 };

test("what came first stands at the left", () => {
  const edges = [
    { from: "V1", to: "run" },
    { from: "run", to: "V2" },
  ];
  const { nodes, width, height } = placeGraph(["V2", "run", "V1"], edges, measures);
  const x = Object.fromEntries(nodes.map((node) => [node.id, node.x]));
  expect([x["V1"], x["run"], x["V2"]]).toEqual([50, 200, 350]);
  expect([width, height]).toEqual([400, 40]);
});

test("what came of nothing stands just before what came of it first", () => {
  const edges = [
    { from: "V1", to: "run 1" },
    { from: "run 1", to: "V2" },
    { from: "V2", to: "run 2" },
    { from: "other", to: "run 2" },
    { from: "both", to: "run 1" },
    { from: "both", to: "run 2" },
  ];
  const { nodes } = placeGraph(["V1", "V2", "run 1", "run 2", "other", "both", "alone"], edges, measures);
  const x = Object.fromEntries(nodes.map((node) => [node.id, node.x]));
  expect([x["V1"], x["both"], x["run 1"], x["V2"], x["other"], x["run 2"]]).toEqual([50, 50, 200, 350, 350, 500]);
  expect(x["alone"]).toBe(50);
});

const ids = Array.from({ length: 12 }, (_, at) => `n${at}`);
const acyclic = fc
  .array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 30 })
  .map((pairs) => pairs.filter(([a, b]) => a < b).map(([a, b]): GraphEdge => ({ from: `n${a}`, to: `n${b}` })));

test("every edge leads to the right, and no two nodes touch", () => {
  fc.assert(
    fc.property(acyclic, fc.shuffledSubarray(ids, { minLength: 12 }), (edges, order) => {
      const { nodes } = placeGraph(order, edges, measures);
      const byId = new Map(nodes.map((node) => [node.id, node]));
      for (const { from, to } of edges) expect(byId.get(from)?.x).toBeLessThan(byId.get(to)?.x ?? 0);
      for (const [at, left] of nodes.entries()) {
        for (const right of nodes.slice(at + 1)) {
          const isApart = Math.abs(left.x - right.x) >= 100 || Math.abs(left.y - right.y) >= 40;
          expect(isApart, `${left.id} and ${right.id}`).toBe(true);
        }
      }
    }),
  );
});

test("an edge that passes a column goes around what stands there", () => {
  const edges = [
    { from: "V1", to: "run 1" },
    { from: "run 1", to: "V2" },
    { from: "V1", to: "V2" },
  ];
  const { nodes, edges: drawn, height } = placeGraph(["V1", "run 1", "V2"], edges, measures);
  const passed = nodes.find(({ id }) => id === "run 1");
  const levels = [...(drawn[2]?.path ?? "").matchAll(/ (\d+)H/g)].map(([, y]) => Number(y));
  expect(levels).toHaveLength(1);
  expect(Math.abs((levels[0] ?? 0) - (passed?.y ?? 0))).toBeGreaterThan(20);
  expect(height).toBe(40 + 10 + 14);
});

test("a circle, a node that is not there and an edge to itself do no harm", () => {
  const edges = [
    { from: "a", to: "b" },
    { from: "b", to: "a" },
    { from: "a", to: "a" },
    { from: "a", to: "gone" },
  ];
  expect(placeGraph(["a", "b"], edges, measures).nodes).toHaveLength(2);
});

test("an empty chart has no line; one value stands in the middle", () => {
  expect(drawLine({ values: [], width: 100, height: 50 }).line).toBe("");
  expect(drawLine({ values: [7], width: 100, height: 50 })).toMatchObject({ line: "M50 15", top: 10 });
});

test("the lowest and the highest of very many values are drawn", () => {
  const values = Array.from({ length: 10_000 }, (_, at) => (at === 4321 ? 1000 : at === 5678 ? 0 : 500));
  const { line, top } = drawLine({ values, width: 300, height: 100 });
  expect(top).toBe(1000);
  expect(line).toMatch(/ 0L/);
  expect(line).toMatch(/ 100L/);
  expect(line.split("L").length).toBeLessThan(1300);
});

test("the value under the pointer is the one that is drawn there", () => {
  const values = fc.array(fc.nat(1000), { minLength: 2, maxLength: 200 });
  fc.assert(
    fc.property(values, (own) => {
      const { pointAt, indexAt } = drawLine({ values: own, width: 640, height: 100 });
      for (const index of own.keys()) expect(indexAt(pointAt(index).x)).toBe(index);
    }),
  );
});
