import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Digest, digestToBytes, hashContent } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import {
  decodeFoot,
  encodeFoot,
  FOOT_BYTES,
  openTable,
  type Table,
  TableBuilder,
  type TablePlace,
} from "../../src/objects/index.ts";
import { randomBytesOf } from "../support/random.ts";

const damaged = expect.objectContaining({ code: "DAMAGED" });
const digestOf = (number: number): Digest => hashContent(Buffer.from(`object ${number}`));

/** Places of objects, several to a frame. */
function tableOf(digests: readonly Digest[], perFrame = 3): { bytes: Uint8Array; table: Table } {
  const builder = new TableBuilder();
  for (const [number, digest] of digests.entries()) builder.addObject(digest, placeOf(number, perFrame));
  const bytes = builder.finish();
  return {
    bytes,
    table: openTable(bytes, decodeFoot(encodeFoot(10 ** 12, bytes), 10 ** 12 + bytes.length + FOOT_BYTES)),
  };
}

function placeOf(number: number, perFrame = 3): TablePlace {
  const frame = Math.floor(number / perFrame);
  const isDelta = frame % 5 === 4;
  return { offset: 2 ** 33 + frame * 500, length: 100 + (frame % 400), index: number % perFrame, isDelta };
}

/** What a table, or who makes one, says of a digest. */
function find(table: Pick<Table, "find">, digest: Digest): TablePlace | undefined {
  return table.find(Buffer.concat([Buffer.alloc(3), digestToBytes(digest)]), 3);
}

describe("a table", () => {
  test.each([0, 1, 2, 64, 65, 5000, 65_536])("of %i objects finds each of them and no other", (count) => {
    const digests = Array.from({ length: count }, (_, number) => digestOf(number));
    const { table } = tableOf(digests);
    expect(table.rowCount).toBe(count);
    expect(table.frameCount).toBe(Math.ceil(count / 3));
    for (const [number, digest] of digests.entries()) {
      // For many objects a plain comparison of fields is what keeps this quick.
      const place = find(table, digest);
      const right = placeOf(number);
      if (place?.offset !== right.offset || place.length !== right.length || place.index !== right.index) {
        expect(place).toEqual(right);
      }
    }
    for (let number = 0; number < 1000; number++) expect(find(table, digestOf(-1 - number))).toBeUndefined();
    const rows = [...table.rows()].map((row) => row.digest);
    expect(rows).toEqual([...digests].sort());
  });

  test("finds digests that no hash would give: alike in their beginning, or all at one end", () => {
    const beginnings = ["000000000000", "000000000001", "7fffffffffff", "ffffffffffff", "fffffffffffe", "a00000000000"];
    const likely = fc
      .tuple(fc.constantFrom(...beginnings), fc.nat(40))
      .map(([start, rest]) => (start + rest.toString(16).padStart(52, "0")) as Digest);
    const any = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString("hex") as Digest);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(likely, any), { maxLength: 120 }),
        fc.array(fc.oneof(likely, any), { maxLength: 30 }),
        (digests, others) => {
          const { table } = tableOf(digests);
          for (const [number, digest] of digests.entries()) expect(find(table, digest)).toEqual(placeOf(number));
          for (const other of others) expect(find(table, other) !== undefined).toBe(digests.includes(other));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("holds a digest twice when two frames have it, and finds one of both", () => {
    const digests = [1, 2, 1, 3, 4, 1].map(digestOf);
    const { table } = tableOf(digests, 2);
    expect([placeOf(0, 2), placeOf(2, 2), placeOf(5, 2)]).toContainEqual(find(table, digestOf(1)));
  });

  test("is refused when any byte of it or of its foot is altered", () => {
    const { bytes } = tableOf(Array.from({ length: 20 }, (_, number) => digestOf(number)));
    const file = Buffer.concat([randomBytesOf(1, 32), bytes, encodeFoot(32, bytes)]);
    const open = (whole: Buffer) => {
      const foot = decodeFoot(whole.subarray(-FOOT_BYTES), whole.length);
      return openTable(whole.subarray(foot.tableOffset, foot.tableOffset + foot.tableLength), foot);
    };
    open(file);
    for (let at = 32; at < file.length; at++) {
      const altered = Buffer.from(file);
      altered[at] = (altered[at] as number) ^ 0x10;
      expect(() => open(altered), `byte ${at}`).toThrow(damaged);
    }
  });

  test("whose counts do not fit its length is refused, whatever its digest", () => {
    for (const [frames, rows, length] of [
      [0, 1, 8],
      [1, 0, 8],
      [0xffffffff, 0xffffffff, 100],
      [0, 0, 9],
    ] as const) {
      const bytes = Buffer.alloc(length);
      bytes.writeUInt32LE(frames, 0);
      bytes.writeUInt32LE(rows, 4);
      expect(() => openTable(bytes, decodeFoot(encodeFoot(0, bytes), length + FOOT_BYTES))).toThrow(damaged);
    }
    expect(() => openTable(Buffer.alloc(7), decodeFoot(encodeFoot(0, Buffer.alloc(7)), 7 + FOOT_BYTES))).toThrow(
      damaged,
    );
  });

  test("with a row that names a frame beyond its frames is refused where it is asked", () => {
    const digest = digestOf(1);
    const bytes = Buffer.from(tableOf([digest]).bytes);
    bytes.writeUInt32LE(7, bytes.length - 6);
    const table = openTable(bytes, decodeFoot(encodeFoot(0, bytes), bytes.length + FOOT_BYTES));
    expect(() => find(table, digest)).toThrow(damaged);
  });
});

test("who makes a table finds in it what was added, and nothing else", () => {
  const digests = Array.from({ length: 3000 }, (_, number) => digestOf(number));
  const builder = new TableBuilder();
  for (const [number, digest] of digests.entries()) {
    expect(find(builder, digest)).toBeUndefined();
    builder.addObject(digest, placeOf(number));
    expect(find(builder, digest)).toEqual(placeOf(number));
  }
  for (const [number, digest] of digests.entries()) expect(find(builder, digest)).toEqual(placeOf(number));
  for (let number = 0; number < 1000; number++) expect(find(builder, digestOf(-1 - number))).toBeUndefined();
});

test("who makes a table can begin anew, and nothing is left of what was there before", () => {
  const builder = new TableBuilder();
  for (const count of [700, 5000, 1]) {
    const digests = Array.from({ length: count }, (_, number) => digestOf(count + number));
    for (const [number, digest] of digests.entries()) builder.addObject(digest, placeOf(number));
    expect(builder.finish()).toEqual(tableOf(digests).bytes);
    builder.clear();
    expect(builder.objectCount).toBe(0);
    for (const digest of digests) expect(find(builder, digest)).toBeUndefined();
  }
});

test("a foot of random bytes, or beyond the limits, is refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(100_000), (bytes, length) => {
      expect(() => decodeFoot(bytes, length)).toThrow(damaged);
    }),
  );
  const foot = Buffer.from(encodeFoot(0, new Uint8Array(8)));
  foot.writeBigUInt64LE(BigInt(65 * 1024 * 1024), 8);
  let thrown: unknown;
  try {
    decodeFoot(foot, 65 * 1024 * 1024 + FOOT_BYTES);
  } catch (error) {
    thrown = error;
  }
  expect(isArtifoldError(thrown, "DAMAGED")).toBe(true);
});
