import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import { bytesOfFrames } from "../../src/objects/frame-encoder.ts";
import { BoundedCache, FOOT_BYTES, ObjectStore, type Place, prepareCompression } from "../../src/objects/index.ts";
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";
import { chunkOf, chunksOf, framesOf, type TestObject, writePack } from "../support/packs.ts";
import { temporaryFolder } from "../support/temporary.ts";

const damaged = expect.objectContaining({ code: "DAMAGED" });
const noRecent = { find: () => undefined };

let folder: string;
beforeAll(() => prepareCompression());
beforeEach(() => {
  folder = temporaryFolder();
});

function openOn(files: readonly { path: string }[], fs: FileSystem = nodeFileSystem): ObjectStore {
  const store = new ObjectStore(fs, folder, noRecent);
  store.setFiles(files);
  return store;
}

/** Alters bytes of a file of the store, which is read-only. */
function alter(file: string, change: (bytes: Buffer) => Buffer | undefined): void {
  const place = path.join(folder, file);
  const bytes = readFileSync(place);
  const altered = change(bytes) ?? bytes;
  chmodSync(place, 0o600);
  writeFileSync(place, altered);
}

function flip(bytes: Buffer, at: number): undefined {
  bytes[at] = (bytes[at] as number) ^ 0x40;
}

function expectAll(store: ObjectStore, objects: readonly TestObject[]): void {
  for (const { digest, bytes } of objects) {
    expect(store.locate(digest)).toBeDefined();
    if (Buffer.compare(store.read(digest, "chunk"), bytes) !== 0) expect.unreachable(`another ${digest}`);
  }
}

const runs = (): string[] => readdirSync(folder).filter((name) => /^cache-places-.*\.run$/.test(name));

/** Packs of a hundred objects each, the n-th with those from 100 n. */
async function packsOf(count: number): Promise<{ path: string }[]> {
  const packs: { path: string }[] = [];
  for (let number = 0; number < count; number++) {
    packs.push(await writePack(folder, chunksOf(number * 100, number * 100 + 100), { rawBytes: 8192 }));
  }
  return packs;
}

describe("the objects of a store", () => {
  test("are found and read from whichever pack they lie in, and others are not", async () => {
    const store = openOn(await packsOf(5));
    expectAll(store, chunksOf(0, 500));
    for (const { digest } of chunksOf(500, 600)) {
      expect(store.locate(digest)).toBeUndefined();
      expect(store.needsOf(digest)).toBeUndefined();
      expect(() => store.read(digest, "chunk")).toThrow(damaged);
    }
    store.close();
  });

  test("are read only as what they are", async () => {
    const store = openOn(await packsOf(1));
    expect(() => store.read(chunkOf(1).digest, "manifestNode")).toThrow(damaged);
    expect(store.read(chunkOf(1).digest, "chunk")).toEqual(Buffer.from(chunkOf(1).bytes));
    store.close();
  });

  test("are asked for where they came last first", async () => {
    const [old, fresh] = [await writePack(folder, [chunkOf(1)]), await writePack(folder, [chunkOf(1)])];
    const store = openOn([old, fresh]);
    expect(store.locate(chunkOf(1).digest)?.path).toBe(fresh.path);
    store.setFiles([fresh, old]);
    expect(store.locate(chunkOf(1).digest)?.path).toBe(old.path);
    store.close();
  });

  test("that are in no table yet are found where the journal says", async () => {
    const frames = framesOf([chunkOf(1)]);
    writeFileSync(path.join(folder, "segment"), Buffer.concat([Buffer.alloc(50), bytesOfFrames(frames)]));
    const place: Place = { path: "segment", offset: 50, length: frames.byteLength, index: 0, isDelta: false };
    const find = (digest: Buffer) => (digest.toString("hex") === chunkOf(1).digest ? place : undefined);
    const store = new ObjectStore(nodeFileSystem, folder, { find });
    expectAll(store, [chunkOf(1)]);
    expect(store.locate(chunkOf(3).digest)).toBeUndefined();
    store.close();
  });

  test("cost few descriptors, however many packs there are", async () => {
    const open = new Set<number>();
    let most = 0;
    const fs: FileSystem = {
      ...nodeFileSystem,
      open: (file, flags, mode) => {
        const fd = nodeFileSystem.open(file, flags, mode);
        open.add(fd);
        most = Math.max(most, open.size);
        return fd;
      },
      close: (fd) => {
        open.delete(fd);
        nodeFileSystem.close(fd);
      },
    };
    const packs: { path: string }[] = [];
    for (let number = 0; number < 150; number++) packs.push(await writePack(folder, [chunkOf(number)]));
    const store = openOn(packs, fs);
    expectAll(store, chunksOf(0, 150));
    await store.merge();
    expectAll(store, chunksOf(0, 150));
    expect(most).toBeLessThanOrEqual(80);
    store.close();
    expect(open.size).toBe(0);
  });
});

