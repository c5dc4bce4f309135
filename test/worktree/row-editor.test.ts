/** Rows of a folder's memory after edits are those of a plain map after the same edits. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { comparePaths } from "../../src/manifest/index.ts";
import { FolderMemory } from "../../src/worktree/folder-memory.ts";
import { RowEditor } from "../../src/worktree/row-editor.ts";
import { type NewRow, RunView } from "../../src/worktree/run.ts";
import { temporaryFolder } from "../support/folders.ts";
import { testStore } from "../support/mirrors.ts";

/** A row of each kind, by number. */
function rowOf(path: string, number: number): NewRow {
  const stat = { ino: number, size: number * 3, mtimeMs: number / 7, ctimeMs: number / 3 };
  const racy = number % 5 === 0;
  switch (number % 4) {
    case 0:
      return { entry: { path, kind: "folder" }, stat: undefined, racy: false };
    case 1:
      return { entry: { path, kind: "link", target: `to ${number}` }, stat, racy };
    default: {
      const digest = hashContent(Buffer.from(`${number}`));
      const chunkList = number % 4 === 2 ? undefined : hashContent(Buffer.from(`list ${number}`));
      return {
        entry: { path, kind: "file", size: stat.size, digest, chunkList, executable: number % 3 === 0 },
        stat,
        racy,
      };
    }
  }
}

function* rowsOf(memory: FolderMemory): Generator<NewRow> {
  for (const { data } of memory.cache.runs(memory.folder)) {
    const view = RunView.open(data) as RunView;
    for (let index = 0; index < view.count; index++) yield view.row(index);
  }
}

const path = fc.integer({ min: 0, max: 3000 }).map((number) => `folder-${number % 7}/é${number}`);
/** Numbers of rows by their paths; `undefined` takes one away. */
const edits = fc.dictionary(path, fc.option(fc.nat(10_000), { nil: undefined }), { maxKeys: 2500, size: "max" });

test("after any edits the rows are those of a plain map", async () => {
  const { engine } = await testStore();
  await fc.assert(
    fc.asyncProperty(fc.array(edits, { minLength: 1, maxLength: 4, size: "max" }), async (rounds) => {
      const memory = new FolderMemory(engine.folders, temporaryFolder());
      const model = new Map<string, NewRow>();
      for (const round of rounds) {
        const editor = new RowEditor(memory);
        for (const [at, number] of Object.entries(round).sort(([left], [right]) => comparePaths(left, right))) {
          const row = number === undefined ? undefined : rowOf(at, number);
          editor.edit({ path: at, row });
          if (row === undefined) model.delete(at);
          else model.set(at, row);
        }
        editor.finish();
        const expected = [...model.values()].sort((left, right) => comparePaths(left.entry.path, right.entry.path));
        expect([...rowsOf(memory)]).toEqual(expected);
      }
    }),
    { numRuns: 30 },
  );
});
