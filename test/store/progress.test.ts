/** What long calls tell of how far they are: counts that are true at every moment, and sums only where they are known. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { ProgressEvent } from "../../src/index.ts";
import { noise } from "../support/folders.ts";
import { openScratch, scratch, writeFiles } from "../support/stores.ts";

const MIB = 1 << 20;

/** Events of one phase, each checked against the sums that it tells. */
function listener(phase: ProgressEvent["phase"]): { events: ProgressEvent[]; onProgress(event: ProgressEvent): void } {
  const events: ProgressEvent[] = [];
  return {
    events,
    onProgress(event) {
      if (event.phase !== phase) return;
      events.push(event);
      const { files, filesTotal, bytes, bytesTotal } = event;
      if (filesTotal !== undefined) expect(files).toBeLessThanOrEqual(filesTotal);
      if (filesTotal === undefined || bytesTotal === undefined) return;
      expect(bytes).toBeLessThanOrEqual(bytesTotal);
      // While bytes are missing, not all files are done.
      if (bytes < bytesTotal) expect(files).toBeLessThan(filesTotal);
    },
  };
}

describe("of large files side by side", () => {
  test("uploads and downloads tell how many are done, of how many, and their bytes", async () => {
    const store = await openScratch(undefined, { workers: 2 });
    const files = Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`${at}.bin`, noise(5 * MIB, at + 1)]));
    const folder = writeFiles(path.join(scratch(), "data"), files);
    await using draft = await store.artifact({ name: "sample", type: "dataset" });
    const stored = listener("store");
    await draft.add(folder, stored);
    const all = { files: 6, filesTotal: 6, bytes: 30 * MIB, bytesTotal: 30 * MIB };
    expect(stored.events.at(-1)).toMatchObject(all);
    expect(stored.events.length).toBeGreaterThan(6);
    await draft.upload();
    const version = await store.resolve("sample");
    const written = listener("write");
    await version.download(path.join(scratch(), "out"), written);
    expect(written.events.at(-1)).toMatchObject(all);
    expect(written.events.length).toBeGreaterThan(6);
    // Of a later version only what has to be read counts.
    writeFiles(folder, { "0.bin": noise(5 * MIB, 9), "new.bin": noise(2 * MIB, 10) });
    const again = listener("store");
    await draft.add(folder, again);
    expect(again.events.at(-1)).toMatchObject({ files: 2, filesTotal: 2, bytes: 7 * MIB, bytesTotal: 7 * MIB });
    const alone = listener("store");
    await draft.add(path.join(folder, "new.bin"), { as: "alone", ...alone });
    expect(alone.events.at(-1)).toMatchObject({ files: 1, filesTotal: 1, bytes: 2 * MIB, bytesTotal: 2 * MIB });
  });
});

test("of very many files of which nothing is known, nobody says how many bytes they have", async () => {
  const store = await openScratch();
  const files = Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`${at}`, "x"]));
  const folder = writeFiles(path.join(scratch(), "data"), files);
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  const stored = listener("store");
  await draft.add(folder, stored);
  expect(stored.events.at(-1)).toMatchObject({ files: 1001, filesTotal: 1001, bytes: 1001 });
  expect(stored.events.some(({ bytesTotal }) => bytesTotal !== undefined)).toBe(false);
});
