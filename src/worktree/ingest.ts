/**
 * Turns files of the user's into entries whose content the store has or will have.
 *
 * Files go to readers in batches; what is not stored comes back as frames and goes to the content writer. Batches are
 * under way side by side and come out in the order in which they went in, so that their entries stay in path order.
 */
import { DIGEST_BYTES, type Digest, digestFromBytes } from "../digest/index.ts";
import { throwIfAborted } from "../errors.ts";
import { ChunkListBuilder, type FileEntry } from "../manifest/index.ts";
import type { ContentWriter, EncodedFrames } from "../objects/index.ts";
import { sideBySide } from "../platform/index.ts";
import { type BatchLimits, inBatches } from "./batches.ts";
import { BATCH_BYTES, BATCH_FILES, FEED_BYTES_MAX, WHOLE_FILE_BYTES } from "./blob-reader.ts";
import type { ContentPool, ContentPort } from "./content-pool.ts";
import { type FileColumns, readStatus } from "./file-columns.ts";
import type { ChunkColumns, FilesRead, StreamOpened, WindowRead } from "./read-request.ts";
import { STAT_NUMBERS, type StatNumbers, statOf } from "./run.ts";
import { changedError, foundError } from "./source-errors.ts";

/** A file to be read. */
export interface FileToIngest {
  /** Path that its entry will have. */
  readonly path: string;
  /** Where it is. */
  readonly file: string;
  /** What its size seems to be: decides how it is read. `undefined` where nobody looked at it yet. */
  readonly size: number | undefined;
}

/** What became of a file. */
export type Ingested =
  | { readonly kind: "entry"; readonly entry: FileEntry; readonly stat: StatNumbers }
  | { readonly kind: "failed"; readonly path: string; readonly error: unknown };

/** Takes the chunks that are not stored. */
export interface ChunkSink {
  /** Whether a chunk is to be packed and handed over. A dry run says no, and counts. @param digests has its digest at `at` */
  wants(digests: Uint8Array, at: number, length: number): boolean;
  addChunks(frames: EncodedFrames, rawBytes: number): void;
  /** Settles when there is room for more. */
  ready(): Promise<void>;
}

const BATCH_LIMITS: BatchLimits = { bytes: BATCH_BYTES, items: BATCH_FILES, singleBytes: WHOLE_FILE_BYTES };
/** What a file is taken for that nobody looked at. */
const GUESSED_BYTES = 8192;
/** How often a file that changed while it was read is tried again as a stream. */
const STREAM_ATTEMPTS = 3;
/** Requests that one reader may have waiting, so that it never stands idle. */
const REQUESTS_AHEAD = 2;
/** With less to read than this, threads are not started. */
const IN_PLACE_BYTES: number = 1024 * 1024;
const IN_PLACE_FILES = 64;

/** Reads files and hands over their content. */
export class Ingest {
  readonly #pool: ContentPool;
  readonly #sink: ChunkSink;
  readonly #lists: ContentWriter["chunkListNodes"];
  readonly #signal: AbortSignal | undefined;
  readonly #onBytes: (bytes: number, path: string) => void;
  /** Chunks that a reader is packing: they are neither stored nor wanted again. */
  readonly #underWay = new Set<Digest>();
  #started = 0;

  constructor(options: {
    pool: ContentPool;
    sink: ChunkSink;
    /** Takes the nodes of chunk lists. */
    lists: ContentWriter["chunkListNodes"];
    signal?: AbortSignal | undefined;
    /** Hears of content that was read. */
    onBytes?: ((bytes: number, path: string) => void) | undefined;
  }) {
    this.#pool = options.pool;
    this.#sink = options.sink;
    this.#lists = options.lists;
    this.#signal = options.signal;
    this.#onBytes = options.onBytes ?? (() => {});
  }

