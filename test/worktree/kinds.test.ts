import { execFileSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { EMPTY_FOLDER, noise, type Planted, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { DATA, mirror, pathsOf, testStore, WatchedFileSystem } from "../support/mirrors.ts";
import { all } from "../support/stores.ts";

async function roundTrip(folder: string) {
  const store = await testStore();
  const result = await mirror(store, folder);
  const target = path.join(temporaryFolder(), "out");
  await (await store.getArtifact(DATA)).download(target);
  return { store, result, target };
}

function planted(files: Record<string, Planted>): string {
  const folder = temporaryFolder();
  plant(folder, files);
  return folder;
}

test("files, executables, empty files, empty folders and links come back as they were", async () => {
  const folder = planted({
    "a.txt": "text",
    empty: "",
    "run.sh": { exec: "#!/bin/sh\n" },
    "d/empty": EMPTY_FOLDER,
    "d/e/f/g": EMPTY_FOLDER,
    "d/up": { link: "../a.txt" },
    "to folder": { link: "d/e" },
    "to itself": { link: "to itself" },
    "loop/a": { link: "b" },
    "loop/b": { link: "a" },
    dangling: { link: "no/where" },
    "to here": { link: "." },
    "odd/slashes": { link: ".//..//./a.txt" },
  });
  const { store, target, result } = await roundTrip(folder);
  expect(treeOf(target)).toEqual(treeOf(folder));
  expect(result.leftOut).toEqual([]);
  const entries = await all((await store.getArtifact(DATA)).entries());
  expect(entries.find((entry) => entry.path === "d/e/f/g")).toMatchObject({ kind: "folder" });
  expect(entries.find((entry) => entry.path === "to folder")).toMatchObject({ kind: "link", target: "d/e" });
});

test("what a link points to is never read through it", async () => {
  const folder = planted({ "real/x": "1", through: { link: "real" } });
  const store = await testStore();
  await mirror(store, folder);
  expect(await pathsOf(store)).toEqual(["real/x", "through"]);
});

test.each([
  ["absolute", "/etc/passwd", "it points to an absolute path"],
  ["above the folder", "../x", "it points outside"],
  ["far above the folder", "sub/../../x", 'its target has ".." after a name'],
])(
  "a link that is %s is refused by name, or left out and named when that is asked for",
  async (_what, target, problem) => {
    const folder = planted({ "a.txt": "a", bad: { link: target }, ok: { link: "a.txt" } });
    const store = await testStore();
    await expect(mirror(store, folder)).rejects.toMatchObject({
      code: "LINK_OUTSIDE",
      happened: "no",
      info: { links: [`bad (${problem})`] },
    });
    await expect(store.getArtifact(DATA)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await mirror(store, folder, { skipLinks: true })).toMatchObject({
      changed: true,
      leftOut: [{ path: "bad", reason: "link", detail: problem }],
    });
    expect(await pathsOf(store)).toEqual(["a.txt", "ok"]);
  },
);

test("all bad links are named in one error, and nothing is stored once one is found", async () => {
  const folder = planted({
    ...Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`l${index}`, { link: "/x" }])),
    zz: "late",
  });
  const watched = new WatchedFileSystem();
  const store = await testStore({ fs: watched.fs });
  await expect(mirror(store, folder)).rejects.toMatchObject({
    info: { links: { length: 25 } },
    message: expect.stringContaining("and 5 more"),
  });
  expect(watched.takeOpened()).toEqual([]);
});

test("a mirror takes out what a link that is left out has replaced", async () => {
  const folder = planted({ "a.txt": "a", "b/c": "c", keep: "k" });
  const store = await testStore();
  await mirror(store, folder);
  fs.rmSync(path.join(folder, "a.txt"));
  fs.rmSync(path.join(folder, "b"), { recursive: true });
  plant(folder, { "a.txt": { link: "/etc/hostname" }, b: { link: "/etc" } });
  expect(await mirror(store, folder, { skipLinks: true })).toMatchObject({ changed: true, removed: 2, files: 1 });
  expect(await pathsOf(store)).toEqual(["keep"]);
  const fresh = await testStore();
  await mirror(fresh, folder, { skipLinks: true });
  expect((await store.getArtifact(DATA)).digest).toBe((await fresh.getArtifact(DATA)).digest);
});

test("FIFOs, sockets and devices are left out, named, and never opened", async () => {
  const folder = planted({ "a.txt": "a", "sub/b": "b" });
  execFileSync("mkfifo", [path.join(folder, "fifo"), path.join(folder, "sub/fifo")]);
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(path.join(folder, "socket"), resolve));
  onTestFinished(() => void server.close());
  const isDevice = canMakeDevices(path.join(folder, "device"));
  const watched = new WatchedFileSystem();
  const store = await testStore({ fs: watched.fs });
  const { leftOut } = await mirror(store, folder);
  const special = [...(isDevice ? ["device"] : []), "fifo", "socket", "sub/fifo"];
  expect(leftOut).toEqual(special.map((at) => ({ path: at, reason: "special" })));
  expect(await pathsOf(store)).toEqual(["a.txt", "sub/b"]);
  expect(watched.takeOpened()).toEqual(["a.txt", "b"]);
});

