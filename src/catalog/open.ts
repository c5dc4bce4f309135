import { type FileSystem, removeQuietly } from "../platform/index.ts";
import { Catalog } from "./catalog.ts";
import { isDamagedDatabase, isUnwritableDatabase } from "./database.ts";

/** A catalog that was opened. */
export interface OpenedCatalog {
  readonly catalog: Catalog;
  readonly isNew: boolean;
  /** Why it could only be made in memory: the file cannot be written. */
  readonly unwritable?: unknown;
}

/** Opens the catalog; one that is damaged is replaced, one that cannot be written is made in memory. */
export function openCatalog(fs: FileSystem, file: string): OpenedCatalog {
  try {
    return Catalog.open(file);
  } catch (error) {
    if (isUnwritableDatabase(error)) return { ...Catalog.open(":memory:"), unwritable: error };
    if (!isDamagedDatabase(error)) throw error;
    for (const suffix of ["", "-wal", "-shm"]) removeQuietly(fs, file + suffix);
    return Catalog.open(file);
  }
}
