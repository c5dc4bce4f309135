/** Reads of the catalog that belong together. */
import type { Catalog } from "./catalog.ts";

/** Has reads see the catalog as of one moment, whatever other processes write meanwhile. */
export function asOfOneMoment<Result>(catalog: Catalog, reads: () => Result): Result {
  return catalog.database.transaction(reads).deferred();
}
