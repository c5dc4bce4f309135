/**
 * Takes new objects on behalf of one upload and makes them durable together.
 *
 * Little content waits in memory and rides in the journal with the version, under one flush. More goes to packs while it
 * comes, so that memory stays bounded. Nothing of it is visible before the journal says so.
 */

import { type Digest, digestToBytes } from "../digest/index.ts";
import { decodeListNode, type NodeSink, type NodeSource, nodesBelow } from "../manifest/index.ts";
import type { FileSystem } from "../platform/index.ts";
import { AdoptedFiles } from "./adopted-files.ts";
import type { AdoptedFile, Adoption } from "./adoption.ts";
import type { FileCopy } from "./file-copy.ts";
import type { EncodedFrames } from "./frame-encoder.ts";
import { FrameSet, SMALL_BYTES } from "./frame-set.ts";
import { NodeEncoder, type NodeType } from "./node-encoder.ts";
import type { ObjectStore } from "./object-store.ts";
import type { SealedPack } from "./pack.ts";
import type { Place } from "./table.ts";

/** What a finished writer hands over. */
export interface WrittenContent {
  /** Packs that are durable under their names. */
  readonly packs: readonly SealedPack[];
  /** Frames that are to ride in the journal. */
  readonly frames: readonly EncodedFrames[];
  /** Files that were adopted, and are durable under their names. */
  readonly files: readonly AdoptedFile[];
}

/** A stored chunk that others may go on from, and where it lies. */
export interface BaseChunk {
  readonly digest: Digest;
  readonly place: Place;
}

/** A node that is in no frame yet. */
interface LooseNode {
  readonly type: NodeType;
  readonly bytes: Uint8Array;
  readonly like: Digest | undefined;
}

/** What is stored already, here or elsewhere. */
export interface StoredObjects {
  locate(digest: Digest): Place | undefined;
  locateAt(digests: Uint8Array, at: number): Place | undefined;
  read(digest: Digest, type: NodeType): Uint8Array | Promise<Uint8Array>;
}

/** The new objects of one upload. */
export class ContentWriter implements NodeSource {
  readonly #store: ObjectStore;
  readonly #source: Pick<StoredObjects, "read">;
  readonly #data: FrameSet;
  readonly #nodes: FrameSet;
  readonly #adopted: AdoptedFiles;
  /** Nodes that are in no frame yet, newest last. */
  readonly #looseNodes = new Map<Digest, LooseNode>();
  #looseBytes = 0;
  #newBytes = 0;

  /** @param source gives nodes that may be elsewhere than in the store */
  constructor(fs: FileSystem, folder: string, store: ObjectStore, source: Pick<StoredObjects, "read"> = store) {
    this.#store = store;
    this.#source = source;
    this.#data = new FrameSet(fs, folder, "data", store);
    this.#nodes = new FrameSet(fs, folder, "nodes", store);
    this.#adopted = new AdoptedFiles(fs, folder);
  }

  /** Bytes of content that the store did not have before. */
  get newBytes(): number {
    return this.#newBytes;
  }

  /** Whether a chunk is stored, or will be when this writer is sealed. */
  hasChunk(digest: Digest): boolean {
    return this.#hasChunkAt(digestToBytes(digest), 0);
  }

  /** Whether a chunk is to be packed and handed over. @param digests holds its digest from `at` on */
  wants(digests: Uint8Array, at: number, _length: number): boolean {
    return !this.#hasChunkAt(digests, at);
  }

  /**
   * What new chunks like a stored one may go on from: the chunk itself or, where it is a delta, what that goes on from.
   * Nothing where the store does not have it whole.
   */
  basesLike(digest: Digest): readonly BaseChunk[] {
    const place = this.#store.locate(digest);
    if (place === undefined) return [];
    if (!place.isDelta) return [{ digest, place }];
    const bases: BaseChunk[] = [];
    for (const base of this.#store.basesAt(place)) {
      const whole = this.#store.locateWhole(base);
      if (whole === undefined) return [];
      bases.push({ digest: base, place: whole });
    }
    return bases;
  }

