/** Objects of any bytes, under digests that are right, put into a store as an upload puts them: what no writer made. */
import path from "node:path";
import { type Digest, digestToBytes, EMPTY_DIGEST, hashContent } from "../../src/digest/index.ts";
import type { Store, Version } from "../../src/index.ts";
import { type ChildRow, Encoder, type Entry, encodeVersionRecord, versionId } from "../../src/manifest/index.ts";
import { encodeNode, type ManifestNode, type Sums, sumRows } from "../../src/manifest/node.ts";
import { codecs } from "../../src/objects/frame.ts";
import { type EncodedFrames, type ObjectType, objectDigest } from "../../src/objects/index.ts";
import { PACKS_FOLDER, PackWriter } from "../../src/objects/pack.ts";
import { frameOf } from "./frames.ts";

/** Which way content takes into a store: with the record that needs it, or in packs before it. */
export type Way = "journal" | "packs";

/** A row of a chunk list: a chunk, or a node with what lies below it. */
export interface ListRow {
  readonly digest: Digest;
  readonly chunks: number;
  readonly bytes: number;
}

/** Content in the making. */
export class HostileContent {
  readonly #frames = new Map<ObjectType, { frame: Uint8Array; digest: Digest }[]>();
  readonly #sums = new Map<Digest, Sums>();

  /** An object in a frame of its own. @param compressed what stands in the frame in the place of its bytes */
  object(type: ObjectType, bytes: Uint8Array, compressed?: Uint8Array): Digest {
    const digest = objectDigest(type, bytes);
    const frames = this.#frames.get(type) ?? [];
    this.#frames.set(type, frames);
    const stored = compressed && { codec: codecs.zstd, payload: compressed };
    frames.push({ frame: frameOf(type, [bytes], stored), digest });
    return digest;
  }

  /** A file of one chunk, with fields that may lie. */
  file(entryPath: string, content: string | Uint8Array, lies: Partial<Entry & { kind: "file" }> = {}): Entry {
    const bytes = Buffer.from(content);
    const digest = bytes.length === 0 ? EMPTY_DIGEST : this.object("chunk", bytes);
    const { length: size } = bytes;
    return { path: entryPath, kind: "file", size, digest, chunkList: undefined, executable: false, ...lies };
  }

  /** A manifest node, and the row that its parent has of it. */
  node(node: ManifestNode): ChildRow {
    const digest = this.object("manifestNode", encodeNode(node));
    const sums = sumRows(node);
    this.#sums.set(digest, sums);
    return { path: node.rows[0]?.path ?? "", digest, ...sums };
  }

  leaf(...rows: readonly Entry[]): ChildRow {
    return this.node({ level: 0, rows });
  }

  chunk(content: string | Uint8Array): ListRow {
    const bytes = Buffer.from(content);
    return { digest: this.object("chunk", bytes), chunks: 1, bytes: bytes.length };
  }

  /** A node of a chunk list, and the row that its parent has of it. */
  list(level: number, rows: readonly ListRow[]): ListRow {
    const encoder = new Encoder();
    encoder.array(4);
    encoder.uint(2);
    encoder.uint(level);
    encoder.array(rows.length);
    for (const { digest, chunks, bytes } of rows) {
      encoder.array(level === 0 ? 2 : 3);
      encoder.digest(digest);
      if (level > 0) encoder.uint(chunks);
      encoder.uint(bytes);
    }
    encoder.array(0);
    const sum = (key: "chunks" | "bytes"): number => rows.reduce((total, row) => total + row[key], 0);
    return { digest: this.object("chunkListNode", encoder.bytes()), chunks: sum("chunks"), bytes: sum("bytes") };
  }

  /** What a node says of all that is below it; `undefined` for what is no node. */
  sumsOf(manifest: Digest): Sums | undefined {
    return this.#sums.get(manifest);
  }

  /** All of it, a frame an object, in groups of one type. */
  encoded(): EncodedFrames[] {
    return [...this.#frames].map(([type, each]) => encodedFrames(type, each));
  }

  /** Puts all of it into a store, with a version that has the manifest. */
  async publish(store: Store, manifest: Digest, way: Way, name = "hostile"): Promise<Version> {
    const frames = this.encoded();
    const content =
      way === "journal"
        ? { frames, packs: [], files: [] }
        : { frames: [], packs: await packsOf(store, frames), files: [] };
    const artifact = hashContent(Buffer.from(name));
    const names = { team: "local", experiment: "uncategorized", type: "dataset", name };
    await store.engine.commit(() => {
      const [known] = store.engine.catalog.artifacts(names);
      const number = (known?.highest ?? 0) + 1;
      const record = encodeVersionRecord({
        artifact: known?.artifact ?? artifact,
        manifest,
        parents: [],
        createdAt: 0,
        createdBy: "somebody",
        message: "",
        metadata: {},
        nonce: new Uint8Array(16).fill(number),
      });
      const sums = { entries: 1, files: 1, bytes: 1, newBytes: 1 };
      const version = {
        change: "version",
        artifact: known?.artifact ?? artifact,
        version: versionId(record),
        number,
        record,
        ...sums,
      } as const;
      return { changes: [...(known ? [] : [{ change: "artifact", artifact, ...names } as const]), version], content };
    });
    return store.getArtifact({ name });
  }
}

function encodedFrames(type: ObjectType, frames: readonly { frame: Uint8Array; digest: Digest }[]): EncodedFrames {
  return {
    type,
    pieces: frames.map(({ frame }) => frame),
    byteLength: frames.reduce((sum, { frame }) => sum + frame.length, 0),
    frameLengths: Uint32Array.from(frames, ({ frame }) => frame.length),
    objectCounts: new Int32Array(frames.length).fill(1),
    digests: Buffer.concat(frames.map(({ digest }) => digestToBytes(digest))),
  };
}

async function packsOf(store: Store, frames: readonly EncodedFrames[]) {
  const folder = path.join(store.folder, PACKS_FOLDER);
  const kinds = {
    data: frames.filter(({ type }) => type === "chunk"),
    nodes: frames.filter(({ type }) => type !== "chunk"),
  };
  const packs = [];
  for (const kind of ["data", "nodes"] as const) {
    if (kinds[kind].length === 0) continue;
    const writer = new PackWriter(store.engine.fs, folder, kind);
    for (const each of kinds[kind]) writer.add(each);
    packs.push(await writer.seal());
  }
  return packs;
}
