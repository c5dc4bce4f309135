/**
 * Puts the nodes of a push into packs, with hints beside them.
 *
 * Nodes that are mostly read one after another lie together: a few leaves of a manifest, the chunk lists of their files,
 * then one object with the hints of all of them. Who reads a leaf reads what is behind it in the same request.
 */
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes } from "../digest/index.ts";
import { encodeHints, type LocalPlace, type PackName, type RemotePlace, shortDigest } from "../logs/index.ts";
import { type EncodedFrames, FrameEncoder, objectDigest } from "../objects/index.ts";
import { type Child, childrenOf, type NodeType } from "./children.ts";
import type { HintMemory } from "./known-places.ts";
import type { PackedAt, Packing } from "./packing.ts";

/** A node to be written. */
export interface NewNode {
  readonly type: NodeType;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** Raw bytes of nodes that go together. */
const GROUP_BYTES: number = 48 * 1024;
/** Hints tell how much stands behind a frame, and are a part of it themselves: so their length is told in steps. */
const EXTRA_STEP = 1024;
/** More than hints of one group ever take. */
const HINTS_BYTES_MAX: number = 256 * 1024;

/** Where a node lies that was put into a pack of this push. */
interface NodePlace {
  readonly pack: number;
  readonly offset: number;
  readonly length: number;
  readonly index: number;
  readonly extra: number;
}

/** A node, and what it refers to. */
interface Parent {
  readonly digest: Digest;
  readonly children: readonly Child[];
}

/** A node, and where its children lie. */
interface NodeHints {
  readonly digest: Digest;
  readonly children: readonly (LocalPlace | undefined)[];
}

/** What the writer asks of the push. */
export interface NodeWriterOptions {
  readonly packing: Packing;
  /** Names packs of this push that were sent. */
  readonly nameOf: (pack: number) => PackName | undefined;
  /** Where an object lies that is no node of this push. */
  readonly placeOf: (digest: Digest) => RemotePlace | undefined;
  readonly memory: HintMemory;
}

/** Writes nodes. Children come before what refers to them. */
export class NodeWriter {
  readonly #options: NodeWriterOptions;
  readonly #places = new Map<Digest, NodePlace>();
  /** Leaves of manifests and roots of chunk lists that go together, and nodes of lists below the roots. */
  #group: NewNode[] = [];
  #lower: NewNode[] = [];
  /** Hints of nodes whose pack has no name yet. */
  #unnamed: { readonly pack: number; readonly node: Digest; readonly children: readonly (LocalPlace | undefined)[] }[] =
    [];

  constructor(options: NodeWriterOptions) {
    this.#options = options;
  }

  has(digest: Digest): boolean {
    return this.#places.has(digest) || [...this.#group, ...this.#lower].some((node) => node.digest === digest);
  }

