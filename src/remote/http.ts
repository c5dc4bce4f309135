/** The HTTP remote: a server of ours, spoken to as docs/protocol.md says. */
import type { Happened } from "../errors.ts";
import { systemClock } from "../platform/index.ts";
import { checkedRemote } from "./checked.ts";
import { foreignText, remoteError } from "./errors.ts";
import { type HttpAnswer, type HttpRequest, HttpServer } from "./exchange.ts";
import {
  BODY_BYTES_MAX,
  type ListedKey,
  type Remote,
  type RemoteCallOptions,
  type RemoteRange,
  type RemoteTraits,
} from "./remote.ts";
import { isLoopback } from "./url.ts";
import {
  ERROR_BYTES_MAX,
  LIST_BYTES_MAX,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  parseContentRange,
  parseWireError,
  parseWireList,
  pathOfKey,
  pathOfList,
  type WireCode,
  wireCodes,
} from "./wire.ts";

/** How to open a server. */
export interface HttpRemoteOptions {
  /** Shown to this server as `Authorization: Bearer`, and to no other. */
  readonly token?: string | undefined;
  /** Sends the token without encryption too, where everybody between here and the server can read it. */
  readonly plainToken?: boolean | undefined;
  /** Hears what the user should know and that does not stop the call. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Certificates to trust beside those of the system, as PEM. */
  readonly ca?: string | undefined;
}

const traits: RemoteTraits = {
  concurrency: 16,
  bodyBytesMax: BODY_BYTES_MAX,
  requestBytes: 256 * 1024,
  creates: "always",
  durable: "promised",
};

/**
 * Opens a server. Nothing is sent before the first call.
 *
 * @param address `http://host:port/prefix` or https, without user, password, query and fragment
 * @throws ArtifoldError DENIED when a token would go over the network in the clear
 */
export function openHttpRemote(address: URL, options: HttpRemoteOptions = {}): Remote {
  const { token, plainToken = false, onWarning, ca } = options;
  const url = address.href.replace(/\/$/, "");
  if (address.protocol === "http:" && !isLoopback(address.hostname)) {
    if (token !== undefined && !plainToken) {
      throw remoteError("DENIED", url, "the token would go over the network in the clear", {
        hint: "Use https. Where the network is your own, allow it by name.",
      });
    }
    onWarning?.(`${url} is not encrypted: whoever is between here and there can read and change what goes over it.`);
  }
  const server = new HttpServer(address, { url, connectionsMax: traits.concurrency * 2, ca });
  return checkedRemote(new HttpRemote(server, url, address.pathname.replace(/\/$/, ""), token));
}

class HttpRemote implements Remote {
  readonly url: string;
  readonly traits: RemoteTraits = traits;
  readonly #server: HttpServer;
  readonly #prefix: string;
  readonly #token: string | undefined;

  constructor(server: HttpServer, url: string, prefix: string, token: string | undefined) {
    this.#server = server;
    this.url = url;
    this.#prefix = prefix;
    this.#token = token;
  }