  /** Reads files; gives what became of each, in order. */
  files(files: AsyncIterable<readonly FileToIngest[]>): AsyncGenerator<readonly Ingested[], void, undefined> {
    const ahead = this.#pool.width * REQUESTS_AHEAD;
    return sideBySide(inBatches(files, BATCH_LIMITS, sizeOf), ahead, (batch) => this.#batch(batch), this.#signal);
  }

  /** Takes content from memory or a stream. */
  async content(path: string, bytes: AsyncIterable<Uint8Array>, executable: boolean): Promise<FileEntry> {
    const port = this.#pool.inPlace;
    const { stream } = await port.request<StreamOpened>({ op: "begin" });
    const chunks = new ChunkCollector(this.#lists);
    try {
      for await (const { piece, end } of inPieces(bytes)) {
        throwIfAborted(this.#signal);
        const read = await port.request<WindowRead>({ op: "feed", stream, bytes: piece, end });
        await this.#store(port, read);
        chunks.add(read);
        this.#onBytes(piece.length, path);
        if (read.end !== undefined) return { ...entryOf(path, read.end, 0, chunks.finish()), executable };
      }
      throw new TypeError("a stream ended without an end");
    } finally {
      await port.request({ op: "close", stream });
    }
  }

  async #batch(batch: readonly FileToIngest[]): Promise<readonly Ingested[]> {
    const port = this.#choosePort(batch);
    const [only] = batch as [FileToIngest];
    if (batch.length === 1 && sizeOf(only) > WHOLE_FILE_BYTES) return [await this.#large(port, only)];
    const results: Ingested[] = [];
    // What does not fit into the reader's buffer is asked for again.
    while (results.length < batch.length) await this.#some(port, batch.slice(results.length), results);
    return results;
  }

  /** Reads the first files of a batch, as many as fit. */
  async #some(port: ContentPort, batch: readonly FileToIngest[], results: Ingested[]): Promise<void> {
    const paths = batch.map((file) => file.file).join("\0");
    const read = await port.request<FilesRead>({ op: "files", paths });
    await this.#store(port, read);
    const { files } = read;
    let chunk = 0;
    for (let row = 0; row < batch.length && files.statuses[row] !== readStatus.later; row++) {
      const file = batch[row] as FileToIngest;
      const count = files.chunkCounts[row] as number;
      const status = files.statuses[row] as number;
      if (status === readStatus.ok) {
        const chunkList = count < 2 ? undefined : this.#chunkList(read, chunk, chunk + count);
        results.push(this.#done(entryOf(file.path, files, row, chunkList), files, row));
      } else if (status === readStatus.changed || status === readStatus.large) {
        // It grew, or somebody is writing to it: as a stream it may have any size.
        results.push(await this.#large(port, file));
      } else {
        results.push(failed(file, status, files.errnos[row]));
      }
      chunk += count;
    }
  }

  #chunkList(read: ChunkColumns, from: number, to: number): Digest | undefined {
    const chunks = new ChunkCollector(this.#lists);
    chunks.add(read, from, to);
    return chunks.finish();
  }

  /** The first little work is done in place; threads are worth their start only for more. */
  #choosePort(batch: readonly FileToIngest[]): ContentPort {
    const bytes = batch.reduce((sum, file) => sum + sizeOf(file), 0);
    const isLittle = this.#started === 0 && bytes <= IN_PLACE_BYTES && batch.length <= IN_PLACE_FILES;
    this.#started += batch.length;
    return isLittle ? this.#pool.inPlace : this.#pool.next();
  }

  #done(entry: FileEntry, columns: FileColumns, row: number): Ingested {
    this.#onBytes(entry.size, entry.path);
    return { kind: "entry", entry, stat: statOf(columns.stats, row) };
  }

  /** Reads a file window by window, again when it changed meanwhile. */
  async #large(port: ContentPort, file: FileToIngest): Promise<Ingested> {
    for (let attempt = 0; attempt < STREAM_ATTEMPTS; attempt++) {
      const opened = await port.request<StreamOpened>({ op: "open", path: file.file });
      if (opened.failed !== undefined) {
        return failed(file, opened.failed === "" ? readStatus.notAFile : readStatus.failed, opened.failed);
      }
      const chunks = new ChunkCollector(this.#lists);
      const end = await this.#windows(port, opened.stream, chunks, file.path);
      if (end.statuses[0] === readStatus.ok) {
        return { kind: "entry", entry: entryOf(file.path, end, 0, chunks.finish()), stat: statOf(end.stats, 0) };
      }
      if (end.statuses[0] === readStatus.failed) return failed(file, readStatus.failed, end.errnos[0]);
    }
    return failed(file, readStatus.changed);
  }

  async #windows(port: ContentPort, stream: number, chunks: ChunkCollector, path: string): Promise<FileColumns> {
    let isOpen = true;
    try {
      // One window is read while the one before is packed and written.
      let storing: Promise<void> = Promise.resolve();
      for (;;) {
        throwIfAborted(this.#signal);
        const read = await port.request<WindowRead>({ op: "window", stream });
        isOpen = read.end === undefined;
        await storing;
        chunks.add(read);
        this.#onBytes(
          read.lengths.reduce((sum, length) => sum + length, 0),
          path,
        );
        storing = this.#store(port, read);
        storing.catch(() => {});
        if (read.end !== undefined) {
          await storing;
          return read.end;
        }
      }
    } finally {
      if (isOpen) await port.request({ op: "close", stream });
    }
  }

  /** Has the chunks packed that nobody has yet. */
  async #store(port: ContentPort, read: ChunkColumns): Promise<void> {
    const wanted = new Uint8Array(read.lengths.length);
    const claimed: Digest[] = [];
    let rawBytes = 0;
    for (let index = 0; index < wanted.length; index++) {
      const at = index * DIGEST_BYTES;
      const length = read.lengths[index] as number;
      if (!this.#sink.wants(read.digests, at, length)) continue;
      const digest = digestFromBytes(read.digests, at);
      if (this.#underWay.has(digest)) continue;
      this.#underWay.add(digest);
      claimed.push(digest);
      wanted[index] = 1;
      rawBytes += length;
    }
    if (claimed.length === 0) {
      await port.request({ op: "release", batch: read.batch });
      return;
    }
    const frames = await port.request<EncodedFrames>({ op: "encode", batch: read.batch, wanted });
    this.#sink.addChunks(frames, rawBytes);
    for (const digest of claimed) this.#underWay.delete(digest);
    await this.#sink.ready();
  }
}

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
  const waiting: Step[] = [];
  async function* files(): AsyncGenerator<readonly FileToIngest[], void, undefined> {
    for await (const some of steps) {
      waiting.push(...some);
      yield some.map(fileOf).filter((file) => file !== undefined);
    }
  }
  for await (const results of ingest.files(files())) yield settle(waiting, results, fileOf);
  const rest = settle(waiting, [], fileOf);
  if (rest.length > 0) yield rest;
}

/** Takes the steps that are settled with these results, and those after them that need none. */
function settle<Step>(
  waiting: Step[],
  results: readonly Ingested[],
  fileOf: (step: Step) => FileToIngest | undefined,
): Settled<Step>[] {
  const settled: Settled<Step>[] = [];
  let next = 0;
  let used = 0;
  for (let step = waiting[next]; step !== undefined; step = waiting[++next]) {
    const hasFile = fileOf(step) !== undefined;
    if (hasFile && used >= results.length) break;
    settled.push({ step, result: hasFile ? results[used++] : undefined });
  }
  waiting.splice(0, next);
  return settled;
}

/** Brings a stream into pieces that a reader takes, and says which is the last. */
async function* inPieces(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ piece: Uint8Array; end: boolean }, void, undefined> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const some of bytes) {
    for (let at = 0; at < some.length; ) {
      const take = Math.min(some.length - at, FEED_BYTES_MAX - length);
      waiting.push(some.subarray(at, at + take));
      length += take;
      at += take;
      if (length < FEED_BYTES_MAX) continue;
      yield { piece: Buffer.concat(waiting), end: false };
      waiting = [];
      length = 0;
    }
  }
  yield { piece: Buffer.concat(waiting), end: true };
}

/** Follows the chunks of one file and makes its entry. */
class ChunkCollector {
  readonly #list: ChunkListBuilder;

  constructor(lists: ContentWriter["chunkListNodes"]) {
    this.#list = new ChunkListBuilder(lists);
  }

  add(columns: ChunkColumns, from = 0, to: number = columns.lengths.length): void {
    for (let index = from; index < to; index++) {
      this.#list.add({
        digest: digestFromBytes(columns.digests, index * DIGEST_BYTES),
        length: columns.lengths[index] as number,
      });
    }
  }

  /** The root of the list; `undefined` for less than two chunks. */
  finish(): Digest | undefined {
    return this.#list.finish();
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
