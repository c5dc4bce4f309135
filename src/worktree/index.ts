/** The user's folders: scanned into versions, written from versions, compared with them. */

export type { ChunkSink, OlderContent } from "./chunk-storing.ts";
export { ChunksUnderWay } from "./chunks-under-way.ts";
export { type Compared, type ComparisonOptions, compareFolder, entriesIn } from "./comparison.ts";
export { ContentPool, type ContentPort } from "./content-pool.ts";
export {
  type Conflict,
  carryOut,
  type DownloadDone,
  type DownloadPlan,
  planDownload,
  refuseConflicts,
} from "./download.ts";
export { fillFolder, rehearseFill } from "./fill.ts";
export {
  downloadedFolders,
  type FolderAgreement,
  FolderMemory,
  type FolderRecord,
  PROBE_PREFIX,
  RacyClock,
  viewOf,
} from "./folder-memory.ts";
export { compileGlobs, IGNORE_FILE, type PathFilter, rangesOfGlobs, WatchedGlobs } from "./globs.ts";
export { IgnoredPaths } from "./ignore-files.ts";
export { type ContentToIngest, type FileToIngest, Ingest, type Ingested } from "./ingest.ts";
export { FILLING_FOLDER, LINKED_FOLDER, LinkedFiles } from "./linked-files.ts";
export { LookAhead } from "./look-ahead.ts";
export { OlderChunks } from "./older-chunks.ts";
export { PortabilityCheck, type PortabilityWarning } from "./portable.ts";
export { FolderScan, type ScanReport } from "./scan.ts";
export { readError } from "./source-errors.ts";
export { Sweep, type SweepCounts } from "./sweep.ts";
export { TargetFolder } from "./target-folder.ts";
export { holdsAll, refuseNames, targetNames } from "./target-names.ts";
export {
  FolderWalk,
  isStoreName,
  type LeftOut,
  type LeftOutReason,
  refuseStoreName,
  STORE_FOLDER_NAME,
  type WalkOptions,
} from "./walk.ts";
export { type WatchOptions, watchFolder } from "./watch.ts";
export { WINDOW_BYTES } from "./windows.ts";
export type { ContentSource } from "./write-out.ts";
