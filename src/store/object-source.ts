/** Objects of a store, wherever they are: here, or on a remote only, from which they are fetched when they are asked for. */
import type { Digest } from "../digest/index.ts";
import type { ObjectStore, ObjectType, Place } from "../objects/index.ts";
import type { OpenRemoteOptions, Remote } from "../remote/index.ts";
import type { Child, NodeType } from "../sync/index.ts";

/** Opens remotes. */
export type OpenRemote = (url: string, options: Pick<OpenRemoteOptions, "writers" | "makeFolder">) => Promise<Remote>;

/** A node that is here, and was just read. */
export interface NearNode {
  readonly digest: Digest;
  readonly type: NodeType;
  readonly bytes: Uint8Array;
}

/** What fetches objects that are on remotes only. */
export interface FarObjects {
  /** Reads an object. @param near nodes that were just read: what was once read beside them tells where to look */
  read(digest: Digest, type: ObjectType, near: Iterable<NearNode>): Promise<Uint8Array>;
  /** Has chunks here. */
  bring(digests: readonly Digest[], near: Iterable<NearNode>, signal?: AbortSignal): Promise<void>;
  /** Fetches objects: nodes into memory, chunks to be kept. */
  prefetch(objects: readonly Child[], near: Iterable<NearNode>): Promise<void>;
  /** Has a remote asked first that is open already. @returns what ends that: what came by then is kept */
  lend(id: Digest, remote: Remote): () => Promise<void>;
  /** Has what was fetched become part of the store. */
  settle(): Promise<void>;
  /** A chunk that was fetched and is in memory only. */
  unkept(digest: Digest): Uint8Array | undefined;
  /** How often what was fetched could not be kept. */
  readonly losses: number;
  /** Why, the last time. */
  readonly lastLoss: unknown;
  close(): Promise<void>;
}

const NEAR_MAX = 64;

/** What an object source stands on. */
export interface ObjectSourceOptions {
  readonly objects: ObjectStore;
  /** Whether there is content that is on a remote only. */
  readonly hasElsewhere: () => boolean;
  /** What fetches it. */
  readonly openFar: () => Promise<FarObjects>;
}

/** Finds objects. What is here is found at once; only what is not takes the network, and only where a remote has it. */
export class ObjectSource {
  readonly #options: ObjectSourceOptions;
  /** Nodes that were read last, of a store with content elsewhere: what is wanted next is mostly below them. */
  readonly #near = new Map<Digest, NearNode>();
  #far: Promise<FarObjects> | undefined;
  #openedFar: FarObjects | undefined;

  constructor(options: ObjectSourceOptions) {
    this.#options = options;
  }

  /** Where an object lies in the store; `undefined` when it is not here. */
  locate(digest: Digest): Place | undefined {
    return this.#options.objects.locate(digest);
  }

  /** As `locate`, of a digest that stands in a column of them. */
  locateAt(digests: Uint8Array, at: number): Place | undefined {
    return this.#options.objects.locateAt(digests, at);
  }

  /**
   * Reads an object.
   *
   * @throws ArtifoldError DAMAGED when no place has it, or none has the right bytes; for what is on a remote also
   *   UNREACHABLE, DENIED, NOT_FOUND
   */
  read(digest: Digest, type: ObjectType): Uint8Array | Promise<Uint8Array> {
    const { objects, hasElsewhere } = this.#options;
    if (!hasElsewhere()) return objects.read(digest, type);
    if (objects.locate(digest) === undefined) return this.#readFar(digest, type);
    const bytes = objects.read(digest, type);
    if (type === "manifestNode" || type === "chunkListNode") this.#note({ digest, type, bytes });
    return bytes;
  }

  /** As {@link read}; the disk is waited for off the main thread. */
  readLater(digest: Digest, type: ObjectType): Promise<Uint8Array> {
    return this.#isElsewhere(digest) ? this.#readFar(digest, type) : this.#options.objects.readLater(digest, type);
  }

  /** As {@link read}, at once: of a chunk that is here, or was brought and could not be kept. */
  readHere(digest: Digest): Uint8Array {
    return this.#openedFar?.unkept(digest) ?? this.#options.objects.read(digest, "chunk");
  }

  /** Has chunks here, with few requests where many of them are far. */
  async bring(digests: readonly Digest[], signal?: AbortSignal): Promise<void> {
    const missing = digests.filter((digest) => this.#isElsewhere(digest));
    if (missing.length > 0) await (await this.#openFar()).bring(missing, this.#near.values(), signal);
  }

  /** Fetches objects that will be read soon, as far as they are not here. */
  async prefetch(objects: readonly { readonly digest: Digest; readonly type: ObjectType }[]): Promise<void> {
    const missing = objects.filter(({ digest }) => this.#isElsewhere(digest));
    if (missing.length > 0) await (await this.#openFar()).prefetch(missing, this.#near.values());
  }

  /** Has what an action fetches become part of the store. @returns why some of it did not, as where there was no room for it */
  async keeping(action: () => Promise<void>): Promise<{ readonly reason: unknown } | undefined> {
    const far = await this.#openFar();
    const before = far.losses;
    await action();
    await far.settle();
    return far.losses === before ? undefined : { reason: far.lastLoss };
  }

  /** Has a remote asked first that is open already, while something is done. */
  async lending<Result>(id: Digest, remote: Remote, action: () => Promise<Result>): Promise<Result> {
    const giveBack = (await this.#openFar()).lend(id, remote);
    try {
      return await action();
    } finally {
      await giveBack();
    }
  }

  /** Keeps what was fetched, and lets go of connections. */
  async close(): Promise<void> {
    const far = this.#far;
    this.#far = undefined;
    this.#openedFar = undefined;
    await (await far)?.close();
  }

  #note(node: NearNode): void {
    this.#near.delete(node.digest);
    this.#near.set(node.digest, node);
    if (this.#near.size > NEAR_MAX) this.#near.delete(this.#near.keys().next().value as Digest);
  }

  #isElsewhere(digest: Digest): boolean {
    return this.#options.hasElsewhere() && this.#options.objects.locate(digest) === undefined;
  }

  async #readFar(digest: Digest, type: ObjectType): Promise<Uint8Array> {
    const far = await this.#openFar();
    return far.read(digest, type, this.#near.values());
  }

  async #openFar(): Promise<FarObjects> {
    this.#far ??= this.#options.openFar();
    this.#openedFar = await this.#far;
    return this.#openedFar;
  }
}
