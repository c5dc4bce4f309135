/** What killed uploads leave behind goes at the next upload, and only while nobody uses the store. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "../../src/index.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-leftovers-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Files as processes leave them that are killed: in an upload, in the making of a segment, a mark, a run of places. */
const LEFTOVERS = [
  "packs/.tmp-0011223344556677",
  "journal/.tmp-0011223344556677",
  ".tmp-0011223344556677",
  "cache-making-0011223344556677",
  "cache-probe-001122334455",
];

function leaveBehind(): void {
  for (const name of LEFTOVERS) writeFileSync(path.join(folder, name), "half a file");
}

/** Those that are still there. */
function leftBehind(): string[] {
  return LEFTOVERS.filter((name) => existsSync(path.join(folder, name)));
}

test("an upload removes what killed processes did not finish, and nothing else", async () => {
  await using store = await openStore(folder, { workers: 0 });
  leaveBehind();
  const artifact = await store.artifact({ name: "sample", type: "dataset" });
  await artifact.add(Buffer.from("content"), { as: "a.txt" });
  await artifact.upload();
  expect(leftBehind()).toEqual([]);
  expect((await store.resolve("sample")).version).toBe("V1");
  expect(await store.verify()).toMatchObject({ ok: true });
});

test("what is unfinished stays while another process has a draft: it may be its own", async () => {
  await using store = await openStore(folder, { workers: 0 });
  // Two stores opened on one folder stand to each other as two processes do.
  await using other = await openStore(folder, { workers: 0 });
  await using draft = await other.artifact({ name: "other", type: "dataset" });
  await draft.add(Buffer.from("content of a draft"), { as: "b.txt" });
  leaveBehind();
  const artifact = await store.artifact({ name: "sample", type: "dataset" });
  await artifact.add(Buffer.from("content"), { as: "a.txt" });
  await artifact.upload();
  expect(leftBehind()).toEqual(LEFTOVERS);
});

test("what is unfinished stays while another process writes to the journal: it may be a segment in the making", async () => {
  await using store = await openStore(folder, { workers: 0 });
  await using other = await openStore(folder, { workers: 0 });
  leaveBehind();
  const release = await other.engine.locks.writer();
  const artifact = await store.artifact({ name: "sample", type: "dataset" });
  await artifact.add(Buffer.from("content"), { as: "a.txt" });
  expect(leftBehind()).toEqual(LEFTOVERS);
  release();
  await artifact.upload();
});

test("a dry run removes nothing", async () => {
  await using store = await openStore(folder, { workers: 0 });
  leaveBehind();
  const artifact = await store.artifact({ name: "sample", type: "dataset" }, { dryRun: true });
  await artifact.add(Buffer.from("content"), { as: "a.txt" });
  await artifact.upload();
  await artifact.close();
  expect(leftBehind()).toEqual(LEFTOVERS);
});
