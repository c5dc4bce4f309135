import { describe, expect, test } from "vitest";
import { openHttpRemote } from "../../src/remote/http.ts";
import { type Remote, remoteError } from "../../src/remote/index.ts";
import { type HandlerOptions, remoteHandler } from "../../src/server/index.ts";
import { memoryRemote } from "../../src/testing/index.ts";
import { openServed, served, TOKEN } from "../support/served.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const everybody: HandlerOptions = { authorize: () => "yes" };

/** Asks a handler, without a network. */
function asking(remote: Remote, options: HandlerOptions = everybody) {
  const handle = remoteHandler(remote, options);
  return async (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Response> => {
    const length: Record<string, string> = body === undefined ? {} : { "content-length": `${body.length}` };
    return handle(
      new Request(`http://host${path}`, {
        method,
        headers: { ...length, ...headers },
        ...(body !== undefined && { body }),
      }),
    );
  };
}

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { code: string }).code;
}

const KEYS = "/remote/v1/keys";
const once = { "if-none-match": "*" };

describe("answers", () => {
  test("are those of the protocol", async () => {
    const ask = asking(memoryRemote());
    expect((await ask("PUT", `${KEYS}/a/0`, once, "0123456789")).status).toBe(201);
    const again = await ask("PUT", `${KEYS}/a/0`, once, "other");
    expect([again.status, await codeOf(again)]).toEqual([412, "EXISTS"]);
    const whole = await ask("GET", `${KEYS}/a/0`);
    expect([whole.status, await whole.text()]).toEqual([200, "0123456789"]);
    const range = await ask("GET", `${KEYS}/a/0`, { range: "bytes=8-20" });
    expect([range.status, range.headers.get("content-range"), await range.text()]).toEqual([206, "bytes 8-9/*", "89"]);
    const behind = await ask("GET", `${KEYS}/a/0`, { range: "bytes=10-20" });
    expect([behind.status, await codeOf(behind)]).toEqual([416, "RANGE"]);
    expect((await ask("HEAD", `${KEYS}/a/0`)).status).toBe(200);
    expect((await ask("HEAD", `${KEYS}/a/1`)).status).toBe(404);
    const list = await ask("GET", "/remote/v1/list?prefix=a/");
    expect([list.status, await list.json()]).toEqual([200, { keys: [{ key: "a/0", size: 10 }], more: false }]);
    expect((await ask("DELETE", `${KEYS}/a/0`)).status).toBe(204);
    const gone = await ask("GET", `${KEYS}/a/0`);
    expect([gone.status, await codeOf(gone)]).toEqual([404, "ABSENT"]);
  });

  test("have the marks of a server that serves bytes and no pages, and none that lets other pages in", async () => {
    const ask = asking(memoryRemote());
    for (const response of [
      await ask("GET", `${KEYS}/a/0`),
      await ask("GET", "/x"),
      await ask("GET", "/remote/v1/list"),
    ]) {
      expect(response.headers.get("artifold-remote")).toBe("1");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  test.each<[string, string, Record<string, string>, string | undefined, number, string]>([
    ["POST", `${KEYS}/a/0`, {}, "x", 405, "METHOD"],
    ["OPTIONS", `${KEYS}/a/0`, {}, undefined, 405, "METHOD"],
    ["PUT", "/remote/v1/list", {}, "x", 405, "METHOD"],
    ["GET", "/", {}, undefined, 404, "NO_ROUTE"],
    ["GET", "/remote/v2/keys/a", {}, undefined, 404, "NO_ROUTE"],
    ["GET", `${KEYS}/`, {}, undefined, 400, "BAD_REQUEST"],
    ["GET", `${KEYS}/a/`, {}, undefined, 400, "BAD_REQUEST"],
    ["GET", `${KEYS}/A`, {}, undefined, 400, "BAD_REQUEST"],
    ["GET", `${KEYS}/a%2f0`, {}, undefined, 400, "BAD_REQUEST"],
    ["GET", `${KEYS}/a%252f0`, {}, undefined, 400, "BAD_REQUEST"],
    ["GET", `${KEYS}/a%00`, {}, undefined, 400, "BAD_REQUEST"],
    ["GET", `${KEYS}/a/0?x=1`, {}, undefined, 400, "BAD_REQUEST"],
    ["GET", `${KEYS}/${"a".repeat(241)}`, {}, undefined, 400, "BAD_REQUEST"],
    ["PUT", `${KEYS}/a/0`, {}, "x", 428, "CONDITION_NEEDED"],
    ["PUT", `${KEYS}/a/0`, { "if-none-match": '"tag"' }, "x", 428, "CONDITION_NEEDED"],
    ["PUT", `${KEYS}/a/0`, { ...once, "content-encoding": "gzip" }, "x", 415, "UNSUPPORTED"],
    ["PUT", `${KEYS}/a/0`, { ...once, "content-length": "2" }, "x", 400, "BAD_REQUEST"],
    ["PUT", `${KEYS}/a/0`, { ...once, "content-length": "0" }, "x", 400, "BAD_REQUEST"],
    ["PUT", `${KEYS}/a/0`, { ...once, "content-length": "-1" }, "x", 400, "BAD_REQUEST"],
    ["PUT", `${KEYS}/a/0`, { ...once, "content-length": "1e3" }, "x", 400, "BAD_REQUEST"],
    ["PUT", `${KEYS}/a/0`, { ...once, "content-length": "99999999999" }, "x", 413, "TOO_LARGE"],
    ["GET", `${KEYS}/a/1`, { range: "bytes=0-1,3-4" }, undefined, 416, "RANGE"],
    ["GET", `${KEYS}/a/1`, { range: "bytes=-5" }, undefined, 416, "RANGE"],
    ["GET", `${KEYS}/a/1`, { range: "bytes=5-" }, undefined, 416, "RANGE"],
    ["GET", `${KEYS}/a/1`, { range: "bytes=5-3" }, undefined, 416, "RANGE"],
    ["GET", `${KEYS}/a/1`, { range: "lines=1-3" }, undefined, 416, "RANGE"],
    ["GET", `${KEYS}/a/1`, { range: "bytes=0-9007199254740993" }, undefined, 416, "RANGE"],
    ["GET", `${KEYS}/a/1`, { range: "bytes=9007199254740990-9007199254740991" }, undefined, 416, "RANGE"],
    ["GET", `${KEYS}/a/1`, { range: "bytes=0-999999999999" }, undefined, 416, "RANGE"],
    ["GET", "/remote/v1/list?prefix=../", {}, undefined, 400, "BAD_REQUEST"],
    ["GET", "/remote/v1/list?prefix=a&prefix=b", {}, undefined, 400, "BAD_REQUEST"],
    ["GET", "/remote/v1/list?limit=9", {}, undefined, 400, "BAD_REQUEST"],
    ["GET", "/remote/v1/list?after=%00", {}, undefined, 400, "BAD_REQUEST"],
  ])("%s %s with %j is refused", async (method, path, headers, body, status, code) => {
    const remote = memoryRemote();
    await remote.create("a/1", bytes("0123456789"));
    const response = await asking(remote)(method, path, headers, body);
    expect([response.status, await codeOf(response)]).toEqual([status, code]);
    expect(await remote.read("a/0")).toBeUndefined();
  });

  test("a body without its length is refused", async () => {
    const body = new ReadableStream({ pull: (stream) => stream.enqueue(bytes("x")) });
    const request = new Request(`http://host${KEYS}/a/0`, {
      method: "PUT",
      headers: once,
      body,
      duplex: "half",
    } as RequestInit);
    const response = await remoteHandler(memoryRemote(), everybody)(request);
    expect([response.status, await codeOf(response)]).toEqual([411, "LENGTH_NEEDED"]);
  });

  test("a prefix begins every route", async () => {
    const ask = asking(memoryRemote(), { ...everybody, prefix: "/data" });
    expect((await ask("GET", "/data/remote/v1/list")).status).toBe(200);
    expect((await ask("GET", "/remote/v1/list")).status).toBe(404);
  });
});

describe("who may what", () => {
  test("is asked for every call, before anything of the key is looked at", async () => {
    const asked: string[] = [];
    const remote = memoryRemote();
    await remote.create("a/0", bytes("x"));
    const ask = asking(remote, {
      authorize: (_, permission, key) => {
        asked.push(`${permission} ${key}`);
        return "login";
      },
    });
    const responses = [
      await ask("GET", `${KEYS}/a/0`),
      await ask("HEAD", `${KEYS}/a/1`),
      await ask("PUT", `${KEYS}/a/0`, once, "x"),
      await ask("DELETE", `${KEYS}/a/0`),
      await ask("GET", "/remote/v1/list"),
      await ask("GET", `${KEYS}/A`),
    ];
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401]);
    expect(responses[0]?.headers.get("www-authenticate")).toBe("Bearer");
    expect(asked).toEqual(["read a/0", "read a/1", "write a/0", "admin a/0", "read undefined", "read undefined"]);
    expect(remote.requests).toMatchObject({ read: 0, list: 0, delete: 0 });
    const denied = await asking(remote, { authorize: () => "no" })("GET", `${KEYS}/a/0`);
    expect([denied.status, await codeOf(denied)]).toEqual([403, "DENIED"]);
  });

  test("over the network, with a token and without", async () => {
    const server = await served(memoryRemote());
    const remote = openServed(server);
    expect(await remote.create("a/0", bytes("x"))).toBe("created");
    for (const token of [undefined, "another"]) {
      const other = openHttpRemote(new URL(server.url), { token });
      await expect(other.read("a/0")).rejects.toMatchObject({
        code: "DENIED",
        hint: expect.stringContaining("Log in"),
      });
      await expect(other.create("a/1", bytes("x"))).rejects.toMatchObject({ code: "DENIED", happened: "no" });
      await other.close();
    }
    await remote.close();
  });

  test("a token goes over no network in the clear, unless that is allowed by name", () => {
    const address = new URL("http://example.org");
    expect(() => openHttpRemote(address, { token: TOKEN })).toThrow(expect.objectContaining({ code: "DENIED" }));
    const warnings: string[] = [];
    openHttpRemote(address, { token: TOKEN, plainToken: true, onWarning: (message) => warnings.push(message) });
    openHttpRemote(address, { onWarning: (message) => warnings.push(message) });
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).not.toContain(TOKEN);
  });
});

