/** Big files are cloned into the store where that can be done, and are then content like any other. */
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Store, UploadResult } from "../../src/index.ts";
import type { FileSystem } from "../../src/platform/index.ts";
import { FaultyFileSystem, type FileCall } from "../../src/testing/index.ts";
import { copyingFileSystem } from "../support/copying-file-system.ts";
import { randomBytesOf } from "../support/random.ts";
import { ReflinkDisk, type ReflinkKind, reflinkKinds } from "../support/reflink-disk.ts";
import { openScratch, scratch, textsOf } from "../support/stores.ts";

const MiB = 1024 * 1024;
const BYTES = 18 * MiB;
const noise: Uint8Array = randomBytesOf(1, BYTES);
const otherNoise: Uint8Array = randomBytesOf(2, BYTES);

/** A store and a folder beside it. */
interface Place {
  readonly store: Store;
  readonly storeFolder: string;
  readonly data: string;
}

async function placeIn(folder: string, fs: FileSystem = copyingFileSystem): Promise<Place> {
  const [storeFolder, data] = [path.join(folder, "store"), path.join(folder, "data")];
  mkdirSync(data);
  return { storeFolder, data, store: await openScratch(storeFolder, { fs, create: true }) };
}

async function upload({ store, data }: Place): Promise<UploadResult> {
  await using draft = await store.artifact({ name: "big", type: "model" });
  await draft.mirror(data);
  return draft.upload();
}

function adoptedIn({ storeFolder }: Place): string[] {
  try {
    return readdirSync(path.join(storeFolder, "files")).sort();
  } catch {
    return [];
  }
}

async function expectContent({ store }: Place, ref: string, file: string, bytes: Uint8Array): Promise<void> {
  const read = await (await store.resolve(ref)).read(file);
  expect(Buffer.compare(Buffer.from(read), bytes)).toBe(0);
}

function edited(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(randomBytesOf(99, 4096), at);
  return copy;
}

const kinds: readonly ReflinkKind[] = reflinkKinds();

describe.each(["xfs", "btrfs"] as const)("on %s (needs its tools, and the right to mount)", (kind) => {
  test.skipIf(!kinds.includes(kind))(
    "a big file takes no room of its own, and stays what it was when the user's file is changed",
    async () => {
      const disk = new ReflinkDisk(kind);
      const place = await placeIn(disk.folder, undefined as unknown as FileSystem);
      onTestFinished(async () => {
        await place.store.close();
        disk.unmount();
      });
      const file = path.join(place.data, "model.bin");
      writeFileSync(file, noise);
      const before = disk.used;
      const { newBytes, writtenBytes } = await upload(place);
      expect(newBytes).toBe(BYTES);
      expect(writtenBytes).toBeLessThan(BYTES / 500);
      expect(disk.used - before).toBeLessThan(2 * MiB);
      expect(adoptedIn(place)).toHaveLength(2);
      const fd = openSync(file, "r+");
      writeSync(fd, "changed in place", 5 * MiB);
      closeSync(fd);
      await expectContent(place, "big:V1", "model.bin", noise);
      expect(await place.store.verify()).toMatchObject({ ok: true, problems: [] });
    },
  );
});

test("a new big file is adopted, and read without the catalog too", async () => {
  const place = await placeIn(scratch());
  writeFileSync(path.join(place.data, "model.bin"), noise, { mode: 0o755 });
  writeFileSync(path.join(place.data, "readme"), "text");
  const uploaded = await upload(place);
  expect(uploaded).toMatchObject({ changed: true, bytes: BYTES + 4, newBytes: BYTES + 4 });
  const [content, table] = adoptedIn(place) as [string, string];
  expect([content, table]).toEqual([expect.stringMatching(/^[0-9a-f]{64}-[0-9a-f]{16}$/), `${content}.table`]);
  const size = statSync(path.join(place.storeFolder, "files", table)).size;
  expect(uploaded.writtenBytes).toBeGreaterThan(size);
  expect(await upload(place)).toMatchObject({ changed: false, writtenBytes: 0 });
  await place.store.close();
  for (const name of readdirSync(place.storeFolder)) {
    if (/^(catalog|cache)/.test(name)) rmSync(path.join(place.storeFolder, name));
  }
  const again: Place = { ...place, store: await openScratch(place.storeFolder) };
  await expectContent(again, "big", "model.bin", noise);
  const target = path.join(scratch(), "out");
  await (await again.store.resolve("big")).download(target);
  expect(readFileSync(path.join(target, "model.bin")).equals(noise)).toBe(true);
  expect(statSync(path.join(target, "model.bin")).mode & 0o111).not.toBe(0);
  expect(await again.store.verify()).toMatchObject({ ok: true, checkedFiles: 2 });
});

test("a small change of an adopted file costs what was changed, and is no file of its own", async () => {
  const place = await placeIn(scratch());
  const file = path.join(place.data, "model.bin");
  writeFileSync(file, noise);
  await upload(place);
  const changed = edited(noise, 9 * MiB);
  writeFileSync(file, changed);
  const { newBytes, writtenBytes } = await upload(place);
  expect(newBytes).toBeLessThan(600 * 1024);
  // What has changed in a chunk, and not the chunk: a delta goes on from bytes of the adopted file.
  expect(writtenBytes).toBeLessThan(40 * 1024);
  expect(adoptedIn(place)).toHaveLength(2);
  await expectContent(place, "big:V1", "model.bin", noise);
  await expectContent(place, "big:V2", "model.bin", changed);
  expect(await place.store.verify()).toMatchObject({ ok: true });
  writeFileSync(file, otherNoise);
  expect(await upload(place)).toMatchObject({ newBytes: BYTES });
  expect(adoptedIn(place)).toHaveLength(4);
  await expectContent(place, "big:V3", "model.bin", otherNoise);
});

