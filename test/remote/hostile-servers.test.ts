/** Servers that mean ill, or are none: whatever they answer, the error is clean, memory bounded, and no secret seen. */
import { describe, expect, test } from "vitest";
import { openHttpRemote } from "../../src/remote/http.ts";
import { impatientRemote, type Remote } from "../../src/remote/index.ts";
import { openBucket } from "../support/buckets.ts";
import { allOf, answer, type RawAnswer, type RawServer, rawServer } from "../support/raw-server.ts";

const SECRET = "secret-that-must-not-be-seen";

const kinds: readonly (readonly [string, (server: RawServer) => Remote])[] = [
  ["http", ({ url }) => openHttpRemote(new URL(url), { token: SECRET })],
  [
    "s3",
    ({ url }) => {
      const credentials = { accessKeyId: "key", secretAccessKey: SECRET, sessionToken: `${SECRET}-session` };
      return openBucket({ endpoint: url, ...credentials }, "bucket", { credentials });
    },
  ],
];

async function list(remote: Remote, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of remote.list(prefix)) keys.push(key);
  return keys;
}

const body = new Uint8Array(100);
const calls: readonly (readonly [string, (remote: Remote) => Promise<unknown>])[] = [
  ["read", (remote) => remote.read("a/0")],
  ["range", (remote) => remote.read("a/0", { offset: 2, length: 3 })],
  ["create", (remote) => remote.create("a/0", body)],
  ["list", (remote) => list(remote, "a/")],
  ["delete", (remote) => remote.delete("a/0")],
];

async function failureOf(
  call: Promise<unknown>,
): Promise<{ code: string; happened: string; info: Record<string, unknown> }> {
  const result = await call.then(
    (value) => ({ gave: value }),
    (error: unknown) => error,
  );
  expect(allOf(result)).not.toContain(SECRET);
  expect(result).toMatchObject({ name: "ArtifoldError" });
  return result as never;
}

const protocol = { "artifold-remote": "1" };
const page = "<html><body>Please log in<br></body></html>";
const endless: RawAnswer = (socket) => {
  socket.write("HTTP/1.1 200 OK\r\nartifold-remote: 1\r\ntransfer-encoding: chunked\r\n\r\n");
  const piece = `10000\r\n${"x".repeat(65_536)}\r\n`;
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  more();
};

describe.each(kinds)("%s", (_kind, open) => {
  describe.each(calls)("%s", (name, call) => {
    const isChange = name === "create" || name === "delete";
    const cases: [string, RawAnswer, string, boolean][] = [
      ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "DAMAGED", false],
      ["nothing", "", "UNREACHABLE", true],
      ["half a head", "HTTP/1.1 200 OK\r\ncontent-len", "UNREACHABLE", true],
      ["half a body", answer(200, { ...protocol, "content-length": "2" }, "x"), "UNREACHABLE", true],
      ["half a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\nx", "UNREACHABLE", true],
      ["a megabyte of head", `HTTP/1.1 200 OK\r\nx: ${"x".repeat(1_000_000)}\r\n\r\n`, "DAMAGED", false],
      ["two lengths", answer(200, { ...protocol, "Content-Length": "5" }, "x"), "DAMAGED", false],
      ["a terabyte, it says", answer(200, { ...protocol, "content-length": "1000000000000" }), "DAMAGED", false],
      ["a compressed body", answer(200, { ...protocol, "content-encoding": "gzip" }, "x"), "DAMAGED", false],
      ["a page with 404", answer(404, {}, page), "DAMAGED", false],
      ["a page with 503", answer(503, { "retry-after": "7" }, page), "UNREACHABLE", true],
      ["a status of 600", answer(600, {}, page), "UNREACHABLE", true],
      ["a page of ours with 500", answer(500, protocol, page), "UNREACHABLE", true],
      ["nothing of ours with 502", answer(502, protocol), "UNREACHABLE", true],
    ];
    test.each(cases)("%s", async (_, raw, code, transient) => {
      const server = await rawServer(raw);
      const error = await failureOf(call(open(server)));
      expect(error).toMatchObject({ code, info: { transient } });
      if (!isChange) expect(error.happened).toBe("no");
    });

    test.each([{}, protocol])("it says how long to wait, with the headers %j", async (headers) => {
      const away = answer(503, { ...headers, "retry-after": "7" }, page);
      const error = await failureOf(call(open(await rawServer(away))));
      expect(error.info["retryAfterMs"]).toBe(7000);
      if (isChange) expect(error.happened).toBe("unknown");
    });

    test("a redirect is not followed", async () => {
      const elsewhere = await rawServer(answer(200, protocol, "caught"));
      for (const status of [301, 302, 307, 308]) {
        const server = await rawServer(answer(status, { ...protocol, location: `${elsewhere.url}/a/0` }));
        await failureOf(call(open(server)));
      }
      expect(elsewhere.heads).toEqual([]);
    });

    test("what a server says back does not show our secrets, or control the terminal", async () => {
      const told = `no ${SECRET} and ${SECRET}-session \\u001b[31m\u202e`;
      const texts = [
        answer(403, protocol, JSON.stringify({ code: "DENIED", message: told })),
        answer(403, protocol, `<Error><Code>AccessDenied</Code><Message>${told}&#27;[31m</Message></Error>`),
        answer(500, protocol, JSON.stringify({ code: "INTERNAL", message: told })),
      ];
      for (const text of texts) {
        const error = await failureOf(call(open(await rawServer(text))));
        expect((error as unknown as Error).message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }
    });

    test("who never answers is given up", async () => {
      const continuing: RawAnswer = (socket) => {
        const timer = setInterval(() => socket.write("HTTP/1.1 100 Continue\r\n\r\n"), 5);
        socket.on("close", () => clearInterval(timer));
      };
      for (const raw of [() => undefined, continuing]) {
        const remote = impatientRemote(open(await rawServer(raw)), 60);
        const error = await failureOf(call(remote));
        expect(error).toMatchObject({ code: "UNREACHABLE", happened: isChange ? "unknown" : "no" });
        await remote.close();
      }
    });
  });

  test("a body without end does not fill the memory", async () => {
    const server = await rawServer(endless);
    for (const call of [
      () => open(server).read("a/0", { offset: 0, length: 1000 }),
      () => list(open(server)),
      () => open(server).create("a/0", body),
    ]) {
      expect(await failureOf(call())).toMatchObject({ code: "DAMAGED" });
    }
  });

  test.each([
    ["bytes 0-2/10", "abc"],
    ["bytes 2-5/10", "abcd"],
    ["bytes 2-4/10", "ab"],
    ["bytes */10", "abc"],
    ["", "abc"],
    ["bytes 2-18446744073709551615/*", "abc"],
  ])("a range that is another: %s", async (range, text) => {
    const server = await rawServer(answer(206, { ...protocol, "content-range": range }, text));
    const error = await failureOf(open(server).read("a/0", { offset: 2, length: 3 }));
    expect(error).toMatchObject({ code: "DAMAGED" });
  });

  test("a range that is not heeded", async () => {
    const server = await rawServer(answer(200, protocol, "abc"));
    expect(await failureOf(open(server).read("a/0", { offset: 2, length: 3 }))).toMatchObject({ code: "DAMAGED" });
  });

  test("nobody listens", async () => {
    const remote = open({ port: 1, url: "http://127.0.0.1:1", heads: [] });
    for (const [, call] of calls) {
      expect(await failureOf(call(remote))).toMatchObject({
        code: "UNREACHABLE",
        happened: "no",
        info: { transient: true },
      });
    }
  });
});