  /** Adds a node of a chunk list that other nodes of the list refer to. */
  async addLower(node: NewNode): Promise<void> {
    if (isFull(this.#lower, node)) this.#lower = await this.#place(this.#lower);
    this.#lower.push(node);
  }

  /** Adds the root of a chunk list, or a leaf of a manifest. */
  async addLeaf(node: NewNode): Promise<void> {
    this.#lower = await this.#place(this.#lower);
    if (isFull(this.#group, node)) this.#group = await this.#place(this.#group);
    this.#group.push(node);
  }

  /** Adds an inner node of a manifest. */
  async addInner(node: NewNode): Promise<void> {
    await this.flush();
    this.#group = await this.#place([node]);
  }

  /** Puts all that waits into the pack. */
  async flush(): Promise<void> {
    this.#lower = await this.#place(this.#lower);
    this.#group = await this.#place(this.#group);
  }

  /** Where a node lies; its pack must have been sent. */
  placeOf(digest: Digest): RemotePlace | undefined {
    const place = this.#places.get(digest);
    const pack = place && this.#options.nameOf(place.pack);
    return place && pack && { ...place, pack };
  }

  /** Has the hints of a pack's nodes remembered, now that it has a name. */
  sealed(pack: number, name: PackName): void {
    for (const { node, children } of this.#unnamed.filter((each) => each.pack === pack)) {
      this.#options.memory.rememberHints(
        node,
        children.map((child) => child && { ...child, pack: child.pack ?? name }),
      );
    }
    this.#unnamed = this.#unnamed.filter((each) => each.pack !== pack);
  }

  /** Puts a group of nodes and their hints into the pack. @returns what is left of the group: nothing */
  async #place(nodes: readonly NewNode[]): Promise<NewNode[]> {
    if (nodes.length === 0) return [];
    const frames = (["manifestNode", "chunkListNode"] as const).map((type) => framesOf(type, nodes));
    const room = { ...(frames[0] as EncodedFrames), byteLength: HINTS_BYTES_MAX };
    const at = await this.#options.packing.prepare([...frames, room]);
    const parents = nodes.map(({ type, digest, bytes }) => ({ digest, children: childrenOf(type, bytes) }));
    this.#note(frames, at, 0);
    const length = hintFrames(this.#hintsOf(parents, at.pack)).byteLength;
    // Known now is how long the hints are, which they have to tell of each other.
    this.#note(frames, at, Math.ceil(length / EXTRA_STEP + 1) * EXTRA_STEP);
    const hints = this.#hintsOf(parents, at.pack);
    for (const each of [...frames, hintFrames(hints)]) {
      if (each.frameLengths.length > 0) await this.#options.packing.add(each);
    }
    this.#unnamed.push(...hints.map(({ digest, children }) => ({ pack: at.pack, node: digest, children })));
    return [];
  }

  /** Notes where nodes will lie whose frames are put one behind the other. */
  #note(frames: readonly EncodedFrames[], { pack, offset }: PackedAt, hintsLength: number): void {
    const end = frames.reduce((sum, each) => sum + each.byteLength, offset) + hintsLength;
    let start = offset;
    for (const { digests, objectCounts, frameLengths } of frames) {
      let digestAt = 0;
      for (const [number, length] of frameLengths.entries()) {
        for (let index = 0; index < (objectCounts[number] as number); index++, digestAt += DIGEST_BYTES) {
          this.#places.set(digestFromBytes(digests, digestAt), {
            pack,
            offset: start,
            length,
            index,
            extra: end - start - length,
          });
        }
        start += length;
      }
    }
  }

  #hintsOf(parents: readonly Parent[], pack: number): NodeHints[] {
    return parents.map(({ digest, children }) => ({
      digest,
      children: children.map((child) => this.#childPlace(child.digest, pack)),
    }));
  }

  #childPlace(digest: Digest, own: number): LocalPlace | undefined {
    const place = this.#places.get(digest);
    if (place === undefined) return this.#options.placeOf(digest);
    if (place.pack === own) return { ...place, pack: undefined };
    const pack = this.#options.nameOf(place.pack);
    return pack && { ...place, pack };
  }
}

function isFull(group: readonly NewNode[], more: NewNode): boolean {
  const bytes = group.reduce((sum, node) => sum + node.bytes.length, more.bytes.length);
  return group.length > 0 && bytes > GROUP_BYTES;
}

function framesOf(type: NodeType, nodes: readonly NewNode[]): EncodedFrames {
  const encoder = new FrameEncoder(type, GROUP_BYTES);
  for (const node of nodes) {
    if (node.type === type) encoder.add({ digest: digestToBytes(node.digest), bytes: node.bytes });
  }
  return encoder.finish();
}

function hintFrames(hints: readonly NodeHints[]): EncodedFrames {
  const bytes = encodeHints(hints.map(({ digest, children }) => ({ node: shortDigest(digest), children })));
  const encoder = new FrameEncoder("placeHints");
  encoder.add({ digest: digestToBytes(objectDigest("placeHints", bytes)), bytes });
  return encoder.finish();
}