describe("what is created", () => {
  test("is looked at first, and refused with a reason", async () => {
    const remote = memoryRemote();
    const server = await served(remote, {
      check: (key, body) => (body[0] === 0 ? `${key} begins with nothing` : undefined),
    });
    const client = openServed(server);
    const error = await client.create("a/0", new Uint8Array([0, 1])).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "DENIED",
      happened: "no",
      message: expect.stringContaining("begins with nothing"),
    });
    expect(remote.requests.create).toBe(0);
    expect(await client.create("a/0", new Uint8Array([1]))).toBe("created");
    await client.close();
  });

  test("has a length that its key may have, and more is not even read", async () => {
    const remote = memoryRemote();
    const server = await served(remote, { bodyBytesMax: (key) => (key.startsWith("a/") ? 10 : 1_000_000) });
    const client = openServed(server);
    for (const length of [11, 20_000_000]) {
      const error = await client.create("a/0", new Uint8Array(length)).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "LIMIT", happened: "no" });
    }
    expect(await client.create("a/0", new Uint8Array(10))).toBe("created");
    expect(await client.create("b/0", new Uint8Array(1_000_000))).toBe("created");
    await client.close();
  });

  test("waits outside while too much is in memory", async () => {
    const memory = memoryRemote();
    const create = memory.create.bind(memory);
    let free = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    memory.create = async (...args) => {
      await held;
      return create(...args);
    };
    const server = await served(memory, { memoryBytesMax: 1000 });
    const client = openServed(server);
    const first = client.create("a/0", new Uint8Array(900));
    let error: unknown;
    // The first may not have arrived yet.
    while (error === undefined)
      error = await client.create("a/1", new Uint8Array(900)).then(free, (reason: unknown) => reason);
    expect(error).toMatchObject({ code: "UNREACHABLE", happened: "no", info: { status: 429, retryAfterMs: 1000 } });
    free();
    expect(await first).toBe("created");
    expect(await client.create("a/1", new Uint8Array(900))).toBe("created");
    await client.close();
  });
});