describe("an object that is stored twice", () => {
  const object = chunkOf(2, 2000);
  const twice = async () => [await writePack(folder, [object]), await writePack(folder, [object])] as const;

  test("is read from the older copy when the newer one is damaged, wherever that is", async () => {
    const [old, fresh] = await twice();
    const whole = readFileSync(path.join(folder, fresh.path));
    for (let at = 32; at < whole.length; at += 13) {
      alter(fresh.path, () => {
        const bytes = Buffer.from(whole);
        flip(bytes, at);
        return bytes;
      });
      const store = openOn([old, fresh]);
      expectAll(store, [object]);
      store.close();
    }
  });

  test.each<[string, (file: string) => void]>([
    ["gone", (file) => rmSync(path.join(folder, file))],
    ["empty", (file) => alter(file, () => Buffer.alloc(0))],
    ["cut", (file) => alter(file, (bytes) => bytes.subarray(0, 1000))],
    ["without its foot", (file) => alter(file, (bytes) => bytes.subarray(0, -FOOT_BYTES))],
  ])("is read from the older copy when the newer pack is %s", async (_, harm) => {
    const [old, fresh] = await twice();
    harm(fresh.path);
    const store = openOn([old, fresh]);
    expectAll(store, [object]);
    expect(store.needsOf(object.digest)).toEqual([]);
    store.close();
  });
});

describe("a pack that cannot be read", () => {
  test.each<[string, (file: string) => void]>([
    ["is gone", (file) => rmSync(path.join(folder, file))],
    ["has a damaged table", (file) => alter(file, (bytes) => flip(bytes, bytes.length - FOOT_BYTES - 10))],
  ])("because it %s hides nothing that lies elsewhere, and is named for what it held", async (_, harm) => {
    const packs = await packsOf(3);
    const [, lost] = packs as [{ path: string }, { path: string }];
    harm(lost.path);
    const store = openOn(packs);
    expectAll(store, [...chunksOf(0, 100), ...chunksOf(200, 300)]);
    // What is new is not taken for what might be in the lost pack: it can be stored again.
    expect(store.locate(chunkOf(150).digest)).toBeUndefined();
    expect(store.needsOf(chunkOf(150).digest)).toBeUndefined();
    expect(() => store.read(chunkOf(150).digest, "chunk")).toThrow(damaged);
    expect(() => store.read(chunkOf(150).digest, "chunk")).toThrow(new RegExp(lost.path));
    store.close();
  });

  test("is found again when it is put back", async () => {
    const packs = await packsOf(2);
    const [first] = packs as [{ path: string }];
    const bytes = readFileSync(path.join(folder, first.path));
    rmSync(path.join(folder, first.path));
    const store = openOn(packs);
    expect(store.locate(chunkOf(5).digest)).toBeUndefined();
    writeFileSync(path.join(folder, first.path), bytes);
    store.setFiles(packs);
    expectAll(store, chunksOf(0, 200));
    store.close();
  });

  test("does not keep the others from being merged", async () => {
    const packs = await packsOf(10);
    rmSync(path.join(folder, (packs[4] as { path: string }).path));
    const store = openOn(packs);
    await store.merge();
    expect(runs()).toHaveLength(1);
    expectAll(store, [...chunksOf(0, 400), ...chunksOf(500, 1000)]);
    await store.merge();
    expect(runs()).toHaveLength(1);
    store.close();
  });
});

