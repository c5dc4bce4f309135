/**
 * Remotes that are broken or mean ill: they can refuse, but a pull either brings exactly what was pushed, or fails with an
 * error of ours and leaves a store in which everything is as it should be.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import type { Store, Version } from "../../src/index.ts";
import type { ListedKey, Remote, RemoteRange } from "../../src/remote/index.ts";
import { memoryPlace } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { all, openScratch, textsOf, uploadFiles } from "../support/stores.ts";

/** Keys and their bytes. */
type Keys = ReadonlyMap<string, Uint8Array>;

/** A remote that shows these keys, and takes nothing. */
function showing(keys: Keys): Remote {
  const sorted = [...keys.keys()].sort();
  return {
    url: "hostile:",
    traits: { concurrency: 4, bodyBytesMax: 2 ** 27, requestBytes: 0, creates: "always", durable: "unknown" },
    async read(key: string, range?: RemoteRange) {
      const bytes = keys.get(key);
      return range === undefined ? bytes?.slice() : bytes?.slice(range.offset, range.offset + range.length);
    },
    create: () => Promise.reject(new TypeError("not to be written")),
    async *list(prefix: string, after = ""): AsyncGenerator<ListedKey> {
      for (const key of sorted) {
        if (key.startsWith(prefix) && key > after) yield { key, size: (keys.get(key) as Uint8Array).length };
      }
    },
    delete: () => Promise.reject(new TypeError("not to be written")),
    close: async () => {},
  };
}

let good: Keys;
let texts: Map<string, Record<string, string>>;

beforeAll(async () => {
  const place = memoryPlace();
  const store = await openScratchForFile();
  await uploadFiles(store, {
    "a.txt": "a",
    "folder/b.bin": randomBytesOf(1, 400_000),
    "folder/c.txt": "c".repeat(500),
  });
  await store.push({ remote: place.open() });
  await uploadFiles(store, { "a.txt": "changed", "folder/b.bin": randomBytesOf(1, 400_000), "d/e": "e" });
  await (await store.resolve("sample")).tag("prod");
  await store.push({ remote: place.open() });
  texts = new Map();
  for (const version of await all(store.versions("sample"))) texts.set(version.id, await textsOf(version));
  const remote = place.open();
  const keys = new Map<string, Uint8Array>();
  for (const { key } of await all(remote.list("")))
    keys.set(key, Uint8Array.from((await remote.read(key)) as Uint8Array));
  good = keys;
  await store.close();
});

async function openScratchForFile(): Promise<Store> {
  const { openStore } = await import("../../src/index.ts");
  const { newFolder } = await import("../support/stores.ts");
  return openStore(newFolder(), { workers: 0 });
}

/** Pulls, and says what came of it. Whatever came is right, and the store is whole. */
async function pullFrom(keys: Keys): Promise<"all" | "refused"> {
  const store = await openScratch();
  const remote = showing(keys);
  let outcome: "all" | "refused" = "all";
  try {
    await store.pull({ remote });
  } catch (error) {
    expect(isArtifoldError(error), String((error as Error).stack)).toBe(true);
    outcome = "refused";
  }
  for (const version of await versionsOf(store)) {
    expect(texts.has(version.id)).toBe(true);
    if (version.isComplete) expect(await textsOf(version)).toEqual(texts.get(version.id));
  }
  const { problems } = await store.verify();
  expect(problems).toEqual([]);
  return outcome;
}

async function versionsOf(store: Store): Promise<readonly Version[]> {
  try {
    return await all(store.versions("sample"));
  } catch (error) {
    expect(isArtifoldError(error, "NOT_FOUND")).toBe(true);
    return [];
  }
}

/** What is done to the bytes of a key. */
const harms: readonly (readonly [name: string, harm: (bytes: Uint8Array, seed: number) => Uint8Array | undefined])[] = [
  ["is gone", () => undefined],
  ["is empty", () => new Uint8Array(0)],
  ["is cut in half", (bytes) => bytes.slice(0, bytes.length >> 1)],
  ["lacks its last byte", (bytes) => bytes.slice(0, -1)],
  ["has a byte more", (bytes) => Buffer.concat([bytes, Buffer.from([0])])],
  ["is all zeros", (bytes) => new Uint8Array(bytes.length)],
  ["is noise", (bytes, seed) => randomBytesOf(seed, bytes.length)],
  [
    "begins with a count that there is no memory for",
    (bytes) => Buffer.concat([Buffer.from("ddffffffff", "hex"), bytes]),
  ],
  ...Array.from({ length: 8 }, (_, at): (typeof harms)[number] => [
    `has a flipped bit (${at})`,
    (bytes, seed) => {
      const harmed = bytes.slice();
      const place = (seed * 7919 + at * 104_729) % harmed.length;
      harmed[place] = (harmed[place] as number) ^ (1 << (at % 8));
      return harmed;
    },
  ]),
];

test("nothing harmed is pulled whole", async () => {
  expect(await pullFrom(good)).toBe("all");
});

describe.each(harms)("a key that %s", (_name, harm) => {
  test("does no harm, whichever it is", async () => {
    const refused: string[] = [];
    for (const [at, key] of [...good.keys()].entries()) {
      const keys = new Map(good);
      const harmed = harm(good.get(key) as Uint8Array, at + 1);
      if (harmed === undefined) keys.delete(key);
      else keys.set(key, harmed);
      if ((await pullFrom(keys)) === "refused") refused.push(key);
    }
    expect(refused.length).toBeLessThanOrEqual(good.size);
  });
});

test("keys that have each other's bytes do no harm", async () => {
  const names = [...good.keys()];
  for (const [at, key] of names.entries()) {
    const other = names[(at + 1) % names.length] as string;
    const keys = new Map(good);
    keys.set(key, good.get(other) as Uint8Array);
    keys.set(other, good.get(key) as Uint8Array);
    await pullFrom(keys);
  }
});

test("a remote that goes back to an older state is found out, and changes nothing", async () => {
  const store = await openScratch();
  await store.pull({ remote: showing(good) });
  const slots = [...good.keys()].filter((key) => key.startsWith("a/")).sort();
  const older = new Map(good);
  older.delete(slots.at(-1) as string);
  const before = (await versionsOf(store)).map(({ id }) => id);
  await expect(store.pull({ remote: showing(older) })).rejects.toMatchObject({ code: "DAMAGED" });
  const another = new Map(good);
  another.set(slots.at(-1) as string, good.get(slots[0] as string) as Uint8Array);
  expect(await store.pull({ remote: showing(another) })).toMatchObject({ versions: [] });
  expect((await versionsOf(store)).map(({ id }) => id)).toEqual(before);
  await uploadFiles(store, { a: "new" });
  await expect(store.push({ remote: showing(another) })).rejects.toMatchObject({ code: "DAMAGED" });
});

test("another remote at the same address is found out", async () => {
  const store = await openScratch(undefined, { openRemote: async () => showing(current) });
  let current: Keys = good;
  await store.remotes.add("hub", "/hub");
  await store.pull();
  current = new Map([
    ["format", Buffer.from(good.get("format") as Uint8Array).map((byte, at) => (at === 20 ? byte ^ 1 : byte))],
  ]);
  await expect(store.pull()).rejects.toMatchObject({ code: "CONFLICT" });
  current = new Map();
  await expect(store.pull()).rejects.toMatchObject({ code: "CONFLICT" });
});
