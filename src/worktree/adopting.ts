/**
 * Has files adopted: taken into the store as they are instead of in frames.
 *
 * A file that is big, does not compress, and is new to the store gains by it: cloned, where that can be done, it costs no
 * writing; copied, it is written straight from where it was read, and hashed once less. Whether it is new is known only when
 * it was read: the clone or copy is given up as soon as too much of it turns out to be stored already. Then the file is taken
 * like any other, so that a small change of a big file costs what was changed.
 */
import { contentHasher, DIGEST_BYTES, type Digest } from "../digest/index.ts";
import { errnoOf } from "../errors.ts";
import { ChunkListBuilder, type FileEntry } from "../manifest/index.ts";
import {
  ADOPTED_BYTES_MAX,
  type Adoption,
  type ContentWriter,
  type FileCopy,
  looksCompressible,
} from "../objects/index.ts";
import { type FileStat, type FileSystem, isExecutable, readFully, storeWriteError } from "../platform/index.ts";
import { addChunks, type ChunkStoring, type OlderContent } from "./chunk-storing.ts";
import type { ContentPool } from "./content-pool.ts";
import type { OnBytes } from "./on-bytes.ts";
import type { ChunkColumns } from "./read-request.ts";
import { readWindows } from "./read-windows.ts";
import { isSettledBefore } from "./settled.ts";
import { FileContent, UnreadableContent } from "./windowed-content.ts";
import { WINDOW_BYTES } from "./windows.ts";

/** Takes files whole, where it can. */
export interface Adopter {
  /** Clones a file; `undefined` where that cannot be done. @param device that the file is on */
  beginClone(file: string, device: number): Promise<Adoption | undefined>;
  /** Begins a copy of a file. */
  beginCopy(): { readonly adoption: Adoption; readonly copy: FileCopy };
  /** Takes a file whose chunks are all told. @param newBytes of those of them that are new */
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

/** A file that is being adopted. */
interface Taking {
  readonly adoption: Adoption;
  /** What is read of it. */
  readonly content: FileContent;
  /** Where what is read goes; `undefined` for a clone. */
  readonly copy: FileCopy | undefined;
  /** It is given up when more of it than this part is stored already. */
  readonly knownMax: number;
}

/** Below this size the flushes that an adopted file takes cost as much as writing it to a pack that others share. */
const ADOPTED_BYTES_MIN: number = 16 * 1024 * 1024;
/** So large a file would fill a pack of its own: the store has no more files for it. */
const COPIED_BYTES_MIN: number = 64 * 1024 * 1024;
/** A clone holds what is stored already for nothing. */
const CLONE_KNOWN_MAX = 1 / 2;
/** A copy holds it twice. */
const COPY_KNOWN_MAX = 1 / 32;
/** At so many places it is looked whether a file is new, before all of it is copied. */
const LOOKS = 4;

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
  readonly #onBytes: OnBytes;

  constructor(options: {
    pool: ContentPool;
    storing: ChunkStoring;
    lists: ContentWriter["chunkListNodes"];
    older?: OlderContent | undefined;
    adopter: Adopter;
    signal?: AbortSignal | undefined;
    onBytes: OnBytes;
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
    let taking: Taking | undefined;
    try {
      if (!isWorthTrying(fs, source)) return undefined;
      // A clone flushes what was just written to the file: where it is a small change of what was there, that is not waited for.
      if (file.before !== undefined && !(await this.#isNew(source, 1))) return undefined;
      taking = (await this.#clone(source)) ?? (await this.#copy(source));
      return taking && (await this.#take(file, source, taking));
    } catch (error) {
      if (error instanceof UnreadableContent || errnoOf(error) !== undefined) return undefined;
      throw error;
    } finally {
      source.close();
      taking?.content.close();
      await taking?.adoption.abort();
    }
  }

  async #clone(source: FileContent): Promise<Taking | undefined> {
    const adoption = await this.#adopter.beginClone(source.place, source.stat.dev);
    if (adoption === undefined) return undefined;
    const clone = FileContent.open(this.#pool.fs, adoption.file);
    if (clone.failed === undefined && clone.stat.size === source.stat.size) {
      const content = isSettledBefore(this.#pool.fs, source.stat, clone.stat) ? source : clone;
      if (content === source) clone.close();
      return { adoption, content, copy: undefined, knownMax: CLONE_KNOWN_MAX };
    }
    clone.close();
    await adoption.abort();
    return undefined;
  }

  async #copy(source: FileContent): Promise<Taking | undefined> {
    if (source.stat.size < COPIED_BYTES_MIN || !(await this.#isNew(source, LOOKS))) return undefined;
    try {
      return { ...this.#adopter.beginCopy(), content: source, knownMax: COPY_KNOWN_MAX };
    } catch (error) {
      throw storeWriteError(error, "an adopted file");
    }
  }

  /** Tells the chunks of a file and hands it over, unless too much of it is stored already. */
  async #take(
    file: FileToAdopt,
    source: FileContent,
    { adoption, content, copy, knownMax }: Taking,
  ): Promise<{ entry: FileEntry; stat: FileStat } | undefined> {
    const older = file.before === undefined ? undefined : await this.#older?.chunksOf(file.before);
    const list = new ChunkListBuilder(this.#lists);
    const hasher = contentHasher();
    let position = 0;
    let size = 0;
    let knownBytes = 0;
    for await (const { window, chunks, bytes, own } of readWindows(content, this.#pool, this.#signal)) {
      const isWritten = copy?.write(own, position);
      hasher.update(own);
      if (isWritten === undefined) this.#pool.windows.giveBack(window);
      else isWritten.then(() => this.#pool.windows.giveBack(window));
      position += own.length;
      addChunks(list, chunks, 0, chunks.lengths.length, older);
      knownBytes += this.#knownBytes(chunks, copy === undefined ? undefined : adoption);
      size += bytes.length;
      if (copy?.failure !== undefined) throw storeWriteError(copy.failure, "an adopted file");
      if (knownBytes > size * knownMax || !adoption.hasRoom) return undefined;
      adoption.addChunks(chunks.digests, chunks.lengths);
      this.#onBytes(bytes.length, file.path, false);
    }
    const { stat } = source;
    if (content === source && source.finish(size) === undefined) return undefined;
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

  /** Whether at least half of what is looked at is new, at each of some places that are as far apart as can be. */
  async #isNew(source: FileContent, looks: number): Promise<boolean> {
    const step = looks === 1 ? 0 : (source.stat.size - WINDOW_BYTES) / (looks - 1);
    const areNew = await Promise.all(
      Array.from({ length: looks }, async (_, look) => {
        const { windows } = this.#pool;
        const window = await windows.take();
        try {
          const chunks = await source.lookAt(this.#pool.next(), window, Math.floor(look * step));
          return this.#knownBytes(chunks) * 2 <= chunks.read;
        } finally {
          windows.giveBack(window);
        }
      }),
    );
    return areNew.every((isNew) => isNew);
  }

  /** Bytes of chunks that are stored. @param copy what it holds is as good as stored */
  #knownBytes({ digests, lengths }: ChunkColumns, copy?: Adoption): number {
    const isNew = (length: number, index: number): boolean => {
      const at = index * DIGEST_BYTES;
      return this.#storing.isNew(digests, at, length) && copy?.has(digests, at) !== true;
    };
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