describe("runs", () => {
  test("are made of the tables of many files, and of many runs, and find the same", async () => {
    const packs: { path: string }[] = [];
    const store = openOn([]);
    let most = 0;
    for (let number = 0; number < 70; number++) {
      packs.push(await writePack(folder, chunksOf(number * 10, number * 10 + 10)));
      store.setFiles(packs);
      await store.merge();
      most = Math.max(most, runs().length);
    }
    expect(most).toBeLessThanOrEqual(8);
    expect(runs().length).toBeGreaterThanOrEqual(1);
    expectAll(store, chunksOf(0, 700));
    expect(store.locate(chunkOf(701).digest)).toBeUndefined();
    store.close();
    // Somebody who opens the store later uses them too.
    const later = openOn(packs);
    expectAll(later, chunksOf(0, 700));
    later.close();
  });

  test("of files that are no longer there are not used", async () => {
    const packs = await packsOf(10);
    const store = openOn(packs);
    await store.merge();
    store.setFiles(packs.slice(1));
    expect(store.locate(chunkOf(5).digest)).toBeUndefined();
    expectAll(store, chunksOf(100, 1000));
    store.close();
  });

  test("that are deleted while they are used, or before, change no answer", async () => {
    const packs = await packsOf(10);
    const store = openOn(packs);
    await store.merge();
    for (const name of runs()) rmSync(path.join(folder, name));
    expectAll(store, chunksOf(0, 1000));
    store.setFiles(packs);
    expectAll(store, chunksOf(0, 1000));
    store.close();
    const later = openOn(packs);
    expectAll(later, chunksOf(0, 1000));
    later.close();
  });

  test("that are damaged lead to no wrong answer: what is stored is read", async () => {
    const packs = await packsOf(9);
    const first = openOn(packs);
    await first.merge();
    first.close();
    const [name] = runs() as [string];
    const whole = readFileSync(path.join(folder, name));
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 40 }), fc.boolean(), async (changes, isZeroed) => {
        const bytes = Buffer.from(whole);
        for (const [at, by] of changes) {
          if (isZeroed) bytes.fill(0, at, Math.min(bytes.length, at + 4096));
          else bytes[at] = (bytes[at] as number) ^ by;
        }
        for (const other of runs()) rmSync(path.join(folder, other));
        writeFileSync(path.join(folder, name), bytes);
        const store = openOn(packs);
        for (const object of chunksOf(0, 900)) {
          if (Buffer.compare(store.read(object.digest, "chunk"), object.bytes) !== 0) expect.unreachable("another");
          expect(store.needsOf(object.digest)).toEqual([]);
        }
        store.close();
      }),
      { numRuns: 25 },
    );
  });

  test("that are damaged do not end a merge of runs: they are made anew", async () => {
    const packs: { path: string }[] = [];
    const store = openOn([]);
    for (let number = 0; number < 63; number++) {
      packs.push(await writePack(folder, chunksOf(number * 4, number * 4 + 4)));
      store.setFiles(packs);
      await store.merge();
    }
    expect(runs()).toHaveLength(7);
    const [victim] = runs() as [string];
    // In the rows: the number of a file that there is not.
    alter(victim, (bytes) => void bytes.writeUInt32LE(77, 64 + 32));
    store.close();
    packs.push(await writePack(folder, chunksOf(252, 256)));
    const later = openOn(packs);
    await later.merge();
    await later.merge();
    expectAll(later, chunksOf(0, 256));
    later.close();
  });
});

describe("a bounded cache", () => {
  test("keeps what was used last, up to its cost, and drops each value once", () => {
    const asked = fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 6 }), fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(asked, fc.integer({ min: 1, max: 20 }), (steps, costMax) => {
        const dropped: number[] = [];
        const cache = new BoundedCache<number>(costMax, (value) => dropped.push(value));
        let model: { key: number; value: number; cost: number }[] = [];
        for (const [value, [key, cost, isGet]] of steps.entries()) {
          const known = model.find((each) => each.key === key);
          if (isGet) {
            expect(cache.get(`${key}`)).toBe(known?.value);
            if (known !== undefined) model = [...model.filter((each) => each !== known), known];
            continue;
          }
          cache.set(`${key}`, value, cost);
          model = [...model.filter((each) => each !== known), { key, value, cost }];
          while (model.length > 1 && model.reduce((sum, each) => sum + each.cost, 0) > costMax) model.shift();
        }
        cache.clear();
        const sets = steps.flatMap(([, , isGet], value) => (isGet ? [] : value));
        expect(dropped.sort((a, b) => a - b)).toEqual(sets);
      }),
      { numRuns: 300 },
    );
  });
});

test("a failure that is no matter of stored bytes is not hidden as one", async () => {
  const packs = await packsOf(1);
  const fs: FileSystem = {
    ...nodeFileSystem,
    read: () => {
      throw Object.assign(new Error("EIO: made by the test"), { code: "EIO" });
    },
  };
  const store = openOn(packs, fs);
  let thrown: unknown;
  try {
    store.read(chunkOf(1).digest, "chunk");
  } catch (error) {
    thrown = error;
  }
  expect(isArtifoldError(thrown) ? thrown.cause : thrown).toMatchObject({ code: "EIO" });
  store.close();
});
