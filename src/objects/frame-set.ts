/** The frames of one upload and one kind: in memory while they are few, in packs when they are more. */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { type FileSystem, removeQuietly } from "../platform/index.ts";
import { Frame, type ObjectType } from "./frame.ts";
import { type EncodedFrames, eachObject, objectCountOf } from "./frame-encoder.ts";
import { ObjectStore } from "./object-store.ts";
import { PACKS_FOLDER, type PackKind, PackWriter, packKindOf, packPath, type SealedPack } from "./pack.ts";

/** Frames of one kind up to this size ride in the journal; more go to packs. */
export const SMALL_BYTES: number = 4 * 1024 * 1024;

/** Nor do more objects than these: a pack's table is paid by the upload that brings them, a segment's by a later one. */
export const SMALL_OBJECTS: number = 1024;

/** Where an object lies that is not announced yet: in frames in memory, or in a pack in the making. */
interface PendingPlace {
  readonly offset: number;
  readonly length: number;
  readonly index: number;
}

/** Frames in memory, or a pack in the making, with the places of its objects. */
type Holder = { readonly places: Map<Digest, PendingPlace & { readonly frames?: EncodedFrames }> } & (
  | { readonly kind: "memory"; readonly frames: EncodedFrames[]; bytes: number }
  | { readonly kind: "pack"; readonly pack: PackWriter }
);

type PackHolder = Extract<Holder, { kind: "pack" }>;

/** A pack that is being made durable. */
interface Sealing {
  readonly holder: PackHolder;
  done: Promise<void>;
  hasFailed: boolean;
}

function isSmall(
  { bytes, places }: { bytes: number; places: ReadonlyMap<Digest, unknown> },
  more: EncodedFrames,
): boolean {
  return bytes + more.bytes.length <= SMALL_BYTES && places.size + objectCountOf(more) <= SMALL_OBJECTS;
}

/** Gathers frames. Objects that are in sealed packs are found through the packs' tables, so that memory stays bounded. */
export class FrameSet {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #kind: PackKind;
  #current: Holder = { kind: "memory", frames: [], bytes: 0, places: new Map() };
  readonly #sealing: Sealing[] = [];
  readonly #sealed: SealedPack[] = [];
  readonly #sealedObjects: ObjectStore;
  #merging: Promise<void> | undefined;

  constructor(fs: FileSystem, folder: string, kind: PackKind) {
    this.#fs = fs;
    this.#folder = folder;
    this.#kind = kind;
    this.#sealedObjects = new ObjectStore(fs, folder, { find: () => undefined });
  }

  has(digest: Digest): boolean {
    if (this.#current.places.has(digest)) return true;
    if (this.#sealing.some(({ holder }) => holder.places.has(digest))) return true;
    return this.#sealed.length > 0 && this.#sealedObjects.locate(digest) !== undefined;
  }

  add(frames: EncodedFrames): void {
    if (packKindOf(frames.type) !== this.#kind) throw new TypeError(`${frames.type} does not go to ${this.#kind}`);
    const current = this.#current;
    if (current.kind === "pack") {
      this.#addToPack(frames);
    } else if (isSmall(current, frames)) {
      current.frames.push(frames);
      current.bytes += frames.bytes.length;
      eachObject(frames, (digest, offset, length, index) => {
        current.places.set(digest, { frames, offset, length, index });
      });
    } else {
      this.#current = this.#newPack();
      for (const each of [...current.frames, frames]) this.#addToPack(each);
    }
  }

  /** Reads an object that was added; `undefined` when it was not. */
  async read(digest: Digest, type: ObjectType): Promise<Uint8Array | undefined> {
    for (const holder of [this.#current, ...this.#sealing.map((each) => each.holder)]) {
      const place = holder.places.get(digest);
      if (place === undefined) continue;
      const bytes =
        holder.kind === "pack"
          ? await holder.pack.read(place.offset, place.length)
          : (place.frames as EncodedFrames).bytes.subarray(place.offset, place.offset + place.length);
      return new Frame(bytes).object(place.index);
    }
    if (this.#sealed.length === 0 || this.#sealedObjects.locate(digest) === undefined) return undefined;
    return this.#sealedObjects.read(digest, type);
  }

  /** Settles when there is room for more; rejects when a write failed. */
  async ready(): Promise<void> {
    if (this.#current.kind === "pack") await this.#current.pack.ready();
    // One pack may be flushed while the next is written; a slow disk then slows down whoever brings content.
    while (this.#sealing.length > 1) await this.#firstSealed();
    if (this.#merging === undefined && this.#sealed.length > 0) {
      this.#merging = this.#sealedObjects.merge().finally(() => {
        this.#merging = undefined;
      });
      await this.#merging;
    }
  }

  /** Makes packs durable. What is still in memory is given as frames. Adding and sealing may go on. */
  async seal(): Promise<{ packs: readonly SealedPack[]; frames: readonly EncodedFrames[] }> {
    if (this.#current.kind === "pack") {
      this.#sealCurrent();
      this.#current = { kind: "memory", frames: [], bytes: 0, places: new Map() };
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
    if (this.#current.kind === "pack") await this.#current.pack.abort();
    this.#current = { kind: "memory", frames: [], bytes: 0, places: new Map() };
    await Promise.allSettled(this.#sealing.map((each) => each.done));
    for (const { holder } of this.#sealing.splice(0)) await holder.pack.abort();
    this.#sealedObjects.close();
    for (const pack of this.#sealed) removeQuietly(this.#fs, path.join(this.#folder, packPath(pack.name)));
    this.#sealed.length = 0;
  }

  #addToPack(frames: EncodedFrames): void {
    if (this.#current.kind === "pack" && this.#current.pack.isFull) {
      const next = this.#newPack();
      this.#sealCurrent();
      this.#current = next;
    }
    const { pack, places } = this.#current as PackHolder;
    const start = pack.add(frames);
    eachObject(frames, (digest, offset, length, index) => {
      places.set(digest, { offset: start + offset, length, index });
    });
  }

  #newPack(): Holder {
    const pack = new PackWriter(this.#fs, path.join(this.#folder, PACKS_FOLDER), this.#kind);
    return { kind: "pack", pack, places: new Map() };
  }

  #sealCurrent(): void {
    const sealing: Sealing = { holder: this.#current as PackHolder, done: Promise.resolve(), hasFailed: false };
    this.#sealing.push(sealing);
    this.#startSealing(sealing);
  }

  #startSealing(sealing: Sealing): void {
    sealing.hasFailed = false;
    sealing.done = sealing.holder.pack.seal().then((sealed) => {
      this.#sealed.push(sealed);
      this.#sealedObjects.setFiles(this.#sealed.map((pack) => ({ path: packPath(pack.name) })));
      this.#sealing.splice(this.#sealing.indexOf(sealing), 1);
    });
    // A failure is met where the promise is awaited; until then it must not end the process.
    sealing.done.catch(() => {});
  }

  /** Settles when the first pack is durable. A failure is told once; whoever asks again tries again. */
  async #firstSealed(): Promise<void> {
    const [first] = this.#sealing;
    if (first === undefined) return;
    if (first.hasFailed) this.#startSealing(first);
    try {
      await first.done;
    } catch (error) {
      first.hasFailed = true;
      throw error;
    }
  }
}
