/** Few bytes that stand for many: what is read of them is right, and costs what is read. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { contentHasher, type Digest, hashContent } from "../../src/digest/index.ts";
import { readChunkList } from "../../src/manifest/index.ts";
import { HostileContent, type ListRow } from "../support/hostile-content.ts";
import { openScratch, scratch } from "../support/stores.ts";

/** The list of one chunk many times: at each level a node of 1,024 equal rows. The chunk's digest begins no node. */
function repeated(content: HostileContent, chunk: ListRow, levels: number): ListRow {
  let row = chunk;
  for (let level = 0; level < levels; level++) {
    row = content.list(
      level,
      Array.from({ length: 1024 }, () => row),
    );
  }
  return row;
}

/** A chunk of some length whose digest, and those of the lists of it, begin no node, so that lists of it can be. */
function quietChunk(length: number, levels: number): Uint8Array {
  for (let seed = 0; ; seed++) {
    const bytes = Buffer.alloc(length, `chunk ${seed}, `);
    const content = new HostileContent();
    const rows = [content.chunk(bytes)];
    for (let level = 1; level < levels; level++) rows.push(repeated(content, rows[0] as ListRow, level));
    if (rows.every(({ digest }) => Number.parseInt(digest.slice(0, 2), 16) % 128 !== 0)) return bytes;
  }
}

test("one chunk of 256 KiB, said to come 2^30 times: a range is read in a few steps, and a verify ends", async () => {
  const bytes = quietChunk(262_144, 3);
  const content = new HostileContent();
  const list = repeated(content, content.chunk(bytes), 3);
  expect(list).toMatchObject({ chunks: 2 ** 30, bytes: 2 ** 48 });
  const digest = hashContent(Buffer.from("nobody knows the digest of so much"));
  const size = list.bytes;
  const manifest = content.leaf({
    path: "file",
    kind: "file",
    size,
    digest,
    chunkList: list.digest,
    executable: false,
  });
  const store = await openScratch(path.join(scratch(), "store"));
  const version = await content.publish(store, manifest.digest, "packs");
  expect(Buffer.from(await version.readRange("file", size - 5, 100))).toEqual(Buffer.from(bytes.subarray(-5)));
  const across = await version.readRange("file", 2 ** 47 - 3, 6);
  expect(Buffer.from(across)).toEqual(Buffer.concat([bytes.subarray(-3), bytes.subarray(0, 3)]));
  expect(await store.verify()).toMatchObject({ ok: true });
  expect(await store.verify({ quick: true }, [version])).toMatchObject({ ok: true });
});

test("one chunk that comes 16,384 times is written and read right, some at a time", async () => {
  const bytes = quietChunk(256, 2);
  const content = new HostileContent();
  const chunk = content.chunk(bytes);
  const low = repeated(content, chunk, 1);
  const list = content.list(
    1,
    Array.from({ length: 16 }, () => low),
  );
  const hasher = contentHasher();
  for (let time = 0; time < 16_384; time++) hasher.update(bytes);
  const digest = hasher.digest();
  const size = list.bytes;
  const manifest = content.leaf({
    path: "file",
    kind: "file",
    size,
    digest,
    chunkList: list.digest,
    executable: false,
  });
  const store = await openScratch(path.join(scratch(), "store"));
  const version = await content.publish(store, manifest.digest, "journal");

  const source = { readNode: (node: Digest) => store.engine.objects.read(node, "chunkListNode") };
  for await (const batch of readChunkList(source, list.digest, size)) expect(batch.length).toBeLessThanOrEqual(1024);
  const streamed = contentHasher();
  for await (const piece of version.stream("file")) {
    expect(piece.length).toBe(256);
    streamed.update(piece);
  }
  expect(streamed.digest()).toBe(digest);
  const target = path.join(scratch(), "out");
  expect(await version.download(target)).toMatchObject({ written: 1, writtenBytes: 4 * 1024 * 1024 });
  expect(hashContent(readFileSync(path.join(target, "file")))).toBe(digest);
  expect(await store.verify({}, [version])).toMatchObject({ ok: true, checkedBytes: size });
});
