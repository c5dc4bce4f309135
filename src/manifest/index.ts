/** Versions' content as a canonical Merkle tree: entries, paths, codec, tree, diff, merge, records. Pure. */
export { ManifestBuilder } from "./builder.ts";
export {
  type ByteRange,
  CHUNK_LIST_CONTEXT,
  ChunkListBuilder,
  type ChunkRow,
  checkListChild,
  checkListRoot,
  decodeListNode,
  type ListFacts,
  listFacts,
  type PlacedChunk,
  readChunkList,
} from "./chunk-list.ts";
export { Decoder, Encoder, MAX_INTEGER, malformed, utf8Length } from "./codec.ts";
export { type Change, diffManifests } from "./diff.ts";
export { applyEdits, type Edit, type EditCounts } from "./edit.ts";
export {
  type Entry,
  entryDigest,
  entrySize,
  type FileEntry,
  type FolderEntry,
  type LinkEntry,
  linkTargetProblem,
  type ReferenceEntry,
  readExtras,
  referenceProblem,
  sameEntry,
  writeExtras,
} from "./entry.ts";
export { type JsonValue, type Metadata, metadataText } from "./json-object.ts";
export { findLandmarks, type Landmarks } from "./landmarks.ts";
export { type Clash, type MergeStep, mergeManifests } from "./merge.ts";
export { murmur3 } from "./murmur.ts";
export {
  type ChildRow,
  decodeNode,
  type InnerNode,
  type LeafNode,
  MANIFEST_CONTEXT,
  type ManifestNode,
  NODE_BYTES_MAX,
  nodeDigest,
  nodesBelow,
  ParentCheck,
  type Sums,
} from "./node.ts";
export { checkRoot, EMPTY_MANIFEST, NodeReader, type NodeSink, type NodeSource } from "./node-source.ts";
export {
  afterFolder,
  baseOf,
  checkPath,
  comparePaths,
  isWellFormed,
  joinPath,
  nameProblem,
  parentOf,
  pathProblem,
} from "./path.ts";
export {
  countLinks,
  entriesInTheWay,
  type FolderItem,
  findEntry,
  folderRange,
  hasEntryBelow,
  listFolder,
  manifestSums,
  type PathRange,
  rangeSums,
  readEntries,
} from "./read.ts";
export {
  checkMessage,
  decodeVersionRecord,
  encodeVersionRecord,
  NONCE_BYTES,
  VERSION_CONTEXT,
  type VersionRecord,
  versionId,
} from "./record.ts";
export {
  COMMAND_BYTES_MAX,
  COMMAND_WORDS_MAX,
  decodeRunRecord,
  encodeRunRecord,
  RUN_CONTEXT,
  type RunRecord,
  runId,
} from "./run-record.ts";
export { joinSubtrees, leafSubtree, type Subtree } from "./subtree.ts";
