/** Objects on disk: frames, packs, tables, compression; finding, reading and writing them. */
export { type CompressionName, compressionImplementation, prepareCompression } from "./compression.ts";
export { ContentWriter, type WrittenContent } from "./content-writer.ts";
export { FRAME_HEAD_BYTES, Frame, type ObjectType, objectDigest, readFrameHead } from "./frame.ts";
export { type EncodedFrames, FrameEncoder, objectCountOf, type PlacedObject, placedObjects } from "./frame-encoder.ts";
export { SMALL_BYTES } from "./frame-set.ts";
export { BoundedCache, type ContentFile, ObjectStore, type RecentPlaces } from "./object-store.ts";
export { PACK_HEAD_BYTES, PACKS_FOLDER, type PackKind, packPath, readPackHead, type SealedPack } from "./pack.ts";
export { MAKING_PREFIX, type Place } from "./places-run.ts";
export { decodeFoot, encodeFoot, FOOT_BYTES, openTable, Table, TableBuilder, type TablePlace } from "./table.ts";
