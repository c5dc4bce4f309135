import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes, isDigest } from "../../src/digest/index.ts";

const digestBytes = fc.uint8Array({ minLength: DIGEST_BYTES, maxLength: DIGEST_BYTES });

describe("the text form of a digest", () => {
  test("goes to bytes and back, wherever the bytes lie", () => {
    fc.assert(
      fc.property(digestBytes, fc.nat(20), fc.boolean(), (bytes, offset, isBuffer) => {
        const room = new Uint8Array(offset + DIGEST_BYTES + 3);
        room.set(bytes, offset);
        const text = digestFromBytes(isBuffer ? Buffer.from(room) : room, offset);
        expect(text).toBe(Buffer.from(bytes).toString("hex"));
        expect(isDigest(text)).toBe(true);
        expect(digestToBytes(text)).toEqual(bytes);
        const target = new Uint8Array(room.length).fill(7);
        digestToBytes(text, target, offset);
        expect(target.subarray(offset, offset + DIGEST_BYTES)).toEqual(bytes);
        expect(target.subarray(offset + DIGEST_BYTES).every((byte) => byte === 7)).toBe(true);
      }),
    );
  });

  test("is read from a view that begins inside of its buffer", () => {
    const buffer = new Uint8Array(100).map((_, index) => index).buffer;
    const view = new Uint8Array(buffer, 10, 60);
    expect(digestFromBytes(view, 5)).toBe(Buffer.from(buffer, 15, DIGEST_BYTES).toString("hex"));
  });

  test("is the same where there is no Buffer", () => {
    const bytes = new Uint8Array(40).map((_, index) => index * 7);
    const withBuffer = digestFromBytes(bytes, 3);
    const { Buffer: taken } = globalThis;
    let without: Digest;
    try {
      Reflect.deleteProperty(globalThis, "Buffer");
      without = digestFromBytes(bytes, 3);
    } finally {
      globalThis.Buffer = taken;
    }
    expect(without).toBe(withBuffer);
  });

  test("is refused with other lengths, letters and cases", () => {
    const good = "0123456789abcdef".repeat(4);
    const bad = [
      "",
      good.slice(1),
      `${good}0`,
      good.toUpperCase(),
      `${good.slice(1)}g`,
      ` ${good.slice(1)}`,
      `${good}\n`,
    ];
    for (const text of bad) {
      expect(isDigest(text)).toBe(false);
    }
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        expect(isDigest(text)).toBe(/^[0-9a-f]{64}$/.test(text) && text.length === 64);
      }),
    );
  });

  test("needs all of its 32 bytes", () => {
    expect(() => digestFromBytes(new Uint8Array(31))).toThrow(TypeError);
    expect(() => digestFromBytes(new Uint8Array(40), 9)).toThrow(TypeError);
    expect(digestFromBytes(new Uint8Array(40), 8)).toBe("0".repeat(64));
  });
});
