/**
 * Sends what versions need and a remote has not: first all chunks, then nodes, bottom up, with hints of where everything
 * lies. When it has ended, all of it is there; nothing refers to it yet.
 */
import type { Digest } from "../digest/index.ts";
import { throwIfAborted } from "../errors.ts";
import type { PackName, RemotePlace, RootHint } from "../logs/index.ts";
import {
  comparePaths,
  decodeListNode,
  decodeNode,
  EMPTY_MANIFEST,
  type InnerNode,
  NodeReader,
} from "../manifest/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { type ChangedFile, changedFiles, newChunks } from "./changed-files.ts";
import type { NodeType } from "./children.ts";
import { type ChunkSource, framesOfChunks, type SizedChunk } from "./chunk-frames.ts";
import { type HintMemory, KnownPlaces } from "./known-places.ts";
import { NodeWriter } from "./node-writer.ts";
import { PackSender } from "./pack-sender.ts";
import { Packing } from "./packing.ts";
import { packsOfGroup } from "./packs-of-group.ts";
import { SentObjects } from "./sent-objects.ts";
import { differingNodes, type TreeSource } from "./tree-difference.ts";

/** Where content comes from: a store. */
export interface SendSource extends TreeSource, ChunkSource {
  /** Has chunks here that may be elsewhere only. */
  bring(digests: readonly Digest[]): Promise<void>;
}

/** Says what is on the remote already, of objects that may be relied on. @param rawBytes what they have together */
export type FindThere = (digests: readonly Digest[], rawBytes: number) => Promise<ReadonlyMap<Digest, RemotePlace>>;

/** How to send. */
export interface ContentSenderOptions {
  readonly remote: Remote;
  /** What the names of the packs begin with. */
  readonly group: string;
  readonly source: SendSource;
  readonly findThere: FindThere;
  /** Packs of the group that are not to be looked into: nobody may rely on them, or what they hold is known. */
  readonly passedOver: () => Promise<ReadonlySet<PackName>>;
  readonly memory: HintMemory;
  readonly call: RemoteCallOptions;
  /** Hears of content that was put into packs, or was there. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Content that has to be on the remote. */
export interface NeededContent {
  readonly manifest: Digest;
  /** A manifest all of which is there by then. */
  readonly base: Digest;
}

/** Raw bytes, and count, of chunks that are looked for and packed together. */
const WINDOW_BYTES: number = 16 * 1024 * 1024;
const WINDOW_CHUNKS = 8192;
/** When so much was wanted it is worth asking whether a push that was cut off has sent some of it. */
const MUCH_BYTES: number = 8 * 1024 * 1024;
/** So many nodes of the base are looked at for where what stayed lies; of more it is left to the index. */
const OLD_NODES_MAX = 512;

/** Sends the content of some versions: of one artifact, or of several, one after another. */
export class ContentSender {
  readonly sent: SentObjects = new SentObjects();
  readonly #options: ContentSenderOptions;
  readonly #reader: NodeReader;
  readonly #sender: PackSender;
  readonly #data: Packing;
  readonly #nodePacks: Packing;
  #nodes: NodeWriter;
  /** Those of artifacts that came before. */
  readonly #nodesBefore: NodeWriter[] = [];
  /** What lies where that this push does not send. */
  readonly #known: KnownPlaces;
  #wantedBytes = 0;
  #hasGoneOn = false;
  /** Chunks that will be in a pack in a moment. */
  readonly #underWay = new Set<Digest>();

