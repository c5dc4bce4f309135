/** Big files that do not compress are copied into the store as they are, where they cannot be cloned. */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Store, StoreOptions, UploadResult } from "../../src/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { randomBytesOf } from "../support/random.ts";
import { openScratch, scratch } from "../support/stores.ts";

const MiB = 1024 * 1024;
const BYTES = 65 * MiB + 12_345;
const noise: Uint8Array = randomBytesOf(1, BYTES);
const otherNoise: Uint8Array = randomBytesOf(2, BYTES);

/** Nothing can be cloned, whatever the file system of the machine can do. */
const uncloned = {
  ...nodeFileSystem,
  clone: () => Promise.reject(Object.assign(new Error("not supported"), { code: "ENOTSUP" })),
};

/** A store and a folder beside it. */
interface Place {
  readonly store: Store;
  readonly storeFolder: string;
  readonly data: string;
}

async function placeWith(options: StoreOptions): Promise<Place> {
  const folder = scratch();
  const [storeFolder, data] = [path.join(folder, "store"), path.join(folder, "data")];
  mkdirSync(data);
  return { storeFolder, data, store: await openScratch(storeFolder, { create: true, ...options }) };
}

async function upload({ store, data }: Place): Promise<UploadResult> {
  await using draft = await store.artifact({ name: "big", type: "model" });
  await draft.mirror(data);
  return draft.upload();
}

function put({ data }: Place, bytes: Uint8Array, name = "model.bin"): void {
  writeFileSync(path.join(data, name), bytes);
}

