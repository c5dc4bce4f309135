/** Every page and tab, in light and dark and on a phone: nothing against it by axe, by the console, or by going off origin. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axeComplaints, chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";
import { parquet, picture, sound } from "../support/media.ts";

const at = "/lab/experi/pets/exp";
const sample = `${at}/artifacts/dataset/sample`;

/** Pages by their names: an address, and what is there once all has come. */
const pages: readonly (readonly [name: string, path: string, shown: string])[] = [
  ["all experiments", "/", "What happened"],
  ["a team", "/lab", "pets"],
  ["an experiment", `${at}/chart`, "Stored already, or repeated"],
  ["runs", `${at}/runs`, "first-look"],
  ["artifacts", `${at}/artifacts`, "2 artifacts"],
  ["an overview", `${sample}/V2`, "Digest of the content"],
  ["files", `${sample}/V2/files`, "names"],
  ["files that fit a glob", `${sample}/V2/files?glob=*.csv`, "2 files"],
  ["a picture", `${sample}/V2/files?file=cat.png`, "8 × 8"],
  ["a table", `${sample}/V2/files?file=table.csv`, "3 columns"],
  ["JSON", `${sample}/V2/files?file=data.json`, "nested"],
  ["lines of JSON", `${sample}/V2/files?file=lines.jsonl`, "2 rows, to the end"],
  ["Parquet", `${sample}/V2/files?file=rows.parquet`, "120 rows in 1 row group, 2 columns"],
  ["text", `${sample}/V2/files?file=notes.txt`, "고양이"],
  ["bytes", `${sample}/V2/files?file=weights.bin`, "no kind of file"],
  ["a sound", `${sample}/V2/files?file=beep.wav`, "beep.wav"],
  ["differences", `${sample}/V2/diff?file=notes.txt`, "changed"],
  ["pictures side by side", `${sample}/V2/diff?file=cat.png`, "8 × 8"],
  ["the first version's differences", `${sample}/V1/diff`, "is the first version"],
  ["a relation", `${sample}/V2/relation`, "first-look"],
  ["metadata", `${sample}/V2/metadata`, "origin"],
  ["a run", "/experi/lab/pets/first-look/run/chart", "Finished"],
  ["a run's artifacts", "/experi/lab/pets/first-look/run/artifacts", "counts V1"],
  ["a run's config", "/experi/lab/pets/first-look/run/config", "0.01"],
  ["a run's relation", "/experi/lab/pets/first-look/run/relation", "counts V1"],
  ["what is not there", `${at}/artifacts/dataset/nothing`, "No artifact to show"],
  ["no page", "/lab/experi/pets/exp/nothing", "There is no such page"],
];

/** Errors of the console that a page for what is not there makes: the browser tells of each answer that is no success. */
const NOT_THERE = /status of 404/;

