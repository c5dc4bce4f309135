// What changed: between two versions, and between a version and a folder as it is now.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openStore } from "artifold";

const place = await mkdtemp(path.join(tmpdir(), "artifold-diff-"));
const folder = path.join(place, "words");
const store = await openStore(path.join(place, "store"));
try {
  await mkdir(folder);
  await write({ "a.txt": "apple", "b.txt": "banana", "c.txt": "cherry" });
  await upload();
  await write({ "b.txt": "blueberry", "d.txt": "date" });
  await rm(path.join(folder, "c.txt"));
  await upload();

  const v1 = await store.resolve("words:V1");
  const v2 = await store.resolve("words:V2");
  console.log("V1 to V2");
  for await (const { kind, path: entryPath, before, after } of v1.diff(v2)) {
    console.log(`  ${kind} ${entryPath}: ${before?.size ?? 0} to ${after?.size ?? 0} bytes`);
  }

  await write({ "a.txt": "apricot" });
  console.log("V2 to the folder");
  for await (const { kind, path: entryPath } of v2.diffFolder(folder)) console.log(`  ${kind} ${entryPath}`);

  // The store remembers which version a folder was made into, or was given by a download.
  const status = await store.status(folder);
  console.log(`the folder was ${status.version.version}; since then`);
  for await (const { kind, path: entryPath } of status.changes) console.log(`  ${kind} ${entryPath}`);
} finally {
  await store.close();
  await rm(place, { recursive: true });
}

async function write(files) {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
}

/** `mirror` makes the version equal to the folder; `add` would keep what the folder no longer has. */
async function upload() {
  const words = await store.artifact({ name: "words", type: "text" });
  await words.mirror(folder);
  await words.upload();
}

/* Prints:
V1 to V2
  modified b.txt: 6 to 9 bytes
  removed c.txt: 6 to 0 bytes
  added d.txt: 0 to 4 bytes
V2 to the folder
  modified a.txt
the folder was V2; since then
  modified a.txt
*/
