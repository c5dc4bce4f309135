/** The user's folders: scanned into versions, written from versions, compared with them. */
export { type ChunkSink, type FileToIngest, Ingest, type Ingested } from "./ingest.ts";
export { compareFolder, type Compared, type ComparisonOptions } from "./comparison.ts";
export { ContentPool } from "./content-pool.ts";
export { carryOut, type Conflict, type DownloadDone, type DownloadPlan, planDownload, refuseConflicts } from "./download.ts";
export { fillFolder } from "./fill.ts";
export { downloadedFolders, type FolderAgreement, FolderMemory, type FolderRecord, RacyClock, viewOf } from "./folder-memory.ts";
export { compileGlobs, IGNORE_FILE, type PathFilter } from "./globs.ts";
export { PortabilityCheck, type PortabilityWarning } from "./portable.ts";
export { FolderScan, type ScanReport } from "./scan.ts";
export { Sweep, type SweepCounts } from "./sweep.ts";
export { TargetFolder } from "./target-folder.ts";
export { type LeftOut, type LeftOutReason, readError, STORE_FOLDER_NAME, walk, type WalkOptions } from "./walk.ts";
export { watchFolder, type WatchOptions } from "./watch.ts";
export type { ContentSource } from "./write-out.ts";
