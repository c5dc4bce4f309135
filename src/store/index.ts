/** What an embedder holds: Store, Artifact, Version, Run. Every change of a store enters here. */

export type { Added, AddOptions } from "./adding.ts";
export type { AddedFile, NewFile } from "./adding-many.ts";
export {
  Artifact,
  type ReferenceOptions,
  type RemoveOptions,
  type UploadOptions,
  type UploadResult,
} from "./artifact.ts";
export { refuseUnrelated } from "./catch-up.ts";
export type { DownloadOptions, DownloadResult } from "./checkout.ts";
export {
  type CurrentRun,
  clearCurrentRun,
  currentRunFile,
  RUN_VARIABLE,
  setCurrentRun,
} from "./current-run.ts";
export type { Engine } from "./engine.ts";
export type { FolderChange } from "./folder-difference.ts";
export { parseHttpHost, runUrl } from "./http-host.ts";
export type { Lineage, LineageLink, LineageNode, LineageOptions, LineageStart } from "./lineage.ts";
export {
  countLogins,
  forgetLogin,
  keepLogin,
  type Login,
  loginFor,
  loginsFile,
  originOf,
  readLogins,
} from "./logins.ts";
export type { MergeOptions, MergeResult } from "./merge.ts";
export type { OnConflict } from "./merging.ts";
export type { OpenRemote } from "./object-source.ts";
export { type LogOptions, type Operation, type ToldChange, tellOperation } from "./operations.ts";
export type { PullOptions, PullResult } from "./pull.ts";
export type { MovedVersion, PushedKind, PushOptions, PushResult, WholeResult } from "./push.ts";
export { parseRef, type Ref, type RefDefaults } from "./ref.ts";
export type { RemoteGcOptions, RemoteGcResult } from "./remote-gc.ts";
export type { RemoteOptions, Traffic } from "./remote-work.ts";
export { isAddress, type NameRemoteOptions, type RemoteChoice, type RemoteInfo } from "./remotes.ts";
export {
  changeUserSettings,
  DEFAULT_EXPERIMENT,
  DEFAULT_TEAM,
  type Origin,
  resolveSettings,
  resolveStore,
  type Setting,
  type Settings,
  userSettingsFile,
} from "./resolve.ts";
export type { ResolveInput } from "./resolve-input.ts";
export { type FinishOptions, Run } from "./run.ts";
export { type RunState, type RunSummary, viewRun } from "./run-view.ts";
export type { ArtifactQuery, ResolveOptions, VersionQuery } from "./scope.ts";
export {
  Artifacts,
  finish,
  getArtifact,
  type InitOptions,
  type InitResult,
  init,
  type SeedQuery,
  uploadArtifact,
} from "./seed-words.ts";
export type { Source } from "./source.ts";
export type { RunOptions } from "./start-run.ts";
export {
  type FolderStatus,
  openStore,
  Store,
  type StoreOptions,
} from "./store.ts";
export { createStore, STORE_FORMAT, storeExists, storeNames } from "./store-folder.ts";
export { StoreRemotes } from "./store-remotes.ts";
export { Version } from "./version.ts";
export type { ArtifactSummary, EntryFilter, EntryView, FolderListItem, VersionChange } from "./view.ts";
