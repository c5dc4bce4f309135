/** Any remote over HTTP: a request in, its answer out, with whatever server stands around it. */
import {
  BODY_BYTES_MAX,
  KEYS_PATH,
  keyOfPath,
  LIST_KEYS_MAX,
  LIST_PATH,
  type ListedKey,
  parseListQuery,
  parseRange,
  type Remote,
  type RemotePermission,
  type WireList,
} from "../remote/index.ts";
import { failure, success, troubleOf } from "./answers.ts";
import { readBody } from "./bodies.ts";
import { Budget, type Release } from "./budget.ts";

/** Whether a request may: yes; not without a token that is known; not with this one. */
export type Permitted = "yes" | "login" | "no";

/** What whoever embeds the handler decides. */
export interface HandlerOptions {
  /** Says whether a request may. Asked before anything of the key is looked at; `key` is absent for lists. */
  authorize(request: Request, permission: RemotePermission, key: string | undefined): Permitted | Promise<Permitted>;
  /** Looks at what is about to be created; a sentence that it returns says why it is refused. */
  check?(key: string, bytes: Uint8Array): string | undefined | Promise<string | undefined>;
  /** Longest body, in bytes, by its key. Default BODY_BYTES_MAX. */
  bodyBytesMax?(key: string): number;
  /** Bytes of bodies and answers in memory at once, in all; beyond it requests are told to come again. Default 512 MiB. */
  readonly memoryBytesMax?: number | undefined;
  /** Begins the path of every route, as "/prefix". Default "". */
  readonly prefix?: string | undefined;
  /** Hears what went wrong behind the server: the caller hears no more than a code. */
  onError?(error: unknown): void;
}

/** A whole key is read from behind, and sent, in slices of this many bytes. */
const SLICE_BYTES = 4 * 1024 * 1024;

/**
 * Serves a remote. The remote has to create a key once, whoever tries (`traits.creates`): clients rely on it.
 *
 * The answer is never a rejection. The body of the answer is streamed as it is taken.
 */
export function remoteHandler(remote: Remote, options: HandlerOptions): (request: Request) => Promise<Response> {
  const handler = new RemoteHandler(remote, options);
  return (request) => handler.handle(request);
}

class RemoteHandler {
  readonly #remote: Remote;
  readonly #options: HandlerOptions;
  readonly #budget: Budget;

  constructor(remote: Remote, options: HandlerOptions) {
    this.#remote = remote;
    this.#options = options;
    this.#budget = new Budget(options.memoryBytesMax ?? 512 * 1024 * 1024);
  }

  async handle(request: Request): Promise<Response> {
    try {
      return await this.#route(request);
    } catch (error) {
      this.#options.onError?.(error);
      return troubleOf(error);
    }
  }

