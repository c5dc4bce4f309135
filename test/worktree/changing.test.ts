/** Files that change, vanish or cannot be read while a folder is uploaded. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { noise, plant, temporaryFolder } from "../support/folders.ts";
import { DATA, mirror, pathsOf, testStore, WatchedFileSystem } from "../support/mirrors.ts";
import { all } from "../support/stores.ts";

const MIB = 1024 * 1024;

/** A folder with a small and a large file, and a store that calls back at each read of one of them. */
async function beingRead(name: string, onRead: (file: string, time: number) => void) {
  const folder = temporaryFolder();
  plant(folder, { small: "0123456789", large: noise(9 * MIB), other: "other" });
  const watched = new WatchedFileSystem();
  let times = 0;
  watched.onRead = (file) => {
    if (file === path.join(folder, name)) onRead(file, ++times);
  };
  return { folder, watched, store: await testStore({ fs: watched.fs }) };
}

test.each(["small", "large"])(
  "a %s file that changes once while it is read is read again and stored as it is then",
  async (name) => {
    const { folder, store } = await beingRead(name, (file, time) => {
      // The end is rewritten after the beginning was read.
      if (time === 1) overwrite(file, fs.statSync(file).size - 3, "NEW");
    });
    const result = await mirror(store, folder);
    expect(result.leftOut).toEqual([]);
    const stored = await (await store.getArtifact(DATA)).read(name);
    expect(Buffer.from(stored).equals(fs.readFileSync(path.join(folder, name)))).toBe(true);
  },
);

