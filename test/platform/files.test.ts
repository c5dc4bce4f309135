import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import {
  type FileSystem,
  makeFolders,
  nodeFileSystem,
  openFlags,
  publishFile,
  readFully,
  readWholeFile,
  removeQuietly,
  storeWriteError,
  TEMPORARY_PREFIX,
  temporaryPath,
  writeAllLater,
  writeFully,
  writeFullyLater,
} from "../../src/platform/index.ts";
import { temporaryFolder } from "../support/temporary.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** A file system whose reads and writes do less than asked, by turns of the given lengths. */
function shortFiles(lengths: readonly number[]): FileSystem {
  let turn = 0;
  const less = (buffer: Uint8Array): Uint8Array => buffer.subarray(0, lengths[turn++ % lengths.length]);
  return {
    ...nodeFileSystem,
    read: (fd, buffer, position) => nodeFileSystem.read(fd, less(buffer), position),
    write: (fd, buffer, position) => nodeFileSystem.write(fd, less(buffer), position),
    writeLater: (fd, buffer, position) => nodeFileSystem.writeLater(fd, less(buffer), position),
    writeManyLater: (fd, buffers, position) => nodeFileSystem.writeLater(fd, less(Buffer.concat(buffers)), position),
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

describe("reading and writing in full", () => {
  test("goes on after reads and writes that do less than asked", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), lengths, fc.nat(50), async (bytes, turns, at) => {
        const fs = shortFiles(turns);
        const inPieces: typeof writeFullyLater = (to, fd, whole, position) => {
          const pieces = [
            whole.subarray(0, 100),
            whole.subarray(100, 100),
            whole.subarray(100, 150),
            whole.subarray(150),
          ];
          return writeAllLater(to, fd, pieces, position);
        };
        for (const write of [writeFully, writeFullyLater, inPieces]) {
          const file = path.join(folder, "file");
          removeQuietly(nodeFileSystem, file);
          const fd = fs.open(file, openFlags.createNewReadable, 0o600);
          try {
            await write(fs, fd, bytes, at);
            const back = new Uint8Array(bytes.length + 10);
            expect(readFully(fs, fd, back, at)).toBe(bytes.length);
            expect(back.subarray(0, bytes.length)).toEqual(bytes);
          } finally {
            fs.close(fd);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test("ends with an error where nothing can be written, and does not turn in a circle", async () => {
    const nothing = async (): Promise<number> => 0;
    const fs: FileSystem = { ...nodeFileSystem, write: () => 0, writeLater: nothing, writeManyLater: nothing };
    expect(() => writeFully(fs, 0, Uint8Array.of(1), 0)).toThrow(expect.objectContaining({ code: "EIO" }));
    await expect(writeFullyLater(fs, 0, Uint8Array.of(1), 0)).rejects.toMatchObject({ code: "EIO" });
    await expect(writeAllLater(fs, 0, [Uint8Array.of(1)], 0)).rejects.toMatchObject({ code: "EIO" });
    await writeAllLater(fs, 0, [new Uint8Array()], 0);
  });

  test("a whole file is read with short reads; one that is not there is undefined, a folder is an error", () => {
    const bytes = Buffer.from("some bytes in a file");
    writeFileSync(path.join(folder, "file"), bytes);
    expect(readWholeFile(shortFiles([3, 1]), path.join(folder, "file"))).toEqual(bytes);
    expect(readWholeFile(nodeFileSystem, path.join(folder, "nothing"))).toBeUndefined();
    expect(() => readWholeFile(nodeFileSystem, folder)).toThrow(expect.objectContaining({ code: "EISDIR" }));
  });
});

describe("publishing a file", () => {
  const old = Buffer.from("old");
  const fresh = Buffer.from("fresh bytes, more of them than there were");

  test("writes, flushes, renames and flushes the folder, in this order", async () => {
    const calls: string[] = [];
    const fs: FileSystem = {
      ...nodeFileSystem,
      write: (fd, buffer, position) => {
        calls.push("write");
        return nodeFileSystem.write(fd, buffer, position);
      },
      flush: async (fd) => {
        calls.push(nodeFileSystem.stat(fd).mode & 0o040000 ? "flush folder" : "flush file");
        await nodeFileSystem.flush(fd);
      },
      rename: (from, to) => {
        calls.push("rename");
        expect(path.dirname(from)).toBe(path.dirname(to));
        expect(path.basename(from).startsWith(TEMPORARY_PREFIX)).toBe(true);
        nodeFileSystem.rename(from, to);
      },
    };
    await publishFile(fs, path.join(folder, "file"), fresh, 0o640);
    expect(calls).toEqual(["write", "flush file", "rename", "flush folder"]);
    expect(readFileSync(path.join(folder, "file"))).toEqual(fresh);
    expect(statSync(path.join(folder, "file")).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("replaces what has the name", async () => {
    writeFileSync(path.join(folder, "file"), old);
    await publishFile(nodeFileSystem, path.join(folder, "file"), fresh);
    expect(readFileSync(path.join(folder, "file"))).toEqual(fresh);
  });

  const failing: [string, Partial<FileSystem>][] = [
    [
      "the first write",
      {
        write: () => {
          throw systemError("ENOSPC");
        },
      },
    ],
    [
      "a write after a short one",
      {
        write: (fd, buffer, position) => {
          if (position !== 0) throw systemError("ENOSPC");
          return nodeFileSystem.write(fd, buffer.subarray(0, 5), position);
        },
      },
    ],
    ["the flush", { flush: () => Promise.reject(systemError("ENOSPC")) }],
    [
      "the rename",
      {
        rename: () => {
          throw systemError("ENOSPC");
        },
      },
    ],
  ];
  test.each(failing)("leaves what was there, and nothing else, when %s fails", async (_, part) => {
    writeFileSync(path.join(folder, "file"), old);
    let open = 0;
    const fs: FileSystem = {
      ...nodeFileSystem,
      ...part,
      open: (file, flags, mode) => {
        open++;
        return nodeFileSystem.open(file, flags, mode);
      },
      close: (fd) => {
        open--;
        nodeFileSystem.close(fd);
      },
    };
    await expect(publishFile(fs, path.join(folder, "file"), fresh)).rejects.toMatchObject({ code: "ENOSPC" });
    expect(readFileSync(path.join(folder, "file"))).toEqual(old);
    expect(readdirSync(folder)).toEqual(["file"]);
    expect(open).toBe(0);
  });

  test("temporary names are in the same folder, begin alike, and are never given twice", () => {
    const names = Array.from({ length: 1000 }, () => temporaryPath(path.join(folder, "file")));
    expect(new Set(names).size).toBe(1000);
    for (const name of names) {
      expect(path.dirname(name)).toBe(folder);
      expect(path.basename(name)).toMatch(/^\.tmp-[0-9a-f]{16}$/);
    }
  });
});

describe("making folders", () => {
  test("makes all that are missing, with the mode, and is content with those that are there", async () => {
    const deep = path.join(folder, "one", "two", "three");
    await makeFolders(nodeFileSystem, deep, 0o700);
    await makeFolders(nodeFileSystem, deep, 0o700);
    for (const each of ["one", "one/two", "one/two/three"]) {
      expect(statSync(path.join(folder, each)).mode & 0o777).toBe(0o700);
    }
  });

  test("makes each durable in its parent", async () => {
    const flushed: number[] = [];
    const fs: FileSystem = {
      ...nodeFileSystem,
      flush: async (fd) => {
        flushed.push(nodeFileSystem.stat(fd).ino);
        await nodeFileSystem.flush(fd);
      },
    };
    await makeFolders(fs, path.join(folder, "one", "two"));
    expect(flushed).toEqual([folder, path.join(folder, "one")].map((each) => statSync(each).ino));
  });

  test("is content when somebody else makes one in the meantime", async () => {
    const fs: FileSystem = {
      ...nodeFileSystem,
      makeFolder: (each, mode) => {
        mkdirSync(each);
        nodeFileSystem.makeFolder(each, mode);
      },
    };
    await makeFolders(fs, path.join(folder, "one", "two"));
    expect(existsSync(path.join(folder, "one", "two"))).toBe(true);
  });

  test("fails below a file", async () => {
    writeFileSync(path.join(folder, "file"), "");
    await expect(makeFolders(nodeFileSystem, path.join(folder, "file", "below"))).rejects.toMatchObject({
      code: "ENOTDIR",
    });
  });
});

describe("errors of writing to the store", () => {
  test.each([
    ["ENOSPC", "NO_SPACE"],
    ["EDQUOT", "NO_SPACE"],
    ["EIO", "STORE_WRITE_FAILED"],
    ["EROFS", "STORE_WRITE_FAILED"],
  ])("%s becomes %s, with its cause and whether it happened", (errno, code) => {
    const cause = systemError(errno);
    const error = storeWriteError(cause, "a pack", "unknown");
    expect(isArtifoldError(error, code as "NO_SPACE")).toBe(true);
    expect(error).toMatchObject({ cause, happened: "unknown", info: { errno } });
  });

  test("what is no system error stays what it is", () => {
    const error = new TypeError("a fault of ours");
    expect(storeWriteError(error, "a pack")).toBe(error);
  });
});
