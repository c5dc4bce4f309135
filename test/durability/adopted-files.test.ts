/** Adopting a file may fail at any call, or end with the process or the power: there is the old version or the new one, whole. */
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ArtifoldError, isArtifoldError, openStore, type UploadResult } from "../../src/index.ts";
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";
import { type Fault, FaultyFileSystem, type FileCall } from "../../src/testing/index.ts";
import { commandJson, startCommand } from "../support/command.ts";
import { copyingFileSystem } from "../support/copying-file-system.ts";
import { randomBytesOf } from "../support/random.ts";
import { ReflinkDisk, reflinkKinds } from "../support/reflink-disk.ts";
import { newFolder, writeFiles } from "../support/stores.ts";

const MiB = 1024 * 1024;

/** How a file is adopted: cloned, or copied where that cannot be done. */
interface Way {
  readonly how: string;
  readonly fs: FileSystem;
  readonly noise: Uint8Array;
}

const cloned: Way = { how: "cloned", fs: copyingFileSystem, noise: randomBytesOf(1, 16 * MiB + 5) };
const copied: Way = {
  how: "copied",
  fs: {
    ...nodeFileSystem,
    clone: () => Promise.reject(Object.assign(new Error("not supported"), { code: "ENOTSUP" })),
  },
  noise: randomBytesOf(1, 64 * MiB + 5),
};

let folder: string;
let store: string;
let data: string;

