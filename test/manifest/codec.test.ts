import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, test } from "vitest";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import { decodeUtf8, utf8Length } from "../../src/manifest/codec.ts";
import { Decoder, Encoder, MAX_INTEGER } from "../../src/manifest/index.ts";

/** A value of the subset. */
type Value = null | number | string | Uint8Array | readonly Value[];

const digest: fc.Arbitrary<Digest> = fc.nat().map((number) => hashContent(Buffer.from(`${number}`)));
/** Integers near the edges of their encodings, and any. */
const integers: fc.Arbitrary<number> = fc.oneof(
  fc
    .tuple(fc.constantFrom(0, 2 ** 7, 2 ** 8, 2 ** 16, 2 ** 32, 2 ** 53 - 3), fc.integer({ min: -2, max: 2 }))
    .map(([near, by]) => Math.max(0, near + by)),
  fc.maxSafeNat(),
);
/** Strings and binaries near the edges of their encodings, and any. */
const lengths = fc.oneof(
  { arbitrary: fc.constantFrom(65_535, 65_536), weight: 1 },
  { arbitrary: fc.constantFrom(31, 32, 255, 256), weight: 5 },
  { arbitrary: fc.nat(300), weight: 5 },
);
const strings: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.tuple(lengths, fc.constantFrom("a", "é", "€", "\u{1f408}")).map(([length, unit]) => unit.repeat(length)),
);
const binaries: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 100 }),
  lengths.map((length) => new Uint8Array(length).fill(length)),
);

const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constant(null),
    integers,
    strings,
    binaries,
    fc.array(tie("value"), { maxLength: 20 }),
  ),
})).value;

function encode(encoder: Encoder, value: Value): void {
  if (value === null) encoder.nil();
  else if (typeof value === "number") encoder.uint(value);
  else if (typeof value === "string") encoder.string(value);
  else if (value instanceof Uint8Array) encoder.binary(value);
  else {
    encoder.array(value.length);
    for (const each of value) encode(encoder, each);
  }
}

function encoded(value: Value): Uint8Array {
  // A small capacity, so that growing is met too.
  const encoder = new Encoder(4);
  encode(encoder, value);
  return encoder.bytes();
}

/** Reads a value of the shape of another one. */
function decode(decoder: Decoder, like: Value): Value {
  if (like === null) return decoder.isNil() ? null : decoder.fail("nil expected");
  if (typeof like === "number") return decoder.uint();
  if (typeof like === "string") return decoder.string();
  if (like instanceof Uint8Array) return decoder.binary();
  decoder.arrayOf(like.length);
  return like.map((each) => decode(decoder, each));
}

/** Values as msgpackr gives them: it makes Buffers, and big integers of those from 2^32 on. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return Array.isArray(value) ? value.map(plain) : value;
}

const packr = new Packr({ useRecords: false, mapsAsObjects: true });

/** Tells whether a value is one that msgpackr also writes in its shortest form. */
function isWrittenAlike(value: Value): boolean {
  if (typeof value === "number") return value < 2 ** 32;
  // msgpackr chooses the head of a string by a guess at its length, not always the shortest.
  if (typeof value === "string") return false;
  return Array.isArray(value) ? value.every(isWrittenAlike) : true;
}

function refusal(bytes: readonly number[] | Uint8Array, read: (decoder: Decoder) => unknown): string {
  try {
    const decoder = new Decoder(Uint8Array.from(bytes), "test");
    read(decoder);
    decoder.finish();
  } catch (error) {
    if (!isArtifoldError(error, "DAMAGED")) throw error;
    return error.message;
  }
  throw new Error("it was read");
}

