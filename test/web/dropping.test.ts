/** Files and folders that the mouse drops on a page, and how they are sent. */
import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";
import { randomBytesOf } from "../support/random.ts";

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
    writeFiles(dashboard.folder, { "loose.txt": "loose", "also.txt": "also", "gone.txt": "gone" });
    writeFiles(dashboard.folder, { "long.bin": randomBytesOf(1, 2 * 1024 * 1024) });
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
    const sent = watchSending(page);
    await drop(page, "fieldset.drop", [fileOf("more"), fileOf("loose.txt")]);
    await page.getByRole("dialog").getByText("131 files").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("**/sample/V4/files");
    const paths = await pathsOf("V4");
    expect(paths.filter((each) => each.startsWith("more/"))).toHaveLength(130);
    // All of them are small, and go together.
    expect(sent).toEqual(["POST drafts", "PUT files", "POST finish"]);
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

  test("a long file goes by itself, and shows how much of it has gone", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V4/files`);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    const sent = watchSending(page);
    await drop(page, "fieldset.drop", ["long.bin", "loose.txt", "also.txt"].map(fileOf));
    await page.getByRole("dialog").getByLabel("Message").fill("With a long one");
    const shown = await watchProgress(page);
    await slowDown(page);
    await page.getByRole("dialog").getByRole("button", { name: "Upload" }).click();
    await page.waitForURL("**/sample/V5/files");
    expect(sent.toSorted()).toEqual(["POST drafts", "POST finish", "PUT file", "PUT files"]);
    expect(await pathsOf("V5")).toContain("long.bin");
    // The others are a few bytes: what lies between is of the long one.
    expect((await shown()).filter((share) => share > 0.1 && share < 0.9)).not.toEqual([]);
    check();
    await page.context().close();
  });

  test("whoever cancels leaves nothing behind", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V5/files`);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    const sent = watchSending(page);
    await drop(page, "fieldset.drop", ["long.bin", "loose.txt"].map(fileOf));
    await slowDown(page);
    const isBegun = page.waitForRequest("**/api/drafts/*/file?**");
    await page.getByRole("dialog").getByRole("button", { name: "Upload" }).click();
    const request = await isBegun;
    const isClosed = page.waitForResponse((response) => response.request().method() === "DELETE");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    expect((await isClosed).status()).toBe(204);
    expect(request.failure()?.errorText).toBe("net::ERR_ABORTED");
    expect(sent.at(-1)).toMatch(/^DELETE /);
    expect(sent).not.toContain("POST finish");
    check();
    await page.context().close();
  });

  test("one that cannot be taken is told by its name, the dialog stays, and nothing was made", async () => {
    const { page, check } = await dashboard.openLoggedIn(`${sample}/V5/files`);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    const dialog = page.getByRole("dialog");
    const upload = async (names: readonly string[], folder: string): Promise<void> => {
      const files = names.map((name) => ({ name, mimeType: "text/plain", buffer: Buffer.from(name) }));
      await dialog.getByLabel("Files", { exact: true }).setInputFiles(files);
      await dialog.getByLabel("Into the folder").fill(folder);
      await dialog.getByRole("button", { name: "Upload" }).click();
    };
    await upload(["하나.txt", "둘.txt"], "../밖");
    await dialog.getByRole("alert").getByText('"../밖/하나.txt": it has a part ".."').waitFor();
    await upload(["하나.txt", "둘.txt", "하나.txt"], "안");
    await dialog.getByRole("alert").getByText("two of the files are 안/하나.txt").waitFor();

    await drop(page, "fieldset.drop", ["also.txt", "gone.txt", "loose.txt"].map(fileOf));
    await dialog.getByText("also.txt, gone.txt, loose.txt").waitFor();
    rmSync(fileOf("gone.txt"));
    await dialog.getByRole("button", { name: "Upload" }).click();
    await dialog.getByRole("alert").getByText("안/gone.txt was changed or removed since it was chosen").waitFor();
    expect(await pathsOf("latest")).toEqual(await pathsOf("V5"));

    await upload(["하나.txt", "둘.txt"], "안");
    await page.waitForURL("**/sample/V6/files**");
    expect(await pathsOf("V6")).toEqual(expect.arrayContaining(["안/하나.txt", "안/둘.txt"]));
    check(/status of 400|ERR_FILE_NOT_FOUND|ERR_UPLOAD_FILE_CHANGED/);
    await page.context().close();
  });
});

/** What a page sends to the data API from now on: the method, and the last part of the path. */
function watchSending(page: Page): string[] {
  const sent: string[] = [];
  page.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() !== "GET") sent.push(`${request.method()} ${pathname.split("/").at(-1)}`);
  });
  return sent;
}

/** Lets a page send half a MiB a second. */
async function slowDown(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const rest = { offline: false, latency: 0, downloadThroughput: -1 };
  await session.send("Network.emulateNetworkConditions", { ...rest, uploadThroughput: 512 * 1024 });
}

/** Keeps what the dialog's bar shows while it uploads. */
async function watchProgress(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(`{
    globalThis.shares = [];
    const look = () => {
      const bar = document.querySelector("dialog progress");
      if (bar !== null) globalThis.shares.push(bar.value);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  }`);
  return () => page.evaluate<number[]>("globalThis.shares");
}

/** Drops files and folders of this machine in the middle of an element, as the mouse does. */
async function drop(page: Page, selector: string, files: readonly string[]): Promise<void> {
  const place = page.locator(selector);
  await place.waitFor();
  const box = await place.boundingBox();
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
