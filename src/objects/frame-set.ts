/** The frames of one upload and one kind: in memory while they are few, in packs when they are more. */
import path from "node:path";
import { type Digest, digestToBytes } from "../digest/index.ts";
import { Breather, type FileSystem, removeQuietly } from "../platform/index.ts";
import { Frame, type ObjectType } from "./frame.ts";
import { bytesOfFrames, type EncodedFrames, objectCountOf } from "./frame-encoder.ts";
import { ObjectStore } from "./object-store.ts";
import { PACKS_FOLDER, type PackKind, PackWriter, packKindOf, packPath, type SealedPack } from "./pack.ts";
import { TableBuilder, type TablePlace } from "./table.ts";

/** Frames of one kind up to this size ride in the journal; more go to packs. */
export const SMALL_BYTES: number = 4 * 1024 * 1024;

/** Nor do more objects than these: a pack's table is paid by the upload that brings them, a segment's by a later one. */
export const SMALL_OBJECTS: number = 1024;

/** Frames that are kept in memory, as if they lay one after another in a file. */
class MemoryFrames {
  readonly frames: EncodedFrames[] = [];
  readonly #table = new TableBuilder();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get objectCount(): number {
    return this.#table.objectCount;
  }

  /** Whether it stays small with more. */
  hasRoomFor(more: EncodedFrames): boolean {
    const objects = this.objectCount + objectCountOf(more);
    return this.#length + more.byteLength <= SMALL_BYTES && objects <= SMALL_OBJECTS;
  }

  add(frames: EncodedFrames): void {
    this.#table.add(frames, this.#length);
    this.#length += frames.byteLength;
    const { giveBack, ...own } = frames;
    // They may wait here for long, and longer than what was lent may be kept.
    this.frames.push(giveBack === undefined ? frames : { ...own, pieces: [Buffer.concat(frames.pieces)] });
    giveBack?.();
  }

  find(digest: Uint8Array, at = 0): TablePlace | undefined {
    return this.#table.find(digest, at);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    let start = 0;
    for (const frames of this.frames) {
      const end = start + frames.byteLength;
      if (offset < end) return bytesOfFrames(frames).subarray(offset - start, offset - start + length);
      start = end;
    }
    throw new TypeError(`nothing in memory at ${offset}`);
  }
}

/** A pack that is being made durable. */
interface Sealing {
  readonly pack: PackWriter;
  done: Promise<void>;
  hasFailed: boolean;
}

/** Gathers frames. Objects that are in sealed packs are found through the packs' tables, so that memory stays bounded. */
export class FrameSet {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #kind: PackKind;
  readonly #store: ObjectStore;
  #current: MemoryFrames | PackWriter = new MemoryFrames();
  readonly #sealing: Sealing[] = [];
  readonly #sealed: SealedPack[] = [];
  readonly #sealedObjects: ObjectStore;
  #merging: Promise<void> | undefined;
  /** Left by sealed packs: packs that follow each other do not each take new memory for as many rows. */
  readonly #spareTables: TableBuilder[] = [];

  /** @param store holds what deltas among the frames go on from */
  constructor(fs: FileSystem, folder: string, kind: PackKind, store: ObjectStore) {
    this.#fs = fs;
    this.#folder = folder;
    this.#kind = kind;
    this.#store = store;
    this.#sealedObjects = new ObjectStore(fs, folder, { find: () => undefined });
  }

