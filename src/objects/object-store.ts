/** Finds and reads the objects of a store, whichever file they lie in. Every byte is checked before it leaves. */
import path from "node:path";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { type FileSystem, openFlags, readFully } from "../platform/index.ts";
import { Frame, type ObjectType } from "./frame.ts";
import { decodeFoot, FOOT_BYTES, openTable, type Table, type TablePlace } from "./table.ts";

/** A file with frames and a table: a pack or a sealed segment of the journal. */
export interface ContentFile {
  /** Path below the store's folder. */
  readonly path: string;
}

/** Where an object lies. */
export interface Place extends TablePlace {
  /** Path of the file below the store's folder. */
  readonly path: string;
}

/** Says where objects lie that are in no table yet: those in the journal's last segment. */
export interface RecentPlaces {
  find(digest: Digest): Place | undefined;
}

/** Tables of this size together stay in memory. */
const TABLES_BYTES_MAX: number = 64 * 1024 * 1024;
const OPEN_FILES_MAX = 64;
/** Frames being read stay in memory: neighbours are mostly wanted together. */
const FRAMES_BYTES_MAX: number = 16 * 1024 * 1024;

/** The objects of one store. Not shared between threads. */
export class ObjectStore {
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #recent: RecentPlaces;
  #files: readonly ContentFile[] = [];
  readonly #tables = new BoundedCache<Table>(TABLES_BYTES_MAX);
  readonly #descriptors = new BoundedCache<number>(OPEN_FILES_MAX, (fd) => this.#fs.close(fd));
  readonly #frames = new BoundedCache<Frame>(FRAMES_BYTES_MAX);

  constructor(fs: FileSystem, folder: string, recent: RecentPlaces) {
    this.#fs = fs;
    this.#folder = folder;
    this.#recent = recent;
  }

  /** Says which files there are. New ones are asked first: what was stored last is mostly wanted next. */
  setFiles(files: readonly ContentFile[]): void {
    this.#files = [...files].reverse();
  }

  /** Where an object lies; `undefined` when the store does not have it. */
  locate(digest: Digest): Place | undefined {
    const recent = this.#recent.find(digest);
    if (recent !== undefined) return recent;
    for (const file of this.#files) {
      const place = this.#table(file).find(digest);
      if (place !== undefined) return { ...place, path: file.path };
    }
    return undefined;
  }

  /**
   * Reads an object.
   *
   * @throws ArtifoldError DAMAGED when it is not there, or none of its copies has the right bytes
   */
  read(digest: Digest, type: ObjectType): Uint8Array {
    let failure: unknown;
    for (const place of this.#places(digest)) {
      try {
        return this.readAt(place, digest, type);
      } catch (error) {
        if (!isArtifoldError(error)) throw error;
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    throw new ArtifoldError("DAMAGED", `the store should hold ${type} ${digest} and does not`, { info: { digest } });
  }

  /** Closes all files. */
  close(): void {
    this.#descriptors.clear();
    this.#tables.clear();
    this.#frames.clear();
  }

  *#places(digest: Digest): Generator<Place> {
    const recent = this.#recent.find(digest);
    if (recent !== undefined) yield recent;
    for (const file of this.#files) {
      const place = this.#table(file).find(digest);
      if (place !== undefined) yield { ...place, path: file.path };
    }
  }

  /** Reads an object from a place that is known. @throws ArtifoldError DAMAGED when other bytes stand there */
  readAt(place: Place, digest: Digest, type: ObjectType): Uint8Array {
    const key = `${place.path}:${place.offset}`;
    let frame = this.#frames.get(key);
    try {
      if (frame === undefined) {
        frame = new Frame(this.#readBytes(place.path, place.offset, place.length));
        this.#frames.set(key, frame, frame.head.rawLength + place.length);
      }
      if (frame.head.type !== type || frame.digest(place.index) !== digest) {
        throw new ArtifoldError("DAMAGED", `another object stands where ${type} ${digest} should be`);
      }
      return frame.object(place.index);
    } catch (error) {
      this.#frames.delete(key);
      if (!isArtifoldError(error)) throw error;
      throw new ArtifoldError(error.code, `${place.path} at ${place.offset}: ${error.message}`, {
        cause: error,
        info: { file: place.path, offset: place.offset, digest },
        hint: "Run `artifold verify` to see which versions are hit.",
      });
    }
  }

  #table(file: ContentFile): Table {
    const known = this.#tables.get(file.path);
    if (known !== undefined) return known;
    const length = Number(this.#fs.stat(this.#open(file.path)).size);
    const foot = decodeFoot(this.#readBytes(file.path, Math.max(0, length - FOOT_BYTES), FOOT_BYTES), length);
    const table = openTable(this.#readBytes(file.path, foot.tableOffset, foot.tableLength), foot);
    this.#tables.set(file.path, table, table.byteLength);
    return table;
  }

  #readBytes(file: string, offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(length);
    if (readFully(this.#fs, this.#open(file), bytes, offset) !== length) {
      throw new ArtifoldError("DAMAGED", `${file} ends too early`, { info: { file, offset } });
    }
    return bytes;
  }

  #open(file: string): number {
    const known = this.#descriptors.get(file);
    if (known !== undefined) return known;
    let fd: number;
    try {
      fd = this.#fs.open(path.join(this.#folder, file), openFlags.read);
    } catch (error) {
      throw new ArtifoldError("DAMAGED", `${file} of the store cannot be opened: ${(error as Error).message}`, {
        cause: error,
        info: { file },
      });
    }
    this.#descriptors.set(file, fd, 1);
    return fd;
  }
}

/** Keeps values up to a cost; those not used for longest go first. */
export class BoundedCache<Value> {
  readonly #kept = new Map<string, { value: Value; cost: number }>();
  readonly #costMax: number;
  readonly #onDrop: (value: Value) => void;
  #cost = 0;

  constructor(costMax: number, onDrop: (value: Value) => void = () => {}) {
    this.#costMax = costMax;
    this.#onDrop = onDrop;
  }

  get(key: string): Value | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.value;
  }

  set(key: string, value: Value, cost: number): void {
    this.delete(key);
    this.#kept.set(key, { value, cost });
    this.#cost += cost;
    for (const oldest of this.#kept.keys()) {
      if (this.#cost <= this.#costMax || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#cost -= kept.cost;
    this.#onDrop(kept.value);
  }

  clear(): void {
    for (const key of [...this.#kept.keys()]) this.delete(key);
  }
}

