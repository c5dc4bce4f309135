/**
 * Has files adopted: cloned into the store instead of written to it.
 *
 * A file that is big, does not compress, and is new to the store for the most part gains by it. Whether it is new is known
 * only when it was read: it is cloned first, and the clone is given up as soon as more than half of what was read is stored
 * already. Then the file is taken like any other, so that a small change of a big file costs what was changed.
 */
import { contentHasher, DIGEST_BYTES, type Digest } from "../digest/index.ts";
import { errnoOf } from "../errors.ts";
import { ChunkListBuilder, type FileEntry } from "../manifest/index.ts";
import { ADOPTED_BYTES_MAX, type Adoption, type ContentWriter, looksCompressible } from "../objects/index.ts";
import { type FileStat, type FileSystem, isExecutable, readFully } from "../platform/index.ts";
import { addChunks, type ChunkStoring, type OlderContent } from "./chunk-storing.ts";
import type { ContentPool } from "./content-pool.ts";
import type { ChunkColumns } from "./read-request.ts";
import { readWindows, type WindowInWork } from "./read-windows.ts";
import { isSettledBefore } from "./settled.ts";
import { FileContent, UnreadableContent } from "./windowed-content.ts";

/** Takes files whole, where it can. */
export interface Adopter {
  /** Clones a file; `undefined` where that cannot be done. @param device that the file is on */
  beginAdoption(file: string, device: number): Promise<Adoption | undefined>;
  /** Takes a clone whose chunks are all told. @param newBytes of those of them that are new */
  adopt(adoption: Adoption, digest: Digest, newBytes: number): Promise<void>;
}

/** A file that may be adopted. */
export interface FileToAdopt {
  /** Path that its entry will have. */
  readonly path: string;
  /** Where it is. */
  readonly file: string;
  /** What stands in its place in the version before. */
  readonly before?: FileEntry | undefined;
}

/** What is read of a file that is being adopted. */
interface Clone {
  readonly adoption: Adoption;
  readonly content: FileContent;
}

/** Below this size the flushes that an adopted file takes cost as much as writing it to a pack that others share. */
const ADOPTED_BYTES_MIN: number = 16 * 1024 * 1024;

const SAMPLES = 16;
const SAMPLE_BYTES = 4096;
/** Formats of big files begin with a head of text, which may be all that compresses. */
const COMPRESSIBLE_MAX = 1;

/** Has files adopted for one ingest. */
export class FileAdoption {
  readonly #pool: ContentPool;
  readonly #storing: ChunkStoring;
  readonly #lists: ContentWriter["chunkListNodes"];
  readonly #older: OlderContent | undefined;
  readonly #adopter: Adopter;
  readonly #signal: AbortSignal | undefined;
  readonly #onBytes: (bytes: number, path: string) => void;

  constructor(options: {
    pool: ContentPool;
    storing: ChunkStoring;
    lists: ContentWriter["chunkListNodes"];
    older?: OlderContent | undefined;
    adopter: Adopter;
    signal?: AbortSignal | undefined;
    onBytes: (bytes: number, path: string) => void;
  }) {
    this.#pool = options.pool;
    this.#storing = options.storing;
    this.#lists = options.lists;
    this.#older = options.older;
    this.#adopter = options.adopter;
    this.#signal = options.signal;
    this.#onBytes = options.onBytes;
  }

