/** Content that is too long to be read whole: it comes window by window, from a file or from a stream. */
import { Breather, type FileStat, type FileSystem, kindOf, openFlags } from "../platform/index.ts";
import { errnoOrThrow, isSameState } from "./blob-reader.ts";
import type { ContentPort } from "./content-pool.ts";
import { readStatus } from "./file-columns.ts";
import type { WindowChunked } from "./read-request.ts";
import { WINDOW_BYTES, WINDOW_STEP_BYTES, type Window } from "./windows.ts";

/** A window that content has come into. */
export interface Filled {
  /** Whether the content ends with it. */
  readonly isEnd: boolean;
  /** What is in it, cut as if a chunk began with it: only of the first window that is so for sure. */
  readonly chunked: Promise<WindowChunked>;
}

/** Content that comes window by window, in order, each {@link WINDOW_STEP_BYTES} after the one before. */
export interface WindowedContent {
  /** How long it is in all, in bytes, as far as that is known by now; else infinite. */
  readonly wholeLength: number;
  /** Settles when something is there to fill a window with. */
  ready(): Promise<void>;
  /** Fills a window with what comes next, and has it cut and hashed. Others may be filled meanwhile. */
  fill(port: ContentPort, window: Window): Filled;
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

  get wholeLength(): number {
    return this.stat.size;
  }

  async ready(): Promise<void> {}

  fill(port: ContentPort, window: Window): Filled {
    const position = this.#position;
    this.#position += WINDOW_STEP_BYTES;
    return { isEnd: this.stat.size - position < WINDOW_BYTES, chunked: this.lookAt(port, window, position) };
  }

  /** Fills a window with what stands at some place, and has it cut as if a chunk began there. */
  lookAt(port: ContentPort, window: Window, position: number): Promise<WindowChunked> {
    const left = this.stat.size - position;
    const isEnd = left < WINDOW_BYTES;
    return this.#chunked(port, window, position, isEnd ? left : WINDOW_BYTES, isEnd);
  }

  async #chunked(
    port: ContentPort,
    window: Window,
    position: number,
    there: number,
    isEnd: boolean,
  ): Promise<WindowChunked> {
    // One byte more than there should be: a file that grows is noticed, and is not followed for as long as it does.
    const length = isEnd ? there + 1 : there;
    const request = { op: "chunks", window: window.number, fd: this.#fd, position, length, isEnd } as const;
    const chunked = await port.request<WindowChunked>(request);
    if (chunked.failed !== undefined) throw new UnreadableContent(chunked.failed);
    if (chunked.read !== there) throw new UnreadableContent();
    return chunked;
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
    if (this.#breather.dueAfterLong()) await this.#breather.pause();
    const next = await this.#pieces.next();
    if (next.done === true) throw new TypeError("a stream goes on after its end");
    const { length, isEnd } = next.value;
    // Of what comes in one piece this is known before any of it is worked on.
    if (this.#next === undefined && isEnd) this.#wholeLength = length;
    this.#next = next.value;
  }

  /** Known of what came in one piece. */
  get wholeLength(): number {
    return this.#wholeLength;
  }

  fill(port: ContentPort, window: Window): Filled {
    const { parts, isEnd } = this.#next as Piece;
    let length = 0;
    for (const part of [this.#rest, ...parts]) {
      window.bytes.set(part, length);
      length += part.length;
    }
    if (!isEnd) this.#rest = new Uint8Array(window.bytes.subarray(WINDOW_STEP_BYTES, length));
    const request = { op: "chunks", window: window.number, fd: undefined, position: 0, length, isEnd } as const;
    return { isEnd, chunked: port.request<WindowChunked>(request) };
  }

  /** Lets the stream go. */
  async close(): Promise<void> {
    await this.#pieces.return();
  }
}

/** What of a stream fits into a window beside what is left from the one before, as it came. */
interface Piece {
  readonly parts: readonly Uint8Array[];
  readonly length: number;
  readonly isEnd: boolean;
}

/** Brings a stream into pieces that fill windows, and says which is the last. */
async function* inPieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Piece, void, undefined> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  let most = WINDOW_BYTES;
  for await (const some of bytes) {
    for (let at = 0; at < some.length; ) {
      const take = Math.min(some.length - at, most - length);
      waiting.push(some.subarray(at, at + take));
      length += take;
      at += take;
      if (length < most) continue;
      yield { parts: waiting, length, isEnd: false };
      waiting = [];
      length = 0;
      most = WINDOW_STEP_BYTES;
    }
  }
  yield { parts: waiting, length, isEnd: true };
}
