import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { FolderCache } from "../../src/catalog/index.ts";
import { hashContent } from "../../src/digest/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { ContentPool } from "../../src/worktree/content-pool.ts";
import { FolderMemory } from "../../src/worktree/folder-memory.ts";
import { LookAhead } from "../../src/worktree/look-ahead.ts";
import { encodeRun, type NewRow, sumOfRun } from "../../src/worktree/run.ts";
import { Sweep } from "../../src/worktree/sweep.ts";
import { FolderWalk, PAUSE } from "../../src/worktree/walk.ts";
import { temporaryFolder } from "../support/folders.ts";

const FILES = 120;
const RUN_ROWS = 3;

const nameOf = (index: number): string => `${index % 2 === 0 ? "even/" : ""}file-${String(index).padStart(3, "0")}`;

/** A folder with rows for all its files, in many short runs, so that a thread has a place to be ahead in. */
function rememberedFolder(): { folder: string; memory: FolderMemory } {
  const folder = temporaryFolder();
  fs.mkdirSync(path.join(folder, "even"));
  const rows: NewRow[] = [];
  for (let index = 0; index < FILES; index++) {
    const file = path.join(folder, nameOf(index));
    fs.writeFileSync(file, "as it was");
    const stat = nodeFileSystem.lookAt(file);
    const digest = hashContent(Buffer.from("as it was"));
    const entry = {
      path: nameOf(index),
      kind: "file",
      size: 9,
      digest,
      chunkList: undefined,
      executable: false,
    } as const;
    rows.push({ entry, stat, racy: index % 50 === 0 });
  }
  rows.sort((left, right) => (left.entry.path < right.entry.path ? -1 : 1));
  const cache = FolderCache.open(nodeFileSystem, path.join(temporaryFolder(), "cache.db"));
  onTestFinished(() => cache.close());
  const memory = new FolderMemory(cache, folder);
  const runs = [];
  for (let at = 0; at < rows.length; at += RUN_ROWS) {
    const some = rows.slice(at, at + RUN_ROWS);
    const data = encodeRun(some);
    runs.push({ first: Buffer.from((some[0] as NewRow).entry.path), data, sum: sumOfRun(data) });
  }
  memory.replaceRuns([], runs);
  return { folder, memory };
}

function sweep({ folder, memory }: ReturnType<typeof rememberedFolder>, ahead: LookAhead | undefined): Sweep {
  const walk = new FolderWalk(nodeFileSystem, folder);
  return new Sweep(walk, memory.cache, memory.folder, { all: true, seeAll: true, ahead });
}

const found = (pass: Sweep): string[] =>
  [...pass].flatMap((each) => (each === PAUSE ? [] : [`${each.kind} ${each.path}`]));

function threads(): ContentPool {
  const pool = new ContentPool(nodeFileSystem, 2);
  onTestFinished(() => pool.close());
  return pool;
}

test("a sweep finds the same with a thread ahead of it, wherever the thread has come", async () => {
  const pool = threads();
  const known = rememberedFolder();
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(FILES - 1), { maxLength: 20 }),
      fc.integer({ min: 0, max: 4 }),
      async (at, ms) => {
        for (const index of at) {
          const file = path.join(known.folder, nameOf(index));
          if (index % 5 === 0) fs.rmSync(file, { force: true });
          else fs.writeFileSync(file, "something else");
        }
        const pass = sweep(known, LookAhead.of(pool, known.memory));
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
        const byBoth = found(pass);
        expect(byBoth).toEqual(found(sweep(known, undefined)));
        for (const index of at) expect(byBoth).toContain(`${index % 5 === 0 ? "gone" : "unknown"} ${nameOf(index)}`);
      },
    ),
    { numRuns: 60 },
  );
});

test("what is answered already, the sweep does not look at again", async () => {
  const known = rememberedFolder();
  let looks = 0;
  const fs = {
    ...nodeFileSystem,
    lookAt: (file: string) => {
      looks++;
      return nodeFileSystem.lookAt(file);
    },
  };
  // As if the thread were always faster: what is handed over is looked at there and then.
  const { inPlace } = threads();
  const ahead = LookAhead.of({ isSideBySide: true, next: () => inPlace }, known.memory);
  const options = { all: false, seeAll: false, ahead };
  const pass = new Sweep(new FolderWalk(fs, known.folder), known.memory.cache, known.memory.folder, options);
  const racy = Math.ceil(FILES / 50);
  expect(found(pass)).toHaveLength(racy);
  expect(looks).toBe(racy);
  expect(pass.counts).toMatchObject({ names: FILES, files: FILES, bytes: 9 * FILES });
});

test("without a second processor, or with little to look at, there is no thread", () => {
  const one = new ContentPool(nodeFileSystem, 1);
  expect(LookAhead.of(one, rememberedFolder().memory)).toBeUndefined();
  const cache = FolderCache.open(nodeFileSystem, path.join(temporaryFolder(), "cache.db"));
  onTestFinished(() => cache.close());
  expect(LookAhead.of(threads(), new FolderMemory(cache, temporaryFolder()))).toBeUndefined();
});
