import { remoteError } from "./errors.ts";
import type { ListedKey, Remote, RemoteCallOptions } from "./remote.ts";

/** How long nothing may move before a call is given up (rule R31). */
export const STALL_MS = 120_000;

/**
 * A remote whose calls end with UNREACHABLE when nothing moved for a while. Time that a limit of the bandwidth holds them
 * back does not count, and neither does that in which the reader of a list thinks.
 */
export function impatientRemote(remote: Remote, stallMs: number = STALL_MS): Remote {
  const { url } = remote;
  const run = <Result>(
    options: RemoteCallOptions | undefined,
    isChange: boolean,
    call: (options: RemoteCallOptions) => Promise<Result>,
  ): Promise<Result> => new Patience(url, stallMs, options, isChange).run(call);
  return {
    url,
    get traits() {
      return remote.traits;
    },
    read: (key, range, options) => run(options, false, (watched) => remote.read(key, range, watched)),
    create: (key, bytes, options) => run(options, true, (watched) => remote.create(key, bytes, watched)),
    list: (prefix, after, options) => {
      const patience = new Patience(url, stallMs, options, false);
      return patience.list((watched) => remote.list(prefix, after, watched));
    },
    delete: (key, options) => run(options, true, (watched) => remote.delete(key, watched)),
    close: () => remote.close(),
  };
}

/** Watches one call. */
class Patience {
  readonly #options: RemoteCallOptions;
  readonly #stallMs: number;
  readonly #error: () => Error;
  readonly #ended = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, stallMs: number, options: RemoteCallOptions = {}, isChange: boolean) {
    this.#options = options;
    this.#stallMs = stallMs;
    this.#error = () =>
      remoteError("UNREACHABLE", url, `nothing moved for ${stallMs / 1000} seconds`, {
        happened: isChange ? "unknown" : "no",
        transient: true,
        hint: "Check the connection to the remote and try again: what was transferred stays.",
      });
  }

  async run<Result>(call: (options: RemoteCallOptions) => Promise<Result>): Promise<Result> {
    const { signal } = this.#options;
    const stop = (): void => this.#ended.abort(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    this.#start();
    try {
      return await call(this.#watched());
    } finally {
      clearTimeout(this.#timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  async *list(call: (options: RemoteCallOptions) => AsyncIterable<ListedKey>): AsyncGenerator<ListedKey, void, void> {
    const iterator = call(this.#watched())[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.run(() => iterator.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  #watched(): RemoteCallOptions {
    return {
      signal: this.#ended.signal,
      onTraffic: async (what, count) => {
        clearTimeout(this.#timer);
        await this.#options.onTraffic?.(what, count);
        this.#start();
      },
    };
  }

  #start(): void {
    clearTimeout(this.#timer);
    if (!this.#ended.signal.aborted) this.#timer = setTimeout(() => this.#ended.abort(this.#error()), this.#stallMs);
  }
}
