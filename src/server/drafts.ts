/** Versions that clients are about to make, between one request and the next. */
import { ArtifoldError } from "../errors.ts";
import { randomHex } from "../platform/index.ts";
import type { Artifact, ArtifactQuery } from "../store/index.ts";
import type { Login } from "./login.ts";
import type { UserStores } from "./user-stores.ts";

/** How long a draft waits for the next request. */
const IDLE_MS = 60 * 60 * 1000;
/** How long it holds the store's lock meanwhile: without it, each of many requests would have to look at the store anew. */
const REST_MS = 30_000;
const DRAFTS_MAX = 64;
const DRAFTS_OF_ONE_MAX = 16;
/** Requests that are at work with drafts, each of which may have some MiB in memory. */
const USES_MAX = 64;
const USES_OF_ONE_MAX = 16;

interface Held {
  readonly owner: string;
  readonly artifact: Artifact;
  readonly release: () => void;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** Requests that are at work with it. */
  uses: number;
}

/** The drafts of a server. Each is for the login alone that opened it. */
export class Drafts {
  readonly #stores: UserStores;
  readonly #restMs: number;
  readonly #held = new Map<string, Held>();

  /** @param restMs how long a draft waits before it lets go of the store's lock */
  constructor(stores: UserStores, restMs: number = REST_MS) {
    this.#stores = stores;
    this.#restMs = restMs;
  }

  /** @throws ArtifoldError BUSY, NAME_INVALID */
  async open(login: Login, query: ArtifactQuery): Promise<{ readonly draft: string; readonly version: string | null }> {
    const own = [...this.#held.values()].filter(({ owner }) => owner === login.id).length;
    if (own >= DRAFTS_OF_ONE_MAX || this.#held.size >= DRAFTS_MAX) {
      throw new ArtifoldError("BUSY", "too many versions are being made at once");
    }
    const { store, release } = await this.#stores.take(login.user);
    try {
      const artifact = await store.artifact(query);
      const draft = randomHex(16);
      const held: Held = { owner: login.id, artifact, release, timer: undefined, uses: 0 };
      this.#held.set(draft, held);
      this.#wait(draft, held);
      return { draft, version: artifact.version };
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Works with a draft, beside others who do. Of what they come to see `Artifact`.
   *
   * @throws ArtifoldError NOT_FOUND, BUSY
   */
  async use<Result>(draft: string, login: Login, action: (artifact: Artifact) => Promise<Result>): Promise<Result> {
    const held = this.#of(draft, login);
    const all = [...this.#held.values()];
    const own = all.filter(({ owner }) => owner === login.id);
    if (usesOf(own) >= USES_OF_ONE_MAX || usesOf(all) >= USES_MAX) {
      throw new ArtifoldError("BUSY", "too many requests are at work with drafts");
    }
    clearTimeout(held.timer);
    held.uses++;
    try {
      return await action(held.artifact);
    } finally {
      held.uses--;
      if (held.uses === 0 && this.#held.has(draft)) this.#wait(draft, held);
    }
  }

  /** Gives a draft up. @throws ArtifoldError NOT_FOUND */
  async close(draft: string, login: Login): Promise<void> {
    await this.#end(draft, this.#of(draft, login));
  }

  async closeAll(): Promise<void> {
    for (const [draft, held] of this.#held) await this.#end(draft, held);
  }

  #of(draft: string, login: Login): Held {
    const held = this.#held.get(draft);
    if (held === undefined || held.owner !== login.id) throw new ArtifoldError("NOT_FOUND", "there is no such draft");
    return held;
  }

  #wait(draft: string, held: Held): void {
    held.timer = setTimeout(() => {
      held.timer = setTimeout(() => void this.#end(draft, held), IDLE_MS);
      held.timer.unref();
      // Where what it has cannot be made durable, it goes on holding the lock, and the next request hears of it.
      held.artifact.rest().catch(() => {});
    }, this.#restMs);
    held.timer.unref();
  }

  async #end(draft: string, held: Held): Promise<void> {
    if (!this.#held.delete(draft)) return;
    clearTimeout(held.timer);
    try {
      await held.artifact.close();
    } finally {
      held.release();
    }
  }
}

function usesOf(drafts: readonly Held[]): number {
  return drafts.reduce((sum, { uses }) => sum + uses, 0);
}
