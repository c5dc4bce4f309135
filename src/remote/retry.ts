import { ArtifoldError, isArtifoldError, throwIfAborted } from "../errors.ts";
import { monotonicNow } from "../platform/index.ts";
import { pause } from "./pause.ts";
import type { ListedKey, Remote, RemoteCallOptions } from "./remote.ts";

/** How often, and how long, to try again. */
export interface RetryOptions {
  /** Tries in a row that moved nothing on. Default 6. */
  readonly triesMax?: number | undefined;
  /** Time for all tries of a call together, in milliseconds; no try begins after it. Default 5 minutes. */
  readonly totalMs?: number | undefined;
  /** The first pause, in milliseconds; each next one is twice as long. Default 250. */
  readonly pauseMs?: number | undefined;
  /** Hears of each failure that is tried again. */
  readonly onRetry?: ((error: ArtifoldError, pauseMs: number) => void) | undefined;
}

const PAUSE_MAX_MS = 15_000;

/**
 * A remote that tries again what failed in passing (rule R31): `info.transient` says so, and nothing else is tried again.
 *
 * Reads and deletes are repeated as they are, lists go on behind the last key that came. A create whose answer was lost
 * may have happened: the key is read back first, and only where it is not there is it tried again. Where it has our bytes
 * the answer is `"created"`: another writer of the very same bytes cannot be told from ourselves.
 */
export function retryingRemote(remote: Remote, options: RetryOptions = {}): Remote {
  return {
    url: remote.url,
    get traits() {
      return remote.traits;
    },
    read: (key, range, call) => new Tries(options, call).run(() => remote.read(key, range, call)),
    create: (key, bytes, call) => createOnce(remote, key, bytes, call, new Tries(options, call)),
    list: (prefix, after, call) => listOn(remote, prefix, after, call, new Tries(options, call)),
    delete: (key, call) => new Tries(options, call).run(() => remote.delete(key, call)),
    close: () => remote.close(),
  };
}

/** Runs what may be repeated as it is until it works, or fails for good. */
export function tryAgain<Result>(
  one: () => Promise<Result>,
  call?: RemoteCallOptions,
  options: RetryOptions = {},
): Promise<Result> {
  return new Tries(options, call).run(one);
}

async function createOnce(
  remote: Remote,
  key: string,
  bytes: Uint8Array,
  call: RemoteCallOptions | undefined,
  tries: Tries,
): Promise<"created" | "exists"> {
  let mayHaveHappened = false;
  return tries.run(
    async () => {
      if (mayHaveHappened) {
        const there = await remote.read(key, { offset: 0, length: bytes.length + 1 }, call);
        if (there !== undefined) return isEqual(there, bytes) ? "created" : "exists";
      }
      try {
        const answer = await remote.create(key, bytes, call);
        if (answer === "created" || !mayHaveHappened) return answer;
      } catch (error) {
        if (isArtifoldError(error) && error.happened === "unknown") mayHaveHappened = true;
        throw error;
      }
      // It came to be after it was read back: by us, late, or by somebody else.
      const there = await remote.read(key, { offset: 0, length: bytes.length + 1 }, call);
      return there !== undefined && isEqual(there, bytes) ? "created" : "exists";
    },
    () => mayHaveHappened,
  );
}

async function* listOn(
  remote: Remote,
  prefix: string,
  after: string | undefined,
  call: RemoteCallOptions | undefined,
  tries: Tries,
): AsyncGenerator<ListedKey, void, undefined> {
  let last = after;
  for (;;) {
    try {
      for await (const listed of remote.list(prefix, last, call)) {
        tries.movedOn();
        last = listed.key;
        yield listed;
      }
      return;
    } catch (error) {
      await tries.after(error);
    }
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** The tries of one call. */
class Tries {
  readonly #options: RetryOptions;
  readonly #signal: AbortSignal | undefined;
  #until = 0;
  #failed = 0;

  constructor(options: RetryOptions, call: RemoteCallOptions | undefined) {
    this.#options = options;
    this.#signal = call?.signal;
    this.movedOn();
  }

  async run<Result>(one: () => Promise<Result>, mayHaveHappened: () => boolean = () => false): Promise<Result> {
    for (;;) {
      try {
        return await one();
      } catch (error) {
        await this.after(error, mayHaveHappened());
      }
    }
  }

  /** Whatever failed before is behind us. */
  movedOn(): void {
    this.#failed = 0;
    this.#until = monotonicNow() + (this.#options.totalMs ?? 300_000);
  }

  /** Waits for the next try, or throws what there is to say after the last. */
  async after(error: unknown, mayHaveHappened = false): Promise<void> {
    throwIfAborted(this.#signal);
    const { triesMax = 6, pauseMs = 250, onRetry } = this.#options;
    this.#failed++;
    if (!isArtifoldError(error)) throw error;
    const longest = Math.min(pauseMs * 2 ** (this.#failed - 1), PAUSE_MAX_MS);
    // Half of it by chance, so that those who failed together do not come back together.
    const ownPause = longest * (0.5 + Math.random() / 2);
    const wait = Math.max(ownPause, Number(error.info["retryAfterMs"] ?? 0));
    const isLast = this.#failed >= triesMax || monotonicNow() + wait > this.#until;
    if (error.info["transient"] !== true || isLast) throw mayHaveHappened ? ofUnknownOutcome(error) : error;
    onRetry?.(error, wait);
    await pause(wait, this.#signal);
  }
}

/** An earlier try may have happened: then that is what the caller has to know, whatever became of the last. */
function ofUnknownOutcome(error: ArtifoldError): ArtifoldError {
  const { code, message, hint, info, happened } = error;
  if (happened !== "no") return error;
  return new ArtifoldError(code, message, {
    info,
    cause: error,
    happened: "unknown",
    ...(hint !== undefined && { hint }),
  });
}
