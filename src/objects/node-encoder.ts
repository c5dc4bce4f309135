/**
 * Gathers nodes into frames. A node that takes the place of an older one is stored as what is different in it: where one
 * row of a hundred has changed, that is a fiftieth.
 */
import { type Digest, digestToBytes } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { BASES_MAX } from "./frame.ts";
import { type EncodedFrames, FrameEncoder, type NewObject } from "./frame-encoder.ts";
import type { ObjectStore } from "./object-store.ts";

/** A kind of node. */
export type NodeType = "manifestNode" | "chunkListNode";

/** Raw bytes of nodes that go together into one frame: small, for a reader often wants one of them. */
const NODE_FRAME_BYTES: number = 32 * 1024;

/** Takes nodes of one kind and gives frames. */
export class NodeEncoder {
  readonly #store: ObjectStore;
  readonly #type: NodeType;
  readonly #frames: FrameEncoder;
  /** Nodes, each with its own base, that will make one frame: the n-th goes on from the n-th base. */
  #pairs: { readonly node: NewObject; readonly base: NewObject }[] = [];
  #pairBytes = 0;

  constructor(store: ObjectStore, type: NodeType) {
    this.#store = store;
    this.#type = type;
    this.#frames = new FrameEncoder(type, NODE_FRAME_BYTES);
  }

  /** @param like an older node that it may resemble */
  add(node: NewObject, like: Digest | undefined): void {
    const base = like === undefined ? undefined : this.#baseLike(like);
    if (base === undefined) {
      this.#frames.add(node);
      return;
    }
    const isTaken = this.#pairs.some((pair) => Buffer.compare(pair.base.digest, base.digest) === 0);
    const isFull = this.#pairs.length >= BASES_MAX || this.#pairBytes + node.bytes.length > NODE_FRAME_BYTES;
    if (this.#pairs.length > 0 && (isTaken || isFull)) this.#closePairs();
    this.#pairs.push({ node, base });
    this.#pairBytes += node.bytes.length;
  }

  finish(): EncodedFrames {
    this.#closePairs();
    return this.#frames.finish();
  }

  #closePairs(): void {
    if (this.#pairs.length === 0) return;
    this.#frames.addResembling(
      this.#pairs.map(({ node }) => node),
      {
        digests: this.#pairs.map(({ base }) => base.digest),
        bytes: Buffer.concat(this.#pairs.map(({ base }) => base.bytes)),
      },
    );
    this.#pairs = [];
    this.#pairBytes = 0;
  }

  /** What nodes like a stored one may go on from: the node itself or, where it is a delta, what that goes on from. */
  #baseLike(like: Digest): NewObject | undefined {
    const place = this.#store.locate(like);
    if (place === undefined) return undefined;
    try {
      const base = place.isDelta ? this.#store.pairedBaseAt(place) : like;
      if (base === undefined || this.#store.locateWhole(base) === undefined) return undefined;
      return { digest: digestToBytes(base), bytes: this.#store.read(base, this.#type) };
    } catch (error) {
      // What is lost of an older version is no hindrance to a new one.
      if (isArtifoldError(error)) return undefined;
      throw error;
    }
  }
}