  #hasChunkAt(digests: Uint8Array, at: number): boolean {
    return (
      this.#data.has(digests, at) || this.#adopted.has(digests, at) || this.#store.locateAt(digests, at) !== undefined
    );
  }

  /** Takes frames of chunks. */
  addChunks(frames: EncodedFrames, rawBytes: number): void {
    this.#newBytes += rawBytes;
    this.#data.add(frames);
  }

  /** Clones a file into the store, if that can be done. @param device that the file is on */
  beginClone(file: string, device: number): Promise<Adoption | undefined> {
    return this.#adopted.begin(file, device);
  }

  /** Begins a copy of a file, that whoever asks writes. */
  beginCopy(): { readonly adoption: Adoption; readonly copy: FileCopy } {
    return this.#adopted.beginCopy();
  }

  /** Takes a file whose chunks are all told. @param newBytes of those of them that are new */
  async adopt(adoption: Adoption, digest: Digest, newBytes: number): Promise<void> {
    await adoption.finish(digest);
    this.#newBytes += newBytes;
    await this.#adopted.ready();
  }

  /** Takes manifest nodes. */
  readonly manifestNodes: NodeSink = { writeNode: (...node) => this.#addNode("manifestNode", ...node) };

  /** Takes nodes of chunk lists. */
  readonly chunkListNodes: NodeSink = { writeNode: (...node) => this.#addNode("chunkListNode", ...node) };

  /** Reads a node that is stored or was just written. */
  async readNode(digest: Digest, type: NodeType = "manifestNode"): Promise<Uint8Array> {
    const loose = this.#looseNodes.get(digest);
    if (loose !== undefined) return loose.bytes;
    return (await this.#nodes.read(digest, type)) ?? this.#source.read(digest, type);
  }

  /** Settles when there is room for more; rejects when a write failed. */
  async ready(): Promise<void> {
    await this.#data.ready();
    await this.#nodes.ready();
  }

  /**
   * Makes what was written to packs durable, and gives all that this upload has written so far. Writing may go on.
   *
   * @param manifest the version's: nodes that are still in memory and not part of it were steps on the way, and are left.
   *   Without it all nodes are kept
   */
  async seal(manifest?: Digest): Promise<WrittenContent> {
    const needed = manifest === undefined ? undefined : this.#looseNodesOf(manifest);
    for (const digest of this.#looseNodes.keys()) if (needed?.has(digest) === false) this.#looseNodes.delete(digest);
    this.#frameNodes();
    const data = await this.#data.seal();
    const nodes = await this.#nodes.seal();
    const files = await this.#adopted.seal();
    return { packs: [...data.packs, ...nodes.packs], frames: [...data.frames, ...nodes.frames], files };
  }

  /** Ends the upload: what was sealed is part of the store now. */
  close(): void {
    this.#data.close();
    this.#nodes.close();
    this.#adopted.close();
  }

  /** Gives everything up, packs that nobody was told of included. */
  async abort(): Promise<void> {
    this.#looseNodes.clear();
    await this.#data.abort();
    await this.#nodes.abort();
    await this.#adopted.abort();
  }

  #addNode(type: NodeType, digest: Digest, bytes: Uint8Array, like?: Digest): void {
    if (this.#looseNodes.has(digest) || this.#nodes.has(digestToBytes(digest))) return;
    if (this.#store.locate(digest) !== undefined) return;
    this.#looseNodes.set(digest, { type, bytes, like });
    this.#looseBytes += bytes.length;
    if (this.#looseBytes > SMALL_BYTES) this.#frameNodes();
  }

  /**
   * The nodes in memory that a manifest has. A node is written after those below it, and all nodes leave memory at once:
   * below a node that is not in memory none is.
   */
  #looseNodesOf(manifest: Digest): Set<Digest> {
    const found = new Set<Digest>();
    const open: Digest[] = [manifest];
    for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
      const loose = this.#looseNodes.get(digest);
      if (loose === undefined || found.has(digest)) continue;
      found.add(digest);
      open.push(...(loose.type === "manifestNode" ? nodesBelow(loose.bytes) : listNodesBelow(loose.bytes)));
    }
    return found;
  }

  #frameNodes(): void {
    for (const type of ["manifestNode", "chunkListNode"] as const) {
      const encoder = new NodeEncoder(this.#store, type);
      for (const [digest, node] of this.#looseNodes) {
        if (node.type === type) encoder.add({ digest: digestToBytes(digest), bytes: node.bytes }, node.like);
      }
      const frames = encoder.finish();
      if (frames.frameLengths.length > 0) this.#nodes.add(frames);
    }
    this.#looseNodes.clear();
    this.#looseBytes = 0;
  }
}

function listNodesBelow(bytes: Uint8Array): Digest[] {
  const node = decodeListNode(bytes);
  return node.level === 0 ? [] : node.rows.map((row) => row.digest);
}
