/**
 * A file of the store that content is copied to, piece by piece: past the page cache where that can be done. It is flushed
 * before anybody hears of it, so that making pages for it would take more time than the disk, and put out of memory what
 * others need.
 */
import { errnoOf } from "../errors.ts";
import { type FileSystem, openFlags, PAGE_BYTES, writeFullyLater } from "../platform/index.ts";
import type { AdoptedContent } from "./adoption.ts";

/** A copy in the making. */
export class FileCopy implements AdoptedContent {
  /** Its temporary name. */
  readonly file: string;
  readonly #fs: FileSystem;
  readonly #fd: number;
  /** The same file, for what is written past the page cache; `undefined` where that cannot be done. */
  readonly #past: number | undefined;
  readonly #writing = new Set<Promise<void>>();
  #writtenBytes = 0;
  #failure: unknown;
  #isOpen = true;

  private constructor(fs: FileSystem, file: string, fd: number, past: number | undefined) {
    this.#fs = fs;
    this.file = file;
    this.#fd = fd;
    this.#past = past;
  }

  /** Begins a copy under a name that is not taken. */
  static create(fs: FileSystem, file: string): FileCopy {
    const fd = fs.open(file, openFlags.createNew, 0o600);
    return new FileCopy(fs, file, fd, openPast(fs, file));
  }

  /**
   * Writes bytes where they belong. They must stay as they are until it settles, which it never does with an error: a write
   * that failed is told by `failure` and by `finish`.
   */
  async write(bytes: Uint8Array, position: number): Promise<void> {
    const writing = this.#write(bytes, position).catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#writing.add(writing);
    await writing;
    this.#writing.delete(writing);
    this.#writtenBytes += bytes.length;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Why the copy is of no use any more. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Makes it durable and read-only. */
  async finish(): Promise<void> {
    await this.#settled();
    if (this.#failure !== undefined) throw this.#failure;
    await this.#fs.flush(this.#fd);
    await this.close();
    this.#fs.setMode(this.file, 0o400);
  }

  /** Lets its descriptors go. */
  async close(): Promise<void> {
    // They must not be closed under a write that is still on its way.
    await this.#settled();
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const fd of [this.#fd, this.#past]) if (fd !== undefined) this.#fs.close(fd);
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    if (this.#past !== undefined && (position | bytes.length) % PAGE_BYTES === 0) {
      try {
        return await writeFullyLater(this.#fs, this.#past, bytes, position);
      } catch (error) {
        // Some file systems only say now that they cannot, and where the bytes lie may not suit them.
        if (!CANNOT.includes(errnoOf(error) ?? "")) throw error;
      }
    }
    await writeFullyLater(this.#fs, this.#fd, bytes, position);
  }
}

/** Linux and its file systems do not agree on which of these says that something cannot be done. */
const CANNOT: readonly string[] = ["EINVAL", "EOPNOTSUPP", "ENOTSUP"];

/** Whatever hinders it, the file can be written without. */
function openPast(fs: FileSystem, file: string): number | undefined {
  if (openFlags.writePastMemory === undefined) return undefined;
  try {
    return fs.open(file, openFlags.writePastMemory);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
