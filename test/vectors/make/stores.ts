/** Whole stores: one small one with everything in it, and marks that are refused. */
import { chunkLengths } from "../../../src/chunking/index.ts";
import { type Digest, EMPTY_DIGEST, hashContent } from "../../../src/digest/index.ts";
import { type Change, encodePayload, type FileAdopted, type PackAdded } from "../../../src/journal/index.ts";
import { encodeSegmentHead } from "../../../src/journal/segment-head.ts";
import {
  ChunkListBuilder,
  type Entry,
  encodeRunRecord,
  encodeVersionRecord,
  ManifestBuilder,
  runId,
  type Sums,
  versionId,
} from "../../../src/manifest/index.ts";
import { type ObjectType, objectDigest, TableBuilder } from "../../../src/objects/index.ts";
import { frameOf } from "../../support/frames.ts";
import { adoptedOf } from "./adopted.ts";
import { MARK, RecordWriter, sealOf } from "./journals.ts";
import { packOf } from "./packs.ts";
import { hex, join, seededBytes, text } from "./shape.ts";

type Objects = Map<Digest, { type: ObjectType; bytes: Uint8Array }>;

const artifact = hashContent(text("an artifact id is random"));
const START = 1_700_000_000_000;
/** A file of two chunks, though it is small: this seed has a cut early on. */
const LARGE = { seed: 1, length: 50_000 } as const;
/** A file that was adopted. Writers adopt larger ones, readers any. */
const ADOPTED = { seed: 2, length: 60_000 } as const;

/** A file of a version, and the objects that it needs. */
function fileOf(path: string, bytes: Uint8Array, objects: Objects, executable = false): Entry {
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

function manifestOf(entries: readonly Entry[], objects: Objects): Digest {
  const builder = new ManifestBuilder({
    writeNode: (digest, bytes) => void objects.set(digest, { type: "manifestNode", bytes }),
  });
  for (const entry of entries) builder.add(entry);
  return builder.finish();
}

function sumsOf(entries: readonly Entry[]): Sums {
  const files = entries.filter((entry) => entry.kind === "file");
  return { entries: entries.length, files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) };
}

/** Makes version records, numbered from 1. */
class Versions {
  #number = 0;
  #last: Digest | undefined;

