/** Stores that are served, for the running test: without a network, a request in and its answer out. */
import { onTestFinished } from "vitest";
import { Client } from "../../src/client/index.ts";
import type { Store, StoreOptions } from "../../src/index.ts";
import { type App, type AppOptions, hostRule, serveStore, type TokenRequest } from "../../src/server/index.ts";
import { openScratch, scratch } from "./stores.ts";

export const URL_OF_APP = "http://127.0.0.1:9111";

/** A store that is served. */
export interface ServedStore {
  readonly store: Store;
  readonly app: App;
  /** The code that is good now. */
  readonly code: () => string;
  readonly faults: unknown[];
  /** Asks as a browser or a program would. */
  ask(path: string, init?: RequestInit & { readonly token?: string | undefined }): Promise<Response>;
  /** A client with a token; without one as nobody. */
  client(token?: string): Client;
  /** A new token. */
  token(request?: Partial<TokenRequest>): Promise<string>;
}

/** Serves a new store, or one that is open. */
export async function servedStore(
  options: Partial<AppOptions> & {
    readonly store?: Store;
    readonly opening?: StoreOptions;
    /** Takes what is to be done at the end. Default: of the running test. */
    readonly onEnd?: (end: () => Promise<void>) => void;
  } = {},
): Promise<ServedStore> {
  const { opening, store = await openScratch(scratch(), opening), onEnd = onTestFinished, ...given } = options;
  const faults: unknown[] = [];
  let code = "";
  const app = serveStore(store, {
    isOurs: hostRule({ port: 9111, names: [], isPublic: false }),
    isPrivate: false,
    onCode: (next) => {
      code = next;
    },
    onFault: (fault) => faults.push(fault),
    ...given,
  });
  onEnd(() => app.close());
  const ask: ServedStore["ask"] = (path, { token, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    return app.handle(new Request(URL_OF_APP + path, { ...init, headers } as RequestInit));
  };
  return {
    store,
    app,
    faults,
    ask,
    code: () => code,
    client: (token) =>
      new Client({ url: URL_OF_APP, token: () => token, fetch: (url, init) => app.handle(withLength(url, init)) }),
    token: async (request = {}) => (await app.tokens.create({ user: "kim", scope: "write", ...request })).token,
  };
}

/** A request as it comes over a network: with its length. */
function withLength(url: string, init: RequestInit): Request {
  const { body } = init;
  const isBytes = ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
  const length = isBytes ? body.byteLength : body instanceof Blob ? body.size : undefined;
  const headers = new Headers(init.headers);
  if (length !== undefined) headers.set("content-length", String(length));
  // The runtime's Request knows no `credentials` of a server.
  return new Request(url, { ...init, headers } as RequestInit);
}
