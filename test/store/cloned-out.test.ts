/** A download clones what the store has as an adopted file, where the target can share its bytes; else it copies. */
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type DownloadOptions, isArtifoldError, type Store } from "../../src/index.ts";
import type { FileSystem } from "../../src/platform/index.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { copyingFileSystem } from "../support/copying-file-system.ts";
import { randomBytesOf } from "../support/random.ts";
import { ReflinkDisk, type ReflinkKind, reflinkKinds } from "../support/reflink-disk.ts";
import { all, openScratch, scratch } from "../support/stores.ts";

const MiB = 1024 * 1024;
const noise: Uint8Array = randomBytesOf(1, 17 * MiB);

/** A store with one big file in it, and a folder for downloads. */
interface Place {
  readonly store: Store;
  readonly storeFolder: string;
  readonly out: string;
}

async function placeIn(folder: string, fs?: FileSystem, mode = 0o644): Promise<Place> {
  const [storeFolder, data] = [path.join(folder, "store"), path.join(folder, "data")];
  mkdirSync(data);
  writeFileSync(path.join(data, "model.bin"), noise, { mode });
  const store = await openScratch(storeFolder, { create: true, ...(fs !== undefined && { fs }) });
  await using draft = await store.artifact({ name: "big", type: "model" });
  await draft.mirror(data);
  await draft.upload();
  expect(readdirSync(path.join(storeFolder, "files"))).toHaveLength(2);
  return { store, storeFolder, out: path.join(folder, "out") };
}

async function download({ store, out }: Place, options: DownloadOptions = {}): Promise<unknown> {
  return (await store.resolve("big")).download(out, options);
}

function expectNoise({ out }: Place): void {
  expect(readdirSync(out)).toEqual(["model.bin"]);
  expect(Buffer.compare(readFileSync(path.join(out, "model.bin")), noise)).toBe(0);
}

/** Overwrites a byte of the adopted file, as a disk would that fails. */
function damage({ storeFolder }: Place): void {
  const [name] = readdirSync(path.join(storeFolder, "files")).sort() as [string];
  const file = path.join(storeFolder, "files", name);
  chmodSync(file, 0o600);
  const fd = openSync(file, "r+");
  writeSync(fd, Uint8Array.of((noise[5 * MiB] as number) ^ 1), 0, 1, 5 * MiB);
  closeSync(fd);
}

const kinds: readonly ReflinkKind[] = reflinkKinds();

describe.each(["xfs", "btrfs"] as const)("on %s (needs its tools, and the right to mount)", (kind) => {
  test.skipIf(!kinds.includes(kind))(
    "what is downloaded takes no room, and changing it changes nothing in the store",
    async () => {
      const disk = new ReflinkDisk(kind);
      const place = await placeIn(disk.folder);
      onTestFinished(async () => {
        await place.store.close();
        disk.unmount();
      });
      const before = disk.used;
      expect(await download(place)).toMatchObject({ written: 1, unverified: 0 });
      expect(disk.used - before).toBeLessThan(2 * MiB);
      expectNoise(place);
      writeFileSync(path.join(place.out, "model.bin"), "changed");
      expect(await place.store.verify()).toMatchObject({ ok: true });
      expect(await download({ ...place, out: path.join(scratch(), "elsewhere") })).toMatchObject({ written: 1 });
    },
  );
});

test.each([0o644, 0o755])("a clone has the mode of a new file (of %o)", async (mode) => {
  const place = await placeIn(scratch(), copyingFileSystem, mode);
  await download(place);
  expectNoise(place);
  expect(statSync(path.join(place.out, "model.bin")).mode & 0o777).toBe(mode & ~process.umask());
  expect(await all((await place.store.status(place.out)).changes)).toEqual([]);
});

test("where nothing can be cloned to the target the file is copied", async () => {
  let clones = 0;
  const clone = (from: string, to: string): void => {
    if (to.includes("/files/")) {
      copyingFileSystem.clone(from, to);
      return;
    }
    clones++;
    throw Object.assign(new Error("another device"), { code: "EXDEV" });
  };
  const place = await placeIn(scratch(), { ...copyingFileSystem, clone });
  expect(await download(place)).toMatchObject({ written: 1, unverified: 0 });
  expect(clones).toBe(1);
  expectNoise(place);
});

test("what is damaged in the store is not given out: it is named, and nothing is left in the folder", async () => {
  const place = await placeIn(scratch(), copyingFileSystem);
  damage(place);
  const error = await download(place).catch((reason: unknown) => reason);
  expect(isArtifoldError(error, "DAMAGED")).toBe(true);
  expect((error as Error).message).toContain("files/");
  expect(readdirSync(place.out)).toEqual([]);
});

test("verified later, a download says what it did not look at", async () => {
  const place = await placeIn(scratch(), copyingFileSystem);
  expect(await download(place, { verify: "later" })).toMatchObject({ written: 1, unverified: 1 });
  expectNoise(place);
  damage(place);
  const other = { ...place, out: path.join(scratch(), "other") };
  expect(await download(other, { verify: "later" })).toMatchObject({ unverified: 1 });
  expect(await place.store.verify()).toMatchObject({ ok: false });
});

describe("what is read to verify a clone", () => {
  async function readsOf(atRest: boolean): Promise<string[]> {
    const reads: string[] = [];
    const old = (stat: ReturnType<FileSystem["stat"]>) => (atRest ? { ...stat, ctimeMs: stat.ctimeMs - 60_000 } : stat);
    const fs = new FaultyFileSystem(undefined, { ...copyingFileSystem, stat: (fd) => old(copyingFileSystem.stat(fd)) });
    const place = await placeIn(scratch(), fs);
    fs.decide = ({ name, path: at }) => {
      if (name === "read" && (at.includes(".artifold-") || at.includes("/files/"))) reads.push(at);
      return undefined;
    };
    await download(place);
    expectNoise(place);
    return reads.filter((at) => !at.endsWith(".table"));
  }

  test("is the clone, when the stored file is as young", async () => {
    const reads = await readsOf(false);
    expect(reads.length).toBeGreaterThan(0);
    expect(reads.every((at) => at.includes(".artifold-"))).toBe(true);
  });

  test.runIf(process.platform === "linux")("is the stored file, when that is at rest", async () => {
    const reads = await readsOf(true);
    expect(reads.length).toBeGreaterThan(0);
    expect(reads.every((at) => at.includes("/files/"))).toBe(true);
  });
});
