import fc from "fast-check";
import { type Digest, EMPTY_DIGEST, hashContent } from "../../src/digest/index.ts";
import {
  applyEdits,
  comparePaths,
  type Edit,
  type Entry,
  ManifestBuilder,
  type NodeReader,
  readEntries,
} from "../../src/manifest/index.ts";
import type { MemoryNodes } from "./memory-nodes.ts";

/** A file entry whose content is the given text. */
export function fileEntry(path: string, content: string, executable = false): Entry {
  const bytes = new TextEncoder().encode(content);
  return {
    path,
    kind: "file",
    size: bytes.length,
    digest: content === "" ? EMPTY_DIGEST : hashContent(bytes),
    chunkList: undefined,
    executable,
  };
}

/** Leaves out paths that are another's parent, which no version may hold. */
export function withoutParents(paths: Iterable<string>): string[] {
  const all = new Set(paths);
  return [...all].filter((path) => ![...all].some((other) => other.startsWith(`${path}/`)));
}

const part: fc.Arbitrary<string> = fc
  .oneof(
    fc.constantFrom("a", "b", "c", "data", "x.csv", "고양이", "é", "é", "\u{1f408}", "\uffee", "a-b", "a.b", "a b"),
    fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom("a", "b", "0", "-", ".", "~", "z", "\u{10ffff}") }),
  )
  .filter((text) => text !== "." && text !== "..");

/** Paths of a few parts, many of them near each other. */
export const paths: fc.Arbitrary<string> = fc
  .array(part, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"));

/** Entries of a version: distinct paths, none the parent of another. */
export function entryLists(maxLength: number): fc.Arbitrary<Entry[]> {
  return fc.array(fc.tuple(paths, fc.constantFrom("", "1", "2", "three"), fc.boolean()), { maxLength }).map((rows) => {
    const byPath = new Map(rows.map(([path, content, executable]) => [path, fileEntry(path, content, executable)]));
    return withoutParents(byPath.keys()).map((path) => byPath.get(path) as Entry);
  });
}

export function sorted(entries: Iterable<Entry>): Entry[] {
  return [...entries].sort((left, right) => comparePaths(left.path, right.path));
}

/** Builds a manifest of entries in any order. */
export function build(nodes: MemoryNodes, entries: Iterable<Entry>): Digest {
  const builder = new ManifestBuilder(nodes);
  for (const entry of sorted(entries)) builder.add(entry);
  return builder.finish();
}

export async function entriesOf(reader: NodeReader, root: Digest): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const batch of readEntries(reader, root)) entries.push(...batch);
  return entries;
}

export async function edit(nodes: MemoryNodes, reader: NodeReader, root: Digest, edits: Edit[]): Promise<Digest> {
  const inOrder = [...edits].sort((left, right) => comparePaths(left.path, right.path));
  return applyEdits(reader, nodes, root, [inOrder]);
}

/** Many entries with plain names, fast to make. */
export function manyEntries(count: number, salt = ""): Entry[] {
  return Array.from({ length: count }, (_, index) => {
    const folder = `folder-${String(index % 37).padStart(2, "0")}`;
    return fileEntry(`${folder}/file-${String(index).padStart(7, "0")}.bin`, `${salt}${index}`);
  });
}
