/** Objects on disk: frames, packs, tables, compression; finding, reading and writing them. */
export { type CompressionName, compressionImplementation, prepareCompression } from "./compression.ts";
export { ContentWriter, type WrittenContent } from "./content-writer.ts";
export { Frame, FRAME_HEAD_BYTES, objectDigest, type ObjectType, readFrameHead } from "./frame.ts";
export { type EncodedFrames, eachObject, FrameEncoder } from "./frame-encoder.ts";
export { SMALL_BYTES } from "./frame-set.ts";
export { BoundedCache, type ContentFile, ObjectStore, type Place, type RecentPlaces } from "./object-store.ts";
export { PACK_HEAD_BYTES, type PackKind, PACKS_FOLDER, packPath, readPackHead, type SealedPack } from "./pack.ts";
export { decodeFoot, encodeFoot, FOOT_BYTES, openTable, Table, TableBuilder, type TablePlace } from "./table.ts";