  constructor(options: ContentSenderOptions) {
    this.#options = options;
    const { remote, call, group, source, memory } = options;
    this.#reader = new NodeReader({ readNode: (digest) => source.readNode(digest, "manifestNode") });
    this.#sender = new PackSender(remote, call);
    const to = { sent: this.sent, sender: this.#sender };
    this.#data = new Packing("data", group, to);
    this.#nodePacks = new Packing("nodes", group, to, (pack, name) => {
      for (const nodes of [...this.#nodesBefore, this.#nodes]) nodes.sealed(pack, name);
    });
    this.#known = new KnownPlaces(memory);
    this.#nodes = this.#newNodes();
  }

  /** Packs that were sent. */
  get packs(): readonly PackName[] {
    return this.#sender.created;
  }

  /**
   * Sends the chunks of versions: all that are sent, for what comes after are only nodes.
   *
   * @param contents each with a manifest all of which is on the remote, or comes before it here
   */
  async sendChunks(contents: readonly NeededContent[]): Promise<void> {
    const { source, call, onBytes } = this.#options;
    for await (const { chunks, frames } of framesOfChunks(source, this.#absentChunks(contents), call.signal)) {
      await this.#data.add(frames);
      for (const { digest } of chunks) this.#underWay.delete(digest);
      onBytes?.(bytesOf(chunks));
    }
    await this.#data.seal();
  }

  /**
   * Goes on to nodes of another artifact. What the log of one relies on is no ground for another's (rule W2 of note 009): below
   * a node that was sent before, all is looked at again.
   */
  async nextArtifact(): Promise<void> {
    await this.#nodes.flush();
    this.#nodesBefore.push(this.#nodes);
    this.#nodes = this.#newNodes();
  }

  /** Sends the nodes of a version, whose chunks are on their way. */
  async sendNodes(manifest: Digest, base: Digest): Promise<void> {
    if (manifest === EMPTY_MANIFEST || manifest === base) return;
    const { source } = this.#options;
    const difference =
      base === EMPTY_MANIFEST ? undefined : await differingNodes(source, "manifestNode", manifest, base);
    if (difference !== undefined && difference.old.size <= OLD_NODES_MAX) {
      for (const digest of difference.old) {
        this.#known.learnFrom(digest, "manifestNode", await source.readNode(digest, "manifestNode"));
      }
    }
    const changes = new Lookahead(changedFiles(this.#reader, base, manifest));
    await this.#sendTree(manifest, (digest) => difference?.fresh.has(digest) !== false, changes);
  }

  /** Settles when everything is on its way. */
  async seal(): Promise<void> {
    await this.#nodes.flush();
    await this.#nodePacks.seal();
  }

  /** Settles when everything is on the remote that was sealed. */
  async settled(): Promise<void> {
    await this.#sender.settled();
  }

  /** Where the root of a manifest lies, once all is sent. @param isWhole with its bytes and hints, when it is small */
  async rootHint(manifest: Digest, wholeBytesMax: number): Promise<RootHint | undefined> {
    const place = this.#placeOfNode(manifest) ?? this.#placeOfOther(manifest);
    if (place === undefined) return undefined;
    this.#options.memory.rememberRoot(manifest, place);
    const node = await this.#options.source.readNode(manifest, "manifestNode");
    if (node.length > wholeBytesMax) return { place };
    return { place, node, children: this.#options.memory.hintsOf(manifest) };
  }

  /** Chunks that are not on the remote, some at a time; the store has them. */
  async *#absentChunks(contents: readonly NeededContent[]): AsyncGenerator<readonly SizedChunk[], void, undefined> {
    const { source, onBytes } = this.#options;
    for await (const window of this.#wantedChunks(contents)) {
      const digests = await this.#absent(
        window.map(({ digest }) => digest),
        bytesOf(window),
      );
      const isAbsent = new Set(digests);
      const absent = window.filter(({ digest }) => isAbsent.has(digest));
      for (const { digest } of window) if (!isAbsent.has(digest)) this.#underWay.delete(digest);
      onBytes?.(bytesOf(window) - bytesOf(absent));
      await source.bring(digests);
      yield absent;
    }
  }

  /** Chunks that the versions have and their bases have not, each once, some at a time. */
  async *#wantedChunks(contents: readonly NeededContent[]): AsyncGenerator<readonly SizedChunk[], void, undefined> {
    let window: SizedChunk[] = [];
    let bytes = 0;
    for await (const chunk of this.#chunksOf(contents)) {
      this.#underWay.add(chunk.digest);
      window.push(chunk);
      bytes += chunk.length;
      if (bytes < WINDOW_BYTES && window.length < WINDOW_CHUNKS) continue;
      yield window;
      window = [];
      bytes = 0;
    }
    if (window.length > 0) yield window;
  }

  async *#chunksOf(contents: readonly NeededContent[]): AsyncGenerator<SizedChunk, void, undefined> {
    const { source, call, onBytes } = this.#options;
    for (const { manifest, base } of contents) {
      for await (const file of changedFiles(this.#reader, base, manifest)) {
        for await (const chunks of newChunks(source, file)) {
          for (const chunk of chunks) {
            if (this.sent.has(chunk.digest) || this.#underWay.has(chunk.digest)) onBytes?.(chunk.length);
            else yield chunk;
          }
        }
        throwIfAborted(call.signal);
      }
    }
  }

  /** What is not on the remote; of what is, the place is noted. */
  async #absent(digests: readonly Digest[], rawBytes: number): Promise<Digest[]> {
    this.#wantedBytes += rawBytes;
    if (this.#wantedBytes > MUCH_BYTES) await this.#goOn();
    const wanted = digests.filter((digest) => !this.sent.has(digest));
    if (wanted.length === 0) return [];
    const there = await this.#options.findThere(wanted, rawBytes);
    for (const [digest, place] of there) this.#known.set(digest, place);
    return wanted.filter((digest) => !there.has(digest));
  }

  /** Takes over what a push that was cut off has sent. */
  async #goOn(): Promise<void> {
    if (this.#hasGoneOn) return;
    this.#hasGoneOn = true;
    const { remote, group, call } = this.#options;
    const passedOver = await this.#options.passedOver();
    const packs = packsOfGroup(remote, group, (pack) => passedOver.has(pack), call);
    for await (const { name, table } of packs) this.sent.adopt(name, table);
  }

  async #sendTree(digest: Digest, isFresh: (digest: Digest) => boolean, changes: Lookahead): Promise<void> {
    throwIfAborted(this.#options.call.signal);
    const bytes = await this.#options.source.readNode(digest, "manifestNode");
    const node = decodeNode(bytes);
    if (node.level > 0) {
      for (const row of (node as InnerNode).rows) {
        if (isFresh(row.digest) && !this.#nodes.has(row.digest)) await this.#sendTree(row.digest, isFresh, changes);
      }
    } else {
      const last = node.rows.at(-1)?.path as string;
      for (const file of await changes.upTo(last)) await this.#sendList(file);
    }
    await this.#sendNode({ type: "manifestNode", digest }, bytes, node.level > 0 ? "inner" : "leaf");
  }

  /** Sends the chunk list of a changed file, as far as it is new. */
  async #sendList({ entry, before }: ChangedFile): Promise<void> {
    const { chunkList } = entry;
    if (chunkList === undefined || this.#nodes.has(chunkList)) return;
    const { source } = this.#options;
    const old = before?.chunkList;
    const difference = old === undefined ? undefined : await differingNodes(source, "chunkListNode", chunkList, old);
    if (difference !== undefined && difference.old.size <= OLD_NODES_MAX) {
      for (const digest of difference.old) {
        this.#known.learnFrom(digest, "chunkListNode", await source.readNode(digest, "chunkListNode"));
      }
    }
    await this.#sendListNode(chunkList, (digest) => difference?.fresh.has(digest) !== false, true);
  }

  async #sendListNode(digest: Digest, isFresh: (digest: Digest) => boolean, isRoot: boolean): Promise<void> {
    const bytes = await this.#options.source.readNode(digest, "chunkListNode");
    const { level, rows } = decodeListNode(bytes);
    if (level > 0) {
      for (const row of rows) {
        if (isFresh(row.digest) && !this.#nodes.has(row.digest)) await this.#sendListNode(row.digest, isFresh, false);
      }
    }
    await this.#sendNode({ type: "chunkListNode", digest }, bytes, isRoot ? "leaf" : "lower");
  }

  /** Sends a node, unless it is there. What is below it was looked at all the same: it may be there without that. */
  async #sendNode(
    { digest, type }: { readonly digest: Digest; readonly type: NodeType },
    bytes: Uint8Array,
    where: "inner" | "leaf" | "lower",
  ): Promise<void> {
    if (this.#nodes.has(digest) || (await this.#absent([digest], bytes.length)).length === 0) return;
    const node = { type, digest, bytes };
    if (where === "inner") await this.#nodes.addInner(node);
    else if (where === "leaf") await this.#nodes.addLeaf(node);
    else await this.#nodes.addLower(node);
  }

  #newNodes(): NodeWriter {
    return new NodeWriter({
      packing: this.#nodePacks,
      nameOf: (pack) => this.sent.nameOf(pack),
      placeOf: (digest) => this.#placeOfOther(digest),
      memory: this.#options.memory,
    });
  }

  #placeOfNode(digest: Digest): RemotePlace | undefined {
    for (const nodes of [this.#nodes, ...this.#nodesBefore]) {
      const place = nodes.placeOf(digest);
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #placeOfOther(digest: Digest): RemotePlace | undefined {
    const sent = this.sent.find(digest);
    if (sent?.pack !== undefined) return { ...sent, pack: sent.pack };
    return this.#known.get(digest);
  }
}

function bytesOf(chunks: readonly SizedChunk[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

/** Changed files in path order, taken as the tree is walked. */
class Lookahead {
  readonly #files: AsyncGenerator<ChangedFile, void, undefined>;
  #next: ChangedFile | undefined;

  constructor(files: AsyncGenerator<ChangedFile, void, undefined>) {
    this.#files = files;
  }

  /** Files up to a path, that have a chunk list. */
  async upTo(path: string): Promise<ChangedFile[]> {
    const files: ChangedFile[] = [];
    for (;;) {
      this.#next ??= (await this.#files.next()).value ?? undefined;
      if (this.#next === undefined || comparePaths(this.#next.entry.path, path) > 0) return files;
      if (this.#next.entry.chunkList !== undefined) files.push(this.#next);
      this.#next = undefined;
    }
  }
}
