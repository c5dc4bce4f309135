/** The catalog is a cache: a program that has it locked holds up what is asked of the store, and undoes nothing. */
import { statSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Store, UploadResult } from "../../src/index.ts";
import { all, openScratch, scratch, textsOf, until, uploadFiles } from "../support/stores.ts";

let folder: string;
let store: Store;
let intruder: Database.Database | undefined;

beforeEach(async () => {
  folder = scratch();
  store = await openScratch(folder);
  await uploadFiles(store, { a: "1" });
});

afterEach(() => unlock());

/** Locks the catalog as another program may that looks into it. */
function lock(): void {
  intruder = new Database(path.join(folder, "catalog.db"));
  intruder.exec("BEGIN IMMEDIATE");
}

function unlock(): void {
  intruder?.close();
  intruder = undefined;
}

function journalLength(): number {
  return statSync(path.join(folder, "journal", "00000001.segment")).size;
}

async function upload(from: Store, text: string): Promise<UploadResult> {
  await using draft = await from.artifact({ name: "sample", type: "dataset" });
  await draft.add(Buffer.from(text), { as: "a" });
  return await draft.upload({ tags: ["newest"] });
}

test("an upload waits for a catalog that is locked after the journal has the version", async () => {
  lock();
  const before = journalLength();
  const uploading = upload(store, "2");
  await until("the record is in the journal", () => journalLength() > before);
  unlock();
  expect(await uploading).toMatchObject({ version: "V2", changed: true, added: 0, modified: 1 });
  expect(await store.verify()).toMatchObject({ ok: true });
});

test("an upload succeeds where the catalog stays locked, and this process sees it; others see it when the lock is gone", async () => {
  const impatient = await openScratch(folder, { lockWaitMs: 50 });
  lock();
  expect(await upload(impatient, "2")).toMatchObject({ version: "V2", changed: true, modified: 1 });
  expect((await impatient.resolve("sample:newest")).version).toBe("V2");
  expect(await textsOf(await impatient.resolve("sample:V2"))).toEqual({ a: "2" });
  // The catalog is still locked, and the next upload is not lost either.
  expect(await upload(impatient, "3")).toMatchObject({ version: "V3", changed: true });
  expect((await all(impatient.log())).map(({ operation }) => operation)).toEqual([3, 2, 1]);
  unlock();
  expect(await textsOf(await store.resolve("sample"))).toEqual({ a: "3" });
  expect(await upload(impatient, "4")).toMatchObject({ version: "V4" });
  expect(await upload(store, "5")).toMatchObject({ version: "V5" });
  for (const each of [store, impatient, await openScratch(folder)]) {
    expect((await all(each.versions("sample"))).map(({ version }) => version)).toEqual(["V5", "V4", "V3", "V2", "V1"]);
    expect(await each.verify()).toMatchObject({ ok: true });
  }
});

test("tags, notes and deletions succeed where the catalog stays locked", async () => {
  const impatient = await openScratch(folder, { lockWaitMs: 50 });
  const version = await impatient.resolve("sample:V1");
  lock();
  await version.tag("prod");
  await version.annotate({ message: "said later" });
  await version.remove();
  unlock();
  const seen = await store.resolve("sample:V1", { removed: true });
  expect(seen).toMatchObject({ tags: ["prod"], message: "said later" });
  await expect(store.resolve("sample:V1")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("where the catalog is behind and locked, opening waits, and says BUSY when that takes too long", async () => {
  const impatient = await openScratch(folder, { lockWaitMs: 50 });
  lock();
  await upload(impatient, "2");
  await expect(openScratch(folder, { lockWaitMs: 50 })).rejects.toMatchObject({ code: "BUSY", happened: "no" });
  const opening = openScratch(folder);
  unlock();
  expect((await (await opening).resolve("sample")).version).toBe("V2");
});
