/** Whatever is asked for, it is no fault of the server: answered, or refused in words. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { pathOf, type RouteName, routes } from "../../src/client/index.ts";
import { UserStores } from "../../src/server/user-stores.ts";
import { servedStore } from "../support/apps.ts";
import { openScratch, uploadFiles } from "../support/stores.ts";

const known = { team: "local", experiment: "uncategorized", type: "dataset", name: "sample", version: "V2", run: "r" };

/** Texts that are near to what is meant, and far from it. */
const odd = fc.oneof(
  fc.constantFrom(
    "",
    "/",
    "..",
    "a",
    "a/",
    "/a",
    "a//b",
    "\0",
    "V0",
    "v1",
    "latest",
    "prod",
    "-1",
    "1e9",
    "*",
    "[",
    "{a",
    "!(",
    "%",
    "\\",
  ),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "V99999999999999999999",
    "9".repeat(40),
    "a".repeat(9000),
    "true",
    "null",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.stringMatching(/^[0-9a-f]{64}$/),
);

const params = fc.record(
  Object.fromEntries(
    Object.entries(known).map(([key, name]) => [
      key,
      fc.oneof({ weight: 4, arbitrary: fc.constant(name) }, { weight: 1, arbitrary: odd }),
    ]),
  ),
);
const query = fc.dictionary(
  fc.constantFrom(
    "folder",
    "path",
    "glob",
    "from",
    "after",
    "at",
    "offset",
    "limit",
    "text",
    "link",
    "format",
    "steps",
    "count",
    "inline",
    "ticket",
    "x",
  ),
  odd,
  { maxKeys: 3 },
);
const readable = (Object.keys(routes) as RouteName[]).filter(
  (name) => routes[name].method === "GET" && name !== "events",
);
const writable = (Object.keys(routes) as RouteName[]).filter((name) => routes[name].method !== "GET");

test("of questions", async () => {
  const { store, ask, faults } = await servedStore();
  await uploadFiles(store, { a: "1", "d/b": "2" });
  await (await uploadFiles(store, { a: "2" })).tag("prod");
  await store.startRun({ name: "r" });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...readable), params, query, fc.option(odd), async (name, given, asked, range) => {
      const headers = new Headers();
      if (range !== null && /^[\x20-\x7e]+$/.test(range)) headers.set("range", range);
      const response = await ask(pathOf(name, { params: given, query: asked }), { headers });
      expect([200, 206, 400, 401, 404, 413, 415, 416]).toContain(response.status);
      await response.arrayBuffer();
    }),
    { numRuns: 1500 },
  );
  expect(faults).toEqual([]);
});

test("of things to do", async () => {
  const { store, ask, faults, token } = await servedStore();
  await uploadFiles(store, { a: "1" });
  const login = await token({ scope: "admin" });
  const body = fc.oneof(
    fc.json({ maxDepth: 2 }),
    odd,
    fc
      .record({ message: fc.anything(), metadata: fc.anything(), tags: fc.anything() })
      .map((each) => JSON.stringify(each) ?? ""),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...writable), params, query, body, odd, async (name, given, asked, sent, tag) => {
      const path = pathOf(name, { params: { ...given, tag, draft: tag }, query: asked });
      const type = routes[name].takes ?? "application/json";
      const init = { method: routes[name].method, token: login, headers: { "content-type": type }, body: sent };
      const response = await ask(path, init);
      expect([200, 201, 204, 400, 401, 404, 405, 409, 411, 413, 429, 503]).toContain(response.status);
    }),
    { numRuns: 800 },
  );
  expect(faults).toEqual([]);
});

test("stores of users who are long gone are closed, those at work are not", async () => {
  const main = await openScratch();
  await uploadFiles(main, { a: "1" });
  const stores = new UserStores(main);
  const first = await stores.take("at-work");
  const opened: (typeof main)[] = [];
  for (let at = 0; at < 18; at++) {
    await stores.use(`user${at}`, async (store) => {
      opened.push(store);
      await (await store.resolve("sample:V1")).tag(`t${at}`);
    });
  }
  expect(first.store.engine.isClosed).toBe(false);
  expect(opened.map((store) => store.engine.isClosed).slice(-15)).not.toContain(true);
  await stores.use("user17", async (store) => expect(store).toBe(opened[17]));
  first.release();
  await stores.close();
  expect(opened.every((store) => store.engine.isClosed)).toBe(true);
  await expect(stores.take("late")).rejects.toMatchObject({ code: "CLOSED" });
  expect(main.engine.isClosed).toBe(false);
});
