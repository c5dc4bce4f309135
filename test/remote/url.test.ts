import { describe, expect, test } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import { isLoopback, openRemote, parseRemoteUrl } from "../../src/remote/index.ts";
import { temporaryFolder } from "../support/temporary.ts";

test.each([
  ["remote", { kind: "folder", folder: "/from/remote" }],
  ["./remote/", { kind: "folder", folder: "/from/remote" }],
  ["/mnt/disk/remote", { kind: "folder", folder: "/mnt/disk/remote", url: "/mnt/disk/remote" }],
  ["file:///mnt/my%20disk", { kind: "folder", folder: "/mnt/my disk" }],
  ["http://127.0.0.1:9111", { kind: "http", url: "http://127.0.0.1:9111" }],
  ["https://host/prefix/", { kind: "http", url: "https://host/prefix" }],
  ["s3://bucket", { kind: "s3", bucket: "bucket", prefix: "", endpoint: undefined, region: undefined }],
  ["s3://bucket/a/b/", { kind: "s3", bucket: "bucket", prefix: "a/b" }],
  ["s3://bucket?region=eu-west-1&style=virtual", { kind: "s3", region: "eu-west-1", style: "virtual" }],
  ["sftp://user@host/srv/data", { kind: "sftp", host: "host", port: undefined, user: "user", folder: "/srv/data" }],
  ["sftp://host:2222/~/data", { kind: "sftp", host: "host", port: 2222, user: undefined, folder: "data" }],
  ["sftp://host/~", { kind: "sftp", folder: "." }],
  ["sftp://user@[::1]:22/x", { kind: "sftp", host: "::1" }],
])("%s", (text, expected) => {
  expect(parseRemoteUrl(text, "/from")).toMatchObject(expected);
});

test("an endpoint is taken with and without its scheme", () => {
  const endpoint = (text: string): unknown => (parseRemoteUrl(text, "/") as { endpoint?: URL }).endpoint?.href;
  expect(endpoint("s3://bucket?endpoint=http://127.0.0.1:7070")).toBe("http://127.0.0.1:7070/");
  expect(endpoint("s3://bucket?endpoint=minio.example.org")).toBe("https://minio.example.org/");
});

const SECRET = "secret-that-must-not-be-seen";

describe("what is no address is refused, without showing it", () => {
  test.each([
    [""],
    ["\0"],
    ["ftp://host/x"],
    [`https://user:${SECRET}@host`],
    [`https://${SECRET}@host`],
    [`https://host?token=${SECRET}`],
    [`https://host#${SECRET}`],
    [`https://user:${SECRET}@host:notaport`],
    [`s3://key:${SECRET}@bucket`],
    [`s3://bucket?secret=${SECRET}`],
    [`s3://bucket?endpoint=https://a:${SECRET}@host`],
    ["s3://bucket?endpoint=ftp://host"],
    ["s3://bucket?endpoint=https://host/path"],
    ["s3://Bucket_"],
    ["s3://bucket/a//b"],
    ["s3://bucket?region=../x"],
    ["s3://bucket?style=other"],
    [`sftp://user:${SECRET}@host/x`],
    ["sftp://host"],
    ["sftp://host/"],
    ["sftp://host/%zz"],
    ["sftp:///x"],
    ["file://host/x"],
  ])("%s", async (text) => {
    const error = await openRemote(text).catch((reason: unknown) => reason);
    expect(isArtifoldError(error, "USAGE")).toBe(true);
    expect(`${error} ${(error as Error).stack} ${JSON.stringify(error)}`).not.toContain(SECRET);
  });
});

test("this machine is known by its names", () => {
  for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]) expect(isLoopback(host)).toBe(true);
  for (const host of ["example.org", "127.0.0.1.example.org", "10.0.0.1", "::2", "localhost.example.org"])
    expect(isLoopback(host)).toBe(false);
});

test("a remote that is opened has its wrappers and works", async () => {
  const folder = temporaryFolder();
  const remote = await openRemote("below", { from: folder, makeFolder: true, bandwidth: { sent: 2 ** 30 } });
  expect(await remote.create("a/0", new Uint8Array([1]))).toBe("created");
  expect(await remote.read("a/0")).toEqual(new Uint8Array([1]));
  await remote.close();
  await expect(openRemote("absent", { from: folder })).rejects.toMatchObject({ code: "NOT_FOUND" });
});
