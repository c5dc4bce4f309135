/**
 * Runs of the stat cache: some hundreds of neighbouring names of a folder with what their stat was and what they held.
 *
 * Columns, not rows: a sweep compares numbers and never makes an object for a file that did not change. The layout is this
 * machine's own (a cache, never part of the format): a checksum, counts, columns of numbers, digests, texts.
 */
import { DIGEST_BYTES, digestFromBytes, digestToBytes, hashContentBytes } from "../digest/index.ts";
import { comparePaths, type Entry } from "../manifest/index.ts";
import { type FileStat, isExecutable, kindOf } from "../platform/index.ts";

/** What the cache can remember. */
export type CachedEntry = Exclude<Entry, { kind: "reference" }>;

/** The numbers that tell whether a file is still the one that was read. The device is left out: it changes at mounts. */
export interface StatNumbers {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** How many numbers of a stat a row has. */
const STAT_NUMBERS = 4;

function statOf(column: Float64Array, row: number): StatNumbers {
  const at = row * STAT_NUMBERS;
  return {
    ino: column[at] as number,
    size: column[at + 1] as number,
    mtimeMs: column[at + 2] as number,
    ctimeMs: column[at + 3] as number,
  };
}

function putStat(column: Float64Array, row: number, stat: StatNumbers): void {
  const at = row * STAT_NUMBERS;
  column[at] = stat.ino;
  column[at + 1] = stat.size;
  column[at + 2] = stat.mtimeMs;
  column[at + 3] = stat.ctimeMs;
}

/** One row on its way into a run. */
export interface NewRow {
  readonly entry: CachedEntry;
  /** Absent for an empty folder, of which only the name counts. */
  readonly stat: StatNumbers | undefined;
  /** Whether the file was so young when it was read that a later change may not show in its times. */
  readonly racy: boolean;
}

const KIND_FILE = 0;
const KIND_EXECUTABLE = 1;
const KIND_FOLDER = 2;
const KIND_LINK = 3;
const KIND_MASK = 3;
const FLAG_RACY = 4;
const FLAG_LIST = 8;

const CHECKSUM_BYTES = 16;
const HEAD_BYTES = 32;
/** Two million sums of so many bytes are exact as a number. */
const SUM_BYTES = 4;

/** Whether a run is as it was packed. */
export function isWholeRun(data: Buffer): boolean {
  if (data.length < HEAD_BYTES) return false;
  const checksum = hashContentBytes(data.subarray(CHECKSUM_BYTES)).subarray(0, CHECKSUM_BYTES);
  return data.subarray(0, CHECKSUM_BYTES).equals(checksum);
}

/** What a whole run adds to the sum of all: a part of its checksum. */
export function sumOfRun(data: Buffer): number {
  return data.readUIntLE(0, SUM_BYTES);
}

/** How many rows a whole run has. */
export function rowsOfRun(data: Buffer): number {
  return data.readUInt32LE(CHECKSUM_BYTES);
}

/** Rows of a run, one after another, that go into another run as they are. */
export interface RowRange {
  readonly view: RunView;
  readonly from: number;
  readonly to: number;
}

/** Packs rows. */
export function encodeRun(parts: readonly (NewRow | RowRange)[]): Buffer {
  const { paths, targets, digestCount } = measured(parts);
  const texts = Buffer.from(paths.concat(targets).join("\0"), "utf8");
  const flagsAt = HEAD_BYTES + paths.length * STAT_NUMBERS * 8;
  const digestsAt = flagsAt + pad(paths.length);
  const textsAt = digestsAt + digestCount * DIGEST_BYTES;
  const data = Buffer.alloc(textsAt + texts.length);
  data.writeUInt32LE(paths.length, CHECKSUM_BYTES);
  data.writeUInt32LE(digestCount, CHECKSUM_BYTES + 4);
  const numbers = new Float64Array(paths.length * STAT_NUMBERS);
  let row = 0;
  let digestAt = digestsAt;
  for (const part of parts) {
    if ("view" in part) {
      const copied = part.view.rows(part.from, part.to);
      numbers.set(copied.numbers, row * STAT_NUMBERS);
      data.set(copied.flags, flagsAt + row);
      data.set(copied.digests, digestAt);
      row += copied.flags.length;
      digestAt += copied.digests.length;
      continue;
    }
    const { entry, stat, racy } = part;
    const hasList = entry.kind === "file" && entry.chunkList !== undefined;
    data[flagsAt + row] = kindFlag(entry) | (racy ? FLAG_RACY : 0) | (hasList ? FLAG_LIST : 0);
    if (stat !== undefined) putStat(numbers, row, stat);
    row++;
    if (entry.kind !== "file") continue;
    digestToBytes(entry.digest, data, digestAt);
    if (entry.chunkList !== undefined) digestToBytes(entry.chunkList, data, digestAt + DIGEST_BYTES);
    digestAt += digestsOf(entry) * DIGEST_BYTES;
  }
  data.set(new Uint8Array(numbers.buffer), HEAD_BYTES);
  data.set(texts, textsAt);
  data.set(hashContentBytes(data.subarray(CHECKSUM_BYTES)).subarray(0, CHECKSUM_BYTES), 0);
  return data;
}

/** The texts of rows, and how many digests they have. */
function measured(parts: readonly (NewRow | RowRange)[]): { paths: string[]; targets: string[]; digestCount: number } {
  const paths: string[] = [];
  const targets: string[] = [];
  let digestCount = 0;
  for (const part of parts) {
    if ("view" in part) {
      const copied = part.view.rows(part.from, part.to);
      for (const path of copied.paths) paths.push(path);
      for (const target of copied.targets) targets.push(target);
      digestCount += copied.digests.length / DIGEST_BYTES;
      continue;
    }
    paths.push(part.entry.path);
    if (part.entry.kind === "link") targets.push(part.entry.target);
    digestCount += digestsOf(part.entry);
  }
  return { paths, targets, digestCount };
}

/** Columns of some rows of a run. */
interface CopiedRows {
  readonly numbers: Float64Array;
  readonly flags: Uint8Array;
  readonly digests: Uint8Array;
  readonly paths: readonly string[];
  readonly targets: readonly string[];
}

function digestsOf(entry: CachedEntry): number {
  if (entry.kind !== "file") return 0;
  return entry.chunkList === undefined ? 1 : 2;
}

function kindFlag(entry: CachedEntry): number {
  if (entry.kind === "file") return entry.executable ? KIND_EXECUTABLE : KIND_FILE;
  return entry.kind === "folder" ? KIND_FOLDER : KIND_LINK;
}

function pad(length: number): number {
  return (length + 7) & ~7;
}

/** A run being compared with what is in the folder. */
export class RunView {
  readonly count: number;
  readonly #numbers: Float64Array;
  readonly #flags: Uint8Array;
  readonly #digests: Uint8Array;
  readonly #paths: readonly string[];
  readonly #targets: readonly string[];

