/**
 * zstd, by the fastest of three implementations that write one format: a native addon with its binary in the registry,
 * the zlib of newer Node, or WebAssembly.
 */
import { createRequire } from "node:module";
import { ArtifoldError } from "../errors.ts";
import { checkZstdFrame } from "./zstd-frame.ts";

const require = createRequire(import.meta.url);

/**
 * How much time compression may take. Measured in frames of 256 KiB, on words, tables and source code: "normal" stores 1 to 6 %
 * less than "low" in at most a fifth more time, and "high" again 5 to 7 % less in twice the time.
 */
export type Effort = "low" | "normal" | "high";
type Levels = { readonly [effort in Effort]: number };
/** The levels of zstd that these mean to who is told at once how much there is: then zstd chooses its tables for so much. */
const levelsOfLength: Levels = { low: 1, normal: 2, high: 4 };
/** The levels that give the same to who is not: they stand for other tables there. */
const levelsOfStream: Levels = { low: 1, normal: 3, high: 5 };
/** Of deltas, which copy most from their base: on source code level 5 stores a tenth less than level 3 in three times the time. */
const deltaLevels: Levels = { low: 1, normal: 3, high: 5 };

/** The implementations by name, the preferred first. */
export type CompressionName = "addon" | "node" | "wasm";

interface Implementation {
  readonly name: CompressionName;
  readonly levels: Levels;
  compress(bytes: Uint8Array, level: number): Uint8Array;
  decompress(bytes: Uint8Array, rawLength: number): Uint8Array;
  /** As `compress` and `decompress`, with bytes that come before. */
  compressAfter(base: Uint8Array, bytes: Uint8Array, level: number): Uint8Array;
  decompressAfter(base: Uint8Array, bytes: Uint8Array, rawLength: number): Uint8Array;
}

let chosen: Implementation | undefined;
/** Makes deltas in the place of the chosen one, where many are to be made. */
let forDeltas: Implementation | undefined;
/** Loaded once: a second start exchanges the memory under whoever uses the first. */
let wasm: Promise<Implementation> | undefined;

/**
 * Chooses the implementation. Must settle before the first use in a thread; later calls do nothing.
 *
 * @param wanted asks for one of them, for tests and measurements
 */
export async function prepareCompression(wanted?: CompressionName): Promise<void> {
  if (chosen !== undefined && (wanted === undefined || chosen.name === wanted)) return;
  const native =
    (wanted === undefined || wanted === "addon" ? loadAddon() : undefined) ??
    (wanted === undefined || wanted === "node" ? loadNode() : undefined);
  if (native === undefined) wasm ??= loadWasm();
  chosen = native ?? (await wasm);
}

/**
 * Has many deltas made fast. Must settle before the first of them; later calls do nothing.
 *
 * The addon makes a context and a dictionary anew for each delta, and WebAssembly uses its own again: a third of the time,
 * and no memory that waits for a collection, in both directions. Its start takes as long as a hundred deltas.
 */
export async function prepareDeltas(): Promise<void> {
  if (forDeltas !== undefined || chosen?.name !== "addon") return;
  wasm ??= loadWasm();
  forDeltas = await wasm;
}

/** Which implementation answers: `doctor` shows it. */
export function compressionImplementation(): CompressionName {
  return implementation().name;
}

/** Compresses bytes into one zstd frame, and checks that it decompresses to the same bytes (rule R11). */
export function compress(bytes: Uint8Array, effort: Effort = "normal"): Uint8Array {
  const zstd = implementation();
  const compressed = zstd.compress(bytes, zstd.levels[effort]);
  checkSame(zstd.decompress(compressed, bytes.length), bytes);
  return compressed;
}

/** Decompresses one zstd frame. Throws DAMAGED unless it gives exactly `rawLength` bytes. */
export function decompress(bytes: Uint8Array, rawLength: number): Uint8Array {
  checkZstdFrame(bytes, rawLength);
  return exactly(rawLength, () => implementation().decompress(bytes, rawLength));
}

/** What of an object is looked at to know about how long it would be compressed. */
const ESTIMATE_BYTES: number = 32 * 1024;

