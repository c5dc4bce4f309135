/** Content may hold anything, the bytes of a journal too: no record that lies in content may ever be taken for one of ours. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  encodePayload,
  JOURNAL_START,
  Journal,
  type JournalPosition,
  type NewRecord,
  segmentPath,
} from "../../src/journal/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "artifold-journal-"));
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

async function newJournal(name: string): Promise<{ journal: Journal; file: string; folder: string }> {
  const at = path.join(folder, name);
  fs.mkdirSync(path.join(at, "journal"), { recursive: true });
  const journal = new Journal(nodeFileSystem, at);
  await journal.beginSegment(1);
  return { journal, file: path.join(at, segmentPath(1)), folder: at };
}

function entry(content: Uint8Array): NewRecord {
  return { kind: "entry", payload: encodePayload({ at: 1, by: "", packs: [], changes: [] }), attachment: [content] };
}

async function append(journal: Journal, at: JournalPosition, ...contents: Uint8Array[]): Promise<JournalPosition[]> {
  const ends: JournalPosition[] = [];
  for (const content of contents) ends.push((await journal.append(ends.at(-1) ?? at, entry(content))).position);
  return ends;
}

function kinds(journal: Journal): unknown[] {
  return [...journal.read(JOURNAL_START)].map((item) => (item.kind === "record" ? item.record.sequence : item.kind));
}

function cut(file: string, bytes: number): void {
  fs.truncateSync(file, fs.statSync(file).size - bytes);
}

const nothing = new Uint8Array();

describe("records in content", () => {
  test("of another journal do not come to life when the append that brought them is torn", async () => {
    const other = await newJournal("other");
    await append(other.journal, JOURNAL_START, nothing, nothing, nothing, nothing);
    const { journal, file } = await newJournal("own");
    await append(journal, JOURNAL_START, nothing, fs.readFileSync(other.file));
    cut(file, 1);
    expect(kinds(journal)).toEqual([1, "torn"]);
  });

  test("of another journal do not come to life when damage before them is stepped over", async () => {
    const other = await newJournal("other");
    await append(other.journal, JOURNAL_START, nothing, nothing, nothing, nothing);
    const { journal, file } = await newJournal("own");
    const [first] = await append(journal, JOURNAL_START, nothing, fs.readFileSync(other.file), nothing);
    const bytes = fs.readFileSync(file);
    bytes[(first?.offset as number) + 60] = (bytes[(first?.offset as number) + 60] as number) ^ 1;
    fs.writeFileSync(file, bytes);
    // One damage is the place, one the chain that has a gap.
    expect(kinds(journal)).toEqual([1, "damage", "damage", 3]);
  });

  test("of this journal itself, from a copy of it, are not repeated", async () => {
    const { journal, file } = await newJournal("own");
    const [, second] = await append(journal, JOURNAL_START, nothing, nothing);
    await append(journal, second as JournalPosition, fs.readFileSync(file));
    cut(file, 1);
    expect(kinds(journal)).toEqual([1, 2, "torn"]);
  });
});

describe("the mark of a journal", () => {
  test("is another in each journal and the same in all segments of one", async () => {
    const { journal, file, folder: at } = await newJournal("a");
    await journal.roll(JOURNAL_START, nothing, () => nothing);
    const other = await newJournal("b");
    const mark = (head: string): string => fs.readFileSync(head).toString("hex", 16, 32);
    expect(mark(path.join(at, segmentPath(2)))).toBe(mark(file));
    expect(mark(other.file)).not.toBe(mark(file));
  });

  test("is found where the head of the segment is damaged, and the damage is named", async () => {
    const { journal, file, folder: at } = await newJournal("a");
    await append(journal, JOURNAL_START, nothing, nothing);
    for (const place of [0, 8, 16, 31, 32, 47]) {
      const bytes = fs.readFileSync(file);
      bytes[place] = (bytes[place] as number) ^ 1;
      fs.writeFileSync(file, bytes);
      expect(kinds(new Journal(nodeFileSystem, at))).toEqual(["damage", 1, 2]);
      bytes[place] = (bytes[place] as number) ^ 1;
      fs.writeFileSync(file, bytes);
    }
  });

  test("that is nowhere to be found stops all reading: nothing is cut", async () => {
    const { file, folder: at } = await newJournal("a");
    fs.writeFileSync(file, Buffer.alloc(1000));
    expect(() => kinds(new Journal(nodeFileSystem, at))).toThrow(expect.objectContaining({ code: "DAMAGED" }));
  });
});
