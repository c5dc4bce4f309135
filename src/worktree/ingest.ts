/**
 * Turns files of the user's into entries whose content the store has or will have.
 *
 * Files go to readers in batches; what is not stored comes back as frames and goes to the content writer. Batches are
 * under way side by side and come out in the order in which they went in, so that their entries stay in path order.
 */
import { contentHasher, DIGEST_BYTES, type Digest, digestFromBytes } from "../digest/index.ts";
import { ChunkListBuilder, type FileEntry } from "../manifest/index.ts";
import type { ContentWriter } from "../objects/index.ts";
import { Breather, isExecutable, sideBySide } from "../platform/index.ts";
import { type Adopter, FileAdoption } from "./adopting.ts";
import { type BatchLimits, inBatches } from "./batches.ts";
import { BATCH_BYTES, BATCH_FILES, WHOLE_FILE_BYTES } from "./blob-reader.ts";
import { addChunks, type ChunkSink, ChunkStoring, type FindLikes, type OlderContent } from "./chunk-storing.ts";
import { ChunksUnderWay } from "./chunks-under-way.ts";
import { type ContentPool, type ContentPort, IN_PLACE_BYTES } from "./content-pool.ts";
import { type FileColumns, type FreshStat, readStatus, STAT_NUMBERS, statOf } from "./file-columns.ts";
import type { OlderChunks } from "./older-chunks.ts";
import type { OnBytes } from "./on-bytes.ts";
import type { ChunkColumns, FilesRead } from "./read-request.ts";
import { readWindows } from "./read-windows.ts";
import { changedError, foundError } from "./source-errors.ts";
import { FileContent, StreamContent, UnreadableContent, type WindowedContent } from "./windowed-content.ts";

/** A file to be read. */
export interface FileToIngest {
  /** Path that its entry will have. */
  readonly path: string;
  /** Where it is. */
  readonly file: string;
  /** What its size seems to be: decides how it is read. `undefined` where nobody looked at it yet. */
  readonly size: number | undefined;
  /** What stands in its place in the version before: what it may resemble. */
  readonly before?: FileEntry | undefined;
}

/** Short content that is in memory. */
export interface ContentToIngest {
  /** Path that its entry will have. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
  /** What stands in its place in the version before. */
  readonly before?: FileEntry | undefined;
}

/** What became of a file. */
export type Ingested =
  | { readonly kind: "entry"; readonly entry: FileEntry; readonly stat: FreshStat }
  | { readonly kind: "failed"; readonly path: string; readonly error: unknown };

const BATCH_LIMITS: BatchLimits = { bytes: BATCH_BYTES, items: BATCH_FILES, singleBytes: WHOLE_FILE_BYTES };
/** What a file is taken for that nobody looked at. */
const GUESSED_BYTES = 8192;
/** How often a large file that changes while it is read is read again. */
const ATTEMPTS = 3;
const IN_PLACE_FILES = 64;

/** Reads files and hands over their content. */
export class Ingest {
  readonly #pool: ContentPool;
  readonly #storing: ChunkStoring;
  readonly #lists: ContentWriter["chunkListNodes"];
  readonly #older: OlderContent | undefined;
  readonly #adoption: FileAdoption | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #onBytes: OnBytes;
  #started = 0;