/** About how many bytes {@link compress} would give: mostly up to a tenth too many, of random words a quarter. Nothing is checked, for nothing is kept. */
export function estimateCompressed(bytes: Uint8Array): number {
  if (bytes.length === 0) return 0;
  const length = Math.min(bytes.length, ESTIMATE_BYTES);
  const from = (bytes.length - length) >>> 1;
  const zstd = implementation();
  const { length: compressed } = zstd.compress(bytes.subarray(from, from + length), zstd.levels.normal);
  return (compressed * bytes.length) / length;
}

/**
 * Compresses bytes into one zstd frame that goes on from other bytes, and checks it as {@link compress} does.
 *
 * @param isWorthwhile says of its length whether it will be kept: one that will not needs no check
 * @returns `undefined` where it will not be kept, or the base cannot be one
 */
export function compressDelta(
  bytes: Uint8Array,
  base: Uint8Array,
  effort: Effort,
  isWorthwhile: (length: number) => boolean,
): Uint8Array | undefined {
  if (!isPlainBase(base)) return undefined;
  const zstd = forDeltas ?? implementation();
  const compressed = zstd.compressAfter(base, bytes, deltaLevels[effort]);
  if (!isWorthwhile(compressed.length)) return undefined;
  checkSame(zstd.decompressAfter(base, compressed, bytes.length), bytes);
  return compressed;
}

/** Decompresses what {@link compressDelta} made. Throws DAMAGED unless it gives exactly `rawLength` bytes. */
export function decompressDelta(bytes: Uint8Array, rawLength: number, base: Uint8Array): Uint8Array {
  checkZstdFrame(bytes, rawLength);
  if (!isPlainBase(base)) throw new ArtifoldError("DAMAGED", "a delta goes on from what cannot be a base");
  return exactly(rawLength, () => implementation().decompressAfter(base, bytes, rawLength));
}

function checkSame(back: Uint8Array, bytes: Uint8Array): void {
  if (Buffer.compare(back, bytes) === 0) return;
  throw new ArtifoldError("STORE_WRITE_FAILED", "compressed bytes do not decompress to what they were", {
    hint: "Memory or processor of this machine may be faulty. Nothing was stored.",
  });
}

/** What decompressing gives, when it is as long as it should be. */
function exactly(rawLength: number, decompressed: () => Uint8Array): Uint8Array {
  let raw: Uint8Array;
  try {
    raw = decompressed();
  } catch (error) {
    throw new ArtifoldError("DAMAGED", "a compressed frame does not decompress", { cause: error });
  }
  if (raw.length !== rawLength) throw new ArtifoldError("DAMAGED", "a compressed frame of another length");
  return raw;
}

const DICTIONARY_MAGIC = 0xec30a437;

/** Bytes that begin like a dictionary with tables of its own are taken for one, and not for content. */
function isPlainBase(base: Uint8Array): boolean {
  if (base.length < 8) return false;
  return new DataView(base.buffer, base.byteOffset, 4).getUint32(0, true) !== DICTIONARY_MAGIC;
}

const SAMPLE_BYTES = 1024;
const SAMPLE_PIECES = 4;
const sampleCounts = new Uint16Array(256);

/**
 * Guesses from a sample whether compression can pay: text and numbers use some byte values far more than others, while
 * compressed and encrypted bytes use all alike. Costs a microsecond or two, trying costs a hundred.
 */
export function looksCompressible(bytes: Uint8Array): boolean {
  // Too few bytes say nothing about their distribution, and little can be lost by trying.
  if (bytes.length < 512) return true;
  const counts = sampleCounts.fill(0);
  const piece = Math.min(SAMPLE_BYTES / SAMPLE_PIECES, Math.floor(bytes.length / SAMPLE_PIECES));
  const step = Math.floor((bytes.length - piece) / (SAMPLE_PIECES - 1));
  for (let index = 0; index < SAMPLE_PIECES; index++) {
    const end = index * step + piece;
    for (let at = index * step; at < end; at++) {
      const value = bytes[at] as number;
      counts[value] = (counts[value] as number) + 1;
    }
  }
  const sampled = piece * SAMPLE_PIECES;
  let squares = 0;
  for (let value = 0; value < 256; value++) squares += (counts[value] as number) * (counts[value] as number);
  // Evenly distributed bytes give n^2/256 + n on average; a quarter more is far outside of chance.
  return squares > 1.25 * (sampled * (sampled / 256) + sampled);
}

