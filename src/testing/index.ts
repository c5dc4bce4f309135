/**
 * For tests of programs that embed artifold, and for our own: stores that vanish, clocks that can be set, files that fail,
 * a remote in memory. Nothing here needs a test runner.
 */
export type { ListedKey, OnTraffic, Remote, RemoteCallOptions, RemoteRange, RemoteTraits } from "../remote/index.ts";
export { type SettableClock, settableClock } from "./clock.ts";
export { type Fault, FaultyFileSystem, type FileCall } from "./faulty-file-system.ts";
export { type MemoryPlace, type MemoryRemote, memoryPlace, memoryRemote } from "./memory-remote.ts";
export { type RemoteCheck, type RemotePlace, remoteChecks } from "./remote-checks.ts";
export { type TemporaryStore, temporaryStore } from "./temporary-store.ts";
