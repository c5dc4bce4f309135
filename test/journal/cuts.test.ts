/**
 * A journal cut anywhere opens with the records that are wholly there, and goes on; one that changed anywhere before its end
 * keeps all else. Folding gives the same catalog however it is done.
 */
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import {
  applyCheckpoint,
  applyEntry,
  applyNothing,
  Catalog,
  checkpoints,
  foldJournal,
} from "../../src/catalog/index.ts";
import { type Digest, hashContent, hashContentBytes } from "../../src/digest/index.ts";
import {
  type Change,
  encodePayload,
  JOURNAL_START,
  Journal,
  type JournalEntry,
  type JournalPosition,
  segmentPath,
} from "../../src/journal/index.ts";
import { EMPTY_MANIFEST, encodeVersionRecord, versionId } from "../../src/manifest/index.ts";
import { FrameEncoder, prepareCompression } from "../../src/objects/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeAll(() => prepareCompression());

function idOf(text: string): Digest {
  return hashContent(new TextEncoder().encode(text));
}

/** What a step of a random history does; numbers pick among what is there. */
interface Pick {
  readonly verb: "version" | "tag" | "untag" | "remove" | "restore" | "note";
  readonly artifact: number;
  readonly version: number;
  readonly content: number;
}

const picks: fc.Arbitrary<Pick> = fc.record({
  verb: fc.constantFrom("version", "version", "tag", "untag", "remove", "restore", "note"),
  artifact: fc.nat(1),
  version: fc.nat(5),
  content: fc.nat(400),
});
const histories = fc.array(picks, { minLength: 1, maxLength: 12 });

/** The entries of a history, each with the bytes of content that ride with it. */
function entriesOf(history: readonly Pick[]): { entry: JournalEntry; content: number }[] {
  const versions: [Digest[], Digest[]] = [[], []];
  const names: [Digest, Digest] = [idOf("one"), idOf("two")];
  const tags = new Map<Digest, Digest>();
  return history.map(({ verb, artifact: which, version: picked, content }, step) => {
    const artifact = names[which as 0 | 1];
    const known = versions[which as 0 | 1];
    const target = known[picked % Math.max(1, known.length)];
    const changes: Change[] = [];
    if (verb === "version" || target === undefined) {
      if (known.length === 0) {
        changes.push({
          change: "artifact",
          artifact,
          team: "t",
          experiment: "e",
          type: "dataset",
          name: `name-${which}`,
        });
      }
      const nonce = new Uint8Array(16).fill(step);
      const common = { createdAt: step, createdBy: "maker", message: `step ${step}`, metadata: { step } };
      const record = encodeVersionRecord({ artifact, manifest: EMPTY_MANIFEST, parents: [], ...common, nonce });
      const version = versionId(record);
      known.push(version);
      const sums = { entries: 0, files: 0, bytes: 0, newBytes: content };
      changes.push({ change: "version", artifact, version, number: known.length, record, ...sums });
    } else if (verb === "tag" || verb === "untag") {
      const before = tags.get(artifact) ?? null;
      if (verb === "tag") tags.set(artifact, target);
      else tags.delete(artifact);
      changes.push({ change: "tag", artifact, tag: "prod", version: verb === "tag" ? target : null, before });
    } else if (verb === "note") changes.push({ change: "note", version: target, message: `note ${step}` });
    else changes.push({ change: verb, version: target });
    return { entry: { at: step, by: "maker", packs: [], changes }, content };
  });
}

interface Written {
  readonly folder: string;
  readonly journal: Journal;
  /** The journal's end after each record, its beginning first. */
  readonly ends: readonly JournalPosition[];
}

/** Writes a journal of a history. */
async function write(history: readonly Pick[]): Promise<Written> {
  const folder = fs.mkdtempSync(path.join(temporaryFolder(), "journal-"));
  fs.mkdirSync(path.join(folder, "journal"));
  const journal = new Journal(nodeFileSystem, folder);
  await journal.beginSegment(1);
  const ends: JournalPosition[] = [JOURNAL_START];
  for (const { entry, content } of entriesOf(history))
    ends.push(await append(journal, ends.at(-1) as JournalPosition, entry, content));
  return { folder, journal, ends };
}

