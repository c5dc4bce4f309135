/** Comparing a folder with a version reports what an upload would take in, and no more. */
import { rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { FolderWalk, IgnoredPaths } from "../../src/worktree/index.ts";
import { plant, temporaryFolder } from "../support/folders.ts";
import { DATA, mirror, testStore } from "../support/mirrors.ts";

async function differences(changes: AsyncIterable<{ path: string; kind: string }>): Promise<string[]> {
  const lines: string[] = [];
  for await (const { path: at, kind } of changes) lines.push(`${kind} ${at}`);
  return lines;
}

test("what rules leave out is not reported as added; what the version has is compared all the same", async () => {
  const folder = temporaryFolder();
  plant(folder, { "kept.log": "in V1", "data.txt": "1", "deep/x.txt": "x" });
  const store = await testStore();
  await mirror(store, folder);
  plant(folder, {
    ".artifoldignore": "*.log\n/build/\n",
    "deep/.artifoldignore": "!good.log\n*.bin\n",
    "kept.log": "changed since",
    "new.log": "left out",
    "deep/new.bin": "left out",
    "deep/good.log": "taken back in",
    "deep/new.txt": "new",
    "build/out/empty": "folder/",
    "build/x.txt": "left out",
    "other/build/x.txt": "new",
  });
  const version = await store.getArtifact(DATA);
  expect(await differences(version.diffFolder(folder))).toEqual([
    "added .artifoldignore",
    "added deep/.artifoldignore",
    "added deep/good.log",
    "added deep/new.txt",
    "modified kept.log",
    "added other/build/x.txt",
  ]);
});

test("a folder that a download wrote is not reported as added, as an upload would not take it in", async () => {
  const folder = temporaryFolder();
  plant(folder, { "data.txt": "1" });
  symlinkSync("data.txt", path.join(folder, "link"));
  const store = await testStore();
  await mirror(store, folder);
  const version = await store.getArtifact(DATA);
  await version.download(path.join(folder, "artifacts/data/V1"));
  plant(folder, { "artifacts/data/V1/more": "in it", "artifacts/mine": "new" });
  rmSync(path.join(folder, "link"));
  const changes = [];
  for await (const { path: at, kind, size } of version.diffFolder(folder)) changes.push({ at, kind, size });
  expect(changes).toEqual([
    { at: "artifacts/mine", kind: "added", size: 3 },
    { at: "link", kind: "removed", size: "data.txt".length },
  ]);
});

test("right after an upload and after a download nothing differs, whatever rules say", async () => {
  const folder = temporaryFolder();
  plant(folder, { ".artifoldignore": "*.log\n", "a.log": "left out", "b/only.log": "left out", "c.txt": "c" });
  const store = await testStore();
  await mirror(store, folder);
  const version = await store.getArtifact(DATA);
  expect(await differences(version.diffFolder(folder))).toEqual([]);
  const out = path.join(temporaryFolder(), "out");
  await version.download(out);
  plant(out, { "mine.log": "left out" });
  expect((await store.status(out)).changes).toBeDefined();
  expect(await differences((await store.status(out)).changes)).toEqual([]);
});

test("single paths are left out exactly where a walk leaves them out", async () => {
  const name = fc.constantFrom("a", "b", "build", "x.log", "y.txt");
  const file = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const rule = fc.constantFrom("*.log", "!x.log", "build/", "/a", "b/*", "!b/y.txt", "a/**/b", "!build");
  const rules = fc.dictionary(fc.constantFrom("", "a/", "a/b/", "build/"), fc.array(rule, { maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(file, { maxLength: 12 }), rules, async (files, ignoring) => {
      const folder = temporaryFolder();
      const isFree = (at: string): boolean => !files.some((other) => other.startsWith(`${at}/`));
      const planted = files.filter(isFree);
      plant(folder, Object.fromEntries(planted.map((at) => [at, "x"])));
      for (const [at, lines] of Object.entries(ignoring)) {
        if (planted.every((other) => `${other}/` !== at && !at.startsWith(`${other}/`)))
          plant(folder, { [`${at}.artifoldignore`]: lines.join("\n") });
      }
      const taken = (ignoreFiles: boolean): string[] =>
        [...new FolderWalk(nodeFileSystem, folder, { ignoreFiles })].flatMap((found) =>
          typeof found === "symbol" || found.kind === "folder" ? [] : [found.path],
        );
      const ignored = new IgnoredPaths(nodeFileSystem, folder);
      expect(taken(false).filter((at) => !ignored.has(at, false))).toEqual(taken(true));
    }),
  );
});
