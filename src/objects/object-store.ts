/** Reads the objects of a store, whichever file they lie in. Every byte is checked before it leaves. */
import { CHUNK_MAX_BYTES } from "../chunking/index.ts";
import { DIGEST_BYTES, type Digest, digestToBytes } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import type { FileSystem } from "../platform/index.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { FRAME_BYTES_MAX, Frame, type ObjectType, objectDigest } from "./frame.ts";
import { bareBytesOf, checkFrames, type FrameRun, frameBareChunks } from "./frame-run.ts";
import { type ContentFile, PlaceIndex, type RecentPlaces } from "./place-index.ts";
import { isAdopted, StoreFiles } from "./store-files.ts";
import type { Place } from "./table.ts";

/** Frames being read stay in memory: neighbours are mostly wanted together. */
const FRAMES_BYTES_MAX: number = 16 * 1024 * 1024;

/** The objects of one store. Not shared between threads. */
export class ObjectStore {
  readonly #files: StoreFiles;
  readonly #places: PlaceIndex;
  readonly #frames = new BoundedCache<Frame>(FRAMES_BYTES_MAX);
  /** What {@link borrowAt} read last, and into what. */
  #borrowed: { readonly key: string; readonly frame: Frame } | undefined;
  #window: Buffer | undefined;
  /** The digest that is being looked for, as bytes. */
  readonly #wanted: Buffer = Buffer.alloc(DIGEST_BYTES);

  constructor(fs: FileSystem, folder: string, recent: RecentPlaces) {
    this.#files = new StoreFiles(fs, folder);
    this.#places = new PlaceIndex(this.#files, recent);
  }

  /** Says which files there are, in the order in which they came. */
  setFiles(files: readonly ContentFile[]): void {
    this.#places.setFiles(files);
  }

  /** Where an object lies; `undefined` when the store does not have it. */
  locate(digest: Digest): Place | undefined {
    digestToBytes(digest, this.#wanted);
    return this.#places.find(this.#wanted);
  }

  /** The adopted file, as a path below the store's folder, that is some content and nothing else. */
  adoptedFile(content: Digest): string | undefined {
    return this.#places.adopted(content);
  }

  /** As `locate`, of a digest that stands in a column of them. */
  locateAt(digests: Uint8Array, at: number): Place | undefined {
    for (let byte = 0; byte < DIGEST_BYTES; byte++) this.#wanted[byte] = digests[at + byte] as number;
    return this.#places.find(this.#wanted);
  }

  /**
   * What else an object needs that some file says that it holds: nothing, or the bases of a delta. `undefined` where no file
   * says so. For those who verify: the object itself is not read.
   *
   * @throws ArtifoldError DAMAGED where the frame of a delta cannot be read
   */
  needsOf(digest: Digest): readonly Digest[] | undefined {
    // Mostly the first place says it.
    if (this.locate(digest)?.isDelta === false) return [];
    let delta: Place | undefined;
    for (const place of this.#placesOf(digest)) {
      if (!place.isDelta) return [];
      delta ??= place;
    }
    return delta === undefined ? undefined : this.#frameAt(delta).bases;
  }

  /**
   * Reads an object.
   *
   * @throws ArtifoldError DAMAGED when it is not there, or none of its copies has the right bytes
   */
  read(digest: Digest, type: ObjectType): Uint8Array {
    const found = this.#tryPlaces(digest, (place) => this.readAt(place, digest, type));
    if (found !== undefined) return found;
    const what = `the store should hold ${type} ${digest} and does not`;
    const [lost] = this.#places.damaged;
    if (lost === undefined) throw new ArtifoldError("DAMAGED", what, { info: { digest } });
    const [file, cause] = lost;
    throw new ArtifoldError("DAMAGED", `${what}; it may be in what cannot be read: ${cause.message}`, {
      cause,
      info: { digest, file },
      hint: "Run `artifold verify` to see what is lost and which versions are hit.",
    });
  }

  /** As {@link read}; the disk is waited for off the main thread. */
  async readLater(digest: Digest, type: ObjectType): Promise<Uint8Array> {
    const place = this.locate(digest);
    try {
      if (place !== undefined && isAdopted(place.path)) return await this.#readBareLater(place, digest, type);
      if (place !== undefined) await this.#bringFrame(place);
    } catch (error) {
      // It is met again below, where other places are tried and what is wrong is told.
      if (!isArtifoldError(error)) throw error;
    }
    return this.read(digest, type);
  }

  /** Has a frame in memory, and what it goes on from: chains are one long. */
  async #bringFrame(place: Place): Promise<void> {
    for (const base of await this.#bringAlone(place)) {
      const whole = this.locateWhole(base);
      if (whole !== undefined && !isAdopted(whole.path)) await this.#bringAlone(whole);
    }
  }

