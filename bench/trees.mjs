/** What a folder holds: for sizes of stores, and to compare a download with its source. */
import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import path from "node:path";

const BLOCK_BYTES = 4 << 20;

/** Every path below a folder, folders first, each with its stat. */
export function* walk(folder, prefix = "") {
  for (const entry of readdirSync(path.join(folder, prefix), { withFileTypes: true })) {
    const relative = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    yield { relative, entry };
    if (entry.isDirectory()) yield* walk(folder, relative);
  }
}

/** How many files a folder holds, and how much room they take. */
export function sizeOf(folder) {
  const size = { files: 0, bytes: 0, allocatedBytes: 0 };
  for (const { relative, entry } of walk(folder)) {
    if (entry.isDirectory()) continue;
    const stat = lstatSync(path.join(folder, relative));
    size.files++;
    size.bytes += stat.size;
    size.allocatedBytes += stat.blocks * 512;
  }
  return size;
}

/** One line for each path: kind, executable bit, size, digest of the bytes. */
export function describeTree(folder) {
  const lines = new Map();
  for (const { relative, entry } of walk(folder)) {
    const file = path.join(folder, relative);
    if (entry.isDirectory()) lines.set(relative, "folder");
    else if (entry.isSymbolicLink()) lines.set(relative, `link to ${readlinkSync(file)}`);
    else lines.set(relative, describeFile(file));
  }
  return lines;
}

function describeFile(file) {
  const { mode, size } = lstatSync(file);
  const hash = createHash("sha256");
  const fd = openSync(file, "r");
  const block = Buffer.alloc(Math.min(BLOCK_BYTES, size + 1));
  for (let length = readSync(fd, block); length > 0; length = readSync(fd, block))
    hash.update(block.subarray(0, length));
  closeSync(fd);
  return `${mode & 0o111 ? "executable" : "file"} ${size} ${hash.digest("hex")}`;
}

/** Paths that two descriptions do not agree on. */
export function differences(one, other) {
  const differ = [];
  for (const [name, line] of one) if (other.get(name) !== line) differ.push(name);
  for (const name of other.keys()) if (!one.has(name)) differ.push(name);
  return differ;
}
