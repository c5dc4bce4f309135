/** A store as a server: one function from requests to responses, to be put behind whatever speaks HTTP. */
import type { Store } from "../store/index.ts";
import { Access } from "./access.ts";
import { API_PATH, answerApi } from "./api.ts";
import { answered } from "./api-answers.ts";
import { Drafts } from "./drafts.ts";
import { FolderCounts } from "./folder-counts.ts";
import { refusal } from "./guard.ts";
import { builtPages, Pages } from "./pages.ts";
import type { Services } from "./services.ts";
import { Sessions } from "./sessions.ts";
import { TokenStore } from "./tokens.ts";
import { UserStores } from "./user-stores.ts";

declare const ARTIFOLD_VERSION: string | undefined;

/** Where the protocol of remotes begins. */
export const REMOTE_PATH = "/remote";

/** How a store is served. */
export interface AppOptions {
  /**
   * Says whether a host (`name:port`, as in a URL) is one that the server is reached at. Requests for any other are refused:
   * a page of a foreign name that leads here must not be one of ours. See `hostRule`.
   */
  readonly isOurs: (host: string) => boolean;
  /** Whether reading needs a login too. What others than this machine's users reach has to be private. */
  readonly isPrivate: boolean;
  /** Hears of the code that opens a session of the pages, and of the next one when it was used. */
  readonly onCode?: ((code: string) => void) | undefined;
  /** Hears of faults of the server, with the names under which callers hear of them. */
  readonly onFault?: ((error: unknown, id: string) => void) | undefined;
  /** Folder of the application. Default: that of this installation. */
  readonly pages?: string | undefined;
  /** How long a version in the making waits for its next request before it lets go of the store's lock. Default 30 s. */
  readonly draftRestMs?: number | undefined;
  /** Answers requests below {@link REMOTE_PATH}. */
  readonly remote?: ((request: Request, access: Access) => Promise<Response>) | undefined;
  /** Hears that somebody asks the data API. */
  readonly onAsked?: (() => void) | undefined;
}

/** A store that is served. */
export interface App extends AsyncDisposable {
  /** Answers a request. Never rejects. */
  readonly handle: (request: Request) => Promise<Response>;
  readonly access: Access;
  readonly tokens: TokenStore;
  /** Ends streams that would go on, and gives up versions that were not finished. The store stays open: it is not ours. */
  close(): Promise<void>;
}

/** Serves a store: its data API, its pages, and if need be the protocol of remotes. */
export function serveStore(store: Store, options: AppOptions): App {
  const { engine } = store;
  const ending = new AbortController();
  const onFault = options.onFault ?? ((): void => {});
  const tokens = new TokenStore(engine);
  const sessions = new Sessions({
    clock: engine.clock,
    user: engine.user,
    onCode: options.onCode ?? ((): void => {}),
  });
  const access = new Access({ tokens, sessions, isOpen: !options.isPrivate });
  const stores = new UserStores(store);
  const drafts = new Drafts(stores, options.draftRestMs);
  const folders = new FolderCounts(ending.signal);
  const services: Services = {
    store,
    stores,
    access,
    sessions,
    drafts,
    folders,
    ending: ending.signal,
    version: typeof ARTIFOLD_VERSION === "undefined" ? "from source" : ARTIFOLD_VERSION,
  };
  const pages = new Pages(engine.fs, options.pages ?? builtPages());
  const close = async (): Promise<void> => {
    ending.abort(new Error("the server ends"));
    await drafts.closeAll();
    await stores.close();
    await tokens.settle();
  };
  return {
    access,
    tokens,
    close,
    [Symbol.asyncDispose]: close,
    async handle(request) {
      const refused = refusal(request, options.isOurs);
      if (refused !== undefined) return refused;
      const { pathname } = new URL(request.url);
      if (pathname.startsWith(API_PATH)) {
        options.onAsked?.();
        return answerApi(request, services, onFault);
      }
      if (pathname === "/health") return answered({ ok: true });
      if (options.remote !== undefined && (pathname === REMOTE_PATH || pathname.startsWith(`${REMOTE_PATH}/`))) {
        return options.remote(request, access);
      }
      return pages.answer(request);
    },
  };
}
