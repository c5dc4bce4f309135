/**
 * Content that is on remotes only: fetched when it is asked for, checked, and kept.
 *
 * What was fetched becomes part of the store like any other content, with a flush of the journal; where the store cannot be
 * written, it is read all the same.
 */
import { type Release, remotes, remotesElsewhere } from "../catalog/index.ts";
import { DIGEST_BYTES, type Digest, digestFromBytes } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import {
  BoundedCache,
  bytesOfFrames,
  ContentWriter,
  type EncodedFrames,
  Frame,
  type ObjectType,
} from "../objects/index.ts";
import type { Remote } from "../remote/index.ts";
import { type Child, cachedHints, type Keeper, type NodeType, RemoteReader } from "../sync/index.ts";
import { forgetNodes } from "./content.ts";
import type { Engine } from "./engine.ts";
import type { FarObjects, NearNode } from "./object-source.ts";

/** Nodes that wait to be kept, in bytes. */
const WAITING_BYTES_MAX: number = 1024 * 1024;
/** How often a chunk is fetched for one that reads it. */
const READ_TRIES = 3;
/** Chunks that could not be kept, in bytes. */
const UNKEPT_BYTES_MAX: number = 32 * 1024 * 1024;

/** A remote that content comes from. */
interface Origin {
  readonly remote: Remote;
  readonly reader: RemoteReader;
  /** Nodes of this store that it has learned from. */
  readonly learned: Set<Digest>;
}

/** A remote that a call has open, for as long as that lasts. */
interface Lent {
  readonly id: Digest;
  readonly origin: Origin;
}

