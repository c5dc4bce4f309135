/** Folders for tests, and an own way of looking at what is in them. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";

/** A fresh folder, which is removed when the test is over. Its path has no links. */
export function temporaryFolder(): string {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "artifold-test-")));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a test puts at a path: content, a link, or an empty folder. */
export type Planted = string | Uint8Array | { readonly exec: string } | { readonly link: string } | "folder/";

/** An empty folder. */
export const EMPTY_FOLDER = "folder/";

/** Makes files, links and empty folders below a folder. */
export function plant(root: string, files: Readonly<Record<string, Planted>>): void {
  for (const [name, what] of Object.entries(files)) {
    const file = path.join(root, name);
    if (what === EMPTY_FOLDER) {
      fs.mkdirSync(file, { recursive: true });
      continue;
    }
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (typeof what === "string" || what instanceof Uint8Array) fs.writeFileSync(file, what);
    else if ("link" in what) fs.symlinkSync(what.link, file);
    else fs.writeFileSync(file, what.exec, { mode: 0o755 });
  }
}

/** All that is below a folder, by path: what each is, and what it holds. */
export function treeOf(root: string): Record<string, string> {
  const tree: Record<string, string> = {};
  const visit = (below: string): void => {
    const names = fs.readdirSync(path.join(root, below)).sort();
    if (names.length === 0 && below !== "") tree[`${below}/`] = "folder";
    for (const name of names) {
      const at = below === "" ? name : `${below}/${name}`;
      const file = path.join(root, at);
      const stat = fs.lstatSync(file);
      if (stat.isDirectory()) visit(at);
      else if (stat.isSymbolicLink()) tree[at] = `-> ${fs.readlinkSync(file)}`;
      else if (stat.isFile()) tree[at] = describeFile(stat, fs.readFileSync(file));
      else tree[at] = "special";
    }
  };
  visit("");
  return tree;
}

function describeFile(stat: fs.Stats, bytes: Buffer): string {
  const mode = (stat.mode & 0o100) === 0 ? "file " : "exec ";
  return (
    mode +
    (bytes.length <= 256
      ? JSON.stringify(bytes.toString("latin1"))
      : `${bytes.length} ${createHash("sha256").update(bytes).digest("hex")}`)
  );
}

/** Bytes that look random and are the same each time. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed * 0x9e3779b9) >>> 0 || 1;
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}
