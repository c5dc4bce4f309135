import path from "node:path";
import { makeTemporaryFolder } from "../platform/index.ts";
import { openStore, type Store, type StoreOptions } from "../store/index.ts";

/** A store in a folder of its own, both gone when it is disposed of. */
export interface TemporaryStore extends AsyncDisposable {
  readonly store: Store;
  /** A fresh folder that holds the store (as `store`) and has room for the test's own files. */
  readonly folder: string;
  /** Closes the store and removes the folder with all that is in it. */
  remove(): Promise<void>;
}

/**
 * Makes a store that lasts as long as a test: `await using temporary = await temporaryStore()`.
 *
 * @param options as for `openStore`; without `workers` everything happens in the calling thread, which starts faster
 */
export async function temporaryStore(options: StoreOptions = {}): Promise<TemporaryStore> {
  const place = await makeTemporaryFolder("artifold-test-");
  const folder = place.path;
  const remove = async (): Promise<void> => {
    await store?.close();
    await place.remove();
  };
  let store: Store | undefined;
  try {
    store = await openStore(path.join(folder, "store"), { workers: 0, ...options });
    return { store, folder, remove, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
