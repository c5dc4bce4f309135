import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import {
  decodeVersionRecord,
  encodeVersionRecord,
  type Metadata,
  metadataText,
  NONCE_BYTES,
  type VersionRecord,
  versionId,
} from "../../src/manifest/index.ts";

const digest: fc.Arbitrary<Digest> = fc.nat().map((number) => hashContent(Buffer.from(`${number}`)));
const metadata = fc
  .dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
  // JSON has one zero.
  .map((value) => JSON.parse(JSON.stringify(value)) as Metadata);
const records: fc.Arbitrary<VersionRecord> = fc.record({
  artifact: digest,
  manifest: digest,
  parents: fc.array(digest, { maxLength: 3 }),
  createdAt: fc.maxSafeNat().map((at) => at % 8_640_000_000_000_001),
  createdBy: fc.string({ unit: "binary" }),
  run: fc.option(digest, { nil: undefined }),
  message: fc.string({ unit: "binary", maxLength: 300 }),
  metadata,
  nonce: fc.uint8Array({ minLength: NONCE_BYTES, maxLength: NONCE_BYTES }),
});

const one: VersionRecord = {
  artifact: hashContent(Buffer.from("artifact")),
  manifest: hashContent(Buffer.from("manifest")),
  parents: [],
  createdAt: 0,
  createdBy: "somebody",
  message: "",
  metadata: {},
  nonce: new Uint8Array(NONCE_BYTES),
};

function nested(depth: number): Metadata {
  let value: Metadata = {};
  for (let level = 1; level < depth; level++) value = { in: value };
  return value;
}

describe("version records", () => {
  test("are read back as they were written, in the same bytes", () => {
    fc.assert(
      fc.property(records, (record) => {
        const bytes = encodeVersionRecord(record);
        const back = decodeVersionRecord(bytes);
        expect(back).toEqual({ ...record, run: record.run });
        expect(encodeVersionRecord(back)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  test("differ in their id when they differ in anything", () => {
    const other = hashContent(Buffer.from("other"));
    const changes: Partial<VersionRecord>[] = [
      { artifact: other },
      { manifest: other },
      { parents: [other] },
      { createdAt: 1 },
      { createdBy: "somebody else" },
      { run: other },
      { message: "m" },
      { metadata: { a: 1 } },
      { nonce: new Uint8Array(NONCE_BYTES).fill(1) },
      { extras: [[1, Uint8Array.of(1)]] },
    ];
    const ids = [{}, ...changes].map((change) => versionId(encodeVersionRecord({ ...one, ...change })));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("of altered, cut or random bytes are refused, or another record; never anything worse", () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    const read = (bytes: Uint8Array) => {
      try {
        decodeVersionRecord(bytes);
      } catch (error) {
        if (!isArtifoldError(error)) throw error;
      }
    };
    fc.assert(
      fc.property(
        records,
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.uint8Array(),
        (record, changes, random) => {
          const bytes = encodeVersionRecord(record);
          for (let length = 0; length < bytes.length; length += 7) {
            expect(() => decodeVersionRecord(bytes.subarray(0, length))).toThrow(
              expect.objectContaining({ code: "DAMAGED" }),
            );
          }
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          read(bytes);
          read(random);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("hold a message and metadata up to their limits", () => {
    const roomy = { ...one, message: "é".repeat(32 * 1024), metadata: { text: "x".repeat(1024 * 1024 - 11) } };
    expect(decodeVersionRecord(encodeVersionRecord(roomy))).toMatchObject(roomy);
    for (const change of [
      { message: `${roomy.message}x` },
      { metadata: { text: `${roomy.metadata.text}x` } },
      { metadata: { text: "é".repeat(600_000) } },
      { metadata: nested(33) },
    ]) {
      expect(() => encodeVersionRecord({ ...one, ...change })).toThrow(expect.objectContaining({ code: "LIMIT" }));
    }
    expect(metadataText(nested(32))).toContain("in");
  });

  test("are refused with metadata that is no object, no JSON or too deep", () => {
    const text = metadataText({ a: 1 });
    const bytes = Buffer.from(encodeVersionRecord({ ...one, metadata: { a: 1 } }));
    const at = bytes.indexOf(text);
    for (const bad of ['["a",1]', '"abcde"', "1234567", '{"a":1,', "       "]) {
      const altered = Buffer.from(bytes);
      altered.write(bad.padEnd(text.length), at);
      expect(() => decodeVersionRecord(altered)).toThrow(expect.objectContaining({ code: "DAMAGED" }));
    }
    const deep = nested(32);
    const fitting = Buffer.from(
      encodeVersionRecord({ ...one, metadata: { in: "x".repeat(metadataText(deep).length - 9) } }),
    );
    const start = fitting.indexOf('{"in":"xxx');
    fitting.write(metadataText(deep).padEnd(metadataText(deep).length), start);
    decodeVersionRecord(fitting);
    const deeper = `${'{"a":'.repeat(33)}1${"}".repeat(33)}`;
    const room = Buffer.from(encodeVersionRecord({ ...one, metadata: { in: "x".repeat(deeper.length - 9) } }));
    room.write(deeper, room.indexOf('{"in":"xxx'));
    expect(() => decodeVersionRecord(room)).toThrow(/nested too deeply/);
  });

  test("a key named __proto__ is data like any other", () => {
    const odd = JSON.parse('{"__proto__":{"polluted":true}}') as Metadata;
    const back = decodeVersionRecord(encodeVersionRecord({ ...one, metadata: odd }));
    expect(Object.keys(back.metadata)).toEqual(["__proto__"]);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("with too many parents or another nonce are not written", () => {
    const parents = Array.from({ length: 65 }, (_, index) => hashContent(Buffer.from(`${index}`)));
    expect(() => encodeVersionRecord({ ...one, parents })).toThrow(TypeError);
    expect(() => encodeVersionRecord({ ...one, nonce: new Uint8Array(15) })).toThrow(TypeError);
  });
});