function adoptedIn({ storeFolder }: Place): string[] {
  const folder = path.join(storeFolder, "files");
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function leftIn({ storeFolder }: Place): string[] {
  return readdirSync(storeFolder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes(".tmp-"));
}

async function expectContent({ store }: Place, ref: string, file: string, bytes: Uint8Array): Promise<void> {
  const read = await (await store.resolve(ref)).read(file);
  expect(Buffer.compare(Buffer.from(read), bytes)).toBe(0);
}

const ways: [string, StoreOptions][] = [
  ["in threads", { workers: 2 }],
  ["in one thread, on a file system of the caller's", { fs: uncloned }],
];
test.each(ways)("a new one is a file of the store, %s, and comes back", async (_how, options) => {
  const place = await placeWith(options);
  put(place, noise);
  const { newBytes, writtenBytes } = await upload(place);
  expect(newBytes).toBe(BYTES);
  expect(adoptedIn(place)).toHaveLength(2);
  const [content] = adoptedIn(place) as [string];
  expect(readFileSync(path.join(place.storeFolder, "files", content)).equals(noise)).toBe(true);
  // Where the machine's file system can clone, the threads did.
  if (options.fs !== undefined) expect(writtenBytes).toBeGreaterThan(BYTES);
  expect(writtenBytes).toBeLessThan(BYTES * 1.01);
  const out = path.join(scratch(), "out");
  await (await place.store.resolve("big")).download(out);
  expect(readFileSync(path.join(out, "model.bin")).equals(noise)).toBe(true);
  expect(await place.store.verify()).toMatchObject({ ok: true, problems: [] });
});

test("a small change of it costs what was changed, and both versions come back", async () => {
  const place = await placeWith({ fs: uncloned });
  put(place, noise);
  await upload(place);
  const changed = Buffer.concat([noise.subarray(0, 20 * MiB), Buffer.from("inserted"), noise.subarray(20 * MiB)]);
  changed.set(randomBytesOf(9, 4096), 50 * MiB);
  put(place, changed);
  const { writtenBytes } = await upload(place);
  expect(writtenBytes).toBeLessThan(60 * 1024);
  expect(adoptedIn(place)).toHaveLength(2);
  const out = path.join(scratch(), "out");
  for (const [ref, bytes] of [
    ["big:V2", changed],
    ["big:V1", noise],
    ["big:V2", changed],
  ] as const) {
    await (await place.store.resolve(ref)).download(out);
    expect(Buffer.compare(readFileSync(path.join(out, "model.bin")), bytes)).toBe(0);
  }
});

const unpaid: [string, Uint8Array, number][] = [
  ["under another name", noise, 0],
  [
    "in its last quarter",
    Buffer.concat([otherNoise.subarray(0, 60 * MiB), noise.subarray(20 * MiB, 40 * MiB)]),
    60 * MiB,
  ],
  ["where nobody looks", Buffer.concat([otherNoise, noise.subarray(0, 8 * MiB), randomBytesOf(3, 30 * MiB)]), 95 * MiB],
  ["in itself", Buffer.concat(Array.from({ length: 5 }, () => otherNoise.subarray(0, 20 * MiB))), 20 * MiB],
];
test.each(unpaid)("what is stored already %s is not stored again", async (_where, content, isNew) => {
  const place = await placeWith({ fs: uncloned });
  put(place, noise);
  await upload(place);
  put(place, content, "other.bin");
  const { newBytes, writtenBytes } = await upload(place);
  expect(newBytes).toBeLessThan(isNew + MiB);
  expect(writtenBytes).toBeLessThan(isNew + 2 * MiB);
  expect(adoptedIn(place)).toHaveLength(2);
  expect(leftIn(place)).toEqual([]);
  await expectContent(place, "big", "other.bin", content);
});

test("a full disk leaves nothing behind, and the next try is whole", async () => {
  const fs = new FaultyFileSystem(undefined, uncloned);
  const place = await placeWith({ fs });
  put(place, noise);
  let writes = 0;
  for (const full of [1, 9, 18]) {
    writes = 0;
    fs.decide = ({ name }) => (name === "writeLater" && ++writes === full ? "ENOSPC" : undefined);
    await expect(upload(place)).rejects.toMatchObject({ code: "NO_SPACE", happened: "no" });
    expect([leftIn(place), adoptedIn(place)]).toEqual([[], []]);
  }
  fs.decide = () => undefined;
  await upload(place);
  expect(adoptedIn(place)).toHaveLength(2);
  await expectContent(place, "big", "model.bin", noise);
});

test("what cannot be written out, or is not there any more, is told as what it is", async () => {
  const fs = new FaultyFileSystem(undefined, uncloned);
  const place = await placeWith({ fs });
  put(place, noise);
  await upload(place);
  const version = await place.store.resolve("big");
  const out = path.join(scratch(), "out");
  const left = (): string[] => (existsSync(out) ? readdirSync(out) : []);
  fs.decide = ({ name, path: at }) => (name === "write" && at.includes(".artifold-") ? "ENOSPC" : undefined);
  await expect(version.download(out)).rejects.toMatchObject({ code: "NO_SPACE" });
  expect(left()).toEqual([]);
  const [content] = adoptedIn(place) as [string];
  fs.decide = ({ name, path: at }) => (name === "read" && at.endsWith(content) ? "EIO" : undefined);
  await expect(version.download(out)).rejects.toMatchObject({ code: "STORE_READ_FAILED" });
  expect(left()).toEqual([]);
  fs.decide = () => undefined;
  rmSync(path.join(place.storeFolder, "files", content));
  await expect(version.download(out)).rejects.toMatchObject({ code: "DAMAGED" });
  expect(left()).toEqual([]);
});

test("a byte that a disk changed is found by a download, which leaves nothing wrong", async () => {
  const place = await placeWith({ fs: uncloned });
  put(place, noise);
  await upload(place);
  const file = path.join(place.storeFolder, "files", (adoptedIn(place) as [string])[0]);
  chmodSync(file, 0o600);
  const fd = openSync(file, "r+");
  writeSync(fd, Uint8Array.of((noise[33 * MiB] as number) ^ 1), 0, 1, 33 * MiB);
  closeSync(fd);
  const out = path.join(scratch(), "out");
  await expect((await place.store.resolve("big")).download(out)).rejects.toMatchObject({ code: "DAMAGED" });
  expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
  expect(await place.store.verify()).toMatchObject({ ok: false });
});
