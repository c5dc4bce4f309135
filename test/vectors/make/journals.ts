/** Segments of journals, whole and not, and what a reader meets in them. */
import { hashContent, hashWithContext } from "../../../src/digest/index.ts";
import { encodePayload, type JournalEntry, NO_RECORD } from "../../../src/journal/index.ts";
import { encodeRecord, type NewRecord } from "../../../src/journal/record.ts";
import { encodeSegmentHead } from "../../../src/journal/segment-head.ts";
import { encodeStep } from "../../../src/logs/index.ts";
import { NONCE_BYTES } from "../../../src/manifest/index.ts";
import { encodeFoot, TableBuilder } from "../../../src/objects/index.ts";
import { changed, hex, join, replaced, text, uint32, uint64, unhex } from "./shape.ts";

export const MARK: Uint8Array = unhex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");

/** Writes records one after another, each following the last. */
export class RecordWriter {
  readonly #mark: Uint8Array;
  #sequence = 0;
  #previous = NO_RECORD;

  constructor(mark: Uint8Array = MARK) {
    this.#mark = mark;
  }

  next(record: NewRecord): Uint8Array {
    const { bytes, digest } = encodeRecord(record, ++this.#sequence, this.#previous, this.#mark);
    this.#previous = digest;
    return bytes;
  }
}

function entry(fields: Partial<JournalEntry>, attachment: Uint8Array = new Uint8Array()): NewRecord {
  const payload = encodePayload({ at: 1_700_000_000_000, by: "mina", packs: [], changes: [], ...fields });
  return { kind: "entry", payload, attachment: [attachment] };
}

/** The record that ends a segment, and the foot after it. */
export function sealOf(writer: RecordWriter, segment: Uint8Array, table: TableBuilder): Uint8Array {
  const bytes = table.finish();
  const seal = writer.next({ kind: "seal", payload: new Uint8Array(), attachment: [bytes] });
  return join(segment, seal, encodeFoot(segment.length + seal.length - bytes.length, bytes));
}

const artifact = hashContent(text("artifact"));
const version = hashContent(text("version"));

/** Changes of artifacts and versions, all but `version`, which stands in the stores. */
const changes: readonly JournalEntry["changes"][] = [
  [{ change: "artifact", artifact, team: "local", experiment: "pets", type: "dataset", name: "고양이" }],
  [{ change: "tag", artifact, tag: "prod", version, before: null }],
  [{ change: "tag", artifact, tag: "prod", version: null, before: version }],
  [
    { change: "remove", version },
    { change: "restore", version },
  ],
  [{ change: "note", version, message: "later", metadata: '{"a":1}' }],
];

const run = hashContent(text("run"));

/** Changes of runs, all but `run`, which stands in the stores. */
const runChanges: readonly JournalEntry["changes"][] = [
  [
    { change: "config", run, config: '{"lr":0.1}' },
    { change: "used", run, version },
    { change: "made", run, version },
  ],
  [{ change: "ended", run, at: 1_700_000_000_000, state: "finished", exitCode: null, signal: null }],
  [{ change: "ended", run, at: 1_700_000_000_001, state: "killed", exitCode: 130, signal: "SIGINT" }],
];

const remote = hashContent(text("remote"));
const fence = encodeStep({
  previous: remote,
  at: 1_700_000_000_000,
  by: "mina",
  nonce: new Uint8Array(NONCE_BYTES),
  events: [{ event: "fence", epoch: 1 }],
});

/** Changes that name remotes, and take over what their logs say. */
const remoteChanges: readonly JournalEntry["changes"][] = [
  [{ change: "remote", name: "origin", url: "/hub", id: null, writers: null }],
  [{ change: "remote", name: "origin", url: "/hub", id: remote, writers: "many" }],
  [{ change: "remote", name: "origin", url: null, id: null, writers: null }],
  [{ change: "step", remote, log: `a/${artifact}`, slot: 1, core: fence.core }],
  [{ change: "whole", versions: [version] }],
];

function entriesSegment(): { segment: Uint8Array; ends: number[]; writer: RecordWriter } {
  const writer = new RecordWriter();
  let segment = encodeSegmentHead(1, MARK);
  const ends: number[] = [];
  for (const each of changes) {
    segment = join(segment, writer.next(entry({ changes: each })));
    ends.push(segment.length);
  }
  return { segment, ends, writer };
}

/** What a reader meets: a record by its sequence, and what is no record by a word. */
type Met = number | "damage" | "torn" | "unknown kind";

interface Case {
  readonly name: string;
  /** Segments in hex, from the first on; `null` for one that is not there. */
  readonly segments: readonly (string | null)[];
  readonly meets: readonly Met[];
  /** Where the journal is to be cut. */
  readonly tornAt?: number;
  /** Where the damage is said to be. */
  readonly damagedAt?: number;
}

export function journals(): unknown {
  return {
    about: "Segments in hex, and what a reader meets in them. The mark of the journal is the same in all.",
    mark: hex(MARK),
    entries: [...changes, ...runChanges, ...remoteChanges].map((each) => ({
      changes: each.map((change) => ("core" in change ? { ...change, core: hex(change.core) } : change)),
      payload: hex(entry({ changes: each }).payload),
    })),
    checkpoint: { ...checkpoint, payload: hex(encodePayload(checkpoint)) },
    cases: [...wholeCases(), ...tornCases(), ...damagedCases()],
  };
}

const checkpoint = {
  artifacts: [
    {
      artifact,
      team: "local",
      experiment: "pets",
      type: "dataset",
      name: "고양이",
      highest: 3,
      tags: [["prod", version]],
      removed: [version],
    },
  ],
} as const;

function sealedJournal(): { sealed: Uint8Array; next: Uint8Array } {
  const { segment, writer } = entriesSegment();
  const sealed = sealOf(writer, segment, new TableBuilder());
  const record = writer.next({ kind: "checkpoint", payload: encodePayload(checkpoint), attachment: [] });
  return { sealed, next: join(encodeSegmentHead(2, MARK), record) };
}

function wholeCases(): Case[] {
  const { sealed, next } = sealedJournal();
  return [
    { name: "no records", segments: [hex(encodeSegmentHead(1, MARK))], meets: [] },
    { name: "records", segments: [hex(entriesSegment().segment)], meets: [1, 2, 3, 4, 5] },
    { name: "sealed, and a checkpoint", segments: [hex(sealed), hex(next)], meets: [1, 2, 3, 4, 5, 6, 7] },
    { name: "sealed, and the next one not begun", segments: [hex(sealed)], meets: [1, 2, 3, 4, 5, 6] },
  ];
}

function tornCases(): Case[] {
  const { segment, ends } = entriesSegment();
  const [first, second] = ends as [number, number];
  const fourth = ends[3] as number;
  const all: readonly Met[] = [1, 2, 3, 4, 5];
  const torn = (name: string, bytes: Uint8Array, records: readonly Met[], tornAt: number): Case => ({
    name: `torn: ${name}`,
    segments: [hex(bytes)],
    meets: [...records, "torn"],
    tornAt,
  });
  const content = withContent();
  const again = segment.subarray(first, second);
  return [
    torn("in the payload", segment.subarray(0, segment.length - 40), [1, 2, 3, 4], fourth),
    torn("in the head", segment.subarray(0, first + 10), [1], first),
    torn("zeros", join(segment.subarray(0, first), new Uint8Array(500)), [1], first),
    torn("in the content", content.subarray(0, content.length - 1), [], encodeSegmentHead(1, MARK).length),
    torn(
      "a record of another journal",
      join(segment, new RecordWriter(new Uint8Array(16)).next(entry({}))),
      all,
      segment.length,
    ),
    torn("a payload above the largest", join(segment, replaced(again, 32, uint32(2 ** 25 + 1))), all, segment.length),
    torn("content above the largest", join(segment, replaced(again, 36, uint32(2 ** 25 + 1))), all, segment.length),
    torn("a sequence above the largest", join(segment, replaced(again, 24, uint64(2n ** 53n))), all, segment.length),
  ];
}

/** One record, with 50 bytes of content. */
function withContent(writer = new RecordWriter()): Uint8Array {
  return join(encodeSegmentHead(1, MARK), writer.next(entry({}, text("x".repeat(50)))));
}

function damagedCases(): Case[] {
  const { segment, ends } = entriesSegment();
  const [first, second] = ends as [number, number];
  const writer = new RecordWriter();
  const content = withContent(writer);
  const changedContent = join(changed(content, content.length - 1, 0), writer.next(entry({})));
  const gap = join(segment.subarray(0, first), segment.subarray(second));
  return [
    // The second damage is the chain, which has a gap where the record was.
    { name: "a record", segments: [hex(changed(segment, first + 110, 0))], meets: [1, "damage", "damage", 3, 4, 5] },
    { name: "a record's content", segments: [hex(changedContent)], meets: ["damage", 1, 2] },
    { name: "a record is missing", segments: [hex(gap)], meets: [1, "damage", 3, 4, 5], damagedAt: first },
    { name: "a segment is missing", segments: [null, hex(sealedJournal().next)], meets: ["damage", 7] },
    { name: "a segment's head", segments: [hex(changed(segment, 12, 1))], meets: ["damage", 1, 2, 3, 4, 5] },
    { name: "a kind that is not known", segments: [hex(unknownKind())], meets: ["unknown kind"] },
  ];
}

/** A whole record of kind 4. */
function unknownKind(): Uint8Array {
  const known = new RecordWriter().next(entry({}));
  const payloadEnd = known.length - 32;
  const signed = replaced(known.subarray(0, payloadEnd), 20, uint32(4));
  return join(encodeSegmentHead(1, MARK), signed, hashWithContext("artifold format 1 journal record", signed));
}
