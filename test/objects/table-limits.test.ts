/** Tables are believed only where what they say is possible: a length from a table is memory that a reader reserves. */
import { describe, expect, test } from "vitest";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { decodeFoot, encodeFoot, FOOT_BYTES, openTable, TableBuilder } from "../../src/objects/index.ts";

const digest = hashContent(Uint8Array.of(1));
const damaged = expect.objectContaining({ code: "DAMAGED" });

/** The largest frame: head, 1,024 rows, 256 KiB, checksum. */
const FRAME_BYTES_MAX = 20 + 1024 * 36 + 262_144 + 16;

function tableOf(place: { offset: number; length: number; index: number }): Uint8Array {
  const builder = new TableBuilder();
  builder.addObject(digest, place);
  return builder.finish();
}

function open(table: Uint8Array, offset: number): ReturnType<typeof openTable> {
  return openTable(table, decodeFoot(encodeFoot(offset, table), offset + table.length + FOOT_BYTES));
}

describe("a table", () => {
  test("gives the place of a frame as large as frames can be, and refuses a larger one", () => {
    const place = { offset: 32, length: FRAME_BYTES_MAX, index: 0 };
    expect(open(tableOf(place), 400_000).find(digest)).toEqual(place);
    for (const length of [FRAME_BYTES_MAX + 1, 2 ** 32 - 1]) {
      expect(() => open(tableOf({ ...place, length }), 400_000).find(digest)).toThrow(damaged);
    }
  });

  test("refuses an offset that is no exact number", () => {
    const table = Buffer.from(tableOf({ offset: 32, length: 100, index: 0 }));
    table.writeBigUInt64LE(2n ** 53n, 8);
    expect(() => open(table, 400_000).find(digest)).toThrow(damaged);
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
    expect(table.find("0".repeat(64) as Digest)).toBeUndefined();
    expect(table.find("f".repeat(64) as Digest)).toBeUndefined();
  });
});
