/** A disk that is really full: an error that says so, old versions as they were, and the same draft again when there is room. */
import { appendFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Artifact, isArtifoldError, openStore, type Store } from "../../src/index.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { command } from "../support/command.ts";
import { canMount, SmallDisk } from "../support/small-disk.ts";
import { openScratch, readFiles, scratch, textsOf, uploadFiles, writeFiles } from "../support/stores.ts";

const KIB = 1024;
const DISK_BYTES = 24 * KIB * KIB;

function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, state = length; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Some ride in the journal, the other goes to a pack. */
const contents = { small: noise(1000), middle: noise(900 * KIB), large: noise(6 * KIB * KIB) };

describe.skipIf(!canMount())("a full disk (needs the right to mount one)", () => {
  let disk: SmallDisk;
  let folder: string;
  let stores: Store[];

  beforeEach(() => {
    disk = new SmallDisk(DISK_BYTES);
    folder = path.join(disk.folder, "store");
    stores = [];
  });

  afterEach(async () => {
    for (const store of stores) await store.close();
    disk.unmount();
  });

  async function open(): Promise<Store> {
    const store = await openStore(folder, { workers: 0 });
    stores.push(store);
    return store;
  }

  async function expectOldVersion(): Promise<void> {
    const store = await open();
    expect(await textsOf(await store.resolve("sample:V1"))).toEqual({ old: "1" });
    await store.close();
  }

  async function addAndUpload(draft: Artifact, bytes: Buffer): Promise<string> {
    await draft.add(bytes, { as: "new" });
    return (await draft.upload({ tags: ["newest"] })).version;
  }

  test.each(
    (["small", "middle", "large"] as const).flatMap((size) =>
      [0, 4, 8, 16, 36, 64, 100, 512, 1024, 3000, 6100].map((left) => [size, left] as const),
    ),
  )("upload of %s content where %i KiB are left", async (size, left) => {
    const first = await open();
    await uploadFiles(first, { old: "1" });
    const store = left % 8 === 0 ? first : await open();
    await using draft = await store.artifact({ name: "sample", type: "dataset" });
    disk.fill(left * KIB);
    const outcome = await addAndUpload(draft, contents[size]).catch((error: unknown) => error);
    if (outcome !== "V2") {
      expect(outcome).toMatchObject({ code: "NO_SPACE", happened: "no" });
      expect((outcome as Error).message).toMatch(/no space left/);
      expect(left * KIB).toBeLessThan(contents[size].length + 256 * KIB);
    }
    await expectOldVersion();
    const seen = await open();
    const made = outcome === "V2";
    expect((await seen.resolve("sample")).version).toBe(made ? "V2" : "V1");
    disk.makeRoom();
    expect(await addAndUpload(draft, contents[size])).toBe("V2");
    const last = await open();
    const version = await last.resolve("sample:newest");
    expect(version.version).toBe("V2");
    expect(Buffer.compare(Buffer.from(await version.read("new")), contents[size])).toBe(0);
    expect(await last.verify()).toMatchObject({ ok: true, versions: 2 });
    expect(await uploadFiles(store, { next: "3" })).toMatchObject({ version: "V3" });
    expect(await uploadFiles(seen, { next: "4" })).toMatchObject({ version: "V4" });
  });

  test("the upload alone can be tried again when what was added is stored already", async () => {
    const store = await open();
    await uploadFiles(store, { old: "1" });
    await using draft = await store.artifact({ name: "sample", type: "dataset" });
    await draft.add(contents.middle, { as: "new" });
    disk.fill(0);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(draft.upload()).rejects.toMatchObject({ code: "NO_SPACE", happened: "no" });
    }
    disk.makeRoom();
    expect(await draft.upload()).toMatchObject({ version: "V2", added: 1 });
    expect(await store.verify()).toMatchObject({ ok: true });
  });

  test("without a catalog the store opens all the same, and says NO_SPACE when it is to change", async () => {
    const store = await open();
    await uploadFiles(store, { old: "1" });
    await store.close();
    for (const name of readdirSync(folder)) if (/^(catalog|cache)/.test(name)) rmSync(path.join(folder, name));
    disk.fill(0);
    const again = await open();
    const version = await again.resolve("sample");
    expect(await textsOf(version)).toEqual({ old: "1" });
    await expect(version.tag("prod")).rejects.toMatchObject({ code: "NO_SPACE", happened: "no" });
    await expect(uploadFiles(again, { new: "2" })).rejects.toMatchObject({ code: "NO_SPACE", happened: "no" });
    disk.makeRoom();
    await version.tag("prod");
    expect(await uploadFiles(again, { new: "2" })).toMatchObject({ version: "V2" });
    expect((await (await open()).resolve("sample:prod")).version).toBe("V1");
  });

  test("where a torn tail cannot be put aside the store opens for reading, and says NO_SPACE when it is to change", async () => {
    const store = await open();
    const journal = path.join(folder, "journal", "00000001.segment");
    await uploadFiles(store, { old: "1" });
    await store.close();
    appendFileSync(journal, noise(50_000));
    disk.fill(0);
    const again = await open();
    expect(await textsOf(await again.resolve("sample"))).toEqual({ old: "1" });
    await expect(uploadFiles(again, { new: "2" })).rejects.toMatchObject({ code: "NO_SPACE", happened: "no" });
    disk.makeRoom();
    expect(await uploadFiles(again, { new: "2" })).toMatchObject({ version: "V2" });
    expect(readdirSync(path.dirname(journal)).filter((name) => name.includes(".torn-"))).toHaveLength(1);
    expect(await (await open()).verify()).toMatchObject({ ok: true, versions: 2 });
  });

  test("no store can be made, and none is half made", async () => {
    disk.fill(0);
    await expect(open()).rejects.toMatchObject({ code: "NO_SPACE" });
    disk.makeRoom();
    expect(await uploadFiles(await open(), { a: "1" })).toMatchObject({ version: "V1" });
  });

  test("the command says NO_SPACE and ends with 1", async () => {
    await uploadFiles(await open(), { old: "1" });
    const source = writeFiles(scratch(), { new: contents.middle });
    disk.fill(0);
    const args = ["upload", source, "--name", "sample", "--type", "dataset"];
    const { code, stdout } = await command(folder, [...args, "--json"]);
    expect([code, JSON.parse(stdout).error]).toMatchObject([1, { code: "NO_SPACE", happened: "no" }]);
    expect((await command(folder, ["cat", "sample:V1/old"])).stdout).toBe("1");
    disk.makeRoom();
    expect((await command(folder, [...args, "-q"])).stdout.trim()).toBe("V2");
  });

  test("what is stored there is downloaded to another disk, again and again", async () => {
    await uploadFiles(await open(), { old: "1", large: contents.large });
    const store = await open();
    const version = await store.resolve("sample");
    await version.download(path.join(scratch(), "before"));
    disk.fill(0);
    for (let time = 0; time < 3; time++) {
      const target = path.join(scratch(), "target");
      await version.download(target);
      expect(readFiles(target)).toEqual(await textsOf(version));
      await version.download(target);
    }
  });

  test("a download that does not fit fails, and goes on where it stopped when there is room", async () => {
    const store = await openScratch();
    const version = await uploadFiles(store, { "a/first": "1", "b/large": contents.large, "c/last": "3" });
    const target = path.join(disk.folder, "target");
    disk.fill(1024 * KIB);
    const error = await version.download(target).catch((reason: unknown) => reason);
    expect(isArtifoldError(error, "NO_SPACE")).toBe(true);
    // Each file that is there is whole.
    const whole: { [file: string]: string } = { "a/first": "1", "c/last": "3" };
    for (const [file, text] of Object.entries(readFiles(target))) {
      if (!file.endsWith("/")) expect([file, text]).toEqual([file, whole[file]]);
    }
    disk.makeRoom();
    await version.download(target);
    expect(readFiles(target)).toEqual(await textsOf(version));
  });
});

