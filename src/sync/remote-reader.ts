/**
 * Reads objects of a remote, from wherever hints and the index say that they lie. Nothing is given out, or kept, before its
 * digest was made from its bytes.
 */
import { DIGEST_BYTES, type Digest, digestToBytes } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import type { IndexPosition, RemotePlace } from "../logs/index.ts";
import { BoundedCache, type EncodedFrames, FRAME_BYTES_MAX, Frame, type ObjectType } from "../objects/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import type { Child, NodeType } from "./children.ts";
import { nodesOfExtent } from "./extent.ts";
import { type HintMemory, KnownPlaces } from "./known-places.ts";
import { RemoteIndex } from "./remote-index.ts";
import { readSpans } from "./spans.ts";

/** Takes what was read, so that it need not be read again. */
export interface Keeper {
  keepNode(type: NodeType, digest: Digest, bytes: Uint8Array): void;
  /** @param rawBytes what its objects have together */
  keepChunks(frames: EncodedFrames, rawBytes: number): void;
}

/** How to read. */
export interface RemoteReaderOptions {
  readonly memory: HintMemory;
  readonly keeper: Keeper;
  /** Where the index was once. */
  readonly index?: IndexPosition | undefined;
  readonly call?: RemoteCallOptions | undefined;
}

/** Nodes that were read and may be wanted soon. */
const NODES_BYTES_MAX: number = 16 * 1024 * 1024;
/** Of a node that the index found it is not known how much behind it belongs to it. */
const EXTRA_BYTES: number = 16 * 1024;
/** More than any extent that we write: what a hint asks for beyond is not read. */
const EXTENT_BYTES_MAX: number = 2 * FRAME_BYTES_MAX;

/** How often other places are looked for where those that were found have not what they should. */
const TRIES_MAX = 4;

/** An object that is wanted, and where it lies. */
interface Wanted extends Child {
  readonly place: RemotePlace;
}

/** Reads from one remote. */
export class RemoteReader {
  readonly places: KnownPlaces;
  readonly #remote: Remote;
  readonly #keeper: Keeper;
  readonly #call: RemoteCallOptions;
  readonly #nodes = new BoundedCache<Uint8Array>(NODES_BYTES_MAX);
  readonly #knownIndex: IndexPosition | undefined;
  #index: Promise<RemoteIndex> | undefined;

  constructor(remote: Remote, { memory, keeper, index, call = {} }: RemoteReaderOptions) {
    this.#remote = remote;
    this.places = new KnownPlaces(memory);
    this.#keeper = keeper;
    this.#knownIndex = index;
    this.#call = call;
  }

  /** The bytes of a node. @throws ArtifoldError DAMAGED when it is not on the remote, or not as it should be */
  async node(digest: Digest, type: NodeType): Promise<Uint8Array> {
    if (this.#nodes.get(keyOf(digest, type)) === undefined) await this.fetch([{ digest, type }]);
    const bytes = this.#nodes.get(keyOf(digest, type));
    if (bytes === undefined) throw this.#absent({ digest, type });
    return bytes;
  }

  /**
   * Fetches objects with as few requests as their places allow: chunks go to the keeper, nodes there and into memory.
   *
   * @throws ArtifoldError DAMAGED when one is not on the remote, or none of its places has its bytes
   */
  async fetch(objects: readonly Child[]): Promise<void> {
    const missing = objects.filter(({ digest, type }) => type === "chunk" || !this.#nodes.get(keyOf(digest, type)));
    const failed = new Set<string>();
    let left = await this.#fetchFrom(this.#known(missing), missing, failed);
    if (left.length === 0) return;
    // A place may be stale, or never have been known: the index knows better, and a newer index than that.
    for (let tries = 0; tries < TRIES_MAX && left.length > 0; tries++) {
      if (tries > 0) this.#index = undefined;
      left = await this.#fetchFrom(await this.#indexed(left, failed), left, failed);
    }
    const [first] = left;
    if (first !== undefined) throw this.#absent(first);
  }

  /** A place for each of the objects, as far as hints tell. */
  #known(objects: readonly Child[]): Map<Digest, RemotePlace> {
    const places = new Map<Digest, RemotePlace>();
    for (const { digest } of objects) {
      const place = this.places.get(digest);
      if (place !== undefined) places.set(digest, place);
    }
    return places;
  }

  /** The index as it was looked at last; where that failed, it is looked at anew. */
  #openIndex(): Promise<RemoteIndex> {
    if (this.#index === undefined) {
      const opening = RemoteIndex.open(this.#remote, this.#knownIndex, this.#call);
      opening.catch(() => {
        if (this.#index === opening) this.#index = undefined;
      });
      this.#index = opening;
    }
    return this.#index;
  }

  /** @param failed places that had something else, as {@link #fetchFrom} notes them */
  async #indexed(objects: readonly Child[], failed: ReadonlySet<string>): Promise<Map<Digest, RemotePlace>> {
    const index = await this.#openIndex();
    const found = await index.find(
      objects.map(({ digest }) => digest),
      (pack, digest) => failed.has(`${digest} ${pack}`),
    );
    for (const { digest, type } of objects) {
      const place = found.get(digest);
      if (place !== undefined && type !== "chunk") found.set(digest, { ...place, extra: EXTRA_BYTES });
    }
    return found;
  }

  /**
   * Fetches what has a place.
   *
   * @param failed is told of objects that were not where they should be
   * @returns what could not be had
   */
  async #fetchFrom(
    places: ReadonlyMap<Digest, RemotePlace>,
    objects: readonly Child[],
    failed: Set<string>,
  ): Promise<Child[]> {
    const left = new Map(objects.map((object) => [keyOf(object.digest, object.type), object]));
    const wanted: Wanted[] = [];
    for (const object of left.values()) {
      const place = places.get(object.digest);
      if (place !== undefined && isPlausible(place)) wanted.push({ ...object, place });
    }
    for await (const span of readSpans(this.#remote, wanted, this.#call)) {
      for (const item of span.items) {
        const key = keyOf(item.digest, item.type);
        // Another one of the same frame may have brought it.
        if (!left.has(key)) continue;
        const bytes = span.bytesOf(item);
        const got = bytes === undefined ? [] : this.#take(item, bytes);
        for (const each of got) left.delete(each);
        if (!left.has(key)) continue;
        this.places.delete(item.digest);
        failed.add(`${item.digest} ${item.place.pack}`);
      }
    }
    return [...left.values()];
  }

  /** Takes what stands at a place. @returns keys of what was got; nothing where something else stands there */
  #take(item: Wanted, bytes: Uint8Array): string[] {
    return item.type === "chunk" ? this.#takeChunks(item, bytes) : this.#takeNodes(item, bytes);
  }

