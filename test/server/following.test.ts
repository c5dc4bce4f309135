/** What is pushed to the place that a server offers becomes part of its store, whoever pushed it and wherever it lies now. */
import { renameSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openStore, type Store } from "../../src/index.ts";
import { openRemote, type Remote, remoteError } from "../../src/remote/index.ts";
import { type StoreRemote, type StoreRemoteOptions, serve, storeRemote } from "../../src/server/index.ts";
import { servedStore } from "../support/apps.ts";
import { all, openScratch, scratch, until, uploadFiles } from "../support/stores.ts";

interface Offered {
  readonly offered: StoreRemote;
  readonly errors: string[];
}

async function offer(store: Store, options: Partial<StoreRemoteOptions> = {}): Promise<Offered> {
  const errors: string[] = [];
  const offered = await storeRemote(store, { restMs: 0, onError: (error) => errors.push(String(error)), ...options });
  onTestFinished(() => offered.close());
  return { offered, errors };
}

const folderOf = (store: Store): string => path.join(store.folder, "served");
const versionsOf = async (store: Store): Promise<string[]> =>
  (await all(store.artifacts())).map(({ name, latest }) => `${name}:${latest}`);
const knows = (store: Store, ...versions: string[]): Promise<void> =>
  until(`it knows ${versions.join()}`, async () => (await versionsOf(store)).join() === versions.join());
/** As {@link knows}, while somebody asks again and again. */
const comesToKnow = (store: Store, offered: StoreRemote, ...versions: string[]): Promise<void> =>
  until(`it comes to know ${versions.join()}`, async () => {
    offered.lookAgain();
    return (await versionsOf(store)).join() === versions.join();
  });

async function textOf(store: Store, name: string): Promise<string> {
  const version = await store.getArtifact({ name, type: "dataset" });
  return Buffer.concat(await all(version.stream("a"))).toString();
}

/** Pushes a new artifact to a place as another server over it, or whoever reaches it, does. */
async function pushed(place: string | Remote, name: string): Promise<void> {
  const client = await openScratch();
  await uploadFiles(client, { a: `content of ${name}` }, name);
  await client.push({ remote: place });
}

describe("what is followed", () => {
  test("is the place that is offered, also where the store has been moved, and with it what was not read yet", async () => {
    const root = scratch();
    const before = await openStore(path.join(root, "before"), { workers: 0 });
    const first = await storeRemote(before, { restMs: 0, onError: () => {} });
    await pushed(folderOf(before), "one");
    await comesToKnow(before, first, "one:V1");
    await first.close();
    await before.close();
    renameSync(path.join(root, "before"), path.join(root, "after"));
    const store = await openScratch(path.join(root, "after"));
    const { offered, errors } = await offer(store);
    await until("the address is the new one", async () => (await store.remotes.list())[0]?.url === folderOf(store));
    expect(await textOf(store, "one")).toBe("content of one");
    await pushed(folderOf(store), "two");
    await comesToKnow(store, offered, "one:V1", "two:V1");
    expect(await textOf(store, "two")).toBe("content of two");
    expect(errors).toEqual([]);
  });

  test("is each place that is offered after another, without losing what lies in the first", async () => {
    const store = await openScratch();
    const first = await offer(store);
    await pushed(folderOf(store), "one");
    await comesToKnow(store, first.offered, "one:V1");
    await first.offered.close();
    const place = path.join(scratch(), "place");
    await pushed(place, "two");
    await offer(store, { url: place });
    await knows(store, "one:V1", "two:V1");
    expect(await textOf(store, "one")).toBe("content of one");
    expect(await textOf(store, "two")).toBe("content of two");
  });

  test("is no other place that has the name already, which keeps it", async () => {
    const store = await openScratch();
    const other = path.join(scratch(), "other");
    await pushed(other, "foreign");
    await store.remotes.add("served", other);
    const { offered } = await offer(store);
    await pushed(folderOf(store), "one");
    await comesToKnow(store, offered, "one:V1");
    expect((await store.remotes.list()).map(({ name, url }) => [name, url])).toEqual([
      ["served", other],
      ["served-2", folderOf(store)],
    ]);
  });
});

describe("when it is followed", () => {
  test("at the start", async () => {
    const store = await openScratch();
    await pushed(folderOf(store), "one");
    await offer(store);
    await knows(store, "one:V1");
  });

  test("when somebody asks for what is there", async () => {
    const store = await openScratch();
    const { offered } = await offer(store, { restMs: 0 });
    const { ask } = await servedStore({ store, onAsked: () => offered.lookAgain() });
    await pushed(folderOf(store), "one");
    await until("it is shown", async () => {
      const { items } = (await (await ask("/api/artifacts")).json()) as { items: unknown[] };
      return items.length === 1;
    });
  });

  test("again after it failed, of which is told once", async () => {
    const store = await openScratch();
    const place = await openRemote(folderOf(store), { makeFolder: true });
    await pushed(place, "one");
    let failures = 2;
    const read = place.read.bind(place);
    place.read = async (key, range, options) => {
      if (key === "format" && failures-- > 0) throw remoteError("UNREACHABLE", "place", "away for a moment");
      return read(key, range, options);
    };
    const { errors } = await offer(store, { open: async () => place, retryMs: 1 });
    await knows(store, "one:V1");
    expect(errors).toEqual([expect.stringContaining("away for a moment")]);
  });
});

describe("an artifact whose name is another's in the store", () => {
  test("holds up no other one, and is told of once", async () => {
    const store = await openScratch();
    await uploadFiles(store, { a: "the server's own" }, "alpha");
    await pushed(folderOf(store), "alpha");
    await pushed(folderOf(store), "beta");
    const { offered, errors } = await offer(store);
    await knows(store, "alpha:V1", "beta:V1");
    await pushed(folderOf(store), "gamma");
    await comesToKnow(store, offered, "alpha:V1", "beta:V1", "gamma:V1");
    expect(await textOf(store, "alpha")).toBe("the server's own");
    expect(errors).toEqual([expect.stringContaining("alpha")]);
  });

  test("is refused where it is pushed through the server", async () => {
    const store = await openScratch();
    await uploadFiles(store, { a: "the server's own" }, "alpha");
    const { offered } = await offer(store);
    const { app, token } = await servedStore({
      store,
      isOurs: () => true,
      remote: (request, access) => offered.handle(request, access),
    });
    const server = await serve((request) => app.handle(request));
    onTestFinished(() => server.close(0));
    const remote = await openRemote(server.url, { token: await token() });
    onTestFinished(() => remote.close());
    await expect(pushed(remote, "alpha")).rejects.toMatchObject({
      code: "DENIED",
      message: expect.stringContaining("alpha"),
    });
    await pushed(remote, "beta");
    await knows(store, "alpha:V1", "beta:V1");
  });
});
