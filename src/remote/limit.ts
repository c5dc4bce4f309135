import type { ListedKey, Remote, RemoteCallOptions } from "./remote.ts";

/**
 * A remote that makes so many calls at once and lets the others wait in turn. A list counts while it fetches, not while
 * its reader thinks.
 *
 * @param callsMax default: as many as pay
 */
export function limitedRemote(remote: Remote, callsMax: number = remote.traits.concurrency): Remote {
  const turns = new Turns(callsMax);
  return {
    url: remote.url,
    get traits() {
      return remote.traits;
    },
    read: (key, range, options) => turns.run(() => remote.read(key, range, options), options),
    create: (key, bytes, options) => turns.run(() => remote.create(key, bytes, options), options),
    list: (prefix, after, options) => listInTurns(turns, remote.list(prefix, after, options), options),
    delete: (key, options) => turns.run(() => remote.delete(key, options), options),
    close: () => remote.close(),
  };
}

async function* listInTurns(
  turns: Turns,
  list: AsyncIterable<ListedKey>,
  options: RemoteCallOptions | undefined,
): AsyncGenerator<ListedKey, void, undefined> {
  const iterator = list[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await turns.run(() => iterator.next(), options);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Lets so many in at once, the others in the order in which they came. */
class Turns {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(count: number) {
    if (!(count >= 1)) throw new TypeError("a limit lets at least one call through");
    this.#free = count;
  }

  async run<Result>(call: () => Promise<Result>, options: RemoteCallOptions = {}): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await this.#wait(options.signal);
    try {
      return await call();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => (): void => {
        this.#waiting.delete(go);
        signal?.removeEventListener("abort", stop);
        end();
      };
      const go = settle(resolve);
      const stop = settle(() => reject(signal?.reason));
      if (signal?.aborted) return reject(signal.reason);
      this.#waiting.add(go);
      signal?.addEventListener("abort", stop);
    });
  }
}