describe("lists of the protocol that are none", () => {
  const keys = (...names: string[]): object[] => names.map((key) => ({ key, size: 1 }));
  test.each<[string, unknown]>([
    ["no object", []],
    ["no keys", { more: false }],
    ["no more", { keys: [] }],
    ["without order", { keys: keys("a/2", "a/1"), more: false }],
    ["twice", { keys: keys("a/1", "a/1"), more: false }],
    ["of something else", { keys: keys("b/1"), more: false }],
    ["that lead elsewhere", { keys: keys("a/../../x"), more: false }],
    ["of no keys", { keys: [null], more: false }],
    ["with negative sizes", { keys: [{ key: "a/1", size: -1 }], more: false }],
    ["with sizes beyond all numbers", { keys: [{ key: "a/1", size: 1e300 }], more: false }],
    ["without end", { keys: [], more: true }],
  ])("%s", async (_, value) => {
    const server = await rawServer(answer(200, protocol, JSON.stringify(value)));
    const remote = openHttpRemote(new URL(server.url), { token: SECRET });
    expect(await failureOf(list(remote, "a/"))).toMatchObject({ code: "DAMAGED" });
  });

  test("the same page again and again", async () => {
    const again = answer(200, protocol, JSON.stringify({ keys: keys("a/1"), more: true }));
    const remote = openHttpRemote(new URL((await rawServer(again)).url), { token: SECRET });
    expect(await failureOf(list(remote, "a/"))).toMatchObject({ code: "DAMAGED" });
  });
});

describe("lists of a bucket that are none", () => {
  const result = (inner: string): string => answer(200, {}, `<ListBucketResult>${inner}</ListBucketResult>`);
  const item = (key: string, size = "1"): string => `<Contents><Key>${key}</Key><Size>${size}</Size></Contents>`;
  const whole = "<IsTruncated>false</IsTruncated>";
  const more = "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>";
  const openS3 = kinds[1]?.[1] as (server: RawServer) => Remote;
  test.each([
    ["another document", answer(200, {}, "<Other/>")],
    ["a page", answer(200, {}, page)],
    ["not known to be whole", result("")],
    ["truncated, and no way on", result(`<IsTruncated>true</IsTruncated>${item("a/1")}`)],
    ["without order", result(whole + item("a/2") + item("a/1"))],
    ["of something else", result(whole + item("b/1"))],
    ["without size", result(`${whole}<Contents><Key>a/1</Key></Contents>`)],
    ["with a size that is none", result(whole + item("a/1", "many"))],
    ["the same page again and again", result(more + item("a/1"))],
    ["empty pages without end", result(more)],
    ["an error with 200", answer(200, {}, "<Error><Code>InternalError</Code></Error>")],
  ])("%s", async (_, raw) => {
    expect(await failureOf(list(openS3(await rawServer(raw)), "a/"))).toMatchObject({ code: "DAMAGED" });
  });

  test("objects of other programs are passed over", async () => {
    const raw = result(`${whole}${item("a/../x")}${item("a/0")}${item("a/A")}${item("a/b c")}`);
    expect(await list(openS3(await rawServer(raw)), "a/")).toEqual(["a/0"]);
  });
});