  /** Has a file adopted; `undefined` where that cannot be done or does not pay, or something is wrong with the file. */
  async adopt(file: FileToAdopt): Promise<{ entry: FileEntry; stat: FileStat } | undefined> {
    const { fs } = this.#pool;
    const source = FileContent.open(fs, file.file);
    // Who takes it like any other file says what is wrong with it.
    if (source.failed !== undefined) return undefined;
    let clone: Clone | undefined;
    try {
      if (!isWorthTrying(fs, source) || !(await this.#isNewVersion(file))) return undefined;
      clone = await this.#clone(source);
      return clone && (await this.#take(file, source, clone));
    } catch (error) {
      if (error instanceof UnreadableContent || errnoOf(error) !== undefined) return undefined;
      throw error;
    } finally {
      source.close();
      clone?.content.close();
      await clone?.adoption.abort();
    }
  }

  async #clone(source: FileContent): Promise<Clone | undefined> {
    const adoption = await this.#adopter.beginAdoption(source.place, source.stat.dev);
    if (adoption === undefined) return undefined;
    const content = FileContent.open(this.#pool.fs, adoption.file);
    if (content.failed === undefined && content.stat.size === source.stat.size) return { adoption, content };
    content.close();
    await adoption.abort();
    return undefined;
  }

  /** Tells the chunks of a clone and hands it over, unless half of it is stored already. */
  async #take(
    file: FileToAdopt,
    source: FileContent,
    { adoption, content }: Clone,
  ): Promise<{ entry: FileEntry; stat: FileStat } | undefined> {
    const { stat } = source;
    const read = isSettledBefore(this.#pool.fs, stat, content.stat) ? source : content;
    const older = file.before === undefined ? undefined : await this.#older?.chunksOf(file.before);
    const list = new ChunkListBuilder(this.#lists);
    const hasher = contentHasher();
    let size = 0;
    let knownBytes = 0;
    for await (const { window, chunks, bytes } of this.#windowsOf(read)) {
      const { length } = bytes;
      hasher.update(bytes);
      this.#pool.windows.giveBack(window);
      addChunks(list, chunks, 0, chunks.lengths.length, older);
      knownBytes += this.#knownBytes(chunks);
      size += length;
      if (knownBytes * 2 > size || !adoption.hasRoom) return undefined;
      adoption.addChunks(chunks.digests, chunks.lengths);
      this.#onBytes(length, file.path);
    }
    if (read === source && source.finish(size) === undefined) return undefined;
    const digest = hasher.digest();
    const chunkList = list.finish();
    // Others may have stored the same meanwhile.
    const newBytes = adoption.bytesOf((digests, at) => this.#storing.isNew(digests, at, 0));
    if (newBytes > 0) await this.#adopter.adopt(adoption, digest, newBytes);
    return {
      entry: { path: file.path, kind: "file", size, digest, chunkList, executable: isExecutable(stat) },
      stat,
    };
  }

  /**
   * Whether at least half of the first window is new, of a file that had another version. A clone flushes what was just
   * written to the file: where it is a small change of what was there, that is not waited for.
   */
  async #isNewVersion(file: FileToAdopt): Promise<boolean> {
    if (file.before === undefined) return true;
    const source = FileContent.open(this.#pool.fs, file.file);
    if (source.failed !== undefined) return false;
    try {
      for await (const { window, chunks, bytes } of this.#windowsOf(source)) {
        this.#pool.windows.giveBack(window);
        return this.#knownBytes(chunks) * 2 <= bytes.length;
      }
      return false;
    } finally {
      source.close();
    }
  }

  #windowsOf(content: FileContent): AsyncGenerator<WindowInWork, void, undefined> {
    return readWindows(content, this.#pool, this.#signal);
  }

  #knownBytes({ digests, lengths }: ChunkColumns): number {
    const isNew = (length: number, index: number): boolean =>
      this.#storing.isNew(digests, index * DIGEST_BYTES, length);
    return lengths.reduce((sum, length, index) => (isNew(length, index) ? sum : sum + length), 0);
  }
}

function isWorthTrying(fs: FileSystem, source: FileContent): boolean {
  const { size } = source.stat;
  if (size < ADOPTED_BYTES_MIN || size > ADOPTED_BYTES_MAX) return false;
  const sample = Buffer.alloc(SAMPLE_BYTES);
  const step = (size - SAMPLE_BYTES) / (SAMPLES - 1);
  let compressible = 0;
  for (let index = 0; index < SAMPLES && compressible <= COMPRESSIBLE_MAX; index++) {
    const read = readFully(fs, source.descriptor, sample, Math.floor(index * step));
    if (looksCompressible(sample.subarray(0, read))) compressible++;
  }
  return compressible <= COMPRESSIBLE_MAX;
}
