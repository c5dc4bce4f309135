/** Large files are written by one thread and hashed by another that follows it: right content comes out, wrong content does not. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
