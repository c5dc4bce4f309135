/** Writes entries out as files: finds where their content lies, and has it written by several threads side by side. */
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, throwIfAborted } from "../errors.ts";
import { type FileEntry, type NodeSource, readChunkList } from "../manifest/index.ts";
import type { Place } from "../objects/index.ts";
import { sideBySide } from "../platform/index.ts";
import { AdoptedOut } from "./adopted-out.ts";
import { type BatchLimits, inBatches } from "./batches.ts";
import type { FilesWritten, FileToWrite, WriteBegun, Written } from "./blob-writer.ts";
import type { ContentPool, ContentPort } from "./content-pool.ts";
import { statOf } from "./file-columns.ts";
import { Follower } from "./follower.ts";
import type { LinkedFiles } from "./linked-files.ts";
import type { OnBytes } from "./on-bytes.ts";
import { type PlacedChunk, PlacedRows } from "./placed-columns.ts";
import type { TargetFolder } from "./target-folder.ts";

/** Where stored content is found. */
export interface ContentSource {
  /** The store's folder. */
  readonly folder: string;
  locate(digest: Digest): Place | undefined;
  /** What the chunk at a place goes on from, and where such a base lies whole. */
  basesAt(place: Place): readonly Digest[];
  locateWhole(digest: Digest): Place | undefined;
  /** Reads nodes of chunk lists. */
  readonly chunkLists: NodeSource;
  /** The adopted file, below the store's folder, that is some content and nothing else. */
  adoptedFile(content: Digest): string | undefined;
}

/** Files up to this size are written many in one request. */
const SMALL_FILE_BYTES: number = 1024 * 1024;
const BATCH_LIMITS: BatchLimits = { bytes: 2 * 1024 * 1024, items: 128, singleBytes: SMALL_FILE_BYTES };
/** The first files are written in place when they are few and small: threads are worth their start only for more. */
export const LITTLE_FILES: number = 32;
const LITTLE_FILE_BYTES: number = 64 * 1024;
/** Chunks of a large file in one request. */
const CHUNKS_AT_ONCE = 64;

/** How files are to be written out. */
export interface WriteOutOptions {
  readonly pool: ContentPool;
  readonly source: ContentSource;
  readonly target: TargetFolder;
  readonly signal?: AbortSignal | undefined;
  /** Hears of content that was written, and whether it was the last of its file. */
  readonly onBytes?: OnBytes | undefined;
  /** Clones are left unchecked where this is given, which hears of each. */
  readonly onUnchecked?: ((path: string) => void) | undefined;
  /** Where this is given files become links into it. */
  readonly links?: LinkedFiles | undefined;
}

/** Writes files; gives what was written, in order. */
export function writeOut(
  entries: AsyncIterable<readonly FileEntry[]>,
  options: WriteOutOptions,
): AsyncGenerator<readonly Written[], void, undefined> {
  const writer = new Writer(options);
  const { links, onBytes, target, pool, signal } = options;
  const write =
    links === undefined
      ? (batch: readonly FileEntry[]) => writer.write(batch)
      : links.writerOf({ target, onBytes, writer, fillerOf: (filling) => new Writer({ ...options, ...filling }) });
  return sideBySide(
    inBatches(entries, BATCH_LIMITS, (entry) => entry.size),
    pool.width,
    write,
    signal,
  );
}

class Writer {
  readonly #options: WriteOutOptions;
  readonly #adoptedOut: AdoptedOut;
  #started = 0;

  constructor(options: WriteOutOptions) {
    this.#options = options;
    this.#adoptedOut = new AdoptedOut({ ...options, ...options.source });
  }