describe("a bucket's answers", () => {
  const openS3 = kinds[1]?.[1] as (server: RawServer) => Remote;
  const failed = (status: number, code: string, more = ""): string =>
    answer(status, {}, `<Error><Code>${code}</Code><Message>some words</Message>${more}</Error>`);

  test.each([
    [404, "NoSuchBucket", "NOT_FOUND", "Make the bucket"],
    [403, "AccessDenied", "DENIED", "credentials"],
    [403, "SignatureDoesNotMatch", "DENIED", "credentials"],
    [404, "XAdminUserNotFound", "DENIED", "credentials"],
    [400, "ExpiredToken", "DENIED", "credentials"],
    [400, "AuthorizationHeaderMalformed", "NOT_FOUND", "region"],
    [301, "PermanentRedirect", "NOT_FOUND", "region"],
    [409, "ConditionalRequestConflict", "UNREACHABLE", ""],
    [409, "ObjectParentIsFile", "DAMAGED", ""],
    [501, "NotImplemented", "DENIED", "absent"],
    [503, "SlowDown", "UNREACHABLE", ""],
    [507, "XMinioStorageFull", "NO_SPACE", "room"],
    [403, "QuotaExceeded", "NO_SPACE", "room"],
    [400, "RequestTimeout", "UNREACHABLE", ""],
    [418, "Teapot", "DAMAGED", ""],
  ])("%s %s is %s", async (status, told, code, hint) => {
    const error = await failureOf(openS3(await rawServer(failed(status, told))).create("a/0", body));
    expect(error).toMatchObject({ code, happened: status === 503 ? "unknown" : "no" });
    expect((error as { hint?: string }).hint ?? "").toContain(hint);
  });

  test("the region that a bucket is in is told", async () => {
    const raw = failed(400, "AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>");
    const error = await failureOf(openS3(await rawServer(raw)).read("a/0"));
    expect((error as { hint?: string }).hint).toContain("region=eu-west-3");
  });

  test("a clock that is wrong is set by the server's, and the request sent again", async () => {
    const server = await rawServer(
      answer(403, { date: "Tue, 01 Jan 2030 00:00:00 GMT" }, "<Error><Code>RequestTimeTooSkewed</Code></Error>"),
      answer(200, {}, "content"),
    );
    expect(await openS3(server).read("a/0")).toEqual(new TextEncoder().encode("content"));
    expect(server.heads.map((head) => /x-amz-date: (\d{8})/.exec(head)?.[1])[1]).toBe("20300101");
  });

  test("parts that are not joined, whatever the status says, are taken away", async () => {
    const large = new Uint8Array(16 * 1024 * 1024);
    for (const [last, expected] of [
      [answer(200, {}, "<Error><Code>InternalError</Code></Error>"), { code: "UNREACHABLE", happened: "unknown" }],
      [answer(200, {}, page), { code: "UNREACHABLE", happened: "unknown" }],
      [failed(404, "NoSuchUpload"), { code: "UNREACHABLE", happened: "unknown" }],
      [failed(403, "AccessDenied"), { code: "DENIED", happened: "no" }],
    ] as const) {
      const part = answer(200, { etag: '"tag"' });
      const server = await rawServer(
        failed(404, "NoSuchKey"),
        answer(200, {}, "<InitiateMultipartUploadResult><UploadId>the-id</UploadId></InitiateMultipartUploadResult>"),
        part,
        part,
        last,
        answer(204),
      );
      expect(await failureOf(openS3(server).create("a/0", large))).toMatchObject(expected);
      expect(server.heads.at(-1)).toMatch(/^DELETE \/bucket\/a\/0\?uploadId=the-id /);
    }
  });

  test("a part that fails in passing is sent again, alone", async () => {
    const part = answer(200, { etag: '"tag"' });
    const server = await rawServer(
      failed(404, "NoSuchKey"),
      answer(200, {}, "<InitiateMultipartUploadResult><UploadId>the-id</UploadId></InitiateMultipartUploadResult>"),
      failed(503, "SlowDown"),
      part,
      part,
      answer(200, {}, "<CompleteMultipartUploadResult/>"),
    );
    expect(await openS3(server).create("a/0", new Uint8Array(16 * 1024 * 1024))).toBe("created");
    expect(server.heads.filter((head) => head.includes("partNumber"))).toHaveLength(3);
    expect(server.heads.at(-1)).toContain("if-none-match: *");
  });
});
