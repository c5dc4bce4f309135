/** What is in a version, asked in every way, without a download. */
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Store, Version } from "../../src/index.ts";
import { command } from "../support/command.ts";
import { noise, plant, temporaryFolder } from "../support/folders.ts";
import { DATA, mirror, testStore, WatchedFileSystem } from "../support/mirrors.ts";
import { all, uploadFiles } from "../support/stores.ts";

const texts = {
  "a.csv": "1",
  "b/a.csv": "22",
  "b/c/d.txt": "333",
  "b-": "4444",
  "b.x/y": "55555",
  empty: "",
};

/** A version with entries of all kinds. */
async function someVersion(): Promise<{ store: Store; version: Version }> {
  const store = await testStore();
  const folder = temporaryFolder();
  plant(folder, { ...texts, "b/link": { link: "a.csv" }, "hollow/deep": "folder/" });
  await using artifact = await store.artifact(DATA);
  await artifact.mirror(folder);
  await artifact.addReference("s3://bucket/key", { as: "far", size: 2 ** 40 });
  await artifact.upload();
  return { store, version: await store.getArtifact(DATA) };
}

describe("entries", () => {
  const paths = async (entries: AsyncIterable<{ path: string }>) => (await all(entries)).map((entry) => entry.path);

  test("are all of them in the order of their paths' bytes, or those below a folder, or those that globs mean", async () => {
    const { version } = await someVersion();
    const everything = ["a.csv", "b-", "b.x/y", "b/a.csv", "b/c/d.txt", "b/link", "empty", "far", "hollow/deep"];
    expect(await paths(version.entries())).toEqual(everything);
    const below = ["b/a.csv", "b/c/d.txt", "b/link"];
    for (const folder of ["b", "b/", "/b", "./b", "b//"])
      expect(await paths(version.entries({ folder }))).toEqual(below);
    expect(await paths(version.entries({ folder: "" }))).toEqual(everything);
    expect(await paths(version.entries({ folder: "b/c" }))).toEqual(["b/c/d.txt"]);
    for (const folder of ["c", "a.csv", "b/a", "B"]) expect(await paths(version.entries({ folder }))).toEqual([]);
    expect(await paths(version.entries({ path: "*.csv" }))).toEqual(["a.csv", "b/a.csv"]);
    expect(await paths(version.entries({ path: ["b/**", "far"] }))).toEqual([...below, "far"]);
    expect(await paths(version.entries({ path: "*.csv", folder: "b" }))).toEqual(["b/a.csv"]);
    expect(await paths(version.entries({ path: [] }))).toEqual([]);
  });

  test("say of each what it is", async () => {
    const { version } = await someVersion();
    const entries = await all(version.entries());
    expect(Object.fromEntries(entries.map((entry) => [entry.path, [entry.kind, entry.size]]))).toEqual({
      "a.csv": ["file", 1],
      "b-": ["file", 4],
      "b.x/y": ["file", 5],
      "b/a.csv": ["file", 2],
      "b/c/d.txt": ["file", 3],
      "b/link": ["link", 5],
      empty: ["file", 0],
      far: ["reference", 2 ** 40],
      "hollow/deep": ["folder", 0],
    });
    expect(entries.find((entry) => entry.path === "hollow/deep")).toMatchObject({ digest: null });
    expect(entries.find((entry) => entry.path === "far")).toMatchObject({ digest: null, uri: "s3://bucket/key" });
  });

  test("are read as they are asked for: a loop that is left reads no more", async () => {
    const watched = new WatchedFileSystem();
    let reads = 0;
    watched.onRead = () => reads++;
    const store = await testStore({ fs: watched.fs });
    const folder = temporaryFolder();
    plant(folder, Object.fromEntries(Array.from({ length: 6000 }, (_, at) => [`${at % 100}/${at}`, ""])));
    await mirror(store, folder);
    const version = await store.getArtifact(DATA);
    reads = 0;
    for await (const _ of version.entries()) break;
    const few = reads;
    await all(version.entries());
    expect(few).toBeLessThan(reads / 3);
  });
});

describe("a folder of a version", () => {
  test("lists its files and folders, with what lies below them", async () => {
    const { version } = await someVersion();
    const list = async (folder?: string) =>
      (await all(version.list(folder))).map((item) => [item.path, item.kind, item.size, item.files]);
    expect(await list()).toEqual([
      ["a.csv", "file", 1, 1],
      ["b-", "file", 4, 1],
      ["b.x", "folder", 5, 1],
      ["b", "folder", 5, 2],
      ["empty", "file", 0, 1],
      ["far", "reference", 2 ** 40, 1],
      ["hollow", "folder", 0, 0],
    ]);
    for (const folder of ["b", "b/", "./b"]) {
      expect(await list(folder)).toEqual([
        ["b/a.csv", "file", 2, 1],
        ["b/c", "folder", 3, 1],
        ["b/link", "link", 5, 1],
      ]);
    }
    expect(await list("hollow")).toEqual([["hollow/deep", "folder", 0, 0]]);
    expect(await list("hollow/deep")).toEqual([]);
    expect(await list("b/a.csv")).toEqual([["b/a.csv", "file", 2, 1]]);
    for (const none of ["c", "b/c/d", "b/c/d.txt/e"]) {
      await expect(all(version.list(none))).rejects.toMatchObject({ code: "NOT_FOUND", info: { path: none } });
    }
  });

  test("one entry is found by its path, and a folder with something in it is none", async () => {
    const { version } = await someVersion();
    expect(await version.entry("b/c/d.txt")).toMatchObject({ kind: "file", size: 3, executable: false });
    expect(await version.entry("hollow/deep")).toMatchObject({ kind: "folder" });
    for (const none of ["b", "hollow", "b/c/d", "c", "A.csv"]) expect(await version.entry(none)).toBeUndefined();
    for (const bad of ["", "/a.csv", "b/", "../a.csv", "a\0"]) {
      await expect(version.entry(bad)).rejects.toMatchObject({ code: "PATH_INVALID" });
    }
  });
});