  async #bringAlone(place: Place): Promise<readonly Digest[]> {
    const known = this.#frames.get(frameKey(place));
    if (known !== undefined || place.length > FRAME_BYTES_MAX) return known?.bases ?? [];
    const frame = new Frame(await this.#files.readLater(place.path, place.offset, place.length));
    this.#keep(place, frame);
    return frame.bases;
  }

  /** Reads an object from a place that is known. @throws ArtifoldError DAMAGED when other bytes stand there */
  readAt(place: Place, digest: Digest, type: ObjectType): Uint8Array {
    try {
      if (isAdopted(place.path)) return this.#readBare(place, digest, type);
      const frame = this.#frameAt(place);
      if (frame.head.type !== type) {
        throw new ArtifoldError("DAMAGED", `another object stands where ${type} ${digest} should be`);
      }
      if (!frame.isOpen) frame.open(frame.bases.length === 0 ? undefined : this.readBases(frame.bases, type));
      return frame.object(place.index, digest);
    } catch (error) {
      this.#frames.delete(frameKey(place));
      if (!isArtifoldError(error)) throw error;
      throw new ArtifoldError(error.code, `${place.path} at ${place.offset}: ${error.message}`, {
        cause: error,
        info: { file: place.path, offset: place.offset, digest },
        hint: "Run `artifold verify` to see which versions are hit.",
      });
    }
  }

  /**
   * As {@link readAt}, for whoever checks the bytes in another way: into memory that the next call uses again.
   *
   * @throws ArtifoldError DAMAGED when what stands there is no such frame
   */
  borrowAt(place: Place, digest: Digest, type: ObjectType): Uint8Array {
    const key = frameKey(place);
    if (place.isDelta || isAdopted(place.path)) return this.readAt(place, digest, type);
    if (this.#borrowed?.key !== key) this.#borrowed = { key, frame: this.#borrow(place, type) };
    return this.#borrowed.frame.unchecked(place.index);
  }

  #borrow(place: Place, type: ObjectType): Frame {
    this.#borrowed = undefined;
    if (place.length > FRAME_BYTES_MAX) throw new ArtifoldError("DAMAGED", "a frame longer than frames can be");
    this.#window ??= Buffer.allocUnsafeSlow(FRAME_BYTES_MAX);
    const bytes = this.#window.subarray(0, place.length);
    this.#files.readInto(bytes, place.path, place.offset);
    const frame = new Frame(bytes);
    if (frame.head.type !== type || frame.bases.length > 0) {
      throw new ArtifoldError("DAMAGED", `${place.path} at ${place.offset}: another object stands there`);
    }
    frame.open();
    return frame;
  }

  /** Reads an object that is in no frame: a chunk, for nothing else lies so. */
  #readBare(place: Place, digest: Digest, type: ObjectType): Uint8Array {
    return checkBare(this.#files.read(place.path, place.offset, bareLength(place)), digest, type);
  }

  async #readBareLater(place: Place, digest: Digest, type: ObjectType): Promise<Uint8Array> {
    return checkBare(await this.#files.readLater(place.path, place.offset, bareLength(place)), digest, type);
  }

