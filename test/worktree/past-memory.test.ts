/** Files that are only checked are read where they lie: in memory, or past it from the disk. */
import { closeSync, constants, copyFileSync, openSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FileSystem, nodeFileSystem, openFlags } from "../../src/platform/index.ts";
import { type CheckedFile, CheckedPieces, openPastMemory } from "../../src/worktree/past-memory.ts";
import { randomBytesOf } from "../support/random.ts";
import { ReflinkDisk, type ReflinkKind, reflinkKinds } from "../support/reflink-disk.ts";
import { scratch } from "../support/stores.ts";

const MiB = 1024 * 1024;
const noise = randomBytesOf(7, 9 * MiB + 1234);
const kinds: readonly ReflinkKind[] = reflinkKinds();

function opened(file: string, flags = openFlags.read): number {
  const fd = openSync(file, flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}

test("what was just written is read in memory", () => {
  const file = path.join(scratch(), "file");
  writeFileSync(file, noise);
  const fd = opened(file);
  expect(openPastMemory(nodeFileSystem, fd, noise.length)).toBeUndefined();
  const pieces = new CheckedPieces(nodeFileSystem);
  const at = 4 * MiB + 5;
  const read = pieces.read({ fd, isPastMemory: false }, at, 6 * MiB);
  expect(Buffer.compare(read, noise.subarray(at))).toBe(0);
});

/** Reads pieces on from several places, all of them and only the first. */
async function expectPieces(file: CheckedFile, fs: FileSystem = nodeFileSystem): Promise<void> {
  const pieces = new CheckedPieces(fs);
  const lengths = [1, 4095, 4096, MiB, 3, 2 * MiB + 5, MiB];
  for (const position of [0, 1, 4096, 5 * MiB + 77, noise.length - 2 * MiB, noise.length]) {
    let at = position;
    let count = 0;
    for await (const piece of pieces.readOn(file, position, lengths)) {
      const wanted = noise.subarray(at, at + (lengths[count++] as number));
      expect(Buffer.compare(piece, wanted)).toBe(0);
      at += wanted.length;
    }
    expect(count).toBe(lengths.length);
    for await (const first of pieces.readOn(file, position, lengths)) {
      expect(Buffer.compare(first, noise.subarray(position, position + 1))).toBe(0);
      break;
    }
  }
}

test("pieces in memory are read on", async () => {
  const file = path.join(scratch(), "file");
  writeFileSync(file, noise);
  await expectPieces({ fd: opened(file), isPastMemory: false });
});

test("nothing is closed under a piece that is read ahead, and an error comes in its place", async () => {
  const file = path.join(scratch(), "file");
  writeFileSync(file, noise);
  const fd = opened(file);
  let [reads, underWay] = [0, 0];
  const readLater: FileSystem["readLater"] = async (...args) => {
    underWay++;
    await new Promise((resolve) => setTimeout(resolve, 5));
    underWay--;
    if (++reads % 3 === 0) throw Object.assign(new Error("made by the test"), { code: "EIO" });
    return nodeFileSystem.readLater(...args);
  };
  const pieces = new CheckedPieces({ ...nodeFileSystem, readLater });
  let seen = 0;
  const readAll = async (): Promise<void> => {
    for await (const piece of pieces.readOn({ fd, isPastMemory: true }, 0, [MiB, MiB, MiB, MiB])) {
      expect(Buffer.compare(piece, noise.subarray(seen * MiB, (seen + 1) * MiB))).toBe(0);
      seen++;
    }
  };
  await expect(readAll()).rejects.toMatchObject({ code: "EIO" });
  expect([seen, underWay]).toEqual([2, 0]);
  for await (const _ of pieces.readOn({ fd, isPastMemory: true }, 0, [MiB, MiB])) break;
  expect(underWay).toBe(0);
});

test("a small file is not looked at", () => {
  const file = path.join(scratch(), "file");
  writeFileSync(file, noise.subarray(0, MiB));
  const fs = { ...nodeFileSystem, read: () => expect.unreachable() };
  expect(openPastMemory(fs, opened(file), MiB)).toBeUndefined();
});

describe.each(["xfs", "btrfs"] as const)("on %s (needs its tools, and the right to mount)", (kind) => {
  /** A clone, whose bytes nobody has read. */
  function fresh(): string {
    const disk = new ReflinkDisk(kind);
    onTestFinished(() => disk.unmount());
    const [file, clone] = [path.join(disk.folder, "file"), path.join(disk.folder, "clone")];
    writeFileSync(file, noise);
    copyFileSync(file, clone, constants.COPYFILE_FICLONE_FORCE);
    return clone;
  }

  test.skipIf(!kinds.includes(kind))("what is not in memory is read past it, and is the same", () => {
    const clone = fresh();
    const past = openPastMemory(nodeFileSystem, opened(clone), noise.length);
    expect(past).toBeDefined();
    const fd = past as number;
    onTestFinished(() => closeSync(fd));
    const pieces = new CheckedPieces(nodeFileSystem);
    for (const [at, length] of [
      [0, noise.length],
      [0, noise.length + 5 * MiB],
      [1, 1],
      [4095, 4098],
      [5 * MiB + 7, 3 * MiB],
      [noise.length - 10, 4096],
      [noise.length, 10],
      [noise.length + 100_000, 10],
    ] as const) {
      const read = pieces.read({ fd, isPastMemory: true }, at, length);
      expect(Buffer.compare(read, noise.subarray(at, at + length))).toBe(0);
    }
  });

  test.skipIf(!kinds.includes(kind))("pieces that are read ahead are those that are read one by one", async () => {
    const clone = fresh();
    const fd = openPastMemory(nodeFileSystem, opened(clone), noise.length) as number;
    onTestFinished(() => closeSync(fd));
    await expectPieces({ fd, isPastMemory: true });
  });

  test.skipIf(!kinds.includes(kind))("where the disk cannot be read past memory it is not", () => {
    const fs = {
      ...nodeFileSystem,
      open: (): number => {
        throw Object.assign(new Error("no"), { code: "EINVAL" });
      },
    };
    expect(openPastMemory(fs, opened(fresh()), noise.length)).toBeUndefined();
  });
});
