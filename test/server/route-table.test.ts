/** Every route, from the table that the server itself uses: who may, from where, and that it does something at all. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type CallOf, pathOf, type RouteName, routes } from "../../src/client/index.ts";
import { openStore } from "../../src/index.ts";
import { findRoute } from "../../src/server/routing.ts";
import { type SettableClock, settableClock } from "../../src/testing/index.ts";
import { type ServedStore, servedStore } from "../support/apps.ts";
import { all, newFolder, uploadFiles } from "../support/stores.ts";

const place = { team: "local", experiment: "uncategorized" };
const artifact = { ...place, type: "dataset", name: "sample" };
const version = { ...artifact, version: "V2" };

/** What stands behind a call: a draft is of whoever opened it. */
interface Around {
  readonly code: string;
  readonly draft: string;
}

/** A call of each route that comes to something. A route that is not here is an error of types. */
const calls: { readonly [Name in RouteName]: (around: Around) => CallOf<Name> } = {
  session: () => ({}),
  openSession: ({ code }) => ({ body: { code } }),
  closeSession: () => ({}),
  ticket: () => ({ body: { path: pathOf("file", { params: version, query: { path: "a.txt" } }) } }),
  experiments: () => ({}),
  experiment: () => ({ params: place }),
  runs: () => ({}),
  run: () => ({ params: { ...place, run: "first" } }),
  runVersions: () => ({ params: { ...place, run: "first" }, query: { link: "made" } }),
  runLineage: () => ({ params: { ...place, run: "first" } }),
  artifacts: () => ({}),
  artifact: () => ({ params: artifact }),
  versions: () => ({ params: artifact }),
  chart: () => ({ params: artifact }),
  version: () => ({ params: version }),
  entries: () => ({ params: version }),
  find: () => ({ params: version, query: { glob: "*.txt" } }),
  file: () => ({ params: version, query: { path: "a.txt" } }),
  archive: () => ({ params: version, query: { format: "tar" } }),
  diff: () => ({ params: version, query: { from: "V1" } }),
  diffSummary: () => ({ params: version, query: { from: "V1" } }),
  lineage: () => ({ params: version }),
  log: () => ({}),
  events: () => ({}),
  setTag: () => ({ params: { ...version, tag: "best" } }),
  removeTag: () => ({ params: { ...version, tag: "prod" } }),
  annotate: () => ({ params: version, body: { message: "better" } }),
  removeVersion: () => ({ params: version }),
  restoreVersion: () => ({ params: version }),
  openDraft: () => ({ params: artifact }),
  putFile: ({ draft }) => ({ params: { draft }, query: { path: "b.txt" }, body: new TextEncoder().encode("b") }),
  putFiles: ({ draft }) => ({ params: { draft }, body: new TextEncoder().encode('{"path":"c.txt","size":1}\nc') }),
  removeEntries: ({ draft }) => ({ params: { draft }, query: { glob: "a.txt" } }),
  finishDraft: ({ draft }) => ({ params: { draft }, body: { message: "m" } }),
  closeDraft: ({ draft }) => ({ params: { draft } }),
};

const names = Object.keys(routes) as RouteName[];
const isWrite = (name: RouteName): boolean => routes[name].method !== "GET";

const clock: SettableClock = settableClock();

/** A store of its own, for a call that may change something. */
async function served(isPrivate: boolean): Promise<ServedStore> {
  return filled(await servedStore({ isPrivate, opening: { clock } }));
}

/** One store for all calls that change nothing. */
function servedOnce(isPrivate: boolean): () => ServedStore {
  let around: ServedStore;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const folder = newFolder();
    const store = await openStore(folder, { workers: 0, user: "tester", clock });
    ends.push(
      async () => rmSync(folder, { recursive: true }),
      () => store.close(),
    );
    around = await filled(await servedStore({ isPrivate, store, onEnd: (end) => ends.push(end) }));
  });
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  return () => around;
}

