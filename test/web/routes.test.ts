/** Addresses of the dashboard: those of the page it is modelled on open, and every state comes back from its own. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hrefOf, parseRoute, type Route, runTabs, versionTabs } from "../../src/web/shell/routes.ts";

const at = (href: string): Route => {
  const { pathname, search } = new URL(href, "http://127.0.0.1:9111");
  return parseRoute(pathname, search);
};

test.each<[string, Route]>([
  ["/", { page: "home" }],
  ["/login", { page: "home" }],
  ["/molamola.babo", { page: "team", team: "molamola.babo" }],
  ["/molamola.babo/experi/first", { page: "chart", team: "molamola.babo", experiment: "first" }],
  ["/molamola.babo/experi/first/exp/chart", { page: "chart", team: "molamola.babo", experiment: "first" }],
  ["/molamola.babo/experi/first/exp/artifacts", { page: "artifacts", team: "molamola.babo", experiment: "first" }],
  [
    "/t/experi/e/exp/artifacts/dataset/sample/V2/files?folder=cats&file=cats%2Fa.png",
    {
      ...{
        page: "artifacts",
        team: "t",
        experiment: "e",
        type: "dataset",
        name: "sample",
        version: "V2",
        tab: "files",
      },
      ...{ folder: "cats", file: "cats/a.png" },
    },
  ],
  ["/experi/t/e/sable-life-1/run/chart", { page: "run", team: "t", experiment: "e", run: "sable-life-1" }],
  ["/experi/t/e/sable-life-1", { page: "run", team: "t", experiment: "e", run: "sable-life-1" }],
  ["/experi/t/e/r/run/config", { page: "run", team: "t", experiment: "e", run: "r", tab: "config" }],
  ["/팀/experi/실험/exp/runs", { page: "runs", team: "팀", experiment: "실험" }],
])("%s", (href, route) => expect(at(href)).toEqual(route));

test.each([
  "/t/experi",
  "/t/other/e",
  "/t/experi/e/exp/nothing",
  "/experi/t/e",
  "/experi/t/e/r/run/nothing",
  "/%E0%A4",
])("%s is no page", (href) => expect(parseRoute(href)).toEqual({ page: "missing" }));

test("an unknown tab of a version is its first one", () => {
  expect(at("/t/experi/e/exp/artifacts/d/n/V1/nothing")).not.toHaveProperty("tab");
});

const name = fc
  .stringMatching(/^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,20}$/u)
  .filter((text) => text !== "experi" && text !== "login");
const text = fc.string({ minLength: 1, unit: "grapheme" });
const place = { team: name, experiment: name };
const version = fc.record({
  ...{ page: fc.constant("artifacts" as const), ...place, type: name, name, version: name },
  tab: fc.constantFrom(...versionTabs),
});
const states = fc.record({ folder: text, file: text, glob: text, from: text }, { requiredKeys: [] });
const routes: fc.Arbitrary<Route> = fc.oneof(
  fc.record({ page: fc.constant("team" as const), team: name }),
  fc.record({ page: fc.constantFrom("chart" as const, "runs" as const), ...place }),
  fc.record({ page: fc.constantFrom("chart" as const, "runs" as const), ...place, artifact: text }),
  fc.record({ page: fc.constant("artifacts" as const), ...place }),
  fc.tuple(version, states).map(([chosen, state]) => ({ ...chosen, ...state })),
  fc.record({
    ...{ page: fc.constant("run" as const), ...place, run: name },
    tab: fc.constantFrom(...runTabs.filter((tab) => tab !== "chart")),
  }),
);

test("every state has an address that leads back to it", () => {
  fc.assert(
    fc.property(routes, (route) => {
      expect(at(hrefOf(route))).toEqual(route);
    }),
  );
});

test("no address leads off the server", () => {
  fc.assert(
    fc.property(routes, (route) => {
      expect(hrefOf(route)).toMatch(/^\/(?!\/)/);
    }),
  );
});
