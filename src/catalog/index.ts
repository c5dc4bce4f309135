/** What the journal says now, ready to be asked, and the locks between processes. The only room that knows SQLite. */
export { applyCheckpoint, applyEntry, applyNothing, checkpoints } from "./apply.ts";
export {
  type ArtifactRow,
  Catalog,
  type ContentFileRow,
  type LoggedChange,
  type LoggedEvent,
  type LoggedStep,
  type OperationRow,
  type VersionRow,
} from "./catalog.ts";
export { isBusy, isDatabaseError, isFullDisk, isUnwritableDatabase, sqliteVersion } from "./database.ts";
export { type FoldReport, foldJournal } from "./fold.ts";
export { nameScopes } from "./folded-names.ts";
export { FolderCache, type FolderRow, type NewRun, type Run } from "./folder-cache.ts";
export { HintCache } from "./hint-cache.ts";
export { isLinked, type LinkKind, type LinkPage, type LinkRow, linksOfRun, linksOfVersion } from "./lineage.ts";
export { LOCK_WAIT_MS, Locks, lockAlone, type Release, retryWhileBusy } from "./locks.ts";
export {
  checkName,
  foldName,
  formatNumber,
  NAME_LENGTH_MAX,
  type NameKind,
  parseNumber,
  ROUTE_NAMES,
} from "./names.ts";
export { asOfOneMoment } from "./one-moment.ts";
export { type OpenedCatalog, openCatalog } from "./open.ts";
export {
  type ArtifactFilter,
  type ArtifactItem,
  artifactItem,
  artifactPage,
  type ExperimentRow,
  experimentPage,
  matchingNumbers,
  newestVersions,
  type PageAt,
  type PageRows,
  runPage,
  typeCounts,
  type VersionFilter,
  type VersionSizes,
  versionNumbers,
  versionSizes,
  versionsAbove,
} from "./pages.ts";
export {
  type ExperimentNames,
  experimentsOfLoneRuns,
  type UnpushedRuns,
  unpushedLoneRuns,
  unpushedRuns,
} from "./remote-runs.ts";
export {
  type LogPositionRow,
  livingManifests,
  logPosition,
  type RemoteArtifactRow,
  type RemoteRow,
  remoteArtifacts,
  remoteByName,
  remoteExperiments,
  remoteHasNumber,
  remoteHighest,
  remoteLatest,
  remotes,
  remotesElsewhere,
  remoteVersion,
  remoteVersions,
  type Unpushed,
  unpushed,
} from "./remote-state.ts";
export { RunLocks } from "./run-locks.ts";
export { type RunFilter, type RunRow, runById, runCount, runs, runsByIdStart } from "./runs.ts";
