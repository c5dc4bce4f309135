import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DIGEST_BYTES, digestFromBytes, digestToBytes, hashContent } from "../../src/digest/index.ts";
import { AdoptedFiles } from "../../src/objects/adopted-files.ts";
import type { Adoption } from "../../src/objects/adoption.ts";
import { adoptedPath, ObjectStore } from "../../src/objects/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { copyingFileSystem } from "../support/copying-file-system.ts";
import { randomBytesOf } from "../support/random.ts";

let folder: string;
let adopted: AdoptedFiles;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-adopted-"));
  adopted = new AdoptedFiles(copyingFileSystem, folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function begin(content: Uint8Array): Promise<Adoption> {
  const source = path.join(folder, "source");
  writeFileSync(source, content);
  return (await adopted.begin(source, 1)) as Adoption;
}

/** Tells the chunks of content that is cut into pieces of these lengths. */
function tell(adoption: Adoption, content: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const length of lengths) {
    chunks.push(content.subarray(at, at + length));
    at += length;
  }
  const digests = new Uint8Array(chunks.length * DIGEST_BYTES);
  chunks.forEach((chunk, index) => {
    digestToBytes(hashContent(chunk), digests, index * DIGEST_BYTES);
  });
  adoption.addChunks(digests, Uint32Array.from(lengths));
  return chunks;
}

test("every chunk is read out of the file, by whoever opens the store", async () => {
  const pieces = fc.array(
    fc.record({ seed: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 1, max: 200 }) }),
    {
      minLength: 1,
      maxLength: 20,
    },
  );
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const content = Buffer.concat(parts.map(({ seed, length }) => randomBytesOf(seed, length)));
      const adoption = await begin(content);
      const chunks = tell(
        adoption,
        content,
        parts.map(({ length }) => length),
      );
      const distinct = new Map(chunks.map((chunk) => [hashContent(chunk), chunk.length]));
      const told = adoption.bytesOf(() => true);
      expect(told).toBe([...distinct.values()].reduce((sum, length) => sum + length, 0));
      await adoption.finish(hashContent(content));
      const sealed = await adopted.seal();
      const { name, bytes, objects } = sealed.at(-1) as (typeof sealed)[number];
      expect([bytes, objects, name.startsWith(`${hashContent(content)}-`)]).toEqual([
        content.length,
        parts.length,
        true,
      ]);
      const objectsOf = new ObjectStore(nodeFileSystem, folder, { find: () => undefined });
      objectsOf.setFiles(sealed.map((file) => ({ path: adoptedPath(file.name) })));
      for (const chunk of chunks) {
        const digest = hashContent(chunk);
        expect(adopted.has(digestToBytes(digest), 0)).toBe(true);
        expect(objectsOf.locateWhole(digest)).toBeDefined();
        expect(objectsOf.needsOf(digest)).toEqual([]);
        expect(Buffer.from(objectsOf.read(digest, "chunk")).equals(chunk)).toBe(true);
      }
      objectsOf.close();
      await adopted.abort();
      expect(readdirSync(path.join(folder, "files"))).toEqual([]);
      adopted = new AdoptedFiles(copyingFileSystem, folder);
    }),
    { numRuns: 25 },
  );
});

test("only those of its chunks are counted that are meant", async () => {
  const content = randomBytesOf(5, 300);
  const adoption = await begin(content);
  const [first] = tell(adoption, content, [100, 200]);
  const isFirst = (digests: Uint8Array, at: number): boolean =>
    digestFromBytes(digests, at) === hashContent(first as Uint8Array);
  expect(adoption.bytesOf(isFirst)).toBe(100);
  await adopted.abort();
});

test("bytes that are not those of the table's digest are refused, and so is another kind of object", async () => {
  const content = randomBytesOf(6, 300);
  const adoption = await begin(content);
  const [chunk] = tell(adoption, content, [100, 200]) as [Uint8Array];
  await adoption.finish(hashContent(content));
  const [file] = await adopted.seal();
  const place = adoptedPath(file?.name as string);
  const bytes = readFileSync(path.join(folder, place));
  const store = new ObjectStore(nodeFileSystem, folder, { find: () => undefined });
  store.setFiles([{ path: place }]);
  const digest = hashContent(chunk);
  expect(() => store.read(digest, "manifestNode")).toThrow(/stored bytes are not those of digest/);
  bytes[50] = (bytes[50] as number) ^ 1;
  rmSync(path.join(folder, place));
  writeFileSync(path.join(folder, place), bytes);
  const again = new ObjectStore(nodeFileSystem, folder, { find: () => undefined });
  again.setFiles([{ path: place }]);
  expect(() => again.read(digest, "chunk")).toThrow(/stored bytes are not those of digest/);
  for (const each of [store, again]) each.close();
});

test("a device from which nothing can be cloned is tried once", async () => {
  let calls = 0;
  const clone = async (): Promise<never> => {
    calls++;
    throw Object.assign(new Error("not supported"), { code: "ENOTSUP" });
  };
  const files = new AdoptedFiles({ ...nodeFileSystem, clone }, folder);
  for (const device of [1, 1, 2, 1, 2]) expect(await files.begin(path.join(folder, "any"), device)).toBeUndefined();
  expect(calls).toBe(2);
  expect(await files.seal()).toEqual([]);
});

test("what is given up leaves nothing, and what is adopted is read-only", async () => {
  const content = randomBytesOf(7, 300);
  mkdirSync(path.join(folder, "files"));
  copyFileSync(import.meta.filename, path.join(folder, "files", "somebody-else's"));
  await (await begin(content)).abort();
  const kept = await begin(content);
  tell(kept, content, [300]);
  await kept.finish(hashContent(content));
  await begin(content);
  const names = readdirSync(path.join(folder, "files"));
  expect(readdirSync(folder).filter((name) => name.startsWith(".tmp-"))).toHaveLength(1);
  for (const name of names.filter((each) => /^[0-9a-f]/.test(each))) {
    expect((nodeFileSystem.lookAt(path.join(folder, "files", name))?.mode as number) & 0o777).toBe(0o400);
  }
  await adopted.abort();
  expect(readdirSync(path.join(folder, "files"))).toEqual(["somebody-else's"]);
  expect(readdirSync(folder).sort()).toEqual(["files", "source"]);
});

test("chunks of many files are found, whichever of their tables were merged", async () => {
  const chunks: Uint8Array[] = [];
  for (let number = 1; number <= 20; number++) {
    const content = randomBytesOf(number, 300);
    const adoption = await begin(content);
    chunks.push(...tell(adoption, content, [100, 200]));
    await adoption.finish(hashContent(content));
    await adopted.ready();
  }
  expect(readdirSync(folder).some((name) => name.startsWith("cache-places-"))).toBe(true);
  for (const chunk of chunks) expect(adopted.has(digestToBytes(hashContent(chunk)), 0)).toBe(true);
  await adopted.abort();
});
