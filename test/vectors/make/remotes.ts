/** Records of a remote: mark, events, slots, checkpoints, hints, runs of the index, tombstones. */
import { type Digest, digestToBytes, hashContent } from "../../../src/digest/index.ts";
import {
  artifactLog,
  type Block,
  checkpointKey,
  decodeSlot,
  encodeCheckpoint,
  encodeHints,
  encodeMark,
  encodeSlot,
  encodeStep,
  encodeTombstones,
  eventBytes,
  experimentId,
  experimentLog,
  type LogEvent,
  type LogStep,
  NAMES_LOG,
  type NodeHints,
  type PackName,
  packKey,
  packName,
  type RemotePlace,
  type RootHint,
  shortDigest,
  slotKey,
  tombstonesKey,
} from "../../../src/logs/index.ts";
import { Encoder, encodeVersionRecord, versionId } from "../../../src/manifest/index.ts";
import { RUN_ROW_BYTES } from "../../../src/objects/index.ts";
import { encodeIndexRun } from "../../../src/sync/index-run.ts";
import { encoded, hex, type Invalid, join, text, uint32, unhex } from "./shape.ts";

const { array, binary, nil, string, uint } = encoded;
const remote = hashContent(text("remote"));
const artifact = hashContent(text("artifact"));
const manifest = hashContent(text("manifest"));
const nonce = unhex("000102030405060708090a0b0c0d0e0f");
const pack = packName("0011223344556677", hashContent(text("pack")));
const otherPack = packName("8899aabbccddeeff", hashContent(text("other pack")));

function record(message: string): Uint8Array {
  const fields = { artifact, manifest, parents: [], createdAt: 0, createdBy: "mina", metadata: {}, nonce };
  return encodeVersionRecord({ ...fields, message });
}

const [first, second] = [record("first"), record("second")];
const [firstId, secondId] = [versionId(first), versionId(second)];
const sums = { entries: 3, files: 2, bytes: 2 ** 32, newBytes: 5 };

/** One event of each kind. */
const events: readonly LogEvent[] = [
  { event: "artifact", artifact, team: "local", experiment: "pets", type: "dataset", name: "고양이", home: remote },
  { event: "experiment", team: "local", experiment: "pets" },
  { event: "fence", epoch: 7 },
  { event: "version", number: 1, record: first, ...sums },
  { event: "also", holder: firstId, record: second },
  { event: "tag", tag: "prod", version: firstId },
  { event: "tag", tag: "prod", version: null },
  { event: "remove", version: firstId },
  { event: "restore", version: firstId },
  { event: "note", version: firstId, message: "later", metadata: null },
  { event: "note", version: firstId, message: null, metadata: '{"a":1}' },
];

function place(fields: Partial<RemotePlace> = {}): RemotePlace {
  return { pack, offset: 32, length: 1000, index: 3, extra: 0, ...fields };
}

const rootHint: RootHint = {
  place: place({ extra: 500 }),
  node: unhex("9401009090"),
  children: [place(), undefined, place({ pack: otherPack, offset: 2 ** 32 })],
};

function step(fields: Partial<LogStep> = {}): LogStep {
  return { previous: remote, at: 1_700_000_000_000, by: "mina", nonce, events: [events[3] as LogEvent], ...fields };
}

/** Events as JSON: bytes as hex. */
function plain(event: LogEvent): unknown {
  return "record" in event ? { ...event, record: hex(event.record) } : event;
}

function slots(): unknown[] {
  const { core, digest } = encodeStep(step());
  const next = encodeStep(step({ previous: digest, events: events.slice(4) }));
  return [
    { name: "without hints", core: hex(core), digest, hex: hex(encodeSlot(core, { roots: [] })) },
    {
      name: "with hints",
      core: hex(core),
      digest,
      hex: hex(encodeSlot(core, { index: { epoch: 2, slot: 300 }, roots: [rootHint] })),
    },
    {
      name: "several events",
      core: hex(next.core),
      digest: next.digest,
      hex: hex(encodeSlot(next.core, { roots: [] })),
    },
  ];
}

/** A step in pieces that can be exchanged. */
function core(pieces: { kind?: Uint8Array; by?: Uint8Array; nonce?: Uint8Array; events?: Uint8Array }): Uint8Array {
  return join(
    array(7),
    pieces.kind ?? uint(5),
    "c420",
    remote,
    uint(0),
    pieces.by ?? string(""),
    pieces.nonce ?? binary(nonce),
    pieces.events ?? join(array(1), array(2), uint(10), uint(1)),
    array(0),
  );
}

