/** Packs that are made for a push: in memory that is used again, each the body of one key. */
import { hashContent } from "../digest/index.ts";
import { type PackName, packName } from "../logs/index.ts";
import {
  type EncodedFrames,
  encodeFoot,
  FOOT_BYTES,
  objectCountOf,
  PACK_OBJECTS_MAX,
  type PackKind,
  packHead,
  TableBuilder,
} from "../objects/index.ts";

/** The longest pack of a remote: what S3 takes in one request and one part. */
export const REMOTE_PACK_BYTES_MAX: number = 16 * 1024 * 1024;

/** Bytes that a frame, and an object, take in the table at a pack's end. */
const TABLE_HEAD_BYTES = 8;
const TABLE_FRAME_BYTES = 12;
const TABLE_ROW_BYTES = 38;

/** A pack that is ready to be created. */
export interface ReadyPack {
  readonly name: PackName;
  readonly bytes: Uint8Array;
  /** What the bytes lie in. */
  readonly memory: Uint8Array;
}

/** A pack in the making. */
export class NewPack {
  readonly #memory: Uint8Array;
  readonly #table = new TableBuilder();
  #length: number;
  #tableLength = TABLE_HEAD_BYTES;

  /** @param memory where it is made: as long as packs may be */
  constructor(kind: PackKind, memory: Uint8Array) {
    const head = packHead(kind);
    memory.set(head);
    this.#memory = memory;
    this.#length = head.length;
  }

  get isEmpty(): boolean {
    return this.#table.objectCount === 0;
  }

  /** Where the next frame will begin. */
  get length(): number {
    return this.#length;
  }

  /** Whether frames of so many bytes fit in. */
  hasRoomFor(all: readonly EncodedFrames[]): boolean {
    let length = this.#length + this.#tableLength + FOOT_BYTES;
    let objects = this.#table.objectCount;
    for (const frames of all) {
      length += frames.byteLength + tableBytesOf(frames);
      objects += objectCountOf(frames);
    }
    // A body of just that length would go in parts to some places.
    return length < REMOTE_PACK_BYTES_MAX && objects <= PACK_OBJECTS_MAX;
  }

  /** Adds frames, whose bytes are copied. @returns where they begin */
  add(frames: EncodedFrames): number {
    const offset = this.#length;
    this.#table.add(frames, offset);
    for (const piece of frames.pieces) this.#append(piece);
    frames.giveBack?.();
    this.#tableLength += tableBytesOf(frames);
    return offset;
  }

  /** Ends the pack. @param group what its name begins with */
  seal(group: string): ReadyPack {
    const table = this.#table.finish();
    const foot = encodeFoot(this.#length, table);
    this.#append(table);
    this.#append(foot);
    const bytes = this.#memory.subarray(0, this.#length);
    return { name: packName(group, hashContent(bytes)), bytes, memory: this.#memory };
  }

  #append(bytes: Uint8Array): void {
    this.#memory.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

function tableBytesOf(frames: EncodedFrames): number {
  return frames.frameLengths.length * TABLE_FRAME_BYTES + objectCountOf(frames) * TABLE_ROW_BYTES;
}
