/** Objects on disk: frames, packs, tables, compression; finding, reading and writing them. */
export { ADOPTED_BYTES_MAX } from "./adopted-files.ts";
export type { AdoptedFile, Adoption } from "./adoption.ts";
export { BoundedCache } from "./bounded-cache.ts";
export {
  type CompressionName,
  compressionImplementation,
  looksCompressible,
  prepareCompression,
} from "./compression.ts";
export { type BaseChunk, ContentWriter, type StoredObjects, type WrittenContent } from "./content-writer.ts";
export { DigestFilter, filterLength } from "./digest-filter.ts";
export type { FileCopy } from "./file-copy.ts";
export {
  BASES_MAX,
  FRAME_BYTES_MAX,
  FRAME_PREAMBLE_BYTES_MAX,
  FRAME_RAW_BYTES,
  Frame,
  frameLengthOf,
  type ObjectType,
  objectDigest,
  readFrameHead,
  readFrameLength,
} from "./frame.ts";
export {
  bytesOfFrames,
  type ComparedLengths,
  type DeltaBase,
  type EncodedFrames,
  type FrameEffort,
  FrameEncoder,
  objectCountOf,
  type PlacedObject,
  placedObjects,
  readPlacedObjects,
} from "./frame-encoder.ts";
export type { FrameRun } from "./frame-run.ts";
export { SMALL_BYTES } from "./frame-set.ts";
export { ObjectStore } from "./object-store.ts";
export {
  PACK_HEAD_BYTES,
  PACK_OBJECTS_MAX,
  PACKS_FOLDER,
  type PackKind,
  packHead,
  packKindOf,
  packPath,
  readPackHead,
  type SealedPack,
} from "./pack.ts";
export type { ContentFile, RecentPlaces } from "./place-index.ts";
export { MAKING_PREFIX } from "./places-run.ts";
export { fileOfRow, mergeRows, placeOfRow, type RowCursor, RUN_ROW_BYTES, TableCursor } from "./run-rows.ts";
export { adoptedPath, FILES_FOLDER, isAdopted, tablePathOf } from "./store-files.ts";
export {
  decodeFoot,
  encodeFoot,
  FOOT_BYTES,
  openTable,
  type Place,
  Table,
  TableBuilder,
  type TablePlace,
} from "./table.ts";
