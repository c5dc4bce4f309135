/**
 * The remote that a store's server offers: a folder beside the store's own files. What is pushed to it becomes part of the
 * served store as well, without its content, which is read from the folder when somebody looks at it.
 */
import path from "node:path";
import { openRemote, type Remote, type RemotePermission } from "../remote/index.ts";
import type { Store } from "../store/index.ts";
import type { Access } from "./access.ts";
import { Following } from "./following.ts";
import { type Permitted, remoteHandler } from "./remote-handler.ts";
import { refusalOfKey, refusalOfNames } from "./remote-rules.ts";

/** Name of the folder in the store's. */
const FOLDER = "served";

/** How to offer it. */
export interface StoreRemoteOptions {
  /** Address of the remote that is offered. Default: a folder in the store's. */
  readonly url?: string | undefined;
  /** Opens it, for other kinds than folders. */
  readonly open?: ((url: string) => Promise<Remote>) | undefined;
  /** Hears what went wrong behind the server. */
  readonly onError: (error: unknown) => void;
  /** How long after a failure the store tries again to learn what was pushed: at first; later longer. Default 1 s. */
  readonly retryMs?: number | undefined;
  /** How long `lookAgain` does nothing after a look, at least. Default 10 s. */
  readonly restMs?: number | undefined;
}

/** A remote that is offered. */
export interface StoreRemote {
  handle(request: Request, access: Access): Promise<Response>;
  /** Has the store learn, in its own time, what others pushed to the place, unless it did so lately. */
  lookAgain(): void;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Offers a remote. @throws ArtifoldError as for opening it */
export async function storeRemote(store: Store, options: StoreRemoteOptions): Promise<StoreRemote> {
  const url = options.url ?? path.join(store.folder, FOLDER);
  const open = options.open ?? ((address: string) => openRemote(address, { makeFolder: true }));
  const remote = await open(url);
  const following = new Following(store, { ...options, remote, url });
  following.follow();
  const accesses = new WeakMap<Request, Access>();
  // One for all requests: what they may hold in memory they share.
  const handler = remoteHandler(remote, {
    authorize: (asked, permission) => permitted(accesses.get(asked) as Access, asked, permission),
    check: async (key, bytes) => (await refusalOfKey(remote, key, bytes)) ?? refusalOfNames(store.engine, key, bytes),
    onError: options.onError,
  });
  return {
    async handle(request, access) {
      accesses.set(request, access);
      const response = await handler(request);
      if (request.method === "PUT" && response.status === 201 && isStep(request)) following.follow();
      return response;
    },
    lookAgain: () => following.lookAgain(),
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
