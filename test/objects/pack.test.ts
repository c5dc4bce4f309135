import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { digestToBytes, hashContent } from "../../src/digest/index.ts";
import { bytesOfFrames } from "../../src/objects/frame-encoder.ts";
import {
  decodeFoot,
  FOOT_BYTES,
  Frame,
  openTable,
  PACK_HEAD_BYTES,
  prepareCompression,
  readFrameLength,
  readPackHead,
  type TablePlace,
} from "../../src/objects/index.ts";
import { PACK_BYTES, PACK_OBJECTS_MAX, PackWriter, packKindOf } from "../../src/objects/pack.ts";
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";
import { chunkOf, chunksOf, framesOf, writePack } from "../support/packs.ts";
import { temporaryFolder } from "../support/temporary.ts";

let folder: string;
beforeAll(() => prepareCompression());
beforeEach(() => {
  folder = temporaryFolder();
});

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

/** Counts open descriptors. */
function counted(part: Partial<FileSystem> = {}): { fs: FileSystem; open: () => number } {
  const open = new Set<number>();
  const fs: FileSystem = {
    ...nodeFileSystem,
    open: (file, flags, mode) => {
      const fd = nodeFileSystem.open(file, flags, mode);
      open.add(fd);
      return fd;
    },
    close: (fd) => {
      open.delete(fd);
      nodeFileSystem.close(fd);
    },
    ...part,
  };
  return { fs, open: () => open.size };
}

describe("a sealed pack", () => {
  test("is named by the hash of its bytes, and read-only", async () => {
    const pack = await writePack(folder, chunksOf(0, 50));
    const bytes = readFileSync(path.join(folder, pack.path));
    expect(pack.name).toBe(hashContent(bytes));
    expect(pack.path).toBe(`packs/${pack.name}.pack`);
    expect(pack).toMatchObject({ kind: "data", bytes: bytes.length, objects: 50 });
    expect(statSync(path.join(folder, pack.path)).mode & 0o777).toBe(0o400);
    expect(readPackHead(bytes)).toBe("data");
    expect(readdirSync(path.join(folder, "packs"))).toEqual([`${pack.name}.pack`]);
  });

  test("of the same objects has another name each time, which tells nothing of them", async () => {
    const [one, two] = [await writePack(folder, chunksOf(0, 5)), await writePack(folder, chunksOf(0, 5))];
    expect(one.name).not.toBe(two.name);
    expect(one.bytes).toBe(two.bytes);
  });

  test("is found by its table, and from frame to frame without it, the same objects both ways", async () => {
    const objects = chunksOf(0, 400);
    const pack = await writePack(folder, objects, { rawBytes: 5000 });
    const bytes = readFileSync(path.join(folder, pack.path));
    const foot = decodeFoot(bytes.subarray(-FOOT_BYTES), bytes.length);
    const table = openTable(bytes.subarray(foot.tableOffset, foot.tableOffset + foot.tableLength), foot);
    const scanned = new Map<string, unknown>();
    let at = PACK_HEAD_BYTES;
    for (let number = 0; at < foot.tableOffset; number++) {
      const length = readFrameLength(bytes.subarray(at));
      expect(table.frame(number)).toEqual({ offset: at, length });
      const frame = new Frame(bytes.subarray(at, at + length));
      for (let index = 0; index < frame.head.count; index++) {
        scanned.set(frame.digest(index), { offset: at, length, index, isDelta: false });
      }
      at += length;
    }
    expect(at).toBe(foot.tableOffset);
    expect(scanned.size).toBe(400);
    for (const { digest } of objects) expect(table.find(digestToBytes(digest))).toEqual(scanned.get(digest));
  });

  test("beyond its head is not taken for another kind or for a newer one", () => {
    const head = (change: (bytes: Buffer) => void): Buffer => {
      const bytes = Buffer.alloc(PACK_HEAD_BYTES);
      bytes.write("AFpack\0\x01", "latin1");
      bytes[8] = 2;
      change(bytes);
      return bytes;
    };
    expect(readPackHead(head(() => {}))).toBe("nodes");
    expect(() => readPackHead(head((bytes) => bytes.writeUInt8(3, 8)))).toThrow(
      expect.objectContaining({ code: "FORMAT_UNSUPPORTED" }),
    );
    for (const at of [0, 7, 9, 15]) {
      expect(() => readPackHead(head((bytes) => bytes.writeUInt8(9, at)))).toThrow(
        expect.objectContaining({ code: "DAMAGED" }),
      );
    }
    expect(() => readPackHead(head(() => {}).subarray(0, 31))).toThrow(expect.objectContaining({ code: "DAMAGED" }));
  });
});

