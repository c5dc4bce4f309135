/** Calls a server's data API with `fetch`: in a browser, or anywhere else that has it. */
import { type AnswerOf, type CallOf, pathOf, type RouteName, routes } from "./routes.ts";
import { bodyOf, type FileToSend, type SendOptions, sendings, someAtOnce } from "./sending.ts";
import type { ApiFailure, OperationView } from "./views.ts";

/** Why a call failed: what the server said, or that there was no answer (status 0, code UNREACHABLE). */
export class ApiError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** A code of docs/errors.md. */
  readonly code: string;
  readonly hint: string | null;
  readonly happened: "yes" | "no" | "unknown";

  constructor(status: number, { code, message, hint, happened }: ApiFailure["error"], options?: ErrorOptions) {
    super(message, options);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.happened = happened;
  }
}

/** How to call. */
export interface ClientOptions {
  /** Where the server is, without a slash at its end. Default "": where the page came from. */
  readonly url?: string;
  /** The login that goes with each call, asked for each time. */
  readonly token?: () => string | undefined;
  /** Default the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** A call as far as it makes the URL. */
interface LooseCall {
  readonly params?: object;
  readonly query?: object;
}

/** Calls routes. */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions = {}) {
    this.#options = options;
  }

  /**
   * Calls a route, and gives what it answers. Of routes whose answer is no JSON, the response: see {@link fetch}.
   *
   * @throws ApiError, or the signal's reason
   */
  async call<Name extends RouteName>(
    name: Name,
    ...[call]: Record<never, never> extends CallOf<Name> ? [call?: CallOf<Name>] : [call: CallOf<Name>]
  ): Promise<AnswerOf<Name>> {
    const response = await this.fetch(name, (call ?? {}) as CallOf<Name>);
    if (response.status === 204) return undefined as AnswerOf<Name>;
    const isJson = response.headers.get("content-type") === "application/json";
    return (isJson ? await response.json() : response) as AnswerOf<Name>;
  }

  /**
   * Calls a route, and gives the response as it is once it is a success (304 and 416 included).
   *
   * @param headers as `range`
   */
  async fetch<Name extends RouteName>(
    name: Name,
    call: CallOf<Name>,
    headers: { readonly [name: string]: string } = {},
  ): Promise<Response> {
    const { url = "", token, fetch = globalThis.fetch.bind(globalThis) } = this.#options;
    const login = token?.();
    const body = call.body as unknown;
    const isBytes = body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
    const { method } = routes[name];
    let response: Response;
    try {
      response = await fetch(url + pathOf(name, call as LooseCall), {
        method,
        headers: {
          ...(login !== undefined && { authorization: `Bearer ${login}` }),
          ...(method !== "GET" && { "content-type": isBytes ? "application/octet-stream" : "application/json" }),
          ...headers,
        },
        ...(method !== "GET" && {
          body: isBytes ? (body as NonNullable<RequestInit["body"]>) : body === undefined ? null : JSON.stringify(body),
        }),
        ...(call.signal !== undefined && { signal: call.signal }),
        credentials: "omit",
        redirect: "error",
      });
    } catch (error) {
      call.signal?.throwIfAborted();
      const message = "the server does not answer";
      const happened = method === "GET" ? "no" : "unknown";
      throw new ApiError(0, { code: "UNREACHABLE", message, hint: null, happened }, { cause: error });
    }
    if (response.ok || response.status === 304 || response.status === 416) return response;
    throw new ApiError(response.status, await failureOf(response));
  }

  /**
   * Adds files to a draft: small ones together, and some requests at once. Of one path only one may be among them.
   *
   * @throws ApiError, or the signal's reason; some files may have been added then
   */
  async addFiles(draft: string, files: Iterable<FileToSend>, options: SendOptions = {}): Promise<void> {
    const { signal, onSent } = options;
    const params = { draft };
    await someAtOnce(sendings(files), async (some) => {
      const [{ path, content, executable = false }, ...others] = some;
      if (others.length > 0) {
        onSent?.((await this.call("putFiles", { params, body: bodyOf(some), signal })).files);
      } else {
        onSent?.([await this.call("putFile", { params, query: { path, executable }, body: content, signal })]);
      }
    });
  }

  /**
   * A URL for `<img>`, `<video>` and downloads of the browser: as it is where no login is needed to read, else with a ticket
   * for 5 minutes.
   */
  async urlOf<Name extends "file" | "archive">(name: Name, call: CallOf<Name>): Promise<string> {
    const { url = "", token } = this.#options;
    const path = pathOf(name, call as LooseCall);
    if (token?.() === undefined) return url + path;
    const ticket = await this.call("ticket", { body: { path } });
    return url + ticket.path;
  }

  /**
   * Operations of the store as they come; null where some were missed, and all is to be asked for anew. Ends when the
   * connection does: call it again, with the number of the last one.
   *
   * @param options.onOpen called once operations come in
   */
  async *events(
    options: { readonly signal?: AbortSignal; readonly after?: number; readonly onOpen?: () => void } = {},
  ): AsyncGenerator<OperationView | null, void, undefined> {
    const { signal, after, onOpen } = options;
    const headers: Record<string, string> = after === undefined ? {} : { "last-event-id": String(after) };
    const response = await this.fetch("events", { signal }, headers);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) return;
    onOpen?.();
    let text = "";
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        const events = (text + next.value).split("\n\n");
        text = events.pop() as string;
        for (const event of events) {
          const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "m").exec(event)?.[1];
          if (field("event") === "reset") yield null;
          if (field("event") === "operation") yield JSON.parse(field("data") ?? "null") as OperationView;
        }
      }
    } finally {
      await reader.cancel();
    }
  }
}

/** What an answer says went wrong; of one that is not the server's, what can be told of it. */
async function failureOf(response: Response): Promise<ApiFailure["error"]> {
  const body = (await response.json().catch(() => undefined)) as Partial<ApiFailure> | null | undefined;
  const error = body?.error;
  if (typeof error?.code === "string") return error;
  return { code: "INTERNAL", message: `the server answered ${response.status}`, hint: null, happened: "unknown" };
}
