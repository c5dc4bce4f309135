/** The page that artifold is modelled on, step by step: from what `init` prints to the eight files of V2. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";

const six = [
  "README.md",
  "anscombe.json",
  "california_housing_test.csv",
  "california_housing_train.csv",
  "mnist_test.csv",
  "mnist_train_small.csv",
];

describe.skipIf(chromiumPath === undefined)(`from init to the files of V2${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  let runUrl: string;
  beforeAll(async () => {
    dashboard = await openDashboard();
    const data = path.join(dashboard.folder, "data");
    const pictures = path.join(dashboard.folder, "cat_dog");
    mkdirSync(data);
    mkdirSync(pictures);
    writeFiles(data, Object.fromEntries(six.map((name) => [name, `${name}\n`.repeat(50)])));
    writeFiles(pictures, { "cat.jpg": "a cat", "dog.jpg": "a dog" });
    const port = new URL(dashboard.url).port;
    await dashboard.artifold(["setting", "--http-host", `127.0.0.1:${port}`]);
    const printed = await dashboard.artifold([
      ...["init", "--team", "molamola.babo", "--experiment", "arti_test_991b59c549bf_20221212"],
      ...["--run", "sable-life-1", "--config", "lr=0.001"],
    ]);
    runUrl = /^Run URL=(.*)$/m.exec(printed)?.[1] ?? "";
    await dashboard.artifold(["upload", "data", "--name", "sample", "--type", "dataset"]);
    await dashboard.artifold(["upload", "cat_dog", "--name", "sample", "--type", "dataset"]);
    await dashboard.artifold(["finish"]);
  });
  afterAll(() => dashboard?.close());

  test("the run URL opens, and leads to the experiment, its artifacts, V2, and its eight files", async () => {
    expect(new URL(runUrl).pathname).toBe(
      "/experi/molamola.babo/arti_test_991b59c549bf_20221212/sable-life-1/run/chart",
    );
    const { page, check } = await dashboard.open(new URL(runUrl).pathname);
    await page.getByRole("heading", { name: "sable-life-1" }).waitFor();
    await page.getByText("Finished").first().waitFor();
    await page.getByRole("region", { name: "Made" }).getByRole("link", { name: "sample V2" }).waitFor();

    await page.getByRole("link", { name: "Experiment arti_test_991b59c549bf_20221212" }).click();
    await page.waitForURL("**/molamola.babo/experi/arti_test_991b59c549bf_20221212/exp/chart");
    await page.getByRole("cell", { name: "lr 0.001" }).waitFor();

    await page.getByRole("link", { name: "Artifacts", exact: true }).click();
    const tree = page.getByRole("tree");
    await tree.getByText("sample").click();
    const versions = tree.getByRole("treeitem", { name: /^V\d/ });
    await versions.nth(1).waitFor();
    expect(await versions.allInnerTexts()).toEqual([expect.stringMatching(/^V2/), expect.stringMatching(/^V1/)]);

    await versions.filter({ hasText: /^V1/ }).click();
    await page.getByRole("link", { name: "Files", exact: true }).click();
    const rows = page.getByRole("grid", { name: "Files of the version" }).getByRole("row");
    await page.getByText("6 names").waitFor();
    expect((await rows.allInnerTexts()).slice(1).map((row) => row.split("\n")[1])).toEqual(six);

    await versions.filter({ hasText: /^V2/ }).click();
    await page.getByText("8 names").waitFor();
    const listed = (await rows.allInnerTexts()).slice(1).map((row) => row.split("\n"));
    expect(listed.map(([, name]) => name)).toEqual([...six.slice(0, 4), "cat.jpg", "dog.jpg", ...six.slice(4)].sort());
    expect(listed.map(([number]) => number)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
    check();
  });

  test("the overview says what the page says, and the relation who made it", async () => {
    const { page, check } = await dashboard.open(
      "/molamola.babo/experi/arti_test_991b59c549bf_20221212/exp/artifacts/dataset/sample/V2",
    );
    await page.getByText("molamola.babo/arti_test_991b59c549bf_20221212/sample/V2").waitFor();
    const facts = await page.locator(".definition").allInnerTexts();
    for (const said of ["Owner team", "Owner experiment", "Digest of the content", "Created by", "Size", "dataset"]) {
      expect(facts.join("\n")).toContain(said);
    }
    await page.getByRole("link", { name: "Relation" }).click();
    const graph = page.getByRole("region", { name: "Graph of runs and versions" });
    await page.evaluate("window.isSamePage = true");
    await graph.getByRole("link", { name: /^sable-life-1/ }).click();
    await page.waitForURL("**/sable-life-1@*/run/relation");
    expect(await page.evaluate("window.isSamePage")).toBe(true);
    check();
  });
});
