import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { digestFromBytes, digestToBytes } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import { decodeNode } from "../../src/manifest/index.ts";
import { codecs, FRAME_HEAD_BYTES, FRAME_OBJECTS_MAX, FRAME_RAW_BYTES } from "../../src/objects/frame.ts";
import { bytesOfFrames, eachObject } from "../../src/objects/frame-encoder.ts";
import {
  type EncodedFrames,
  Frame,
  FrameEncoder,
  type ObjectType,
  objectDigest,
  placedObjects,
  prepareCompression,
  readFrameHead,
  readFrameLength,
  readPlacedObjects,
} from "../../src/objects/index.ts";
import { build, manyEntries } from "../support/entries.ts";
import { frameOf } from "../support/frames.ts";
import { MemoryNodes } from "../support/memory-nodes.ts";
import { chunkOf, framesOf, type TestObject } from "../support/packs.ts";
import { randomBytesOf } from "../support/random.ts";

beforeAll(() => prepareCompression());

const objectBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }),
  fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 60_000 })).map(([byte, length]) => new Uint8Array(length).fill(byte)),
  fc
    .tuple(fc.integer({ min: 1 }), fc.integer({ min: 1, max: 60_000 }))
    .map(([seed, length]) => randomBytesOf(seed, length)),
);
const types = fc.constantFrom<ObjectType>("chunk", "manifestNode", "chunkListNode");

function encode(type: ObjectType, all: readonly Uint8Array[], rawBytes?: number): EncodedFrames {
  const encoder = new FrameEncoder(type, rawBytes);
  for (const bytes of all) encoder.add({ digest: digestToBytes(objectDigest(type, bytes)), bytes });
  return encoder.finish();
}

/** The frames of encoded ones, each read. */
function readFrames(frames: EncodedFrames): Frame[] {
  let at = 0;
  return [...frames.frameLengths].map((length) => {
    at += length;
    return new Frame(bytesOfFrames(frames).subarray(at - length, at));
  });
}

const byText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("frames", () => {
  test("give back what was put in, whatever compresses and whatever does not", () => {
    fc.assert(
      fc.property(types, fc.array(objectBytes, { minLength: 1, maxLength: 12 }), (type, all) => {
        const frames = readFrames(encode(type, all));
        const back = frames.flatMap((frame) => {
          expect(frame.head.type).toBe(type);
          return Array.from({ length: frame.head.count }, (_, index) => {
            const bytes = frame.object(index, frame.digest(index));
            expect(frame.length(index)).toBe(bytes.length);
            return byText(bytes);
          });
        });
        expect(back.sort()).toEqual(all.map(byText).sort());
      }),
      { numRuns: 100 },
    );
  });

  test("are the same wherever in memory the objects lie: one after another, with gaps, or each by itself", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(types, fc.array(objectBytes, { minLength: 1, maxLength: 12 }), gaps, (type, all, gapsBefore) => {
        const total = all.reduce((sum, bytes, index) => sum + bytes.length + (gapsBefore[index] as number), 0);
        const memory = new Uint8Array(new SharedArrayBuffer(total)).fill(0xee);
        let at = 0;
        const within = all.map((bytes, index) => {
          at += gapsBefore[index] as number;
          memory.set(bytes, at);
          at += bytes.length;
          return memory.subarray(at - bytes.length, at);
        });
        const apart = encode(
          type,
          all.map((bytes) => Uint8Array.from(bytes)),
        );
        expect(byText(bytesOfFrames(encode(type, within)))).toBe(byText(bytesOfFrames(apart)));
      }),
      { numRuns: 100 },
    );
  });

  test("are listed with their objects just as they lie", () => {
    const frames = framesOf(Array.from({ length: 3000 }, (_, number) => chunkOf(number, 20 + (number % 100))));
    const places = [...placedObjects([frames, frames], 1000)];
    expect(places).toHaveLength(6000);
    for (const { digest, offset, length, index } of places) {
      const at = (offset - 1000) % frames.byteLength;
      expect(new Frame(bytesOfFrames(frames).subarray(at, at + length)).digest(index)).toBe(digest);
    }
    const again: unknown[] = [];
    eachObject(frames, (digestAt, offset, length, index, isDelta) =>
      again.push({ digest: digestFromBytes(frames.digests, digestAt), offset: offset + 1000, length, index, isDelta }),
    );
    expect(places.slice(0, 3000)).toEqual(again);
    const read = [...readPlacedObjects(bytesOfFrames(frames), frames.digests, 1000)];
    expect(read).toEqual(again);
    const more = Buffer.concat([frames.digests, new Uint8Array(32)]);
    for (const digests of [more, frames.digests.subarray(32)]) {
      expect(() => [...readPlacedObjects(bytesOfFrames(frames), digests, 1000)]).toThrow(/other objects/);
    }
  });

  test("hold neighbours up to their limits of bytes and of objects", () => {
    const tiny = readFrames(
      encode(
        "chunk",
        Array.from({ length: 10_000 }, (_, index) => Buffer.from(`${index}`)),
      ),
    );
    expect(tiny.map((frame) => frame.head.count)).toEqual([
      FRAME_OBJECTS_MAX,
      FRAME_OBJECTS_MAX,
      10_000 - 2 * FRAME_OBJECTS_MAX,
    ]);
    const half = FRAME_RAW_BYTES / 2;
    const counts = (lengths: readonly number[]) =>
      readFrames(
        encode(
          "chunk",
          lengths.map((length, index) => randomBytesOf(index + 1, length)),
        ),
      ).map((frame) => frame.head.count);
    expect(counts([half, half])).toEqual([2]);
    expect(counts([half, half + 1])).toEqual([1, 1]);
    expect(counts([FRAME_RAW_BYTES, 1])).toEqual([1, 1]);
  });

  test("store what does not compress as it is", () => {
    const [noise] = readFrames(encode("chunk", [randomBytesOf(1, 50_000)])) as [Frame];
    expect(noise.head.storedLength).toBe(50_000);
    const [text] = readFrames(encode("chunk", [Buffer.alloc(50_000, "some text, ")])) as [Frame];
    expect(text.head.storedLength).toBeLessThan(1000);
  });

  test("hold real nodes of a manifest", () => {
    const nodes = new MemoryNodes();
    build(nodes, manyEntries(2000));
    for (const frame of readFrames(encode("manifestNode", [...nodes.nodes.values()], 32 * 1024))) {
      for (let index = 0; index < frame.head.count; index++) decodeNode(frame.unchecked(index));
    }
  });
});

