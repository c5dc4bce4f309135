/** Checks one file with a table: a pack, or a sealed segment of the journal. */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import {
  decodeFoot,
  FOOT_BYTES,
  FRAME_PREAMBLE_BYTES_MAX,
  Frame,
  type ObjectStore,
  openTable,
  PACK_HEAD_BYTES,
  readFrameHead,
  readFrameLength,
  readPackHead,
  type Table,
  type TablePlace,
} from "../objects/index.ts";
import { type FileSystem, readFully } from "../platform/index.ts";
import { type Found, messageOf } from "./problem.ts";

/** Where an object should lie. */
interface ObjectPlace extends TablePlace {
  readonly digest: Digest;
}

/** Checks one file with a table. */
export class FileCheck {
  readonly #fs: FileSystem;
  readonly #fd: number;
  readonly #path: string;
  readonly #length: number;
  readonly #objects: ObjectStore;
  #table: Table | undefined;

  constructor(fs: FileSystem, fd: number, filePath: string, objects: ObjectStore) {
    this.#fs = fs;
    this.#fd = fd;
    this.#path = filePath;
    this.#objects = objects;
    this.#length = fs.stat(fd).size;
  }

  /** The foot and the table. */
  async table(): Promise<Found[]> {
    try {
      const foot = decodeFoot(this.#read(Math.max(0, this.#length - FOOT_BYTES), FOOT_BYTES), this.#length);
      this.#table = openTable(this.#read(foot.tableOffset, foot.tableLength), foot);
      return [];
    } catch (error) {
      return [this.#found(null, messageOf(error), [])];
    }
  }

  /** Every byte of a pack, by the hash that should be its name; where that is wrong, frame by frame. */
  bytes(hash: Digest): Found[] {
    if (path.basename(this.#path, ".pack") === hash) return [];
    const found = this.#isPackHead() ? [] : [this.#found(0, "it does not begin as a pack does", [])];
    found.push(...this.frames());
    return found.length > 0 ? found : [this.#found(null, "it is not what its name says", [])];
  }

  #isPackHead(): boolean {
    try {
      readPackHead(this.#read(0, PACK_HEAD_BYTES));
      return true;
    } catch (error) {
      if (isArtifoldError(error)) return false;
      throw error;
    }
  }

  /**
   * The frames whose objects are not what they should be.
   *
   * @param places where objects should lie; without them the table says it or, where that is damaged, frame after frame
   */
  *frames(places?: Iterable<ObjectPlace>): Generator<Found> {
    const byFrame = new Map<number, ObjectPlace[]>();
    for (const place of places ?? this.#table?.rows() ?? []) {
      const known = byFrame.get(place.offset);
      if (known === undefined) byFrame.set(place.offset, [place]);
      else known.push(place);
    }
    if (byFrame.size === 0) yield* this.#framesInTurn();
    for (const [offset, objects] of byFrame) {
      const reason = this.#problemOf(objects);
      if (reason !== undefined)
        yield this.#found(
          offset,
          reason,
          objects.map((object) => object.digest),
        );
    }
  }

  /** Why the objects of a frame cannot be read as what they should be. */
  #problemOf(objects: readonly ObjectPlace[]): string | undefined {
    const [{ offset, length }] = objects as [ObjectPlace];
    try {
      const { type } = readFrameHead(this.#read(offset, length));
      for (const { digest, ...place } of objects) this.#objects.readAt({ ...place, path: this.#path }, digest, type);
      return undefined;
    } catch (error) {
      // It begins with the place, which is said already.
      const isOfPlace = isArtifoldError(error) && error.info["offset"] === offset;
      return messageOf(isOfPlace ? error.cause : error);
    }
  }

  /** Frames that cannot be read, found by going from one to the next. */
  *#framesInTurn(): Generator<Found> {
    for (let offset = PACK_HEAD_BYTES; offset + FOOT_BYTES < this.#length; ) {
      let length: number;
      try {
        length = readFrameLength(this.#read(offset, FRAME_PREAMBLE_BYTES_MAX));
      } catch {
        // The end of the frames, or a head that is damaged: what follows cannot be found without the table.
        return;
      }
      try {
        const frame = new Frame(this.#read(offset, length));
        if (frame.bases.length === 0) frame.open();
      } catch (error) {
        yield this.#found(offset, messageOf(error), []);
      }
      offset += length;
    }
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readFully(this.#fs, this.#fd, bytes, offset));
  }

  #found(offset: number | null, reason: string, objects: readonly Digest[]): Found {
    return { problem: { kind: "damaged", file: this.#path, offset, reason }, objects };
  }
}
