import { remoteError } from "./errors.ts";
import type { ListedKey, Remote, RemoteCallOptions, RemoteRange } from "./remote.ts";

/** What would have been done. */
export interface DryChange {
  readonly change: "create" | "delete";
  readonly key: string;
  /** Bytes of the key, if it would be created. */
  readonly size?: number;
}

/** How to run dry. */
export interface DryRunOptions {
  /** Hears of each change that is not made. */
  readonly onChange?: ((change: DryChange) => void) | undefined;
  /** Keys whose bytes are kept to be read. Default: all. */
  readonly keeps?: ((key: string) => boolean) | undefined;
  /** How many bytes of what would be created are kept to be read, in all. Default 64 MiB; what is longer is only listed. */
  readonly keptBytesMax?: number | undefined;
}

/**
 * A remote to which nothing is done: creates and deletes are told instead, and seen by later reads and lists of this
 * remote.
 */
export function dryRemote(remote: Remote, options: DryRunOptions = {}): Remote {
  return new DryRemote(remote, options);
}

interface Pretended {
  readonly size: number;
  /** Absent where it would have been too much to keep. */
  readonly bytes: Uint8Array | undefined;
}

class DryRemote implements Remote {
  readonly #remote: Remote;
  readonly #onChange: (change: DryChange) => void;
  readonly #keeps: (key: string) => boolean;
  /** `undefined` stands for what would be deleted. */
  readonly #pretended = new Map<string, Pretended | undefined>();
  #keptBytesLeft: number;

  constructor(remote: Remote, options: DryRunOptions) {
    const { onChange = () => undefined, keeps = () => true, keptBytesMax = 64 * 1024 * 1024 } = options;
    this.#remote = remote;
    this.#onChange = onChange;
    this.#keeps = keeps;
    this.#keptBytesLeft = keptBytesMax;
  }

  get url(): string {
    return this.#remote.url;
  }

  get traits(): Remote["traits"] {
    return this.#remote.traits;
  }

  async read(key: string, range?: RemoteRange, options?: RemoteCallOptions): Promise<Uint8Array | undefined> {
    if (!this.#pretended.has(key)) return this.#remote.read(key, range, options);
    // Asked all the same, so that what would fail fails.
    await this.#remote.read(key, { offset: 0, length: 0 }, options);
    const pretended = this.#pretended.get(key);
    if (pretended === undefined) return undefined;
    if (pretended.bytes === undefined) {
      throw remoteError("LIMIT", this.url, `${key} was not kept in this dry run, and cannot be read`);
    }
    return range === undefined
      ? pretended.bytes.slice()
      : pretended.bytes.slice(range.offset, range.offset + range.length);
  }

  async create(key: string, bytes: Uint8Array, options?: RemoteCallOptions): Promise<"created" | "exists"> {
    const there = await this.#remote.read(key, { offset: 0, length: 0 }, options);
    // Between this look and the note below nothing waits: of many creates one wins here too.
    const isThere = this.#pretended.has(key) ? this.#pretended.get(key) !== undefined : there !== undefined;
    if (isThere) return "exists";
    const isKept = this.#keeps(key) && bytes.length <= this.#keptBytesLeft;
    if (isKept) this.#keptBytesLeft -= bytes.length;
    this.#pretended.set(key, { size: bytes.length, bytes: isKept ? Uint8Array.from(bytes) : undefined });
    this.#onChange({ change: "create", key, size: bytes.length });
    return "created";
  }

  async *list(prefix: string, after = "", options?: RemoteCallOptions): AsyncGenerator<ListedKey, void, undefined> {
    const pretended = [...this.#pretended.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    let at = 0;
    const before = function* (this: DryRemote, end?: string): Iterable<ListedKey> {
      for (let key = pretended[at]; key !== undefined && (end === undefined || key < end); key = pretended[++at])
        yield* this.#pretendedAt(key);
    }.bind(this);
    for await (const listed of this.#remote.list(prefix, after, options)) {
      yield* before(listed.key);
      if (!this.#pretended.has(listed.key)) yield listed;
    }
    yield* before();
  }

  async delete(key: string, options?: RemoteCallOptions): Promise<void> {
    await this.#remote.read(key, { offset: 0, length: 0 }, options);
    this.#pretended.set(key, undefined);
    this.#onChange({ change: "delete", key });
  }

  close(): Promise<void> {
    return this.#remote.close();
  }

  *#pretendedAt(key: string): Iterable<ListedKey> {
    const pretended = this.#pretended.get(key);
    if (pretended !== undefined) yield { key, size: pretended.size };
  }
}
