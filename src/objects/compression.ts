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
 * less than "low" in at most a half more time, and "high" again 2 to 7 % less in twice the time.
 */
export type Effort = "low" | "normal" | "high";
type Levels = { readonly [effort in Effort]: number };
/** The levels of zstd that these mean, where nothing but a level can be chosen. */
const plainLevels: Levels = { low: 1, normal: 2, high: 4 };
/** Of deltas, which copy most from their base: on source code level 5 stores a tenth less than level 3 in three times the time. */
const deltaLevels: Levels = { low: 1, normal: 3, high: 5 };

/** The implementations by name, the preferred first. */
export type CompressionName = "addon" | "node" | "wasm";

interface Implementation {
  readonly name: CompressionName;
  compress(bytes: Uint8Array, effort: Effort): Uint8Array;
  /** The same with bytes that come before. */
  compressAfter(base: Uint8Array, bytes: Uint8Array, effort: Effort): Uint8Array;
  /**
   * @param target as long as the decompressed bytes should be
   * @param base bytes that came before
   * @returns how many there are: where it is another number, the target holds nothing of use
   */
  decompress(bytes: Uint8Array, target: Uint8Array, base?: Uint8Array): number;
}

let chosen: Implementation | undefined;
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

/** Which implementation answers: `doctor` shows it. */
export function compressionImplementation(): CompressionName {
  return implementation().name;
}

/** Compresses bytes into one zstd frame, and checks that it decompresses to the same bytes (rule R11). */
export function compress(bytes: Uint8Array, effort: Effort = "normal"): Uint8Array {
  const compressed = implementation().compress(bytes, effort);
  checkSame(compressed, bytes);
  return compressed;
}

/** Decompresses one zstd frame. Throws DAMAGED unless it gives exactly `rawLength` bytes. */
export function decompress(bytes: Uint8Array, rawLength: number): Uint8Array {
  checkZstdFrame(bytes, rawLength);
  return decompressed(bytes, rawLength);
}

/** How long {@link compress} would make bytes. Nothing is checked, for nothing is kept. */
export function compressedLength(bytes: Uint8Array, effort: Effort): number {
  return implementation().compress(bytes, effort).length;
}

/** What of an object is looked at to know about how long it would be compressed. */
const ESTIMATE_BYTES: number = 32 * 1024;

/** About how many bytes {@link compress} would give: mostly up to a tenth too many, of random words a quarter. */
export function estimateCompressed(bytes: Uint8Array): number {
  if (bytes.length === 0) return 0;
  const length = Math.min(bytes.length, ESTIMATE_BYTES);
  const from = (bytes.length - length) >>> 1;
  return (compressedLength(bytes.subarray(from, from + length), "normal") * bytes.length) / length;
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
  const compressed = implementation().compressAfter(base, bytes, effort);
  if (!isWorthwhile(compressed.length)) return undefined;
  checkSame(compressed, bytes, base);
  return compressed;
}

/** Decompresses what {@link compressDelta} made. Throws DAMAGED unless it gives exactly `rawLength` bytes. */
export function decompressDelta(bytes: Uint8Array, rawLength: number, base: Uint8Array): Uint8Array {
  checkZstdFrame(bytes, rawLength);
  if (!isPlainBase(base)) throw new ArtifoldError("DAMAGED", "a delta goes on from what cannot be a base");
  return decompressed(bytes, rawLength, base);
}

function decompressed(bytes: Uint8Array, rawLength: number, base?: Uint8Array): Uint8Array {
  const raw = Buffer.allocUnsafeSlow(rawLength);
  let length: number;
  try {
    length = implementation().decompress(bytes, raw, base);
  } catch (error) {
    throw new ArtifoldError("DAMAGED", "a compressed frame does not decompress", { cause: error });
  }
  if (length !== rawLength) throw new ArtifoldError("DAMAGED", "a compressed frame of another length");
  return raw;
}

/** What was compressed is decompressed into this, and looked at. */
let checked = Buffer.alloc(0);

