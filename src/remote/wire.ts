/**
 * The protocol of our own remotes over HTTP, for the client and the server: docs/protocol.md describes it call by call.
 * Everything that both must agree on stands here and nowhere else.
 */
import type { ErrorCode } from "../errors.ts";
import { keyProblem, prefixProblem } from "./key.ts";
import type { ListedKey } from "./remote.ts";

/** On every answer of a server: what a wrong address gives is not taken for "not there". */
export const PROTOCOL_HEADER = "artifold-remote";
/** The protocol's version, its value. */
export const PROTOCOL_VERSION = "1";

/** Paths of keys begin with it, below the address of the remote. */
export const KEYS_PATH = "/remote/v1/keys/";
/** The path of lists. */
export const LIST_PATH = "/remote/v1/list";

/** Keys in one answer of a list, at most. */
export const LIST_KEYS_MAX = 1000;
/** Bytes of one answer of a list, at most: room for that many of the longest keys. */
export const LIST_BYTES_MAX: number = 512 * 1024;
/** Bytes of an error's body, at most. */
export const ERROR_BYTES_MAX: number = 16 * 1024;

/** What a caller must be allowed to: `read` keys and lists, `write` new keys, `admin` to delete. */
export type RemotePermission = "read" | "write" | "admin";

/** Why an answer is no success: its status, and what it means to the caller. */
export const wireCodes = {
  /** The path, the key, the range or a header is not as this protocol has it. */
  BAD_REQUEST: { status: 400, error: "DAMAGED", transient: false },
  /** There is no token, or it is not known. */
  LOGIN_NEEDED: { status: 401, error: "DENIED", transient: false },
  /** The token does not allow this. */
  DENIED: { status: 403, error: "DENIED", transient: false },
  /** The key is not there. */
  ABSENT: { status: 404, error: "NOT_FOUND", transient: false },
  /** The place behind the server is not there. */
  NO_PLACE: { status: 410, error: "NOT_FOUND", transient: false },
  /** There is no such route. */
  NO_ROUTE: { status: 404, error: "DAMAGED", transient: false },
  /** The route knows other methods. */
  METHOD: { status: 405, error: "DAMAGED", transient: false },
  /** A body came without its length. */
  LENGTH_NEEDED: { status: 411, error: "DAMAGED", transient: false },
  /** The key is there already. */
  EXISTS: { status: 412, error: "CONFLICT", transient: false },
  /** The body is longer than this key may have. */
  TOO_LARGE: { status: 413, error: "LIMIT", transient: false },
  /** The body is compressed, or is no body of bytes. */
  UNSUPPORTED: { status: 415, error: "DAMAGED", transient: false },
  /** The range begins behind the end. */
  RANGE: { status: 416, error: "DAMAGED", transient: false },
  /** The server looked at the body and does not take it. */
  REFUSED: { status: 422, error: "DENIED", transient: false },
  /** A create came without `If-None-Match: *`. */
  CONDITION_NEEDED: { status: 428, error: "DAMAGED", transient: false },
  /** Too much at once. */
  BUSY: { status: 429, error: "UNREACHABLE", transient: true },
  /** A fault of the server. */
  INTERNAL: { status: 500, error: "UNREACHABLE", transient: true },
  /** What the place behind the server holds is not as it should be. */
  DAMAGED: { status: 502, error: "DAMAGED", transient: false },
  /** The place behind the server does not answer. */
  UNREACHABLE: { status: 503, error: "UNREACHABLE", transient: true },
  /** The place behind the server is full. */
  NO_SPACE: { status: 507, error: "NO_SPACE", transient: false },
} as const satisfies Record<string, { status: number; error: ErrorCode; transient: boolean }>;

/** One of the codes that an error's body may have. */
export type WireCode = keyof typeof wireCodes;

/** The body of an answer that is no success. */
export interface WireError {
  readonly code: WireCode;
  readonly message: string;
}

/** The body of a list's answer. */
export interface WireList {
  readonly keys: readonly ListedKey[];
  /** Whether there are more behind the last. */
  readonly more: boolean;
}

/** The path of a key, below the address of the remote. */
export function pathOfKey(key: string): string {
  // Its characters stand for themselves in URLs.
  return KEYS_PATH + key;
}

/** The key that a path names, below the address of the remote; `undefined` when it names none. */
export function keyOfPath(path: string): string | undefined {
  if (!path.startsWith(KEYS_PATH)) return undefined;
  const key = path.slice(KEYS_PATH.length);
  return keyProblem(key) === undefined ? key : undefined;
}

/** The path and query of a list. */
export function pathOfList(prefix: string, after: string): string {
  return `${LIST_PATH}?${new URLSearchParams({ prefix, after })}`;
}

/** Reads an error's body; `undefined` when it is none. */
export function parseWireError(bytes: Uint8Array): WireError | undefined {
  const value = parseJson(bytes) as Partial<WireError> | null | undefined;
  if (typeof value?.code !== "string" || !Object.hasOwn(wireCodes, value.code)) return undefined;
  return { code: value.code, message: typeof value.message === "string" ? value.message : "" };
}

/** Reads a list's body and checks that it is what was asked for; `undefined` when it is not. */
export function parseWireList(bytes: Uint8Array, prefix: string, after: string): WireList | undefined {
  const value = parseJson(bytes) as Partial<WireList> | null | undefined;
  if (typeof value !== "object" || value === null || !Array.isArray(value.keys)) return undefined;
  if (typeof value.more !== "boolean" || value.keys.length > LIST_KEYS_MAX) return undefined;
  if (value.more && value.keys.length === 0) return undefined;
  const keys: ListedKey[] = [];
  let last = after;
  for (const listed of value.keys as Partial<ListedKey | undefined>[]) {
    const { key, size } = listed ?? {};
    if (typeof key !== "string" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
      return undefined;
    if (keyProblem(key) !== undefined || !key.startsWith(prefix) || key <= last) return undefined;
    keys.push({ key, size });
    last = key;
  }
  return { keys, more: value.more };
}

/** What a list's query asks for; `undefined` when it is no such query. */
export function parseListQuery(query: URLSearchParams): { prefix: string; after: string } | undefined {
  const { prefix = "", after = "", ...others } = Object.fromEntries(query);
  if (Object.keys(others).length > 0 || new Set(query.keys()).size !== query.size) return undefined;
  return prefixProblem(prefix) === undefined && prefixProblem(after) === undefined ? { prefix, after } : undefined;
}

/** The first and last byte that a `Range` header asks for, the last included; `undefined` when it is no single range. */
export function parseRange(header: string): { first: number; last: number } | undefined {
  const [, first, last] = /^bytes=(\d{1,16})-(\d{1,16})$/.exec(header) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const range = { first: Number(first), last: Number(last) };
  // What is behind the last byte has to be a number, too.
  return Number.isSafeInteger(range.last + 1) && range.first <= range.last ? range : undefined;
}

/** The first and last byte that a `Content-Range` header gives; `undefined` when it gives none. */
export function parseContentRange(header: string | undefined): { first: number; last: number } | undefined {
  const [, first, last] = /^bytes (\d{1,16})-(\d{1,16})\/(?:\d{1,16}|\*)$/.exec(header ?? "") ?? [];
  return first === undefined || last === undefined ? undefined : { first: Number(first), last: Number(last) };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
