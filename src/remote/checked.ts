/** The door of every kind of remote: misuse is refused here, so that what lies below gets exact arguments. */
import { throwIfAborted } from "../errors.ts";
import { remoteError } from "./errors.ts";
import { keyProblem, prefixProblem } from "./key.ts";
import type { ListedKey, Remote, RemoteCallOptions, RemoteRange, RemoteTraits } from "./remote.ts";

/** A remote as its kind makes it: its methods may rely on keys, ranges and lengths being right, and on not being closed. */
export type UncheckedRemote = Remote;

/** Gives a remote the door. */
export function checkedRemote(remote: UncheckedRemote): Remote {
  return new CheckedRemote(remote);
}

class CheckedRemote implements Remote {
  readonly #remote: UncheckedRemote;
  #closing: Promise<void> | undefined;

  constructor(remote: UncheckedRemote) {
    this.#remote = remote;
  }

  get url(): string {
    return this.#remote.url;
  }

  get traits(): RemoteTraits {
    return this.#remote.traits;
  }

  async read(key: string, range?: RemoteRange, options: RemoteCallOptions = {}): Promise<Uint8Array | undefined> {
    this.#begin(options);
    checkKey(key);
    if (range !== undefined) checkRange(range);
    return this.#remote.read(key, range, options);
  }

  async create(key: string, bytes: Uint8Array, options: RemoteCallOptions = {}): Promise<"created" | "exists"> {
    this.#begin(options);
    checkKey(key);
    const { bodyBytesMax } = this.#remote.traits;
    if (bytes.length > bodyBytesMax) {
      throw remoteError("LIMIT", this.url, `${key} would have ${bytes.length} bytes, and at most ${bodyBytesMax} fit`);
    }
    return this.#remote.create(key, bytes, options);
  }

  async *list(prefix: string, after = "", options: RemoteCallOptions = {}): AsyncGenerator<ListedKey, void, undefined> {
    this.#begin(options);
    for (const beginning of [prefix, after]) {
      const problem = prefixProblem(beginning);
      if (problem !== undefined) throw new TypeError(`"${beginning}" begins no key: ${problem}`);
    }
    for await (const listed of this.#remote.list(prefix, after, options)) {
      yield listed;
      this.#begin(options);
    }
  }

  async delete(key: string, options: RemoteCallOptions = {}): Promise<void> {
    this.#begin(options);
    checkKey(key);
    await this.#remote.delete(key, options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#remote.close();
    return this.#closing;
  }

  #begin({ signal }: RemoteCallOptions): void {
    throwIfAborted(signal);
    if (this.#closing !== undefined) throw new TypeError("the remote is closed");
  }
}

function checkKey(key: string): void {
  const problem = keyProblem(key);
  if (problem !== undefined) throw new TypeError(`"${key}" is no key: ${problem}`);
}

function checkRange({ offset, length }: RemoteRange): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0)
    throw new TypeError("a range is made of whole numbers from 0 on");
  if (!Number.isSafeInteger(offset + length)) throw new TypeError("a range ends below 2^53");
}
