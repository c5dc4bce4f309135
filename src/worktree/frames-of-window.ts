/** Frames on their way between threads: what lies in a window stays there, all else travels in one buffer. */
import { DIGEST_BYTES } from "../digest/index.ts";
import { type EncodedFrames, type FrameEffort, FrameEncoder } from "../objects/index.ts";
import { DeltaTries } from "./delta-tries.ts";
import type { ReadBases } from "./read-bases.ts";
import type { ChunkColumns, FramesOfWindow } from "./read-request.ts";
import type { Window } from "./windows.ts";

const PIECE_NUMBERS = 3;

/**
 * Packs chunks of a window into frames.
 *
 * @param wanted a byte for each, 0 for those that are left out
 * @param bases gives what each may resemble
 */
export function encodeChunks(
  window: Buffer,
  chunks: ChunkColumns,
  wanted: Uint8Array,
  effort: FrameEffort,
  bases?: Pick<ReadBases, "has" | "of">,
): EncodedFrames {
  const { from, digests, lengths, arePlain } = chunks;
  const encoder = new FrameEncoder("chunk", undefined, effort);
  const tries = new DeltaTries();
  let at = from;
  for (const [index, length] of lengths.entries()) {
    const digest = digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
    if (wanted[index] !== 0) {
      const object = { digest, bytes: window.subarray(at, at + length) };
      const base = bases?.has(index) && tries.isDue() ? bases.of(index) : undefined;
      if (base === undefined) encoder.add(object, arePlain);
      else {
        const isPaid = encoder.addResembling([object], base);
        tries.learn(1, isPaid ? 1 : 0);
      }
    }
    at += length;
  }
  return encoder.finish();
}

/** Frames as they travel. @param window the bytes of the window that their objects lie in */
export function framesOfWindow(frames: EncodedFrames, window: Buffer): FramesOfWindow {
  const { type, byteLength, frameLengths, objectCounts, digests, compared } = frames;
  const pieces = new Uint32Array(frames.pieces.length * PIECE_NUMBERS);
  let own: Uint8Array | undefined;
  frames.pieces.forEach((piece, index) => {
    const isInWindow = piece.buffer === window.buffer;
    if (!isInWindow) own = new Uint8Array(piece.buffer);
    const from = isInWindow ? piece.byteOffset - window.byteOffset : piece.byteOffset;
    pieces.set([isInWindow ? 1 : 0, from, piece.length], index * PIECE_NUMBERS);
  });
  return { type, byteLength, frameLengths, objectCounts, digests, compared, bytes: own ?? new Uint8Array(), pieces };
}

/** The frames that came. */
export function framesInWindow(travelled: FramesOfWindow, window: Window): EncodedFrames {
  const { bytes, pieces: places, ...rest } = travelled;
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < places.length; at += PIECE_NUMBERS) {
    const [isInWindow, from, length] = places.subarray(at, at + PIECE_NUMBERS) as unknown as [number, number, number];
    const source = isInWindow === 1 ? window.bytes : bytes;
    pieces.push(source.subarray(from, from + length));
  }
  return { ...rest, pieces };
}
