/**
 * The chunks that a file had in an older version: where a new chunk has taken the place of others, those are what it may
 * resemble.
 *
 * Chunks that both versions have tell how far content has moved. What stood between two of them in the older version is
 * what was changed into what stands there now. Where they have nothing in common for long, as when a table got a column more,
 * its beginning is taken to have moved to the beginning, its end to the end, and what is between in proportion.
 */
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes } from "../digest/index.ts";
import { type ChunkRow, type FileEntry, type NodeSource, readChunkList } from "../manifest/index.ts";
import { BASES_MAX } from "../objects/index.ts";

/** In files of more chunks (20 GiB or so) nothing is looked for: memory must not grow with them. */
const CHUNKS_MAX: number = 256 * 1024;
/** What overlaps by less than this part has too little in common. */
const OVERLAP_MIN: number = 1 / 8;

/** A place in the older file, and by how much content there has moved. */
interface Anchor {
  readonly chunk: number;
  readonly shift: number;
}

/** New bytes, in a file of a size, and what both versions have before and behind them. */
interface Changed {
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly before: Anchor;
  readonly behind: Anchor | undefined;
}

/** The chunks of one file in one older version. */
export class OlderChunks {
  readonly #digests: Buffer;
  /** Where each chunk ends, in bytes from the beginning of the file. */
  readonly #ends: Float64Array;
  /** For each chunk the leaf of the list that names it; none where there is no list. */
  readonly #leaves: readonly Digest[];
  /** The first chunk with a digest, by the beginning of the digest. */
  readonly #byDigest = new Map<number, number>();
  /** Where the chunks begin that are looked at next, in the file as it is now. */
  #offset = 0;
  /** What the last chunk tells that both versions have: the older chunk after it. */
  #last: Anchor = { chunk: 0, shift: 0 };

  private constructor(digests: Buffer, ends: Float64Array, leaves: readonly Digest[]) {
    this.#digests = digests;
    this.#ends = ends;
    this.#leaves = leaves;
    for (let chunk = ends.length - 1; chunk >= 0; chunk--) {
      this.#byDigest.set(keyAt(digests, chunk * DIGEST_BYTES), chunk);
    }
  }

  /** Reads the chunks of an entry. @param lists gives the nodes of chunk lists */
  static async of(entry: FileEntry, lists: NodeSource): Promise<OlderChunks | undefined> {
    if (entry.size === 0) return undefined;
    const rows: ChunkRow[] = [];
    const leaves: Digest[] = [];
    if (entry.chunkList === undefined) rows.push({ digest: entry.digest, length: entry.size });
    else {
      for await (const some of readChunkList(lists, entry.chunkList, entry.size)) {
        for (const chunk of some) {
          rows.push(chunk);
          leaves.push(chunk.leaf);
        }
        if (rows.length > CHUNKS_MAX) return undefined;
      }
    }
    const digests = Buffer.alloc(rows.length * DIGEST_BYTES);
    const ends = new Float64Array(rows.length);
    let end = 0;
    rows.forEach(({ digest, length }, chunk) => {
      digestToBytes(digest, digests, chunk * DIGEST_BYTES);
      end += length;
      ends[chunk] = end;
    });
    return new OlderChunks(digests, ends, leaves);
  }

  /** The leaf of the older list that names a chunk. @param digests has its digest from `at` on */
  leafOf(digests: Uint8Array, at: number): Digest | undefined {
    const chunk = this.#find(digests, at);
    return chunk < 0 ? undefined : this.#leaves[chunk];
  }

