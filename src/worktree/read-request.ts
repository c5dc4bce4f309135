/**
 * What is asked of a reader of content, and what it answers. Made to travel between threads: columns of numbers instead of
 * objects. A request names the window that it works on, and a reader remembers nothing of it: any reader may go on.
 */
import { BASES_MAX, type EncodedFrames, type FrameEffort, type ObjectType } from "../objects/index.ts";
import type { FileColumns } from "./file-columns.ts";
import type { PlacedColumns } from "./placed-columns.ts";

/** What is asked of a reader. */
export type ReadRequest =
  /** Read small files whole, one after another. Paths are joined by NUL, which no path holds: one text travels faster than many. */
  | { readonly op: "files"; readonly window: number; readonly paths: string }
  /** Look at short contents that lie one after another at the beginning of a window. */
  | { readonly op: "contents"; readonly window: number; readonly lengths: Uint32Array }
  | ChunkRequest
  | RechunkRequest
  | EncodeRequest;

/** Fill a window, cut the content in it as if a chunk began where it begins, and hash the chunks. */
export interface ChunkRequest {
  readonly op: "chunks";
  readonly window: number;
  /** The open file that it is filled from; without one the bytes are there already. */
  readonly fd: number | undefined;
  /** Where in the file to begin. */
  readonly position: number;
  /** How many bytes there should be. */
  readonly length: number;
  /** Whether the content ends with them; else chunks that begin in what the next window holds too are left to that. */
  readonly isEnd: boolean;
}

/** Cut and hash again, from where a chunk does begin, until a cut that is known. */
export interface RechunkRequest {
  readonly op: "rechunk";
  readonly window: number;
  /** Where in the window a chunk begins. */
  readonly from: number;
  /** How many bytes are there. */
  readonly length: number;
  readonly isEnd: boolean;
  /** Lengths of the chunks that were found from the beginning of the window on. */
  readonly known: Uint32Array;
}

/** Pack chunks of a window, those whose byte in `wanted` is not 0. */
export interface EncodeRequest extends ChunkColumns {
  readonly op: "encode";
  readonly window: number;
  readonly wanted: Uint8Array;
  readonly effort: FrameEffort;
  readonly resembling?: Resembling | undefined;
}

/** Which stored chunks the chunks of a window may resemble. */
export interface Resembling {
  /** The store's folder. */
  readonly store: string;
  readonly bases: PlacedColumns;
  /** For each chunk so many rows of `bases`, each plus one; 0 for none. */
  readonly rows: Uint32Array;
}

/** How many rows of bases each chunk has. */
export const BASE_ROWS: number = BASES_MAX;

/** Chunks that lie one after another in a window. */
export interface ChunkColumns {
  /** Where in it the first begins. */
  readonly from: number;
  /** Digests, 32 bytes each. */
  readonly digests: Uint8Array;
  readonly lengths: Uint32Array;
  /** Whether none of them looks as if it could be compressed. Whoever did not look says no. */
  readonly arePlain: boolean;
}

/** Answer to "files" and "contents". */
export interface FilesRead extends ChunkColumns {
  readonly files: FileColumns;
}

/** Answer to "chunks". */
export interface WindowChunked extends ChunkColumns {
  /** How many bytes there were. */
  readonly read: number;
  /** Errno of a read that failed. */
  readonly failed?: string;
}

/** Answer to "rechunk". */
export interface WindowRechunked extends ChunkColumns {
  /** How many of the known chunks they stand in the place of; those after them are right. */
  readonly instead: number;
}

/** Answer to "encode": frames, whose pieces lie in a buffer that travels with them, or in the window. */
export interface FramesOfWindow
  extends Pick<EncodedFrames, "byteLength" | "frameLengths" | "objectCounts" | "digests" | "compared"> {
  readonly type: ObjectType;
  readonly bytes: Uint8Array;
  /** For each piece: 1 where it lies in the window and 0 where it does not, where it begins there, how long it is. */
  readonly pieces: Uint32Array;
}
