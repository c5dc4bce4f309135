/**
 * Packs: files of frames, written once, sealed, and never opened for writing again.
 *
 * A pack begins with a head that holds 16 random bytes (so that its name tells nothing of its content), then frames,
 * then its table and a foot. It is named by the BLAKE3 of the whole file: `b3sum FILE` prints its name.
 */
import path from "node:path";
import { contentHasher, type Digest, type Hasher } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import {
  type FileSystem,
  flushFolder,
  openFlags,
  randomBytes,
  readFully,
  removeQuietly,
  storeWriteError,
  temporaryPath,
  writeAllLater,
} from "../platform/index.ts";
import type { ObjectType } from "./frame.ts";
import type { EncodedFrames } from "./frame-encoder.ts";
import { encodeFoot, TableBuilder, type TablePlace } from "./table.ts";

/** What a pack holds: content, or nodes, so that metadata can travel without data. */
export type PackKind = "data" | "nodes";

const HEAD_MAGIC = "AFpack\0\x01";
/** Magic, kind, padding, random bytes. */
export const PACK_HEAD_BYTES = 32;

/** A pack is sealed when it has grown to this size. */
export const PACK_BYTES: number = 64 * 1024 * 1024;
/** A pack is sealed when it holds so many objects. */
export const PACK_OBJECTS_MAX: number = 64 * 1024;
/** How many bytes may wait for a slow disk before whoever brings more must wait too. */
const QUEUE_BYTES_MAX: number = 16 * 1024 * 1024;

/** A sealed pack. */
export interface SealedPack {
  readonly kind: PackKind;
  /** BLAKE3 of the file: its name, with ".pack" after it. */
  readonly name: Digest;
  /** Length of the file. */
  readonly bytes: number;
  readonly objects: number;
}

/** The folder of packs, below the store's. */
export const PACKS_FOLDER = "packs";

/** Path of a pack below the store's folder. */
export function packPath(name: Digest): string {
  return `${PACKS_FOLDER}/${name}.pack`;
}

/** The kind of pack that objects of a type go to. */
export function packKindOf(type: ObjectType): PackKind {
  return type === "chunk" ? "data" : "nodes";
}

/** Bytes on their way to the disk. */
interface Waiting {
  pieces: readonly Uint8Array[];
  readonly byteLength: number;
  readonly offset: number;
  giveBack: (() => void) | undefined;
}

/** Writes one pack under a temporary name and seals it. Writes run one after another, off the main thread. */
export class PackWriter {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #temporary: string;
  readonly #kind: PackKind;
  readonly #fd: number;
  readonly #table: TableBuilder;
  readonly #hasher: Hasher = contentHasher();
  /** What is to be written, in order. What did not fit on the disk waits here for the next try. */
  readonly #waiting: Waiting[] = [];
  #length = 0;
  #queued = 0;
  #writing: Promise<void> | undefined;
  #failure: unknown;
  /** Whether somebody was told of the failure: whoever comes then tries again. */
  #isTold = false;
  #hasTable = false;
  #isGivenUp = false;
  #open = true;

  /** @param table an empty one, whose memory is used again */
  constructor(fs: FileSystem, folder: string, kind: PackKind, table: TableBuilder = new TableBuilder()) {
    this.#table = table;
    this.#fs = fs;
    this.#folder = folder;
    this.#kind = kind;
    this.#temporary = temporaryPath(path.join(folder, "pack"));
    try {
      this.#fd = fs.open(this.#temporary, openFlags.createNewReadable, 0o600);
    } catch (error) {
      throw storeWriteError(error, "a pack");
    }
    this.#append([packHead(kind)]);
  }

  get length(): number {
    return this.#length;
  }

  get objectCount(): number {
    return this.#table.objectCount;
  }

  /** Whether it is time to seal this pack and begin another. */
  get isFull(): boolean {
    return this.#length >= PACK_BYTES || this.objectCount >= PACK_OBJECTS_MAX;
  }

  add(frames: EncodedFrames): void {
    this.#table.add(frames, this.#length);
    this.#append(frames.pieces, frames.giveBack);
  }

  /** Where an object lies that was added. @param digest its digest, from `at` on */
  find(digest: Uint8Array, at = 0): TablePlace | undefined {
    return this.#table.find(digest, at);
  }

