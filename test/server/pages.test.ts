/** The pages: the one page at all their addresses, the application's files, and rules that go with each. */
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import { type ServedStore, servedStore } from "../support/apps.ts";
import { scratch, writeFiles } from "../support/stores.ts";

const script = `console.log("${"x".repeat(4000)}")`;
let around: ServedStore;

beforeEach(async () => {
  const pages = writeFiles(scratch(), {
    "index.html": "<!doctype html><title>artifold</title>",
    "assets/main-abc.js": script,
    "assets/secret.key": "of no type that is served",
    "mark.svg": "<svg/>",
  });
  around = await servedStore({ pages, isPrivate: true });
});

test("addresses of pages open, without a login", async () => {
  const addresses = [
    "/",
    "/molamola.babo/experi/arti_test_991b59c549bf_20221212/exp/chart",
    "/experi/molamola.babo/arti_test_991b59c549bf_20221212/sable-life-1/run/chart",
    "/experi/%ED%8C%80/e/r/run/chart",
    "/login",
    "/team/",
  ];
  for (const address of addresses) {
    const response = await around.ask(address, { headers: { accept: "text/html" } });
    expect(response.status, address).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toContain("<title>artifold</title>");
  }
});

test("each answer says what a page may do", async () => {
  for (const address of ["/", "/assets/main-abc.js", "/mark.svg", "/assets/none.js"]) {
    const { headers } = await around.ask(address);
    const policy = headers.get("content-security-policy") as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(Object.fromEntries(headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
  }
});

test("files of the application are kept by browsers, compressed as they like, and not sent twice", async () => {
  const ask = (headers: Record<string, string>): Promise<Response> => around.ask("/assets/main-abc.js", { headers });
  const plain = await ask({});
  expect(await plain.text()).toBe(script);
  expect(plain.headers.get("cache-control")).toContain("immutable");
  const br = await ask({ "accept-encoding": "gzip, deflate, br;q=0.9" });
  expect(br.headers.get("content-encoding")).toBe("br");
  expect(brotliDecompressSync(Buffer.from(await br.arrayBuffer())).toString()).toBe(script);
  const gzip = await ask({ "accept-encoding": "gzip" });
  expect(gunzipSync(Buffer.from(await gzip.arrayBuffer())).toString()).toBe(script);
  expect((await ask({ "if-none-match": plain.headers.get("etag") as string })).status).toBe(304);
  expect((await around.ask("/")).headers.get("cache-control")).toBe("no-cache");
});

test("nothing else is there: no other file, no place of the disk, no page of the server's own names", async () => {
  const none = [
    "/assets/none.js",
    "/assets/secret.key",
    "/assets",
    "/assets/%2e%2e%2findex.html",
    "/assets/..%5c..%5cpackage.json",
    "/a//b",
    "/remote/k/x",
    "/health/x",
    "/favicon.ico",
    "/robots.txt",
    "/.well-known/x",
    "/api",
  ];
  for (const address of none) expect((await around.ask(address)).status, address).toBe(404);
  expect((await around.ask("/", { method: "POST" })).status).toBe(405);
  expect(await (await around.ask("/health")).json()).toEqual({ ok: true });
});

test("a link from elsewhere leads to pages, and to nothing else of ours", async () => {
  const from = (address: string, mode: string): Promise<Response> =>
    around.ask(address, { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": mode } });
  expect((await from("/", "navigate")).status).toBe(200);
  expect((await from("/assets/main-abc.js", "no-cors")).status).toBe(403);
  expect((await from("/api/session", "navigate")).status).toBe(403);
  expect((await from("/remote/v1/keys/format", "navigate")).status).toBe(403);
  const foreign = new Request("http://evil.example:9111/", { headers: { accept: "text/html" } });
  expect((await around.app.handle(foreign)).status).toBe(421);
});

test("an installation without pages says so", async () => {
  const bare = await servedStore({ pages: `${scratch()}/none` });
  expect((await bare.ask("/")).status).toBe(503);
});