test("equal files of one upload are adopted once", async () => {
  const place = await placeIn(scratch());
  for (const name of ["best.bin", "last.bin"]) writeFileSync(path.join(place.data, name), noise);
  expect(await upload(place)).toMatchObject({ bytes: 2 * BYTES, newBytes: BYTES });
  expect(adoptedIn(place)).toHaveLength(2);
  for (const name of ["best.bin", "last.bin"]) await expectContent(place, "big", name, noise);
});

/** Counts clones, and may refuse them. */
function watched(refuse: boolean): { fs: FileSystem; clones: string[] } {
  const clones: string[] = [];
  const clone = (from: string, to: string): void => {
    clones.push(from);
    if (refuse) throw Object.assign(new Error("not supported"), { code: "ENOTSUP" });
    copyingFileSystem.clone(from, to);
  };
  return { fs: { ...copyingFileSystem, clone }, clones };
}

test("where nothing can be cloned files go to packs, and that is tried once", async () => {
  const { fs, clones } = watched(true);
  const place = await placeIn(scratch(), fs);
  for (const [name, bytes] of Object.entries({ one: noise, two: otherNoise })) {
    writeFileSync(path.join(place.data, name), bytes);
  }
  expect(await upload(place)).toMatchObject({ newBytes: 2 * BYTES });
  expect(clones).toHaveLength(1);
  expect(adoptedIn(place)).toEqual([]);
  await expectContent(place, "big", "two", otherNoise);
});

test("what is small, or compresses, is not cloned; a head of text before what does not compress is no hindrance", async () => {
  const { fs, clones } = watched(false);
  const place = await placeIn(scratch(), fs);
  writeFileSync(path.join(place.data, "small"), noise.subarray(0, 15 * MiB));
  writeFileSync(path.join(place.data, "text"), "one line after another\n".repeat(1_000_000));
  writeFileSync(
    path.join(place.data, "half"),
    Buffer.concat([Buffer.alloc(10 * MiB), otherNoise.subarray(0, 10 * MiB)]),
  );
  await upload(place);
  expect(clones).toEqual([]);
  writeFileSync(path.join(place.data, "tensors"), Buffer.concat([Buffer.alloc(4096, "{ name: "), otherNoise]));
  await upload(place);
  expect(clones).toHaveLength(1);
});

test("a draft that is given up leaves nothing behind, and what a killed process left is swept", async () => {
  const place = await placeIn(scratch());
  writeFileSync(path.join(place.data, "model.bin"), noise);
  {
    await using draft = await place.store.artifact({ name: "big", type: "model" });
    await draft.mirror(place.data);
    expect(adoptedIn(place)).toHaveLength(2);
  }
  expect(adoptedIn(place)).toEqual([]);
  writeFileSync(path.join(place.storeFolder, "files", ".tmp-0123456789abcdef"), "left");
  await upload(place);
  expect(adoptedIn(place).filter((name) => name.startsWith("."))).toEqual([]);
});

describe("a file that changes while it is adopted", () => {
  /** @param atRest whether it seems to have been changed long ago */
  async function changedMeanwhile(atRest: boolean): Promise<{ place: Place; reads: string[] }> {
    const reads: string[] = [];
    const old = (stat: ReturnType<FileSystem["stat"]>) => (atRest ? { ...stat, ctimeMs: stat.ctimeMs - 60_000 } : stat);
    const fs = new FaultyFileSystem(undefined, { ...copyingFileSystem, stat: (fd) => old(copyingFileSystem.stat(fd)) });
    const place = await placeIn(scratch(), fs);
    const file = path.join(place.data, "model.bin");
    writeFileSync(file, noise);
    let wasCloned = false;
    fs.decide = ({ name, path: at }: FileCall) => {
      if (name === "clone") wasCloned = true;
      if (name === "read" && wasCloned && (at === file || at.includes(".tmp-"))) {
        if (reads.length === 2) appendFileSync(file, "more");
        reads.push(at);
      }
      return undefined;
    };
    await upload(place);
    return { place, reads };
  }

  test("is stored as it was cloned, when the clone is read", async () => {
    const { place, reads } = await changedMeanwhile(false);
    expect(reads.every((at) => at.includes(".tmp-"))).toBe(true);
    await expectContent(place, "big", "model.bin", noise);
    // What was remembered of it does not hide the change.
    expect(await upload(place)).toMatchObject({ version: "V2" });
  });

  test("is stored as it is, when the file was read in the place of its clone", async () => {
    const { place, reads } = await changedMeanwhile(true);
    expect(reads.some((at) => at.endsWith("model.bin"))).toBe(true);
    await expectContent(place, "big", "model.bin", Buffer.concat([noise, Buffer.from("more")]));
    expect(adoptedIn(place)).toEqual([]);
  });
});

test("a store without the folder of adopted files is one like any other", async () => {
  const place = await placeIn(scratch());
  writeFileSync(path.join(place.data, "readme"), "text");
  await upload(place);
  expect(readdirSync(place.storeFolder)).not.toContain("files");
  expect(await textsOf(await place.store.resolve("big"))).toEqual({ readme: "text" });
});
