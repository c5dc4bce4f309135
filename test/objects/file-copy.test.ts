/** A copy of a file is written in pieces, wherever they go, and is whole and durable or of no use. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { FileCopy } from "../../src/objects/file-copy.ts";
import { type FileSystem, nodeFileSystem, openFlags, PAGE_BYTES, pageMemory } from "../../src/platform/index.ts";
import { randomBytesOf, seeded } from "../support/random.ts";
import { temporaryFolder } from "../support/temporary.ts";

const PIECE_BYTES = 4 * PAGE_BYTES;

let folder: string;
let file: string;
let openFds: Set<number>;
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, "copy");
  openFds = new Set();
});

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

/** Knows which descriptors are open. */
function watched(part: Partial<FileSystem> = {}): FileSystem {
  return {
    ...nodeFileSystem,
    ...part,
    open: (...args) => {
      const fd = (part.open ?? nodeFileSystem.open)(...args);
      openFds.add(fd);
      return fd;
    },
    close: (fd) => {
      openFds.delete(fd);
      nodeFileSystem.close(fd);
    },
  };
}

/** Content in pages of memory, as it is when it was read into a window. */
function contentOf(length: number): Buffer {
  const bytes = pageMemory(length);
  bytes.set(randomBytesOf(length, length));
  return bytes;
}

/** Writes all pieces at once, in whatever order. */
async function writeAll(copy: FileCopy, content: Buffer, seed: number): Promise<void> {
  const below = seeded(seed);
  const places = Array.from({ length: Math.ceil(content.length / PIECE_BYTES) }, (_, piece) => piece * PIECE_BYTES);
  const inSomeOrder = places.map((at) => ({ at, key: below(1000) })).sort((one, other) => one.key - other.key);
  await Promise.all(inSomeOrder.map(({ at }) => copy.write(content.subarray(at, at + PIECE_BYTES), at)));
}

const refusals: [string, Partial<FileSystem>][] = [
  ["as the system has it", {}],
  ...["EINVAL", "EOPNOTSUPP", "EMFILE"].map((errno): [string, Partial<FileSystem>] => [
    `where ${errno} hinders writing past the page cache`,
    {
      open: (at, flags, mode) => {
        if (flags === openFlags.writePastMemory) throw systemError(errno);
        return nodeFileSystem.open(at, flags, mode);
      },
    },
  ]),
];
test.each(refusals)("what was written in pieces is there, read-only, %s", async (_what, part) => {
  for (const length of [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 7 * PIECE_BYTES, 7 * PIECE_BYTES + 4097]) {
    const name = `${file}-${length}`;
    const content = contentOf(length);
    const copy = FileCopy.create(watched(part), name);
    await writeAll(copy, content, length + 1);
    await copy.finish();
    expect(copy.writtenBytes).toBe(length);
    expect(readFileSync(name).equals(content)).toBe(true);
    expect(statSync(name).mode & 0o777).toBe(0o400);
  }
  expect(openFds.size).toBe(0);
});

test.each(["EINVAL", "EOPNOTSUPP"])(
  "a file system that refuses only the writes (%s) gets them through the page cache",
  async (errno) => {
    const past = new Set<number>();
    let refused = 0;
    const fs = watched({
      open: (at, flags, mode) => {
        const fd = nodeFileSystem.open(at, flags, mode);
        if (flags === openFlags.writePastMemory) past.add(fd);
        return fd;
      },
      writeLater: (fd, bytes, position) => {
        if (!past.has(fd)) return nodeFileSystem.writeLater(fd, bytes, position);
        refused++;
        return Promise.reject(systemError(errno));
      },
    });
    const content = contentOf(5 * PIECE_BYTES + 3);
    const copy = FileCopy.create(fs, file);
    await writeAll(copy, content, 3);
    await copy.finish();
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(refused).toBe(openFlags.writePastMemory === undefined ? 0 : 5);
  },
);

test("a write that fails rejects nothing by itself, and is told by whoever finishes it", async () => {
  let left = 2;
  const writeLater: FileSystem["writeLater"] = (fd, bytes, position) =>
    left-- > 0 ? nodeFileSystem.writeLater(fd, bytes, position) : Promise.reject(systemError("ENOSPC"));
  const copy = FileCopy.create(watched({ writeLater }), file);
  await writeAll(copy, contentOf(6 * PIECE_BYTES), 1);
  expect(copy.failure).toMatchObject({ code: "ENOSPC" });
  await expect(copy.finish()).rejects.toMatchObject({ code: "ENOSPC" });
  await copy.close();
  expect(openFds.size).toBe(0);
});

test("nothing is closed under a write that is on its way", async () => {
  let isWriting = 0;
  const fs = watched({
    writeLater: async (fd, bytes, position) => {
      isWriting++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(openFds.has(fd)).toBe(true);
      const written = await nodeFileSystem.writeLater(fd, bytes, position);
      isWriting--;
      return written;
    },
  });
  const copy = FileCopy.create(fs, file);
  const writing = writeAll(copy, contentOf(3 * PIECE_BYTES), 1);
  await Promise.all([copy.close(), copy.close()]);
  expect([isWriting, openFds.size]).toEqual([0, 0]);
  await writing;
  expect(copy.failure).toBeUndefined();
});

test("one that cannot be begun leaves no descriptor and no file", () => {
  const open: FileSystem["open"] = () => {
    throw systemError("ENOSPC");
  };
  expect(() => FileCopy.create(watched({ open }), file)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
  expect(openFds.size).toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});
