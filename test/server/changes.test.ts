/** Changes over HTTP: versions made of what is sent, tags, notes, removals; by whom, and all or nothing. */
import { describe, expect, test } from "vitest";
import type { ApiError } from "../../src/client/index.ts";
import { servedStore } from "../support/apps.ts";
import { randomBytesOf } from "../support/random.ts";
import { all, uploadFiles } from "../support/stores.ts";

const artifact = { team: "local", experiment: "uncategorized", type: "dataset", name: "sample" };
const version = { ...artifact, version: "V1" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "none",
    (error: ApiError) => `${error.status} ${error.code}`,
  );
}

describe("a version", () => {
  test("is made of files that are sent, on the newest one, by whom the token names", async () => {
    const { store, client, token } = await servedStore();
    await uploadFiles(store, { kept: "1", gone: "2", "folder/x": "3" });
    const api = client(await token({ user: "kim" }));
    const { draft, version: base } = await api.call("openDraft", { params: artifact });
    expect(base).toBe("V1");
    const big = randomBytesOf(5, 900_000);
    const put = await api.call("putFile", { params: { draft }, query: { path: "데이터/크다.bin" }, body: big });
    expect(put).toMatchObject({ path: "데이터/크다.bin", size: 900_000 });
    await api.call("putFile", { params: { draft }, query: { path: "empty" }, body: bytes("") });
    expect(await api.call("removeEntries", { params: { draft }, query: { glob: "gone" } })).toEqual({ removed: 1 });
    const metadata = JSON.parse('{"__proto__":{"a":1},"n":[null]}');
    const made = await api.call("finishDraft", {
      params: { draft },
      body: { message: "sent", metadata, tags: ["prod"] },
    });
    expect(made).toMatchObject({ version: "V2", changed: true, files: 4, added: 2, removed: 1, kept: 2 });
    const seen = await store.resolve("sample:prod");
    expect([seen.id, seen.createdBy, seen.message]).toEqual([made.id, "kim", "sent"]);
    expect(JSON.stringify(seen.metadata)).toBe(JSON.stringify(metadata));
    expect(Buffer.from(await seen.read("데이터/크다.bin")).equals(big)).toBe(true);
    expect((await seen.entry("데이터/크다.bin"))?.digest).toBe(put.digest);
    expect((await all(store.log({ limit: 1 })))[0]?.by).toBe("kim");
    expect(await codeOf(api.call("closeDraft", { params: { draft } }))).toBe("404 NOT_FOUND");
  });

  test("of an artifact that is new, in a team that is new", async () => {
    const { store, client, token } = await servedStore();
    const api = client(await token());
    const params = { team: "팀", experiment: "e", type: "model", name: "net" };
    const { draft, version: base } = await api.call("openDraft", { params });
    expect(base).toBeNull();
    await api.call("putFile", { params: { draft }, query: { path: "w" }, body: bytes("w") });
    expect(await api.call("finishDraft", { params: { draft }, body: {} })).toMatchObject({ version: "V1", team: "팀" });
    expect((await store.resolve("팀/e/net:V1")).files).toBe(1);
  });

  test("is not made twice of the same, nor of what was given up", async () => {
    const { store, client, token } = await servedStore();
    await uploadFiles(store, { a: "1" });
    const api = client(await token());
    const same = await api.call("openDraft", { params: artifact });
    await api.call("putFile", { params: same, query: { path: "a" }, body: bytes("1") });
    expect(await api.call("finishDraft", { params: same, body: {} })).toMatchObject({ version: "V1", changed: false });
    const given = await api.call("openDraft", { params: artifact });
    await api.call("putFile", { params: given, query: { path: "b" }, body: bytes("2") });
    await api.call("closeDraft", { params: given });
    expect(await codeOf(api.call("finishDraft", { params: given, body: {} }))).toBe("404 NOT_FOUND");
    expect((await all(store.versions("sample"))).map((each) => each.version)).toEqual(["V1"]);
  });

  test("takes no file that did not come whole, and no path that is none; the draft goes on", async () => {
    const { app, store, ask, client, token } = await servedStore();
    const login = await token();
    const api = client(login);
    const { draft } = await api.call("openDraft", { params: artifact });
    const put = async (path: string, body: unknown, length: string | null): Promise<number> => {
      const headers = {
        "content-type": "application/octet-stream",
        ...(length !== null && { "content-length": length }),
      };
      const init = { method: "PUT", token: login, headers, body, duplex: "half" } as RequestInit;
      return (await ask(`/api/drafts/${draft}/file?path=${encodeURIComponent(path)}`, init)).status;
    };
    expect(await put("a", bytes("12"), "3")).toBe(400);
    expect(await put("a", bytes("1234"), "3")).toBe(400);
    expect(await put("a", bytes("123"), null)).toBe(411);
    expect(await put("a", bytes("123"), "-3")).toBe(411);
    expect(await put("a", bytes("1"), String(2 ** 41))).toBe(413);
    const breaking = new ReadableStream({
      start(stream) {
        stream.enqueue(bytes("12"));
        stream.error(new Error("the line went dead"));
      },
    });
    expect(await put("a", breaking, "3")).toBe(400);
    for (const path of ["", "/a", "../a", "a//b", "a/./b", "a\0", "a/", ".artifold/x"]) {
      expect(await put(path, bytes("1"), "1"), JSON.stringify(path)).toBeOneOf([400, 409]);
    }
    expect(await put("good", bytes("123"), "3")).toBe(200);
    expect(await put("good/below", bytes("123"), "3")).toBe(409);
    await api.call("finishDraft", { params: { draft }, body: {} });
    expect((await all((await store.resolve("sample")).entries())).map(({ path }) => path)).toEqual(["good"]);
    await app.close();
  });

  test("is not somebody else's to go on with", async () => {
    const { client, token } = await servedStore();
    const { draft } = await client(await token()).call("openDraft", { params: artifact });
    const other = client(await token({ scope: "admin" }));
    const file = { params: { draft }, query: { path: "a" }, body: bytes("1") };
    expect(await codeOf(other.call("putFile", file))).toBe("404 NOT_FOUND");
    expect(await codeOf(other.call("finishDraft", { params: { draft }, body: {} }))).toBe("404 NOT_FOUND");
    expect(await codeOf(other.call("closeDraft", { params: { draft } }))).toBe("404 NOT_FOUND");
  });

  test("too many at once are told to wait", async () => {
    const { client, token } = await servedStore();
    const api = client(await token());
    for (let at = 0; at < 16; at++) await api.call("openDraft", { params: artifact });
    expect(await codeOf(api.call("openDraft", { params: artifact }))).toBe("503 BUSY");
    await client(await token()).call("openDraft", { params: artifact });
  });

  test("of two people at once: paths of both are kept, a clash is told", async () => {
    const { store, client, token } = await servedStore();
    await uploadFiles(store, { a: "1", b: "1" });
    const [kim, lee] = [client(await token({ user: "kim" })), client(await token({ user: "lee" }))];
    const [first, second, third] = await Promise.all(
      [kim, lee, lee].map((api) => api.call("openDraft", { params: artifact })),
    );
    const put = (api: typeof kim, params: typeof first, path: string, text: string): Promise<unknown> =>
      api.call("putFile", { params: params as { draft: string }, query: { path }, body: bytes(text) });
    await put(kim, first, "a", "kim");
    await put(lee, second, "b", "lee");
    await put(lee, third, "a", "lee");
    await kim.call("finishDraft", { params: first as { draft: string }, body: {} });
    const merged = await lee.call("finishDraft", { params: second as { draft: string }, body: {} });
    expect(merged).toMatchObject({ version: "V3", mergedWith: "V2" });
    expect(await codeOf(lee.call("finishDraft", { params: third as { draft: string }, body: {} }))).toBe(
      "409 CONFLICT",
    );
    const newest = await store.resolve("sample");
    expect([newest.createdBy, Buffer.from(await newest.read("a")).toString()]).toEqual(["lee", "kim"]);
  });
});

