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

/** A file as a process leaves it that is killed in the middle of an upload. */
function leaveBehind(): string {
  const file = path.join(folder, "packs", ".tmp-0011223344556677");
  writeFileSync(file, "half a pack");
  return file;
}

test("an upload removes packs that a killed upload did not finish", async () => {
  await using store = await openStore(folder, { workers: 0 });
  const left = leaveBehind();
  const artifact = await store.artifact({ name: "sample", type: "dataset" });
  await artifact.add(Buffer.from("content"), { as: "a.txt" });
  await artifact.upload();
  expect(existsSync(left)).toBe(false);
});

test("an unfinished pack stays while another process has a draft: it may be its own", async () => {
  await using store = await openStore(folder, { workers: 0 });
  // Two stores opened on one folder stand to each other as two processes do.
  await using other = await openStore(folder, { workers: 0 });
  await using draft = await other.artifact({ name: "other", type: "dataset" });
  await draft.add(Buffer.from("content of a draft"), { as: "b.txt" });
  const left = leaveBehind();
  const artifact = await store.artifact({ name: "sample", type: "dataset" });
  await artifact.add(Buffer.from("content"), { as: "a.txt" });
  await artifact.upload();
  expect(existsSync(left)).toBe(true);
});

test("a dry run removes nothing", async () => {
  await using store = await openStore(folder, { workers: 0 });
  const left = leaveBehind();
  const artifact = await store.artifact({ name: "sample", type: "dataset" }, { dryRun: true });
  await artifact.add(Buffer.from("content"), { as: "a.txt" });
  await artifact.upload();
  await artifact.close();
  expect(existsSync(left)).toBe(true);
});
