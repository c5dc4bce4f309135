/** What a folder holds. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Every path below a folder, folders before what is in them, names in the order of their bytes. */
export function* walk(folder, prefix = "") {
  const entries = readdirSync(path.join(folder, prefix), { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const relative = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    yield { relative, entry };
    if (entry.isDirectory()) yield* walk(folder, relative);
  }
}

/** How many files a folder holds and how much room they take. A file with two names counts once. */
export function sizeOf(folder) {
  const size = { files: 0, bytes: 0, allocatedBytes: 0 };
  const seen = new Set();
  for (const { relative, entry } of walk(folder)) {
    if (entry.isDirectory()) continue;
    const stat = lstatSync(path.join(folder, relative));
    if (stat.nlink > 1 && seen.has(stat.ino)) continue;
    if (stat.nlink > 1) seen.add(stat.ino);
    size.files++;
    size.bytes += stat.size;
    size.allocatedBytes += stat.blocks * 512;
  }
  return size;
}

/** One digest of all paths and bytes. */
export function digestOf(folder) {
  const hash = createHash("sha256");
  for (const { relative, entry } of walk(folder)) {
    const bytes = entry.isFile() ? readFileSync(path.join(folder, relative)) : Buffer.alloc(0);
    hash.update(JSON.stringify([relative, entry.isDirectory(), bytes.length]));
    hash.update(bytes);
  }
  return hash.digest("hex");
}