  /** Settles when there is room for more; rejects when a write failed. Called again after a full disk, it tries again. */
  async ready(): Promise<void> {
    this.#tryAgain();
    this.#tell();
    if (this.#queued > QUEUE_BYTES_MAX) await this.settled();
  }

  /** Settles when all that was added is written; rejects when a write failed. As `ready`, it can be tried again. */
  async settled(): Promise<void> {
    this.#tryAgain();
    while (this.#writing !== undefined) await this.#writing;
    this.#tell();
  }

  /** Reads bytes that are written. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    await this.settled();
    const bytes = Buffer.allocUnsafe(length);
    if (readFully(this.#fs, this.#fd, bytes, offset) !== length) {
      throw new ArtifoldError("DAMAGED", "a pack in the making is shorter than what was written to it");
    }
    return bytes;
  }

  /** Writes table and foot, makes the file durable, and gives it its name. After a full disk it can be called again. */
  async seal(): Promise<SealedPack> {
    if (!this.#hasTable) {
      const table = this.#table.finish();
      const tableAt = this.#length;
      this.#append([table, encodeFoot(tableAt, table)]);
      this.#hasTable = true;
    }
    await this.settled();
    const name = this.#hasher.digest();
    try {
      await this.#fs.flush(this.#fd);
      this.#close();
      await this.#fs.setModeLater(this.#temporary, 0o400);
      await this.#fs.renameLater(this.#temporary, path.join(this.#folder, path.basename(packPath(name))));
      await flushFolder(this.#fs, this.#folder);
    } catch (error) {
      // What the disk holds now is unknown, and flushing again would only hide it: this file is given up.
      this.#failure = storeWriteError(error, "a pack");
      await this.abort();
      throw this.#failure;
    }
    return { kind: this.#kind, name, bytes: this.#length, objects: this.objectCount };
  }

  /** Hands over the memory of what was known of a sealed pack: nobody may ask the pack any more. */
  takeTable(): TableBuilder {
    this.#table.clear();
    return this.#table;
  }

  /** Gives the pack up. */
  async abort(): Promise<void> {
    this.#isGivenUp = true;
    this.#failure ??= new ArtifoldError("CLOSED", "the pack was given up");
    removeQuietly(this.#fs, this.#temporary);
    // The descriptor must not be closed under a write that is still on its way.
    await this.#writing;
    this.#giveBackAll();
    this.#close();
  }

  #append(pieces: readonly Uint8Array[], giveBack?: () => void): void {
    const byteLength = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#waiting.push({ pieces, byteLength, offset: this.#length, giveBack });
    this.#length += byteLength;
    this.#queued += byteLength;
    for (const piece of pieces) this.#hasher.update(piece);
    this.#writeOn();
    // Behind a write that failed they may wait for long.
    if (this.#failure !== undefined) this.#giveBackAll();
  }

  #writeOn(): void {
    if (this.#failure === undefined) this.#writing ??= this.#writeWaiting();
  }

  async #writeWaiting(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined && !this.#isGivenUp; next = this.#waiting[0]) {
      try {
        await writeAllLater(this.#fs, this.#fd, next.pieces, next.offset);
      } catch (error) {
        this.#failure ??= storeWriteError(error, "a pack");
        this.#giveBackAll();
        break;
      }
      this.#waiting.shift();
      this.#queued -= next.byteLength;
      next.giveBack?.();
    }
    this.#writing = undefined;
  }

  /** Copies what was lent, so that nobody has to wait for it. */
  #giveBackAll(): void {
    for (const each of this.#waiting) {
      if (each.giveBack === undefined) continue;
      if (!this.#isGivenUp) each.pieces = [Buffer.concat(each.pieces)];
      each.giveBack();
      each.giveBack = undefined;
    }
  }

  /** Nothing that did not fit is lost: it waits, and room may have been made. */
  #tryAgain(): void {
    if (this.#isGivenUp || !this.#isTold || !isArtifoldError(this.#failure, "NO_SPACE")) return;
    this.#failure = undefined;
    this.#isTold = false;
    this.#writeOn();
  }

  #tell(): void {
    if (this.#failure === undefined) return;
    this.#isTold = true;
    throw this.#failure;
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#fs.close(this.#fd);
  }
}

/** What a new pack begins with: its kind, and random bytes that make its name a new one. */
export function packHead(kind: PackKind): Uint8Array {
  const head = Buffer.alloc(PACK_HEAD_BYTES);
  head.write(HEAD_MAGIC, 0, "latin1");
  head[8] = kind === "data" ? 1 : 2;
  head.set(randomBytes(16), 16);
  return head;
}

/** Reads the kind of a pack from its head. @throws ArtifoldError DAMAGED */
export function readPackHead(bytes: Uint8Array): PackKind {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (head.length < PACK_HEAD_BYTES || head.toString("latin1", 0, 8) !== HEAD_MAGIC) {
    throw new ArtifoldError("DAMAGED", "malformed pack: it does not begin with the mark of a pack");
  }
  if (head[8] !== 1 && head[8] !== 2) {
    throw new ArtifoldError("FORMAT_UNSUPPORTED", `a pack of kind ${head[8]} is not known here`);
  }
  if (head.subarray(9, 16).some((byte) => byte !== 0)) {
    throw new ArtifoldError("DAMAGED", "malformed pack: padding that is not zero");
  }
  return head[8] === 1 ? "data" : "nodes";
}
