/** Values of the MessagePack subset: each has one encoding. */
import { encoded, hex, join } from "./shape.ts";

const numbers = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];

const invalidNumbers: readonly (readonly [hex: string, why: string])[] = [
  ["cc7f", "127 takes one byte"],
  ["cc00", "0 takes one byte"],
  ["cd00ff", "255 takes two bytes"],
  ["ce0000ffff", "65,535 takes three bytes"],
  ["cf00000000ffffffff", "2^32 - 1 takes five bytes"],
  ["cf0020000000000000", "2^53 is above the largest number"],
  ["cfffffffffffffffff", "2^64 - 1 is above the largest number"],
  ["cb0000000000000000", "a float, though its value is whole"],
  ["ca00000000", "a float of 32 bits"],
  ["d000", "a signed integer"],
  ["d20000ffff", "a signed integer"],
  ["ff", "a negative integer"],
  ["c0", "nil where a number must stand"],
  ["c2", "false"],
  ["a130", "a string of digits"],
  ["cc", "it ends too early"],
  ["cf00000001000000", "it ends too early"],
  ["", "nothing at all"],
  ["0000", "a byte after its end"],
];

const invalidStrings: readonly (readonly [hex: string, why: string])[] = [
  ["d90161", "one byte of text takes a head of one byte"],
  [`da0020${"61".repeat(32)}`, "32 bytes of text take a head of two bytes"],
  [`db00000100${"61".repeat(256)}`, "256 bytes of text take a head of three bytes"],
  ["a1ff", "not UTF-8"],
  ["a2c080", "an overlong form of U+0000"],
  ["a3eda080", "a surrogate"],
  ["a4f4908080", "beyond U+10FFFF"],
  ["a261", "it ends too early"],
  ["c40161", "binary where a string must stand"],
  ["80", "a map"],
  ["d4ff00", "an extension"],
  ["c1", "a byte that MessagePack never uses"],
];

const invalidBinaries: readonly (readonly [hex: string, why: string])[] = [
  ["c5000100", "one byte takes a head of two bytes"],
  [`c600000100${"00".repeat(256)}`, "256 bytes take a head of three bytes"],
  ["c40200", "it ends too early"],
  ["c6ffffffff", "longer than the bytes that are left"],
  ["a100", "a string where binary must stand"],
];

const invalidArrays: readonly (readonly [hex: string, why: string])[] = [
  [`dc000f${"00".repeat(15)}`, "15 values take a head of one byte"],
  [`dd00000010${"00".repeat(16)}`, "16 values take a head of three bytes"],
  ["ddffffffff", "more values than bytes that are left"],
  ["92", "more values than bytes that are left"],
  ["80", "a map"],
  ["c400", "binary"],
];

function refused(kind: string, rows: readonly (readonly [string, string])[]): unknown[] {
  return rows.map(([bytes, why]) => ({ kind, hex: bytes, why, code: "DAMAGED" }));
}

export function codec(): unknown {
  const strings = [
    "",
    "a",
    "a".repeat(31),
    "a".repeat(32),
    "é".repeat(127),
    "a".repeat(256),
    "고양이",
    "\ufeff",
    "\u{10ffff}\0",
  ];
  const sizes = [0, 1, 255, 256];
  const zeros = (count: number): Uint8Array => new Uint8Array(count);
  return {
    about:
      "Values and their only encodings. Numbers and strings stand as they are, binary as hex, arrays as their length.",
    valid: [
      ...numbers.map((value) => ({ kind: "uint", value, hex: hex(encoded.uint(value)) })),
      ...strings.map((value) => ({ kind: "string", value, hex: hex(encoded.string(value)) })),
      ...sizes.map((size) => ({ kind: "binary", value: hex(zeros(size)), hex: hex(encoded.binary(zeros(size))) })),
      ...[0, 15, 16].map((count) => ({
        kind: "array",
        value: count,
        hex: hex(join(encoded.array(count), zeros(count))),
      })),
    ],
    invalid: [
      ...refused("uint", invalidNumbers),
      ...refused("string", invalidStrings),
      ...refused("binary", invalidBinaries),
      ...refused("array", invalidArrays),
    ],
  };
}
