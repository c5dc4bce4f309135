/** Reads what chunks may resemble, in the thread that packs them. */
import { digestToBytes } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import type { DeltaBase } from "../objects/index.ts";
import { digestInRow } from "./placed-columns.ts";
import type { PlacedReader } from "./placed-reader.ts";
import { BASE_ROWS, type Resembling } from "./read-request.ts";

/** The bases of the chunks of one window. */
export class ReadBases {
  readonly #resembling: Resembling;
  readonly #read: (row: number) => Uint8Array;

  constructor(chunks: PlacedReader, resembling: Resembling) {
    this.#resembling = resembling;
    this.#read = chunks.open(resembling.store, resembling.bases);
  }

  /** Whether there is anything that a chunk may resemble. */
  has(chunk: number): boolean {
    return this.#resembling.rows[chunk * BASE_ROWS] !== 0;
  }

  /** What a chunk may resemble; nothing where there is none, or where it cannot be read: then the chunk does without. */
  of(chunk: number): DeltaBase | undefined {
    const { rows, bases } = this.#resembling;
    const digests: Uint8Array[] = [];
    const parts: Uint8Array[] = [];
    for (let at = chunk * BASE_ROWS; at < (chunk + 1) * BASE_ROWS && rows[at] !== 0; at++) {
      const row = (rows[at] as number) - 1;
      try {
        parts.push(this.#read(row));
      } catch (error) {
        if (isArtifoldError(error)) return undefined;
        throw error;
      }
      digests.push(digestToBytes(digestInRow(bases, row)));
    }
    if (parts.length === 0) return undefined;
    return { digests, bytes: parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts) };
  }
}