  #takeNodes({ place }: Wanted, bytes: Uint8Array): string[] {
    const nodes = nodesOfExtent(bytes, place.pack);
    for (const { digest, type, bytes: node, hints } of nodes) {
      const key = keyOf(digest, type);
      if (this.#nodes.get(key) === undefined) this.#keeper.keepNode(type, digest, node);
      this.#nodes.set(key, node, node.length);
      if (hints !== undefined) this.#learn(digest, type, node, hints);
    }
    return nodes.map(({ digest, type }) => keyOf(digest, type));
  }

  /** What is no node at all may have the right digest only by an enemy's doing: it is refused where it is read. */
  #learn(digest: Digest, type: NodeType, bytes: Uint8Array, hints: readonly (RemotePlace | undefined)[]): void {
    try {
      this.places.learn(digest, type, bytes, hints);
    } catch (error) {
      if (!isArtifoldError(error)) throw error;
    }
  }

  #takeChunks({ place }: Wanted, bytes: Uint8Array): string[] {
    try {
      const frame = new Frame(bytes.subarray(0, place.length));
      if (frame.head.type !== "chunk" || frame.bases.length > 0) return [];
      frame.open();
      const { count, rawLength } = frame.head;
      const digests = new Uint8Array(count * DIGEST_BYTES);
      const keys = Array.from({ length: count }, (_, index) => {
        const digest = frame.digest(index);
        digestToBytes(digest, digests, index * DIGEST_BYTES);
        return keyOf(digest, "chunk");
      });
      const frameLengths = Uint32Array.of(frame.bytes.length);
      const own = { type: "chunk", frameLengths, objectCounts: Int32Array.of(count), digests } as const;
      const pieces = [Uint8Array.from(frame.bytes)];
      this.#keeper.keepChunks({ ...own, pieces, byteLength: frame.bytes.length }, rawLength);
      return keys;
    } catch (error) {
      if (isArtifoldError(error, "DAMAGED") || isArtifoldError(error, "FORMAT_UNSUPPORTED")) return [];
      throw error;
    }
  }

  #absent({ digest, type }: Child): ArtifoldError {
    const what = { chunk: "content", manifestNode: "a part of a manifest", chunkListNode: "a part of a chunk list" };
    const named = what[type as Exclude<ObjectType, "placeHints">];
    return new ArtifoldError(
      "DAMAGED",
      `${this.#remote.url}: ${named} is not there, or is not what it should be: ${digest}`,
      {
        info: { remote: this.#remote.url, digest },
        hint: "If its version was removed meanwhile, pull again. Else the remote is damaged: `artifold push --whole` from a store that has all of it mends it.",
      },
    );
  }
}

function keyOf(digest: Digest, type: ObjectType): string {
  return `${type}:${digest}`;
}

function isPlausible({ length, extra }: RemotePlace): boolean {
  return length <= FRAME_BYTES_MAX && length + extra <= EXTENT_BYTES_MAX;
}
