/**
 * Adopted files: big files of the user's that were cloned into the store, where the file system lets two files share bytes.
 * Nothing of their content is written; what is written is a table that says where its chunks lie.
 *
 * `files/<name>` is the content alone, and `files/<name>.table` its table and foot. A name is the digest of the content (what
 * `b3sum` prints) and random digits: of two uploads of the same content each has a file of its own, and whoever gives up
 * takes away nothing of somebody else's.
 */
import path from "node:path";
import { DIGEST_BYTES, type Digest } from "../digest/index.ts";
import { errnoOf } from "../errors.ts";
import {
  type FileSystem,
  flushFolder,
  makeFolders,
  openFlags,
  randomHex,
  removeQuietly,
  storeWriteError,
  temporaryPath,
  writeFullyLater,
} from "../platform/index.ts";
import { ObjectStore } from "./object-store.ts";
import { adoptedPath, FILES_FOLDER, tablePathOf } from "./store-files.ts";
import { encodeFoot, TableBuilder } from "./table.ts";

/** The largest file that is adopted: its table is made in memory. */
export const ADOPTED_BYTES_MAX: number = 32 * 1024 * 1024 * 1024;
/** Nor are files of more chunks: a table holds no more. Only content that is made for it has so many. */
const ADOPTED_CHUNKS_MAX: number = 1024 * 1024;

/** An adopted file that is whole under its name. */
export interface AdoptedFile {
  /** Digest of the content, a dash, and random digits. */
  readonly name: string;
  /** Length of the content. */
  readonly bytes: number;
  /** How many chunks it has. */
  readonly objects: number;
  /** What was written for it: its table. */
  readonly tableBytes: number;
}

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
    try {
      await makeFolders(this.#fs, path.join(this.#store, FILES_FOLDER));
      const adoption = new Adoption(this.#fs, this.#store, file, (done) => this.#close(adoption, done));
      this.#open.add(adoption);
      return adoption;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      this.#hopeless.add(device);
      return undefined;
    }
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

  #close(adoption: Adoption, done: AdoptedFile | undefined): void {
    this.#open.delete(adoption);
    if (done === undefined) return;
    this.#adopted.push(done);
    this.#objects.setFiles(this.#adopted.map(({ name }) => ({ path: adoptedPath(name) })));
  }
}

/** A file that is being adopted: cloned, and its chunks not all known. */
export class Adoption {
  /** The clone, under a temporary name. */
  readonly file: string;
  readonly #fs: FileSystem;
  readonly #store: string;
  readonly #table = new TableBuilder();
  readonly #flushed: Promise<unknown>;
  readonly #onClosed: (done: AdoptedFile | undefined) => void;
  /** Digests and lengths of its chunks, as they came. */
  readonly #chunks: { readonly digests: Uint8Array; readonly lengths: Uint32Array }[] = [];
  #length = 0;
  #isFinishing = false;
  #isOpen = true;

  constructor(fs: FileSystem, store: string, from: string, onClosed: (done: AdoptedFile | undefined) => void) {
    this.#fs = fs;
    this.#store = store;
    this.file = temporaryPath(path.join(store, adoptedPath("file")));
    this.#onClosed = onClosed;
    fs.clone(from, this.file);
    try {
      // A clone has the mode of what it was made from, which may not let us read it.
      fs.setMode(this.file, 0o400);
    } catch (error) {
      removeQuietly(fs, this.file);
      throw error;
    }
    // Settled with an error, for nobody may be waiting when it fails.
    this.#flushed = this.#flush(this.file).then(
      () => undefined,
      (error: unknown) => error ?? new Error("not flushed"),
    );
  }

  /** Whether it can have more chunks. */
  get hasRoom(): boolean {
    return this.#table.objectCount < ADOPTED_CHUNKS_MAX;
  }

  /** Says what chunks come next in the file. @param digests 32 bytes each */
  addChunks(digests: Uint8Array, lengths: Uint32Array): void {
    this.#chunks.push({ digests, lengths });
    lengths.forEach((length, index) => {
      this.#table.addBare(digests, index * DIGEST_BYTES, this.#length, length);
      this.#length += length;
    });
  }

  /** Whether a chunk was found in the file. @param digests has its digest from `at` on */
  has(digests: Uint8Array, at: number): boolean {
    return this.#table.has(digests, at);
  }

  /** Whether all its chunks are told, and others may rely on them. */
  get isFinishing(): boolean {
    return this.#isFinishing;
  }

  /** Bytes of those of its chunks that are meant, each counted once. @param isMeant is given digests, and where in them */
  bytesOf(isMeant: (digests: Uint8Array, at: number) => boolean): number {
    let offset = 0;
    let bytes = 0;
    for (const { digests, lengths } of this.#chunks) {
      for (let index = 0; index < lengths.length; index++) {
        const at = index * DIGEST_BYTES;
        const length = lengths[index] as number;
        if (this.#table.find(digests, at)?.offset === offset && isMeant(digests, at)) bytes += length;
        offset += length;
      }
    }
    return bytes;
  }

  /** Makes file and table durable and gives them their names. @param digest of the whole content */
  async finish(digest: Digest): Promise<void> {
    this.#isFinishing = true;
    const name = `${digest}-${randomHex(8)}`;
    const file = path.join(this.#store, adoptedPath(name));
    const tableFile = path.join(this.#store, tablePathOf(adoptedPath(name)));
    const objects = this.#table.objectCount;
    const table = this.#table.finish();
    const bytes = Buffer.concat([table, encodeFoot(0, table)]);
    const temporary = temporaryPath(tableFile);
    try {
      const failed = await this.#flushed;
      if (failed !== undefined) throw failed;
      await this.#writeTable(temporary, bytes);
      this.#fs.rename(temporary, tableFile);
      this.#fs.rename(this.file, file);
    } catch (error) {
      for (const left of [temporary, tableFile]) removeQuietly(this.#fs, left);
      await this.abort();
      throw storeWriteError(error, "an adopted file");
    }
    this.#isOpen = false;
    this.#onClosed({ name, bytes: this.#length, objects, tableBytes: bytes.length });
  }

  /** Gives the file up. */
  async abort(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#flushed;
    removeQuietly(this.#fs, this.file);
    this.#onClosed(undefined);
  }

  async #writeTable(temporary: string, bytes: Uint8Array): Promise<void> {
    const fd = this.#fs.open(temporary, openFlags.createNew, 0o400);
    try {
      await writeFullyLater(this.#fs, fd, bytes, 0);
      await this.#fs.flush(fd);
    } finally {
      this.#fs.close(fd);
    }
  }

  async #flush(file: string): Promise<void> {
    const fd = this.#fs.open(file, openFlags.read);
    try {
      await this.#fs.flush(fd);
    } finally {
      this.#fs.close(fd);
    }
  }
}
