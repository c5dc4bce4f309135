/** Logs and index of a remote; what to send to it, and what to fetch. */
export { cachedHints } from "./cached-hints.ts";
export { type ChangedFile, changedFiles, newChunks } from "./changed-files.ts";
export { type Child, contentOf, type NodeType } from "./children.ts";
export { type ReadFrames, RUN_BYTES_MAX } from "./chunk-frames.ts";
export { ContentSender, type FindThere, type NeededContent, type SendSource } from "./content-sender.ts";
export { FoundThere, readTombstones } from "./found-there.ts";
export { copyObjects, type DoomedObject } from "./gc-copies.ts";
export { type IndexedPack, writeBase } from "./gc-index.ts";
export { addToIndex } from "./index-tail.ts";
export { type HintMemory, KnownPlaces } from "./known-places.ts";
export { type ListedPack, listPacks, readTables } from "./packs-of-group.ts";
export { Reachable, type SeenCount } from "./reachable.ts";
export { RemoteIndex } from "./remote-index.ts";
export { type LogPosition, type LogWriter, RemoteLog, type SlotStep } from "./remote-log.ts";
export { type Keeper, RemoteReader } from "./remote-reader.ts";
export { RemoteSession, type SessionOptions } from "./remote-session.ts";
export { StepCheck } from "./step-facts.ts";
export { differingNodes, type TreeSource } from "./tree-difference.ts";
