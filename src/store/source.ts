/** Content that is given as bytes: at once or piece by piece, from memory or a stream. */
import type { Readable } from "node:stream";
import { ArtifoldError, isArtifoldError, throwIfAborted } from "../errors.ts";

/** Content that can be added: a path of a file or folder, or bytes from wherever (then `as` says where they go). */
export type Source = string | Uint8Array | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | Readable;

/**
 * The pieces of content that is given as bytes.
 *
 * @param as the path that it goes to, for errors
 * @throws ArtifoldError READ_FAILED when the stream fails; TypeError for what is no bytes
 */
export async function* bytesOf(
  source: Exclude<Source, string>,
  as: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) {
    yield source;
    return;
  }
  const { next, stop } = source instanceof ReadableStream ? fromWebStream(source) : fromIterable(source);
  try {
    for (;;) {
      const result = await nextOf(next, as, signal);
      if (result.done === true) return;
      yield bytesOfPiece(result.value);
    }
  } finally {
    // Not waited for: a source that hangs may never answer.
    stop();
  }
}

async function nextOf(next: Pieces["next"], as: string, signal: AbortSignal | undefined): ReturnType<Pieces["next"]> {
  try {
    return await orAborted(next(), signal);
  } catch (error) {
    throwIfAborted(signal);
    if (isArtifoldError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ArtifoldError("READ_FAILED", `the stream for ${as} failed: ${reason}`, {
      cause: error,
      info: { path: as },
    });
  }
}

function bytesOfPiece(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (typeof piece === "string") return Buffer.from(piece);
  if (ArrayBuffer.isView(piece)) return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  if (piece instanceof ArrayBuffer) return new Uint8Array(piece);
  throw new TypeError(`a stream of content gives bytes, not ${piece === null ? "null" : typeof piece}`);
}

interface Pieces {
  next(): Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>;
  /** Says that no more is wanted. After the end it does nothing. */
  stop(): void;
}

function fromWebStream(stream: ReadableStream<unknown>): Pieces {
  const reader = stream.getReader();
  return {
    next: () => reader.read(),
    stop: () => void reader.cancel().catch(() => {}),
  };
}

function fromIterable(source: Partial<AsyncIterable<unknown>> & { destroy?(): unknown }): Pieces {
  const pieces = source[Symbol.asyncIterator]?.();
  if (pieces === undefined) throw new TypeError("content is a path, bytes, or a stream of bytes");
  return {
    next: () => pieces.next(),
    stop: () => {
      // A Node stream that waits for data hears only this.
      source.destroy?.();
      pieces.return?.().then(undefined, () => {});
    },
  };
}

/** What a promise comes to, unless the signal is quicker. */
function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
