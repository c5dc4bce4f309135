/** Has chunks that lie in windows packed and written, those that nobody has yet. */
import { DIGEST_BYTES, type Digest, digestFromBytes } from "../digest/index.ts";
import type { ChunkListBuilder, FileEntry } from "../manifest/index.ts";
import { type BaseChunk, type EncodedFrames, FRAME_RAW_BYTES } from "../objects/index.ts";
import { Breather } from "../platform/index.ts";
import { ChosenChunks, type ChunksUnderWay } from "./chunks-under-way.ts";
import type { ContentPool, ContentPort } from "./content-pool.ts";
import { DeltaTries } from "./delta-tries.ts";
import { EffortChoice } from "./effort-choice.ts";
import { encodeChunks, framesInWindow } from "./frames-of-window.ts";
import type { OlderChunks } from "./older-chunks.ts";
import { PlacedRows } from "./placed-columns.ts";
import { BASE_ROWS, type ChunkColumns, type FramesOfWindow, type Resembling } from "./read-request.ts";
import type { Window } from "./windows.ts";

/** Takes the chunks that are not stored. */
export interface ChunkSink {
  /** Whether a chunk is to be packed and handed over. A dry run says no, and counts. @param digests has its digest at `at` */
  wants(digests: Uint8Array, at: number, length: number): boolean;
  addChunks(frames: EncodedFrames, rawBytes: number): void;
  /** Settles when there is room for more. */
  ready(): Promise<void>;
}

/** Finds stored chunks that new ones may go on from. */
export interface BaseSource {
  /** The store's folder. */
  readonly folder: string;
  /** What new chunks like a stored one may go on from. */
  basesLike(digest: Digest): readonly BaseChunk[];
}

/** Where content of older versions is found. */
export interface OlderContent extends BaseSource {
  /** The chunks of a file; nothing where they are too many, or cannot be read. */
  chunksOf(entry: FileEntry): Promise<OlderChunks | undefined>;
}

/** Adds chunks to a list of a file's. @param older chunks of the file in a version before, whose list it may share */
export function addChunks(
  list: ChunkListBuilder,
  columns: ChunkColumns,
  from: number,
  to: number,
  older?: OlderChunks,
): void {
  for (let index = from; index < to; index++) {
    const at = index * DIGEST_BYTES;
    const chunk = { digest: digestFromBytes(columns.digests, at), length: columns.lengths[index] as number };
    list.add(chunk, older?.leafOf(columns.digests, at));
  }
}

/** Gives, for each of the chunks that are wanted, stored ones that it may resemble. */
export type FindLikes = (wanted: Uint8Array) => readonly (readonly Digest[])[];

/** So much is packed in one request: all threads share even the last window. */
const PART_BYTES: number = 1024 * 1024;

/** Chunks of a window that are packed in one request. */
interface Part extends ChunkColumns {
  /** A byte for each, 0 for those that are left out. */
  readonly wanted: Uint8Array;
  readonly likes: readonly (readonly Digest[])[] | undefined;
}

/** Stores chunks for one ingest. */
export class ChunkStoring {
  readonly #pool: ContentPool;
  readonly #sink: ChunkSink;
  readonly #bases: BaseSource | undefined;
  readonly #breather = new Breather();
  /** Chunks that a reader is packing, for this ingest or another one of the sink's. */
  readonly #underWay: ChunksUnderWay;
  /** From window to window. Several are on their way at once: each looks at its own tries too. */
  readonly #tries = new DeltaTries();
  readonly #efforts = new EffortChoice();

  constructor(pool: ContentPool, sink: ChunkSink, underWay: ChunksUnderWay, bases: BaseSource | undefined) {
    this.#pool = pool;
    this.#underWay = underWay;
    this.#sink = sink;
    this.#bases = bases;
  }

  /** Whether a chunk is neither stored nor on its way. @param digests has its digest from `at` on */
  isNew(digests: Uint8Array, at: number, length: number): boolean {
    return this.#sink.wants(digests, at, length) && this.#underWay.arrivalOf(digests, at) === undefined;
  }

