/** Large files are written by one thread and hashed by another that follows it: right content comes out, wrong content does not. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/folders.ts";
import { randomBytesOf } from "../support/random.ts";
import { openScratch } from "../support/stores.ts";

const MiB = 1024 * 1024;
/** Random and of words in turn, so that some frames are compressed and some are not. */
const content = Buffer.concat(
  Array.from({ length: 6 }, (_, index) =>
    index % 2 === 0 ? randomBytesOf(index, 2 * MiB) : Buffer.from(`part ${index}, and its number: `.repeat(60_000)),
  ),
);

/** Whether a file that was only made longer takes no room here. */
function hasHoles(): boolean {
  const file = path.join(temporaryFolder(), "longer");
  writeFileSync(file, "");
  truncateSync(file, MiB);
  return statSync(file).blocks * 512 < MiB;
}

async function uploaded(workers: number) {
  const store = await openScratch(undefined, { workers });
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  await draft.add(content, { as: "large.bin" });
  await draft.upload();
  return store;
}

function packOf(folder: string): string {
  const names = readdirSync(path.join(folder, "packs")).filter((name) => name.endsWith(".pack"));
  return path.join(folder, "packs", names[0] as string);
}

describe.each([0, 2])("with %i threads", (workers) => {
  test("a large file comes back as it was", async () => {
    const store = await uploaded(workers);
    const to = path.join(temporaryFolder(), "to");
    await (await store.resolve("sample")).download(to);
    expect(readFileSync(path.join(to, "large.bin")).equals(content)).toBe(true);
    expect(readdirSync(to)).toEqual(["large.bin"]);
  });

  test("what is zeros for long takes no room where the file system has holes, and reads as it was", async () => {
    const [head, tail] = [randomBytesOf(1, 100_000), randomBytesOf(2, 50_000)];
    const files = {
      all: Buffer.alloc(3 * MiB),
      ends: Buffer.concat([head, Buffer.alloc(40 * MiB), tail]),
      last: Buffer.concat([head, Buffer.alloc(20 * MiB + 1)]),
      short: Buffer.alloc(300_000),
    };
    const store = await openScratch(undefined, { workers });
    await using draft = await store.artifact({ name: "sample", type: "dataset" });
    for (const [as, bytes] of Object.entries(files)) await draft.add(bytes, { as });
    await draft.upload();
    const to = path.join(temporaryFolder(), "to");
    await (await store.resolve("sample")).download(to);
    for (const [name, bytes] of Object.entries(files)) {
      expect([name, readFileSync(path.join(to, name)).equals(bytes)]).toEqual([name, true]);
      const { blocks } = statSync(path.join(to, name));
      if (hasHoles()) expect([name, blocks * 512 < 800_000]).toEqual([name, true]);
    }
  });

  test("a damaged chunk is named with its place, and nothing is left of the file", async () => {
    const store = await uploaded(workers);
    const pack = packOf(store.folder);
    const bytes = readFileSync(pack);
    const at = bytes.indexOf(content.subarray(MiB, MiB + 64));
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] as number) ^ 1;
    rmSync(pack);
    writeFileSync(pack, bytes);
    const to = path.join(temporaryFolder(), "to");
    const told = await (await store.resolve("sample")).download(to).catch((error: unknown) => error);
    expect(told).toMatchObject({ code: "DAMAGED", info: { file: `packs/${path.basename(pack)}` } });
    expect((told as Error).message).toContain("stored bytes are not those of digest");
    expect(existsSync(to) ? readdirSync(to) : []).toEqual([]);
  });
});
