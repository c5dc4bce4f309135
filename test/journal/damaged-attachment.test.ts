/** A record whose content is damaged, with whole records after it: what it says still counts, for numbers must not be given twice. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  encodePayload,
  JOURNAL_START,
  Journal,
  type JournalItem,
  type JournalPosition,
  segmentPath,
} from "../../src/journal/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";

let folder: string;
let journal: Journal;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "artifold-journal-"));
  fs.mkdirSync(path.join(folder, "journal"));
  journal = new Journal(nodeFileSystem, folder);
  await journal.beginSegment(1);
});

afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Appends three entries, each with an attachment of 1,000 bytes. @returns where their attachments lie */
async function threeEntries(): Promise<{ attachments: number[]; end: JournalPosition }> {
  const attachments: number[] = [];
  let at: JournalPosition = JOURNAL_START;
  for (let index = 0; index < 3; index++) {
    const payload = encodePayload({ at: index, by: "", packs: [], changes: [] });
    const appended = await journal.append(at, { kind: "entry", payload, attachment: [Buffer.alloc(1000, index)] });
    attachments.push(appended.attachmentOffset);
    at = appended.position;
  }
  return { attachments, end: at };
}

function change(offset: number): void {
  const fd = fs.openSync(path.join(folder, segmentPath(1)), "r+");
  fs.writeSync(fd, Buffer.of(0xff), 0, 1, offset);
  fs.closeSync(fd);
}

function summary(items: Iterable<JournalItem>): unknown[] {
  return [...items].map((item) =>
    item.kind === "record" ? [item.record.sequence, item.record.attachment?.length] : item.kind,
  );
}

describe("a damaged attachment", () => {
  test("takes the content from its record and nothing else", async () => {
    const { attachments } = await threeEntries();
    change((attachments[1] as number) + 500);
    expect(summary(journal.read(JOURNAL_START))).toEqual([[1, 1000], "damage", [2, undefined], [3, 1000]]);
    expect(summary(journal.read(JOURNAL_START, true))).toEqual([[1, 1000], "damage", [2, undefined], [3, 1000]]);
  });

  test("at the end of the journal is a torn tail: nobody was told that the record is there", async () => {
    const { attachments } = await threeEntries();
    change((attachments[2] as number) + 500);
    expect(summary(journal.read(JOURNAL_START))).toEqual([[1, 1000], [2, 1000], "torn"]);
  });

  test("in a sealed segment is found by whoever asks for attachments, and the chain goes on", async () => {
    const { attachments, end } = await threeEntries();
    await journal.roll(end, new Uint8Array(8), () => new Uint8Array(64));
    fs.chmodSync(path.join(folder, segmentPath(1)), 0o600);
    change((attachments[2] as number) + 500);
    expect(summary(journal.read(JOURNAL_START))).toEqual([
      [1, undefined],
      [2, undefined],
      [3, undefined],
      [4, undefined],
    ]);
    expect(summary(journal.read(JOURNAL_START, true))).toEqual([
      [1, 1000],
      [2, 1000],
      "damage",
      [3, undefined],
      [4, 8],
    ]);
  });
});
