/** Files and folders that the mouse drops on a page. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";

const scope = ["--team", "lab", "--experiment", "pets"];
const sample = "/lab/experi/pets/exp/artifacts/dataset/sample";

describe.skipIf(chromiumPath === undefined)(`dropping${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  const pathsOf = async (version: string): Promise<string[]> => {
    const listed = await dashboard.artifold(["ls", `lab/pets/sample:${version}`, "--recursive", "--json"]);
    return (JSON.parse(listed) as { path: string }[]).map((entry) => entry.path);
  };
  const fileOf = (name: string): string => path.join(dashboard.folder, name);
  beforeAll(async () => {
    dashboard = await openDashboard();
    mkdirSync(fileOf("first"));
    mkdirSync(fileOf("사진/안/깊이"), { recursive: true });
    mkdirSync(fileOf("more"));
    writeFiles(fileOf("first"), { "one.txt": "one" });
    writeFiles(dashboard.folder, { "loose.txt": "loose", "also.txt": "also" });
    writeFiles(fileOf("사진"), { "고양이.txt": "야옹", "안/깊이/강아지.txt": "멍멍" });
    // More names than a browser reads of a folder at once.
    writeFiles(fileOf("more"), Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`${at}.txt`, `${at}`])));
    await dashboard.artifold(["upload", "first", "--name", "sample", "--type", "dataset", ...scope]);
  });
  afterAll(() => dashboard?.close());

  test("files keep their names, on the place for them in the dialog", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V1`);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await drop(page, "fieldset.drop", [fileOf("loose.txt"), fileOf("also.txt")]);
    await page.getByRole("dialog").getByText("2 files").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("**/sample/V2/files");
    expect(await pathsOf("V2")).toEqual(["also.txt", "loose.txt", "one.txt"]);
    check();
    await page.context().close();
  });

  test("of one folder what is in it goes to the top; of several things each keeps its name", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V2`);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await drop(page, "fieldset.drop", [fileOf("사진")]);
    await page.getByRole("dialog").getByText("2 files").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("**/sample/V3/files");
    expect(await pathsOf("V3")).toEqual(expect.arrayContaining(["고양이.txt", "안/깊이/강아지.txt", "one.txt"]));

    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await drop(page, "fieldset.drop", [fileOf("more"), fileOf("loose.txt")]);
    await page.getByRole("dialog").getByText("131 files").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("**/sample/V4/files");
    const paths = await pathsOf("V4");
    expect(paths.filter((each) => each.startsWith("more/"))).toHaveLength(130);
    check();
    await page.context().close();
  });

  test("on the page itself they open the dialog with what was dropped; without a login nothing happens", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V4/files`);
    await page.getByRole("grid").getByRole("link", { name: "one.txt" }).waitFor();
    await drop(page, "section.pane", [fileOf("also.txt")]);
    await page.getByRole("dialog").getByText("1 file").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("button", { name: "Log in" }).waitFor();
    await drop(page, "section.pane", [fileOf("also.txt")]);
    await page.getByText("Log in to upload what was dropped").waitFor();
    expect(new URL(page.url()).pathname).toBe(`${sample}/V4/files`);
    check();
    await page.context().close();
  });
});

/** Drops files and folders of this machine in the middle of an element, as the mouse does. */
async function drop(page: Page, selector: string, files: readonly string[]): Promise<void> {
  const box = await page.locator(selector).boundingBox();
  if (box === null) throw new Error(`${selector} is not to be seen`);
  const session = await page.context().newCDPSession(page);
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", {
      ...{ type, x: box.x + box.width / 2, y: box.y + box.height / 2 },
      data: { items: [], files: [...files], dragOperationsMask: 1 },
    });
  }
  await session.detach();
}
