/**
 * Looks through a zstd frame (RFC 8878) before it is given to a decoder.
 *
 * A few stored bytes can make a decoder produce gigabytes. Only frames are let through that name no dictionary, have a
 * small window and few blocks, and end where the payload ends: what they can produce is bounded.
 */
import { ArtifoldError } from "../errors.ts";

const MAGIC = 0xfd2fb528;
/** An encoder makes two or three blocks of 128 KiB out of a frame's 256 KiB, and a few more where it splits them. */
const BLOCKS_MAX = 64;
const WINDOW_BYTES_MAX = 8 * 1024 * 1024;

/** Throws DAMAGED unless the bytes are one zstd frame that can hold `rawLength` bytes and not much more. */
export function checkZstdFrame(bytes: Uint8Array, rawLength: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 6 || view.getUint32(0, true) !== MAGIC) refuse("no zstd frame");
  const descriptor = bytes[4] as number;
  const singleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) refuse("a reserved bit is set");
  if ((descriptor & 0x04) !== 0) refuse("it has a checksum of its own");
  if ((descriptor & 0x03) !== 0) refuse("it names a dictionary");
  let at = 5;
  if (!singleSegment) {
    const window = bytes[at++] as number;
    const base = 2 ** (10 + (window >> 3));
    if (base + (base / 8) * (window & 7) > WINDOW_BYTES_MAX) refuse("its window is too large");
  }
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 2 ** sizeFlag;
  if (sizeBytes > 0) {
    if (at + sizeBytes > bytes.length) refuse("it ends too early");
    if (contentSize(view, at, sizeBytes) !== rawLength) refuse("it states another length");
    at += sizeBytes;
  }
  if (skipBlocks(bytes, at, rawLength) !== bytes.length) refuse("bytes after its end");
}

function contentSize(view: DataView, at: number, sizeBytes: number): number {
  if (sizeBytes === 1) return view.getUint8(at);
  // The two-byte form leaves out the 256 values that the one-byte form holds.
  if (sizeBytes === 2) return view.getUint16(at, true) + 256;
  if (sizeBytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

/** Goes over the blocks. @returns where the last one ends */
function skipBlocks(bytes: Uint8Array, start: number, rawLength: number): number {
  let at = start;
  let plain = 0;
  for (let block = 0; block < BLOCKS_MAX; block++) {
    if (at + 3 > bytes.length) refuse("it ends too early");
    const head = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    const type = (head >> 1) & 3;
    const size = head >> 3;
    if (type === 3) refuse("a block of a reserved type");
    if (type !== 2) plain += size;
    if (plain > rawLength) refuse("it holds more than it should");
    // A block of type 1 stores one byte and repeats it.
    at += 3 + (type === 1 ? 1 : size);
    if (at > bytes.length) refuse("it ends too early");
    if ((head & 1) === 1) return at;
  }
  refuse("it has too many blocks");
}

function refuse(why: string): never {
  throw new ArtifoldError("DAMAGED", `malformed compressed frame: ${why}`);
}
