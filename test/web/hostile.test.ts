/** Names and files that somebody stored to do harm to whoever looks at them. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, openDashboard, writeFiles } from "../support/dashboard.ts";

const files = "/lab/experi/pets/exp/artifacts/dataset/sample/V2/files";
const script = "<script>window.harmed = 1; alert(1)</script>";
/** Files by their names, and what of their content is shown. */
const hostile: { readonly [name: string]: string } = {
  "page.html": `<!doctype html>${script}<img src=x onerror="window.harmed=1">`,
  "drawing.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="window.harmed=1">${script}</svg>`,
  "<img src=x onerror=alert(1)>.txt": script,
  "photo\u202Egpj.exe": "not a picture",
  "javascript:alert(1)": "a name like an address",
  "%2e%2e%2fpasswd": "a name that is decoded twice by the careless",
  "__proto__.json": '{"__proto__": {"polluted": true}, "constructor": 1}',
  "evil.csv": `=cmd|'/c calc'!A1,"${script}"\n1,2\n`,
  "weird ?#&+.txt": "a name with signs of addresses",
};

describe.skipIf(chromiumPath === undefined)(`what is hostile does no harm${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
    const data = path.join(dashboard.folder, "data");
    mkdirSync(data);
    writeFiles(data, { "before.html": "<p>before</p>" });
    const names = ["--name", "sample", "--type", "dataset", "--team", "lab", "--experiment", "pets"];
    await dashboard.artifold(["upload", "data", ...names]);
    writeFiles(data, { ...hostile, "before.html": script });
    const told = ["--message", `${script}\u202Ereversed`, "--meta", `${script}=${script}`, "--meta", "__proto__=1"];
    await dashboard.artifold(["upload", "data", ...names, ...told]);
  });
  afterAll(() => dashboard?.close());

  test.each(Object.entries(hostile))("%j is shown as what it is", async (name, content) => {
    const { page, check } = await dashboard.open(`${files}?file=${encodeURIComponent(name)}`);
    const pane = page.getByRole("complementary", { name: "The chosen file" });
    await pane
      .getByText(
        content
          .split("\n")[0]
          ?.slice(0, 12)
          .replace(/[{"].*/, "") || "polluted",
      )
      .first()
      .waitFor();
    expect(await page.evaluate("window.harmed")).toBeUndefined();
    expect(await page.evaluate("({}).polluted")).toBeUndefined();
    expect(await page.locator("main script, main iframe, main object, main embed, main svg image").count()).toBe(0);
    check();
    await page.context().close();
  });

  test("a name that would read backwards is shown with its sign", async () => {
    const { page } = await dashboard.open(files);
    await page.getByRole("grid").getByRole("link", { name: "photo‹U+202E›gpj.exe" }).waitFor();
    await page.context().close();
  });

  test("messages, metadata and differences are text", async () => {
    const { page, check } = await dashboard.open(files.replace("/files", "/metadata"));
    await page.getByText(script).first().waitFor();
    await page.getByText("__proto__").first().waitFor();
    await page.goto(`${dashboard.url}${files.replace("/files", "/diff")}?file=before.html`);
    await page.getByRole("region", { name: "Changed lines" }).getByText(script).waitFor();
    expect(await page.evaluate("window.harmed")).toBeUndefined();
    check();
    await page.context().close();
  });

  test("an address of a stored page that the browser opens by itself does not run it", async () => {
    const { page } = await dashboard.open("/");
    const raw = "/api/artifacts/lab/pets/dataset/sample/versions/V2/file?path=page.html";
    const answer = await page.request.get(dashboard.url + raw);
    expect(answer.headers()["content-disposition"]).toMatch(/^attachment/);
    expect(answer.headers()["content-type"]).toBe("application/octet-stream");
    expect(answer.headers()["content-security-policy"]).toContain("sandbox");
    expect((await page.request.get(`${dashboard.url}${raw}&inline=true`)).status()).toBe(415);
    await page.context().close();
  });

  test.each(["/lab/experi/pets/exp/artifacts/%2e%2e/x", "/lab/..%2f..%2fetc/passwd", "/%00", "/lab/experi/%ff"])(
    "the address %s harms nobody",
    async (address) => {
      const { page } = await dashboard.open(address);
      expect(await page.evaluate("window.harmed")).toBeUndefined();
      await page.context().close();
    },
  );
});