async function append(
  journal: Journal,
  at: JournalPosition,
  entry: JournalEntry,
  content: number,
): Promise<JournalPosition> {
  const encoder = new FrameEncoder("chunk", 1024);
  const bytes = new Uint8Array(content).fill(at.sequence);
  if (content > 0) encoder.add({ digest: hashContentBytes(bytes), bytes });
  const frames = encoder.finish();
  const payload = encodePayload({ ...entry, ...(content > 0 && { objects: frames.digests }) });
  const appended = await journal.append(at, { kind: "entry", payload, attachment: frames.pieces });
  return appended.position;
}

/** A catalog folded from the first records of a journal, one at a time. */
async function foldedTo(source: Written, count: number): Promise<Catalog> {
  const bytes = fs.readFileSync(path.join(source.folder, segmentPath(1)));
  const folder = fs.mkdtempSync(path.join(temporaryFolder(), "part-"));
  fs.mkdirSync(path.join(folder, "journal"));
  const journal = new Journal(nodeFileSystem, folder);
  const { catalog } = Catalog.open(":memory:");
  for (let at = 0; at <= count; at++) {
    fs.writeFileSync(path.join(folder, segmentPath(1)), bytes.subarray(0, source.ends[at]?.offset));
    await foldJournal(catalog, journal);
  }
  return catalog;
}

function setAside(folder: string): string[] {
  return fs.readdirSync(path.join(folder, "journal")).filter((name) => name.includes(".torn-"));
}

test("folding at once, record by record, and again from nothing gives the same catalog", async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const written = await write(history);
      const { catalog: atOnce } = Catalog.open(":memory:");
      const report = await foldJournal(atOnce, written.journal);
      expect(report).toMatchObject({ applied: history.length, damage: [], setAside: [] });
      const oneByOne = await foldedTo(written, history.length);
      expect(atOnce.differences(oneByOne)).toEqual([]);
      expect((await foldJournal(atOnce, written.journal)).applied).toBe(0);
      expect(atOnce.differences(oneByOne)).toEqual([]);
      for (const catalog of [atOnce, oneByOne]) catalog.close();
    }),
    { numRuns: 40 },
  );
});

test("checkpoints in between change nothing", async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(11), async (history, after) => {
      const plain = await write(history);
      const { catalog: expected } = Catalog.open(":memory:");
      await foldJournal(expected, plain.journal);
      const { catalog } = Catalog.open(":memory:");
      let position = JOURNAL_START;
      for (const [step, { entry }] of entriesOf(history).entries()) {
        position = { ...position, sequence: position.sequence + 1 };
        applyEntry(catalog, entry, [], position);
        if (step !== after) continue;
        const again = await foldedTo(plain, step + 1);
        for (const { artifacts } of checkpoints(again)) applyCheckpoint(catalog, artifacts, position);
        again.close();
      }
      const end = expected.position() as JournalPosition;
      applyNothing(catalog, end);
      expect(catalog.differences(expected).filter((table) => table !== "place")).toEqual([]);
    }),
    { numRuns: 40 },
  );
});

test("cut at any byte, exactly the records that are whole are folded, the rest is kept aside, and the journal goes on", async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.double({ min: 0, max: 1, noNaN: true }), async (history, share) => {
      const written = await write(history);
      const file = path.join(written.folder, segmentPath(1));
      const bytes = fs.readFileSync(file);
      // In one of the last three records, or right after it.
      const from = written.ends.at(-4)?.offset ?? JOURNAL_START.offset;
      const cut = from + Math.round(share * (bytes.length - from));
      fs.truncateSync(file, cut);
      const whole = written.ends.filter((end) => end.offset <= cut).length - 1;
      const end = written.ends[whole] as JournalPosition;
      const expected = await foldedTo(beforeTheCut(written, bytes), whole);
      const { catalog } = Catalog.open(":memory:");
      const report = await foldJournal(catalog, written.journal);
      expect(report.applied).toBe(whole);
      expect(report.damage).toEqual([]);
      expect(catalog.differences(expected)).toEqual([]);
      const asides = setAside(written.folder);
      expect(asides).toEqual(cut > end.offset ? [`00000001.segment.torn-${end.offset}`] : []);
      for (const name of asides) {
        const kept = fs.readFileSync(path.join(written.folder, "journal", name));
        expect(kept.equals(bytes.subarray(end.offset, cut))).toBe(true);
      }
      expect(fs.statSync(file).size).toBe(end.offset);
      await append(written.journal, end, { at: 99, by: "later", packs: [], changes: [] }, 10);
      expect((await foldJournal(catalog, written.journal)).applied).toBe(1);
      for (const each of [catalog, expected]) each.close();
    }),
    { numRuns: 80 },
  );
});

