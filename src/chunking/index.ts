/** Content-defined chunking: bytes in, boundaries out. Pure. */
export { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, CHUNK_TARGET_BYTES, chunkLength, chunkLengths } from "./chunker.ts";
export { gearTable } from "./gear.ts";
export { CHUNKER_BYTES, MemoryChunker, makeSharedMemory, type SharedMemory } from "./memory-chunker.ts";