  /**
   * Goes on in the file as it is now.
   *
   * @param digests of its next chunks, 32 bytes each
   * @param wanted which of them are new: a byte for each
   * @param size of the file as it is now, in bytes; infinite where nobody knows it yet
   * @returns for each new one the older chunks that it may resemble, in their order; at most {@link BASES_MAX}
   */
  next(digests: Uint8Array, lengths: Uint32Array, wanted: Uint8Array, size: number): (readonly Digest[])[] {
    const { known, before, offset } = this.#follow(digests, lengths);
    const result: (readonly Digest[])[] = Array.from(lengths, () => []);
    let end = offset;
    let behind: Anchor | undefined;
    // From the right, so that what comes behind a new chunk is known too.
    for (let index = lengths.length - 1; index >= 0; index--) {
      const start = end - (lengths[index] as number);
      const chunk = known[index] as number;
      if (chunk >= 0) behind = { chunk, shift: start - this.#startOf(chunk) };
      else if (wanted[index] !== 0)
        result[index] = this.#likes({ start, end, size, before: before[index] as Anchor, behind });
      end = start;
    }
    return result;
  }

  /** What stood where new bytes stand now: between the chunks around them that both versions have. */
  #likes({ start, end, size, before, behind }: Changed): Digest[] {
    const isBehind = behind !== undefined && behind.chunk >= before.chunk;
    const shifts = isBehind ? [before.shift, behind.shift] : [before.shift];
    const stretches = shifts.map((shift) => [start - shift, end - shift] as const);
    const last = isBehind ? behind.chunk : this.#ends.length;
    const [from, to] = [this.#startOf(before.chunk), this.#startOf(last)];
    const [newFrom, newTo] = [from + before.shift, isBehind ? to + behind.shift : size];
    const scale = (to - from) / (newTo - newFrom);
    if (scale > 0) stretches.push([from + (start - newFrom) * scale, from + (end - newFrom) * scale]);
    return this.#overlapping(stretches, before.chunk, last);
  }

  /** Finds which chunks the older version has too, and what is known before each. @returns also where the last one ends */
  #follow(digests: Uint8Array, lengths: Uint32Array): { known: Int32Array; before: Anchor[]; offset: number } {
    const known = new Int32Array(lengths.length);
    const before: Anchor[] = [];
    for (let index = 0; index < lengths.length; index++) {
      const chunk = this.#find(digests, index * DIGEST_BYTES);
      known[index] = chunk;
      if (chunk >= 0) this.#last = { chunk: chunk + 1, shift: this.#offset - this.#startOf(chunk) };
      before.push(this.#last);
      this.#offset += lengths[index] as number;
    }
    return { known, before, offset: this.#offset };
  }

  /** The older chunk with a digest; -1 for none. Where there are several, the one that is due. */
  #find(digests: Uint8Array, at: number): number {
    for (const due of [this.#chunkAt(this.#offset - this.#last.shift), this.#last.chunk]) {
      if (this.#isAt(due, digests, at)) return due;
    }
    const first = this.#byDigest.get(keyAt(digests, at));
    return first !== undefined && this.#isAt(first, digests, at) ? first : -1;
  }

  #isAt(chunk: number, digests: Uint8Array, at: number): boolean {
    if (chunk >= this.#ends.length) return false;
    for (let byte = 0; byte < DIGEST_BYTES; byte++) {
      if (this.#digests[chunk * DIGEST_BYTES + byte] !== digests[at + byte]) return false;
    }
    return true;
  }

  #startOf(chunk: number): number {
    return chunk === 0 ? 0 : (this.#ends[chunk - 1] as number);
  }

  /** The chunks from one to another that overlap stretches of the older file enough; if too many do, those that do most. */
  #overlapping(stretches: readonly (readonly [from: number, to: number])[], first: number, last: number): Digest[] {
    const overlaps = new Map<number, number>();
    for (const [from, to] of stretches) {
      for (let chunk = Math.max(first, this.#chunkAt(from)); chunk < last && this.#startOf(chunk) < to; chunk++) {
        const start = this.#startOf(chunk);
        const end = this.#ends[chunk] as number;
        const overlap = Math.min(to, end) - Math.max(from, start);
        if (overlap < Math.min(to - from, end - start) * OVERLAP_MIN) continue;
        overlaps.set(chunk, Math.max(overlap, overlaps.get(chunk) ?? 0));
      }
    }
    return [...overlaps]
      .sort((left, right) => right[1] - left[1])
      .slice(0, BASES_MAX)
      .sort((left, right) => left[0] - right[0])
      .map(([chunk]) => digestFromBytes(this.#digests, chunk * DIGEST_BYTES));
  }

  /** The first chunk that ends after an offset. */
  #chunkAt(offset: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Six bytes of a digest: enough to tell chunks of one file apart, nearly always. */
function keyAt(digests: Uint8Array, at: number): number {
  let key = 0;
  for (let byte = 0; byte < 6; byte++) key = key * 256 + (digests[at + byte] as number);
  return key;
}
