/** What is done in the dashboard, and what others do while it is open. */
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { axeComplaints, chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";

const scope = ["--team", "lab", "--experiment", "pets"];
const names = ["--name", "sample", "--type", "dataset"];
const sample = "/lab/experi/pets/exp/artifacts/dataset/sample";

describe.skipIf(chromiumPath === undefined)(`doing things${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  const show = async (version: string): Promise<{ tags: string[]; message: string; metadata: object; files: number }> =>
    JSON.parse(await dashboard.artifold(["show", `lab/pets/sample:${version}`, "--json"]));
  beforeAll(async () => {
    dashboard = await openDashboard();
    const data = path.join(dashboard.folder, "data");
    mkdirSync(path.join(data, "사진"), { recursive: true });
    writeFiles(data, { "one.txt": "one", "사진/고양이.txt": "야옹" });
    await dashboard.artifold(["upload", "data", ...names, ...scope]);
  });
  afterAll(() => dashboard?.close());

  test("without a login nothing can be changed; a wrong code is refused", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1`);
    await page.getByRole("button", { name: "Use it" }).waitFor();
    for (const name of ["Upload", "Edit", "Remove", "Tag"]) {
      expect(await page.getByRole("button", { name, exact: true }).count()).toBe(0);
    }
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByLabel("One-time code or token").fill("aaaaa-bbbbb-ccccc-ddddd");
    await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    check(/status of 401/);
    await page.context().close();
  });

  test("the link of the server logs in once, and leaves no code in the address", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V1`);
    expect(page.url()).not.toContain("code");
    await page.reload();
    await page.getByRole("button", { name: "Log out" }).waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("button", { name: "Log in" }).waitFor();
    check();
    await page.context().close();
  });

  test("whoever goes on from a dialog that was put away keeps the focus", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V1/files`);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.getByRole("dialog").waitFor();
    // At once, before anything else hears that it was closed.
    await page.evaluate(`{
      document.querySelector("dialog").close();
      [...document.querySelectorAll("button")].find((button) => button.textContent.includes("Edit")).focus();
    }`);
    await page.locator("dialog").waitFor({ state: "detached" });
    expect(await page.evaluate<string>("document.activeElement?.textContent ?? ''")).toContain("Edit");
    check();
    await page.context().close();
  });

  test("dialogs: nothing against them by axe, in light, dark and on a phone; the keyboard leads in and out", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V1/files`);
    for (const name of ["Use it", "Upload", "Edit", "Remove"]) {
      const button = page.getByRole("button", { name, exact: true });
      await button.focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      for (const [colorScheme, width] of [
        ["light", 1440],
        ["dark", 390],
      ] as const) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 844 });
        expect(await axeComplaints(page)).toEqual([]);
      }
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await expect
        .poll(() => page.evaluate<string>("document.activeElement?.textContent ?? ''"), { timeout: 60_000 })
        .toContain(name);
    }
    check();
    await page.context().close();
  });

  test("upload, tag, edit, remove and restore", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V1`);
    await uploadFiles(page);
    await page.waitForURL("**/sample/V2/files");
    await page.getByRole("grid").getByRole("link", { name: "two.txt" }).waitFor();
    expect(await show("V2")).toMatchObject({ files: 3, message: "From the browser", tags: ["fresh", "new"] });

    await page.getByRole("button", { name: "Tag", exact: true }).click();
    await page.getByLabel("New tag").fill("prod");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Take tag prod away" }).waitFor();
    await page.getByRole("button", { name: "Take tag new away" }).click();
    await expect.poll(async () => (await show("V2")).tags).toEqual(["fresh", "prod"]);

    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("dialog").getByLabel("Message").fill("Better words");
    await page.getByLabel("Metadata, as a JSON object").fill('{"rows": 3');
    expect(await page.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
    await page.getByLabel("Metadata, as a JSON object").fill('{"rows": 3}');
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Better words").waitFor();
    expect(await show("V2")).toMatchObject({ message: "Better words", metadata: { rows: 3 } });

    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("button", { name: "Remove V2" }).click();
    await page.getByText("This version was removed").waitFor();
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByRole("button", { name: "Remove", exact: true }).waitFor();
    expect(await show("latest")).toMatchObject({ version: "V2" });
    check();
    await page.context().close();
  });

  test("a folder becomes a new artifact, with the paths inside of it", async () => {
    const { page, check } = await dashboard.openLoggedIn("/lab/experi/pets/exp/artifacts");
    await page.getByRole("button", { name: "New artifact" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("uploaded");
    await dialog.getByLabel("Type").fill("text");
    await dialog.getByLabel("A folder").setInputFiles(path.join(dashboard.folder, "data"));
    await dialog.getByLabel("Into the folder").fill("in/here");
    await dialog.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("treeitem", { name: /uploaded/ }).waitFor();
    const listed = await dashboard.artifold(["ls", "lab/pets/uploaded:V1", "--recursive", "--json"]);
    const paths = (JSON.parse(listed) as { path: string }[]).map((entry) => entry.path);
    expect(paths).toEqual(expect.arrayContaining(["in/here/one.txt", "in/here/사진/고양이.txt"]));
    check();
    await page.context().close();
  });

  test("a version that another process makes appears by itself", async () => {
    const { page, check } = await dashboard.open("/lab/experi/pets/exp/artifacts/dataset/sample");
    await page.getByRole("treeitem", { name: /^V2/ }).waitFor();
    const data = writeFiles(path.join(dashboard.folder, "data"), { "three.txt": "three" });
    await dashboard.artifold(["upload", data, ...names, ...scope, "--message", "While you look"]);
    await page.getByRole("treeitem", { name: /^V3/ }).waitFor();
    await page.getByText("While you look").waitFor();
    await dashboard.artifold(["upload", data, "--name", "another", "--type", "model", ...scope]);
    await page.getByRole("treeitem", { name: /another/ }).waitFor();
    check();
    await page.context().close();
  });

  test("a file and a folder are downloaded by the browser, whole and under their names", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1/files`);
    const row = page.getByRole("row", { name: /one\.txt/ });
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      row.getByRole("button", { name: /^Download/ }).click(),
    ]);
    expect(file.suggestedFilename()).toBe("one.txt");
    expect(readFileSync(await file.path(), "utf8")).toBe("one");
    const [archive] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download .zip", exact: true }).click(),
    ]);
    expect(archive.suggestedFilename()).toMatch(/sample.*\.zip$/);
    expect(
      readFileSync(await archive.path())
        .subarray(0, 2)
        .toString(),
    ).toBe("PK");
    check();
    await page.context().close();
  });

  test("Korean names: folders, files, teams, experiments", async () => {
    const korean = ["--team", "연구팀", "--experiment", "첫_실험", "--name", "고양이", "--type", "데이터"];
    await dashboard.artifold(["upload", "data", ...korean]);
    const { page, check } = await dashboard.open("/");
    await page.getByRole("link", { name: "첫_실험", exact: true }).click();
    await page.getByRole("link", { name: "Artifacts", exact: true }).click();
    await page.getByRole("tree").getByText("고양이").click();
    await page.getByRole("link", { name: "Files", exact: true }).click();
    await page.getByRole("grid").getByRole("link", { name: "사진/" }).click();
    await page.getByRole("grid").getByRole("link", { name: "고양이.txt" }).click();
    await page.getByText("야옹").waitFor();
    await page.reload();
    await page.getByText("야옹").waitFor();
    check();
    await page.context().close();
  });
});

async function uploadFiles(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Files", { exact: true }).setInputFiles([
    { name: "two.txt", mimeType: "text/plain", buffer: Buffer.from("two") },
    { name: "one.txt", mimeType: "text/plain", buffer: Buffer.from("one, again") },
  ]);
  await dialog.getByLabel("Message").fill("From the browser");
  await dialog.getByLabel("Tags, with spaces between").fill("new fresh");
  await dialog.getByRole("button", { name: "Upload" }).click();
}