test("a FIFO that takes the place of a file after the walk does not hang the reading", async () => {
  const folder = planted({ "a.txt": "a", "b.txt": "b" });
  const watched = new WatchedFileSystem();
  watched.onOpen = (file) => {
    if (!file.endsWith("a.txt")) return;
    fs.rmSync(file);
    execFileSync("mkfifo", [file]);
  };
  const store = await testStore({ fs: watched.fs });
  await expect(mirror(store, folder)).rejects.toMatchObject({
    code: "FILE_CHANGED",
    info: { path: path.join(folder, "a.txt") },
  });
});

test("a link that takes the place of a file after the walk is not followed", async () => {
  const secret = path.join(temporaryFolder(), "secret");
  fs.writeFileSync(secret, "secret");
  const folder = planted({ "a.txt": "a" });
  const watched = new WatchedFileSystem();
  watched.onOpen = (file) => {
    fs.rmSync(file);
    fs.symlinkSync(secret, file);
  };
  const store = await testStore({ fs: watched.fs });
  await expect(mirror(store, folder)).rejects.toMatchObject({ code: "FILE_CHANGED" });
});

test("a FIFO or a folder given as a file to add is refused", async () => {
  const folder = temporaryFolder();
  execFileSync("mkfifo", [path.join(folder, "fifo")]);
  const store = await testStore();
  await using artifact = await store.artifact(DATA);
  await expect(artifact.add(path.join(folder, "fifo"))).rejects.toMatchObject({ code: "READ_FAILED" });
  plant(folder, { file: "x" });
  await expect(artifact.mirror(path.join(folder, "file"))).rejects.toMatchObject({ code: "USAGE" });
  await expect(artifact.add(path.join(folder, "missing"))).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("hard links are files of equal content, and writing a version changes no other name of a file", async () => {
  const folder = planted({ "a/one": "shared content", other: "x" });
  fs.linkSync(path.join(folder, "a/one"), path.join(folder, "two"));
  const { result, target, store } = await roundTrip(folder);
  expect(result).toMatchObject({ files: 3, bytes: 29, newBytes: 15 });
  expect(treeOf(target)).toEqual(treeOf(folder));
  // Of a downloaded file somebody keeps a second name; the next version must not change that one.
  const kept = path.join(temporaryFolder(), "kept");
  fs.linkSync(path.join(target, "two"), kept);
  fs.writeFileSync(path.join(folder, "two"), "changed");
  await mirror(store, folder);
  await (await store.getArtifact(DATA)).download(target);
  expect(fs.readFileSync(kept, "utf8")).toBe("shared content");
  expect(treeOf(target)).toEqual(treeOf(folder));
});

test("a sparse file comes back with its holes as zeros", async () => {
  const folder = temporaryFolder();
  const fd = fs.openSync(path.join(folder, "sparse"), "w");
  fs.writeSync(fd, "head", 0);
  fs.writeSync(fd, "tail", 20 * 1024 * 1024);
  fs.closeSync(fd);
  const { result, target } = await roundTrip(folder);
  expect(result.bytes).toBe(20 * 1024 * 1024 + 4);
  // Zeros are one chunk, stored once.
  expect(result.newBytes).toBeLessThan(1024 * 1024);
  expect(treeOf(target)).toEqual(treeOf(folder));
});

const KIB = 1024;
test.each([0, 1, 2])("files at the borders of chunks, windows and requests come back (%i threads)", async (workers) => {
  const folder = temporaryFolder();
  const sizes = [0, 1, 16 * KIB, 64 * KIB, 256 * KIB, KIB * KIB, 4 * KIB * KIB].flatMap((size) => [
    size - 1,
    size,
    size + 1,
  ]);
  for (const size of sizes) if (size >= 0) fs.writeFileSync(path.join(folder, `noise-${size}`), noise(size, size));
  fs.writeFileSync(path.join(folder, "zeros"), Buffer.alloc(4 * KIB * KIB));
  const store = await testStore({ workers });
  await mirror(store, folder);
  const version = await store.getArtifact(DATA);
  for await (const entry of version.entries()) {
    expect(entry.digest, entry.path).toBe(hashContent(fs.readFileSync(path.join(folder, entry.path))));
  }
  const target = path.join(temporaryFolder(), "out");
  await version.download(target);
  expect(treeOf(target)).toEqual(treeOf(folder));
});

test("a file of more than 64 MiB comes back, with threads and without, and is one content", async () => {
  const folder = temporaryFolder();
  const piece = noise(1024 * 1024 + 7, 9);
  const fd = fs.openSync(path.join(folder, "large"), "w");
  for (let index = 0; index < 66; index++) {
    piece[0] = index;
    fs.writeSync(fd, piece);
  }
  fs.closeSync(fd);
  const digests: string[] = [];
  for (const workers of [0, 2]) {
    const store = await testStore({ workers });
    await mirror(store, folder);
    const version = await store.getArtifact(DATA);
    digests.push(version.digest);
    const target = path.join(temporaryFolder(), "out");
    await version.download(target);
    expect(treeOf(target)).toEqual(treeOf(folder));
  }
  expect(digests[0]).toBe(digests[1]);
});

/** Devices can be made by root only, and not in every container. */
function canMakeDevices(file: string): boolean {
  try {
    execFileSync("mknod", [file, "c", "1", "3"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
