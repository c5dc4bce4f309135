/** Content that is too long to be read whole: it comes window by window, from a file or from a stream. */
import { CHUNK_MAX_BYTES } from "../chunking/index.ts";
import { Breather, type FileStat, type FileSystem, kindOf, openFlags } from "../platform/index.ts";
import { errnoOrThrow, isSameState } from "./blob-reader.ts";
import type { ContentPort } from "./content-pool.ts";
import { readStatus } from "./file-columns.ts";
import type { WindowCut } from "./read-request.ts";
import { WINDOW_BYTES, type Window } from "./windows.ts";

/** What was found in a window. */
export interface Cut {
  /** Lengths of the chunks from its beginning on. */
  readonly lengths: Uint32Array;
  /** How many bytes they are. */
  readonly length: number;
  /** Whether the content ends with them. */
  readonly isEnd: boolean;
}

/** Content that comes window by window, in order. */
export interface WindowedContent {
  /** Settles when something is there to fill a window with. */
  ready(): Promise<void>;
  /** Fills a window with what comes next, and has it cut. */
  cut(port: ContentPort, window: Window): Promise<Cut>;
}

/** The content cannot be read to its end: with an errno, or without one where it changed meanwhile. */
export class UnreadableContent extends Error {
  readonly errno: string | undefined;

  constructor(errno?: string) {
    super("content that cannot be read to its end");
    this.errno = errno;
  }
}

/** A large file, opened. */
export class FileContent implements WindowedContent {
  readonly #fs: FileSystem;
  readonly #file: string;
  #fd: number | undefined;
  #before: FileStat | undefined;
  #position = 0;
  /** Errno, where it could not be opened; "" where it is no file. */
  readonly failed: string | undefined;

  private constructor(fs: FileSystem, file: string) {
    this.#fs = fs;
    this.#file = file;
    try {
      this.#fd = fs.open(file, openFlags.readUserFile);
      this.#before = fs.stat(this.#fd);
      if (kindOf(this.#before) !== "file") this.failed = "";
    } catch (error) {
      this.failed = errnoOrThrow(error);
    }
    if (this.failed !== undefined) this.close();
  }

  static open(fs: FileSystem, file: string): FileContent {
    return new FileContent(fs, file);
  }

  /** What a file that could not be opened is taken for. */
  get status(): number {
    return this.failed === "" ? readStatus.notAFile : readStatus.failed;
  }

  /** Its stat when it was opened. */
  get stat(): FileStat {
    return this.#before as FileStat;
  }

  get descriptor(): number {
    return this.#fd as number;
  }

  /** A path to the open file: on Linux it leads there whatever has become of the file's name. */
  get place(): string {
    return process.platform === "linux" ? `/proc/self/fd/${this.#fd}` : this.#file;
  }

  async ready(): Promise<void> {}

  async cut(port: ContentPort, window: Window): Promise<Cut> {
    const left = (this.#before as FileStat).size - this.#position;
    const isEnd = left < WINDOW_BYTES;
    // One byte more than there should be: a file that grows is noticed, and is not followed for as long as it does.
    const length = isEnd ? left + 1 : WINDOW_BYTES;
    const position = this.#position;
    const request = { op: "cut", window: window.number, fd: this.#fd, position, length, isEnd } as const;
    const { read, failed, lengths } = await port.request<WindowCut>(request);
    if (failed !== undefined) throw new UnreadableContent(failed);
    if (read !== (isEnd ? left : WINDOW_BYTES)) throw new UnreadableContent();
    const taken = sum(lengths);
    this.#position += taken;
    return { lengths, length: taken, isEnd };
  }

  /** The file's stat, if it is what it was when it was opened. @param length what was read of it */
  finish(length: number): FileStat | undefined {
    const after = this.#fs.stat(this.#fd as number);
    return isSameState(this.#before as FileStat, after) && after.size === length ? after : undefined;
  }

  close(): void {
    if (this.#fd !== undefined) this.#fs.close(this.#fd);
    this.#fd = undefined;
  }
}

/** Content from memory or a stream. */
export class StreamContent implements WindowedContent {
  readonly #pieces: AsyncGenerator<Piece, void, undefined>;
  #next: Piece | undefined;
  readonly #breather = new Breather();
  #wholeLength: number = Number.POSITIVE_INFINITY;
  /** What stood in the last window after its last cut: it begins the next one. */
  #rest: Uint8Array = new Uint8Array();

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#pieces = inPieces(bytes);
  }

  /** Waits for the stream, which may take its time. No window is taken meanwhile. */
  async ready(): Promise<void> {
    const next = await this.#pieces.next();
    if (next.done === true) throw new TypeError("a stream goes on after its end");
    const { length, isEnd } = next.value;
    // Of what comes in one piece this is known before any of it is worked on.
    if (this.#next === undefined && isEnd) this.#wholeLength = length;
    this.#next = next.value;
  }

  /** How long it is in all, where that is known: of what came in one piece; else infinite. */
  get wholeLength(): number {
    return this.#wholeLength;
  }

  async cut(port: ContentPort, window: Window): Promise<Cut> {
    const { parts, isEnd } = this.#next as Piece;
    if (this.#breather.dueAfterLong()) await this.#breather.pause();
    let length = 0;
    for (const part of [this.#rest, ...parts]) {
      window.bytes.set(part, length);
      length += part.length;
    }
    const request = { op: "cut", window: window.number, fd: undefined, position: 0, length, isEnd } as const;
    const { lengths } = await port.request<WindowCut>(request);
    const taken = sum(lengths);
    this.#rest = new Uint8Array(window.bytes.subarray(taken, length));
    return { lengths, length: taken, isEnd };
  }

  /** Lets the stream go. */
  async close(): Promise<void> {
    await this.#pieces.return();
  }
}

function sum(lengths: Uint32Array): number {
  return lengths.reduce((total, length) => total + length, 0);
}

/** What of a stream fits into a window beside what is left from the one before, as it came. */
interface Piece {
  readonly parts: readonly Uint8Array[];
  readonly length: number;
  readonly isEnd: boolean;
}

const PIECE_BYTES_MAX: number = WINDOW_BYTES - CHUNK_MAX_BYTES;

/** Brings a stream into pieces, and says which is the last. */
async function* inPieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Piece, void, undefined> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const some of bytes) {
    for (let at = 0; at < some.length; ) {
      const take = Math.min(some.length - at, PIECE_BYTES_MAX - length);
      waiting.push(some.subarray(at, at + take));
      length += take;
      at += take;
      if (length < PIECE_BYTES_MAX) continue;
      yield { parts: waiting, length, isEnd: false };
      waiting = [];
      length = 0;
    }
  }
  yield { parts: waiting, length, isEnd: true };
}
