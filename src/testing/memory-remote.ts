import { throwIfAborted } from "../errors.ts";
import { keyProblem, type ListedKey, type Remote, type RemoteRange } from "../remote/index.ts";

/** A remote in memory, stricter than real ones: misuse that some place would put up with is an error here. */
export function memoryRemote(): MemoryRemote {
  return new MemoryRemote();
}

/** See {@link memoryRemote}. Made anew it is empty; several users of one see each other's keys. */
export class MemoryRemote implements Remote {
  readonly url = "memory:";
  /** What was asked so far, by method. */
  readonly requests = { read: 0, create: 0, list: 0, delete: 0 };
  readonly #kept = new Map<string, Uint8Array>();
  #open = true;

  async read(key: string, range?: RemoteRange, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    this.#begin("read", key, signal);
    if (range !== undefined && !(range.offset >= 0 && range.length >= 0))
      throw new TypeError("a range is not negative");
    const bytes = this.#kept.get(key);
    if (bytes === undefined || range === undefined) return bytes?.slice();
    return bytes.slice(range.offset, range.offset + range.length);
  }

  async create(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<"created" | "exists"> {
    this.#begin("create", key, signal);
    if (this.#kept.has(key)) return "exists";
    for (const other of this.#kept.keys()) {
      // A place that keeps keys as files cannot hold both.
      if (other.startsWith(`${key}/`) || key.startsWith(`${other}/`)) throw new TypeError(`${key} and ${other} clash`);
    }
    this.#kept.set(key, bytes.slice());
    return "created";
  }

  async *list(prefix: string, after = "", signal?: AbortSignal): AsyncGenerator<ListedKey, void, undefined> {
    this.#begin("list", undefined, signal);
    const keys = [...this.#kept.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    for (const key of keys) {
      throwIfAborted(signal);
      const bytes = this.#kept.get(key);
      if (bytes !== undefined) yield { key, size: bytes.length };
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    this.#begin("delete", key, signal);
    this.#kept.delete(key);
  }

  async close(): Promise<void> {
    this.#open = false;
  }

  #begin(method: keyof MemoryRemote["requests"], key: string | undefined, signal: AbortSignal | undefined): void {
    throwIfAborted(signal);
    if (!this.#open) throw new TypeError("the remote is closed");
    const problem = key === undefined ? undefined : keyProblem(key);
    if (problem !== undefined) throw new TypeError(`"${key}" is no key: ${problem}`);
    this.requests[method]++;
  }
}
