/** What is known of where objects lie on a remote, from hints beside nodes. In memory, and what was used last stays. */
import type { Digest } from "../digest/index.ts";
import type { RemotePlace } from "../logs/index.ts";
import { childrenOf, type NodeType } from "./children.ts";

/** Keeps hints between processes: a cache, of which nothing depends. */
export interface HintMemory {
  /** What stands beside a node: the places of its children, in their order. */
  hintsOf(node: Digest): readonly (RemotePlace | undefined)[] | undefined;
  /** Where the root of a manifest lies. */
  rootOf(manifest: Digest): RemotePlace | undefined;
  rememberHints(node: Digest, children: readonly (RemotePlace | undefined)[]): void;
  rememberRoot(manifest: Digest, place: RemotePlace): void;
}

/** A memory that remembers nothing. */
export const noHints: HintMemory = {
  hintsOf: () => undefined,
  rootOf: () => undefined,
  rememberHints: () => {},
  rememberRoot: () => {},
};

/** How many places are kept: some hundred bytes each. */
const PLACES_MAX = 64 * 1024;

/** Places of objects. */
export class KnownPlaces {
  readonly #memory: HintMemory;
  readonly #places = new Map<Digest, RemotePlace>();

  constructor(memory: HintMemory) {
    this.#memory = memory;
  }

  get(digest: Digest): RemotePlace | undefined {
    return this.#places.get(digest) ?? this.#memory.rootOf(digest);
  }

  set(digest: Digest, place: RemotePlace): void {
    this.#places.delete(digest);
    this.#places.set(digest, place);
    if (this.#places.size > PLACES_MAX) this.#places.delete(this.#places.keys().next().value as Digest);
  }

  /** Forgets a place that led nowhere. */
  delete(digest: Digest): void {
    this.#places.delete(digest);
  }

  /** Learns from a node that is at hand what was once read beside it. */
  learnFrom(digest: Digest, type: NodeType, bytes: Uint8Array): void {
    const hints = this.#memory.hintsOf(digest);
    if (hints !== undefined) this.#take(type, bytes, hints);
  }

  /** Learns hints that were read beside a node. */
  learn(digest: Digest, type: NodeType, bytes: Uint8Array, hints: readonly (RemotePlace | undefined)[]): void {
    if (this.#take(type, bytes, hints)) this.#memory.rememberHints(digest, hints);
  }

  /** @returns whether there are as many hints as children */
  #take(type: NodeType, bytes: Uint8Array, hints: readonly (RemotePlace | undefined)[]): boolean {
    const children = childrenOf(type, bytes);
    if (children.length !== hints.length) return false;
    for (const [at, place] of hints.entries()) {
      if (place !== undefined) this.set((children[at] as { digest: Digest }).digest, place);
    }
    return true;
  }
}