  private constructor(data: Buffer) {
    this.count = rowsOfRun(data);
    const digestCount = data.readUInt32LE(CHECKSUM_BYTES + 4);
    const numbersEnd = HEAD_BYTES + this.count * STAT_NUMBERS * 8;
    const flagsEnd = numbersEnd + pad(this.count);
    const digestsEnd = flagsEnd + digestCount * DIGEST_BYTES;
    // Copied, for what SQLite gives need not be aligned.
    this.#numbers = new Float64Array(new Uint8Array(data.subarray(HEAD_BYTES, numbersEnd)).buffer);
    this.#flags = data.subarray(numbersEnd, flagsEnd);
    this.#digests = data.subarray(flagsEnd, digestsEnd);
    const texts = data.toString("utf8", digestsEnd).split("\0");
    this.#paths = texts.slice(0, this.count);
    this.#targets = texts.slice(this.count);
  }

  /** Opens a run; `undefined` for bytes that are not what was written: the files are read again then. */
  static open(data: Buffer): RunView | undefined {
    return isWholeRun(data) ? new RunView(data) : undefined;
  }

  /** Opens a run that is known to be whole. */
  static ofWhole(data: Buffer): RunView {
    return new RunView(data);
  }

  path(index: number): string {
    return this.#paths[index] as string;
  }