/** Fetches content for one open store. */
export class FarContent implements FarObjects, Keeper {
  readonly #engine: Engine;
  readonly #origins = new Map<Digest, Promise<Origin>>();
  /** The one that was lent last comes first. */
  readonly #lent: Lent[] = [];
  readonly #unkept = new BoundedCache<Uint8Array>(UNKEPT_BYTES_MAX);
  #writer: { readonly content: ContentWriter; readonly release: Release } | undefined;
  #waitingBytes = 0;
  /** Chunks that came when another call had just kept all that there was. */
  #late: { readonly frames: EncodedFrames; readonly rawBytes: number }[] = [];
  /** Nodes that wait to be kept. */
  readonly #waitingNodes = new Set<Digest>();
  #losses = 0;
  #lastLoss: unknown;
  /** Calls take turns where they keep what they fetched. */
  #keeping: Promise<void> = Promise.resolve();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get losses(): number {
    return this.#losses;
  }

  get lastLoss(): unknown {
    return this.#lastLoss;
  }

  async read(digest: Digest, type: ObjectType, near: Iterable<NearNode>): Promise<Uint8Array> {
    if (type === "chunk") {
      const nodes = [...near];
      // What was fetched may be gone again, where it could not be kept and other calls fetched much.
      for (let tries = 0; tries < READ_TRIES && this.#isFar(digest); tries++) await this.bring([digest], nodes);
      return this.unkept(digest) ?? this.#engine.objects.read(digest, type);
    }
    const bytes = await this.#fromAny([{ digest, type }], near, ({ reader }) => reader.node(digest, type as NodeType));
    // It may have been fetched when there was nowhere to keep it; and what is waited for, another call may have kept already.
    while (!this.#engine.isReadOnly && this.#writer === undefined) await this.#hold();
    this.keepNode(type as NodeType, digest, bytes);
    if (this.#waitingBytes > WAITING_BYTES_MAX) await this.#keepQuietly();
    return bytes;
  }

  /** A chunk that is in memory only. */
  unkept(digest: Digest): Uint8Array | undefined {
    return this.#unkept.get(digest);
  }

  #isFar(digest: Digest): boolean {
    return this.unkept(digest) === undefined && this.#engine.objects.locate(digest) === undefined;
  }

  async bring(digests: readonly Digest[], near: Iterable<NearNode>, signal?: AbortSignal): Promise<void> {
    // What there was no room for may be kept now; where nothing is ever kept, what is in memory will do.
    const { isReadOnly } = this.#engine;
    const objects = digests
      .filter((digest) => !isReadOnly || this.#unkept.get(digest) === undefined)
      .map((digest) => ({ digest, type: "chunk" as const }));
    await this.#hold(signal);
    if (objects.length > 0) {
      await this.#fromAny(objects, near, ({ reader }) => reader.fetch(objects));
      await this.#hold();
    }
    await this.#keep();
  }

  async prefetch(objects: readonly Child[], near: Iterable<NearNode>): Promise<void> {
    if (objects.length > 0) await this.#fromAny(objects, near, ({ reader }) => reader.fetch(objects));
    if (this.#waitingBytes > WAITING_BYTES_MAX) await this.#keepQuietly();
  }

  keepNode(type: NodeType, digest: Digest, bytes: Uint8Array): void {
    // Where another call has just kept all that there was, it is kept when it is read.
    const content = this.#engine.isReadOnly ? undefined : this.#writer?.content;
    if (content === undefined || this.#waitingNodes.has(digest)) return;
    if (this.#engine.objects.locate(digest) !== undefined) return;
    this.#waitingNodes.add(digest);
    const sink = type === "manifestNode" ? "manifestNodes" : "chunkListNodes";
    content[sink].writeNode(digest, bytes);
    this.#waitingBytes += bytes.length;
  }

  keepChunks(frames: EncodedFrames, rawBytes: number): void {
    // Until they are kept: where that fails they are read all the same.
    for (const { digest, bytes } of chunksOf(frames)) this.#unkept.set(digest, bytes, bytes.length);
    if (this.#engine.isReadOnly) return;
    if (this.#writer === undefined) this.#late.push({ frames, rawBytes });
    else this.#addChunks(this.#writer.content, frames, rawBytes);
  }

  #addChunks(content: ContentWriter, frames: EncodedFrames, rawBytes: number): void {
    content.addChunks(frames, rawBytes);
    this.#waitingBytes += rawBytes;
  }

  lend(id: Digest, remote: Remote): () => Promise<void> {
    const own: Lent = { id, origin: this.#originOf(id, remote) };
    this.#lent.unshift(own);
    return async () => {
      await this.#keepQuietly();
      this.#lent.splice(this.#lent.indexOf(own), 1);
    };
  }

  settle(): Promise<void> {
    return this.#keep();
  }

  async close(): Promise<void> {
    await this.#keep();
    const origins = await Promise.allSettled(this.#origins.values());
    for (const origin of origins) if (origin.status === "fulfilled") await origin.value.remote.close();
  }

  /**
   * Asks remotes one after another, and tells what the first one said of those that have content of this store: one that is
   * only lent need not have it.
   */
  async #fromAny<Result>(
    objects: readonly Child[],
    near: Iterable<NearNode>,
    ask: (origin: Origin) => Promise<Result>,
  ): Promise<Result> {
    await this.#hold();
    const nodes = [...near];
    let failure: unknown;
    let lentFailure: unknown;
    const elsewhere = remotesElsewhere(this.#engine.catalog);
    for (const id of new Set([...this.#lent.map((lent) => lent.id), ...elsewhere])) {
      const lent = this.#lentOf(id);
      try {
        const origin = await this.#origin(id);
        learn(origin, nodes);
        return await ask(origin);
      } catch (error) {
        // Whoever lent it may have closed it meanwhile.
        if (lent !== undefined && !this.#lent.includes(lent)) return this.#fromAny(objects, nodes, ask);
        if (!isArtifoldError(error)) throw error;
        if (elsewhere.includes(id)) failure ??= error;
        else lentFailure ??= error;
      }
    }
    throw (
      failure ?? lentFailure ?? new ArtifoldError("DAMAGED", `no remote has ${objects[0]?.type} ${objects[0]?.digest}`)
    );
  }

  #lentOf(id: Digest): Lent | undefined {
    return this.#lent.find((lent) => lent.id === id);
  }

  async #origin(id: Digest): Promise<Origin> {
    const lent = this.#lentOf(id);
    if (lent !== undefined) return lent.origin;
    let origin = this.#origins.get(id);
    if (origin === undefined) {
      origin = this.#openOrigin(id);
      this.#origins.set(id, origin);
      // One that could not be opened may be there at the next try.
      origin.catch(() => this.#origins.delete(id));
    }
    return origin;
  }

  async #openOrigin(id: Digest): Promise<Origin> {
    const row = remotes(this.#engine.catalog).find((each) => each.id === id);
    if (row === undefined) {
      throw new ArtifoldError(
        "NOT_FOUND",
        `the remote that has this content has no name here: its id is ${id.slice(0, 12)}`,
        {
          hint: "Add it again with `artifold remote add NAME URL`, and pull from it.",
          info: { remote: id },
        },
      );
    }
    return this.#originOf(id, await this.#engine.openRemote(row.url, {}));
  }

  #originOf(id: Digest, remote: Remote): Origin {
    const { hints } = this.#engine;
    const memory = cachedHints(hints, id);
    const reader = new RemoteReader(remote, { memory, keeper: this, index: hints.indexPosition(id) });
    return { remote, reader, learned: new Set() };
  }

  /** Nothing that is fetched is taken away before it is kept. */
  async #hold(signal?: AbortSignal): Promise<void> {
    if (this.#writer !== undefined) return;
    const release = await this.#engine.use(signal);
    if (this.#writer !== undefined) return release();
    const { fs, folder, objects } = this.#engine;
    const content = new ContentWriter(fs, folder, objects);
    this.#writer = { content, release };
    try {
      for (const { frames, rawBytes } of this.#late.splice(0)) this.#addChunks(content, frames, rawBytes);
    } catch (error) {
      // They may be another call's, which hears of it.
      this.#lose(error);
    }
  }

  #lose(error: unknown): void {
    this.#losses++;
    this.#lastLoss = error;
    forgetNodes(this.#engine.source);
  }

  /** Keeps what waits, by the way: whoever needs to know what became of it looks at the losses. */
  async #keepQuietly(): Promise<void> {
    await this.#keep().catch(() => {});
  }

  #keep(): Promise<void> {
    const kept = this.#keeping.then(() => this.#keepAll());
    // Whoever waits hears of a failure; the next one tries anew.
    this.#keeping = kept.catch(() => {});
    return kept;
  }

  async #keepAll(): Promise<void> {
    const writer = this.#writer;
    const bytes = this.#waitingBytes;
    this.#writer = undefined;
    this.#waitingBytes = 0;
    this.#waitingNodes.clear();
    if (writer === undefined) return;
    try {
      if (this.#engine.isReadOnly) return;
      const content = await writer.content.seal();
      if (content.packs.length + content.frames.length > 0) await this.#engine.commit(() => ({ changes: [], content }));
      writer.content.close();
      // What came meanwhile is still to be kept.
      if (this.#late.length === 0 && this.#writer === undefined) this.#unkept.clear();
    } catch (error) {
      this.#lose(error);
      // What may have become part of the store stays.
      if (!isArtifoldError(error) || error.happened !== "unknown") await writer.content.abort();
      // What cannot be kept for want of room is read all the same, as long as it fits into memory.
      const isNoRoom = isArtifoldError(error, "NO_SPACE") || isArtifoldError(error, "STORE_WRITE_FAILED");
      if (!isNoRoom || bytes > UNKEPT_BYTES_MAX) throw error;
    } finally {
      writer.release();
    }
  }
}

function learn({ reader, learned }: Origin, nodes: readonly NearNode[]): void {
  for (const { digest, type, bytes } of nodes) {
    if (learned.has(digest)) continue;
    learned.add(digest);
    reader.places.learnFrom(digest, type, bytes);
  }
}

/** The chunks of one frame. */
function* chunksOf(frames: EncodedFrames): Generator<{ readonly digest: Digest; readonly bytes: Uint8Array }> {
  const frame = new Frame(bytesOfFrames(frames));
  for (let index = 0; index < frame.head.count; index++) {
    yield { digest: digestFromBytes(frames.digests, index * DIGEST_BYTES), bytes: frame.unchecked(index) };
  }
}