  /** Whether an object was added. @param digest its digest, from `at` on */
  has(digest: Uint8Array, at = 0): boolean {
    if (this.#current.find(digest, at) !== undefined) return true;
    if (this.#sealing.some(({ pack }) => pack.find(digest, at) !== undefined)) return true;
    return this.#sealed.length > 0 && this.#sealedObjects.locateAt(digest, at) !== undefined;
  }

  add(frames: EncodedFrames): void {
    if (packKindOf(frames.type) !== this.#kind) throw new TypeError(`${frames.type} does not go to ${this.#kind}`);
    const current = this.#current;
    if (current instanceof PackWriter) {
      this.#addToPack(frames);
    } else if (current.hasRoomFor(frames)) {
      current.add(frames);
    } else {
      this.#current = this.#newPack();
      for (const each of [...current.frames, frames]) this.#addToPack(each);
    }
  }

  /** Reads an object that was added; `undefined` when it was not. */
  async read(digest: Digest, type: ObjectType): Promise<Uint8Array | undefined> {
    const wanted = digestToBytes(digest);
    for (const holder of [this.#current, ...this.#sealing.map((each) => each.pack)]) {
      const place = holder.find(wanted);
      if (place === undefined) continue;
      const frame = new Frame(await holder.read(place.offset, place.length));
      if (frame.bases.length > 0) frame.open(this.#store.readBases(frame.bases, type));
      return frame.object(place.index, digest);
    }
    const place = this.#sealed.length === 0 ? undefined : this.#sealedObjects.locate(digest);
    return place === undefined ? undefined : this.#store.readAt(place, digest, type);
  }

  /** Settles when there is room for more; rejects when a write failed. */
  async ready(): Promise<void> {
    if (this.#current instanceof PackWriter) await this.#current.ready();
    // One pack may be flushed while the next is written; a slow disk then slows down whoever brings content.
    while (this.#sealing.length > 1) await this.#firstSealed();
    if (this.#merging === undefined && this.#sealed.length > 0) {
      const breather = new Breather();
      const pause = async (): Promise<void> => {
        if (breather.due()) await breather.pause();
      };
      this.#merging = this.#sealedObjects.merge(pause).finally(() => {
        this.#merging = undefined;
      });
      await this.#merging;
    }
  }

  /** Makes packs durable. What is still in memory is given as frames. Adding and sealing may go on. */
  async seal(): Promise<{ packs: readonly SealedPack[]; frames: readonly EncodedFrames[] }> {
    if (this.#current instanceof PackWriter) {
      this.#startSealing(this.#current);
      this.#current = new MemoryFrames();
    }
    while (this.#sealing.length > 0) await this.#firstSealed();
    return { packs: [...this.#sealed], frames: [...this.#current.frames] };
  }

  /** Lets go of what was sealed. */
  close(): void {
    this.#sealedObjects.close();
  }

  /** Gives all of it up: packs in the making and packs that nobody was told of. */
  async abort(): Promise<void> {
    if (this.#current instanceof PackWriter) await this.#current.abort();
    this.#current = new MemoryFrames();
    await Promise.allSettled(this.#sealing.map((each) => each.done));
    for (const { pack } of this.#sealing.splice(0)) await pack.abort();
    this.#sealedObjects.close();
    for (const pack of this.#sealed) removeQuietly(this.#fs, path.join(this.#folder, packPath(pack.name)));
    this.#sealed.length = 0;
  }

  #addToPack(frames: EncodedFrames): void {
    let pack = this.#current as PackWriter;
    if (pack.isFull) {
      const next = this.#newPack();
      this.#startSealing(pack);
      this.#current = next;
      pack = next;
    }
    pack.add(frames);
  }

  #newPack(): PackWriter {
    const folder = path.join(this.#folder, PACKS_FOLDER);
    return new PackWriter(this.#fs, folder, this.#kind, this.#spareTables.pop());
  }

  #startSealing(pack: PackWriter): void {
    const sealing: Sealing = { pack, done: Promise.resolve(), hasFailed: false };
    this.#sealing.push(sealing);
    this.#seal(sealing);
  }

  #seal(sealing: Sealing): void {
    sealing.hasFailed = false;
    sealing.done = sealing.pack.seal().then((sealed) => {
      this.#sealed.push(sealed);
      this.#sealedObjects.setFiles(this.#sealed.map((pack) => ({ path: packPath(pack.name) })));
      this.#sealing.splice(this.#sealing.indexOf(sealing), 1);
      this.#spareTables.push(sealing.pack.takeTable());
    });
    // A failure is met where the promise is awaited; until then it must not end the process.
    sealing.done.catch(() => {});
  }

  /** Settles when the first pack is durable. A failure is told once; whoever asks again tries again. */
  async #firstSealed(): Promise<void> {
    const [first] = this.#sealing;
    if (first === undefined) return;
    if (first.hasFailed) this.#seal(first);
    try {
      await first.done;
    } catch (error) {
      first.hasFailed = true;
      throw error;
    }
  }
}
