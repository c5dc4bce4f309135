/** What a page asks for, and when it asks again. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";

const scope = ["--team", "lab", "--experiment", "pets"];
const sample = "/lab/experi/pets/exp/artifacts/dataset/sample";

describe.skipIf(chromiumPath === undefined)(`asking${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
    const data = path.join(dashboard.folder, "data");
    mkdirSync(path.join(data, "folder"), { recursive: true });
    writeFiles(data, { "one.txt": "one", "folder/two.txt": "two" });
    await dashboard.artifold(["upload", "data", "--name", "sample", "--type", "dataset", ...scope]);
  });
  afterAll(() => dashboard?.close());

  test.each([
    ["", "1 artifact"],
    [`${sample}`.slice(sample.indexOf("/dataset")), "Digest of the content"],
    ["/dataset/sample/latest/overview", "Digest of the content"],
    ["/dataset/sample/V1/files", "2 names"],
    ["/dataset/sample/V1/files?folder=folder", "1 name here"],
    ["/dataset/sample/V1/files?glob=*.txt", "2 files"],
  ])("of a page at …/artifacts%s nothing is asked for twice", async (at, shown) => {
    const context = await dashboard.browser.newContext();
    const page = await context.newPage();
    const asked = watchQuestions(page);
    await page.goto(`${dashboard.url}/lab/experi/pets/exp/artifacts${at}`);
    await page.getByText(shown).first().waitFor();
    await expect.poll(() => page.locator(".waiting").count(), { timeout: 60_000 }).toBe(0);
    await isListening(page);
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted());
    await context.close();
  });

  test("what happens after a page has its answers, but before it listens, is seen", async () => {
    const { page, check } = await dashboard.open("/");
    const before = gate();
    await page.route("**/api/events", async (route) => {
      await before.isOpen;
      await route.continue();
    });
    await page.goto(`${dashboard.url}${sample}/V1/overview`);
    await page.getByText("Digest of the content", { exact: true }).waitFor();
    await dashboard.artifold(["tag", "lab/pets/sample:V1", "meanwhile"]);
    before.open();
    await page.getByRole("treeitem", { name: /^V1.*meanwhile/ }).waitFor();
    check();
    await page.context().close();
  });

  test("where asking again fails for a while, the page stays as it is, with the dialog that is open", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1/files`);
    await isListening(page);
    await page.getByRole("button", { name: "Use it" }).click();
    await page.getByRole("dialog").waitFor();
    let failed = 0;
    await page.route("**/api/**", async (route) => {
      failed++;
      await route.fulfill({
        status: 503,
        json: { error: { code: "BUSY", message: "busy", hint: null, happened: "no" } },
      });
    });
    await dashboard.artifold(["tag", "lab/pets/sample:V1", "later"]);
    await expect.poll(() => failed, { timeout: 60_000 }).toBeGreaterThan(3);
    expect(await page.getByRole("dialog").isVisible()).toBe(true);
    await page.unroute("**/api/**");
    await page.keyboard.press("Escape");
    await page.getByRole("treeitem", { name: /^V1.*later/ }).waitFor();
    check(/status of 503/);
    await page.context().close();
  });

  test("what an answer does not have that was under way as the page began to listen is seen", async () => {
    const { page, check } = await dashboard.open("/");
    const [first, late] = [gate(), gate()];
    // What tells of operations does not end: it is no answer to wait for, of the page that is there already neither.
    const isAnswered = ({ pathname }: URL): boolean => pathname.startsWith("/api/") && pathname !== "/api/events";
    await page.route(isAnswered, async (route) => {
      const response = await route.fetch();
      first.open();
      await late.isOpen;
      await route.fulfill({ response });
    });
    // The session's answer alone is there in time, and is of a moment when more had happened.
    await page.route("**/api/session", async (route) => {
      await first.isOpen;
      await dashboard.artifold(["tag", "lab/pets/sample:V1", "between"]);
      await route.continue();
    });
    await page.goto(`${dashboard.url}${sample}/V1/overview`);
    await isListening(page);
    late.open();
    await page.getByRole("treeitem", { name: /^V1.*between/ }).waitFor();
    check();
    await page.context().close();
  });

  test("a graph is asked for again when something happens to what is in it, and only then", async () => {
    const { page, check } = await dashboard.open("/");
    const asked = watchQuestions(page);
    const graphs = (): number => asked.filter((each) => each.includes("/lineage")).length;
    await page.goto(`${dashboard.url}${sample}/V1/relation`);
    await page.getByText("No run is known to have made or used this version").waitFor();
    await isListening(page);
    const other = ["--name", "other", "--type", "dataset", ...scope];
    await dashboard.artifold(["upload", "data", ...other]);
    await page.getByRole("treeitem", { name: /other/ }).waitFor();
    await dashboard.artifold(["tag", "lab/pets/sample:V1", "seen"]);
    await page.getByRole("treeitem", { name: /^V1.*seen/ }).waitFor();
    expect(graphs()).toBe(1);

    await dashboard.artifold(["init", ...scope, "--run", "first-use"]);
    await dashboard.artifold(["download", "sample:V1", "--to", "used", "-q"]);
    await page
      .getByRole("link", { name: /first-use/ })
      .first()
      .waitFor();
    // The run is in the graph now: what it makes comes to it too.
    await dashboard.artifold(["upload", "used/one.txt", "--name", "result", "--type", "text"]);
    const graph = page.getByRole("region", { name: "Graph of runs and versions" });
    await graph.getByText("result V1", { exact: true }).waitFor();
    await dashboard.artifold(["finish"]);
    await graph.getByRole("link", { name: "first-use: Run, finished" }).waitFor();
    check();
    await page.context().close();
  });

  test("what happens to a part of a graph while the answer that tells of that part is under way is seen", async () => {
    await dashboard.artifold(["init", ...scope, "--run", "ends-soon"]);
    await dashboard.artifold(["download", "sample:V1", "--to", "used-again", "-q"]);
    const { page, check } = await dashboard.open("/");
    const [there, late] = [gate(), gate()];
    await page.route("**/lineage?*", async (route) => {
      const response = await route.fetch();
      there.open();
      await late.isOpen;
      await route.fulfill({ response });
    });
    await page.goto(`${dashboard.url}${sample}/V1/relation`);
    await there.isOpen;
    await isListening(page);
    await dashboard.artifold(["finish"]);
    // Of operations each is heard after the one before.
    await dashboard.artifold(["tag", "lab/pets/sample:V1", "after-the-run"]);
    await page.getByRole("treeitem", { name: /^V1.*after-the-run/ }).waitFor();
    late.open();
    const graph = page.getByRole("region", { name: "Graph of runs and versions" });
    await graph.getByRole("link", { name: "ends-soon: Run, finished" }).waitFor();
    check();
    await page.context().close();
  });

  test("a run's page shows what the run makes while one looks", async () => {
    await dashboard.artifold(["init", ...scope, "--run", "looked-at"]);
    const { page, check } = await dashboard.open("/experi/lab/pets/looked-at/run/chart");
    await page.getByText("Nothing used or made yet").waitFor();
    await dashboard.artifold(["upload", "data/one.txt", "--name", "made-now", "--type", "text"]);
    await page.getByRole("region", { name: "Made", exact: true }).getByText("made-now V1").waitFor();
    const graph = page.getByRole("region", { name: "Graph of runs and versions" });
    await graph.getByText("made-now V1", { exact: true }).waitFor();
    await dashboard.artifold(["finish"]);
    await page.getByText("Finished").first().waitFor();
    check();
    await page.context().close();
  });
});

/** Something that is waited for until it is let go on. */
function gate(): { readonly isOpen: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { isOpen, open };
}

/** The page listens, and has had time to ask for something because of it. */
async function isListening(page: Page): Promise<void> {
  await page.getByText("Live: what others do appears by itself").waitFor({ state: "attached" });
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
}

/** What a page asks the data API for from now on, but for the stream of events. */
function watchQuestions(page: Page): string[] {
  const asked: string[] = [];
  page.on("request", (request) => {
    const { pathname, search } = new URL(request.url());
    if (pathname.startsWith("/api/") && pathname !== "/api/events") asked.push(pathname + search);
  });
  return asked;
}