  async #route(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const { prefix = "" } = this.#options;
    if (!pathname.startsWith(prefix)) return failure("NO_ROUTE", "there is nothing here");
    const path = pathname.slice(prefix.length);
    if (path === LIST_PATH) return this.#list(request, searchParams);
    if (path.startsWith(KEYS_PATH)) return this.#key(request, keyOfPath(path), searchParams);
    return failure("NO_ROUTE", "there is nothing here");
  }

  /** The answer to a request that may not; `undefined` when it may. */
  async #forbid(
    request: Request,
    permission: RemotePermission,
    key: string | undefined,
  ): Promise<Response | undefined> {
    const permitted = await this.#options.authorize(request, permission, key);
    if (permitted === "yes") return undefined;
    if (permitted === "login") return failure("LOGIN_NEEDED", "a token is needed", { "www-authenticate": "Bearer" });
    return failure("DENIED", "the token does not allow this");
  }

  async #list(request: Request, query: URLSearchParams): Promise<Response> {
    if (request.method !== "GET") return failure("METHOD", "a list is asked for with GET", { allow: "GET" });
    const forbidden = await this.#forbid(request, "read", undefined);
    if (forbidden !== undefined) return forbidden;
    const asked = parseListQuery(query);
    if (asked === undefined) return failure("BAD_REQUEST", "a list has a prefix and a key to begin after");
    const keys: ListedKey[] = [];
    let more = false;
    for await (const { key, size } of this.#remote.list(asked.prefix, asked.after, { signal: request.signal })) {
      more = keys.length === LIST_KEYS_MAX;
      if (more) break;
      keys.push({ key, size });
    }
    const list: WireList = { keys, more };
    return success(200, { "content-type": "application/json" }, JSON.stringify(list));
  }

  async #key(request: Request, key: string | undefined, query: URLSearchParams): Promise<Response> {
    const route = keyRoutes[request.method];
    if (route === undefined) {
      return failure("METHOD", "a key knows GET, HEAD, PUT and DELETE", { allow: Object.keys(keyRoutes).join(", ") });
    }
    const forbidden = await this.#forbid(request, route.permission, key);
    if (forbidden !== undefined) return forbidden;
    if (key === undefined || query.size > 0) return failure("BAD_REQUEST", "this is no key");
    return this[route.call](request, key);
  }

  /** HEAD: whether the key is there. Its length is not told: no remote is asked for it. */
  async look({ signal }: Request, key: string): Promise<Response> {
    const there = await this.#remote.read(key, { offset: 0, length: 0 }, { signal });
    return there === undefined ? absent() : success(200, { ...bytesHeaders });
  }

  async read(request: Request, key: string): Promise<Response> {
    const header = request.headers.get("range");
    if (header === null) return this.#readWhole(key, request.signal);
    const range = parseRange(header);
    if (range === undefined) return failure("RANGE", "a range is one, as bytes=FIRST-LAST");
    const length = range.last - range.first + 1;
    if (length > BODY_BYTES_MAX) return failure("RANGE", `a range has at most ${BODY_BYTES_MAX} bytes`);
    const release = this.#budget.take(length);
    if (release === undefined) return busy();
    let body: ReadableStream<Uint8Array> | undefined;
    try {
      const bytes = await this.#remote.read(key, { offset: range.first, length }, { signal: request.signal });
      if (bytes === undefined) return absent();
      if (bytes.length === 0) return failure("RANGE", "the range begins behind the end");
      const given = `bytes ${range.first}-${range.first + bytes.length - 1}/*`;
      release(bytes.length);
      body = bodyOf(bytes, release);
      return success(206, { ...bytesHeaders, ...lengthHeader(bytes.length), "content-range": given }, body);
    } finally {
      if (body === undefined) release();
    }
  }

  /** Reads the first slice, which tells whether there are more; those are read as they are taken. */
  async #readWhole(key: string, signal: AbortSignal): Promise<Response> {
    const release = this.#budget.take(SLICE_BYTES);
    if (release === undefined) return busy();
    let body: ReadableStream<Uint8Array> | undefined;
    try {
      const first = await this.#remote.read(key, { offset: 0, length: SLICE_BYTES }, { signal });
      if (first === undefined) return absent();
      release(first.length);
      const isAll = first.length < SLICE_BYTES;
      body = isAll ? bodyOf(first, release) : this.#slices(key, first, signal, release);
      return success(200, { ...bytesHeaders, ...(isAll && lengthHeader(first.length)) }, body);
    } finally {
      if (body === undefined) release();
    }
  }

  /** A key slice by slice, each read when the one before was taken. */
  #slices(key: string, first: Uint8Array, signal: AbortSignal, release: Release): ReadableStream<Uint8Array> {
    const remote = this.#remote;
    let [slice, offset] = [first, 0];
    return new ReadableStream<Uint8Array>(
      {
        async pull(stream) {
          try {
            if (offset > 0) {
              const next = await remote.read(key, { offset, length: SLICE_BYTES }, { signal });
              // Deleted meanwhile: the stream breaks, and the reader sees that it does not have all.
              if (next === undefined) throw new Error("the key was deleted while it was read");
              slice = next;
            }
            offset += slice.length;
            if (slice.length > 0) stream.enqueue(slice);
            if (slice.length < SLICE_BYTES) {
              stream.close();
              release();
            }
          } catch (error) {
            release();
            throw error;
          }
        },
        cancel: () => release(),
      },
      { highWaterMark: 0 },
    );
  }

  async create(request: Request, key: string): Promise<Response> {
    const { headers } = request;
    if (headers.get("if-none-match") !== "*") {
      return failure("CONDITION_NEEDED", "a key is created with If-None-Match: *, and never replaced");
    }
    if ((headers.get("content-encoding") ?? "identity") !== "identity") {
      return failure("UNSUPPORTED", "bodies are not compressed");
    }
    const told = headers.get("content-length");
    if (told === null) return failure("LENGTH_NEEDED", "a body comes with its length");
    const length = /^\d{1,15}$/.test(told) ? Number(told) : Number.NaN;
    if (Number.isNaN(length)) return failure("BAD_REQUEST", "the length is no number");
    const most = Math.min(this.#options.bodyBytesMax?.(key) ?? BODY_BYTES_MAX, this.#remote.traits.bodyBytesMax);
    if (length > most) return failure("TOO_LARGE", `the body of this key has at most ${most} bytes`);
    const release = this.#budget.take(length);
    if (release === undefined) return busy();
    try {
      const bytes = await readBody(request, length);
      if (bytes === undefined) return failure("BAD_REQUEST", "the body is not as long as was told");
      const reason = await this.#options.check?.(key, bytes);
      if (reason !== undefined) {
        // Who was not first has to hear that, whatever else is wrong with what came too late.
        const there = await this.#remote.read(key, { offset: 0, length: 0 }, { signal: request.signal });
        return there === undefined ? failure("REFUSED", reason) : failure("EXISTS", "the key is there already");
      }
      const answer = await this.#remote.create(key, bytes, { signal: request.signal });
      return answer === "created" ? success(201) : failure("EXISTS", "the key is there already");
    } finally {
      release();
    }
  }

  async remove({ signal }: Request, key: string): Promise<Response> {
    await this.#remote.delete(key, { signal });
    return success(204);
  }
}

/** What is done with a key, and what one must be allowed to for it. */
const keyRoutes: Readonly<
  Record<string, { permission: RemotePermission; call: "read" | "look" | "create" | "remove" } | undefined>
> = Object.assign(Object.create(null), {
  GET: { permission: "read", call: "read" },
  HEAD: { permission: "read", call: "look" },
  PUT: { permission: "write", call: "create" },
  DELETE: { permission: "admin", call: "remove" },
});

const bytesHeaders = { "content-type": "application/octet-stream", "accept-ranges": "bytes" } as const;

const lengthHeader = (length: number): { "content-length": string } => ({ "content-length": `${length}` });

/** Bytes as a body; their room is given back when they were taken, or nobody takes them any more. */
function bodyOf(bytes: Uint8Array, release: Release): ReadableStream<Uint8Array> {
  let isGiven = bytes.length === 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(stream) {
        if (isGiven) {
          stream.close();
          release();
        } else stream.enqueue(bytes);
        isGiven = true;
      },
      cancel: () => release(),
    },
    { highWaterMark: 0 },
  );
}

function absent(): Response {
  return failure("ABSENT", "the key is not there");
}

function busy(): Response {
  return failure("BUSY", "too much at once: come again in a moment");
}
