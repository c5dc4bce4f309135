/** What the routes of one server share. */
import type { Store } from "../store/index.ts";
import type { Access } from "./access.ts";
import type { Drafts } from "./drafts.ts";
import type { FolderCounts } from "./folder-counts.ts";
import type { Sessions } from "./sessions.ts";
import type { UserStores } from "./user-stores.ts";

/** The parts of a server that routes work with. */
export interface Services {
  readonly store: Store;
  /** The same store, opened for the users who change it. */
  readonly stores: UserStores;
  readonly access: Access;
  readonly sessions: Sessions;
  readonly drafts: Drafts;
  readonly folders: FolderCounts;
  /** Aborted when the server ends: what would go on for ever ends with it. */
  readonly ending: AbortSignal;
  readonly version: string;
}
