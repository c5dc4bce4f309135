/** A file of the user's on its way into the store, as a whole. */
import path from "node:path";
import { DIGEST_BYTES, type Digest } from "../digest/index.ts";
import {
  type FileSystem,
  makeFolders,
  openFlags,
  randomHex,
  removeQuietly,
  storeWriteError,
  temporaryPath,
  writeFullyLater,
} from "../platform/index.ts";
import { adoptedPath, FILES_FOLDER, tablePathOf } from "./store-files.ts";
import { encodeFoot, TableBuilder } from "./table.ts";

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
  /** What was written for it: its table and, where it was not cloned, its content. */
  readonly writtenBytes: number;
}

/** The bytes of a file that is being adopted, under a temporary name. */
export interface AdoptedContent {
  readonly file: string;
  /** How many of them were written for it. */
  readonly writtenBytes: number;
  /** Makes them durable. */
  finish(): Promise<void>;
  /** Lets go of the file. */
  close(): Promise<void>;
}

/** A clone: it is flushed while it is read. */
export class FlushedClone implements AdoptedContent {
  readonly file: string;
  readonly writtenBytes = 0;
  readonly #fs: FileSystem;
  readonly #flushed: Promise<unknown>;

  /** @param file the clone, read-only */
  constructor(fs: FileSystem, file: string) {
    this.#fs = fs;
    this.file = file;
    // Settled with an error, for nobody may be waiting when it fails.
    this.#flushed = this.#flush().then(
      () => undefined,
      (error: unknown) => error ?? new Error("not flushed"),
    );
  }

  async finish(): Promise<void> {
    const failed = await this.#flushed;
    if (failed !== undefined) throw failed;
  }

  async close(): Promise<void> {
    await this.#flushed;
  }

  async #flush(): Promise<void> {
    const fd = this.#fs.open(this.file, openFlags.read);
    try {
      await this.#fs.flush(fd);
    } finally {
      this.#fs.close(fd);
    }
  }
}

/** A file that is being adopted, and its chunks not all known. */
export class Adoption {
  readonly #fs: FileSystem;
  readonly #store: string;
  readonly #content: AdoptedContent;
  readonly #table = new TableBuilder();
  readonly #onClosed: (done: AdoptedFile | undefined) => void;
  /** Digests and lengths of its chunks, as they came. */
  readonly #chunks: { readonly digests: Uint8Array; readonly lengths: Uint32Array }[] = [];
  #length = 0;
  #isFinishing = false;
  #isOpen = true;

  constructor(
    fs: FileSystem,
    store: string,
    content: AdoptedContent,
    onClosed: (done: AdoptedFile | undefined) => void,
  ) {
    this.#fs = fs;
    this.#store = store;
    this.#content = content;
    this.#onClosed = onClosed;
  }

  /** The file, under a temporary name. */
  get file(): string {
    return this.#content.file;
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
      await this.#content.finish();
      await makeFolders(this.#fs, path.join(this.#store, FILES_FOLDER));
      await this.#writeTable(temporary, bytes);
      this.#fs.rename(temporary, tableFile);
      this.#fs.rename(this.file, file);
    } catch (error) {
      for (const left of [temporary, tableFile]) removeQuietly(this.#fs, left);
      await this.abort();
      throw storeWriteError(error, "an adopted file");
    }
    this.#isOpen = false;
    this.#onClosed({ name, bytes: this.#length, objects, writtenBytes: this.#content.writtenBytes + bytes.length });
  }

  /** Gives the file up. */
  async abort(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#content.close();
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
}