describe.skipIf(chromiumPath === undefined)(`pages${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
    const { artifold, folder } = dashboard;
    const data = path.join(folder, "data");
    mkdirSync(path.join(data, "folder"), { recursive: true });
    const scope = ["--team", "lab", "--experiment", "pets"];
    const names = ["--name", "sample", "--type", "dataset"];
    writeFiles(data, {
      "cat.png": picture(8, 200),
      "notes.txt": "one\n고양이\n",
      "weights.bin": Buffer.alloc(300, 255),
    });
    writeFiles(data, { "rows.parquet": parquet, "table.csv": "a,b,c\n1,2,3\n4,5,x\n", "folder/more.csv": "a\n1\n" });
    await artifold(["upload", "data", ...names, ...scope, "--message", "The first"]);
    writeFiles(data, { "cat.png": picture(8, 20), "notes.txt": "two\n고양이\n", "beep.wav": sound() });
    writeFiles(data, { "data.json": '{"nested":{"list":[1,null]}}', "lines.jsonl": '{"a":1}\n{"a":2}\n' });
    await artifold(["upload", "data", ...names, ...scope, "--tag", "prod", "--meta", "origin=here"]);
    await artifold(["init", ...scope, "--run", "first-look", "--config", "lr=0.01"]);
    await artifold(["download", "sample:V2", "--to", "used", "-q"]);
    await artifold(["upload", "data/notes.txt", "--name", "counts", "--type", "result"]);
    await artifold(["finish"]);
  });
  afterAll(() => dashboard?.close());

  test.each(pages)("%s", async (_, address, shown) => {
    const { page, check } = await dashboard.open(address);
    await page.getByText(shown).first().waitFor();
    await expect.poll(() => page.locator(".waiting").count()).toBe(0);
    expect(await axeComplaints(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await axeComplaints(page)).toEqual([]);
    await page.setViewportSize({ width: 375, height: 812 });
    expect(await axeComplaints(page)).toEqual([]);
    const [width, scrolled] = await page.evaluate<number[]>("[innerWidth, document.documentElement.scrollWidth]");
    expect(scrolled).toBe(width);
    const heights = await page.evaluate<number[]>(
      "[...document.querySelectorAll('main nav')].filter((nav) => nav.offsetParent).map((nav) => nav.clientHeight)",
    );
    for (const height of heights) expect(height).toBeGreaterThan(15);
    check(NOT_THERE);
    await page.context().close();
  });

  test("the first load is smaller than 150 KB, with its fonts", async () => {
    const context = await dashboard.browser.newContext();
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    let bytes = 0;
    session.on("Network.loadingFinished", (event) => {
      bytes += event.encodedDataLength;
    });
    await page.goto(`${dashboard.url}${sample}/V2`);
    await page.getByText("Digest of the content").first().waitFor();
    await page.waitForLoadState("load");
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(150_000);
    await context.close();
  });

  test("the colours can be chosen, and the choice stays", async () => {
    const { page, check } = await dashboard.open("/", { colorScheme: "light" });
    const background = (): Promise<string> =>
      page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const light = await background();
    const button = page.getByRole("button", { name: /^Colours/ });
    await button.click();
    expect(await background()).toBe(light);
    await button.click();
    expect(await background()).not.toBe(light);
    await page.reload();
    await button.waitFor();
    expect(await background()).not.toBe(light);
    check();
  });

  test("everything is reached by keys: the tree, a version, its files, a folder and back", async () => {
    const { page, check } = await dashboard.open(`${at}/artifacts`);
    const tree = page.getByRole("tree");
    await tree.getByText("sample").waitFor();
    await tree.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await tree.getByRole("treeitem", { name: /^V2/ }).waitFor();
    await tree.locator("[role=treeitem].active").filter({ hasText: "latest" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/sample/V1");
    await page.getByRole("link", { name: "Files", exact: true }).press("Enter");
    const grid = page.getByRole("grid");
    await grid.getByText("folder/").waitFor();
    await grid.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/files?folder=folder");
    await page.getByRole("grid").getByRole("link", { name: "more.csv" }).waitFor();
    await page.getByRole("grid").focus();
    await page.keyboard.press("Backspace");
    await page.waitForURL("**/V1/files");
    check();
  });

  test("the command on screen fetches what is on screen", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1/files?file=notes.txt`);
    // Until it is known that no login is needed, curl is told to bring one.
    await page.getByRole("button", { name: "Log in" }).waitFor();
    await page.getByRole("button", { name: "Use it" }).click();
    const [command = "", , curl = ""] = await page.getByRole("dialog").locator("pre").allInnerTexts();
    expect(command).toBe("artifold cat lab/pets/sample:V1/notes.txt --type dataset > notes.txt");
    const words = command.split(" ").slice(1, -2);
    expect(await dashboard.artifold(words)).toBe("one\n고양이\n");
    const out = path.join(dashboard.folder, "curl");
    mkdirSync(out);
    expect(
      execFileSync("sh", ["-c", `${curl.replace("-fL", "-fsL")} && cat notes.txt`], { cwd: out, encoding: "utf8" }),
    ).toBe("one\n고양이\n");
    check();
  });
});
