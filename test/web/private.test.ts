/** A server that shows nothing without a login: two users with tokens, each with what he may. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Scope } from "../../src/client/index.ts";
import { openStore } from "../../src/index.ts";
import { TokenStore } from "../../src/server/index.ts";
import { axeComplaints, chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";
import { picture } from "../support/media.ts";

const sample = "/lab/experi/pets/exp/artifacts/dataset/sample";
/** The browser tells of each answer that is no success: before the login there are some. */
const REFUSED = /status of 401/;

describe.skipIf(chromiumPath === undefined)(`a private server${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  const tokenOf = async (user: string, scope: Scope): Promise<string> => {
    await using store = await openStore(dashboard.store);
    return (await new TokenStore(store.engine).create({ user, scope })).token;
  };
  beforeAll(async () => {
    dashboard = await openDashboard(["--private"]);
    const data = path.join(dashboard.folder, "data");
    mkdirSync(data);
    writeFiles(data, { "cat.png": picture(8, 99), "notes.txt": "secret" });
    const names = ["--name", "sample", "--type", "dataset", "--team", "lab", "--experiment", "pets"];
    await dashboard.artifold(["upload", "data", ...names]);
  });
  afterAll(() => dashboard?.close());

  test("without a login only the way in is shown", async () => {
    const { page, check } = await dashboard.open(`${sample}/V1`);
    await page.getByRole("heading", { name: "Log in to see what is here" }).waitFor();
    expect(await page.getByText("secret").count()).toBe(0);
    expect(await axeComplaints(page)).toEqual([]);
    check(REFUSED);
    await page.context().close();
  });

  test("who may read sees all, pictures too, and changes nothing; no address has the token", async () => {
    const token = await tokenOf("ada", "read");
    const { page, check } = await dashboard.open(`${sample}/V1/files?file=cat.png`);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.getByLabel("One-time code or token").fill(token);
    await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
    await page.getByText("8 × 8").waitFor();
    await page.getByText("ada", { exact: true }).waitFor();
    for (const name of ["Upload", "Edit", "Remove", "Tag"]) {
      expect(await page.getByRole("button", { name, exact: true }).count()).toBe(0);
    }
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download .tar", exact: true }).click(),
    ]);
    expect(await download.failure()).toBeNull();
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.filter((url) => url.includes(token.slice(0, 20)))).toEqual([]);
    check(REFUSED);
    await page.context().close();
  });

  test("what one user changes another sees by itself, with who it was", async () => {
    const [ada, bo] = [await tokenOf("ada", "read"), await tokenOf("bo", "write")];
    const reader = await dashboard.open(sample);
    const writer = await dashboard.open(sample);
    for (const [{ page }, token] of [
      [reader, ada],
      [writer, bo],
    ] as const) {
      await page.getByLabel("One-time code or token").fill(token);
      await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
      await page.getByRole("treeitem", { name: /^V1/ }).waitFor();
    }
    await writer.page.getByRole("button", { name: "Upload", exact: true }).click();
    const dialog = writer.page.getByRole("dialog");
    const file = { name: "more.txt", mimeType: "text/plain", buffer: Buffer.from("more") };
    await dialog.getByLabel("Files", { exact: true }).setInputFiles(file);
    await dialog.getByRole("button", { name: "Upload" }).click();
    await reader.page.getByRole("treeitem", { name: /^V2/ }).click();
    await reader.page.getByText("by bo").waitFor();
    expect(await writer.page.getByRole("button", { name: "Remove", exact: true }).count()).toBe(0);
    for (const { page, check } of [reader, writer]) {
      check(REFUSED);
      await page.context().close();
    }
  });
});