describe("the content of a file", () => {
  /** Of no chunk, one, one of the largest, some, and many. */
  const sizes = [0, 1, 16_384, 262_144, 262_145, 3_000_000];

  async function filesOfSizes(): Promise<{ version: Version; folder: string }> {
    const store = await testStore();
    await uploadFiles(store, Object.fromEntries(sizes.map((size) => [`${size}`, noise(size, size + 1)])), DATA.name);
    return { version: await store.getArtifact(DATA), folder: store.folder };
  }

  test("is read whole, and any range of it is what a slice of the whole is", async () => {
    const { version, folder } = await filesOfSizes();
    const before = readdirSync(folder);
    for (const size of sizes) {
      const whole = Buffer.from(noise(size, size + 1));
      expect(Buffer.from(await version.read(`${size}`)).equals(whole)).toBe(true);
      const edge = fc.constantFrom(0, 1, size - 1, size, size + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1);
      const place = fc.oneof(edge, fc.nat(size + 10)).map((each) => Math.max(0, each));
      await fc.assert(
        fc.asyncProperty(place, place, async (offset, length) => {
          const range = Buffer.from(await version.readRange(`${size}`, offset, length));
          expect(range.equals(whole.subarray(offset, offset + length))).toBe(true);
          const stream = await all(version.stream(`${size}`, { start: offset, end: offset + length }));
          expect(Buffer.concat(stream).equals(range)).toBe(true);
        }),
        { numRuns: 40 },
      );
    }
    expect(readdirSync(folder)).toEqual(before);
  });

  test("is asked for in whole numbers from 0", async () => {
    const { version } = await filesOfSizes();
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
      [0, Number.POSITIVE_INFINITY],
      [2 ** 53, 1],
    ] as const) {
      await expect(version.readRange("1", offset, length)).rejects.toBeInstanceOf(TypeError);
    }
  });

  test("of a range costs the chunks that hold it", async () => {
    const watched = new WatchedFileSystem();
    let bytes = 0;
    const fs = {
      ...watched.fs,
      read: (fd: number, buffer: Uint8Array, position: number | null) => {
        const read = watched.fs.read(fd, buffer, position);
        bytes += read;
        return read;
      },
    };
    const store = await testStore({ fs });
    await uploadFiles(store, { large: noise(8_000_000, 5) }, DATA.name);
    const version = await store.getArtifact(DATA);
    bytes = 0;
    await version.readRange("large", 5_000_000, 4096);
    expect(bytes).toBeLessThan(1_000_000);
  });

  test("is there of files only: what is none says what it is", async () => {
    const { version } = await someVersion();
    for (const [name, said] of [
      ["b/link", "is a link, not a file"],
      ["far", "is a reference, not a file"],
      ["hollow/deep", "is a folder, not a file"],
      ["b", "is a folder, not a file"],
      ["none", "has no none"],
    ] as const) {
      const expected = { code: "NOT_FOUND", message: expect.stringContaining(said), info: { path: name } };
      await expect(version.read(name)).rejects.toMatchObject(expected);
      await expect(version.readRange(name, 0, 1)).rejects.toMatchObject(expected);
      await expect(all(version.stream(name))).rejects.toMatchObject(expected);
    }
  });

  test("as a stream ends with the signal's reason, and when nobody wants more of it", async () => {
    const { version } = await filesOfSizes();
    const controller = new AbortController();
    const reason = new Error("enough");
    const pieces: number[] = [];
    const reading = (async () => {
      for await (const piece of version.stream("3000000", { signal: controller.signal })) {
        pieces.push(piece.length);
        controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(pieces.length).toBeLessThan(5);
    const reader = version.stream("3000000").getReader();
    expect((await reader.read()).done).toBe(false);
    await reader.cancel();
    expect((await reader.read()).done).toBe(true);
  });

  test("is printed by the command: whole, or from one byte to another, both counted", async () => {
    const store = await testStore();
    await uploadFiles(store, { digits: "0123456789", empty: "" }, DATA.name);
    const cat = async (...args: string[]) => {
      const { code, stdout } = await command(store.folder, ["cat", ...args]);
      return [code, stdout];
    };
    expect(await cat("data:V1/digits")).toEqual([0, "0123456789"]);
    expect(await cat("data:V1/empty")).toEqual([0, ""]);
    for (const [range, text] of [
      ["0-0", "0"],
      ["2-4", "234"],
      ["9-100", "9"],
      ["10-20", ""],
      [`0-${2 ** 53 - 1}`, "0123456789"],
      [`${2 ** 53 - 1}-${2 ** 53 - 1}`, ""],
    ] as const) {
      expect([range, ...(await cat("data:V1/digits", "--range", range))]).toEqual([range, 0, text]);
    }
    for (const range of ["", "7-", "4-2", "a-b", "-1-2", "1.5-2", `0-${2 ** 53}`]) {
      expect([range, (await cat("data:V1/digits", "--range", range))[0]]).toEqual([range, 2]);
    }
  });
});
