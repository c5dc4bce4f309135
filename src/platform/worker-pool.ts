/**
 * A pool of threads that answer requests. Each thread runs a script that calls {@link serveRequests}.
 *
 * Threads are started at the first request and kept out of the way of the process's end.
 */
import { availableParallelism } from "node:os";
import type { TransferListItem, Worker } from "node:worker_threads";
import { ArtifoldError, type ErrorCode, type ErrorDetails, isArtifoldError } from "../errors.ts";

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface Answer {
  id: number;
  value?: unknown;
  error?: TravellingError;
}

/** One thread of a pool. Requests to one thread are answered in the order they were made. */
export class PooledWorker {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #dead: Error | undefined;

  /** @param data what the script finds as its `workerData` */
  constructor(script: URL, data?: unknown) {
    const { Worker } = threads();
    this.#worker = new Worker(script, { workerData: data, resourceLimits: { maxYoungGenerationSizeMb: 8 } });
    this.#worker.unref();
    this.#worker.on("message", (answer: Answer) => this.#settle(answer));
    this.#worker.on("error", (error) => this.#fail(error as Error));
    this.#worker.on("exit", (code) => this.#fail(new Error(`a worker thread ended with code ${code}`)));
  }

  /** How many requests wait for an answer. */
  get load(): number {
    return this.#pending.size;
  }

  /** Sends a request; what is in `transfer` moves to the thread and must not be used here any more. */
  request<T>(message: unknown, transfer: readonly TransferListItem[] = []): Promise<T> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      // A process must not end while an answer is awaited, and must be free to end otherwise.
      if (this.#pending.size === 1) this.#worker.ref();
      this.#worker.postMessage({ id, message }, transfer);
    });
  }

  /** Ends the thread; requests that still wait are refused. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if (pending === undefined) return;
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if (answer.error !== undefined) pending.reject(rebuildError(answer.error));
    else pending.resolve(answer.value);
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#dead);
    this.#pending.clear();
  }
}

/** Taken when it is needed, and not imported: most calls of the command start no thread. */
function threads(): typeof import("node:worker_threads") {
  return process.getBuiltinModule("node:worker_threads");
}

/** The number of threads that pay on this machine for work that reads, hashes and compresses. */
export function defaultWorkerCount(): number {
  return Math.min(availableParallelism(), 8);
}

/**
 * Runs in a worker: answers each request with what `handle` returns, in the order of the requests.
 *
 * @param handle gives the answer and what to move (not copy) with it
 */
export function serveRequests(
  handle: (message: unknown) => Promise<{ value: unknown; transfer?: readonly TransferListItem[] }>,
): void {
  const { parentPort: port } = threads();
  if (port === null) throw new Error("serveRequests is for worker threads only");
  let last = Promise.resolve();
  port.on("message", ({ id, message }: { id: number; message: unknown }) => {
    last = last.then(async () => {
      try {
        const { value, transfer = [] } = await handle(message);
        port.postMessage({ id, value }, transfer);
      } catch (error) {
        port.postMessage({ id, error: describeError(error) });
      }
      // Memory of addons that is no longer used is given back between turns of the event loop, of which there is none while
      // requests wait: hundreds of MiB in one upload.
      await nextTurn();
    });
  });
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** An error as it can travel between threads: a class would lose its own fields on the way. */
interface TravellingError {
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
  readonly isArtifoldError: boolean;
  readonly details: ErrorDetails;
}

function describeError(error: unknown): TravellingError {
  const { message, stack, code } = error as Error & { code?: unknown };
  const ours = isArtifoldError(error) ? error : undefined;
  const details: ErrorDetails =
    ours === undefined
      ? {}
      : { happened: ours.happened, info: ours.info, ...(ours.hint === undefined ? {} : { hint: ours.hint }) };
  return { message: String(message), stack, code, isArtifoldError: ours !== undefined, details };
}

function rebuildError(travelled: TravellingError): Error {
  if (travelled.isArtifoldError) {
    return new ArtifoldError(travelled.code as ErrorCode, travelled.message, travelled.details);
  }
  const error = new Error(travelled.message);
  if (travelled.stack !== undefined) error.stack = travelled.stack;
  return travelled.code === undefined ? error : Object.assign(error, { code: travelled.code });
}