beforeAll(async () => {
  folder = newFolder();
  store = path.join(folder, "store");
  data = path.join(folder, "data");
  writeFiles(data, { readme: "old" });
  await upload(copyingFileSystem);
  cpSync(store, path.join(folder, "before"), { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(setBack);

/** Sets the store back, and forgets the folder: each attempt begins alike. */
function setBack(): void {
  rmSync(store, { recursive: true });
  cpSync(path.join(folder, "before"), store, { recursive: true });
}

async function upload(fs: FileSystem): Promise<UploadResult> {
  await using open = await openStore(store, { workers: 0, fs });
  await using artifact = await open.artifact({ name: "big", type: "model" });
  await artifact.mirror(data);
  return await artifact.upload();
}

/** Whether the new version is there. Whatever is there is whole. */
async function isThere({ noise }: Way): Promise<boolean> {
  await using open = await openStore(store, { workers: 0 });
  expect(await open.verify()).toMatchObject({ ok: true, problems: [] });
  const latest = await open.resolve("big");
  if (latest.number === 1) return false;
  expect(Buffer.compare(Buffer.from(await latest.read("model.bin")), noise)).toBe(0);
  return true;
}

function adopted(): string[] {
  try {
    return readdirSync(path.join(store, "files"));
  } catch {
    return [];
  }
}

/** The calls by which a file is adopted, and those that make its version durable and visible. */
const isMeant = ({ name, path: at }: FileCall): boolean =>
  name === "clone" ||
  ((at.includes("/files") || at.includes("/.tmp-")) && name !== "read" && name !== "close") ||
  (at.includes("/journal/") && (name.startsWith("write") || name === "flush"));

/** Of many writes to one file one after another, the first and the last. */
function withoutMiddle(calls: readonly FileCall[]): FileCall[] {
  const isSame = (one: FileCall, other: FileCall | undefined): boolean =>
    one.name === "writeLater" && one.name === other?.name && one.path === other.path;
  return calls.filter((call, at) => !(isSame(call, calls[at - 1]) && isSame(call, calls[at + 1])));
}

/** Uploads with one fault at each of these calls. */
async function eachCall(
  way: Way,
  fault: (call: FileCall, fs: FaultyFileSystem) => Fault,
  onEnd: (error: unknown, call: FileCall) => Promise<void>,
): Promise<void> {
  const calls: FileCall[] = [];
  writeFiles(data, { "model.bin": way.noise });
  await upload(new FaultyFileSystem((call) => void calls.push(call), way.fs));
  expect(await isThere(way)).toBe(true);
  expect(adopted()).toHaveLength(2);
  const meant = withoutMiddle(calls.filter(isMeant));
  expect(meant.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["clone", "setMode", "flush", "rename", "write"]),
  );
  for (const target of meant) {
    setBack();
    const fs = new FaultyFileSystem(undefined, way.fs);
    fs.decide = (call) => (call.number === target.number ? fault(call, fs) : undefined);
    const error = await upload(fs).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await onEnd(error, target);
  }
}

const faults = [
  { ...cloned, errno: "ENOSPC" },
  { ...cloned, errno: "EIO" },
  { ...copied, errno: "EIO" },
];
test.each(faults)(
  "$how: $errno at any call leaves the old version or the new one, and no file of nobody's",
  {
    timeout: 180_000,
  },
  async ({ errno, ...way }) => {
    await eachCall(
      way,
      () => errno,
      async (error, { name, path: at }) => {
        const what = `${name} ${at}`;
        if (error !== undefined) expect(isArtifoldError(error), what).toBe(true);
        const there = await isThere(way);
        if (error === undefined) expect(there, what).toBe(true);
        else if ((error as ArtifoldError).happened === "no") expect([there, adopted()], what).toEqual([false, []]);
        await upload(way.fs);
        expect(await isThere(way), what).toBe(true);
      },
    );
  },
);

test.each([cloned, copied])(
  "$how: a power cut at any call leaves what was told, and nothing between",
  {
    timeout: 180_000,
  },
  async (way) => {
    await eachCall(
      way,
      (_, fs) => {
        fs.powerCut();
        return "EIO";
      },
      async () => {
        await isThere(way);
        await upload(way.fs);
        expect(await isThere(way)).toBe(true);
      },
    );
  },
);

test.each([cloned, copied])(
  "$how: what upload returned for survives a power cut, with and without the catalog",
  async (way) => {
    writeFiles(data, { "model.bin": way.noise });
    for (const keepsCatalog of [true, false]) {
      setBack();
      const fs = new FaultyFileSystem(undefined, way.fs);
      await upload(fs);
      fs.powerCut();
      if (!keepsCatalog) {
        for (const name of readdirSync(store)) if (name.startsWith("catalog")) rmSync(path.join(store, name));
      }
      expect(await isThere(way)).toBe(true);
      expect(adopted()).toHaveLength(2);
    }
  },
);

const disks = [
  { place: "on XFS (needs its tools, and the right to mount)", bytes: 40 * MiB, isXfs: true },
  { place: "wherever temporary files are", bytes: 70 * MiB, isXfs: false },
];
describe.each(disks)("$place", ({ bytes, isXfs }) => {
  test.skipIf(isXfs && !reflinkKinds().includes("xfs"))(
    "killed at many moments, an upload is there whole or not at all, and what it left is swept",
    { timeout: 180_000 },
    async () => {
      const disk = isXfs ? new ReflinkDisk("xfs") : undefined;
      const root = disk?.folder ?? newFolder();
      try {
        const [place, files] = [path.join(root, "store"), path.join(root, "data")];
        mkdirSync(files);
        const args = ["upload", files, "--name", "big", "--type", "model", "--mirror", "--json", "--no-progress"];
        writeFileSync(path.join(files, "model.bin"), randomBytesOf(100, bytes));
        const started = performance.now();
        expect(await commandJson(place, args)).toMatchObject({ version: "V1" });
        const duration = performance.now() - started;
        for (let round = 1; round <= 10; round++) {
          writeFileSync(path.join(files, "model.bin"), randomBytesOf(100 + round, bytes));
          const run = startCommand(place, args);
          await Promise.race([run.ended, delay((duration * (round + 1)) / 11)]);
          run.child.kill("SIGKILL");
          await run.ended;
        }
        expect(await commandJson(place, ["verify"])).toMatchObject({ ok: true, problems: [] });
        writeFileSync(path.join(files, "model.bin"), randomBytesOf(99, bytes));
        expect(await commandJson(place, args)).toMatchObject({ changed: true });
        for (const folder of [place, path.join(place, "files")]) {
          expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
        }
      } finally {
        disk?.unmount();
        if (disk === undefined) rmSync(root, { recursive: true });
      }
    },
  );
});
