/** Typed progress events, passed to the `onProgress` of every long call. */

/** What a long call is doing. */
export type ProgressPhase =
  /** Walking a folder and comparing it with what is known of it. */
  | "scan"
  /** Reading, hashing and storing file content. */
  | "store"
  /** Making the new version durable. */
  | "publish"
  /** Comparing a version with a folder, before the first write. */
  | "plan"
  /** Writing files out. */
  | "write"
  /** Sending content to a remote. */
  | "send"
  /** Fetching content from a remote. */
  | "fetch"
  /** Reading and checking stored content. */
  | "verify"
  /** Reading the journal to build the catalog again. */
  | "rebuild";

/** The state of one long call. Counts never go back within a call. */
export interface ProgressEvent {
  readonly phase: ProgressPhase;
  /** Files (or stored objects, while verifying) that are done. */
  readonly files: number;
  /** How many there are in all, once that is known. */
  readonly filesTotal?: number;
  /** Bytes that are done. */
  readonly bytes: number;
  /** How many there are in all, once that is known. */
  readonly bytesTotal?: number;
  /** The path that was reached last. */
  readonly path?: string;
}

/** Receives progress. It is called often and must be quick; what it throws ends the call. */
export type OnProgress = (event: ProgressEvent) => void;

/** Options that every long call takes. */
export interface LongCallOptions {
  /** Ends the call: it rejects with the signal's reason and publishes nothing. */
  signal?: AbortSignal | undefined;
  /** Hears how far the call is. */
  onProgress?: OnProgress | undefined;
}
