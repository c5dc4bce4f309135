/** Content on its way to a remote: of one artifact over as many tries as its step takes, or of several at once. */
import type { Digest } from "../digest/index.ts";
import type { IndexPosition, RemotePlace, RootHint } from "../logs/index.ts";
import type { FrameRun } from "../objects/index.ts";
import {
  addToIndex,
  ContentSender,
  cachedHints,
  FoundThere,
  type HintMemory,
  type NeededContent,
  noHints,
  type ReadFrames,
  type RemoteSession,
  RUN_BYTES_MAX,
  readIndexTail,
  type SendSource,
  type SoundPacks,
} from "../sync/index.ts";
import type { ContentPort } from "../worktree/index.ts";
import { treeSource } from "./bring.ts";
import type { Draft } from "./draft.ts";
import type { Engine } from "./engine.ts";

/** Of the newest version the root goes with its step, when it is this small. */
const ROOT_BYTES_MAX: number = 8 * 1024;
/** For so much threads are worth while. */
const MUCH_BYTES: number = 8 * 1024 * 1024;

/** What to send. */
export interface SendOrder {
  /** What each artifact needs, the older versions first. */
  readonly contents: readonly (readonly NeededContent[])[];
  /** Raw bytes that it may come to. */
  readonly bytes: number;
  /** What the packs have in common: 16 hex digits. */
  readonly group: string;
  /** Where nodes are that are not part of the store yet. */
  readonly draft?: Draft | undefined;
}

/** What is, or was, sent. */
export class PushContent {
  readonly #engine: Engine;
  readonly #session: RemoteSession;
  readonly #onBytes: (bytes: number) => void;
  readonly #sound: SoundPacks | undefined;
  readonly #roots = new Map<Digest, RootHint>();
  #senders: ContentSender[] = [];
  #found: FoundThere;
  #index: IndexPosition | undefined;

  /** @param sound has all that is relied on looked at */
  constructor(engine: Engine, session: RemoteSession, onBytes: (bytes: number) => void, sound?: SoundPacks) {
    this.#engine = engine;
    this.#session = session;
    this.#onBytes = onBytes;
    this.#sound = sound;
    this.#index = engine.hints.indexPosition(session.id);
    this.#found = this.#newFound();
  }

  /** How far the index is known. */
  get index(): IndexPosition | undefined {
    return this.#index;
  }

  /** Where a manifest begins that was sent. */
  rootOf(manifest: Digest): RootHint | undefined {
    return this.#roots.get(manifest);
  }

  /** Forgets all: a gc was there, and what was sent or found may be gone (rule W3 of note 009). */
  forget(): void {
    this.#senders = [];
    this.#roots.clear();
    this.#sound?.forget();
    this.#found = this.#newFound();
  }