describe("an altered frame", () => {
  const samples: [string, TestObject[]][] = [
    ["one object that does not compress", [chunkOf(2, 600)]],
    ["one that does", [chunkOf(1, 600)]],
    ["several that do not", [chunkOf(2), chunkOf(4), chunkOf(6)]],
    ["several that do", [chunkOf(1), chunkOf(3), chunkOf(5)]],
  ];

  test.each(samples)("with %s gives right bytes or none, whichever byte is another", (_, objects) => {
    const bytes = bytesOfFrames(framesOf(objects));
    for (let at = 0; at < bytes.length; at++) {
      for (const by of [1, 0x80, 0xff]) {
        const altered = bytes.slice();
        altered[at] = (altered[at] as number) ^ by;
        try {
          const frame = new Frame(altered);
          for (const [index, { digest, bytes: right }] of objects.entries()) {
            // Whatever it gives is what the digest promises: compressors leave bits that mean nothing.
            expect(byText(frame.object(index, digest))).toBe(byText(right));
          }
        } catch (error) {
          if (!isArtifoldError(error, "DAMAGED") && !isArtifoldError(error, "FORMAT_UNSUPPORTED")) throw error;
        }
      }
    }
  });

  test("that is cut, or has bytes after it, is refused", () => {
    const bytes = bytesOfFrames(framesOf([chunkOf(1, 300)]));
    for (let length = 0; length < bytes.length; length++) {
      expect(() => new Frame(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: "DAMAGED" }));
    }
    expect(() => new Frame(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(/too early or too late/);
  });

  test("of random bytes is refused, with the head of a frame or without", () => {
    const head = bytesOfFrames(framesOf([chunkOf(1, 300)])).subarray(0, 8);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isLikely) => {
        const input = isLikely ? Buffer.concat([head, bytes]) : bytes;
        try {
          expect(() => new Frame(input).object(0, chunkOf(1, 300).digest)).toThrow();
        } catch (error) {
          if (!isArtifoldError(error)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the head of a frame", () => {
  const good = Buffer.from(bytesOfFrames(framesOf([chunkOf(2, 600)])).subarray(0, FRAME_HEAD_BYTES));
  const head = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(good);
    change(bytes);
    return bytes;
  };

  test.each<[string, (bytes: Buffer) => void]>([
    ["no objects", (bytes) => bytes.writeUInt32LE(0, 8)],
    ["too many objects", (bytes) => bytes.writeUInt32LE(FRAME_OBJECTS_MAX + 1, 8)],
    ["as many objects as can be said", (bytes) => bytes.writeUInt32LE(0xffffffff, 8)],
    ["more raw bytes than a frame may have", (bytes) => bytes.writeUInt32LE(FRAME_RAW_BYTES + 1, 12)],
    ["more stored bytes than raw ones", (bytes) => bytes.writeUInt32LE(601, 16)],
    ["other stored bytes where nothing is compressed", (bytes) => bytes.writeUInt32LE(599, 16)],
    ["another mark", (bytes) => bytes.writeUInt8(0, 0)],
  ])("with %s is refused as damage", (_, change) => {
    expect(() => readFrameHead(head(change))).toThrow(expect.objectContaining({ code: "DAMAGED" }));
  });

  test.each<[string, (bytes: Buffer) => void]>([
    ["type", (bytes) => bytes.writeUInt8(9, 4)],
    ["codec", (bytes) => bytes.writeUInt8(3, 5)],
    ["flag", (bytes) => bytes.writeUInt16LE(0x8000, 6)],
  ])("with an unknown %s is a matter of a newer format", (_, change) => {
    expect(() => readFrameHead(head(change))).toThrow(expect.objectContaining({ code: "FORMAT_UNSUPPORTED" }));
  });

  test("is read without what comes after it, and tells how much that is", () => {
    const bytes = bytesOfFrames(framesOf([chunkOf(2, 600)]));
    expect(readFrameLength(good)).toBe(bytes.length);
    expect(() => readFrameHead(good.subarray(0, FRAME_HEAD_BYTES - 1))).toThrow(/too early/);
  });

  test("whose objects do not fill the frame is refused when one is read", () => {
    const object = chunkOf(2, 600);
    const bytes = Buffer.from(frameOf("chunk", [object.bytes, object.bytes]));
    bytes.writeUInt32LE(599, FRAME_HEAD_BYTES);
    expect(() => new Frame(bytes).object(0, object.digest)).toThrow(/do not fill/);
    expect(() => new Frame(frameOf("chunk", [object.bytes])).digest(1)).toThrow(/beyond its end/);
  });
});

describe("a delta", () => {
  const text = (seed: number, length: number): Buffer =>
    Buffer.from(Array.from({ length }, (_, at) => 97 + (Math.imul(at + seed, 2654435761) >>> 27)));
  const contents = fc.oneof(
    fc.tuple(fc.nat(1000), fc.integer({ min: 8, max: 30_000 })).map(([seed, length]) => text(seed, length)),
    fc
      .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 8, max: 30_000 }))
      .map(([seed, length]) => Buffer.from(randomBytesOf(seed, length))),
  );

  test("of what resembles its bases is small, and gives back what was put in", () => {
    fc.assert(
      fc.property(
        fc.array(contents, { minLength: 1, maxLength: 3 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.uint8Array({ maxLength: 40 }),
        (bases, place, inserted) => {
          const base = Buffer.concat(bases);
          const at = Math.floor(place * base.length);
          const bytes = Buffer.concat([base.subarray(0, at), inserted, base.subarray(at)]);
          const digests = bases.map((each) => digestToBytes(objectDigest("chunk", each)));
          const encoder = new FrameEncoder("chunk");
          encoder.addResembling([{ digest: digestToBytes(objectDigest("chunk", bytes)), bytes }], {
            digests,
            bytes: base,
          });
          const frames = encoder.finish();
          const [frame] = readFrames(frames) as [Frame];
          if (frame.head.codec !== codecs.delta) {
            // Only where there is hardly anything to save.
            expect(bytes.length).toBeLessThan(200);
          } else {
            expect(frame.head.storedLength).toBeLessThan(Math.max(200, bytes.length / 4));
            expect(frame.bases.map((digest) => Buffer.from(digestToBytes(digest)))).toEqual(
              digests.map((each) => Buffer.from(each)),
            );
            expect([...frames.objectCounts]).toEqual([-1]);
            frame.open(base);
          }
          expect(byText(frame.object(0, objectDigest("chunk", bytes)))).toBe(byText(bytes));
        },
      ),
      { numRuns: 100 },
    );
  });

  test("is not made where it saves less than half", () => {
    const bytes = Buffer.from(randomBytesOf(1, 20_000));
    const base = Buffer.concat([randomBytesOf(2, 12_000), bytes.subarray(0, 8000)]);
    const encoder = new FrameEncoder("chunk");
    const digest = digestToBytes(objectDigest("chunk", bytes));
    encoder.addResembling([{ digest, bytes }], {
      digests: [digestToBytes(objectDigest("chunk", base))],
      bytes: base,
    });
    const [frame] = readFrames(encoder.finish()) as [Frame];
    expect(frame.head.codec).toBe(codecs.none);
  });

  test("is not opened without what it goes on from", () => {
    const bases = [objectDigest("chunk", Buffer.alloc(100))];
    const frame = new Frame(
      frameOf("chunk", [Buffer.alloc(10)], { codec: codecs.delta, payload: Buffer.alloc(9), bases }),
    );
    expect(() => frame.open()).toThrow(TypeError);
    expect(() => frame.open(Buffer.alloc(100))).toThrow(expect.objectContaining({ code: "DAMAGED" }));
  });
});
