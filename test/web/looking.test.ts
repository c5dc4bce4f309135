/** What is looked at that is not as usual: files that are none, many names, names given twice. */
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, howToGetChromium } from "../support/browser.ts";
import { command } from "../support/command.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";

const scope = ["--team", "lab", "--experiment", "pets"];
const names = ["--name", "sample", "--type", "dataset"];
const sample = "/lab/experi/pets/exp/artifacts/dataset/sample";
/** More than a server counts off in one step. */
const MANY = 1100;

describe.skipIf(chromiumPath === undefined)(`looking${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
    const data = path.join(dashboard.folder, "data");
    for (const folder of ["a", "many", "raw"]) mkdirSync(path.join(data, folder), { recursive: true });
    writeFiles(data, { "nan.json": '{"loss": NaN}', "empty.txt": "", "a/one.txt": "one" });
    writeFiles(data, { "long.txt": "old\n".repeat(140_000), "lines.txt": "a line\n".repeat(20_000) });
    for (let at = 0; at < MANY; at++) writeFiles(data, { [`many/${nameOf(at)}`]: "" });
    symlinkSync("../a/one.txt", path.join(data, "raw", "one"));
    symlinkSync("../a", path.join(data, "raw", "folder"));
    const reference = (number: number): string[] => ["--reference", `raw/full=https://example.org/full-${number}`];
    await dashboard.artifold([
      "upload",
      "data",
      ...names,
      ...scope,
      ...reference(1),
      "--message",
      "First line\n\nThird",
    ]);
    writeFiles(data, { "long.txt": "new\n".repeat(140_000) });
    await dashboard.artifold(["upload", "data", ...names, ...scope, ...reference(2)]);
    // Of two stores, each with a run of that name, the one has both once it pulled what the other pushed.
    const { artifold, folder } = dashboard;
    const other = path.join(folder, "other");
    const inOther: Dashboard["artifold"] = async (args, cwd) => {
      const { code, stdout, stderr } = await command(other, args, cwd);
      expect(code, stderr).toBe(0);
      return stdout;
    };
    const runIn = async (lr: string, run: Dashboard["artifold"], cwd: string): Promise<void> => {
      await run(["init", ...scope, "--run", "same", "--config", `lr=${lr}`], cwd);
      await run(["upload", "nan.json", "--name", `made-${lr}`, "--type", "result"], cwd);
      await run(["finish"], cwd);
      await run(["remote", "add", "hub", path.join(folder, "hub")], cwd);
    };
    const away = path.join(folder, "away");
    mkdirSync(away);
    writeFiles(away, { "nan.json": "NaN" });
    await Promise.all([runIn("0.1", artifold, data), runIn("0.2", inOther, away)]);
    await inOther(["push"]);
    await artifold(["pull"]);
  });
  afterAll(() => dashboard?.close());

  test("JSON that is none is shown as text", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1/files?file=nan.json`);
    await paneOf(page).getByText('{"loss": NaN}').waitFor();
    check();
    await page.context().close();
  });

  test("two runs with one name: each is linked by its id, and whoever asks for the name may choose", async () => {
    const { page, check } = await dashboard.open("/experi/lab/pets/same/run/config");
    await page.getByRole("heading", { name: "2 runs are called same" }).waitFor();
    for (const lr of ["0.2", "0.1"]) {
      await page.getByRole("row", { name: lr }).getByRole("link", { name: "same" }).click();
      await page.waitForURL(/\/same@[0-9a-f]{12}\/run\/config$/);
      await page.getByRole("definition").filter({ hasText: lr }).waitFor();
      await page.getByRole("heading", { name: "same", exact: true }).waitFor();
      await page.goBack();
    }
    check(/status of 409/);
    const { page: made, check: checkMade } = await dashboard.open(
      "/lab/experi/pets/exp/artifacts/result/made-0.1/V1/overview",
    );
    await made.getByRole("link", { name: "same", exact: true }).click();
    await made.waitForURL(/\/same@[0-9a-f]{12}\/run\/chart$/);
    await made
      .getByRole("link", { name: /made-0\.1 V1/ })
      .first()
      .waitFor();
    await made.goBack();
    await made.getByRole("link", { name: "Relation", exact: true }).click();
    await made.locator(".graph").getByRole("link", { name: /^same/ }).click();
    await made.waitForURL(/\/same@[0-9a-f]{12}\/run\/relation$/);
    checkMade();
    for (const each of [page, made]) await each.context().close();
  });

  test("the keyboard leads through folders and back to where it came from", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1/files`);
    const grid = page.getByRole("grid");
    await grid.getByText("raw/").waitFor();
    await grid.focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/files?folder=raw");
    await grid.getByRole("link", { name: "full" }).waitFor();
    await page.keyboard.press("Backspace");
    await page.waitForURL("**/V1/files");
    await grid.locator(".active").filter({ hasText: "raw/" }).waitFor();
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/files?file=nan.json");
    check();
    await page.context().close();
  });

  test("references and links tell where their content is, and nothing is asked for that is not there", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1/files?folder=raw&file=raw%2Ffull`);
    const pane = paneOf(page);
    await pane.getByText("https://example.org/full-1").waitFor();
    expect(await pane.getByRole("button", { name: "Download" }).count()).toBe(0);
    const grid = page.getByRole("grid");
    await grid.getByRole("link", { name: "folder" }).click();
    await pane.getByRole("link", { name: "../a" }).click();
    await pane.getByRole("link", { name: "Open the folder" }).click();
    await page.waitForURL("**/files?folder=a");
    await page.goto(`${dashboard.url}${sample}/V1/files?folder=raw&file=raw%2Fone`);
    await pane.getByRole("link", { name: "../a/one.txt" }).click();
    await pane.getByRole("listitem").getByText("one").waitFor();
    await page.goto(`${dashboard.url}${sample}/V1/files?file=empty.txt`);
    await pane.getByText("The file is empty.").waitFor();
    check();
    await page.context().close();
  });

  test("of a reference that changed both addresses are told", async () => {
    const { page, check } = await dashboard.open(`${sample}/V2/diff?file=raw%2Ffull`);
    const pane = page.getByRole("complementary", { name: "The chosen change" });
    for (const number of [1, 2]) await pane.getByText(`https://example.org/full-${number}`).waitFor();
    check();
    await page.context().close();
  });

  test.each([0, MANY - 1])(
    "the opened file is marked and in view wherever it stands, without its folder too: %i",
    async (at) => {
      const { page, check } = await dashboard.open(`${sample}/V1/files?file=many%2F${nameOf(at)}`);
      const row = page
        .getByRole("grid")
        .locator(".chosen")
        .filter({ hasText: nameOf(at) });
      await row.waitFor();
      await page.getByRole("navigation", { name: "Folder" }).getByText("many").waitFor();
      const bottom = "document.querySelector('.file-grid .chosen').getBoundingClientRect().bottom <= innerHeight";
      await expect.poll(() => page.evaluate(bottom)).toBe(true);
      check();
      await page.context().close();
    },
  );

  test("of texts that are too long to be compared it is said that they are not", async () => {
    const { page, check } = await dashboard.open(`${sample}/V2/diff?file=long.txt`);
    const pane = page.getByRole("complementary", { name: "The chosen change" });
    await pane.getByText("Texts above 512 KiB are not compared line by line.").waitFor();
    check();
    await page.context().close();
  });

  test("of many artifacts all are shown, some at a time", async () => {
    const { page, check } = await dashboard.open("/");
    const items = Array.from({ length: 450 }, (_, at) => {
      return { id: `${at}`, type: "model", name: `number-${at}`, latest: "V1", versions: 1 };
    });
    await page.route("**/api/artifacts?**", (call) => call.fulfill({ json: { items, total: 450, types: [] } }));
    await page.goto(`${dashboard.url}/lab/experi/pets/exp/artifacts`);
    const table = page.getByRole("table");
    await table.getByRole("link", { name: "number-199" }).waitFor();
    expect(await table.getByRole("link").count()).toBe(200);
    for (const shown of [400, 450]) {
      await page.getByRole("button", { name: "More of 450 artifacts" }).click();
      await expect.poll(() => table.getByRole("link").count()).toBe(shown);
    }
    expect(await page.getByRole("button", { name: /^More of/ }).count()).toBe(0);
    check();
    await page.context().close();
  });

  test("fields tell what is on screen, also after going somewhere else and back", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1/files`);
    const filter = page.getByRole("searchbox", { name: "Filter files by a glob" });
    await filter.fill("*.json");
    await page.getByText("1 file", { exact: true }).waitFor();
    await page.getByRole("navigation", { name: "Folder" }).getByRole("link", { name: "sample" }).click();
    await page.getByRole("grid").getByText("raw/").waitFor();
    expect(await filter.inputValue()).toBe("");
    await page.goto(`${dashboard.url}${sample}/V2/diff`);
    const from = page.getByLabel("Changes of V2 since");
    await from.fill("V2");
    await page.waitForURL("**/diff?from=V2");
    await page.goBack();
    await expect.poll(() => from.inputValue()).toBe("V1");
    check();
    await page.context().close();
  });

  test("more of a text that does not come is told, and can be tried again", async () => {
    const { page } = await dashboard.open(`${sample}/V1/files?file=lines.txt`);
    const pane = paneOf(page);
    const more = pane.getByRole("button", { name: "More" });
    await more.waitFor();
    await page.route("**/file?**", (call) => call.abort());
    await more.click();
    await pane.getByRole("alert").waitFor();
    await page.unroute("**/file?**");
    await pane.getByRole("button", { name: "Try again" }).click();
    await expect.poll(() => more.count()).toBe(0);
    expect(await pane.getByRole("listitem").count()).toBe(20_000);
    await page.context().close();
  });

  test("where nothing came from or came of a version, only that is said", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1/relation`);
    await page.getByText("No run is known to have made or used this version").waitFor();
    await page.getByText("Where it came from").click();
    await page.getByText("No run is known to have made this version").waitFor();
    await page.getByText("What came of it").click();
    await page.getByText("No run is known to have used this version").waitFor();
    check();
    await page.context().close();
  });

  test("a message keeps its lines", async () => {
    const { page } = await dashboard.open(`${sample}/V1`);
    await page.locator(".message").waitFor();
    expect(await page.evaluate("document.querySelector('.message').innerText")).toBe("First line\n\nThird");
    await page.context().close();
  });
});

function nameOf(at: number): string {
  return `f-${String(at).padStart(5, "0")}.txt`;
}

/** The pane beside the list. */
function paneOf(page: Page): ReturnType<Page["getByRole"]> {
  return page.getByRole("complementary", { name: "The chosen file" });
}
