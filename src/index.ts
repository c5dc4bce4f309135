/**
 * artifold: content-addressed, local-first versions of folders.
 *
 * Begin with {@link openStore}. Importing does nothing; a store is files in a folder of yours.
 */
export type { Digest } from "./digest/index.ts";
export {
  ArtifoldError,
  type ErrorCode,
  type ErrorDetails,
  errorCodes,
  type Happened,
  isArtifoldError,
} from "./errors.ts";
export type { RunEnding } from "./journal/index.ts";
export type { JsonValue, Landmarks, Metadata } from "./manifest/index.ts";
export type { Clock, FileSystem } from "./platform/index.ts";
export type { LongCallOptions, OnProgress, ProgressEvent, ProgressPhase } from "./progress.ts";
export {
  type CheckRemoteOptions,
  type OpenRemoteOptions,
  openRemote,
  type Remote,
  type RemoteFinding,
  type RemoteReport,
} from "./remote/index.ts";
export {
  type Added,
  type AddedFile,
  type AddOptions,
  Artifact,
  type ArtifactQuery,
  type ArtifactSummary,
  Artifacts,
  type DownloadOptions,
  type DownloadResult,
  type EntryFilter,
  type EntryView,
  type FinishOptions,
  type FolderChange,
  type FolderListItem,
  type FolderStatus,
  finish,
  getArtifact,
  type InitOptions,
  type InitResult,
  init,
  type Lineage,
  type LineageLink,
  type LineageNode,
  type LineageOptions,
  type LineageStart,
  type MergeOptions,
  type MergeResult,
  type MovedVersion,
  type NameRemoteOptions,
  type NewFile,
  type OnConflict,
  type OpenRemote,
  type Operation,
  openStore,
  type PullOptions,
  type PullResult,
  type PushOptions,
  type PushResult,
  type ReferenceOptions,
  type RemoteChoice,
  type RemoteGcOptions,
  type RemoteGcResult,
  type RemoteInfo,
  type RemoteOptions,
  type ResolveOptions,
  Run,
  type RunOptions,
  type RunState,
  type RunSummary,
  type SeedQuery,
  type Source,
  Store,
  type StoreOptions,
  StoreRemotes,
  type Traffic,
  type UploadOptions,
  type UploadResult,
  uploadArtifact,
  Version,
  type VersionChange,
  type VersionQuery,
  type WholeResult,
} from "./store/index.ts";
export type { Problem, ProblemKind, VerifyOptions, VerifyResult } from "./upkeep/index.ts";
export type { LeftOut, LeftOutReason, PortabilityWarning } from "./worktree/index.ts";
