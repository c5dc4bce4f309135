/**
 * Writes files out whose content is one adopted file of the store, whole. Where the target is on the same device and its file
 * system can share bytes they are cloned, which takes no writing; else they are copied, by all threads at once.
 */
import path from "node:path";
import { DIGEST_BYTES, type Digest, digestToBytes } from "../digest/index.ts";
import { errnoOf, throwIfAborted } from "../errors.ts";
import { type ChunkRow, type FileEntry, type NodeSource, readChunkList } from "../manifest/index.ts";
import { type FileStat, type FileSystem, openFlags, randomHex, removeQuietly } from "../platform/index.ts";
import { isSameState } from "./blob-reader.ts";
import { writeError } from "./blob-writer.ts";
import type { CheckRequest } from "./check-chunks.ts";
import type { ContentPool } from "./content-pool.ts";
import type { OnBytes } from "./on-bytes.ts";
import { type CheckedFile, openChecked, openPastMemory } from "./past-memory.ts";
import { isSettledBefore } from "./settled.ts";

/** How files are written out. */
export interface AdoptedOutOptions {
  readonly pool: ContentPool;
  /** The store's folder, and where in it a file of some content lies. */
  readonly folder: string;
  adoptedFile(content: Digest): string | undefined;
  readonly chunkLists: NodeSource;
  /** Clones are left unchecked where this is given, which hears of each. */
  readonly onUnchecked?: ((path: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: OnBytes | undefined;
}

/** Chunks in one request: some four mebibytes. */
const CHUNKS_AT_ONCE = 64;

/** Files of one download. */
export class AdoptedOut {
  readonly #options: AdoptedOutOptions;
  readonly #fs: FileSystem;
  /** Nothing can be cloned to the target: that is tried once. */
  #isHopeless = false;

  constructor(options: AdoptedOutOptions) {
    this.#options = options;
    this.#fs = options.pool.fs;
  }

  /**
   * Clones or copies a file out, and checks it unless it is a clone and that is not wanted.
   *
   * @param file where it goes: what is there is replaced
   * @returns its stat; `undefined` where it is not one file of the store, or not what it should be: who then writes it says
   *   what is wrong
   */
  async write(entry: FileEntry, file: string): Promise<FileStat | undefined> {
    const stored = entry.chunkList === undefined ? undefined : this.#options.adoptedFile(entry.digest);
    if (stored === undefined) return undefined;
    const from = path.join(this.#options.folder, stored);
    const temporary = path.join(path.dirname(file), `.artifold-${randomHex(8)}.tmp`);
    try {
      const isCloned = !this.#isHopeless && (await this.#clone(from, temporary, entry.executable));
      if (!(await (isCloned ? this.#isRightClone(entry, from, temporary) : this.#copy(entry, from, temporary)))) {
        return undefined;
      }
      this.#fs.rename(temporary, file);
      if (isCloned) this.#options.onUnchecked?.(entry.path);
      return this.#fs.lookAt(file);
    } catch (error) {
      throw writeError(entry.path, error);
    } finally {
      removeQuietly(this.#fs, temporary);
    }
  }

  async #clone(from: string, temporary: string, executable: boolean): Promise<boolean> {
    try {
      // The user's umask takes away what it takes away from every new file; a clone has the mode of what it was made from.
      const fd = this.#create(temporary, executable);
      const { mode } = this.#fs.stat(fd);
      this.#fs.close(fd);
      this.#fs.remove(temporary);
      await this.#fs.clone(from, temporary);
      this.#fs.setMode(temporary, mode & 0o777);
      return true;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      this.#isHopeless = true;
      return false;
    }
  }

  #create(temporary: string, executable: boolean): number {
    return this.#fs.open(temporary, openFlags.createNew, executable ? 0o777 : 0o666);
  }

  /** Copies what is right. @returns whether that is all */
  async #copy(entry: FileEntry, from: string, temporary: string): Promise<boolean> {
    const fds: number[] = [];
    try {
      const stored = this.#openStored(from, fds);
      if (stored === undefined) return false;
      const to = this.#create(temporary, entry.executable);
      fds.push(to);
      return await this.#check(entry, stored, to);
    } finally {
      for (const fd of fds) this.#fs.close(fd);
    }
  }

  /** @param fds gets what is to be closed */
  #openStored(from: string, fds: number[]): CheckedFile | undefined {
    try {
      return openChecked(this.#fs, from, fds);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return undefined;
    }
  }

  async #isRightClone(entry: FileEntry, from: string, clone: string): Promise<boolean> {
    const { onUnchecked, onBytes } = this.#options;
    if (onUnchecked === undefined) return this.#isRight(entry, from, clone);
    if (this.#fs.lookAt(clone)?.size !== entry.size) return false;
    onBytes?.(entry.size, entry.path, false);
    return true;
  }

  /**
   * Whether a clone holds what it should. What is read is the stored file where it cannot make a difference: of that the
   * machine may have something in memory, of a fresh clone it has nothing.
   */
  async #isRight(entry: FileEntry, from: string, clone: string): Promise<boolean> {
    const fds: number[] = [];
    const open = (file: string): { fd: number; stat: FileStat } => {
      const fd = this.#fs.open(file, openFlags.readUserFile);
      fds.push(fd);
      return { fd, stat: this.#fs.stat(fd) };
    };
    try {
      const made = open(clone);
      const stored = open(from);
      const isStoredRead = isSettledBefore(this.#fs, stored.stat, made.stat);
      const { fd } = isStoredRead ? stored : made;
      const past = openPastMemory(this.#fs, fd, entry.size);
      if (past !== undefined) fds.push(past);
      const isRight = await this.#check(entry, { fd: past ?? fd, isPastMemory: past !== undefined });
      if (!isStoredRead) return isRight;
      return isRight && made.stat.size === entry.size && isSameState(stored.stat, this.#fs.stat(stored.fd));
    } finally {
      for (const fd of fds) this.#fs.close(fd);
    }
  }

  /** @param to where what is right is written; nowhere where it is left out */
  async #check(entry: FileEntry, file: CheckedFile, to?: number): Promise<boolean> {
    const { pool, chunkLists, signal, onBytes } = this.#options;
    const underWay: Promise<boolean>[] = [];
    try {
      let position = 0;
      for await (const rows of readChunkList(chunkLists, entry.chunkList as Digest, entry.size)) {
        for (let from = 0; from < rows.length; from += CHUNKS_AT_ONCE) {
          throwIfAborted(signal);
          const some = rows.slice(from, from + CHUNKS_AT_ONCE);
          const bytes = some.reduce((sum, { length }) => sum + length, 0);
          underWay.push(this.#checkSome(some, { ...file, position, to }));
          position += bytes;
          if (underWay.length >= pool.width && !(await underWay.shift())) return false;
          onBytes?.(bytes, entry.path, false);
        }
      }
      return position === entry.size && (await Promise.all(underWay)).every((isRight) => isRight);
    } finally {
      // The files must not be closed under a thread that works on them.
      await Promise.allSettled(underWay);
    }
  }

  async #checkSome(
    rows: readonly ChunkRow[],
    where: Omit<CheckRequest, "op" | "digests" | "lengths">,
  ): Promise<boolean> {
    const digests = new Uint8Array(rows.length * DIGEST_BYTES);
    rows.forEach(({ digest }, row) => {
      digestToBytes(digest, digests, row * DIGEST_BYTES);
    });
    const lengths = Uint32Array.from(rows, ({ length }) => length);
    const request = { op: "check", ...where, digests, lengths } as const;
    return (await this.#options.pool.next().request<number>(request)) < 0;
  }
}
