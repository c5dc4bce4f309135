/** Tables are believed only where what they say is possible: a length from a table is memory that a reader reserves. */
import { describe, expect, test } from "vitest";
import { type Digest, digestToBytes, hashContent } from "../../src/digest/index.ts";
import {
  decodeFoot,
  encodeFoot,
  FOOT_BYTES,
  openTable,
  TableBuilder,
  type TablePlace,
} from "../../src/objects/index.ts";

const digest = hashContent(Uint8Array.of(1));
const damaged = expect.objectContaining({ code: "DAMAGED" });

/** The largest frame: head, 4,096 lengths, four bases, 256 KiB. */
const FRAME_BYTES_MAX = 20 + 4096 * 4 + 4 + 4 * 32 + 262_144;

function tableOf(place: Omit<TablePlace, "isDelta">): Uint8Array {
  const builder = new TableBuilder();
  builder.addObject(digest, { ...place, isDelta: false });
  return builder.finish();
}

function open(table: Uint8Array, offset: number): ReturnType<typeof openTable> {
  return openTable(table, decodeFoot(encodeFoot(offset, table), offset + table.length + FOOT_BYTES));
}

describe("a table", () => {
  test("gives the place of a frame as large as frames can be, and refuses a larger one", () => {
    const place = { offset: 32, length: FRAME_BYTES_MAX, index: 0 };
    expect(open(tableOf(place), 400_000).find(digestToBytes(digest))).toEqual({ ...place, isDelta: false });
    for (const length of [FRAME_BYTES_MAX + 1, 2 ** 32 - 1]) {
      expect(() => open(tableOf({ ...place, length }), 400_000).find(digestToBytes(digest))).toThrow(damaged);
    }
  });

  test("refuses an offset that is no exact number", () => {
    const table = Buffer.from(tableOf({ offset: 32, length: 100, index: 0 }));
    table.writeBigUInt64LE(2n ** 53n, 8);
    expect(() => open(table, 400_000).find(digestToBytes(digest))).toThrow(damaged);
  });

  test("has nothing between it and the foot", () => {
    const table = tableOf({ offset: 32, length: 100, index: 0 });
    const foot = encodeFoot(132, table);
    const length = 132 + table.length + FOOT_BYTES;
    expect(decodeFoot(foot, length).tableOffset).toBe(132);
    for (const other of [length - 1, length + 1]) expect(() => decodeFoot(foot, other)).toThrow(damaged);
  });

  test("finds nothing that it does not hold", () => {
    const table = open(tableOf({ offset: 32, length: 100, index: 0 }), 132);
    expect(table.find(digestToBytes("0".repeat(64) as Digest))).toBeUndefined();
    expect(table.find(digestToBytes("f".repeat(64) as Digest))).toBeUndefined();
  });
});
