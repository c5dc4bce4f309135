/** What fails after the journal has the version does not take the version back, and is not told as if it did. */
import { beforeEach, expect, test } from "vitest";
import { isArtifoldError, type UploadResult } from "../../src/index.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { openScratch, scratch, textsOf, uploadFiles } from "../support/stores.ts";

let folder: string;
let fs: FaultyFileSystem;

beforeEach(() => {
  folder = scratch();
  fs = new FaultyFileSystem();
});

/** From the flush of the journal on, reading files fails. */
function failReadsAfterPublish(): void {
  let isPublished = false;
  fs.decide = ({ name, path }) => {
    if (name === "flush" && path.endsWith(".segment")) isPublished = true;
    else if (isPublished && (name === "read" || name === "open")) return "EIO";
    return undefined;
  };
}

test("where what changed cannot be counted any more, the error says that the version was made, and the draft is on it", async () => {
  {
    await using store = await openScratch(folder);
    for (const text of ["1", "2"]) await uploadFiles(store, { a: text, b: text });
  }
  const store = await openScratch(folder, { fs });
  await using draft = (await store.resolve("sample:V1")).edit();
  await draft.add(Buffer.from("3"), { as: "a" });
  failReadsAfterPublish();
  const error = await draft.upload().catch((reason: unknown) => reason);
  expect(isArtifoldError(error, "STORE_READ_FAILED")).toBe(true);
  expect(error).toMatchObject({ happened: "yes" });
  fs.decide = () => undefined;
  expect(draft.version).toBe("V3");
  expect(await textsOf(await store.resolve("sample"))).toEqual({ a: "3", b: "1" });
  // Tried again, it is there already.
  expect(await draft.upload()).toMatchObject({ version: "V3", changed: false });
});

test("tidying that fails does not fail the upload", async () => {
  const store = await openScratch(folder, { fs });
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  const upload = async (step: number): Promise<UploadResult> => {
    // More than rides in the journal, and nothing that compresses.
    const bytes = Buffer.alloc(4_500_000);
    for (let at = 0, state = step; at < bytes.length; at += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes.writeUInt32LE(state, at);
    }
    await draft.add(bytes, { as: "noise" });
    return draft.upload();
  };
  // With the eighth pack their tables are merged.
  for (let step = 1; step <= 7; step++) await upload(step);
  failReadsAfterPublish();
  expect(await upload(8)).toMatchObject({ version: "V8", changed: true });
});
