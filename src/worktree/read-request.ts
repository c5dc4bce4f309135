/**
 * What is asked of a reader of content, and what it answers. Made to travel between threads: columns of numbers instead of
 * objects.
 */
import type { FileColumns } from "./file-columns.ts";

/** What is asked of a reader. */
export type ReadRequest =
  /** Read small files whole. Paths are joined by NUL, which no path holds: one text travels faster than many. */
  | { readonly op: "files"; readonly paths: string }
  /** Open a large file. */
  | { readonly op: "open"; readonly path: string }
  /** Read on in an open file. */
  | { readonly op: "window"; readonly stream: number }
  /** Take content that is already in memory: a window of what `begin` began. */
  | { readonly op: "begin" }
  | { readonly op: "feed"; readonly stream: number; readonly bytes: Uint8Array; readonly end: boolean }
  /** Give up an open file. */
  | { readonly op: "close"; readonly stream: number }
  /** Pack the chunks of a batch whose byte in `wanted` is not 0, and free the batch. */
  | { readonly op: "encode"; readonly batch: number; readonly wanted: Uint8Array }
  /** Free a batch of which nothing is wanted. */
  | { readonly op: "release"; readonly batch: number };

/** Chunks that were read: which batch holds them, and what they are. */
export interface ChunkColumns {
  readonly batch: number;
  /** Digests, 32 bytes each. */
  readonly digests: Uint8Array;
  readonly lengths: Uint32Array;
}

/** Answer to "files". */
export interface FilesRead extends ChunkColumns {
  readonly files: FileColumns;
}

/** Answer to "open" and "begin". */
export interface StreamOpened {
  readonly stream: number;
  /** Errno when the file could not be opened; "" when it is no file. */
  readonly failed?: string;
}

/** Answer to "window" and "feed". */
export interface WindowRead extends ChunkColumns {
  /** There when the end was reached, or reading cannot go on. The stream is closed then. */
  readonly end?: FileColumns;
}