  async read(key: string, range?: RemoteRange, options?: RemoteCallOptions): Promise<Uint8Array | undefined> {
    if (range === undefined) {
      const answer = await this.#call("GET", pathOfKey(key), { ...options, answerBytesMax: BODY_BYTES_MAX });
      if (answer.status === 200) return answer.body;
      return this.#isAbsent(answer) ? undefined : this.#refuse(answer, "no");
    }
    // HTTP has no range of nothing: its first byte tells as well whether the key is there.
    const first = range.length === 0 ? 0 : range.offset;
    const last = range.length === 0 ? 0 : range.offset + range.length - 1;
    const headers = { range: `bytes=${first}-${last}` };
    const answer = await this.#call("GET", pathOfKey(key), { ...options, headers, answerBytesMax: last - first + 1 });
    if (this.#isAbsent(answer)) return undefined;
    if (codeOf(answer) === "RANGE") return new Uint8Array();
    if (answer.status !== 206) return this.#refuse(answer, "no");
    const given = parseContentRange(answer.headers["content-range"]);
    const length = given === undefined ? -1 : given.last - given.first + 1;
    if (given?.first !== first || given.last > last || length !== answer.body.length) {
      throw remoteError("DAMAGED", this.url, "the server answered with another range than was asked for");
    }
    return range.length === 0 ? new Uint8Array() : answer.body;
  }

  async create(key: string, bytes: Uint8Array, options?: RemoteCallOptions): Promise<"created" | "exists"> {
    const answer = await this.#call("PUT", pathOfKey(key), {
      ...options,
      headers: { "if-none-match": "*", "content-type": "application/octet-stream" },
      body: bytes,
    });
    if (answer.status === 201) return "created";
    return codeOf(answer) === "EXISTS" ? "exists" : this.#refuse(answer, "unknown", key);
  }

  async *list(prefix: string, after = "", options?: RemoteCallOptions): AsyncGenerator<ListedKey, void, undefined> {
    for (let last = after; ; ) {
      const answer = await this.#call("GET", pathOfList(prefix, last), { ...options, answerBytesMax: LIST_BYTES_MAX });
      if (answer.status !== 200) return this.#refuse(answer, "no");
      const list = parseWireList(answer.body, prefix, last);
      if (list === undefined) throw remoteError("DAMAGED", this.url, "the server answered with a list that is none");
      for (const listed of list.keys) {
        last = listed.key;
        yield listed;
      }
      if (!list.more) return;
    }
  }

  async delete(key: string, options?: RemoteCallOptions): Promise<void> {
    const answer = await this.#call("DELETE", pathOfKey(key), options);
    if (answer.status !== 204) this.#refuse(answer, "unknown");
  }

  async close(): Promise<void> {
    this.#server.close();
  }

  async #call(method: HttpRequest["method"], path: string, request: Partial<HttpRequest> = {}): Promise<HttpAnswer> {
    const answer = await this.#server.send({
      answerBytesMax: ERROR_BYTES_MAX,
      ...request,
      method,
      path: this.#prefix + path,
      headers: {
        ...request.headers,
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      },
    });
    if (answer.headers[PROTOCOL_HEADER] === PROTOCOL_VERSION) return answer;
    // Somebody else answered: a proxy whose server is away, or a page.
    const isAway = answer.status >= 500;
    throw remoteError(
      isAway ? "UNREACHABLE" : "DAMAGED",
      this.url,
      `no artifold server answers there: status ${answer.status}`,
      {
        status: answer.status,
        happened: method === "GET" || !isAway ? "no" : "unknown",
        transient: isAway || answer.status === 429,
        retryAfterMs: retryAfterOf(answer),
        hint: isAway ? undefined : "Check the address, and that this artifold and the server's fit together.",
      },
    );
  }

  #isAbsent(answer: HttpAnswer): boolean {
    return answer.status === 404 && codeOf(answer) === "ABSENT";
  }

  /** Turns an answer that is no success into the error of the caller. @param key what was to be created */
  #refuse(answer: HttpAnswer, happened: Happened, key?: string): never {
    const { status, body } = answer;
    const told = parseWireError(body);
    if (told === undefined || wireCodes[told.code].status !== status) {
      // From 500 on it failed before it could say why: what it had begun may have happened.
      const isAway = status >= 500;
      throw remoteError(
        isAway ? "UNREACHABLE" : "DAMAGED",
        this.url,
        `the server answered with status ${status} and no reason`,
        {
          status,
          transient: isAway,
          happened: isAway ? happened : "no",
          retryAfterMs: retryAfterOf(answer),
        },
      );
    }
    const { error, transient } = wireCodes[told.code];
    // Below 500 the server looked at the request and did nothing.
    const isUndone = status < 500 || told.code === "NO_SPACE";
    throw remoteError(error, this.url, foreignText(told.message, [this.#token]) || told.code, {
      status,
      key,
      transient,
      happened: isUndone ? "no" : happened,
      retryAfterMs: retryAfterOf(answer),
      hint: hints[told.code],
    });
  }
}

const hints: Partial<Record<WireCode, string>> = {
  LOGIN_NEEDED: "Log in with a token of this server.",
  DENIED: "Ask for a token that allows more.",
  NO_SPACE: "Make room on the server's disk and try again: what was transferred stays.",
};

function codeOf(answer: HttpAnswer): WireCode | undefined {
  const code = parseWireError(answer.body)?.code;
  return code !== undefined && wireCodes[code].status === answer.status ? code : undefined;
}

/** How long an answer asks to be left alone, in milliseconds. */
export function retryAfterOf({ headers }: HttpAnswer): number | undefined {
  const told = headers["retry-after"];
  if (told === undefined) return undefined;
  const milliseconds = /^\d{1,6}$/.test(told) ? Number(told) * 1000 : Date.parse(told) - systemClock.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}