async function filled(around: ServedStore): Promise<ServedStore> {
  const { store } = around;
  await uploadFiles(store, { "a.txt": "1" });
  const run = await store.startRun({ name: "first" });
  const draft = await run.artifact({ name: "sample", type: "dataset" });
  await draft.add(Buffer.from("2"), { as: "a.txt" });
  await draft.upload({ tags: ["prod"] });
  return around;
}

/** Calls a route with whatever token, and headers of a browser if need be. @param opener whose the draft is */
async function call(
  around: ServedStore,
  name: RouteName,
  token: string | undefined,
  headers: Readonly<Record<string, string>> = {},
  opener?: string,
): Promise<Response> {
  const draft =
    opener === undefined ? "none" : (await around.client(opener).call("openDraft", { params: artifact })).draft;
  const made = calls[name]({ code: around.code(), draft }) as { params?: object; query?: object; body?: unknown };
  const body = made.body instanceof Uint8Array ? made.body : isWrite(name) ? JSON.stringify(made.body ?? {}) : null;
  const isBytes = body instanceof Uint8Array;
  return around.ask(pathOf(name, made), {
    method: routes[name].method,
    token,
    headers: {
      ...(isWrite(name) && { "content-type": isBytes ? "application/octet-stream" : "application/json" }),
      ...(isBytes && { "content-length": String(body.length) }),
      ...headers,
    },
    body: body as never,
  });
}

/** Whether a caller with a scope, or with none, may. */
function mayAnyone(name: RouteName, scope: "none" | "read" | "write" | "admin", isPrivate: boolean): boolean {
  const { permission } = routes[name];
  if (permission === "shell" || permission === "code") return true;
  if (scope === "none") return permission === "read" && !isPrivate;
  if (permission === "login") return true;
  const order = ["read", "write", "admin"];
  return order.indexOf(scope) >= order.indexOf(permission);
}

describe.each([
  ["open to readers", false],
  ["private", true],
])("a server that is %s", (_, isPrivate) => {
  const once = servedOnce(isPrivate);

  test.each(names)("%s: without a login", async (name) => {
    const around = once();
    const { status } = await call(around, name, undefined);
    if (mayAnyone(name, "none", isPrivate)) expect([200, 201]).toContain(status);
    else expect(status).toBe(401);
  });

  test.each(names)("%s: with a token that is wrong, or has ended", async (name) => {
    const around = once();
    const good = await around.token({ scope: "admin", lifetimeMs: 1000 });
    const wrong = `${good.slice(0, 40)}${good[40] === "0" ? "1" : "0"}${good.slice(41)}`;
    const expected = routes[name].permission === "code" ? 201 : 401;
    expect((await call(around, name, wrong)).status).toBe(expected);
    expect((await call(around, name, "a-token")).status).toBe(expected);
    clock.advance(1001);
    expect((await call(around, name, good)).status).toBe(expected);
  });

  test.each(names.flatMap((name) => (["read", "write", "admin"] as const).map((scope) => [name, scope] as const)))(
    "%s: with a token to %s",
    async (name, scope) => {
      const may = mayAnyone(name, scope, isPrivate);
      const around = may && isWrite(name) ? await served(isPrivate) : once();
      const token = await around.token({ scope });
      const opener =
        name.endsWith("Draft") || name.startsWith("putFile") || name === "removeEntries" ? token : undefined;
      const response = await call(around, name, token, {}, scope === "read" ? undefined : opener);
      if (may) expect([200, 201, 204]).toContain(response.status);
      else expect(response.status).toBe(403);
      if (name === "events") await response.body?.cancel();
      expect(around.faults).toEqual([]);
    },
  );

  test.each(names)("%s: with a token of another team nothing of this one is there", async (name) => {
    const around = once();
    const token = await around.token({ scope: "admin", team: "others" });
    const before = JSON.stringify(await all(around.store.log()));
    const response = await call(around, name, token);
    if (routes[name].path.includes("{")) expect(response.status).toBe(404);
    else expect([200, 201, 204]).toContain(response.status);
    if (name === "events") await response.body?.cancel();
    // A ticket only says again what it was asked for.
    else if (name !== "ticket") expect(await response.text()).not.toMatch(/sample|first/);
    expect(JSON.stringify(await all(around.store.log()))).toBe(before);
  });
});

