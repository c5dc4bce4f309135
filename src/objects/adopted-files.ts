/**
 * Adopted files: big files of the user's that were taken into the store as they are. Where the file system lets two files
 * share bytes they are cloned, and nothing of their content is written. Else they are copied: that saves making frames of
 * what does not compress. Beside each lies a table that says where its chunks are.
 *
 * `files/<name>` is the content alone, and `files/<name>.table` its table and foot. A name is the digest of the content (what
 * `b3sum` prints) and random digits: of two uploads of the same content each has a file of its own, and whoever gives up
 * takes away nothing of somebody else's.
 */
import path from "node:path";
import { errnoOf } from "../errors.ts";
import { type FileSystem, flushFolder, removeQuietly, storeWriteError, temporaryPath } from "../platform/index.ts";
import { type AdoptedContent, type AdoptedFile, Adoption, FlushedClone } from "./adoption.ts";
import { FileCopy } from "./file-copy.ts";
import { ObjectStore } from "./object-store.ts";
import { adoptedPath, FILES_FOLDER, tablePathOf } from "./store-files.ts";

/** The largest file that is adopted: its table is made in memory. */
export const ADOPTED_BYTES_MAX: number = 32 * 1024 * 1024 * 1024;

/** The files that one upload adopts. */
export class AdoptedFiles {
  readonly #fs: FileSystem;
  readonly #store: string;
  readonly #adopted: AdoptedFile[] = [];
  readonly #open = new Set<Adoption>();
  readonly #objects: ObjectStore;
  /** Devices of which it is known that nothing can be cloned from them. */
  readonly #hopeless = new Set<number>();
  #failure: unknown;

  /** @param store the store's folder */
  constructor(fs: FileSystem, store: string) {
    this.#fs = fs;
    this.#store = store;
    this.#objects = new ObjectStore(fs, store, { find: () => undefined });
  }

  /** Whether a chunk is in a file that was adopted. @param digests has its digest from `at` on */
  has(digests: Uint8Array, at: number): boolean {
    for (const adoption of this.#open) if (adoption.isFinishing && adoption.has(digests, at)) return true;
    return this.#adopted.length > 0 && this.#objects.locateAt(digests, at) !== undefined;
  }

  /**
   * Clones a file, if that can be done.
   *
   * @param device that the file is on: what cannot be cloned from there is tried once
   */
  async begin(file: string, device: number): Promise<Adoption | undefined> {
    if (this.#hopeless.has(device)) return undefined;
    // Not in the folder of adopted files: a store that never has one does not need it.
    const clone = temporaryPath(path.join(this.#store, "file"));
    try {
      await this.#fs.clone(file, clone);
      // A clone has the mode of what it was made from, which may not let us read it.
      this.#fs.setMode(clone, 0o400);
    } catch (error) {
      removeQuietly(this.#fs, clone);
      if (errnoOf(error) === undefined) throw error;
      this.#hopeless.add(device);
      return undefined;
    }
    return this.#begin(new FlushedClone(this.#fs, clone));
  }

  /** Begins a copy, that whoever asks writes. */
  beginCopy(): { adoption: Adoption; copy: FileCopy } {
    const copy = FileCopy.create(this.#fs, temporaryPath(path.join(this.#store, "file")));
    return { adoption: this.#begin(copy), copy };
  }

  /** Merges tables, when they have become many. */
  async ready(): Promise<void> {
    await this.#objects.merge();
  }

  /** Makes the names of what was adopted durable. Adopting may go on. */
  async seal(): Promise<readonly AdoptedFile[]> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#adopted.length === 0) return [];
    try {
      await flushFolder(this.#fs, path.join(this.#store, FILES_FOLDER));
    } catch (error) {
      // Flushing again would only hide it: the draft is of no use any more.
      this.#failure = storeWriteError(error, "an adopted file");
      throw this.#failure;
    }
    return [...this.#adopted];
  }

  close(): void {
    this.#objects.close();
  }

  /** Gives all of them up. */
  async abort(): Promise<void> {
    for (const adoption of this.#open) await adoption.abort();
    this.#objects.close();
    for (const { name } of this.#adopted.splice(0)) {
      const file = adoptedPath(name);
      for (const each of [file, tablePathOf(file)]) removeQuietly(this.#fs, path.join(this.#store, each));
    }
  }

  #begin(content: AdoptedContent): Adoption {
    const adoption = new Adoption(this.#fs, this.#store, content, (done) => this.#close(adoption, done));
    this.#open.add(adoption);
    return adoption;
  }

  #close(adoption: Adoption, done: AdoptedFile | undefined): void {
    this.#open.delete(adoption);
    if (done === undefined) return;
    this.#adopted.push(done);
    this.#objects.setFiles(this.#adopted.map(({ name }) => ({ path: adoptedPath(name) })));
  }
}