describe("what is written", () => {
  test("is read back the same, by us and by another reader of MessagePack", () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encoded(value);
        const decoder = new Decoder(bytes, "test");
        expect(plain(decode(decoder, value))).toEqual(plain(value));
        decoder.finish();
        expect(plain(packr.unpack(bytes))).toEqual(plain(value));
      }),
      { numRuns: 300 },
    );
  });

  test("is byte for byte what another writer of MessagePack makes, where it writes shortest forms", () => {
    fc.assert(
      fc.property(values.filter(isWrittenAlike), (value) => {
        const theirs = packr.pack(value);
        expect(Buffer.from(encoded(value)).equals(theirs)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("holds integers up to 2^53 - 1 and no others", () => {
    expect(MAX_INTEGER).toBe(2 ** 53 - 1);
    for (const bad of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new Encoder().uint(bad)).toThrow(TypeError);
    }
  });

  test("digests are binary of 32 bytes", () => {
    fc.assert(
      fc.property(digest, (each) => {
        const encoder = new Encoder(1);
        encoder.digest(each);
        expect(encoder.bytes()).toEqual(encoded(Buffer.from(each, "hex")));
        expect(new Decoder(encoder.bytes(), "test").digest()).toBe(each);
      }),
    );
  });

  test("tells the length of a string's bytes, which stand last", () => {
    fc.assert(
      fc.property(strings, (text) => {
        const encoder = new Encoder(1);
        const length = encoder.string(text);
        expect(length).toBe(Buffer.byteLength(text));
        expect(utf8Length(text)).toBe(length);
        const bytes = encoder.bytes();
        expect(Buffer.from(bytes.subarray(bytes.length - length)).toString("utf8")).toBe(text);
      }),
    );
  });

  test("can be forgotten from the front, and goes on after it", () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 6 }), fc.nat(5), (all, dropped) => {
        const encoder = new Encoder(8);
        const ends = all.map((value) => {
          encode(encoder, value);
          return encoder.length;
        });
        const at = ends[dropped % ends.length] as number;
        const rest = encoder.bytes().slice(at);
        encoder.dropFirst(at);
        expect(Buffer.compare(encoder.bytes(), rest)).toBe(0);
        encoder.nil();
        expect(Buffer.compare(encoder.bytes(), Buffer.concat([rest, Buffer.of(0xc0)]))).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

describe("what is refused", () => {
  const uint = (decoder: Decoder) => decoder.uint();
  const text = (decoder: Decoder) => decoder.string();
  const binary = (decoder: Decoder) => decoder.binary();
  const array = (decoder: Decoder) => decoder.array();

  test.each<[string, number[], (decoder: Decoder) => unknown]>([
    ["an integer in two bytes that fits one", [0xcc, 0x7f], uint],
    ["an integer in three bytes that fits two", [0xcd, 0x00, 0xff], uint],
    ["an integer in five bytes that fits three", [0xce, 0, 0, 0xff, 0xff], uint],
    ["an integer in nine bytes that fits five", [0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], uint],
    ["a string of 31 bytes with a long head", [0xd9, 31, ...Array.from({ length: 31 }, () => 97)], text],
    ["a string of 255 bytes with a longer head", [0xda, 0, 255, ...Array.from({ length: 255 }, () => 97)], text],
    ["a short string with the longest head", [0xdb, 0, 0, 0, 1, 97], text],
    ["binary of 255 bytes with a longer head", [0xc5, 0, 255, ...Array.from({ length: 255 }, () => 1)], binary],
    ["short binary with the longest head", [0xc6, 0, 0, 0, 1, 1], binary],
    ["an array of 15 with a longer head", [0xdc, 0, 15, ...Array.from({ length: 15 }, () => 1)], array],
    ["a short array with the longest head", [0xdd, 0, 0, 0, 1, 1], array],
  ])("%s", (_, bytes, read) => {
    expect(refusal(bytes, read)).toMatch(/shortest form/);
  });

  test.each<[string, number[]]>([
    ["a negative integer", [0xff]],
    ["a signed integer", [0xd0, 0x80]],
    ["a float", [0xca, 0, 0, 0, 0]],
    ["a double", [0xcb, 0, 0, 0, 0, 0, 0, 0, 0]],
    ["true", [0xc3]],
    ["a map", [0x80]],
    ["an extension", [0xd4, 1, 1]],
    ["a reserved mark", [0xc1]],
    ["nothing", []],
  ])("%s, where anything of the subset is expected", (_, bytes) => {
    for (const read of [uint, text, binary, array, (decoder: Decoder) => decoder.digest()]) refusal(bytes, read);
    expect(new Decoder(Uint8Array.from(bytes), "test").isNil()).toBe(false);
  });

  test("an integer above 2^53 - 1", () => {
    expect(refusal([0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0], uint)).toMatch(/2\^53 - 1/);
    expect(refusal([0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], uint)).toMatch(/2\^53 - 1/);
  });

  test.each<[string, number[]]>([
    ["an overlong form", [0xa2, 0xc0, 0x80]],
    ["a surrogate", [0xa3, 0xed, 0xa0, 0x80]],
    ["a lone continuation", [0xa1, 0x80]],
    ["a cut sequence", [0xa2, 0xe2, 0x82]],
    ["a code point beyond the last", [0xa4, 0xf4, 0x90, 0x80, 0x80]],
    ["a bad byte late in a long string", [0xd9, 100, ...Array.from({ length: 99 }, () => 97), 0xff]],
  ])("a string with %s", (_, bytes) => {
    expect(refusal(bytes, text)).toMatch(/not UTF-8/);
  });

  test("a byte order mark is kept and not swallowed, in short and in long strings", () => {
    for (const each of ["\ufeffa", `\ufeff${"a".repeat(100)}`]) {
      expect(new Decoder(encoded(each), "test").string()).toBe(each);
      expect(decodeUtf8(Buffer.from(each))).toBe(each);
    }
  });

  test("bytes after the end", () => {
    expect(refusal([1, 2], uint)).toMatch(/after its end/);
  });

  test("an array that claims more values than there are bytes left, before anything is reserved", () => {
    expect(refusal([0xdd, 0xff, 0xff, 0xff, 0xff], array)).toMatch(/longer than the bytes left/);
    expect(refusal([0xdc, 0xff, 0xff, 1, 2, 3], array)).toMatch(/longer than the bytes left/);
    expect(refusal([0x92, 1], array)).toMatch(/longer than the bytes left/);
  });

  test("everything that is cut, at every place", () => {
    fc.assert(
      fc.property(
        values.filter((value) => encoded(value).length < 2000),
        (value) => {
          const bytes = encoded(value);
          for (let length = 0; length < bytes.length; length++) {
            refusal(bytes.subarray(0, length), (decoder) => decode(decoder, value));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("every other encoding: what is read of any bytes is written as these bytes again", () => {
    const reads: ((decoder: Decoder) => Value)[] = [
      (decoder) => decoder.uint(),
      (decoder) => decoder.string(),
      (decoder) => decoder.binary(),
    ];
    const heads = fc.constantFrom(0xc4, 0xc5, 0xc6, 0xcc, 0xcd, 0xce, 0xcf, 0xd9, 0xda, 0xdb, 0xa3, 0x05);
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.tuple(fc.constantFrom([0], [0, 0], [0, 0, 0], []), fc.uint8Array({ maxLength: 12 })).map(([zeros, rest]) => {
        return Uint8Array.of(...zeros, ...rest);
      }),
    );
    fc.assert(
      fc.property(heads, bodies, (head, body) => {
        const bytes = Uint8Array.of(head, ...body);
        for (const read of reads) {
          const decoder = new Decoder(bytes, "test");
          let value: Value;
          try {
            value = read(decoder);
          } catch (error) {
            if (!isArtifoldError(error, "DAMAGED")) throw error;
            continue;
          }
          expect(encoded(value)).toEqual(bytes.slice(0, decoder.position));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
