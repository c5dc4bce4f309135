/**
 * Everything that can go wrong in artifold, as one class and one closed list of codes.
 *
 * Three kinds of "no" are kept apart: absence is `undefined`, trouble is an {@link ArtifoldError}, and misuse of
 * the API by the programmer is a bare `TypeError`. An aborted call rejects with its signal's own reason.
 */

/** Says whether an operation took effect: what a caller must know before trying again. */
export type Happened = "yes" | "no" | "unknown";

/**
 * The closed list of codes with the exit code of the command line for each. Codes are frozen within a major
 * version; messages are free to improve.
 */
export const errorCodes = {
  /** The arguments do not fit together or a reference cannot be understood. */
  USAGE: 2,
  /** A name of a team, experiment, type, artifact, run or tag breaks the rules for names. */
  NAME_INVALID: 2,
  /** A name fits several artifacts; more of the address or the type is needed. */
  AMBIGUOUS: 2,
  /** A path cannot be an entry of a version, or is no name where it is to be written. */
  PATH_INVALID: 1,
  /** A symbolic link points outside the folder that is added. */
  LINK_OUTSIDE: 1,
  /** A user's file or folder could not be read. */
  READ_FAILED: 1,
  /** A user's file kept changing while it was read, so no whole state of it could be stored. */
  FILE_CHANGED: 1,
  /** A user's folder could not be written. */
  WRITE_FAILED: 1,
  /** A file of the store could not be read: the disk, or a right, refused it. */
  STORE_READ_FAILED: 1,
  /** The store could not be written. */
  STORE_WRITE_FAILED: 1,
  /** The disk (or a quota) is full. */
  NO_SPACE: 1,
  /** The folder is not a store, or belongs to another user, or lies where a store cannot be safe. */
  STORE_REFUSED: 1,
  /** The store, or something in it, was written by a newer artifold. */
  FORMAT_UNSUPPORTED: 1,
  /** A limit of the format is exceeded. */
  LIMIT: 1,
  /** The native part that the store needs is not installed. */
  NATIVE_MISSING: 1,
  /** A fault of artifold itself. */
  INTERNAL: 1,
  /** The object was closed before the call, or the run has ended. */
  CLOSED: 1,
  /** There is no store where one was expected. */
  NO_STORE: 10,
  /** Another process holds the store for longer than we are willing to wait. */
  BUSY: 11,
  /** Not logged in, or the token does not allow it. */
  DENIED: 12,
  /** Stored bytes are not what they were, or are gone. */
  DAMAGED: 13,
  /** Two changes clash, or a file of the user's would be overwritten. */
  CONFLICT: 14,
  /** The artifact, version, run, tag or path does not exist. */
  NOT_FOUND: 15,
  /** A remote does not answer. */
  UNREACHABLE: 16,
} as const;

/** One of the stable codes of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;

/** What an {@link ArtifoldError} can say beside its code and message. */
export interface ErrorDetails {
  /** What the reader can do about it, as one sentence. */
  hint?: string;
  /** Whether the operation took effect. Default `"no"`. */
  happened?: Happened;
  /** The error underneath. */
  cause?: unknown;
  /** Facts about the error for programs: paths, versions, limits. Never a secret. */
  info?: Record<string, unknown>;
}

const brand: unique symbol = Symbol.for("artifold.error") as never;

/** The one error class of artifold. Recognise it with {@link isArtifoldError} and act on `code`. */
export class ArtifoldError extends Error {
  /** What went wrong: stable, for programs. */
  readonly code: ErrorCode;
  /** What the reader can do about it, as one sentence. */
  readonly hint: string | undefined;
  /** Whether the operation took effect; docs/errors.md says when it is not "no". */
  readonly happened: Happened;
  /** Facts for programs, by code; docs/errors.md lists them. Never a secret. */
  readonly info: Record<string, unknown>;
  readonly [brand] = true;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ArtifoldError";
    this.code = code;
    this.hint = details.hint;
    this.happened = details.happened ?? "no";
    this.info = details.info ?? {};
  }
}

/**
 * Tells whether a value is an {@link ArtifoldError}, of this copy of artifold or of another one in the process.
 *
 * @param code when given, also asks for this code
 */
export function isArtifoldError(value: unknown, code?: ErrorCode): value is ArtifoldError {
  if (typeof value !== "object" || value === null || !(brand in value)) return false;
  return code === undefined || (value as ArtifoldError).code === code;
}

/** The errno of a system error (`"ENOSPC"`), or `undefined` for any other value. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** Throws the signal's reason when the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}
