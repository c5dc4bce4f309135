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
 * A place that cannot keep one of these says so in its traits, or is found out by `checkRemote`, and is read only, or
 * written by one writer at a time if the user says so.
 *
 * Trouble is an ArtifoldError: DENIED, UNREACHABLE, NO_SPACE, NOT_FOUND (the whole place is not there), DAMAGED (an answer
 * that breaks the rules of its protocol) or LIMIT. `info.transient` is true where trying again may help. Misuse (no key, a
 * range below nothing, a call after `close`) is a TypeError; a call whose signal was aborted rejects with its reason.
 */
export interface Remote {
  /** Where it is, as the user wrote it, without secrets. */
  readonly url: string;

  /** What this place is good at and what it does not promise. May become more exact as it is used. */
  readonly traits: RemoteTraits;

  /**
   * Reads a key, or a range of it; a range that reaches beyond the end gives what is there of it. What comes from outside
   * and may be longer than expected is read in ranges: a range never gives more than it asked for.
   *
   * @returns `undefined` when the key is not there
   */
  read(key: string, range?: RemoteRange, options?: RemoteCallOptions): Promise<Uint8Array | undefined>;

  /** Makes a key if it is not there. The bytes are the caller's again when it settles. */
  create(key: string, bytes: Uint8Array, options?: RemoteCallOptions): Promise<"created" | "exists">;

  /**
   * Keys that begin with a prefix, in the order of their characters, those after `after` only. A list that cannot be had
   * to its end throws: one that ends is complete.
   */
  list(prefix: string, after?: string, options?: RemoteCallOptions): AsyncIterable<ListedKey>;

  /** Deletes a key. One that is not there is no error. */
  delete(key: string, options?: RemoteCallOptions): Promise<void>;

  /** Frees connections. Nothing is called after it, but `close` again. */
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

/** What every call takes. */
export interface RemoteCallOptions {
  /** Ends the call: it rejects with the signal's reason. A create that is ended may have happened, whole. */
  readonly signal?: AbortSignal | undefined;
  /** Hears of what moves, while it moves. */
  readonly onTraffic?: OnTraffic | undefined;
}

/**
 * Hears of one request more, or of bytes of bodies and lists that went or came (heads and encryption not counted). What it
 * returns is waited for before the next bytes move, so it can hold them back; what it throws ends the call.
 */
export type OnTraffic = (what: "requests" | "sent" | "received", count: number) => void | Promise<void>;

/** The longest body, in bytes, that any place is asked to hold under one key. */
export const BODY_BYTES_MAX: number = 128 * 1024 * 1024;

/** What differs between places that keep the same guarantees, and which of the guarantees they keep. */
export interface RemoteTraits {
  /** Calls at once that pay. Default 4; with more, calls only wait for each other. */
  readonly concurrency: number;
  /** The longest body that `create` takes. Default BODY_BYTES_MAX; what is longer has to go under several keys. */
  readonly bodyBytesMax: number;
  /**
   * Bytes that move in the time that one more request takes. Default 256 KiB: two ranges with a shorter gap are quicker
   * read as one.
   */
  readonly requestBytes: number;
  /**
   * Whether a key is created once, whoever tries: always, only while there is one writer at a time, or as far as nobody
   * knows. Default `"unknown"`: `checkRemote` finds out. Without `"always"` only a single writer may write.
   */
  readonly creates: "always" | "by one writer" | "unknown";
  /**
   * What holds when `create` returns: body and name were flushed; the body was, and the name may be lost with the power;
   * the place's provider promises it; nothing is known. Default `"unknown"`: the push tells the user.
   */
  readonly durable: "flushed" | "body flushed" | "promised" | "unknown";
}

/** What is taken for granted of a place that says nothing else. */
export const defaultTraits: RemoteTraits = {
  concurrency: 4,
  bodyBytesMax: BODY_BYTES_MAX,
  requestBytes: 256 * 1024,
  creates: "unknown",
  durable: "unknown",
};
