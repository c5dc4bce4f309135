/** Whole stores: one small one with everything in it, those of remotes, and marks that are refused. */
import { type Digest, hashContent } from "../../../src/digest/index.ts";
import type { Change, PackAdded } from "../../../src/journal/index.ts";
import { type Entry, encodeVersionRecord, versionId } from "../../../src/manifest/index.ts";
import { adoptedOf } from "./adopted.ts";
import { packOf } from "./packs.ts";
import { pulledStore, pushedStore } from "./remote-stores.ts";
import { hex, seededBytes, text } from "./shape.ts";
import {
  fileOf,
  JournalWriter,
  manifestOf,
  markOf,
  type Objects,
  plain,
  runOf,
  START,
  STORE_ID,
  sumsOf,
} from "./store-parts.ts";

const artifact = hashContent(text("an artifact id is random"));
/** A file of two chunks, though it is small: this seed has a cut early on. */
const LARGE = { seed: 1, length: 50_000 } as const;
/** A file that was adopted. Writers adopt larger ones, readers any. */
const ADOPTED = { seed: 2, length: 60_000 } as const;

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

  const all: [string, Uint8Array][] = [
    ["format.json", markOf()],
    ["journal/00000001.segment", sealed],
    ["journal/00000002.segment", journal.segment],
    ...files,
  ];
  const usual = { forGood: false, whole: true, missing: [] };
  const contents = { "cat.txt": hex(text("meow\n")), nothing: "", "run.sh": hex(text("#!/bin/sh\n")) };
  return {
    files: Object.fromEntries(all.map(([path, bytes]) => [path, hex(bytes)])),
    remotes: [],
    artifacts: [{ ...name, artifact, highest: 3, tags: { prod: v2.version } }],
    versions: [
      {
        number: 1,
        id: v1.version,
        ...usual,
        removed: true,
        message: "cats",
        metadata: { number: 1 },
        entries: first.map(plain),
        contents,
      },
      {
        number: 2,
        id: v2.version,
        ...usual,
        removed: false,
        message: "",
        metadata: { number: 2 },
        entries: second.map(plain),
        contents: { ...contents, "large.bin": LARGE, "adopted.bin": ADOPTED },
      },
      {
        number: 3,
        id: v3.version,
        ...usual,
        removed: false,
        message: "one cat, after all",
        metadata: { cats: 1 },
        entries: [plain(cat)],
        contents: { "고양이.txt": hex(text("야옹\n")) },
      },
    ],
    alsoMade: [],
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

export function stores(): unknown {
  const refused = (mark: string, why: string, code: string): unknown => ({ mark, why, code });
  const id = STORE_ID;
  return {
    about:
      "A small store, one that pushed and one that pulled, as their files in hex, and what each holds. The catalog is not there. Then marks that are refused.",
    small: smallStore(),
    pushed: pushedStore(),
    pulled: pulledStore(),
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
