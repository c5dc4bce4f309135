/** The caches of one store that are files of their own, each opened when it is first asked for. */
import path from "node:path";
import { FolderCache, HintCache } from "../catalog/index.ts";
import type { FileSystem } from "../platform/index.ts";
import { storeNames } from "./store-folder.ts";

/** Caches. Where the store cannot be written they stay in memory. */
export class Caches {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #isReadOnly: () => boolean;
  #folders: FolderCache | undefined;
  #hints: HintCache | undefined;

  constructor(fs: FileSystem, folder: string, isReadOnly: () => boolean) {
    this.#fs = fs;
    this.#folder = folder;
    this.#isReadOnly = isReadOnly;
  }

  /** What is remembered of the user's folders. */
  get folders(): FolderCache {
    this.#folders ??= FolderCache.open(this.#fs, this.#file(storeNames.folderCache));
    return this.#folders;
  }

  /** What was read beside nodes of remotes. */
  get hints(): HintCache {
    this.#hints ??= HintCache.open(this.#fs, this.#file(storeNames.hintCache));
    return this.#hints;
  }

  close(): void {
    this.#folders?.close();
    this.#hints?.close();
  }

  #file(name: string): string {
    return this.#isReadOnly() ? ":memory:" : path.join(this.#folder, name);
  }
}
