/** Reads stored chunks whose places somebody else has looked up: one for each thread. */

import type { Digest } from "../digest/index.ts";
import { digestFromBytes } from "../digest/index.ts";
import { type FrameRun, ObjectStore, type Place } from "../objects/index.ts";
import type { FileSystem } from "../platform/index.ts";
import { BareRuns, isBare } from "./bare-runs.ts";
import type { CheckedPieces } from "./past-memory.ts";
import { basesIn, digestInRow, type PlacedColumns, placeInRow } from "./placed-columns.ts";

/** Asks for stored frames as they are, checked. */
export interface FramesRequest {
  readonly op: "read-frames";
  /** The store's folder. */
  readonly store: string;
  readonly run: FrameRun;
  /** Where they go: shared between threads, as long as all of them. */
  readonly bytes: Uint8Array;
}

/** Gives the bytes of the chunk in a row. */
export type ReadRow = (row: number) => Uint8Array;

/** A store that is open. */
interface OpenStore {
  readonly objects: ObjectStore;
  readonly bare: BareRuns;
}

/** Stores by their folders, opened as they are asked for. */
export class PlacedReader {
  readonly #fs: FileSystem;
  readonly #pieces: CheckedPieces;
  readonly #stores = new Map<string, OpenStore>();
  #bases: ReadonlyMap<Digest, Place> = new Map();

  constructor(fs: FileSystem, pieces: CheckedPieces) {
    this.#fs = fs;
    this.#pieces = pieces;
  }

  /**
   * Gives a way to read rows, until the next is asked for. What it gives stays as it is for a while only; borrowed, it is not
   * checked, and stays until the next row is read.
   *
   * @param store the store's folder
   */
  open(store: string, chunks: PlacedColumns, how: "checked" | "borrowed" = "checked"): ReadRow {
    const { objects, bare } = this.#store(store);
    this.#bases = basesIn(chunks);
    if (how === "borrowed") {
      bare.forget();
      return (row) =>
        isBare(chunks, row)
          ? bare.read(chunks, row)
          : objects.borrowAt(placeInRow(chunks, row), digestInRow(chunks, row), "chunk");
    }
    return (row) => objects.readAt(placeInRow(chunks, row), digestInRow(chunks, row), "chunk");
  }

  /** Reads frames as they are, or makes them of bare chunks. @returns 1 for each that is right, and 0 for others */
  readFrames({ store, run, bytes }: FramesRequest): Uint8Array {
    return this.#store(store).objects.readFrames(run, bytes);
  }

  close(): void {
    for (const { objects, bare } of this.#stores.values()) for (const each of [objects, bare]) each.close();
    this.#stores.clear();
  }

  #store(folder: string): OpenStore {
    let store = this.#stores.get(folder);
    if (store === undefined) {
      // What a delta goes on from is told with the request; all else is read where the request says.
      const objects = new ObjectStore(this.#fs, folder, { find: (digest) => this.#bases.get(digestFromBytes(digest)) });
      store = { objects, bare: new BareRuns(this.#fs, folder, this.#pieces) };
      this.#stores.set(folder, store);
    }
    return store;
  }
}
