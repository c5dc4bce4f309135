/**
 * Cuts bytes into chunks where their content says so, so that an insertion moves only the cuts beside it.
 *
 * A gear hash runs over the bytes (Xia et al., "FastCDC", USENIX ATC 2016): h = (h << 1) + table[byte], 32 bits wide,
 * so that it depends on the last 32 bytes alone. A chunk ends after a byte where the leading bits of h are all zero:
 * 18 of them before the target length, 14 after it (the paper's normalised chunking, level 2), which draws lengths
 * together around the target. No cut falls before the minimum length; at the maximum it is forced.
 */
import { gearTable } from "./gear.ts";

// Chunk lengths of format 1. Constants, not settings: see docs/format.md, "Chunking".
/** A blob of at most this length is not cut, and a chunk that is not its blob's last is longer. */
export const CHUNK_MIN_BYTES: number = 16 * 1024;
/** The length around which chunks gather. */
export const CHUNK_TARGET_BYTES: number = 64 * 1024;
/** The longest chunk. */
export const CHUNK_MAX_BYTES: number = 256 * 1024;

/** How many bytes back the hash reaches. */
const WINDOW_BYTES = 32;
const EARLY_MASK = 0xffffc000 | 0;
const LATE_MASK = 0xfffc0000 | 0;

/** Finds where the hash first has all zeros under a mask after a byte at `at` to `end` - 1: the place after it; 0 for none. */
export type CutFinder = (at: number, end: number, mask: number) => number;

/**
 * Length of the chunk that begins at `from`.
 *
 * @param bytes the content, or a part of it
 * @param from where the chunk begins
 * @param to where the known bytes end: at least {@link CHUNK_MAX_BYTES} after `from`, or the end of the content
 * @returns a length of 1 to {@link CHUNK_MAX_BYTES} bytes; all that is left when no cut comes before the end
 */
export function chunkLength(bytes: Uint8Array, from: number, to: number): number {
  return chunkLengthBy((at, end, mask) => firstCut(bytes, at, end, mask), from, to);
}

/** As {@link chunkLength}, with cuts that somebody finds. */
export function chunkLengthBy(findCut: CutFinder, from: number, to: number): number {
  const left = to - from;
  if (left <= CHUNK_MIN_BYTES) return left;
  const end = from + Math.min(left, CHUNK_MAX_BYTES);
  const target = Math.min(end, from + CHUNK_TARGET_BYTES);
  const cut = findCut(from + CHUNK_MIN_BYTES, target, EARLY_MASK) || findCut(target, end, LATE_MASK) || end;
  return cut - from;
}

/** A {@link CutFinder} for bytes wherever they lie. */
function firstCut(bytes: Uint8Array, from: number, end: number, mask: number): number {
  const table = gearTable;
  let at = from;
  let hash = 0;
  // Fills the window, so that the hash at each place depends on the bytes around it alone.
  for (let before = at - WINDOW_BYTES; before < at; before++) {
    hash = ((hash << 1) + (table[bytes[before] as number] as number)) | 0;
  }
  // Four bytes a turn: this loop sees every byte that is ever stored.
  for (const last = end - 3; at < last; at += 4) {
    hash = ((hash << 1) + (table[bytes[at] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 1;
    hash = ((hash << 1) + (table[bytes[at + 1] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 2;
    hash = ((hash << 1) + (table[bytes[at + 2] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 3;
    hash = ((hash << 1) + (table[bytes[at + 3] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 4;
  }
  for (; at < end; at++) {
    hash = ((hash << 1) + (table[bytes[at] as number] as number)) | 0;
    if ((hash & mask) === 0) return at + 1;
  }
  return 0;
}

/** Lengths of all chunks of a content that lies in memory; none for empty content. */
export function chunkLengths(bytes: Uint8Array): number[] {
  const lengths: number[] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = chunkLength(bytes, from, bytes.length);
    lengths.push(length);
    from += length;
  }
  return lengths;
}
