/** Files that are only checked are read where they lie: in memory, or past it from the disk. */
import { closeSync, constants, copyFileSync, openSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { nodeFileSystem, openFlags } from "../../src/platform/index.ts";
import { CheckedPieces, openPastMemory } from "../../src/worktree/past-memory.ts";
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
