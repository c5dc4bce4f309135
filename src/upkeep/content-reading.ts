/** Reads the content of files to check it: each file once, however many versions have it. */
import { contentHasher, type Digest } from "../digest/index.ts";
import { isArtifoldError, throwIfAborted } from "../errors.ts";
import { type FileEntry, readChunkList } from "../manifest/index.ts";
import type { ObjectStore } from "../objects/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { whatLacks } from "./presence.ts";
import type { ContentCheck } from "./reach.ts";

/** One reading. */
export class ContentReading implements ContentCheck {
  /** Bytes that were read. */
  bytes = 0;
  readonly #objects: ObjectStore;
  readonly #call: LongCallOptions;
  readonly #pause: () => Promise<void>;
  /** Lengths of chunks that were read, or what is wrong with them. */
  readonly #chunks = new Map<Digest, number | string>();
  /** What is wrong with files that were read, if anything. */
  readonly #files = new Map<string, string | undefined>();
  #count = 0;

  constructor(objects: ObjectStore, call: LongCallOptions, pause: () => Promise<void>) {
    this.#objects = objects;
    this.#call = call;
    this.#pause = pause;
  }

  isThere(digest: Digest): string | undefined {
    return whatLacks(this.#objects, digest, () => false);
  }

  chunk({ digest, size }: FileEntry): string | undefined {
    let found = this.#chunks.get(digest);
    if (found === undefined) {
      const read = this.#read(digest);
      found = typeof read === "string" ? read : read.length;
      this.#chunks.set(digest, found);
    }
    if (typeof found === "string") return found;
    return found === size ? undefined : wrongLength(digest, found, size);
  }

  async file(entry: FileEntry): Promise<string | undefined> {
    // Of entries with equal keys the content is the same, right or wrong.
    const key = `${entry.digest} ${entry.chunkList} ${entry.size}`;
    if (!this.#files.has(key)) this.#files.set(key, await this.#readAll(entry));
    return this.#files.get(key);
  }

  async #readAll(entry: FileEntry): Promise<string | undefined> {
    const source = { readNode: (digest: Digest) => this.#objects.read(digest, "chunkListNode") };
    const hasher = contentHasher();
    for await (const chunks of readChunkList(source, entry.chunkList as Digest, entry.size)) {
      for (const { digest, length } of chunks) {
        const read = this.#read(digest);
        if (typeof read === "string") return read;
        if (read.length !== length) return wrongLength(digest, read.length, length);
        hasher.update(read);
        await this.#pause();
      }
    }
    return hasher.digest() === entry.digest ? undefined : "its chunks do not make the content that a version says";
  }

  /** Reads a chunk; says why it cannot be read. */
  #read(digest: Digest): Uint8Array | string {
    const read = this.#tried(digest);
    if (typeof read !== "string") this.bytes += read.length;
    this.#call.onProgress?.({ phase: "verify", files: ++this.#count, bytes: this.bytes });
    throwIfAborted(this.#call.signal);
    return read;
  }

  #tried(digest: Digest): Uint8Array | string {
    try {
      return this.#objects.read(digest, "chunk");
    } catch (error) {
      if (!isArtifoldError(error)) throw error;
      return error.message;
    }
  }
}

function wrongLength(digest: Digest, length: number, expected: number): string {
  return `chunk ${digest} has ${length} bytes where a version has ${expected}`;
}