function checkSame(compressed: Uint8Array, bytes: Uint8Array, base?: Uint8Array): void {
  if (checked.length < bytes.length) checked = Buffer.allocUnsafeSlow(bytes.length);
  const back = checked.subarray(0, bytes.length);
  if (implementation().decompress(compressed, back, base) === bytes.length && back.equals(bytes)) return;
  throw new ArtifoldError("STORE_WRITE_FAILED", "compressed bytes do not decompress to what they were", {
    hint: "Memory or processor of this machine may be faulty. Nothing was stored.",
  });
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

/**
 * zstd by itself, with contexts that are used again: into memory that is there, a frame decompresses in half the time that
 * streams take, and a delta is made in half the time of WebAssembly.
 */
function loadAddon(): Implementation | undefined {
  let addon: typeof import("zstd-napi/binding.js");
  try {
    addon = require("zstd-napi/binding.js");
  } catch {
    // Not installed, or not built for this platform: the next one writes the same format.
    return undefined;
  }
  const { CCtx, DCtx, CParameter, compressBound } = addon;
  const contextOf = (level: number): InstanceType<typeof CCtx> => {
    const context = new CCtx();
    context.setParameter(CParameter.compressionLevel, level);
    return context;
  };
  const contexts = { low: contextOf(plainLevels.low), normal: contextOf(3), high: contextOf(plainLevels.high) };
  // Two parameters that level 3 has on a stream. Without them, in frames of 256 KiB, it takes a fifth more time to store as much;
  // level 2 stores 1 % more in a tenth less.
  contexts.normal.setParameter(CParameter.hashLog, 17);
  contexts.normal.setParameter(CParameter.minMatch, 5);
  const deltas = new CCtx();
  const decompressor = new DCtx();
  let scratch = Buffer.alloc(0);
  const withScratch = (length: number, write: (target: Buffer) => number): Buffer => {
    const bound = compressBound(length);
    if (scratch.length < bound) scratch = Buffer.allocUnsafeSlow(bound);
    return Buffer.from(scratch.subarray(0, write(scratch)));
  };
  return {
    name: "addon",
    compress: (bytes, effort) => withScratch(bytes.length, (target) => contexts[effort].compress2(target, bytes)),
    compressAfter: (base, bytes, effort) =>
      withScratch(bytes.length, (target) => deltas.compressUsingDict(target, bytes, base, deltaLevels[effort])),
    decompress: (bytes, target, base) =>
      base === undefined
        ? decompressor.decompress(target, bytes)
        : decompressor.decompressUsingDict(target, bytes, base),
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
  const paramsOf = (level: number): { params: Record<number, number> } => ({ params: { [levelKey]: level } });
  return {
    name: "node",
    compress: (bytes, effort) => zstdCompressSync(bytes, paramsOf(plainLevels[effort])),
    compressAfter: (dictionary, bytes, effort) =>
      zstdCompressSync(bytes, { ...paramsOf(deltaLevels[effort]), dictionary }),
    decompress: (bytes, target, dictionary) => {
      const options = { maxOutputLength: Math.max(1, target.length), ...(dictionary !== undefined && { dictionary }) };
      return copyInto(target, zstdDecompressSync(bytes, options));
    },
  };
}

async function loadWasm(): Promise<Implementation> {
  const zstd = require("@bokuweb/zstd-wasm") as typeof import("@bokuweb/zstd-wasm");
  await zstd.init();
  const compressor = zstd.createCCtx();
  const decompressor = zstd.createDCtx();
  return {
    name: "wasm",
    compress: (bytes, effort) => zstd.compress(asBuffer(bytes), plainLevels[effort]),
    compressAfter: (base, bytes, effort) =>
      zstd.compressUsingDict(compressor, asBuffer(bytes), asBuffer(base), deltaLevels[effort]),
    decompress: (bytes, target, base) => {
      const options = { defaultHeapSize: Math.max(1, target.length) };
      return copyInto(
        target,
        base === undefined
          ? zstd.decompress(asBuffer(bytes), options)
          : zstd.decompressUsingDict(decompressor, asBuffer(bytes), asBuffer(base), options),
      );
    },
  };
}

function copyInto(target: Uint8Array, bytes: Uint8Array): number {
  if (bytes.length === target.length) target.set(bytes);
  return bytes.length;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