  constructor(options: {
    pool: ContentPool;
    sink: ChunkSink;
    /** What other ingests of the same sink bring just now. */
    underWay?: ChunksUnderWay | undefined;
    /** Takes the nodes of chunk lists. */
    lists: ContentWriter["chunkListNodes"];
    /** Where content of older versions is found, for deltas. */
    older?: OlderContent | undefined;
    /** Takes big files whole, where that can be done. */
    adopter?: Adopter | undefined;
    signal?: AbortSignal | undefined;
    /** Hears of content that was read. */
    onBytes?: OnBytes | undefined;
  }) {
    this.#pool = options.pool;
    const { pool, sink, underWay = new ChunksUnderWay(), older } = options;
    this.#storing = new ChunkStoring(pool, sink, underWay, older);
    this.#lists = options.lists;
    this.#older = options.older;
    this.#signal = options.signal;
    this.#onBytes = options.onBytes ?? (() => {});
    const { adopter } = options;
    this.#adoption =
      adopter && new FileAdoption({ ...options, adopter, storing: this.#storing, onBytes: this.#onBytes });
  }

  /** Reads files; gives what became of each, in order. */
  files(files: AsyncIterable<readonly FileToIngest[]>): AsyncGenerator<readonly Ingested[], void, undefined> {
    const batches = inBatches(files, BATCH_LIMITS, sizeOf);
    return sideBySide(batches, this.#pool.width, (batch) => this.#batch(batch), this.#signal);
  }

  /** Takes content from memory or a stream. */
  async content(
    path: string,
    bytes: AsyncIterable<Uint8Array>,
    executable: boolean,
    before?: FileEntry,
  ): Promise<FileEntry> {
    const source = new StreamContent(bytes);
    // As of files: threads are worth their start for more than a little, and then this one is left to others.
    const nextPort = (): ContentPort => (source.wholeLength <= IN_PLACE_BYTES ? this.#pool.inPlace : this.#pool.next());
    try {
      const { digest, size, chunkList } = await this.#large(source, nextPort, path, before);
      this.#onBytes(0, path, true);
      return { path, kind: "file", size, digest, chunkList, executable };
    } finally {
      await source.close();
    }
  }

  /**
   * Takes short contents from memory, so that neighbours share frames.
   *
   * @param contents together at most {@link WINDOW_BYTES}
   */
  async contents(contents: readonly ContentToIngest[]): Promise<readonly FileEntry[]> {
    const { windows } = this.#pool;
    const window = await windows.take();
    let length = 0;
    for (const { bytes } of contents) {
      window.bytes.set(bytes, length);
      length += bytes.length;
    }
    const port = this.#pool.portFor(length);
    const lengths = Uint32Array.from(contents, ({ bytes }) => bytes.length);
    const read = await windows.within(window, () =>
      port.request<FilesRead>({ op: "contents", window: window.number, lengths }),
    );
    const likes = await windows.within(window, () => this.#likesOf(contents, read));
    await this.#storing.store(() => port, window, read, likes);
    let chunk = 0;
    return contents.map(({ path, bytes, executable }, row) => {
      const count = read.files.chunkCounts[row] as number;
      const chunkList = count < 2 ? undefined : this.#chunkList(read, chunk, chunk + count);
      chunk += count;
      const digest = digestFromBytes(read.files.digests, row * DIGEST_BYTES);
      this.#onBytes(bytes.length, path, true);
      return { path, kind: "file", size: bytes.length, digest, chunkList, executable };
    });
  }

  async #batch(batch: readonly FileToIngest[]): Promise<readonly Ingested[]> {
    const [only] = batch as [FileToIngest];
    if (batch.length === 1 && sizeOf(only) > WHOLE_FILE_BYTES) return [await this.#largeFile(only)];
    const nextPort = this.#portsFor(batch);
    const results: Ingested[] = [];
    // What does not fit into a window is asked for again.
    while (results.length < batch.length) await this.#some(nextPort, batch.slice(results.length), results);
    return results;
  }

  /** Reads the first files of a batch, as many as fit. */
  async #some(nextPort: () => ContentPort, batch: readonly FileToIngest[], results: Ingested[]): Promise<void> {
    const paths = batch.map((file) => file.file).join("\0");
    const window = await this.#pool.windows.take();
    const read = await this.#pool.windows.within(window, () =>
      nextPort().request<FilesRead>({ op: "files", window: window.number, paths }),
    );
    const { files } = read;
    const likes = await this.#pool.windows.within(window, () => this.#likesOf(batch, read));
    await this.#storing.store(nextPort, window, read, likes);
    let chunk = 0;
    for (let row = 0; row < batch.length && files.statuses[row] !== readStatus.later; row++) {
      const file = batch[row] as FileToIngest;
      const count = files.chunkCounts[row] as number;
      const status = files.statuses[row] as number;
      if (status === readStatus.ok) {
        const chunkList = count < 2 ? undefined : this.#chunkList(read, chunk, chunk + count);
        results.push(this.#done(entryOf(file.path, files, row, chunkList), files, row));
      } else if (status === readStatus.changed || status === readStatus.large) {
        // It grew, or somebody is writing to it: window by window it may have any size.
        results.push(await this.#largeFile(file));
      } else {
        results.push(failed(file, status, files.errnos[row]));
      }
      chunk += count;
    }
  }

  /** How to find what the chunks of files may resemble; nothing where no file was there before. */
  async #likesOf(batch: readonly Pick<FileToIngest, "before">[], read: FilesRead): Promise<FindLikes | undefined> {
    const parts: { older: OlderChunks; from: number; to: number }[] = [];
    let from = 0;
    for (const [row, { before }] of batch.entries()) {
      const to = from + (read.files.chunkCounts[row] as number);
      const older = from < to && before !== undefined ? await this.#older?.chunksOf(before) : undefined;
      if (older !== undefined) parts.push({ older, from, to });
      from = to;
    }
    if (parts.length === 0) return undefined;
    const { digests, lengths } = read;
    return (wanted) => {
      const likes: (readonly Digest[])[] = Array.from(lengths, () => []);
      for (const { older, from, to } of parts) {
        const some = digests.subarray(from * DIGEST_BYTES, to * DIGEST_BYTES);
        const own = lengths.subarray(from, to);
        const size = own.reduce((sum, length) => sum + length, 0);
        likes.splice(from, to - from, ...older.next(some, own, wanted.subarray(from, to), size));
      }
      return likes;
    };
  }

  #chunkList(read: ChunkColumns, from: number, to: number): Digest | undefined {
    const list = new ChunkListBuilder(this.#lists);
    addChunks(list, read, from, to);
    return list.finish();
  }

  /** The first little work is done in place; threads are worth their start only for more. */
  #portsFor(batch: readonly FileToIngest[]): () => ContentPort {
    const bytes = batch.reduce((sum, file) => sum + sizeOf(file), 0);
    const isLittle = this.#started === 0 && bytes <= IN_PLACE_BYTES && batch.length <= IN_PLACE_FILES;
    this.#started += batch.length;
    return isLittle ? () => this.#pool.inPlace : () => this.#pool.next();
  }

  #done(entry: FileEntry, columns: FileColumns, row: number): Ingested {
    this.#onBytes(entry.size, entry.path, true);
    return { kind: "entry", entry, stat: statOf(columns.stats, row) };
  }

  /** Reads a file window by window, again when it changed meanwhile. */
  async #largeFile(file: FileToIngest): Promise<Ingested> {
    const ingested = await this.#tryLargeFile(file);
    if (ingested.kind === "entry") this.#onBytes(0, file.path, true);
    return ingested;
  }

  async #tryLargeFile(file: FileToIngest): Promise<Ingested> {
    const adopted = await this.#adoption?.adopt(file);
    if (adopted !== undefined) return { kind: "entry", ...adopted };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const source = FileContent.open(this.#pool.fs, file.file);
      if (source.failed !== undefined) return failed(file, source.status, source.failed);
      try {
        const { digest, size, chunkList } = await this.#large(source, () => this.#pool.next(), file.path, file.before);
        const stat = source.finish(size);
        if (stat === undefined) continue;
        const executable = isExecutable(stat);
        const entry: FileEntry = { path: file.path, kind: "file", size, digest, chunkList, executable };
        return { kind: "entry", entry, stat };
      } catch (error) {
        if (!(error instanceof UnreadableContent)) throw error;
        if (error.errno !== undefined) return failed(file, readStatus.failed, error.errno);
      } finally {
        source.close();
      }
    }
    return failed(file, readStatus.changed);
  }