const SMALL_BLOCKS = [40 * KIB * KIB, KIB] as const;

describe.skipIf(!canMount(...SMALL_BLOCKS))("a full ext4 with small blocks (needs the right to mount one)", () => {
  test.each([0, 12, 40, 100, 400])("is read where %i KiB are left, and says NO_SPACE", async (left) => {
    const disk = new SmallDisk(...SMALL_BLOCKS);
    try {
      const folder = path.join(disk.folder, "store");
      const source = writeFiles(scratch(), { old: "1" });
      const args = ["upload", source, "--name", "sample", "--type", "dataset", "-q"];
      expect((await command(folder, args)).stdout).toBe("V1\n");
      disk.fill(left * KIB);
      for (const name of ["", "catalog.db"]) {
        if (name !== "") rmSync(path.join(folder, name));
        const read = await command(folder, ["cat", "sample:V1/old"]);
        expect(read).toMatchObject({ code: 0, signal: null, stdout: "1" });
        expect((await command(folder, ["ls", "sample"])).code).toBe(0);
      }
      writeFiles(source, { new: contents.middle });
      const upload = await command(folder, [...args, "--json"]);
      expect([upload.code, JSON.parse(upload.stdout).error]).toMatchObject([1, { code: "NO_SPACE", happened: "no" }]);
      disk.makeRoom();
      expect((await command(folder, args)).stdout).toBe("V2\n");
    } finally {
      disk.unmount();
    }
  });
});

test("a draft whose packs did not fit is tried again and again, and uploaded when they do", async () => {
  const fs = new FaultyFileSystem();
  const folder = scratch();
  const store = await openScratch(folder, { fs });
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  await draft.add(contents.large, { as: "large" });
  // Writes of the pack's end, and then of whatever comes, find no room.
  fs.decide = ({ name, path: file }) => (name === "writeManyLater" && file.includes(".tmp-") ? "ENOSPC" : undefined);
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(draft.upload()).rejects.toMatchObject({ code: "NO_SPACE", happened: "no" });
  }
  await expect(draft.add(Buffer.from("more"), { as: "more" })).resolves.toMatchObject({ files: 1 });
  fs.decide = () => undefined;
  expect(await draft.upload()).toMatchObject({ version: "V1", files: 2 });
  expect(await store.verify()).toMatchObject({ ok: true });
  expect(readdirSync(path.join(folder, "packs")).filter((name) => name.startsWith(".tmp-"))).toEqual([]);
});
