/** What became of files that were read, as columns of numbers, which travel between threads at little cost. */
import { DIGEST_BYTES } from "../digest/index.ts";
import { type FileStat, isExecutable } from "../platform/index.ts";
import type { StatNumbers } from "./run.ts";

/** A stat that was just taken, and of which file system. */
export interface FreshStat extends StatNumbers {
  readonly dev: number;
}

/** How many numbers a stat has in a column. */
export const STAT_NUMBERS = 5;

/** Reads the stat of a row from a column of them. */
export function statOf(column: Float64Array, row: number): FreshStat {
  const at = row * STAT_NUMBERS;
  return {
    ino: column[at] as number,
    size: column[at + 1] as number,
    mtimeMs: column[at + 2] as number,
    ctimeMs: column[at + 3] as number,
    dev: column[at + 4] as number,
  };
}

/** Writes a stat as a row of a column. */
export function putStat(column: Float64Array, row: number, stat: FreshStat): void {
  const at = row * STAT_NUMBERS;
  column[at] = stat.ino;
  column[at + 1] = stat.size;
  column[at + 2] = stat.mtimeMs;
  column[at + 3] = stat.ctimeMs;
  column[at + 4] = stat.dev;
}

/** How reading a file ended; `large` and `later` are of files that were not read: too long for it, or for what was left. */
export const readStatus = { ok: 0, changed: 1, notAFile: 2, failed: 3, large: 4, later: 5 } as const;

/** What became of files: one row a file. */
export interface FileColumns {
  readonly statuses: Uint8Array;
  /** Errno of those that failed, by row. */
  readonly errnos: { readonly [row: number]: string };
  readonly executable: Uint8Array;
  /** Stats of the descriptors that were read. */
  readonly stats: Float64Array;
  /** Digests of whole contents, 32 bytes each. */
  readonly digests: Uint8Array;
  /** How many of the chunks are a file's: 0 for an empty one. */
  readonly chunkCounts: Uint32Array;
}

/** Fills file columns. */
export class FileRows {
  readonly #statuses: Uint8Array;
  readonly #executable: Uint8Array;
  readonly #stats: Float64Array;
  readonly #digests: Uint8Array;
  readonly #chunkCounts: Uint32Array;
  readonly #errnos: { [row: number]: string } = {};

  constructor(count: number) {
    this.#statuses = new Uint8Array(count);
    this.#executable = new Uint8Array(count);
    this.#stats = new Float64Array(count * STAT_NUMBERS);
    this.#digests = new Uint8Array(count * DIGEST_BYTES);
    this.#chunkCounts = new Uint32Array(count);
  }

  setStat(row: number, stat: FileStat): void {
    this.#executable[row] = isExecutable(stat) ? 1 : 0;
    putStat(this.#stats, row, stat);
  }

  setContent(row: number, digest: Uint8Array, chunks: number): void {
    this.#statuses[row] = readStatus.ok;
    this.#digests.set(digest, row * DIGEST_BYTES);
    this.#chunkCounts[row] = chunks;
  }

  fail(row: number, status: number, errno?: string): void {
    this.#statuses[row] = status;
    if (errno !== undefined) this.#errnos[row] = errno;
  }

  columns(): FileColumns {
    return {
      statuses: this.#statuses,
      errnos: this.#errnos,
      executable: this.#executable,
      stats: this.#stats,
      digests: this.#digests,
      chunkCounts: this.#chunkCounts,
    };
  }
}