function refusals(): Invalid[] {
  const refused = (name: string, bytes: Uint8Array, why: string, code: Invalid["code"] = "DAMAGED"): Invalid => ({
    name,
    hex: hex(bytes),
    why,
    code,
  });
  const around = (bytes: Uint8Array, beside: Uint8Array = join(array(3), nil(), array(0), array(0))): Uint8Array =>
    join(array(2), binary(bytes), beside);
  const event = (...parts: Uint8Array[]): Uint8Array => around(core({ events: join(array(1), ...parts) }));
  const whole = around(core({}));
  return [
    refused("kind", around(core({ kind: uint(3) })), "another kind of record"),
    refused("maker", around(core({ by: string("m".repeat(1025)) })), "1,025 bytes of a name"),
    refused("nonce", around(core({ nonce: binary(new Uint8Array(15)) })), "a nonce of 15 bytes"),
    refused("no events", around(core({ events: array(0) })), "a step that says nothing"),
    refused("empty event", event(array(0)), "an event without a kind"),
    refused("event length", event(array(3), uint(10), uint(1), uint(1)), "a fence of three values"),
    refused("even event", event(array(2), uint(98), uint(1)), "an even kind that is not known", "FORMAT_UNSUPPORTED"),
    refused("number", event(array(7), uint(2), uint(0), binary(first), ...[0, 0, 0, 0].map(uint)), "the number 0"),
    refused("tag", event(array(3), uint(4), string(""), nil()), "a tag without a name"),
    refused("long tag", event(array(3), uint(4), string("t".repeat(513)), nil()), "a tag of 513 bytes"),
    refused("version", event(array(2), uint(6), binary(new Uint8Array(31))), "an id of 31 bytes"),
    refused(
      "note",
      event(array(4), uint(1), binary(digestToBytes(firstId)), nil(), string("[]")),
      "metadata that is no object",
    ),
    refused(
      "message",
      event(array(4), uint(1), binary(digestToBytes(firstId)), string("m".repeat(65537)), nil()),
      "65,537 bytes of a message",
    ),
    refused("beside", around(core({}), array(0)), "hints of another length"),
    refused(
      "root",
      around(core({}), join(array(3), nil(), array(1), array(2), nil(), nil(), array(0))),
      "a root of two values",
    ),
    refused(
      "child",
      around(
        core({}),
        join(
          array(3),
          nil(),
          array(1),
          array(3),
          join(array(5), binary(new Uint8Array(40)), ...[0, 0, 0, 0].map(uint)),
          nil(),
          join(array(2), array(0), array(1), array(5), ...[0, 0, 0, 0, 0].map(uint)),
          array(0),
        ),
      ),
      "a child in the pack of a slot, which is none",
    ),
    refused("cut short", whole.subarray(0, whole.length - 1), "it ends too early"),
    refused("longer", join(whole, "00"), "a byte after its end"),
  ];
}

/** An event of an odd kind that is not known is passed over. */
const oddEvent = join(
  array(2),
  binary(core({ events: join(array(2), array(3), uint(99), string("?"), array(0), array(2), uint(10), uint(4)) })),
  join(array(3), nil(), array(0), array(0)),
);

const block: Block = { level: 1, number: 1 };

function checkpoint(): { steps: { core: string; digest: Digest }[]; bytes: Uint8Array } {
  let previous = remote;
  const steps = Array.from({ length: 8 }, (_, number) => {
    const made = encodeStep(step({ previous, events: [{ event: "fence", epoch: number }] }));
    previous = made.digest;
    return made;
  });
  const read = steps.map((each) =>
    decodeSlot(encodeSlot(each.core, { index: { epoch: 1, slot: 1 }, roots: [rootHint] })),
  );
  return {
    steps: steps.map((each) => ({ core: hex(each.core), digest: each.digest })),
    bytes: encodeCheckpoint(block, read) as Uint8Array,
  };
}

const hints: readonly NodeHints[] = [
  { node: shortDigest(manifest), children: [{ ...place(), pack: undefined }, place(), undefined] },
  { node: shortDigest(artifact), children: [] },
];

