/** Records of a remote, as docs/format.md has them. */
import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/digest/index.ts";
import {
  type Block,
  decodeCheckpoint,
  decodeHints,
  decodeMark,
  decodeSlot,
  decodeTombstones,
  encodeHints,
  encodeMark,
  encodeSlot,
  encodeStep,
  encodeTombstones,
  type NodeHints,
  type PackName,
} from "../../src/logs/index.ts";
import { placeOfRow, RUN_ROW_BYTES } from "../../src/objects/index.ts";
import {
  decodeIndexHead,
  encodeIndexRun,
  findInPage,
  IndexFinding,
  type OtherRun,
  openPage,
  pageRange,
  pagesOfRun,
} from "../../src/sync/index-run.ts";
import { hex, unhex } from "./make/shape.ts";
import { expectRefused, type Refused, readVectors } from "./read.ts";

interface Vectors {
  readonly marks: { id: Digest; hex: string };
  readonly invalidMarks: readonly Refused[];
  readonly events: readonly { event: Record<string, unknown>; bytes: number }[];
  readonly slots: readonly { name: string; core: string; digest: Digest; hex: string }[];
  readonly oddEvent: string;
  readonly invalidSlots: readonly Refused[];
  readonly checkpoint: readonly { block: Block; steps: { core: string; digest: Digest }[]; hex: string }[];
  readonly hints: readonly { own: PackName; nodes: NodeHints[]; hex: string }[];
  readonly indexRuns: readonly { from: number; others: OtherRun[]; packs: PackName[]; rows: string; hex: string }[];
  readonly invalidIndexHeads: readonly Refused[];
  readonly tombstones: readonly { packs: PackName[]; hex: string }[];
}

const vectors = readVectors<Vectors>("remotes");

test("the mark", () => {
  const { id, hex: bytes } = vectors.marks;
  expect(decodeMark(unhex(bytes))).toEqual({ id });
  expect(hex(encodeMark({ id }))).toBe(bytes);
  expectRefused(vectors.invalidMarks, decodeMark);
});

describe("slots", () => {
  test("are read and written as the vectors have them", () => {
    for (const { core, digest, hex: bytes } of vectors.slots) {
      const read = decodeSlot(unhex(bytes));
      expect(hex(read.core)).toBe(core);
      expect(read.digest).toBe(digest);
      expect(encodeStep(read.step)).toEqual({ core: unhex(core), digest });
      expect(hex(encodeSlot(read.core, read.hints))).toBe(bytes);
    }
  });

  test("hold every event", () => {
    const read = vectors.slots.flatMap(({ hex: bytes }) => decodeSlot(unhex(bytes)).step.events);
    const kinds = new Set(read.map((event) => event.event));
    const plain = read.map((event) =>
      JSON.stringify("record" in event ? { ...event, record: hex(event.record) } : event),
    );
    for (const { event } of vectors.events) {
      if (kinds.has(event["event"] as never)) expect(plain).toContain(JSON.stringify(event));
    }
  });

  test("pass over an odd event that is not known", () => {
    const { events } = decodeSlot(unhex(vectors.oddEvent)).step;
    expect(events).toEqual([
      { event: "other", kind: 99 },
      { event: "fence", epoch: 4 },
    ]);
  });

  test("are refused where a rule is broken", () => {
    expectRefused(vectors.invalidSlots, decodeSlot);
  });
});

test("checkpoints hold the same steps", () => {
  for (const { block, steps, hex: bytes } of vectors.checkpoint) {
    const read = decodeCheckpoint(block, unhex(bytes));
    expect(read.map(({ core, digest }) => ({ core: hex(core), digest }))).toEqual(steps);
    for (const { hints } of read) {
      expect(hints.index).toBeUndefined();
      expect(hints.roots.map((root) => [root?.node, root?.children])).toEqual([[undefined, undefined]]);
    }
    expectRefused([{ name: "another block", hex: bytes, why: "its key says another", code: "DAMAGED" }], (all) =>
      decodeCheckpoint({ ...block, number: block.number + 1 }, all),
    );
  }
});

test("place hints", () => {
  for (const { own, nodes, hex: bytes } of vectors.hints) {
    const read = decodeHints(unhex(bytes), own);
    for (const { node, children } of nodes) {
      // JSON has null for what is not known, and leaves out what is the own pack.
      const expected = children.map((child) => (child === null ? undefined : { pack: own, ...child }));
      expect(read.get(node)).toEqual(expected);
    }
    const asWritten = nodes.map(({ node, children }) => ({
      node,
      children: children.map((child) => (child === null ? undefined : { pack: undefined, ...child })),
    }));
    expect(hex(encodeHints(asWritten as NodeHints[]))).toBe(bytes);
  }
});

describe("runs of the index", () => {
  test("are read and written as the vectors have them", () => {
    for (const { from, others, packs, rows, hex: text } of vectors.indexRuns) {
      const bytes = unhex(text);
      const head = decodeIndexHead(bytes);
      expect(head).toMatchObject({ from, others, packs, rowCount: rows.length / 2 / RUN_ROW_BYTES });
      expect([...pagesOfRun(head, bytes)].map(hex).join("")).toBe(rows);
      const all = Array.from({ length: head.rowCount }, (_, row) =>
        unhex(rows).subarray(row * RUN_ROW_BYTES, (row + 1) * RUN_ROW_BYTES),
      );
      expect(hex(encodeIndexRun({ from, others, packs, rows: all, rowCount: all.length }))).toBe(text);
    }
  });

  test("find every row, and nothing else", () => {
    for (const { rows, hex: text } of vectors.indexRuns) {
      const bytes = unhex(text);
      const head = decodeIndexHead(bytes);
      const finding = new IndexFinding(head, bytes.subarray(head.fencesAt, head.pagesAt));
      const find = (digest: Buffer): unknown[] =>
        finding.pagesOf(digest).flatMap((page) => {
          const { offset, length } = pageRange(head, page);
          return [...findInPage(head, openPage(bytes.subarray(offset, offset + length)), digest)];
        });
      const all = Buffer.from(unhex(rows));
      for (let at = 0; at < all.length; at += RUN_ROW_BYTES) {
        const pack = head.packs[all.readUInt32LE(at + 32)];
        expect(find(all.subarray(at, at + 32))).toContainEqual({ pack, ...placeOfRow(all, at) });
      }
      expect(find(Buffer.alloc(32))).toEqual([]);
      expect(find(Buffer.alloc(32, 255))).toEqual([]);
    }
  });

  test("are refused where a part is not what was written", () => {
    expectRefused(vectors.invalidIndexHeads, decodeIndexHead);
    const bytes = unhex(vectors.indexRuns.at(-1)?.hex as string);
    const head = decodeIndexHead(bytes);
    for (const at of [head.fencesAt, head.pagesAt - 1]) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => new IndexFinding(head, changed.subarray(head.fencesAt, head.pagesAt))).toThrow("another filter");
    }
    const changed = Uint8Array.from(bytes);
    changed[head.pagesAt] = (changed[head.pagesAt] as number) ^ 1;
    expect(() => [...pagesOfRun(head, changed)]).toThrow("another page");
  });
});

test("tombstones", () => {
  for (const { packs, hex: bytes } of vectors.tombstones) {
    expect(decodeTombstones(unhex(bytes))).toEqual(packs);
    expect(hex(encodeTombstones(packs))).toBe(bytes);
  }
});
