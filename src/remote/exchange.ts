/**
 * One request and its answer over node:http, for the kinds that speak HTTP. Connections are kept and used again; bodies go
 * and come in pieces, so that they can be measured, held back and watched; redirects are answers like any other, so that
 * nothing that is meant for one server is sent to another.
 */
import http from "node:http";
import https from "node:https";
import type { ArtifoldError, Happened } from "../errors.ts";
import { isArtifoldError, throwIfAborted } from "../errors.ts";
import { remoteError } from "./errors.ts";
import type { RemoteCallOptions } from "./remote.ts";

/** A request to one server. */
export interface HttpRequest extends RemoteCallOptions {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Path and query, as they go out. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  /** Longest body of an answer that is a success, in bytes. Of others 64 KiB are read. */
  readonly answerBytesMax: number;
}

/** Its answer, with all of its body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** How to reach a server. */
export interface HttpServerOptions {
  /** What errors name: holds no secret. */
  readonly url: string;
  /** Connections at once. */
  readonly connectionsMax: number;
  /** Certificates to trust beside those of the system, as PEM. */
  readonly ca?: string | undefined;
}

const PIECE_BYTES = 256 * 1024;
const ERROR_BODY_BYTES_MAX = 64 * 1024;
/** Servers drop idle connections after some seconds; ours go first, so that few requests meet a closed one. */
const IDLE_MS = 15_000;

/** The connections to one server. */
export class HttpServer {
  readonly origin: URL;
  readonly #url: string;
  readonly #agent: http.Agent;
  readonly #request: typeof http.request;

  constructor(origin: URL, { url, connectionsMax, ca }: HttpServerOptions) {
    this.origin = origin;
    this.#url = url;
    const isSecure = origin.protocol === "https:";
    const options = { keepAlive: true, maxSockets: connectionsMax, scheduling: "lifo", timeout: IDLE_MS } as const;
    // An agent's timeout only drops connections that idle: a request sets none of its own.
    this.#agent = isSecure ? new https.Agent({ ...options, ...(ca !== undefined && { ca }) }) : new http.Agent(options);
    this.#request = isSecure ? https.request : http.request;
  }

  /** @throws ArtifoldError UNREACHABLE or DAMAGED; whatever status came is an answer */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    throwIfAborted(request.signal);
    await request.onTraffic?.("requests", 1);
    throwIfAborted(request.signal);
    const exchange = new Exchange(request, this.#url);
    return exchange.run(
      this.#request({
        agent: this.#agent,
        // Brackets belong to the text of an IPv6 address in a URL, and not to the address.
        host: this.origin.hostname.replace(/^\[|\]$/g, ""),
        port: this.origin.port,
        method: request.method,
        path: request.path,
        headers: { "accept-encoding": "identity", ...lengthOf(request), ...request.headers },
      }),
    );
  }

  close(): void {
    this.#agent.destroy();
  }
}

function lengthOf({ method, body }: HttpRequest): Record<string, string> {
  return body !== undefined || method === "PUT" || method === "POST"
    ? { "content-length": `${body?.length ?? 0}` }
    : {};
}

class Exchange {
  readonly #request: HttpRequest;
  readonly #url: string;
  /** Whether the server may have got the request. */
  #isOut = false;
  /** What ended it from our side. */
  #failure: { readonly error: unknown } | undefined;

  constructor(request: HttpRequest, url: string) {
    this.#request = request;
    this.#url = url;
  }

