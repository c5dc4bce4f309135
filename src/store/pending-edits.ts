/** Single edits of a manifest that wait to go into it together. */
import { comparePaths, type Edit, type Entry } from "../manifest/index.ts";

/** Edits by their paths; of one path the last counts. */
export class PendingEdits {
  readonly #edits = new Map<string, Entry | undefined>();
  /** Folders with entries to come below them, and how many. */
  readonly #folders = new Map<string, number>();

  get size(): number {
    return this.#edits.size;
  }

  /** @param entry what is to stand at the path; `undefined` for nothing */
  set(path: string, entry: Entry | undefined): void {
    const change = (entry === undefined ? 0 : 1) - (this.#edits.get(path) === undefined ? 0 : 1);
    this.#edits.set(path, entry);
    if (change === 0) return;
    for (const folder of foldersAbove(path)) this.#folders.set(folder, (this.#folders.get(folder) ?? 0) + change);
  }

  has(path: string): boolean {
    return this.#edits.has(path);
  }

  get(path: string): Entry | undefined {
    return this.#edits.get(path);
  }

  /** Paths of entries to come that cannot be beside one: those that it would be below, and its own where others are below it. */
  inTheWayOf(path: string): string[] {
    const inTheWay = foldersAbove(path).filter((folder) => this.#edits.get(folder) !== undefined);
    return (this.#folders.get(path) ?? 0) > 0 ? [...inTheWay, path] : inTheWay;
  }

  /** Takes all of them out, in path order. */
  take(): Edit[] {
    const edits = [...this.#edits].map(([path, entry]) => ({ path, entry }));
    this.#edits.clear();
    this.#folders.clear();
    return edits.sort((left, right) => comparePaths(left.path, right.path));
  }
}

function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) folders.push(path.slice(0, at));
  return folders;
}