  /** Sends what is not on the remote, and adds it to the index of an epoch. */
  async send({ contents, bytes, group, draft }: SendOrder, epoch: number): Promise<void> {
    const { remote, call } = this.#session;
    const orders = contents
      .map((order) => order.filter(({ manifest }) => !this.#roots.has(manifest)))
      .filter((order) => order.length > 0);
    if (orders.length === 0) return;
    // What comes from somebody else's version is on the remote, since a moment ago.
    if (draft !== undefined) this.#found = this.#newFound();
    const sender = new ContentSender({
      remote,
      group,
      source: sendSource(this.#engine, draft, bytes > MUCH_BYTES),
      findThere: (digests, rawBytes) => this.#find(digests, draft === undefined ? rawBytes : Number.POSITIVE_INFINITY),
      passedOver: async () => {
        const doomed = await this.#found.tombstones();
        return new Set([...doomed, ...this.#senders.flatMap(({ packs }) => packs)]);
      },
      memory: this.#memory,
      call,
      onBytes: this.#onBytes,
    });
    this.#senders.push(sender);
    try {
      await sender.sendChunks(orders.flat());
      for (const [at, order] of orders.entries()) {
        if (at > 0) await sender.nextArtifact();
        for (const { manifest, base } of order) await sender.sendNodes(manifest, base);
      }
      await sender.seal();
    } catch (error) {
      // Nothing is left on its way.
      await sender.settled().catch(() => {});
      throw error;
    }
    await this.#addToIndex(sender, epoch);
    const newest = new Set(orders.map((order) => order.at(-1)?.manifest));
    for (const { manifest } of orders.flat()) {
      const root = await sender.rootHint(manifest, newest.has(manifest) ? ROOT_BYTES_MAX : 0);
      if (root !== undefined) this.#roots.set(manifest, root);
    }
  }

  /** Adds what was sent to the index, whose end is looked for while the last packs are on their way. */
  async #addToIndex(sender: ContentSender, epoch: number): Promise<void> {
    const { remote, call } = this.#session;
    if (sender.sent.objectCount === 0) return sender.settled();
    const end = this.#session.indexEnd;
    const known = end?.epoch === epoch ? end : this.#index;
    // Neither is left on its way where the other one fails.
    const [packs, tail] = await Promise.allSettled([sender.settled(), readIndexTail(remote, epoch, known, call)]);
    if (packs.status === "rejected") throw packs.reason;
    if (tail.status === "rejected") throw tail.reason;
    const added = await addToIndex(remote, tail.value, sender.sent.sorted(), call);
    this.#session.indexEnd = added;
    this.#index = { epoch, slot: added.slot };
    this.#engine.hints.setIndexPosition(this.#session.id, this.#index);
  }

  /** Where packs are looked at, what was once read of places is not relied on. */
  get #memory(): HintMemory {
    const memory = cachedHints(this.#engine.hints, this.#session.id);
    if (this.#sound === undefined) return memory;
    return { ...memory, hintsOf: noHints.hintsOf, rootOf: noHints.rootOf };
  }

  #newFound(): FoundThere {
    const { remote, call } = this.#session;
    return new FoundThere(remote, this.#index, call, this.#sound);
  }

  async #find(digests: readonly Digest[], rawBytes: number): Promise<Map<Digest, RemotePlace>> {
    const sent = new Map<Digest, RemotePlace>();
    for (const sender of this.#senders) {
      for (const digest of digests) {
        const place = sender.sent.find(digest);
        if (place?.pack !== undefined) sent.set(digest, { ...place, pack: place.pack });
      }
    }
    const left = digests.filter((digest) => !sent.has(digest));
    if (left.length === 0) return sent;
    const found = await this.#found.find(left, (rawBytes * left.length) / digests.length);
    return new Map([...sent, ...found]);
  }
}

/** @param isMuch whether it is worth threads */
function sendSource(engine: Engine, draft: Draft | undefined, isMuch: boolean): SendSource {
  const { objects, source, pool, folder } = engine;
  const free: Uint8Array[] = [];
  return {
    ...treeSource(source),
    ...(draft !== undefined && { readNode: (digest, type) => draft.content.readNode(digest, type) }),
    locate: (digest) => objects.locate(digest),
    runsAtOnce: isMuch ? pool.width : 1,
    readFrames: (run) => readFrames(run, folder, isMuch ? pool.next() : pool.inPlace, free),
    readChunk: (digest) => source.readHere(digest),
    bring: (digests) => source.bring(digests),
  };
}

/** @param free memory that is used again, shared between threads */
async function readFrames(run: FrameRun, store: string, port: ContentPort, free: Uint8Array[]): Promise<ReadFrames> {
  const memory = free.pop() ?? new Uint8Array(new SharedArrayBuffer(RUN_BYTES_MAX));
  const bytes = memory.subarray(
    0,
    run.lengths.reduce((sum, length) => sum + length, 0),
  );
  const areRight = await port.request<Uint8Array>({ op: "read-frames", store, run, bytes });
  return { bytes, areRight, giveBack: () => free.push(memory) };
}
