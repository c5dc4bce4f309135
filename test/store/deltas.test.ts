/** What resembles what was there before is stored as a delta, and all else goes on as if it were not. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Store } from "../../src/index.ts";
import { codecs, Frame, readFrameHead, readFrameLength } from "../../src/objects/frame.ts";
import { randomBytesOf } from "../support/random.ts";
import { openScratch, readFiles, scratch, textsOf, writeFiles } from "../support/stores.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** Uploads a folder as it is now. */
async function mirror(store: Store, folder: string) {
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  await draft.mirror(folder);
  return draft.upload();
}

/** How many frames of each codec a store's packs and segments hold. */
function framesIn(folder: string): { [codec: number]: number } {
  const counts: { [codec: number]: number } = {};
  for (const [name, text] of Object.entries(readFiles(folder))) {
    if (!/\.(pack|segment)$/.test(name)) continue;
    const bytes = Buffer.from(text, "latin1");
    // Frames begin where their mark stands and the rest of them can be read.
    for (let at = bytes.indexOf("AFf1"); at >= 0; at = bytes.indexOf("AFf1", at + 1)) {
      const length = readFrameLength(bytes.subarray(at));
      new Frame(bytes.subarray(at, at + length));
      const { codec } = readFrameHead(bytes.subarray(at));
      counts[codec] = (counts[codec] ?? 0) + 1;
    }
  }
  return counts;
}

const overwritten = (bytes: Uint8Array, at: number, length: number, seed: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.set(randomBytesOf(seed, length), at);
  return copy;
};

test("an overwritten stretch of a large file costs about its own length", async () => {
  const store = await openScratch();
  const folder = scratch();
  const file = path.join(folder, "model.bin");
  let bytes: Buffer = Buffer.from(randomBytesOf(1, 12 * MiB));
  writeFileSync(file, bytes);
  await mirror(store, folder);
  for (const [seed, places] of [
    [2, [MiB, 5 * MiB, 9 * MiB]],
    [3, [MiB + 2 * KiB, 11 * MiB]],
    [4, [MiB + 3 * KiB]],
  ] as const) {
    for (const at of places) bytes = overwritten(bytes, at, 4 * KiB, seed * 100 + at);
    bytes = Buffer.concat([bytes.subarray(0, 3 * MiB), randomBytesOf(seed, KiB), bytes.subarray(3 * MiB)]);
    writeFileSync(file, bytes);
    const { writtenBytes, newBytes } = await mirror(store, folder);
    expect(newBytes).toBeGreaterThan(places.length * 16 * KiB);
    // A chain is one long: what was changed before is stored again beside what is changed now.
    expect(writtenBytes).toBeLessThan((places.length + 3) * 6 * KiB);
  }
  expect(await store.verify()).toMatchObject({ ok: true, problems: [] });
  const target = scratch();
  await (await store.resolve("sample:V4")).download(target);
  expect(readFileSync(path.join(target, "model.bin")).equals(bytes)).toBe(true);
});

test("a changed line in a small file, and the manifest of many files, are deltas", async () => {
  const store = await openScratch();
  const folder = scratch();
  const text = (seed: number): string => Buffer.from(randomBytesOf(seed, 5000)).toString("hex");
  for (let number = 0; number < 2000; number++)
    writeFiles(folder, { [`part-${number % 7}/${number}.txt`]: `${number}` });
  writeFiles(folder, { "notes.txt": text(1) });
  await mirror(store, folder);
  writeFiles(folder, { "notes.txt": `${text(1)}and one line more\n` });
  const { writtenBytes } = await mirror(store, folder);
  expect(writtenBytes).toBeLessThan(1500);
  expect(framesIn(store.folder)[codecs.delta]).toBeGreaterThanOrEqual(2);
  expect(await textsOf(await store.resolve("sample:V2"))).toMatchObject({
    "notes.txt": `${text(1)}and one line more\n`,
  });
});

test("a table that got a column more is stored as the column", async () => {
  const store = await openScratch();
  const folder = scratch();
  const numbers = Buffer.from(randomBytesOf(1, 4 * MiB)).toString("hex");
  const rows = Array.from({ length: 100_000 }, (_, row) => `${row},${numbers.slice(row * 80, (row + 1) * 80)}`);
  writeFiles(folder, { "table.csv": rows.join("\n") });
  const first = await mirror(store, folder);
  const wider = rows.map((text, row) => `${text},${row % 3}`).join("\n");
  writeFiles(folder, { "table.csv": wider });
  // No chunk is as it was, and at the end of the table all is 200 KiB further.
  const second = await mirror(store, folder);
  expect(second.newBytes).toBe(wider.length);
  expect(second.writtenBytes).toBeLessThan(first.writtenBytes / 3);
  expect(await textsOf(await store.resolve("sample:V2"))).toEqual({ "table.csv": wider });
});

