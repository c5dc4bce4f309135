/**
 * What artifold asks of a place that versions are pushed to.
 *
 * Guarantees, of all of which sync makes use:
 * - **Whole.** A key is there with all of its bytes or not at all; a create that failed or was cut off shows nothing.
 * - **Once.** Of any number of creates of one key, from any number of machines, one says `"created"` and its bytes stay.
 * - **Durable.** What said `"created"` survives the loss of power where the place itself does.
 * - **Seen.** What was created before a read, or before a list began, is read and listed by everybody.
 * - **Still.** Bytes under a key never change until it is deleted.
 *
 * Nothing is asked beyond that: no overwriting, no locks, no clock, no order among keys but the one that `list` gives.
 * A place that cannot keep one of these is not to be written to.
 */
export interface Remote {
  /** Where it is, as the user wrote it, without secrets. */
  readonly url: string;

  /**
   * Reads a key, or a range of it; a range that reaches beyond the end gives what is there of it.
   *
   * @returns `undefined` when the key is not there
   */
  read(key: string, range?: RemoteRange, signal?: AbortSignal): Promise<Uint8Array | undefined>;

  /** Makes a key if it is not there. The bytes are the caller's again when it settles. */
  create(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<"created" | "exists">;

  /** Keys that begin with a prefix, in the order of their characters, those after `after` only. */
  list(prefix: string, after?: string, signal?: AbortSignal): AsyncIterable<ListedKey>;

  /** Deletes a key. One that is not there is no error. */
  delete(key: string, signal?: AbortSignal): Promise<void>;

  /** Frees connections. Nothing is called after it. */
  close(): Promise<void>;
}

/** Bytes of a key. */
export interface RemoteRange {
  readonly offset: number;
  readonly length: number;
}

/** A key and how many bytes it has. */
export interface ListedKey {
  readonly key: string;
  readonly size: number;
}