  /** Reads content window by window: while one is stored, the next ones are read. */
  async #large(
    source: WindowedContent,
    nextPort: () => ContentPort,
    path: string,
    before: FileEntry | undefined,
  ): Promise<{ digest: Digest; size: number; chunkList: Digest | undefined }> {
    const list = new ChunkListBuilder(this.#lists);
    const hasher = contentHasher();
    const older = before === undefined ? undefined : await this.#older?.chunksOf(before);
    const storing: Promise<void>[] = [];
    const breather = new Breather();
    let size = 0;
    let first: Digest | undefined;
    try {
      const { windows, inPlace } = this.#pool;
      const readers = { windows, inPlace, next: nextPort };
      for await (const { window, chunks, bytes } of readWindows(source, readers, this.#signal)) {
        const { length } = bytes;
        size += length;
        // Windows of several contents may be there at once: between them others have their turn.
        if (breather.dueAfterLong()) await breather.pause();
        hasher.update(bytes);
        addChunks(list, chunks, 0, chunks.lengths.length, older);
        if (length > 0) first ??= digestFromBytes(chunks.digests, 0);
        const { digests, lengths } = chunks;
        const findLikes = older && ((wanted: Uint8Array) => older.next(digests, lengths, wanted, source.wholeLength));
        const stored = this.#storing.store(nextPort, window, chunks, findLikes);
        stored.catch(ignore);
        storing.push(stored);
        this.#onBytes(length, path, false);
        if (storing.length >= this.#pool.width) await storing.shift();
      }
      await Promise.all(storing);
    } finally {
      await Promise.allSettled(storing);
    }
    const chunkList = list.finish();
    const digest = chunkList === undefined && first !== undefined ? first : hasher.digest();
    return { digest, size, chunkList };
  }
}

function ignore(): void {}

/** A step, and what became of its file. */
export interface Settled<Step> {
  readonly step: Step;
  readonly result: Ingested | undefined;
}

/** Has the files read that steps name; gives the steps, in order, with what became of their files. */
export async function* withContent<Step>(
  ingest: Ingest,
  steps: AsyncIterable<readonly Step[]>,
  fileOf: (step: Step) => FileToIngest | undefined,
): AsyncGenerator<readonly Settled<Step>[], void, undefined> {
  // Steps wait here while the files before them are read.
  const waiting = new Waiting<Step>();
  async function* files(): AsyncGenerator<readonly FileToIngest[], void, undefined> {
    for await (const some of steps) {
      waiting.add(some);
      yield some.map(fileOf).filter((file) => file !== undefined);
    }
  }
  for await (const results of ingest.files(files())) yield settle(waiting, results, fileOf);
  const rest = settle(waiting, [], fileOf);
  if (rest.length > 0) yield rest;
}

/** Takes the steps that are settled with these results, and those after them that need none. */
function settle<Step>(
  waiting: Waiting<Step>,
  results: readonly Ingested[],
  fileOf: (step: Step) => FileToIngest | undefined,
): Settled<Step>[] {
  const settled: Settled<Step>[] = [];
  let used = 0;
  for (let step = waiting.first; step !== undefined; step = waiting.first) {
    const hasFile = fileOf(step) !== undefined;
    if (hasFile && used >= results.length) break;
    settled.push({ step, result: hasFile ? results[used++] : undefined });
    waiting.drop();
  }
  return settled;
}

/**
 * What waits, in the batches in which it came. In one array that is cut off at its beginning and grows at its end, what was
 * cut off would be held, with all that it leads to, until the next large collection.
 */
class Waiting<Item> {
  readonly #batches: (readonly Item[])[] = [];
  /** Of the first batch. */
  #next = 0;

  get first(): Item | undefined {
    return this.#batches[0]?.[this.#next];
  }

  add(items: readonly Item[]): void {
    if (items.length > 0) this.#batches.push(items);
  }

  /** Lets go of the first. */
  drop(): void {
    if (++this.#next < (this.#batches[0] as readonly Item[]).length) return;
    this.#batches.shift();
    this.#next = 0;
  }
}

function entryOf(path: string, columns: FileColumns, row: number, chunkList: Digest | undefined): FileEntry {
  return {
    path,
    kind: "file",
    size: columns.stats[row * STAT_NUMBERS + 1] as number,
    digest: digestFromBytes(columns.digests, row * DIGEST_BYTES),
    chunkList,
    executable: columns.executable[row] === 1,
  };
}

function sizeOf(file: FileToIngest): number {
  return file.size ?? GUESSED_BYTES;
}

function failed(file: FileToIngest, status: number, errno?: string): Ingested {
  const { path } = file;
  if (status === readStatus.failed) {
    return { kind: "failed", path, error: foundError(file.file, Object.assign(new Error(errno), { code: errno })) };
  }
  const what = status === readStatus.changed ? "kept changing while it was read" : "is no longer a file";
  return { kind: "failed", path, error: changedError(file.file, what) };
}