function implementation(): Implementation {
  if (chosen === undefined) throw new TypeError("prepareCompression comes first");
  return chosen;
}

function loadAddon(): Implementation | undefined {
  let addon: typeof import("@toondepauw/node-zstd");
  try {
    addon = require("@toondepauw/node-zstd");
  } catch {
    // Not installed, or no binary for this platform: the next one writes the same format.
    return undefined;
  }
  const { Encoder, Decoder } = addon;
  const encoders = new Map<number, InstanceType<typeof Encoder>>();
  const encoderOf = (level: number): InstanceType<typeof Encoder> => {
    const encoder = encoders.get(level) ?? new Encoder(level);
    encoders.set(level, encoder);
    return encoder;
  };
  const decoder = new Decoder();
  return {
    name: "addon",
    levels: levelsOfStream,
    compress: (bytes, level) => encoderOf(level).encodeSync(asBuffer(bytes)),
    decompress: (bytes) => decoder.decodeSync(asBuffer(bytes)),
    compressAfter: (base, bytes, level) => new Encoder(level, asBuffer(base)).encodeSync(asBuffer(bytes)),
    decompressAfter: (base, bytes) => new Decoder(asBuffer(base)).decodeSync(asBuffer(bytes)),
  };
}

/** The part of node:zlib that came with Node 22.15 and 23.8. */
interface ZstdOfNode {
  zstdCompressSync?(
    bytes: Uint8Array,
    options: { params: Record<number, number>; dictionary?: Uint8Array },
  ): Uint8Array;
  zstdDecompressSync?(bytes: Uint8Array, options: { maxOutputLength: number; dictionary?: Uint8Array }): Uint8Array;
  constants: { ZSTD_c_compressionLevel?: number };
}

function loadNode(): Implementation | undefined {
  // Taken when it is needed, and not imported: where the addon is, nobody waits for it.
  const zlib = process.getBuiltinModule("node:zlib") as unknown as ZstdOfNode;
  const { zstdCompressSync, zstdDecompressSync, constants } = zlib;
  const levelKey = constants.ZSTD_c_compressionLevel;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined || levelKey === undefined) return undefined;
  const outputOf = (rawLength: number): { maxOutputLength: number } => ({ maxOutputLength: Math.max(1, rawLength) });
  return {
    name: "node",
    levels: levelsOfLength,
    compress: (bytes, level) => zstdCompressSync(bytes, { params: { [levelKey]: level } }),
    decompress: (bytes, rawLength) => zstdDecompressSync(bytes, outputOf(rawLength)),
    compressAfter: (dictionary, bytes, level) => zstdCompressSync(bytes, { params: { [levelKey]: level }, dictionary }),
    decompressAfter: (dictionary, bytes, rawLength) =>
      zstdDecompressSync(bytes, { ...outputOf(rawLength), dictionary }),
  };
}

async function loadWasm(): Promise<Implementation> {
  const zstd = require("@bokuweb/zstd-wasm") as typeof import("@bokuweb/zstd-wasm");
  await zstd.init();
  const compressor = zstd.createCCtx();
  const decompressor = zstd.createDCtx();
  const heapOf = (rawLength: number): { defaultHeapSize: number } => ({ defaultHeapSize: Math.max(1, rawLength) });
  return {
    name: "wasm",
    levels: levelsOfLength,
    compress: (bytes, level) => zstd.compress(asBuffer(bytes), level),
    decompress: (bytes, rawLength) => zstd.decompress(asBuffer(bytes), heapOf(rawLength)),
    compressAfter: (base, bytes, level) => zstd.compressUsingDict(compressor, asBuffer(bytes), asBuffer(base), level),
    decompressAfter: (base, bytes, rawLength) =>
      zstd.decompressUsingDict(decompressor, asBuffer(bytes), asBuffer(base), heapOf(rawLength)),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
