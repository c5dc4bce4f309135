/** The machine: files, clock, randomness, threads, and where a user's things live. */
export { Breather } from "./breather.ts";
export { type Clock, monotonicNow, systemClock } from "./clock.ts";
export { runScripts } from "./code-cache.ts";
export {
  type FileStat,
  type FileSystem,
  type FolderReader,
  isExecutable,
  kindOf,
  type NameKind,
  nodeFileSystem,
  openFlags,
} from "./file-system.ts";
export { diskSpace, networkFileSystem } from "./file-system-kind.ts";
export {
  afterwards,
  flushFolder,
  lookIfAllowed,
  makeFolders,
  namesIn,
  onStoreFiles,
  publishFile,
  readFully,
  readWholeFile,
  removeQuietly,
  storeReadError,
  storeWriteError,
  TEMPORARY_PREFIX,
  temporaryPath,
  writeAllLater,
  writeFully,
  writeFullyLater,
} from "./files.ts";
export { PAGE_BYTES, pageMemory } from "./page-memory.ts";
export { randomBytes, randomHex } from "./random.ts";
export { sideBySide } from "./side-by-side.ts";
export { makeTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";
export { type UserFolders, userFolders, userName } from "./user-folders.ts";
export { defaultWorkerCount, PooledWorker, serveRequests } from "./worker-pool.ts";
