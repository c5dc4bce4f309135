/** Where chunks lie that are to be written out, as columns of numbers, which travel between threads at little cost. */
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes } from "../digest/index.ts";
import type { Place } from "../objects/index.ts";

/** Chunks and where each lies: one row a chunk. What deltas among them go on from follows after the last of them. */
export interface PlacedColumns {
  /** Files of the store that hold them. */
  readonly packs: readonly string[];
  /** How many rows are chunks that were asked for. */
  readonly count: number;
  /** Digests, 32 bytes each. */
  readonly digests: Uint8Array;
  /** Which of `packs` holds it. */
  readonly files: Uint32Array;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
  /** The index in the frame; of a delta -1 less it. */
  readonly positions: Int32Array;
  /** How long each chunk itself is, in bytes; 0 for what deltas go on from. */
  readonly sizes: Uint32Array;
}

/** A chunk, how long it is, and where it lies. */
export interface PlacedChunk {
  readonly digest: Digest;
  readonly length: number;
  readonly place: Place;
}

/** Fills columns of places. */
export class PlacedRows {
  readonly #packs = new Map<string, number>();
  readonly #chunks: PlacedChunk[] = [];
  readonly #bases = new Map<Digest, Place>();

  get count(): number {
    return this.#chunks.length;
  }

  add(chunk: PlacedChunk): void {
    this.#chunks.push(chunk);
  }

  /** Adds what a delta goes on from. */
  addBase(digest: Digest, place: Place): void {
    this.#bases.set(digest, place);
  }

  columns(): PlacedColumns {
    const rows = [...this.#chunks, ...Array.from(this.#bases, ([digest, place]) => ({ digest, place, length: 0 }))];
    const digests = new Uint8Array(rows.length * DIGEST_BYTES);
    rows.forEach(({ digest }, row) => {
      digestToBytes(digest, digests, row * DIGEST_BYTES);
    });
    const files = Uint32Array.from(rows, ({ place }) => this.#fileNumber(place.path));
    return {
      packs: [...this.#packs.keys()],
      count: this.#chunks.length,
      digests,
      files,
      offsets: Float64Array.from(rows, ({ place }) => place.offset),
      lengths: Uint32Array.from(rows, ({ place }) => place.length),
      positions: Int32Array.from(rows, ({ place }) => (place.isDelta ? -1 - place.index : place.index)),
      sizes: Uint32Array.from(rows, ({ length }) => length),
    };
  }

  #fileNumber(path: string): number {
    let number = this.#packs.get(path);
    if (number === undefined) {
      number = this.#packs.size;
      this.#packs.set(path, number);
    }
    return number;
  }
}

/** The place in a row. */
export function placeInRow(columns: PlacedColumns, row: number): Place {
  const position = columns.positions[row] as number;
  return {
    path: columns.packs[columns.files[row] as number] as string,
    offset: columns.offsets[row] as number,
    length: columns.lengths[row] as number,
    index: position < 0 ? -1 - position : position,
    isDelta: position < 0,
  };
}

/** How long the chunk in a row is, in bytes. */
export function sizeInRow(columns: PlacedColumns, row: number): number {
  return columns.sizes[row] as number;
}

/** The digest in a row. */
export function digestInRow(columns: PlacedColumns, row: number): Digest {
  return digestFromBytes(columns.digests, row * DIGEST_BYTES);
}

/** What deltas among the chunks go on from, by digest. */
export function basesIn(columns: PlacedColumns): Map<Digest, Place> {
  const bases = new Map<Digest, Place>();
  for (let row = columns.count; row < columns.files.length; row++) {
    bases.set(digestInRow(columns, row), placeInRow(columns, row));
  }
  return bases;
}
