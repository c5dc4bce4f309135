import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import {
  diskSpace,
  type FileStat,
  isExecutable,
  kindOf,
  type NameKind,
  networkFileSystem,
  nodeFileSystem,
  openFlags,
} from "../../src/platform/index.ts";
import { temporaryFolder } from "../support/temporary.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const look = (name: string): FileStat => nodeFileSystem.lookAt(path.join(folder, name)) as FileStat;

test("looking at a path does not follow a link, and says nothing of what is not there", () => {
  writeFileSync(path.join(folder, "file"), "12345");
  symlinkSync("file", path.join(folder, "link"));
  symlinkSync("nowhere", path.join(folder, "broken"));
  mkdirSync(path.join(folder, "folder"));
  expect(["file", "link", "broken", "folder"].map((name) => kindOf(look(name)))).toEqual([
    "file",
    "link",
    "link",
    "folder",
  ]);
  expect(look("file").size).toBe(5);
  expect(nodeFileSystem.lookAt(path.join(folder, "nothing"))).toBeUndefined();
});

test.skipIf(process.platform === "win32")("a FIFO is neither file nor folder, and opening it does not block", () => {
  execFileSync("mkfifo", [path.join(folder, "fifo")]);
  expect(kindOf(look("fifo"))).toBe("other");
  nodeFileSystem.close(nodeFileSystem.open(path.join(folder, "fifo"), openFlags.readUserFile));
});

test("only the owner's right to execute counts", () => {
  writeFileSync(path.join(folder, "file"), "");
  for (const [mode, expected] of [
    [0o644, false],
    [0o744, true],
    [0o611, false],
    [0o100, true],
  ] as const) {
    chmodSync(path.join(folder, "file"), mode);
    expect(isExecutable(look("file"))).toBe(expected);
  }
});

test.skipIf(process.platform === "win32")("a link put in the place of a user's file or folder is not followed", () => {
  mkdirSync(path.join(folder, "folder"));
  symlinkSync("folder", path.join(folder, "link"));
  for (const flags of [openFlags.readUserFile, openFlags.folder]) {
    expect(() => nodeFileSystem.open(path.join(folder, "link"), flags)).toThrow(/ELOOP|ENOTDIR/);
  }
});

test("a new file fails where the name is taken, by a broken link too", () => {
  writeFileSync(path.join(folder, "file"), "old");
  symlinkSync("nowhere", path.join(folder, "broken"));
  for (const name of ["file", "broken"]) {
    for (const flags of [openFlags.createNew, openFlags.createNewReadable]) {
      expect(() => nodeFileSystem.open(path.join(folder, name), flags, 0o600)).toThrow(
        expect.objectContaining({ code: "EEXIST" }),
      );
    }
  }
});

test.each([
  ["small", 2500],
  ["large", 12_000],
])("a %s folder gives its names piece by piece, each once", (_, files) => {
  const names = Array.from({ length: files }, (_, index) => `file-with-a-name-of-some-length-${index}`);
  for (const name of names) writeFileSync(path.join(folder, name), "");
  mkdirSync(path.join(folder, "folder"));
  symlinkSync("folder", path.join(folder, "link"));
  const met = new Map<string, NameKind>();
  const reader = nodeFileSystem.openFolder(folder);
  let count = 0;
  while (
    reader.next(1000, (name, kind) => {
      count++;
      met.set(name, kind);
    })
  ) {
    expect(count % 1000).toBe(0);
  }
  reader.close();
  expect(count).toBe(files + 2);
  expect(met.get("folder")).toBe("folder");
  expect(met.get("link")).toBe("link");
  expect(names.every((name) => met.get(name) === "file")).toBe(true);
});

test.skipIf(process.platform !== "linux")("names that are not UTF-8 are given as bytes", () => {
  const name = Buffer.from([0x61, 0xff, 0x62]);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), "");
  expect(nodeFileSystem.namesAsBytes(folder)).toEqual([name]);
});

test("the disk of a folder has free and total bytes", () => {
  const { free, total } = diskSpace(folder);
  expect(free).toBeGreaterThanOrEqual(0);
  expect(total).toBeGreaterThanOrEqual(free);
  expect(() => diskSpace(path.join(folder, "nothing"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
});

test.skipIf(process.platform !== "linux")("the kernel's own file systems are not taken for network ones", () => {
  expect(networkFileSystem("/proc")).toBeUndefined();
});
