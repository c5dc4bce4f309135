/** What is looked at of large files, and what of them goes over the wire for it. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, howToGetChromium } from "../support/browser.ts";
import { type Dashboard, go, openDashboard, writeFiles } from "../support/dashboard.ts";
import { film, paddedParquet, sound } from "../support/media.ts";

const MIB = 1024 * 1024;
const files = "/lab/experi/media/exp/artifacts/dataset/large/V1/files";
const filmSize = { width: 320, height: 240 };
const rows = 60_000;

/** What was asked of a file's bytes, and how many came. */
interface Traffic {
  readonly ranges: string[];
  bytes: number;
}

describe.skipIf(chromiumPath === undefined)(`large files${howToGetChromium}`, () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
    const data = path.join(dashboard.folder, "data");
    mkdirSync(data);
    const line = (at: number): string => `${at},${"x".repeat(40)},${at % 7}\n`;
    writeFiles(data, {
      "long.wav": sound(32 * MIB),
      "long.csv": `id,text,rest\n${Array.from({ length: rows }, (_, at) => line(at + 1)).join("")}`,
      "long.jsonl": Array.from({ length: rows }, (_, at) => `{"id":${at + 1},"text":"${"y".repeat(40)}"}\n`).join(""),
      "long.parquet": paddedParquet(24 * MIB),
      "broken.mp4": "no film at all",
    });
    const frame = await keyFrame(dashboard, filmSize);
    writeFileSync(path.join(data, "film.webm"), film(frame, filmSize, Math.ceil((32 * MIB) / frame.length)));
    await dashboard.artifold([
      ...["upload", "data", "--name", "large", "--type", "dataset"],
      ...["--team", "lab", "--experiment", "media"],
    ]);
  });
  afterAll(() => dashboard?.close());

  test("a sound of half an hour and more is ready to be heard from its beginning, and from its middle", async () => {
    const { page, check } = await dashboard.open(files);
    const traffic = await watchBytes(page, "long.wav");
    await go(page, `${files}?file=long.wav`);
    const audio = page.locator("audio");
    await audio.waitFor();
    await expect.poll(() => read(page, "audio", "Math.floor(duration)"), { timeout: 60_000 }).toBe(4194);
    await page.evaluate("document.querySelector('audio').currentTime = 3000");
    await expect.poll(() => read(page, "audio", "[currentTime, seeking]"), { timeout: 60_000 }).toEqual([3000, false]);
    expect(traffic.ranges.every((range) => range.startsWith("bytes="))).toBe(true);
    expect(traffic.ranges.some((range) => Number(/=(\d+)/.exec(range)?.[1]) > 16 * MIB)).toBe(true);
    expect(traffic.bytes).toBeGreaterThan(0);
    expect(traffic.bytes).toBeLessThan(16 * MIB);
    check();
    await page.context().close();
  });

  test("a film is shown, in the size that it has, without being loaded as a whole", async () => {
    const { page, check } = await dashboard.open(files);
    const traffic = await watchBytes(page, "film.webm");
    await go(page, `${files}?file=film.webm`);
    await expect
      .poll(() => read(page, "video", "[readyState > 0, videoWidth, videoHeight]"), { timeout: 60_000 })
      .toEqual([true, 320, 240]);
    expect(traffic.ranges.every((range) => range.startsWith("bytes="))).toBe(true);
    expect(traffic.bytes).toBeLessThan(16 * MIB);
    check();
    await page.context().close();
  });

  test("what the browser cannot play is said to be so", async () => {
    const { page } = await dashboard.open(`${files}?file=broken.mp4`);
    await page.getByText("The browser cannot show this video. It can be downloaded.").waitFor();
    await page.context().close();
  });

  test.each(["csv", "jsonl"])("the rows of .%s are gone through by pages, each read by itself", async (ending) => {
    const { page, check } = await dashboard.open(files);
    const traffic = await watchBytes(page, `long.${ending}`);
    await go(page, `${files}?file=long.${ending}`);
    const table = page.getByRole("region", { name: "Rows of the file" });
    const ids = async (): Promise<string[]> => table.locator("tbody tr td:nth-child(2)").allInnerTexts();
    await page.getByText("Rows 1 to 200").waitFor();
    expect(await ids()).toEqual(Array.from({ length: 200 }, (_, at) => String(at + 1)));
    // Beyond the head of the file, which the page has anyway.
    for (let first = 201; first < 2000; first += 200) {
      await page.getByRole("button", { name: "Rows after" }).click();
      await page.getByText(`Rows ${first.toLocaleString("en")} to ${(first + 199).toLocaleString("en")}`).waitFor();
      expect((await ids()).slice(0, 2)).toEqual([String(first), String(first + 1)]);
    }
    await page.getByRole("button", { name: "Rows before" }).click();
    await page.getByText("Rows 1,601 to 1,800").waitFor();
    expect(await table.locator("tbody tr").count()).toBe(200);
    expect(traffic.ranges.every((range) => range.startsWith("bytes="))).toBe(true);
    expect(traffic.bytes).toBeLessThan(2.5 * MIB);
    check();
    await page.context().close();
  });

  test("of Parquet the foot and the first rows are read", async () => {
    const { page, check } = await dashboard.open(files);
    const traffic = await watchBytes(page, "long.parquet");
    await go(page, `${files}?file=long.parquet`);
    await page.getByText("120 rows in 1 row group, 2 columns").waitFor();
    await page.getByRole("cell", { name: "고양이" }).first().waitFor();
    await expect.poll(() => traffic.ranges.length).toBeGreaterThan(1);
    expect(traffic.ranges.every((range) => range.startsWith("bytes="))).toBe(true);
    expect(traffic.bytes).toBeLessThan(2 * MIB);
    check();
    await page.context().close();
  });
});

