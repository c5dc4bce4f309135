import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { openStore, type Store, type StoreOptions, type Version } from "../../src/index.ts";

/** A new folder of the running test, removed when it ends. */
export function scratch(): string {
  const folder = newFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A new folder that the caller removes. */
export function newFolder(): string {
  return realpathSync(mkdtempSync(path.join(tmpdir(), "artifold-store-")));
}

/** Opens a store for the running test, closed when it ends. Without a folder it is a new one. */
export async function openScratch(folder: string = scratch(), options: StoreOptions = {}): Promise<Store> {
  const store = await openStore(folder, { workers: 0, user: "tester", ...options });
  onTestFinished(() => store.close());
  return store;
}

/** Files by their paths; a folder without files is a path with a slash at its end. */
export type Files = { readonly [path: string]: string | Uint8Array };

/** Writes files below a folder. @returns the folder */
export function writeFiles(folder: string, files: Files): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const place = path.join(folder, name);
    mkdirSync(name.endsWith("/") ? place : path.dirname(place), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(place, content);
  }
  return folder;
}

/** All files below a folder with their bytes as latin1 text, and empty folders with a slash at their end. */
export function readFiles(folder: string, prefix = ""): { [path: string]: string } {
  const files: { [path: string]: string } = {};
  const names = readdirSync(folder).sort();
  for (const name of names) {
    const place = path.join(folder, name);
    if (statSync(place).isDirectory()) Object.assign(files, readFiles(place, `${prefix}${name}/`));
    else files[prefix + name] = readFileSync(place, "latin1");
  }
  if (names.length === 0 && prefix !== "") files[prefix] = "";
  return files;
}

/** Uploads a version that has these files and nothing else. */
export async function uploadFiles(
  store: Store,
  files: { readonly [path: string]: string | Uint8Array },
  name = "sample",
): Promise<Version> {
  await using draft = await store.artifact({ name, type: "dataset" });
  await draft.remove("**");
  for (const [as, content] of Object.entries(files)) await draft.add(Buffer.from(content as string), { as });
  const { version } = await draft.upload();
  return store.getArtifact({ name, type: "dataset", tag: version });
}

/** The items of an async iterable. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The paths of a version or draft. */
export async function pathsOf(source: { entries(): AsyncIterable<{ path: string }> }): Promise<string[]> {
  return (await all(source.entries())).map((entry) => entry.path);
}

/** The text of each file of a version. */
export async function textsOf(version: Version): Promise<{ [path: string]: string }> {
  const texts: { [path: string]: string } = {};
  for await (const entry of version.entries()) {
    if (entry.kind === "file") texts[entry.path] = Buffer.from(await version.read(entry.path)).toString("latin1");
  }
  return texts;
}

/** Waits until a condition holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 60_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