  /**
   * Fills bytes with frames that stand one after another, or are made of chunks that do, and checks what is in them.
   *
   * @returns 1 for each frame that is right, and 0 for others: for all where they cannot be read
   */
  readFrames(run: FrameRun, bytes: Uint8Array): Uint8Array {
    try {
      if (isAdopted(run.path)) {
        return frameBareChunks(this.#files.read(run.path, run.offset, bareBytesOf(run)), run, bytes);
      }
      this.#files.readInto(bytes, run.path, run.offset);
      return checkFrames(bytes, run);
    } catch (error) {
      if (!isArtifoldError(error, "DAMAGED") && !isArtifoldError(error, "STORE_READ_FAILED")) throw error;
      return new Uint8Array(run.lengths.length);
    }
  }

  /** The digests of what the object at a place goes on from; none for one that stands by itself. */
  basesAt(place: Place): readonly Digest[] {
    return place.isDelta ? this.#frameAt(place).bases : [];
  }

  /**
   * Of what the frame at a place goes on from, the one that stands where the object stands; nothing where the frame does
   * not have one base for each object.
   */
  pairedBaseAt(place: Place): Digest | undefined {
    const { bases, head } = this.#frameAt(place);
    return bases.length === head.count ? bases[place.index] : undefined;
  }

  /** Where an object lies that is to be read without others; `undefined` where it lies as a delta only, or not at all. */
  locateWhole(digest: Digest): Place | undefined {
    for (const place of this.#placesOf(digest)) if (!place.isDelta) return place;
    return undefined;
  }

  /** Merges what says where objects lie, when it has become many files. Whoever fails at it loses nothing but time. */
  async merge(pause?: () => Promise<void>): Promise<void> {
    await this.#places.merge(pause);
  }

  /** Closes all files. */
  close(): void {
    this.#files.close();
    this.#places.close();
    this.#frames.clear();
  }

  #placesOf(digest: Digest): Iterable<Place> {
    return this.#places.findAll(Buffer.from(digestToBytes(digest)));
  }

  /** What the first place gives from which an object can be read; `undefined` where no file has it. */
  #tryPlaces(digest: Digest, read: (place: Place) => Uint8Array): Uint8Array | undefined {
    let failure: unknown;
    for (const place of this.#placesOf(digest)) {
      try {
        return read(place);
      } catch (error) {
        if (!isArtifoldError(error)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  #frameAt(place: Place): Frame {
    const known = this.#frames.get(frameKey(place));
    if (known !== undefined) return known;
    if (place.length > FRAME_BYTES_MAX) throw new ArtifoldError("DAMAGED", "a frame longer than frames can be");
    const frame = new Frame(this.#files.read(place.path, place.offset, place.length));
    this.#keep(place, frame);
    return frame;
  }

  #keep(place: Place, frame: Frame): void {
    this.#frames.set(frameKey(place), frame, frame.head.rawLength + place.length);
  }

  /**
   * Reads what a delta goes on from, one after another. Chains are one long: what a base lies in goes on from nothing.
   *
   * @throws ArtifoldError DAMAGED
   */
  readBases(bases: readonly Digest[], type: ObjectType): Uint8Array {
    const parts = bases.map((base) => {
      const whole = this.#tryPlaces(base, (place) => {
        if (isAdopted(place.path) || this.#frameAt(place).bases.length === 0) return this.readAt(place, base, type);
        throw new ArtifoldError("DAMAGED", `a delta goes on from ${base}, which is a delta itself`);
      });
      if (whole === undefined) throw new ArtifoldError("DAMAGED", `a delta goes on from ${base}, which is not stored`);
      return whole;
    });
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  }
}

function frameKey(place: Place): string {
  return `${place.path}:${place.offset}`;
}

function bareLength({ length }: Place): number {
  if (length > CHUNK_MAX_BYTES) throw new ArtifoldError("DAMAGED", "a chunk longer than chunks can be");
  return length;
}

function checkBare(bytes: Uint8Array, digest: Digest, type: ObjectType): Uint8Array {
  if (type === "chunk" && objectDigest(type, bytes) === digest) return bytes;
  throw new ArtifoldError("DAMAGED", `stored bytes are not those of digest ${digest}`);
}
