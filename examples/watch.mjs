// `artifold watch` makes a version each time a folder has come to rest; this program hears of each.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "artifold";

const place = await mkdtemp(path.join(tmpdir(), "artifold-watch-"));
const folder = path.join(place, "drafts");
const store = await openStore(path.join(place, "store"));
await mkdir(folder);
await writeFile(path.join(folder, "a.txt"), "one");

// Versions made by other processes are seen too; those that come while nobody waits are kept for later.
const heard = [];
let wake = () => {};
store.on("version", (version) => {
  heard.push(version);
  wake();
});

const watcher = spawn(
  process.execPath,
  [
    fileURLToPath(new URL("../dist/cli.cjs", import.meta.url)),
    ...["watch", folder, "--name", "drafts", "--type", "text", "--settle", "0.3", "--store", store.folder, "-q"],
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
const ended = new Promise((resolve) => watcher.on("exit", resolve));
try {
  await tellNext();
  await writeFile(path.join(folder, "a.txt"), "two");
  await tellNext();
  await rename(path.join(folder, "a.txt"), path.join(folder, "b.txt"));
  await tellNext();
} finally {
  // As Ctrl-C does: it stops at a safe point and ends with 0.
  watcher.kill("SIGINT");
  console.log(`the watch ended with ${await ended}`);
  await store.close();
  await rm(place, { recursive: true });
}

async function tellNext() {
  while (heard.length === 0) {
    await new Promise((resolve) => {
      wake = resolve;
    });
  }
  const version = heard.shift();
  const names = [];
  for await (const entry of version.entries()) names.push(entry.path);
  console.log(`${version.version}: ${names.join(", ")}`);
}

/* Prints:
V1: a.txt
V2: a.txt
V3: b.txt
the watch ended with 0
*/
