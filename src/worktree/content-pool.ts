/** Spreads reading and writing of files over worker threads, or does it in place. */
import type { TransferListItem } from "node:worker_threads";
import type { SharedMemory } from "../chunking/index.ts";
import { type FileSystem, nodeFileSystem, PooledWorker } from "../platform/index.ts";
import { BlobReader } from "./blob-reader.ts";
import { BlobWriter, type WriteRequest } from "./blob-writer.ts";
import { type CheckRequest, checkChunks } from "./check-chunks.ts";
import { FollowingHashes, type FollowRequest } from "./following-hash.ts";
import { type HashFileRequest, hashFile } from "./hash-file.ts";
import { type LookRequest, lookAtRun } from "./look-at-run.ts";
import { CheckedPieces } from "./past-memory.ts";
import { type FramesRequest, PlacedReader } from "./placed-reader.ts";
import type { ReadRequest } from "./read-request.ts";
import { Windows } from "./windows.ts";
import { contentWorkerScript } from "./worker-script.ts";

/** What a thread is asked to do. */
export type ContentRequest =
  | ReadRequest
  | WriteRequest
  | LookRequest
  | HashFileRequest
  | FollowRequest
  | CheckRequest
  | FramesRequest;

/** Answers requests, here or in a thread. Requests to one port are answered in order. */
export interface ContentPort {
  /** How many requests wait. */
  readonly load: number;
  request<Answer>(request: ContentRequest): Promise<Answer>;
}

/** Does what requests ask, in whichever thread it is. */
export class ContentHandler {
  readonly #fs: FileSystem;
  readonly #chunks: PlacedReader;
  readonly #reader: BlobReader;
  readonly #writer: BlobWriter;
  readonly #following: FollowingHashes;
  readonly #pieces: CheckedPieces;

  constructor(fs: FileSystem, memory: SharedMemory) {
    this.#fs = fs;
    this.#pieces = new CheckedPieces(fs);
    this.#chunks = new PlacedReader(fs, this.#pieces);
    this.#reader = new BlobReader(fs, memory, this.#chunks);
    this.#writer = new BlobWriter(fs, this.#chunks);
    this.#following = new FollowingHashes(fs);
  }

  /** @returns the answer, or a promise of it: nothing else may be asked before it is there */
  handle(request: ContentRequest): unknown {
    if (request.op === "look") return lookAtRun(this.#fs, request);
    if (request.op === "hash-file") return hashFile(this.#fs, this.#pieces, request.path);
    if (request.op.startsWith("follow-")) return this.#following.handle(request as FollowRequest);
    if (request.op === "read-frames") return this.#chunks.readFrames(request);
    if (request.op === "check") return checkChunks(this.#fs, this.#pieces, request);
    return request.op.startsWith("write-")
      ? this.#writer.handle(request as WriteRequest)
      : this.#reader.handle(request as ReadRequest);
  }

  close(): void {
    this.#following.close();
    this.#writer.close();
    this.#chunks.close();
  }
}

/** Requests that one thread may have waiting, so that it never stands idle. */
const REQUESTS_AHEAD = 2;

/** With less to do than this, threads are not started. */
export const IN_PLACE_BYTES: number = 1024 * 1024;
/** Work on so little takes less time than telling a thread of it. */
const TINY_BYTES: number = 16 * 1024;

/** The threads of one store, and the handler of this thread. */
export class ContentPool {
  readonly fs: FileSystem;
  readonly #workers: PooledWorker[] = [];
  readonly #workerCount: number;
  #windows: Windows | undefined;
  #inPlace: InPlacePort | undefined;
  #inPlaceBytes = 0;

  /** @param workers how many threads to use once the work is worth it; a file system of the caller's own allows none */
  constructor(fs: FileSystem, workers: number) {
    this.fs = fs;
    this.#workerCount = fs === nodeFileSystem ? workers : 0;
  }

  /** How many requests may be under way at once. */
  get width(): number {
    return Math.max(1, this.#workerCount) * REQUESTS_AHEAD;
  }

  /** Whether threads can work while this one does. */
  get isSideBySide(): boolean {
    return this.#workerCount > 1;
  }

  /** Where content is read to: a window for each request under way, and one that is being written. */
  get windows(): Windows {
    this.#windows ??= new Windows(this.width + 1);
    return this.#windows;
  }

  /** The port with the least to do. Threads are started when all others are busy. */
  next(): ContentPort {
    if (this.#workerCount === 0) return this.inPlace;
    const idle = this.#workers.find((worker) => worker.load === 0);
    if (idle !== undefined) return idle;
    if (this.#workers.length < this.#workerCount) return this.#start();
    return this.#workers.reduce((least, worker) => (worker.load < least.load ? worker : least));
  }

  /** Starts all threads, for whoever knows that there will be work for them: their start takes a while. */
  startAll(): void {
    while (this.#workers.length < this.#workerCount) this.#start();
  }

  #start(): PooledWorker {
    const worker = new PooledWorker(contentWorkerScript, this.windows.memory);
    this.#workers.push(worker);
    return worker;
  }

  /** The port for work on content that is here already: once it has become more than a little, this thread is left to others. */
  portFor(bytes: number): ContentPort {
    if (bytes <= TINY_BYTES) return this.inPlace;
    this.#inPlaceBytes += bytes;
    return this.#inPlaceBytes <= IN_PLACE_BYTES ? this.inPlace : this.next();
  }

  /** The handler of this thread: for little work, which a thread would not be worth. */
  get inPlace(): ContentPort {
    this.#inPlace ??= new InPlacePort(this.fs, this.windows.memory);
    return this.#inPlace;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#inPlace?.close();
    await Promise.all(this.#workers.map((worker) => worker.end()));
    this.#workers.length = 0;
  }
}

class InPlacePort implements ContentPort {
  readonly load = 0;
  readonly #handler: ContentHandler;
  /** Settles when what is under way is done: one after another, as in a thread. */
  #busy: Promise<void> | undefined;

  constructor(fs: FileSystem, memory: SharedMemory) {
    this.#handler = new ContentHandler(fs, memory);
  }

  async request<Answer>(request: ContentRequest): Promise<Answer> {
    while (this.#busy !== undefined) await this.#busy;
    const answer = this.#handler.handle(request);
    if (!(answer instanceof Promise)) return answer as Answer;
    const done = (): void => {
      this.#busy = undefined;
    };
    this.#busy = answer.then(done, done);
    return answer as Promise<Answer>;
  }

  close(): void {
    this.#handler.close();
  }
}

/** The buffers of an answer that are moved to the thread that asked, not copied. */
export function transferable(value: unknown): TransferListItem[] {
  const bytes = (value as { bytes?: unknown } | undefined)?.bytes;
  return bytes instanceof Uint8Array && bytes.byteLength > 0 ? [bytes.buffer as ArrayBuffer] : [];
}
