/** One store, opened for each user who changes it, so that the record names whoever did. */
import { ArtifoldError } from "../errors.ts";
import { Store } from "../store/index.ts";

const OPEN_MAX = 16;

interface Opened {
  readonly store: Promise<Store>;
  /** How many are at work with it. */
  uses: number;
}

/** The handles of a server. The main one is its embedder's, and is not closed here. */
export class UserStores {
  readonly #main: Store;
  /** By user; who used theirs last stands last. */
  readonly #opened = new Map<string, Opened>();
  #isClosed = false;

  constructor(main: Store) {
    this.#main = main;
  }

  /** Works with the store on behalf of a user. */
  async use<Result>(user: string, action: (store: Store) => Promise<Result>): Promise<Result> {
    const { store, release } = await this.take(user);
    try {
      return await action(store);
    } finally {
      release();
    }
  }

  /** The store on behalf of a user, until it is released. */
  async take(user: string): Promise<{ readonly store: Store; readonly release: () => void }> {
    if (this.#isClosed) throw new ArtifoldError("CLOSED", "the server ends");
    if (user === this.#main.engine.user) return { store: this.#main, release: () => {} };
    const opened = this.#opened.get(user) ?? { store: this.#open(user), uses: 0 };
    opened.uses++;
    this.#opened.delete(user);
    this.#opened.set(user, opened);
    const release = (): void => {
      opened.uses--;
      this.#makeRoom();
    };
    try {
      return { store: await opened.store, release };
    } catch (error) {
      this.#opened.delete(user);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    for (const { store } of opened) await (await store.catch(() => undefined))?.close();
  }

  #open(user: string): Promise<Store> {
    const { folder, fs, clock, lockWaitMs, pool } = this.#main.engine;
    return Store.open(folder, {
      user,
      fs,
      clock,
      ...(lockWaitMs !== undefined && { lockWaitMs }),
      create: false,
      // One set of threads and windows, however many users there are: it bounds memory.
      pool,
      // The main handle is open: what has to be said of the place was said.
      trustOwner: true,
      allowNetworkFileSystem: true,
    });
  }

  /** Closes those that nobody has used for longest. */
  #makeRoom(): void {
    for (const [user, { store, uses }] of this.#opened) {
      if (this.#opened.size <= OPEN_MAX) return;
      if (uses > 0) continue;
      this.#opened.delete(user);
      void store.then((each) => each.close());
    }
  }
}
