import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import {
  decodeRunRecord,
  encodeRunRecord,
  encodeVersionRecord,
  type Metadata,
  NONCE_BYTES,
  type RunRecord,
  runId,
  versionId,
} from "../../src/manifest/index.ts";

const name = fc.string({ unit: "binary", minLength: 1, maxLength: 100 });
const records: fc.Arbitrary<RunRecord> = fc.record({
  team: name,
  experiment: name,
  name,
  startedAt: fc.maxSafeNat().map((at) => at % 8_640_000_000_000_001),
  startedBy: fc.string({ unit: "binary" }),
  command: fc.array(fc.string({ unit: "binary", maxLength: 40 }), { maxLength: 20 }),
  config: fc
    .dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
    // JSON has one zero.
    .map((value) => JSON.parse(JSON.stringify(value)) as Metadata),
  nonce: fc.uint8Array({ minLength: NONCE_BYTES, maxLength: NONCE_BYTES }),
});

const one: RunRecord = {
  team: "t",
  experiment: "e",
  name: "r",
  startedAt: 0,
  startedBy: "somebody",
  command: [],
  config: {},
  nonce: new Uint8Array(NONCE_BYTES),
};

describe("run records", () => {
  test("are read back as they were written, in the same bytes", () => {
    fc.assert(
      fc.property(records, (record) => {
        const bytes = encodeRunRecord(record);
        const back = decodeRunRecord(bytes);
        expect(back).toEqual(record);
        expect(encodeRunRecord(back)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  test("differ in their id when they differ in anything", () => {
    const changes: Partial<RunRecord>[] = [
      { team: "u" },
      { experiment: "u" },
      { name: "u" },
      { startedAt: 1 },
      { startedBy: "somebody else" },
      { command: [""] },
      { command: ["", ""] },
      { config: { a: 1 } },
      { nonce: new Uint8Array(NONCE_BYTES).fill(1) },
      { extras: [[1, Uint8Array.of(1)]] },
    ];
    const ids = [{}, ...changes].map((change) => runId(encodeRunRecord({ ...one, ...change })));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("have ids that no version has, whatever their bytes", () => {
    const version = encodeVersionRecord({
      artifact: hashContent(Buffer.from("a")),
      manifest: hashContent(Buffer.from("m")),
      parents: [],
      createdAt: 0,
      createdBy: "",
      message: "",
      metadata: {},
      nonce: new Uint8Array(NONCE_BYTES),
    });
    expect(runId(version)).not.toBe(versionId(version));
  });

  test("of altered, cut or random bytes are refused, or another record; never anything worse", () => {
    const read = (bytes: Uint8Array) => {
      try {
        decodeRunRecord(bytes);
      } catch (error) {
        if (!isArtifoldError(error)) throw error;
      }
    };
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(records, changes, fc.uint8Array(), (record, altered, random) => {
        const bytes = encodeRunRecord(record);
        for (let length = 0; length < bytes.length; length += 7) {
          expect(() => decodeRunRecord(bytes.subarray(0, length))).toThrow(
            expect.objectContaining({ code: "DAMAGED" }),
          );
        }
        for (const [at, value] of altered) bytes[at % bytes.length] = value;
        read(bytes);
        read(random);
      }),
      { numRuns: 200 },
    );
  });

  test("hold names, command and config up to their limits", () => {
    const roomy = {
      ...one,
      name: "\u{1d400}".repeat(128),
      command: ["é".repeat(16 * 1024), "x".repeat(32 * 1024)],
      config: { text: "x".repeat(1024 * 1024 - 11) },
    };
    expect(decodeRunRecord(encodeRunRecord(roomy))).toMatchObject(roomy);
    const limit = expect.objectContaining({ code: "LIMIT" });
    expect(() => encodeRunRecord({ ...one, command: [...roomy.command, "x"] })).toThrow(limit);
    expect(() => encodeRunRecord({ ...one, config: { text: `${roomy.config.text}x` } })).toThrow(limit);
    expect(() => encodeRunRecord({ ...one, startedBy: "é".repeat(513) })).toThrow(limit);
    for (const misuse of [
      { name: "" },
      { name: "x".repeat(513) },
      { command: Array(1025).fill("") },
      { startedAt: 8_640_000_000_000_001 },
      { nonce: new Uint8Array(15) },
      { config: [] as unknown as Metadata },
    ]) {
      expect(() => encodeRunRecord({ ...one, ...misuse })).toThrow(TypeError);
    }
  });
});