describe("what is read", () => {
  test("is in memory until it was taken or given up, and no more of it than there is room for", async () => {
    const remote = memoryRemote();
    await remote.create("a/0", new Uint8Array(1000));
    const ask = asking(remote, { ...everybody, memoryBytesMax: 1500 });
    const range = { range: "bytes=0-999" };
    for (const end of [(first: Response) => first.arrayBuffer(), (first: Response) => first.body?.cancel()]) {
      for (const headers of [range, {}]) {
        const first = await ask("GET", `${KEYS}/a/0`, headers);
        const second = await ask("GET", `${KEYS}/a/0`, range);
        expect([first.status < 300, second.status, await codeOf(second)]).toEqual([true, 429, "BUSY"]);
        await end(first);
      }
    }
    // Of a range what is there counts, and not what was asked for.
    await ask("GET", `${KEYS}/a/0`, { range: "bytes=900-2000" });
    expect((await ask("GET", `${KEYS}/a/0`, range)).status).toBe(206);
  });
});

describe("trouble behind the server", () => {
  test.each([
    ["UNREACHABLE", 503, "UNREACHABLE", true],
    ["NOT_FOUND", 410, "NOT_FOUND", false],
    ["NO_SPACE", 507, "NO_SPACE", false],
    ["DAMAGED", 502, "DAMAGED", false],
    ["LIMIT", 413, "LIMIT", false],
    ["DENIED", 500, "UNREACHABLE", true],
  ] as const)("%s is %i, without a word of what is behind", async (behind, status, code, transient) => {
    const remote = memoryRemote();
    const heard: unknown[] = [];
    for (const method of ["read", "create", "delete"] as const) {
      remote[method] = async () => {
        throw remoteError(behind, "/srv/secret-place", "at /srv/secret-place");
      };
    }
    const server = await served(remote, { onError: (error) => heard.push(error) });
    const client = openServed(server);
    for (const call of [() => client.read("a/0"), () => client.create("a/0", bytes("x")), () => client.delete("a/0")]) {
      const error = await call().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code, info: { status, transient } });
      expect((error as Error).message).not.toContain("secret-place");
    }
    expect(heard).toHaveLength(3);
    await client.close();
  });

  test("a key that breaks off while it is read is seen not to be whole", async () => {
    const memory = memoryRemote();
    await memory.create("a/0", new Uint8Array(10 * 1024 * 1024));
    const read = memory.read.bind(memory);
    memory.read = async (key, range, options) => {
      if ((range?.offset ?? 0) > 0) throw remoteError("UNREACHABLE", "memory:", "gone");
      return read(key, range, options);
    };
    const errors: unknown[] = [];
    const client = openServed(await served(memory, {}, { onError: (error) => errors.push(error) }));
    await expect(client.read("a/0")).rejects.toMatchObject({ code: "UNREACHABLE", info: { transient: true } });
    expect(errors).toHaveLength(1);
    await client.close();
  });
});