  /** Whether what is there now is, by its stat, what was there when it was read. Racy rows never are. */
  matches(index: number, stat: FileStat | undefined): boolean {
    const flags = this.#flags[index] as number;
    if ((flags & KIND_MASK) === KIND_FOLDER) return stat === undefined;
    if (stat === undefined || (flags & FLAG_RACY) !== 0) return false;
    const kind = kindOf(stat) === "link" ? KIND_LINK : isExecutable(stat) ? KIND_EXECUTABLE : KIND_FILE;
    const at = index * STAT_NUMBERS;
    const numbers = this.#numbers;
    return (
      (flags & KIND_MASK) === kind &&
      numbers[at] === stat.ino &&
      numbers[at + 1] === stat.size &&
      numbers[at + 2] === stat.mtimeMs &&
      numbers[at + 3] === stat.ctimeMs
    );
  }

  /** Size of a file, in bytes. */
  size(index: number): number {
    return this.#numbers[index * STAT_NUMBERS + 1] as number;
  }

  /** What was there. */
  entry(index: number): CachedEntry {
    const path = this.path(index);
    const flags = this.#flags[index] as number;
    switch (flags & KIND_MASK) {
      case KIND_FOLDER:
        return { path, kind: "folder" };
      case KIND_LINK:
        return { path, kind: "link", target: this.#targets[this.#countBefore(index, KIND_LINK)] as string };
      default: {
        const at = this.#digestPlace(index);
        return {
          path,
          kind: "file",
          size: this.size(index),
          digest: digestFromBytes(this.#digests, at),
          chunkList: (flags & FLAG_LIST) === 0 ? undefined : digestFromBytes(this.#digests, at + DIGEST_BYTES),
          executable: (flags & KIND_MASK) === KIND_EXECUTABLE,
        };
      }
    }
  }

  /** The first row whose path is at or behind one, looked for from a row on; `count` when there is none. */
  rowAt(path: string, from: number): number {
    let low = from;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePaths(this.path(middle), path) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Rows as they can be packed again. */
  rows(from: number, to: number): CopiedRows {
    return {
      numbers: this.#numbers.subarray(from * STAT_NUMBERS, to * STAT_NUMBERS),
      flags: this.#flags.subarray(from, to),
      digests: this.#digests.subarray(this.#digestPlace(from), this.#digestPlace(to)),
      paths: this.#paths.slice(from, to),
      targets:
        this.#targets.length === 0
          ? []
          : this.#targets.slice(this.#countBefore(from, KIND_LINK), this.#countBefore(to, KIND_LINK)),
    };
  }

  /** The row as it can be packed again. */
  row(index: number): NewRow {
    const flags = this.#flags[index] as number;
    const stat = (flags & KIND_MASK) === KIND_FOLDER ? undefined : statOf(this.#numbers, index);
    return { entry: this.entry(index), stat, racy: (flags & FLAG_RACY) !== 0 };
  }

  #places: Uint32Array | undefined;

  /** Where the digests of a row begin, and those of the last end; worked out once for all rows. */
  #digestPlace(index: number): number {
    if (this.#places === undefined) {
      this.#places = new Uint32Array(this.count + 1);
      let at = 0;
      for (let row = 0; row < this.count; row++) {
        const flags = this.#flags[row] as number;
        if ((flags & KIND_MASK) <= KIND_EXECUTABLE) at += (flags & FLAG_LIST) === 0 ? DIGEST_BYTES : 2 * DIGEST_BYTES;
        this.#places[row + 1] = at;
      }
    }
    return this.#places[index] as number;
  }

  #countBefore(index: number, kind: number): number {
    let count = 0;
    for (let row = 0; row < index; row++) if (((this.#flags[row] as number) & KIND_MASK) === kind) count++;
    return count;
  }
}