describe("a pack in the making", () => {
  test("is read where it is written, and tells when it is full", async () => {
    const writer = new PackWriter(nodeFileSystem, folder, "data");
    const frames = framesOf([chunkOf(2, 1000)]);
    writer.add(frames);
    const { offset: at } = writer.find(frames.digests) as TablePlace;
    expect(Buffer.from(await writer.read(at, frames.byteLength))).toEqual(Buffer.from(bytesOfFrames(frames)));
    await expect(writer.read(at, frames.byteLength + 1)).rejects.toMatchObject({ code: "DAMAGED" });
    expect(writer.isFull).toBe(false);
    const many = framesOf(Array.from({ length: 4096 }, (_, number) => chunkOf(number, 4)));
    while (!writer.isFull) writer.add(many);
    expect(writer.objectCount).toBeGreaterThanOrEqual(PACK_OBJECTS_MAX);
    expect(writer.length).toBeLessThan(PACK_BYTES);
    await writer.settled();
    await writer.abort();
    await expect(writer.ready()).rejects.toMatchObject({ code: "CLOSED" });
    expect(readdirSync(folder)).toEqual([]);
  });

  test("leaves nothing when it is given up, not even a descriptor", async () => {
    const { fs, open } = counted();
    const writer = new PackWriter(fs, folder, "data");
    writer.add(framesOf([chunkOf(2, 100_000)]));
    await writer.abort();
    await writer.abort();
    await expect(writer.settled()).rejects.toMatchObject({ code: "CLOSED" });
    await expect.poll(open).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  const failures: [string, string, string, Partial<FileSystem>][] = [
    ["a write", "ENOSPC", "NO_SPACE", { writeManyLater: () => Promise.reject(systemError("ENOSPC")) }],
    ["the flush", "EIO", "STORE_WRITE_FAILED", { flush: () => Promise.reject(systemError("EIO")) }],
    ["the mode", "EIO", "STORE_WRITE_FAILED", { setModeLater: () => Promise.reject(systemError("EIO")) }],
    ["the rename", "EIO", "STORE_WRITE_FAILED", { renameLater: () => Promise.reject(systemError("EIO")) }],
  ];
  test.each(failures)(
    "that fails in %s with %s is refused with %s and has no name",
    async (_what, _errno, code, part) => {
      const { fs, open } = counted(part);
      const writer = new PackWriter(fs, folder, "data");
      writer.add(framesOf([chunkOf(2, 1000)]));
      await expect(writer.seal()).rejects.toMatchObject({ code });
      writer.abort();
      await expect.poll(open).toBe(0);
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test("gives back what it was lent when it is written, and copies it when it has to wait", async () => {
    let isFull = true;
    const fs: FileSystem = {
      ...nodeFileSystem,
      writeManyLater: (fd, buffers, position) =>
        isFull ? Promise.reject(systemError("ENOSPC")) : nodeFileSystem.writeManyLater(fd, buffers, position),
    };
    const writer = new PackWriter(fs, folder, "data");
    const lent = [1, 2].map((number) => framesOf([chunkOf(number, 1000)]));
    const given: number[] = [];
    lent.forEach((frames, number) => {
      writer.add({ ...frames, giveBack: () => void given.push(number) });
    });
    await expect(writer.settled()).rejects.toMatchObject({ code: "NO_SPACE" });
    writer.add({ ...framesOf([chunkOf(3, 1000)]), giveBack: () => void given.push(2) });
    expect(given).toEqual([0, 1, 2]);
    // Whoever lent it uses it again.
    const right = lent.map((frames) => Buffer.from(bytesOfFrames(frames)));
    for (const { pieces } of lent) for (const piece of pieces) piece.fill(0);
    isFull = false;
    await writer.settled();
    expect(Buffer.from(await writer.read(PACK_HEAD_BYTES, right[0]?.length as number))).toEqual(right[0]);
    writer.add({ ...framesOf([chunkOf(4, 1000)]), giveBack: () => void given.push(3) });
    await writer.settled();
    expect(given).toEqual([0, 1, 2, 3]);
    isFull = true;
    writer.add({ ...framesOf([chunkOf(5, 1000)]), giveBack: () => void given.push(4) });
    await writer.abort();
    expect(given).toEqual([0, 1, 2, 3, 4]);
  });

  test("that cannot be begun says so", () => {
    const begin = () => new PackWriter(nodeFileSystem, path.join(folder, "nowhere"), "data");
    expect(begin).toThrow(expect.objectContaining({ code: "STORE_WRITE_FAILED" }));
  });
});

test("content goes to packs of data, nodes to packs of their own", () => {
  expect(packKindOf("chunk")).toBe("data");
  expect(packKindOf("manifestNode")).toBe("nodes");
  expect(packKindOf("chunkListNode")).toBe("nodes");
});
