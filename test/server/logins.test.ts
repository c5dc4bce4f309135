/** Logins: tokens, sessions by a code, tickets. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type ApiError, pathOf } from "../../src/client/index.ts";
import { TokenStore } from "../../src/server/index.ts";
import { settableClock } from "../../src/testing/index.ts";
import { servedStore } from "../support/apps.ts";
import { Counted, countingFileSystem } from "../support/counting-file-system.ts";
import { openScratch, scratch, until, uploadFiles } from "../support/stores.ts";

const version = { team: "local", experiment: "uncategorized", type: "dataset", name: "sample", version: "V1" };

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "none",
    (error: ApiError) => `${error.status} ${error.code}`,
  );
}

describe("a token", () => {
  test("is known by whoever opens the store, until it is revoked or ends; its secret is nowhere", async () => {
    const folder = scratch();
    const clock = settableClock();
    const here = new TokenStore((await openScratch(folder, { clock })).engine);
    const there = new TokenStore((await openScratch(folder, { clock })).engine);
    expect(there.check("artifold_")).toBeUndefined();
    const { facts, token } = await here.create({ user: "김", scope: "read", team: "t", lifetimeMs: 1000 });
    const lasting = await there.create({ user: "lee", scope: "admin" });
    expect(token).toMatch(/^artifold_[0-9a-f]{88}$/);
    expect(there.check(token)).toEqual(facts);
    expect(here.list()).toEqual([facts, lasting.facts].map((each) => ({ ...each, lastUsedAt: null })));
    expect(facts).toMatchObject({ user: "김", team: "t", scope: "read", expiresAt: "2020-01-01T00:00:01.000Z" });
    const file = path.join(folder, "tokens.json");
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain(token.slice(25, 89));
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    clock.advance(1000);
    expect(here.check(token)).toBeUndefined();
    await here.revoke(lasting.facts.id);
    expect(there.check(lasting.token)).toBeUndefined();
    await expect(here.revoke(lasting.facts.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("that differs in any place is none", async () => {
    const store = new TokenStore((await openScratch()).engine);
    const { token } = await store.create({ user: "kim", scope: "read" });
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === "0" ? "1" : "0";
      expect(store.check(token.slice(0, at) + other + token.slice(at + 1))).toBeUndefined();
    }
    for (const none of [`${token} `, token.toUpperCase(), token.slice(0, -1), "", "__proto__"]) {
      expect(store.check(none)).toBeUndefined();
    }
    expect(store.check(token)).toBeDefined();
  });

  test("made by many at once: none is lost", async () => {
    const folder = scratch();
    const stores = await Promise.all([1, 2, 3].map(async () => new TokenStore((await openScratch(folder)).engine)));
    const made = await Promise.all(
      Array.from({ length: 12 }, (_, at) => stores[at % 3]?.create({ user: `u${at}`, scope: "read" })),
    );
    for (const each of made) expect(stores[0]?.check(each?.token ?? "")).toEqual(each?.facts);
  });

  test("tell when they were last used, to some minutes: not each use writes, and no use waits for it", async () => {
    const clock = settableClock();
    let counted = new Counted();
    const fs = countingFileSystem(() => counted);
    const { store, app, client, token } = await servedStore({ opening: { clock, fs } });
    const used = async (): Promise<(string | null)[]> => {
      // As another process sees it.
      const other = await openScratch(store.folder, { clock });
      return new TokenStore(other.engine).list().map(({ lastUsedAt }) => lastUsedAt);
    };
    const file = path.join(store.folder, "cache-token-uses.json");
    const [mine, unused] = [await token(), await token()];
    expect(await used()).toEqual([null, null]);
    counted = new Counted();
    for (let at = 0; at < 10; at++) await client(mine).call("session");
    await until("the first use is written", () => existsSync(file));
    expect(counted.callsOf("rename")).toBe(1);
    expect(await used()).toEqual(["2020-01-01T00:00:00.000Z", null]);
    clock.advance(5 * 60 * 1000 - 1);
    await client(mine).call("session");
    expect(await used()).toEqual(["2020-01-01T00:00:00.000Z", null]);
    expect(app.tokens.list()[0]?.lastUsedAt).toBe("2020-01-01T00:04:59.999Z");
    clock.advance(1);
    await client(mine).call("session");
    await app.tokens.settle();
    expect(counted.callsOf("rename")).toBe(2);
    expect(await used()).toEqual(["2020-01-01T00:05:00.000Z", null]);
    clock.advance(1000);
    await client(unused).call("session");
    expect(await codeOf(client(mine.replace(/.$/, "x")).call("session"))).toBe("401 DENIED");
    await app.close();
    expect(await used()).toEqual(["2020-01-01T00:05:00.000Z", "2020-01-01T00:05:01.000Z"]);
    // Two servers of one store: the later use counts.
    writeFileSync(file, JSON.stringify({ [mine.slice(9, 25)]: "2031-01-01T00:00:00.000Z", x: "2020", __proto__: 1 }));
    expect(await used()).toEqual(["2031-01-01T00:00:00.000Z", null]);
    for (const damaged of ["", "null", "[", "[1]", '{"a":{}}']) {
      writeFileSync(file, damaged);
      expect(await used()).toEqual([null, null]);
    }
  });

  test("for whom no name is, or that are damaged, are told", async () => {
    const store = await openScratch();
    const tokens = new TokenStore(store.engine);
    for (const user of ["", "a\nb", "x".repeat(129)]) {
      await expect(tokens.create({ user, scope: "read" })).rejects.toMatchObject({ code: "NAME_INVALID" });
    }
    for (const text of ["", "{}", '{"tokens":[null]}', '{"tokens":[{"id":"x"}]}']) {
      writeFileSync(path.join(store.folder, "tokens.json"), text);
      expect(() => tokens.list()).toThrow(expect.objectContaining({ code: "DAMAGED" }));
    }
  });
});

describe("a session", () => {
  test("is opened by the code, once; the next code opens another", async () => {
    const { client, code } = await servedStore();
    const nobody = client();
    const first = code();
    expect(first).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
    const session = await nobody.call("openSession", { body: { code: first.toUpperCase().replaceAll("-", " ") } });
    expect(session).toMatchObject({ user: "tester", scope: "admin" });
    expect(await codeOf(nobody.call("openSession", { body: { code: first } }))).toBe("401 DENIED");
    const api = client(session.token);
    expect(await api.call("session")).toMatchObject({
      login: { user: "tester", kind: "session", scope: "admin", team: null },
      may: { read: true, write: true, admin: true },
      isPrivate: false,
    });
    const other = await nobody.call("openSession", { body: { code: code() } });
    await api.call("closeSession");
    expect(await codeOf(api.call("session"))).toBe("401 DENIED");
    expect((await client(other.token).call("session")).login).not.toBeNull();
  });

  test("ends after twelve hours", async () => {
    const clock = settableClock();
    const { client, code } = await servedStore({ opening: { clock } });
    const { token, expiresAt } = await client().call("openSession", { body: { code: code() } });
    expect(expiresAt).toBe("2020-01-01T12:00:00.000Z");
    clock.advance(12 * 3600 * 1000 - 1);
    expect((await client(token).call("session")).login).not.toBeNull();
    clock.advance(1);
    expect(await codeOf(client(token).call("session"))).toBe("401 DENIED");
  });

  test("is not guessed: after ten wrong codes the right one has to wait too", async () => {
    const clock = settableClock();
    const { client, code } = await servedStore({ opening: { clock } });
    const open = (given: unknown): Promise<string> =>
      codeOf(client().call("openSession", { body: { code: given as string } }));
    for (let at = 0; at < 10; at++) expect(await open(at % 2 === 0 ? "guess" : at)).toBe("401 DENIED");
    expect(await open(code())).toBe("429 BUSY");
    clock.advance(60_001);
    expect(await open(code())).toBe("none");
  });

  test("without a login nothing is told but that one is needed, in private; else what may be read", async () => {
    const { client } = await servedStore({ isPrivate: true });
    expect(await client().call("session")).toMatchObject({
      login: null,
      may: { read: false, write: false, admin: false },
      isPrivate: true,
    });
    expect(await (await servedStore()).client().call("session")).toMatchObject({ may: { read: true, write: false } });
  });
});

describe("a ticket", () => {
  test("lets one path be read without a header, for a while, and nothing else", async () => {
    const clock = settableClock();
    const { store, ask, client, token } = await servedStore({ isPrivate: true, opening: { clock } });
    await uploadFiles(store, { "a.txt": "1", "b.txt": "2" });
    const api = client(await token({ scope: "read" }));
    const url = await api.urlOf("file", { params: version, query: { path: "a.txt" } });
    const path = url.slice("http://127.0.0.1:9111".length);
    const read = async (given: string, method = "GET"): Promise<number> => (await ask(given, { method })).status;
    expect(await (await ask(path)).text()).toBe("1");
    expect([await read(path), await read(path, "HEAD")]).toEqual([200, 200]);
    expect(await read(path.replace("a.txt", "b.txt"))).toBe(401);
    expect(await read(path.replace("/V1/", "/latest/"))).toBe(401);
    expect(await read(path.replace(/ticket=./, "ticket=A"))).toBe(401);
    expect(await read(`${path}&inline=true`)).toBe(401);
    expect(await read(path.replace("&ticket=", "&inline=true&ticket="))).toBe(401);
    const [ticket] = /ticket=.*$/.exec(path) as RegExpExecArray;
    expect(await read(`/api/experiments?${ticket}`)).toBe(401);
    expect(await read(`${pathOf("entries", { params: version })}?${ticket}`)).toBe(401);
    clock.advance(5 * 60 * 1000);
    expect(await read(path)).toBe(401);
  });

  test("is for files and archives only, and for what its owner may see", async () => {
    const { store, ask, client, token } = await servedStore({ isPrivate: true });
    await uploadFiles(store, { "a.txt": "1" });
    const login = await token({ scope: "read" });
    for (const path of [
      "/api/log",
      "/api/artifacts/a/file",
      "http://evil.example/api/artifacts/x/file?path=a",
      "",
      1,
    ]) {
      expect(await codeOf(client(login).call("ticket", { body: { path: path as string } }))).toBe("400 USAGE");
    }
    const other = client(await token({ scope: "read", team: "others" }));
    const url = await other.urlOf("archive", { params: version, query: { format: "zip" } });
    expect((await ask(url.slice("http://127.0.0.1:9111".length))).status).toBe(404);
  });
});