test("many versions of one file stay small, and each comes back", async () => {
  const folder = scratch();
  const store = await openScratch();
  let bytes: Buffer = Buffer.from(randomBytesOf(1, 300 * KiB));
  const contents = [bytes];
  let written = 0;
  for (let version = 1; version <= 30; version++) {
    bytes = overwritten(bytes, (version * 37_717) % (290 * KiB), 500, version + 50);
    contents.push(bytes);
  }
  for (const content of contents) {
    writeFileSync(path.join(folder, "state.bin"), content);
    written += (await mirror(store, folder)).writtenBytes;
  }
  // Whole chunks would come to 30 times 80 KiB.
  expect(written).toBeLessThan(300 * KiB + 600 * KiB);
  for (const [index, content] of contents.entries()) {
    const version = await store.resolve(`sample:V${index + 1}`);
    expect(Buffer.from(await version.read("state.bin")).equals(content)).toBe(true);
  }
  expect(await store.verify()).toMatchObject({ ok: true });
});

test("what resembles nothing is not stored as a delta, and trying ends soon", async () => {
  const store = await openScratch();
  const folder = scratch();
  for (const round of [1, 2]) {
    for (let number = 0; number < 60; number++) {
      writeFiles(folder, { [`${number}.bin`]: randomBytesOf(round * 1000 + number, 20 * KiB) });
    }
    await mirror(store, folder);
  }
  const frames = framesIn(store.folder);
  // Of the manifest's one leaf all rows have changed too.
  expect(frames[codecs.delta] ?? 0).toBe(0);
});

test("a delta whose base is lost is named by verify, with all versions that need it, and nothing else is hit", async () => {
  let store = await openScratch();
  const folder = scratch();
  const first = Buffer.from(randomBytesOf(1, 6 * MiB));
  writeFileSync(path.join(folder, "a.bin"), first);
  await mirror(store, folder);
  const packs = path.join(store.folder, "packs");
  const [base] = readdirSync(packs) as [string];
  writeFileSync(path.join(folder, "a.bin"), overwritten(first, MiB, KiB, 9));
  await mirror(store, folder);
  writeFiles(folder, { "b.txt": "another" });
  rmSync(path.join(folder, "a.bin"));
  await mirror(store, folder);
  await store.close();
  rmSync(path.join(packs, base));
  store = await openScratch(store.folder);
  const { ok, problems } = await store.verify();
  expect(ok).toBe(false);
  const hit = problems.flatMap(({ versions }) => versions.map((version) => version.replace(/.*:/, "")));
  expect(new Set(hit)).toEqual(new Set(["V1", "V2"]));
  // What can no longer be read whole is stored anew when it comes again, and not as a delta of what is lost.
  writeFileSync(path.join(folder, "a.bin"), overwritten(first, MiB, KiB, 10));
  await mirror(store, folder);
  expect(await textsOf(await store.resolve("sample:V4"))).toHaveProperty("a.bin");
});

test("laws: whatever edits are made to files, every version comes back byte for byte", async () => {
  const edit = fc.record({
    file: fc.constantFrom("a", "b"),
    at: fc.nat(400_000),
    removed: fc.constantFrom(0, 0, 1, 700, 90_000),
    added: fc.constantFrom(0, 1, 700, 90_000),
    seed: fc.nat(1000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(edit, { minLength: 1, maxLength: 3 }), { maxLength: 5 }), async (versions) => {
      const folder = scratch();
      const store = await openScratch();
      const files = { a: Buffer.from(randomBytesOf(1, 350_000)), b: Buffer.from(randomBytesOf(2, 9000)) };
      const expected: { [name: string]: string }[] = [];
      for (const edits of [[], ...versions]) {
        for (const { file, at, removed, added, seed } of edits) {
          const from = at % (files[file].length + 1);
          const kept = [files[file].subarray(0, from), files[file].subarray(from + removed)] as const;
          files[file] = Buffer.concat([kept[0], randomBytesOf(seed, added), kept[1]]);
        }
        writeFiles(folder, files);
        if ((await mirror(store, folder)).changed) expected.push(readFiles(folder));
      }
      for (const [index, texts] of expected.entries()) {
        const target = scratch();
        await (await store.resolve(`sample:V${index + 1}`)).download(target);
        expect(readFiles(target)).toEqual(texts);
      }
      expect(await store.verify()).toMatchObject({ ok: true });
      store.close();
    }),
    { numRuns: 25 },
  );
});
