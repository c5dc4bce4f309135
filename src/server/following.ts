/**
 * Has a store know what was pushed to the place that its server offers: at the start, after each push, and when somebody asks,
 * for others may write there too. What fails is tried again, and one artifact that cannot be taken holds up no other.
 */
import { decodeMark, MARK_BYTES_MAX, MARK_KEY } from "../logs/index.ts";
import { monotonicNow } from "../platform/index.ts";
import type { Remote } from "../remote/index.ts";
import type { Store } from "../store/index.ts";

/** Name of the place among the store's remotes. */
const NAME = "served";
/** Before the first try after a failure; after each more it is twice as long. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 5 * 60_000;
/** How long nobody's question has it looked for what others pushed, after a look; of a slow place longer. */
const REST_MS = 10_000;
const REST_FACTOR = 20;

/** What to follow, and how. */
export interface FollowingOptions {
  /** The place, which stays open. */
  readonly remote: Remote;
  /** Its address. */
  readonly url: string;
  /** Hears why something of it is not known to the store: while that does not change, once. */
  readonly onError: (error: unknown) => void;
  readonly retryMs?: number | undefined;
  readonly restMs?: number | undefined;
}

/** Follows one place, one pull after another. */
export class Following {
  readonly #store: Store;
  readonly #options: FollowingOptions;
  readonly #ending = new AbortController();
  readonly #leftOut = new Set<string>();
  #failure: string | undefined;
  #isWanted = false;
  #underWay: Promise<void> | undefined;
  #restsUntil = 0;
  #wake: () => void = () => {};

  constructor(store: Store, options: FollowingOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Something was pushed. */
  follow(): void {
    this.#isWanted = true;
    this.#wake();
    this.#underWay ??= this.#run();
  }

  /** Somebody else may have pushed something. */
  lookAgain(): void {
    if (this.#underWay === undefined && monotonicNow() >= this.#restsUntil) this.follow();
  }

  async end(): Promise<void> {
    this.#ending.abort(new Error("the server ends"));
    this.#wake();
    await this.#underWay;
  }

  async #run(): Promise<void> {
    const { retryMs = RETRY_MS, restMs = REST_MS } = this.#options;
    let pauseMs = retryMs;
    while (this.#isWanted && !this.#ending.signal.aborted) {
      this.#isWanted = false;
      const begun = monotonicNow();
      try {
        await this.#pull();
        pauseMs = retryMs;
        this.#failure = undefined;
        this.#restsUntil = monotonicNow() + Math.max(restMs, (monotonicNow() - begun) * REST_FACTOR);
      } catch (error) {
        if (this.#ending.signal.aborted) break;
        if (this.#failure !== String(error)) this.#options.onError(error);
        this.#failure = String(error);
        this.#isWanted = true;
        await this.#pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX);
      }
    }
    this.#underWay = undefined;
  }

  async #pull(): Promise<void> {
    const { remote, url } = this.#options;
    const { signal } = this.#ending;
    const mark = await remote.read(MARK_KEY, { offset: 0, length: MARK_BYTES_MAX }, { signal });
    // Nobody has pushed yet.
    if (mark === undefined) return;
    // First, for what the store knows then is read from there.
    await this.#store.remotes.place(NAME, url, decodeMark(mark).id);
    await this.#store.pull({ remote, metadataOnly: true, signal, onLeftOut: (error) => this.#leaveOut(error) });
  }

  #leaveOut(error: unknown): void {
    const reason = String(error);
    if (this.#leftOut.has(reason)) return;
    this.#leftOut.add(reason);
    this.#options.onError(error);
  }

  /** Waits, but not where something was pushed meanwhile: then the place is there again. */
  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}
