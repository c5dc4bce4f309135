/**
 * Many files in one body: of each a line of JSON, `{"path": …, "size": …}` and a line feed, then as many bytes as it tells.
 * Between them stands nothing.
 */
import { ArtifoldError } from "../errors.ts";
import type { NewFile } from "../store/index.ts";

/** Longest line: a path of 4,096 bytes, each of them escaped. */
const LINE_BYTES_MAX = 32 * 1024;
/** Most files in one body: all that is said of them in the answer is in memory. */
const FILES_MAX = 10_000;
const LINE_FEED = 0x0a;

/** What a line says. */
interface Head {
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

/**
 * The files of a body, in order. The content of each is to be read to its end before the next one is asked for.
 *
 * @throws ArtifoldError USAGE, LIMIT
 */
export async function* filesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<NewFile, void, undefined> {
  const bytes = new BodyReader(body);
  for (let count = 0; !(await bytes.isAtEnd()); count++) {
    if (count === FILES_MAX) throw new ArtifoldError("LIMIT", `a body has at most ${FILES_MAX} files`);
    const { path, size, executable } = headOf(await bytes.line());
    yield { as: path, executable, content: bytes.take(size) };
  }
}

function headOf(line: Uint8Array): Head {
  let head: unknown;
  try {
    head = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch (error) {
    throw new ArtifoldError("USAGE", "before each file stands a line of JSON", { cause: error });
  }
  const { path, size, executable = false, ...rest } = (head ?? {}) as { readonly [key: string]: unknown };
  const isHead =
    typeof path === "string" &&
    Number.isSafeInteger(size) &&
    (size as number) >= 0 &&
    typeof executable === "boolean" &&
    Object.keys(rest).length === 0;
  if (!isHead) throw new ArtifoldError("USAGE", "the line before a file has path, size, and maybe executable");
  return { path, size: size as number, executable };
}

/** Reads a body from its beginning to its end, keeping no more than the piece that came last. */
class BodyReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = new Uint8Array();

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#pieces = body[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#piece.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return true;
      this.#piece = next.value;
    }
    return false;
  }

  /** The bytes before the next line feed. */
  async line(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let length = 0; length <= LINE_BYTES_MAX; ) {
      if (await this.isAtEnd()) throw cutShort();
      const end = this.#piece.indexOf(LINE_FEED);
      const part = this.#next(end === -1 ? this.#piece.length : end);
      parts.push(part);
      length += part.length;
      if (end === -1) continue;
      this.#next(1);
      return Buffer.concat(parts);
    }
    throw new ArtifoldError("USAGE", `the line before a file has at most ${LINE_BYTES_MAX} bytes`);
  }

  /** The next bytes, as they come. */
  async *take(size: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = size; left > 0; ) {
      if (await this.isAtEnd()) throw cutShort();
      const part = this.#next(Math.min(left, this.#piece.length));
      left -= part.length;
      yield part;
    }
  }

  #next(length: number): Uint8Array {
    const part = this.#piece.subarray(0, length);
    this.#piece = this.#piece.subarray(length);
    return part;
  }
}

function cutShort(): ArtifoldError {
  return new ArtifoldError("USAGE", "the body ends within a file, or the line before one");
}
