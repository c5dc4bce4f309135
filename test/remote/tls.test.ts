import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openHttpRemote } from "../../src/remote/http.ts";
import { openBucket } from "../support/buckets.ts";
import { temporaryFolder } from "../support/temporary.ts";

let ca: string;
let port: number;
let heads: Record<string, unknown>[];
let close = (): void => undefined;
beforeEach(async () => {
  const folder = temporaryFolder();
  const [key, cert] = ["key", "cert"].map((name) => path.join(folder, name)) as [string, string];
  const words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost";
  const names = ["-addext", "subjectAltName=DNS:localhost"];
  execFileSync("openssl", [...words.split(" "), ...names, "-keyout", key, "-out", cert], { stdio: "ignore" });
  ca = readFileSync(cert, "utf8");
  heads = [];
  const server = https.createServer({ key: readFileSync(key), cert: ca }, (request, response) => {
    heads.push({ ...request.headers });
    request.resume().on("end", () => {
      response.writeHead(request.method === "PUT" ? 201 : 200, { "artifold-remote": "1" });
      response.end(request.method === "GET" ? "content" : "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
  close = () => {
    server.close();
    server.closeAllConnections();
  };
});
afterEach(() => close());

test("a server with a certificate that is trusted is spoken to", async () => {
  const remote = openHttpRemote(new URL(`https://localhost:${port}`), { ca, token: "token" });
  expect(await remote.read("a/0")).toEqual(new TextEncoder().encode("content"));
  expect(await remote.create("a/0", new Uint8Array([1]))).toBe("created");
  expect(heads[0]?.["authorization"]).toBe("Bearer token");
  await remote.close();
});

test.each([
  ["nobody trusts", "localhost", false],
  ["is another host's", "127.0.0.1", true],
])("a server with a certificate that %s gets nothing", async (_, host, isTrusted) => {
  const remote = openHttpRemote(new URL(`https://${host}:${port}`), { token: "token", ...(isTrusted && { ca }) });
  for (const call of [() => remote.read("a/0"), () => remote.create("a/0", new Uint8Array([1]))]) {
    const error = await call().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "UNREACHABLE", happened: "no", info: { transient: false } });
    expect((error as { hint: string }).hint).toContain("NODE_EXTRA_CA_CERTS");
  }
  expect(heads).toEqual([]);
  await remote.close();
});

test("a body's hash is not signed where it is encrypted on the way", async () => {
  const endpoint = `https://localhost:${port}`;
  const remote = openBucket({ endpoint, accessKeyId: "key", secretAccessKey: "secret" }, "bucket", { ca });
  await remote.create("a/0", new Uint8Array([1])).catch(() => undefined);
  expect(heads[0]?.["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
  await remote.close();
});