/** Counts what comes of a file from now on, as the browser's network has it. */
async function watchBytes(page: Page, name: string): Promise<Traffic> {
  const session = await page.context().newCDPSession(page);
  const traffic: Traffic = { ranges: [], bytes: 0 };
  const own = new Set<string>();
  // The headers of a request come by themselves, before or after the request: the browser promises no order.
  const headersOf = new Map<string, Record<string, string>>();
  const noteRange = (requestId: string): void => {
    const headers = headersOf.get(requestId);
    if (headers !== undefined && own.has(requestId))
      traffic.ranges.push(headers["Range"] ?? headers["range"] ?? "none");
  };
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    if (!request.url.includes("/file?") || !request.url.includes(name)) return;
    own.add(requestId);
    noteRange(requestId);
  });
  session.on("Network.requestWillBeSentExtraInfo", ({ requestId, headers }) => {
    headersOf.set(requestId, headers);
    noteRange(requestId);
  });
  session.on("Network.dataReceived", ({ requestId, dataLength }) => {
    if (own.has(requestId)) traffic.bytes += dataLength;
  });
  await session.send("Network.enable");
  return traffic;
}

/** Something of an element, as an expression of its properties. */
function read(page: Page, element: string, expression: string): Promise<unknown> {
  return page.evaluate(`(() => { with (document.querySelector("${element}") ?? {}) return ${expression}; })()`);
}

/** Noise as one key frame of VP8, as the browser encodes it. */
async function keyFrame({ open }: Dashboard, { width, height }: typeof filmSize): Promise<Buffer> {
  const { page } = await open("/");
  const encoded = await page.evaluate<string>(`(async () => {
    const pixels = new Uint8Array(${width * height * 4});
    for (let at = 0; at < pixels.length; at += 65536) crypto.getRandomValues(pixels.subarray(at, at + 65536));
    const parts = [];
    const encoder = new VideoEncoder({ output: (part) => parts.push(part), error: (error) => { throw error; } });
    encoder.configure({ codec: "vp8", width: ${width}, height: ${height}, bitrate: 100_000_000 });
    const init = { format: "RGBA", codedWidth: ${width}, codedHeight: ${height}, timestamp: 0 };
    encoder.encode(new VideoFrame(pixels, init), { keyFrame: true });
    await encoder.flush();
    const bytes = new Uint8Array(parts[0].byteLength);
    parts[0].copyTo(bytes);
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  })()`);
  await page.context().close();
  return Buffer.from(encoded, "base64");
}