test.each(["small", "large"])("a %s file that keeps changing is reported, and makes no version", async (name) => {
  const { folder, store } = await beingRead(name, (file, time) => overwrite(file, 0, `${time % 10}`));
  await expect(mirror(store, folder)).rejects.toMatchObject({
    code: "FILE_CHANGED",
    happened: "no",
    info: { path: path.join(folder, name) },
  });
  await expect(store.getArtifact(DATA)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test.each(["small", "large"])("a %s file that keeps growing is reported", async (name) => {
  const { folder, store } = await beingRead(name, (file) => fs.appendFileSync(file, "more"));
  await expect(mirror(store, folder)).rejects.toMatchObject({ code: "FILE_CHANGED" });
});

test.each(["small", "large"])(
  "a %s file that keeps changing is left out and named where that is asked for; a mirror keeps the old one",
  async (name) => {
    let isBusy = false;
    const { folder, store } = await beingRead(name, (file, time) => isBusy && overwrite(file, 0, `${time % 10}`));
    const first = await mirror(store, folder);
    const entry = await (await store.getArtifact(DATA)).entry(name);
    isBusy = true;
    overwrite(path.join(folder, name), 0, "x");
    plant(folder, { fresh: "new" });
    const second = await mirror(store, folder, { skipUnreadable: true });
    expect(second).toMatchObject({ changed: true, added: 1, modified: 0, removed: 0, files: first.files + 1 });
    expect(second.leftOut).toEqual([
      { path: name, reason: "unreadable", detail: expect.stringContaining("kept changing") },
    ]);
    expect(await (await store.getArtifact(DATA)).entry(name)).toEqual(entry);
    isBusy = false;
    expect(await mirror(store, folder)).toMatchObject({ changed: true, modified: 1 });
  },
);

test("a file that grows from small to large while it is read is stored whole", async () => {
  const { folder, store } = await beingRead("small", (file, time) => {
    if (time === 1) fs.writeFileSync(file, noise(5 * MIB, 3));
  });
  await mirror(store, folder);
  const stored = await (await store.getArtifact(DATA)).read("small");
  expect(Buffer.from(stored).equals(noise(5 * MIB, 3))).toBe(true);
});

test("a file that shrinks while it is read is stored as it is then", async () => {
  const { folder, store } = await beingRead("large", (file, time) => {
    if (time === 1) fs.truncateSync(file, 5);
  });
  await mirror(store, folder);
  expect(await (await store.getArtifact(DATA)).read("large")).toHaveLength(5);
});

test("a file that vanishes before it is read makes no version, or is left out and named", async () => {
  const folder = temporaryFolder();
  plant(folder, { a: "a", b: "b" });
  const watched = new WatchedFileSystem();
  const store = await testStore({ fs: watched.fs });
  watched.onOpen = (file) => file.endsWith("/a") && fs.rmSync(file);
  await expect(mirror(store, folder)).rejects.toMatchObject({ code: "FILE_CHANGED", happened: "no" });
  await expect(store.getArtifact(DATA)).rejects.toMatchObject({ code: "NOT_FOUND" });
  plant(folder, { a: "a" });
  const { leftOut } = await mirror(store, folder, { skipUnreadable: true });
  expect(leftOut).toEqual([{ path: "a", reason: "unreadable", detail: expect.stringContaining("vanished") }]);
  expect(await pathsOf(store)).toEqual(["b"]);
});

test("a folder that vanishes between its parent's listing and its own is not there", async () => {
  const folder = temporaryFolder();
  plant(folder, { "a/x": "x", "b/y": "y" });
  const watched = new WatchedFileSystem();
  const { openFolder } = watched.fs;
  const store = await testStore({
    fs: {
      ...watched.fs,
      openFolder: (place) => {
        if (place === path.join(folder, "a")) fs.rmSync(place, { recursive: true });
        return openFolder(place);
      },
    },
  });
  expect(await mirror(store, folder)).toMatchObject({ files: 1, leftOut: [] });
  expect(await pathsOf(store)).toEqual(["b/y"]);
});

test("a failed upload does not spoil the next one", async () => {
  let isBusy = true;
  const { folder, store } = await beingRead("large", (file, time) => isBusy && overwrite(file, 0, `${time % 10}`));
  await expect(mirror(store, folder)).rejects.toMatchObject({ code: "FILE_CHANGED" });
  isBusy = false;
  expect(await mirror(store, folder)).toMatchObject({ changed: true, version: "V1", files: 3 });
  const version = await store.getArtifact(DATA);
  for await (const { path: name } of version.entries()) {
    expect(Buffer.from(await version.read(name)).equals(fs.readFileSync(path.join(folder, name)))).toBe(true);
  }
});

test.each(["file", "folder"])(
  "a %s without the right to read it fails by name, or is left out; a mirror keeps what was in it",
  async (what) => {
    const folder = temporaryFolder();
    plant(folder, { "open.txt": "o", "shut/x": "x", "shut/y/z": "z", "shut.d/w": "w" });
    const parent = temporaryFolder();
    const steps = `
    const { openStore } = await import(${JSON.stringify(fileURLToPath(new URL("../../dist/index.js", import.meta.url)))});
    const fs = await import("node:fs");
    const [folder, place] = process.argv.slice(1);
    const store = await openStore(place, { workers: 0 });
    const draft = async (options) => {
      const artifact = await store.artifact({ name: "data", type: "dataset" });
      try {
        await artifact.mirror(folder, options);
        return await artifact.upload();
      } finally {
        await artifact.close();
      }
    };
    await draft({});
    fs.writeFileSync(folder + "/open.txt", "changed");
    fs.chmodSync(folder + ${JSON.stringify(what === "file" ? "/shut/x" : "/shut")}, 0);
    if (${what === "file"}) fs.utimesSync(folder + "/shut/x", 1, 1);
    const { code, message, happened } = await draft({}).catch((error) => error);
    const second = await draft({ skipUnreadable: true });
    fs.chmodSync(folder + "/shut", 0o755);
    await store.close();
    console.log(JSON.stringify({ code, message, happened, second }));
  `;
    // As a user without special rights: root may read everything.
    fs.chmodSync(parent, 0o777);
    for (const name of ["", ...(fs.readdirSync(folder, { recursive: true }) as string[])])
      fs.chownSync(path.join(folder, name), 65534, 65534);
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", steps, folder, path.join(parent, "store")], {
      encoding: "utf8",
      cwd: parent,
      ...(process.getuid?.() === 0 && { uid: 65534, gid: 65534 }),
    });
    expect(run.stderr).toBe("");
    const { code, message, happened, second } = JSON.parse(run.stdout);
    const name = what === "file" ? "shut/x" : "shut";
    expect({ code, happened }).toEqual({ code: "READ_FAILED", happened: "no" });
    expect(message).toContain(`${folder}/${name}: permission denied`);
    expect(second).toMatchObject({ version: "V2", changed: true, modified: 1, added: 0, removed: 0, files: 4 });
    expect(second.leftOut).toMatchObject([{ path: name, reason: "unreadable" }]);
  },
);

test("an aborted upload rejects with the signal's reason and leaves no version", async () => {
  const folder = temporaryFolder();
  plant(folder, Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, noise(70_000, index)])));
  const stop = new AbortController();
  const reason = new Error("enough");
  const store = await testStore();
  const upload = mirror(store, folder, {
    signal: stop.signal,
    onProgress: (event) => event.phase === "store" && stop.abort(reason),
  });
  await expect(upload).rejects.toBe(reason);
  expect(await all(store.artifacts())).toEqual([]);
  expect(await mirror(store, folder)).toMatchObject({ files: 300, version: "V1" });
});

function overwrite(file: string, position: number, text: string): void {
  const fd = fs.openSync(file, "r+");
  fs.writeSync(fd, text, position);
  fs.closeSync(fd);
  // The clock of the file system may stand still for milliseconds; a change shows then by nothing but its times.
  const { mtimeMs } = fs.statSync(file);
  fs.utimesSync(file, mtimeMs / 1000, mtimeMs / 1000 + 1);
}
