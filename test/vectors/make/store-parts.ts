/** What whole stores are made of: files and manifests as objects, and a journal that holds them. */
import { chunkLengths } from "../../../src/chunking/index.ts";
import { type Digest, EMPTY_DIGEST, hashContent } from "../../../src/digest/index.ts";
import { type Change, encodePayload, type FileAdopted, type PackAdded } from "../../../src/journal/index.ts";
import { encodeSegmentHead } from "../../../src/journal/segment-head.ts";
import {
  ChunkListBuilder,
  type Entry,
  encodeRunRecord,
  ManifestBuilder,
  runId,
  type Sums,
} from "../../../src/manifest/index.ts";
import { type ObjectType, objectDigest, TableBuilder } from "../../../src/objects/index.ts";
import { frameOf } from "../../support/frames.ts";
import { MARK, RecordWriter, sealOf } from "./journals.ts";
import { join, text } from "./shape.ts";

/** Where the clock of all stores begins. */
export const START = 1_700_000_000_000;
export const STORE_ID: string = "5".repeat(64);

export type Objects = Map<Digest, { type: ObjectType; bytes: Uint8Array }>;

/** A file of a version, and the objects that it needs. */
export function fileOf(path: string, bytes: Uint8Array, objects: Objects, executable = false): Entry {
  const add = (type: ObjectType, part: Uint8Array): Digest => {
    const digest = objectDigest(type, part);
    objects.set(digest, { type, bytes: part });
    return digest;
  };
  const list = new ChunkListBuilder({ writeNode: (_, node) => void add("chunkListNode", node) });
  let at = 0;
  for (const length of chunkLengths(bytes)) {
    const digest = add("chunk", bytes.subarray(at, at + length));
    list.add({ digest, length });
    at += length;
  }
  const digest = bytes.length === 0 ? EMPTY_DIGEST : hashContent(bytes);
  return { path, kind: "file", size: bytes.length, digest, chunkList: list.finish(), executable };
}

export function manifestOf(entries: readonly Entry[], objects: Objects): Digest {
  const builder = new ManifestBuilder({
    writeNode: (digest, bytes) => void objects.set(digest, { type: "manifestNode", bytes }),
  });
  for (const entry of entries) builder.add(entry);
  return builder.finish();
}

export function sumsOf(entries: readonly Entry[]): Sums {
  const files = entries.filter((entry) => entry.kind === "file");
  return { entries: entries.length, files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) };
}

/** Objects of each type in frames of their own, as they ride in a record. */
export function framesOf(objects: Objects): { frame: Uint8Array; digests: Digest[] }[] {
  return (["chunk", "chunkListNode", "manifestNode"] as const).flatMap((type) => {
    const some = [...objects].filter(([, object]) => object.type === type);
    if (some.length === 0) return [];
    const contents = some.map(([, { bytes }]) => bytes);
    return [{ frame: frameOf(type, contents), digests: some.map(([digest]) => digest) }];
  });
}

/** Writes a journal, and remembers where content lies in its first segment. */
export class JournalWriter {
  readonly #writer = new RecordWriter();
  readonly #table = new TableBuilder();
  #segment: Uint8Array = encodeSegmentHead(1, MARK);
  #at = START;

  entry(
    changes: readonly Change[],
    content: { objects?: Objects; packs?: readonly PackAdded[]; files?: readonly FileAdopted[] } = {},
  ): void {
    const frames = framesOf(content.objects ?? new Map());
    const objects = join(...frames.flatMap(({ digests }) => digests));
    const payload = encodePayload({
      at: ++this.#at,
      by: "mina",
      packs: content.packs ?? [],
      ...(content.files !== undefined && { files: content.files }),
      ...(objects.length > 0 && { objects }),
      changes,
    });
    let offset = this.#segment.length + 104 + payload.length + 32;
    for (const { frame, digests } of frames) {
      for (const [index, digest] of digests.entries())
        this.#table.addObject(digest, { offset, length: frame.length, index, isDelta: false });
      offset += frame.length;
    }
    this.#append({ kind: "entry", payload, attachment: frames.map(({ frame }) => frame) });
  }

  /** Ends the segment. @returns it, and a writer's next segment */
  seal(): Uint8Array {
    const sealed = sealOf(this.#writer, this.#segment, this.#table);
    this.#segment = encodeSegmentHead(2, MARK);
    return sealed;
  }

  checkpoint(artifacts: readonly unknown[]): void {
    this.#append({ kind: "checkpoint", payload: encodePayload({ artifacts } as never), attachment: [] });
  }

  get segment(): Uint8Array {
    return this.#segment;
  }

  #append(record: Parameters<RecordWriter["next"]>[0]): void {
    this.#segment = join(this.#segment, this.#writer.next(record));
  }
}

export function plain(entry: Entry): unknown {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

/** The bytes of `format.json`. */
export function markOf(): Uint8Array {
  const check = hashContent(text(`artifold store\n1\n${STORE_ID}`));
  return text(`{"artifold":"store","format":1,"id":"${STORE_ID}","needs":[],"check":"${check}"}\n`);
}

/** A run that began, in the words of the journal and as a reader gives it. */
export function runOf(
  name: string,
  number: number,
): { began: Change; run: Digest; record: Uint8Array; told: Record<string, unknown> } {
  const startedAt = START + 10 * number;
  const told = { team: "local", experiment: "pets", name, startedAt, startedBy: "mina", command: ["train", "--fast"] };
  const record = encodeRunRecord({ ...told, config: { number }, nonce: new Uint8Array(16).fill(0x80 + number) });
  const run = runId(record);
  return { began: { change: "run", run, record }, run, record, told: { ...told, id: run } };
}