  next(
    manifest: Digest,
    entries: readonly Entry[],
    newBytes: number,
    message: string,
    run?: Digest,
  ): Change & { change: "version" } {
    this.#number++;
    const nonce = new Uint8Array(16).fill(this.#number);
    const parents = this.#last === undefined ? [] : [this.#last];
    const createdAt = START + this.#number;
    const metadata = { number: this.#number };
    const record = encodeVersionRecord({
      artifact,
      manifest,
      parents,
      createdAt,
      createdBy: "mina",
      run,
      message,
      metadata,
      nonce,
    });
    this.#last = versionId(record);
    return {
      change: "version",
      artifact,
      version: this.#last,
      number: this.#number,
      record,
      ...sumsOf(entries),
      newBytes,
    };
  }
}

/** Objects of each type in frames of their own, as they ride in a record. */
function framesOf(objects: Objects): { frame: Uint8Array; digests: Digest[] }[] {
  return (["chunk", "chunkListNode", "manifestNode"] as const).flatMap((type) => {
    const some = [...objects].filter(([, object]) => object.type === type);
    if (some.length === 0) return [];
    const contents = some.map(([, { bytes }]) => bytes);
    return [{ frame: frameOf(type, contents), digests: some.map(([digest]) => digest) }];
  });
}

/** Writes a journal, and remembers where content lies in its first segment. */
class JournalWriter {
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

const name = { team: "local", experiment: "pets", type: "dataset", name: "sample" } as const;

/** A pack of a file's chunks, two to a frame, and a pack of the nodes. */
function packsOf(objects: Objects): { files: [string, Uint8Array][]; added: PackAdded[] } {
  const chunks = [...objects.values()].filter(({ type }) => type === "chunk").map(({ bytes }) => bytes);
  const nodes = [...objects.values()].filter(({ type }) => type !== "chunk");
  const data = packOf(
    1,
    "11".repeat(16),
    chunks.map((bytes) => ({ type: "chunk", objects: [bytes] })),
  );
  const metadata = packOf(
    2,
    "22".repeat(16),
    nodes.map(({ type, bytes }) => ({ type, objects: [bytes] })),
  );
  return {
    files: [data, metadata].map((pack) => [`packs/${pack.name}.pack`, pack.bytes]),
    added: [data, metadata].map((pack, index) => ({
      kind: index === 0 ? ("data" as const) : ("nodes" as const),
      name: pack.name,
      bytes: pack.bytes.length,
      objects: pack.objects,
    })),
  };
}

/** A run that began, in the words of the journal and as a reader gives it. */
function runOf(name: string, number: number): { began: Change; run: Digest; told: Record<string, unknown> } {
  const startedAt = START + 10 * number;
  const told = { team: "local", experiment: "pets", name, startedAt, startedBy: "mina", command: ["train", "--fast"] };
  const record = encodeRunRecord({ ...told, config: { number }, nonce: new Uint8Array(16).fill(0x80 + number) });
  const run = runId(record);
  return { began: { change: "run", run, record }, run, told: { ...told, id: run } };
}

/**
 * Three versions: the first in the journal, the second in packs and an adopted file, the third in the journal's second segment. And three runs:
 * one made the second version, one used it and came to the third, and one goes on.
 */
function smallStore(): unknown {
  const versions = new Versions();
  const journal = new JournalWriter();
  const own: Objects = new Map();
  const first: Entry[] = [
    fileOf("cat.txt", text("meow\n"), own),
    { path: "empty", kind: "folder" },
    fileOf("nothing", new Uint8Array(), own),
    fileOf("run.sh", text("#!/bin/sh\n"), own, true),
  ];
  const v1 = versions.next(manifestOf(first, own), first, 15, "cats");
  journal.entry(
    [
      { change: "artifact", artifact, ...name },
      v1,
      { change: "tag", artifact, tag: "prod", version: v1.version, before: null },
    ],
    {
      objects: own,
    },
  );

  const packed: Objects = new Map();
  const adopted: Objects = new Map();
  const second: Entry[] = [
    ...first,
    fileOf("adopted.bin", seededBytes(ADOPTED.seed, ADOPTED.length), adopted),
    { path: "link", kind: "link", target: "run.sh" },
    fileOf("large.bin", seededBytes(LARGE.seed, LARGE.length), packed),
    { path: "remote", kind: "reference", uri: "s3://bucket/key", size: 2 ** 32, digest: undefined, etag: undefined },
  ];
  second.sort((left, right) => (left.path < right.path ? -1 : 1));
  const maker = runOf("sable-life-1", 1);
  journal.entry([maker.began]);
  const v2 = versions.next(manifestOf(second, packed), second, LARGE.length + ADOPTED.length, "", maker.run);
  // The nodes of its list lie with all others; its chunks are in the file alone.
  for (const [digest, object] of adopted) if (object.type !== "chunk") packed.set(digest, object);
  const { files, added } = packsOf(packed);
  const bytes = seededBytes(ADOPTED.seed, ADOPTED.length);
  const { name: file, rows, table } = adoptedOf(bytes, "33".repeat(8));
  files.push([`files/${file}`, bytes], [`files/${file}.table`, table]);
  journal.entry([v2], { packs: added, files: [{ name: file, bytes: bytes.length, objects: rows.length }] });
  journal.entry([{ change: "ended", run: maker.run, at: START + 15, state: "finished", exitCode: null, signal: null }]);
  journal.entry([{ change: "tag", artifact, tag: "prod", version: v2.version, before: v1.version }]);
  const sealed = journal.seal();

  journal.checkpoint([{ artifact, ...name, highest: 2, tags: [["prod", v2.version]], removed: [] }]);
  const third: Objects = new Map();
  const cat = fileOf("고양이.txt", text("야옹\n"), third);
  const v3 = versions.next(manifestOf([cat], third), [cat], 7, "one cat");
  journal.entry([v3], { objects: third });
  journal.entry([{ change: "note", version: v3.version, message: "one cat, after all", metadata: '{"cats":1}' }]);
  journal.entry([{ change: "remove", version: v1.version }]);
  const [user, going] = [runOf("sable-life-2", 2), runOf("sable-life-3", 3)];
  journal.entry([user.began, { change: "config", run: user.run, config: '{"number":2,"lr":0.1}' }]);
  journal.entry([
    { change: "used", run: user.run, version: v2.version },
    { change: "made", run: user.run, version: v3.version },
  ]);
  journal.entry([
    { change: "ended", run: user.run, at: START + 25, state: "finished", exitCode: null, signal: null },
    { change: "ended", run: user.run, at: START + 26, state: "killed", exitCode: 143, signal: "SIGTERM" },
  ]);
  journal.entry([going.began, { change: "used", run: going.run, version: v2.version }]);

  const id = "5".repeat(64);
  const check = hashContent(text(`artifold store\n1\n${id}`));
  const mark = `{"artifold":"store","format":1,"id":"${id}","needs":[],"check":"${check}"}\n`;
  const all: [string, Uint8Array][] = [
    ["format.json", text(mark)],
    ["journal/00000001.segment", sealed],
    ["journal/00000002.segment", journal.segment],
    ...files,
  ];
  const contents = { "cat.txt": hex(text("meow\n")), nothing: "", "run.sh": hex(text("#!/bin/sh\n")) };
  return {
    files: Object.fromEntries(all.map(([path, bytes]) => [path, hex(bytes)])),
    artifacts: [{ ...name, artifact, highest: 3, tags: { prod: v2.version } }],
    versions: [
      {
        number: 1,
        id: v1.version,
        removed: true,
        message: "cats",
        metadata: { number: 1 },
        entries: first.map(plain),
        contents,
      },
      {
        number: 2,
        id: v2.version,
        removed: false,
        message: "",
        metadata: { number: 2 },
        entries: second.map(plain),
        contents: { ...contents, "large.bin": LARGE, "adopted.bin": ADOPTED },
      },
      {
        number: 3,
        id: v3.version,
        removed: false,
        message: "one cat, after all",
        metadata: { cats: 1 },
        entries: [plain(cat)],
        contents: { "고양이.txt": hex(text("야옹\n")) },
      },
    ],
    runs: [
      {
        ...maker.told,
        config: { number: 1 },
        ended: { at: START + 15, state: "finished", exitCode: null, signal: null },
        used: [],
        made: [v2.version],
      },
      {
        ...user.told,
        config: { number: 2, lr: 0.1 },
        ended: { at: START + 26, state: "killed", exitCode: 143, signal: "SIGTERM" },
        used: [v2.version],
        made: [v3.version],
      },
      { ...going.told, config: { number: 3 }, ended: null, used: [v2.version], made: [] },
    ],
  };
}

function plain(entry: Entry): unknown {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

export function stores(): unknown {
  const refused = (mark: string, why: string, code: string): unknown => ({ mark, why, code });
  const id = "5".repeat(64);
  return {
    about:
      "A small store, as its files in hex, and what it holds. The catalog is not there. Then marks that are refused.",
    small: smallStore(),
    refusedMarks: [
      refused(`{"artifold":"store","format":2,"id":"${id}","needs":[]}`, "a newer format", "FORMAT_UNSUPPORTED"),
      refused(
        `{"artifold":"store","format":0,"id":"${id}","needs":[]}`,
        "a format that never was",
        "FORMAT_UNSUPPORTED",
      ),
      refused(
        `{"artifold":"store","format":1,"id":"${id}","needs":["delta"]}`,
        "a feature that is not known",
        "FORMAT_UNSUPPORTED",
      ),
      refused(
        `{"artifold":"store","format":2,"needs":"?"}`,
        "a format of which not even the mark is known",
        "FORMAT_UNSUPPORTED",
      ),
      refused(
        `{"artifold":"store","format":1,"id":"${id}","needs":[]}`,
        "a mark without a check of what it says",
        "DAMAGED",
      ),
      refused(
        `{"artifold":"store","format":1,"id":"${id}","needs":[],"check":"${id}"}`,
        "a mark that is not what its check says",
        "DAMAGED",
      ),
      refused('{"artifold":"store","format":"1","needs":[]}', "a format that is no number", "STORE_REFUSED"),
      refused('{"artifold":"store","format":1}', "a mark without its list of needs", "STORE_REFUSED"),
      refused('{"artifold":"remote","format":1,"needs":[]}', "the mark of something else", "STORE_REFUSED"),
      refused('["artifold"]', "no object", "STORE_REFUSED"),
      refused("null", "no object", "STORE_REFUSED"),
      refused("", "no JSON", "STORE_REFUSED"),
    ],
  };
}
