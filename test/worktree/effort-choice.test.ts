/** Content is compressed thoroughly where that pays: a part of it that is tried both ways tells. */
import { beforeAll, describe, expect, test } from "vitest";
import { digestToBytes, hashContent } from "../../src/digest/index.ts";
import { type FrameEffort, FrameEncoder, prepareCompression } from "../../src/objects/index.ts";
import { ChunkStoring } from "../../src/worktree/chunk-storing.ts";
import { ChunksUnderWay } from "../../src/worktree/chunks-under-way.ts";
import { EffortChoice } from "../../src/worktree/effort-choice.ts";
import { encodeChunks, framesOfWindow } from "../../src/worktree/frames-of-window.ts";

const MiB = 1024 * 1024;

beforeAll(() => prepareCompression());

describe("the choice", () => {
  const efforts = (choice: EffortChoice, count: number) => Array.from({ length: count }, () => choice.next(MiB));

  test("is thorough until something says that it does not pay, and tries again now and then", () => {
    const choice = new EffortChoice();
    expect(efforts(choice, 6)).toEqual(["high", "high", "high", "compared", "high", "high"]);
    choice.learn({ normal: 1000, high: 990 });
    expect(efforts(choice, 15)).toEqual([...Array(13).fill("normal"), "compared", "normal"]);
    choice.learn({ normal: 1000, high: 950 });
    expect(efforts(choice, 14)).toEqual(Array(14).fill("high"));
  });

  test("learns nothing from a part of which nothing was compressed", () => {
    const choice = new EffortChoice();
    choice.next(MiB);
    choice.learn({ normal: 1000, high: 1000 });
    choice.learn({ normal: 0, high: 0 });
    expect(choice.next(MiB)).toBe("normal");
  });

  test("is not thorough any more after so much", () => {
    const choice = new EffortChoice();
    expect(efforts(choice, 256)).not.toContain("normal");
    expect(efforts(choice, 20)).toEqual(Array(20).fill("normal"));
  });
});

test("frames that are compared are thorough ones, and tell what both would be", () => {
  const text = Buffer.from(Array.from({ length: 9000 }, (_, at) => `${at % 77} words, ${at ** 3 % 1009}\n`).join(""));
  const frames = (effort: FrameEffort) => {
    const encoder = new FrameEncoder("chunk", undefined, effort);
    encoder.add({ digest: digestToBytes(hashContent(text)), bytes: text });
    return encoder.finish();
  };
  const [compared, high, normal] = [frames("compared"), frames("high"), frames("normal")];
  expect(Buffer.concat(compared.pieces)).toEqual(Buffer.concat(high.pieces));
  expect(high.byteLength).not.toBe(normal.byteLength);
  expect(high.compared).toBeUndefined();
  const { normal: less, high: more } = compared.compared as { normal: number; high: number };
  expect(less - more).toBe(normal.byteLength - high.byteLength);
});

test("an upload follows what its parts tell", async () => {
  const asked: FrameEffort[] = [];
  const chunks = Array.from({ length: 32 }, (_, at) => Buffer.alloc(128 * 1024, `chunk ${at}. `));
  const window = { number: 0, bytes: Buffer.concat(chunks) };
  const port = {
    request: async (request: Parameters<typeof encodeChunks>[1] & { wanted: Uint8Array; effort: FrameEffort }) => {
      asked.push(request.effort);
      const frames = encodeChunks(window.bytes, request, request.wanted, request.effort);
      const travelled = framesOfWindow(frames, window.bytes);
      return travelled.compared === undefined ? travelled : { ...travelled, compared: { normal: 100, high: 99 } };
    },
  };
  const pool = {
    isSideBySide: false,
    windows: { within: (_: unknown, work: () => unknown) => work(), giveBack: () => {} },
  };
  const sink = { wants: () => true, addChunks: () => {}, ready: async () => {} };
  const storing = new ChunkStoring(pool as never, sink, new ChunksUnderWay(), undefined);
  for (let at = 0; at < 32; at += 4) {
    const some = chunks.slice(at, at + 4);
    const read = {
      from: at * 128 * 1024,
      digests: Buffer.concat(some.map((chunk) => digestToBytes(hashContent(chunk)))),
      lengths: Uint32Array.from(some, ({ length }) => length),
      arePlain: false,
    };
    await storing.store(() => port as never, window as never, read);
  }
  expect(asked).toEqual(["high", "high", "high", "compared", "normal", "normal", "normal", "normal"]);
});
