/** Two processes that make a store at the same moment: both use the one that is there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { expect, test } from "vitest";
import { openDatabase } from "../../src/catalog/database.ts";
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";
import { Store } from "../../src/store/store.ts";
import { temporaryFolder } from "../support/folders.ts";

test("a store that another one has made since it was looked for is opened", async () => {
  const made = path.join(temporaryFolder(), "made");
  await (await Store.open(made, { create: true })).close();
  const folder = path.join(temporaryFolder(), "store");
  let isMade = false;
  const fs: FileSystem = Object.assign(Object.create(nodeFileSystem) as FileSystem, {
    // Between the look for the mark and the look at the folder.
    lookAt(file: string) {
      if (file === folder && !isMade) {
        isMade = true;
        cpSync(made, folder, { recursive: true });
      }
      return nodeFileSystem.lookAt(file);
    },
  });
  const store = await Store.open(folder, { create: true, fs });
  expect(isMade).toBe(true);
  await store.close();
});

test("a new database that another process is at is waited for", async () => {
  const file = path.join(temporaryFolder(), "cache.db");
  const sqlite = createRequire(import.meta.url).resolve("better-sqlite3");
  // It writes. Another journal needs the file alone, and for that SQLite does not wait.
  const other = spawn(process.execPath, [
    "-e",
    `const database = new (require(${JSON.stringify(sqlite)}))(${JSON.stringify(file)});
     database.exec("CREATE TABLE a (b); BEGIN IMMEDIATE; INSERT INTO a VALUES (1)");
     console.log("begun");
     setTimeout(() => database.exec("COMMIT"), 300);`,
  ]);
  await once(other.stdout, "data");
  const database = openDatabase(file, { journal: "wal", busyMs: 10_000 });
  expect(database.pragma("journal_mode", { simple: true })).toBe("wal");
  database.close();
  await once(other, "exit");
});