/** Rows of an index: digests of numbers, in order, some of them twice. */
function rows(count: number): Uint8Array[] {
  const made = Array.from({ length: count }, (_, number) => {
    const row = Buffer.alloc(RUN_ROW_BYTES);
    row.set(digestToBytes(hashContent(text(String(number >> 1)))));
    row.writeUInt32LE(number % 2, 32);
    row.writeUIntLE(32 + number * 1000, 36, 6);
    row.writeUInt32LE(1000, 42);
    row.writeUInt16LE(number % 7, 46);
    return row;
  });
  return made.sort((left, right) => Buffer.compare(left, right));
}

function indexRuns(): unknown[] {
  return [0, 1, 128, 129, 300].map((count) => {
    const packs: PackName[] = count === 0 ? [] : [pack, otherPack];
    const all = rows(count);
    const others = count === 300 ? [{ slot: 4, rows: 77 }] : [];
    const bytes = encodeIndexRun({ from: 5, others, packs, rows: all, rowCount: count });
    return { from: 5, others, packs, rows: hex(Buffer.concat(all)), hex: hex(bytes) };
  });
}

function refusedHeads(): Invalid[] {
  const run = encodeIndexRun({ from: 1, others: [], packs: [pack], rows: rows(1), rowCount: 1 });
  const put = (at: number, bytes: Uint8Array): Uint8Array =>
    join(run.subarray(0, at), bytes, run.subarray(at + bytes.length));
  return [
    { name: "mark", hex: hex(put(0, Uint8Array.of(0))), why: "another beginning", code: "DAMAGED" },
    { name: "rows", hex: hex(put(8, uint32(262_145))), why: "too many rows", code: "DAMAGED" },
    { name: "packs", hex: hex(put(12, uint32(65_537))), why: "too many packs", code: "DAMAGED" },
    { name: "others", hex: hex(put(16, uint32(4097))), why: "too many others", code: "DAMAGED" },
    { name: "filter", hex: hex(put(20, uint32(9))), why: "a filter of another length", code: "DAMAGED" },
    { name: "from", hex: hex(put(24, Uint8Array.of(2))), why: "another head than its digest says", code: "DAMAGED" },
    { name: "pack", hex: hex(put(96, Uint8Array.of(255))), why: "another pack", code: "DAMAGED" },
    { name: "cut short", hex: hex(run.subarray(0, 100)), why: "it ends too early", code: "DAMAGED" },
  ];
}

function marks(): { valid: unknown; invalid: Invalid[] } {
  const mark = (format: number, needs: Uint8Array): Uint8Array =>
    join(array(4), uint(6), uint(format), "c420", remote, needs);
  const refused = (name: string, bytes: Uint8Array, why: string, code: Invalid["code"]): Invalid => ({
    name,
    hex: hex(bytes),
    why,
    code,
  });
  return {
    valid: { id: remote, hex: hex(encodeMark({ id: remote })) },
    invalid: [
      refused("format 2", mark(2, array(0)), "another format", "FORMAT_UNSUPPORTED"),
      refused("format 2, shorter", join(array(2), uint(6), uint(2)), "another format", "FORMAT_UNSUPPORTED"),
      refused("need", mark(1, join(array(1), string("magic"))), "a need that is not known", "FORMAT_UNSUPPORTED"),
      refused("kind", join(array(4), uint(5), uint(1), "c420", remote, array(0)), "another kind", "DAMAGED"),
      refused("no array", new Encoder().bytes(), "nothing", "DAMAGED"),
      refused("page", text("<html>"), "a page of somebody else", "DAMAGED"),
    ],
  };
}

export function remotes(): unknown {
  const made = checkpoint();
  return {
    about: "Records of a remote. Bytes are hex; events are given as artifold reads them.",
    keys: [
      slotKey(NAMES_LOG, 1),
      slotKey(artifactLog(artifact), 12),
      slotKey(experimentLog(experimentId("local", "pets")), 3),
      checkpointKey(artifactLog(artifact), block),
      packKey(pack),
      tombstonesKey(3, 0),
    ],
    marks: marks().valid,
    invalidMarks: marks().invalid,
    events: events.map((event) => ({ event: plain(event), bytes: eventBytes(event) })),
    secondId,
    slots: slots(),
    oddEvent: hex(oddEvent),
    invalidSlots: refusals(),
    checkpoint: [{ block, steps: made.steps, hex: hex(made.bytes) }],
    hints: [{ own: otherPack, nodes: hints, hex: hex(encodeHints(hints)) }],
    indexRuns: indexRuns(),
    invalidIndexHeads: refusedHeads(),
    tombstones: [{ packs: [pack, otherPack], hex: hex(encodeTombstones([pack, otherPack])) }],
  };
}
