/**
 * The remote that a store's server offers: a folder beside the store's own files. What is pushed to it becomes part of the
 * served store as well, without its content, which is read from the folder when somebody looks at it.
 */
import path from "node:path";
import { openRemote, type Remote, type RemotePermission } from "../remote/index.ts";
import type { Store } from "../store/index.ts";
import type { Access } from "./access.ts";
import { type Permitted, remoteHandler } from "./remote-handler.ts";
import { refusalOfKey } from "./remote-rules.ts";

/** Name of the folder in the store's, and of the remote in the store. */
const NAME = "served";

/** How to offer it. */
export interface StoreRemoteOptions {
  /** Address of the remote that is offered. Default: a folder in the store's. */
  readonly url?: string | undefined;
  /** Opens it, for other kinds than folders. */
  readonly open?: ((url: string) => Promise<Remote>) | undefined;
  /** Hears what went wrong behind the server. */
  readonly onError: (error: unknown) => void;
}

/** A remote that is offered. */
export interface StoreRemote {
  handle(request: Request, access: Access): Promise<Response>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Offers a remote. @throws ArtifoldError as for opening it */
export async function storeRemote(store: Store, options: StoreRemoteOptions): Promise<StoreRemote> {
  const url = options.url ?? path.join(store.folder, NAME);
  const open = options.open ?? ((address: string) => openRemote(address, { makeFolder: true }));
  const remote = await open(url);
  const following = new Following(store, url, options.onError);
  return {
    async handle(request, access) {
      const handler = remoteHandler(remote, {
        authorize: (asked, permission) => permitted(access, asked, permission),
        check: (key, bytes) => refusalOfKey(remote, key, bytes),
        onError: options.onError,
      });
      const response = await handler(request);
      if (request.method === "PUT" && response.status === 201 && isStep(request)) following.follow();
      return response;
    },
    async close() {
      await following.end();
      await remote.close();
    },
  };
}

/** A remote is one domain of trust: who may see one team only may not see it. */
function permitted(access: Access, request: Request, permission: RemotePermission): Permitted {
  const caller = access.callerOf(request);
  if (typeof caller !== "string" && caller.team !== null) return "no";
  return access.permits(caller, permission);
}

function isStep(request: Request): boolean {
  return /\/keys\/(names|a\/[0-9a-f]{64})\//.test(new URL(request.url).pathname);
}

/** Has the store know what was pushed, one pull after another. */
class Following {
  readonly #store: Store;
  readonly #url: string;
  readonly #onError: (error: unknown) => void;
  #isWanted = false;
  #underWay: Promise<void> | undefined;

  constructor(store: Store, url: string, onError: (error: unknown) => void) {
    this.#store = store;
    this.#url = url;
    this.#onError = onError;
  }

  follow(): void {
    this.#isWanted = true;
    this.#underWay ??= this.#pull();
  }

  async end(): Promise<void> {
    this.#isWanted = false;
    await this.#underWay;
  }

  async #pull(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        const known = await this.#store.remotes.list();
        if (!known.some(({ name }) => name === NAME)) await this.#store.remotes.add(NAME, this.#url);
        await this.#store.pull({ remote: NAME, metadataOnly: true });
      }
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#underWay = undefined;
    }
  }
}
