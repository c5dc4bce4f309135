import { throwIfAborted } from "../errors.ts";
import {
  BODY_BYTES_MAX,
  checkedRemote,
  type ListedKey,
  type Remote,
  type RemoteCallOptions,
  type RemoteRange,
  type RemoteTraits,
} from "../remote/index.ts";

/** A place in memory, and how to open it. It is stricter than real ones: what some place would put up with fails here. */
export interface MemoryPlace {
  /** Opens it; several users of one place see each other's keys. */
  open(): Remote;
}

/** A remote in a place of its own in memory, which it shows the requests of. */
export interface MemoryRemote extends Remote {
  /** What was asked so far, by method. */
  readonly requests: Readonly<Record<"read" | "create" | "list" | "delete", number>>;
}

/** See {@link MemoryPlace}. It is empty. */
export function memoryPlace(): MemoryPlace {
  const kept = new Keys();
  return { open: () => checkedRemote(new Memory(kept)) };
}

/** See {@link MemoryRemote}. It is empty. */
export function memoryRemote(): MemoryRemote {
  const memory = new Memory(new Keys());
  return Object.assign(checkedRemote(memory), { requests: memory.requests });
}

class Memory implements Remote {
  readonly url = "memory:";
  readonly traits: RemoteTraits = {
    concurrency: 16,
    bodyBytesMax: BODY_BYTES_MAX,
    requestBytes: 0,
    creates: "always",
    durable: "unknown",
  };
  readonly requests = { read: 0, create: 0, list: 0, delete: 0 };
  readonly #kept: Keys;

  constructor(kept: Keys) {
    this.#kept = kept;
  }

  async read(key: string, range?: RemoteRange, options: RemoteCallOptions = {}): Promise<Uint8Array | undefined> {
    await this.#begin("read", options);
    const bytes = this.#kept.get(key);
    const part = range === undefined ? bytes?.slice() : bytes?.slice(range.offset, range.offset + range.length);
    if (part !== undefined) await options.onTraffic?.("received", part.length);
    return part;
  }

  async create(key: string, bytes: Uint8Array, options: RemoteCallOptions = {}): Promise<"created" | "exists"> {
    await this.#begin("create", options);
    await options.onTraffic?.("sent", bytes.length);
    throwIfAborted(options.signal);
    if (this.#kept.has(key)) return "exists";
    // A copy: `slice` of a Buffer is none.
    this.#kept.add(key, Uint8Array.from(bytes));
    return "created";
  }

  async *list(prefix: string, after = "", options: RemoteCallOptions = {}): AsyncGenerator<ListedKey, void, undefined> {
    await this.#begin("list", options);
    const keys = [...this.#kept.names()].filter((key) => key.startsWith(prefix) && key > after).sort();
    for (const key of keys) {
      throwIfAborted(options.signal);
      const bytes = this.#kept.get(key);
      if (bytes === undefined) continue;
      await options.onTraffic?.("received", key.length);
      yield { key, size: bytes.length };
    }
  }

  async delete(key: string, options: RemoteCallOptions = {}): Promise<void> {
    await this.#begin("delete", options);
    this.#kept.remove(key);
  }

  async close(): Promise<void> {
    // There is nothing to free; the door refuses calls from here on.
  }

  async #begin(method: keyof Memory["requests"], options: RemoteCallOptions): Promise<void> {
    this.requests[method]++;
    await options.onTraffic?.("requests", 1);
    throwIfAborted(options.signal);
  }
}

/** Keys and their bytes, of which none is where another would have a folder: a place that keeps keys as files could not hold both. */
class Keys {
  readonly #bytes = new Map<string, Uint8Array>();
  /** How many keys each folder would have. */
  readonly #folders = new Map<string, number>();

  names(): Iterable<string> {
    return this.#bytes.keys();
  }

  has(key: string): boolean {
    return this.#bytes.has(key);
  }

  get(key: string): Uint8Array | undefined {
    return this.#bytes.get(key);
  }

  add(key: string, bytes: Uint8Array): void {
    const folders = foldersOf(key);
    const other = this.#folders.has(key) ? key : folders.find((folder) => this.#bytes.has(folder));
    if (other !== undefined) throw new TypeError(`${key} clashes with what is at, or below, ${other}`);
    this.#bytes.set(key, bytes);
    for (const folder of folders) this.#folders.set(folder, (this.#folders.get(folder) ?? 0) + 1);
  }

  remove(key: string): void {
    if (!this.#bytes.delete(key)) return;
    for (const folder of foldersOf(key)) {
      const left = (this.#folders.get(folder) as number) - 1;
      if (left === 0) this.#folders.delete(folder);
      else this.#folders.set(folder, left);
    }
  }
}

/** The folders that a key would lie in. */
function foldersOf(key: string): string[] {
  const parts = key.split("/");
  return parts.slice(1).map((_, count) => parts.slice(0, count + 1).join("/"));
}