  async run(outgoing: http.ClientRequest): Promise<HttpAnswer> {
    const { signal, body } = this.#request;
    const end = (error: unknown): void => {
      this.#failure ??= { error };
      outgoing.destroy();
    };
    const stop = (): void => end(signal?.reason);
    signal?.addEventListener("abort", stop);
    outgoing.on("socket", (socket) => {
      // The agent's timeout is for connections that idle. While one works, whoever waits decides how long.
      socket.setTimeout(0);
      if (!socket.connecting) this.#isOut = true;
      else socket.once(this.#isTls(outgoing) ? "secureConnect" : "connect", () => (this.#isOut = true));
    });
    const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
      const closed = (): void => reject(new Error("the connection was closed"));
      outgoing.on("error", reject);
      outgoing.on("close", closed);
      outgoing.on("response", (incoming) => {
        outgoing.off("close", closed);
        resolve(incoming);
      });
    });
    // It is waited for below, behind what is sent: until then nobody hears of its failure.
    answered.catch(() => undefined);
    try {
      const sending = this.#sendBody(outgoing, body).catch(end);
      const incoming = await answered;
      const answer = await this.#receive(incoming);
      // A server may answer before it has all of a body: what is left is not sent, and the connection not used again.
      if (!outgoing.writableFinished) outgoing.destroy();
      await sending;
      if (this.#failure !== undefined) throw this.#failure.error;
      return answer;
    } catch (error) {
      outgoing.destroy();
      if (this.#failure !== undefined) throw this.#failure.error;
      throw this.#trouble(error);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  #isTls(outgoing: http.ClientRequest): boolean {
    return outgoing.protocol === "https:";
  }

  async #sendBody(outgoing: http.ClientRequest, body: Uint8Array | undefined): Promise<void> {
    if (body === undefined || body.length === 0) return void outgoing.end();
    for (let done = 0; done < body.length && !outgoing.destroyed; done += PIECE_BYTES) {
      const piece = body.subarray(done, done + PIECE_BYTES);
      await this.#tell("sent", piece.length);
      const isLast = done + piece.length >= body.length;
      if (isLast) return void outgoing.end(piece);
      // An error is heard of elsewhere; here only the end of the wait counts.
      await new Promise<void>((resolve) => {
        outgoing.once("close", resolve);
        outgoing.write(piece, () => {
          outgoing.off("close", resolve);
          resolve();
        });
      });
    }
  }

  async #receive(incoming: http.IncomingMessage): Promise<HttpAnswer> {
    const { method, answerBytesMax } = this.#request;
    const status = incoming.statusCode ?? 0;
    const isSuccess = status >= 200 && status < 300;
    const most = isSuccess ? answerBytesMax : ERROR_BODY_BYTES_MAX;
    const encoding = incoming.headers["content-encoding"] ?? "identity";
    if (encoding !== "identity") throw this.#broken("answered with a compressed body, which was not asked for");
    const length = Number(incoming.headers["content-length"] ?? 0);
    if (isSuccess && method !== "HEAD" && length > most) throw this.#broken(`answered with ${length} bytes: too many`);
    let bytes = new Uint8Array(isSuccess && method !== "HEAD" ? length : 0);
    let received = 0;
    for await (const piece of incoming as AsyncIterable<Uint8Array>) {
      if (received + piece.length > most) {
        if (isSuccess) throw this.#broken(`answered with more than ${most} bytes`);
        // Of an error's text the beginning is enough.
        incoming.destroy();
        return { status, headers: incoming.headers, body: bytes.slice(0, received) };
      }
      bytes = withRoom(bytes, received + piece.length);
      bytes.set(piece, received);
      received += piece.length;
      await this.#tell("received", piece.length);
    }
    if (!incoming.complete) throw new Error("the answer was cut off");
    return { status, headers: incoming.headers, body: received === bytes.length ? bytes : bytes.slice(0, received) };
  }

  /** What the caller's ear throws ends the call, as it is. */
  async #tell(what: "sent" | "received", count: number): Promise<void> {
    try {
      await this.#request.onTraffic?.(what, count);
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  #broken(what: string): ArtifoldError {
    return remoteError("DAMAGED", this.#url, `the server ${what}`, { happened: this.#happened() });
  }

  #happened(): Happened {
    const { method } = this.#request;
    return this.#isOut && method !== "GET" && method !== "HEAD" ? "unknown" : "no";
  }

  /** What an error of the network means. */
  #trouble(error: unknown): unknown {
    if (isArtifoldError(error) || !(error instanceof Error)) return error;
    const code = String((error as { code?: unknown }).code ?? "");
    const happened = this.#happened();
    if (code.startsWith("HPE_")) {
      return remoteError("DAMAGED", this.#url, `the server does not speak HTTP: ${error.message}`, {
        cause: error,
        happened,
      });
    }
    if (/CERT|^ERR_TLS|SELF_SIGNED|UNABLE_TO|SSL/.test(code)) {
      return remoteError("UNREACHABLE", this.#url, `no secure connection: ${error.message}`, {
        cause: error,
        hint: "Check the address. A certificate of your own is trusted where NODE_EXTRA_CA_CERTS names its file.",
      });
    }
    const isUnknownName = code === "ENOTFOUND";
    return remoteError("UNREACHABLE", this.#url, error.message === "" ? code : error.message, {
      cause: error,
      happened,
      transient: !isUnknownName,
      hint: isUnknownName ? "Check the name, and that this machine is online." : undefined,
    });
  }
}

/** The same bytes with room for more behind them, where the length of an answer was not told. */
function withRoom(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (length <= bytes.length) return bytes;
  const roomier = new Uint8Array(Math.max(length, bytes.length * 2, PIECE_BYTES));
  roomier.set(bytes);
  return roomier;
}