test("cut at each byte of its last records, all before are read, and what is left of the cut one is its tail", async () => {
  const version = { verb: "version", artifact: 0, version: 0, content: 30 } as const;
  const { folder, ends } = await write([version, { ...version, verb: "tag" }, version, { ...version, content: 0 }]);
  const file = path.join(folder, segmentPath(1));
  const bytes = fs.readFileSync(file);
  for (let cut = (ends[2] as JournalPosition).offset; cut < bytes.length; cut++) {
    fs.writeFileSync(file, bytes.subarray(0, cut));
    const items = [...new Journal(nodeFileSystem, folder).read(JOURNAL_START)];
    const whole = ends.filter((end) => end.offset <= cut);
    const records = items.flatMap((item) => (item.kind === "record" ? [item.record.sequence] : []));
    expect(records).toEqual(whole.slice(1).map((end) => end.sequence));
    const at = whole.at(-1)?.offset;
    expect(items.filter((item) => item.kind !== "record")).toEqual(
      cut === at ? [] : [{ kind: "torn", segment: 1, offset: at }],
    );
  }
});

/** The same journal as it was before it was cut. */
function beforeTheCut(written: Written, bytes: Uint8Array): Written {
  const folder = fs.mkdtempSync(path.join(temporaryFolder(), "whole-"));
  fs.mkdirSync(path.join(folder, "journal"));
  fs.writeFileSync(path.join(folder, segmentPath(1)), bytes);
  return { ...written, folder };
}

test("a byte that changed before the last record is named, takes at most its record, and nothing is cut", async () => {
  const long = fc.array(picks, { minLength: 2, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      long,
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.integer({ min: 1, max: 255 }),
      async (history, share, change) => {
        const written = await write(history);
        const file = path.join(written.folder, segmentPath(1));
        const bytes = fs.readFileSync(file);
        const last = (written.ends.at(-2) as JournalPosition).offset;
        const at = Math.floor(share * last);
        bytes[at] = (bytes[at] as number) ^ change;
        fs.writeFileSync(file, bytes);
        const hit = at < JOURNAL_START.offset ? 0 : written.ends.findIndex((end) => end.offset > at);
        const { catalog } = Catalog.open(":memory:");
        const {
          damage,
          applied,
          setAside: aside,
        } = await foldJournal(catalog, new Journal(nodeFileSystem, written.folder));
        expect(damage.length).toBeGreaterThan(0);
        expect(damage.every((each) => each.file === segmentPath(1))).toBe(true);
        expect(applied).toBeGreaterThanOrEqual(history.length - 1);
        if (hit === 0) expect(applied).toBe(history.length);
        expect(aside).toEqual([]);
        expect(fs.readFileSync(file).equals(bytes)).toBe(true);
        expect(catalog.position()).toMatchObject({ sequence: history.length, offset: bytes.length });
        catalog.close();
      },
    ),
    { numRuns: 80 },
  );
});

test("a segment that was sealed when the process ended before it began the next goes on in a new one, however often it is opened", async () => {
  const { folder, journal, ends } = await write([{ verb: "version", artifact: 0, version: 0, content: 10 }]);
  await journal.roll(ends.at(-1) as JournalPosition, new Uint8Array(8), () => new Uint8Array(64));
  const next = path.join(folder, segmentPath(2));
  fs.rmSync(next);
  const { catalog } = Catalog.open(":memory:");
  await foldJournal(catalog, journal);
  expect(fs.existsSync(next)).toBe(true);
  // The catalog may have been written and the segment not.
  fs.rmSync(next);
  await foldJournal(catalog, journal);
  expect(fs.existsSync(next)).toBe(true);
  const position = catalog.position() as JournalPosition;
  await append(journal, position, { at: 9, by: "later", packs: [], changes: [] }, 10);
  expect((await foldJournal(catalog, journal)).applied).toBe(1);
});