describe("whoever asks, and may all", () => {
  const once = servedOnce(false);
  let around: ServedStore;
  let token: string;

  beforeEach(async () => {
    around = once();
    token = await around.token({ scope: "admin" });
  });

  test.each(names)("%s: under a name that is not ours", async (name) => {
    const path = pathOf(name, calls[name]({ code: "", draft: "none" }) as never);
    for (const host of ["evil.example:9111", "127.0.0.1:9112", "localhost.evil.example:9111", "127.0.0.2:9111"]) {
      const request = new Request(`http://${host}${path}`, {
        method: routes[name].method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      });
      expect((await around.app.handle(request)).status).toBe(421);
    }
  });

  test.each(names)("%s: for a page of another origin", async (name) => {
    const foreign = [
      { origin: "http://evil.example" },
      { origin: "http://localhost:3000" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", origin: "http://127.0.0.1:9111" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    ];
    for (const headers of foreign) {
      const response = await call(around, name, token, headers as Record<string, string>);
      expect(response.status).toBe(403);
      expect([...response.headers.keys()].filter((header) => header.startsWith("access-control"))).toEqual([]);
    }
  });

  test.each(names)("%s: for our own pages", async (name) => {
    const headers = { origin: "http://127.0.0.1:9111", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" };
    const own = isWrite(name) ? await served(false) : around;
    const login = await own.token({ scope: "admin" });
    const { sequence } = own.store.engine.catalog.position() as { sequence: number };
    const response = await call(own, name, login, headers, login);
    if (name === "events") await response.body?.cancel();
    // Reading changes nothing, and nobody is known by a cookie, which other servers of this machine would get too.
    if (!isWrite(name)) expect(own.store.engine.catalog.position()).toMatchObject({ sequence });
    expect(response.headers.get("set-cookie")).toBeNull();
    expect([200, 201, 204]).toContain(response.status);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toContain("sandbox");
    expect([...response.headers.keys()].filter((header) => header.startsWith("access-control"))).toEqual([]);
  });

  test.each(names.filter((name) => !["GET", "DELETE"].includes(routes[name].method)))(
    "%s: in a form that any page can send",
    async (name) => {
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
        expect((await call(around, name, token, { "content-type": type })).status).toBe(415);
      }
      expect((await call(around, name, token, { "content-encoding": "gzip" })).status).toBe(415);
    },
  );

  test.each(names)("%s: with a parameter that is not known, or given twice", async (name) => {
    const { method, path } = routes[name];
    const made = pathOf(name, calls[name]({ code: "", draft: "none" }) as never);
    const query = `${made.includes("?") ? "&" : "?"}surprise=1`;
    const type = routes[name].takes ?? "application/json";
    const init = { method, token, headers: { "content-type": type } };
    expect((await around.ask(made + query, init)).status, path).toBe(400);
  });

  test("methods that a path has not are told", async () => {
    for (const name of names) {
      const made = pathOf(name, calls[name]({ code: "", draft: "none" }) as never).split("?")[0] as string;
      const response = await around.ask(made, { method: "OPTIONS", token });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toContain(routes[name].method);
    }
  });
});

test("a path in disguise is no route", () => {
  const disguised = [
    "/api/experiments/a%2fb/c",
    "/api/experiments/..%2f/c",
    "/api/experiments/%2e%2e/c",
    "/api/experiments/a%5cb/c",
    "/api/experiments/a\\b/c",
    "/api/experiments/a%00b/c",
    "/api/experiments/a%252fb/c",
    "/api/experiments//c",
    "/api/experiments/a/c/",
    "/api/experiments/a/%ff",
    "/api//experiments/a/c",
    "//api/experiments/a/c",
  ];
  for (const path of disguised) expect(findRoute("GET", path), path).toBeUndefined();
  expect(findRoute("GET", "/api/experiments/팀/실험".normalize("NFD"))).toMatchObject({
    params: { team: "팀".normalize("NFC"), experiment: "실험".normalize("NFC") },
  });
});