describe("a version that is there", () => {
  test("gets tags and loses them, another message, other metadata; goes and comes back", async () => {
    const { store, client, token } = await servedStore();
    await uploadFiles(store, { a: "1" });
    await uploadFiles(store, { a: "2" });
    const api = client(await token({ scope: "admin", user: "kim" }));
    const tagged = await api.call("setTag", { params: { ...version, tag: "최고" } });
    expect(tagged.operation).toBeTypeOf("number");
    expect(await api.call("setTag", { params: { ...version, tag: "최고" } })).toEqual({ operation: null });
    expect(await codeOf(api.call("setTag", { params: { ...version, tag: "v3" } }))).toBe("400 NAME_INVALID");
    expect(await codeOf(api.call("removeTag", { params: { ...version, version: "V2", tag: "최고" } }))).toBe(
      "404 NOT_FOUND",
    );
    await api.call("removeTag", { params: { ...version, tag: "최고" } });
    await api.call("annotate", { params: version, body: { message: "<b>", metadata: { k: [1] } } });
    const noted = await api.call("version", { params: version });
    expect(noted).toMatchObject({ message: "<b>", metadata: { k: [1] }, tags: [] });
    await api.call("annotate", { params: version, body: { metadata: {} } });
    expect(await api.call("version", { params: version })).toMatchObject({ message: "<b>", metadata: {} });
    await api.call("removeVersion", { params: version });
    expect(await api.call("removeVersion", { params: version })).toEqual({ operation: null });
    expect((await all(store.versions("sample"))).map((each) => each.version)).toEqual(["V2"]);
    await api.call("restoreVersion", { params: version });
    expect((await all(store.versions("sample"))).map((each) => each.version)).toEqual(["V2", "V1"]);
    const by = (await all(store.log())).map((operation) => operation.by);
    expect(by.filter((user) => user === "kim")).toHaveLength(6);
  });

  test("takes nothing but what it has a place for", async () => {
    const { store, ask, token } = await servedStore();
    await uploadFiles(store, { a: "1" });
    const login = await token();
    const patch = async (body: string): Promise<number> => {
      const headers = { "content-type": "application/json; charset=utf-8" };
      const path = "/api/artifacts/local/uncategorized/dataset/sample/versions/V1";
      return (await ask(path, { method: "PATCH", token: login, headers, body })).status;
    };
    for (const body of [
      "[]",
      "1",
      "null",
      "{",
      '"x"',
      '{"message":1}',
      '{"metadata":[]}',
      '{"tags":["x"]}',
      '{"id":"x"}',
    ]) {
      expect(await patch(body), body).toBe(400);
    }
    expect(await patch(`{"message":"${"x".repeat(70_000)}"}`)).toBe(413);
    expect(await patch(`{"message":"${"x".repeat(3_000_000)}"}`)).toBe(413);
    expect(await patch('{"message":"\\ud800"}')).toBeOneOf([400, 413]);
    expect((await all(store.log())).length).toBe(1);
  });

  test("faults of the server are told without what is behind it, and with a name for the log", async () => {
    const { store, ask, faults } = await servedStore();
    await uploadFiles(store, { a: "1" });
    store.engine.catalog.latest = () => {
      throw new Error(`SQLITE_IOERR at ${store.folder}`);
    };
    const response = await ask("/api/artifacts/local/uncategorized/dataset/sample/versions/latest");
    const { error } = (await response.json()) as { error: { id: string; code: string; message: string } };
    expect([response.status, error.code, error.message]).toEqual([500, "INTERNAL", "a fault of this server"]);
    expect(error.id).toMatch(/^[0-9a-f]{12}$/);
    expect(String(faults[0])).toContain("SQLITE_IOERR");
  });
});