  /** Has those chunks of a window packed that nobody has yet; gives the window back when it is not needed any more. */
  async store(nextPort: () => ContentPort, window: Window, read: ChunkColumns, findLikes?: FindLikes): Promise<void> {
    const wanted = new Uint8Array(read.lengths.length);
    const claimed = new ChosenChunks(read.digests);
    const others = new Set<Promise<void>>();
    for (let index = 0; index < wanted.length; index++) {
      const at = index * DIGEST_BYTES;
      if (!this.#sink.wants(read.digests, at, read.lengths[index] as number)) continue;
      const other = this.#underWay.arrivalOf(read.digests, at);
      if (other !== undefined) others.add(other);
      else if (claimed.add(index)) wanted[index] = 1;
    }
    // Asked even when nothing is wanted: it follows the content.
    const likes = findLikes?.(wanted);
    if (claimed.count === 0) this.#pool.windows.giveBack(window);
    else await this.#underWay.bring(claimed, this.#packAndAdd(nextPort, window, { ...read, wanted, likes }));
    // Where one of them fails, what was read here is not whole either.
    await Promise.all(others);
    await this.#sink.ready();
  }

  async #packAndAdd(nextPort: () => ContentPort, window: Window, chunks: Part): Promise<void> {
    const { windows } = this.#pool;
    const parts = this.#pool.isSideBySide && !isCopied(chunks) ? partsOf(chunks) : [chunks];
    const packed = await windows.within(window, () => this.#packAll(nextPort, window, parts));
    // Taking them hashes them once more. Windows of several contents may be here at once.
    if (this.#breather.dueAfterLong()) await this.#breather.pause();
    let left = packed.length;
    const giveBack = (): void => {
      if (--left === 0) windows.giveBack(window);
    };
    packed.forEach((frames, index) => {
      this.#sink.addChunks({ ...frames, giveBack }, wantedBytes(parts[index] as Part));
    });
  }

  /** Has all parts packed, or none of them any more: then the window may be given back. */
  async #packAll(nextPort: () => ContentPort, window: Window, parts: readonly Part[]): Promise<EncodedFrames[]> {
    const packing = parts.map((part) => this.#pack(nextPort, window, part));
    await Promise.allSettled(packing);
    return Promise.all(packing);
  }

  async #pack(nextPort: () => ContentPort, window: Window, part: Part): Promise<EncodedFrames> {
    const { from, digests, lengths, arePlain, wanted, likes } = part;
    const tried = likes === undefined ? undefined : this.#placeBases(likes);
    if (tried === undefined && arePlain) return encodeChunks(window.bytes, part, wanted, "normal");
    const effort = tried === undefined ? this.#efforts.next(wantedBytes(part)) : "normal";
    const request = {
      op: "encode",
      window: window.number,
      from,
      digests,
      lengths,
      arePlain,
      wanted,
      effort,
      resembling: tried?.resembling,
    } as const;
    const frames = framesInWindow(await nextPort().request<FramesOfWindow>(request), window);
    if (frames.compared !== undefined) this.#efforts.learn(frames.compared);
    if (tried !== undefined) this.#tries.learn(tried.count, frames.objectCounts.filter((count) => count < 0).length);
    return frames;
  }

  /** Looks up where lies what chunks may resemble; nothing where no chunk has anything, or trying has not paid for long. */
  #placeBases(likes: readonly (readonly Digest[])[]): { resembling: Resembling; count: number } | undefined {
    if (this.#bases === undefined) return undefined;
    const placed = new PlacedRows();
    const numbers = new Map<Digest, number>();
    const rows = new Uint32Array(likes.length * BASE_ROWS);
    let count = 0;
    for (const [index, like] of likes.entries()) {
      if (like.length === 0) continue;
      if (!this.#tries.isDue()) continue;
      const bases = new Map(like.flatMap((digest) => this.#basesLike(digest)));
      let at = index * BASE_ROWS;
      for (const [digest, base] of [...bases].slice(0, BASE_ROWS)) {
        if (!numbers.has(digest)) {
          placed.add({ ...base, length: 0 });
          numbers.set(digest, placed.count);
        }
        rows[at++] = numbers.get(digest) as number;
      }
      if (bases.size > 0) count++;
    }
    if (count === 0) return undefined;
    return { resembling: { store: this.#bases.folder, bases: placed.columns(), rows }, count };
  }

  #basesLike(digest: Digest): [Digest, BaseChunk][] {
    return (this.#bases as BaseSource).basesLike(digest).map((base) => [base.digest, base]);
  }
}

/** Whether chunks are stored as they are: that needs no thread, for only heads are made, and the rest stays where it is. */
function isCopied({ arePlain, likes }: Part): boolean {
  return arePlain && likes === undefined;
}

function wantedBytes({ lengths, wanted }: Part): number {
  return lengths.reduce((sum, length, index) => (wanted[index] === 0 ? sum : sum + length), 0);
}

/** Cuts chunks into parts, where a frame of neighbours would be full anyway. */
function partsOf(chunks: Part): Part[] {
  const { digests, lengths, arePlain, wanted, likes } = chunks;
  const parts: Part[] = [];
  let [first, from, end] = [0, chunks.from, chunks.from];
  let [partBytes, frameBytes] = [0, 0];
  const close = (to: number): void => {
    parts.push({
      from,
      digests: digests.slice(first * DIGEST_BYTES, to * DIGEST_BYTES),
      lengths: lengths.slice(first, to),
      arePlain,
      wanted: wanted.slice(first, to),
      likes: likes?.slice(first, to),
    });
    [first, from, partBytes] = [to, end, 0];
  };
  lengths.forEach((length, index) => {
    if (wanted[index] !== 0) {
      const isFull = frameBytes + length > FRAME_RAW_BYTES;
      if (isFull && partBytes >= PART_BYTES) close(index);
      frameBytes = isFull ? length : frameBytes + length;
      partBytes += length;
    }
    end += length;
  });
  close(lengths.length);
  return parts;
}