  async write(batch: readonly FileEntry[]): Promise<readonly Written[]> {
    const { pool } = this.#options;
    const isLittle =
      this.#started === 0 && batch.length <= LITTLE_FILES && batch.every((entry) => entry.size <= LITTLE_FILE_BYTES);
    this.#started += batch.length;
    const [only] = batch as [FileEntry];
    if (batch.length === 1 && only.size > SMALL_FILE_BYTES) return [await this.#writeLarge(only)];
    // Chosen when all is asked for: until then nobody is busy with it, and others would choose the same.
    return this.#writeSmall(() => (isLittle ? pool.inPlace : pool.next()), batch);
  }

  async #writeSmall(choosePort: () => ContentPort, batch: readonly FileEntry[]): Promise<readonly Written[]> {
    const { source, target } = this.#options;
    const chunks = new PlacedRows();
    const files: FileToWrite[] = [];
    const places: ReturnType<TargetFolder["placeFile"]>[] = [];
    try {
      // At once, for batches side by side would mix their folders.
      for (const entry of batch) places.push(target.placeFile(entry.path));
      for (const [row, entry] of batch.entries()) {
        const before = chunks.count;
        for await (const some of this.#chunksOf(entry)) for (const chunk of some) this.#add(chunk, chunks);
        const { file, isHidden } = places[row] as (typeof places)[number];
        const { path: shown, digest, executable } = entry;
        files.push({ path: file, isHidden, shown, digest, executable, chunks: chunks.count - before });
      }
      const { stats } = await choosePort().request<FilesWritten>({
        op: "write-files",
        store: source.folder,
        chunks: chunks.columns(),
        files,
      });
      return batch.map((entry, row) => {
        this.#options.onBytes?.(entry.size, entry.path, true);
        return { entry, stat: statOf(stats, row) };
      });
    } finally {
      for (const { release } of places) release();
    }
  }

  /** A large file is hashed by a thread that follows the one that writes it. Found wrong, it is written again, chunk by checked chunk. */
  async #writeLarge(entry: FileEntry): Promise<Written> {
    let written = await this.#tryWhole(entry);
    if (written === undefined) {
      // Only now: a clone needs no thread.
      const port = this.#options.pool.next();
      written = ((await this.#tryLarge(port, entry, true)) ?? (await this.#tryLarge(port, entry, false))) as Written;
    }
    this.#options.onBytes?.(0, entry.path, true);
    return written;
  }

  /** @returns nothing where it is not one file of the store, or that cannot be used */
  async #tryWhole(entry: FileEntry): Promise<Written | undefined> {
    const { file, release } = this.#options.target.place(entry.path);
    try {
      const stat = await this.#adoptedOut.write(entry, file);
      return stat && { entry, stat };
    } finally {
      release();
    }
  }

  /** @returns nothing where the content is not what it should be, and that was found out by who followed */
  async #tryLarge(port: ContentPort, entry: FileEntry, isFollowed: boolean): Promise<Written | undefined> {
    const { target, pool } = this.#options;
    const { file, release } = target.place(entry.path);
    let stream: number | undefined;
    let follower: Follower | undefined;
    try {
      const { digest, executable, path: shown } = entry;
      const to = { path: file, isHidden: false, shown, digest, executable };
      const beginning = port.request<WriteBegun>({ op: "write-begin", file: to, isFollowed });
      // Chosen while the other is busy, so that it is another where there is one.
      const other = pool.next();
      const begun = await beginning;
      stream = begun.stream;
      if (isFollowed) follower = await Follower.begin(other, begun.temporary, shown);
      await this.#writeChunks(port, entry, stream, follower);
      const followed = await follower?.end();
      follower = undefined;
      if (followed !== undefined && followed !== digest) return undefined;
      const { stats } = await port.request<FilesWritten>({ op: "write-end", stream });
      stream = undefined;
      return { entry, stat: statOf(stats, 0) };
    } finally {
      await follower?.end().catch(() => {});
      if (stream !== undefined) await port.request({ op: "write-abort", stream });
      release();
    }
  }

  /** Has all chunks written, some at a time: while some are, the next are looked up. */
  async #writeChunks(port: ContentPort, entry: FileEntry, stream: number, follower?: Follower): Promise<void> {
    const { source, signal } = this.#options;
    let pending: Promise<void> = Promise.resolve();
    let end = 0;
    for await (const some of this.#chunksOf(entry)) {
      throwIfAborted(signal);
      const chunks = new PlacedRows();
      for (const chunk of some) this.#add(chunk, chunks);
      const bytes = some.reduce((sum, chunk) => sum + chunk.length, 0);
      end += bytes;
      const to = end;
      await pending;
      this.#options.onBytes?.(bytes, entry.path, false);
      pending = port
        .request({ op: "write-on", stream, store: source.folder, chunks: chunks.columns() })
        .then(() => follower?.goOn(to));
      pending.catch(() => {});
    }
    await pending;
  }

  #add(chunk: PlacedChunk, rows: PlacedRows): void {
    rows.add(chunk);
    if (!chunk.place.isDelta) return;
    for (const base of this.#options.source.basesAt(chunk.place)) {
      const whole = this.#options.source.locateWhole(base);
      // Where it is not there, whoever reads the delta says so.
      if (whole !== undefined) rows.addBase(base, whole);
    }
  }

  /** The chunks of a file and where they lie, some at a time. */
  async *#chunksOf(entry: FileEntry): AsyncGenerator<readonly PlacedChunk[], void, undefined> {
    if (entry.size === 0) return;
    if (entry.chunkList === undefined) {
      yield [{ digest: entry.digest, length: entry.size, place: this.#locate(entry, entry.digest) }];
      return;
    }
    for await (const rows of readChunkList(this.#options.source.chunkLists, entry.chunkList, entry.size)) {
      for (let from = 0; from < rows.length; from += CHUNKS_AT_ONCE) {
        yield rows
          .slice(from, from + CHUNKS_AT_ONCE)
          .map(({ digest, length }) => ({ digest, length, place: this.#locate(entry, digest) }));
      }
    }
  }

  #locate(entry: FileEntry, digest: Digest): Place {
    const place = this.#options.source.locate(digest);
    if (place !== undefined) return place;
    throw new ArtifoldError("DAMAGED", `the content of ${entry.path} is not in the store`, {
      info: { path: entry.path, digest },
      hint: "Run `artifold verify` to see which versions are hit.",
    });
  }
}
