/** Chunks that resemble nothing are soon not compared with what was there before, and those that do are found again. */
import { describe, expect, test } from "vitest";
import { digestToBytes, hashContent } from "../../src/digest/index.ts";
import { prepareCompression } from "../../src/objects/index.ts";
import { encodeChunks } from "../../src/worktree/frames-of-window.ts";
import { randomBytesOf } from "../support/random.ts";

const LENGTH = 4096;
const COUNT = 300;

/** Packs chunks of which some are their base but for a byte, and the others are new from end to end. */
async function pack(isEdited: (chunk: number) => boolean): Promise<{ tried: number[]; deltas: number }> {
  await prepareCompression();
  const bases = Array.from({ length: COUNT }, (_, at) => randomBytesOf(at + 1, LENGTH));
  const window = Buffer.concat(
    bases.map((base, at) => {
      if (!isEdited(at)) return randomBytesOf(COUNT + at + 1, LENGTH);
      const edited = Buffer.from(base);
      edited[100] = (edited[100] as number) ^ 1;
      return edited;
    }),
  );
  const digests = Buffer.concat(
    bases.map((_, at) => digestToBytes(hashContent(window.subarray(at * LENGTH, (at + 1) * LENGTH)))),
  );
  const tried: number[] = [];
  const chunks = { from: 0, digests, lengths: new Uint32Array(COUNT).fill(LENGTH), arePlain: false };
  const frames = encodeChunks(window, chunks, new Uint8Array(COUNT).fill(1), "normal", {
    has: () => true,
    of: (at) => {
      tried.push(at);
      const bytes = bases[at] as Uint8Array;
      return { digests: [digestToBytes(hashContent(bytes))], bytes };
    },
  });
  return { tried, deltas: frames.objectCounts.filter((count) => count < 0).length };
}

describe("deltas", () => {
  test("all that is edited is tried, and is a delta", async () => {
    expect(await pack(() => true)).toMatchObject({ deltas: COUNT });
  });

  test("of what is rewritten a few are tried", async () => {
    const { tried, deltas } = await pack(() => false);
    expect(deltas).toBe(0);
    expect(tried.length).toBeLessThan(COUNT / 10);
  });

  test("what is edited is found again behind much that is rewritten", async () => {
    const { deltas } = await pack((at) => at >= COUNT / 2);
    expect(deltas).toBeGreaterThan(COUNT / 2 - 16);
  });

  test("where some of both come in turn, what is edited is found", async () => {
    const { deltas } = await pack((at) => at % 4 === 0);
    expect(deltas).toBe(COUNT / 4);
  });
});
