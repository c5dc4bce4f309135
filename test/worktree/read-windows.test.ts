/** Content that comes window by window is cut as if it had come in one go, wherever the windows fall. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { CHUNK_MAX_BYTES, chunkLengths } from "../../src/chunking/index.ts";
import { DIGEST_BYTES, hashContentBytes } from "../../src/digest/index.ts";
import { prepareCompression } from "../../src/objects/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { ContentPool } from "../../src/worktree/content-pool.ts";
import { readWindows } from "../../src/worktree/read-windows.ts";
import { FileContent, StreamContent, type WindowedContent } from "../../src/worktree/windowed-content.ts";
import { WINDOW_BYTES, WINDOW_STEP_BYTES } from "../../src/worktree/windows.ts";
import { temporaryFolder } from "../support/folders.ts";
import { randomBytesOf } from "../support/random.ts";

const KiB = 1024;
const lengths = [
  0,
  1,
  CHUNK_MAX_BYTES,
  WINDOW_STEP_BYTES,
  WINDOW_BYTES - 1,
  WINDOW_BYTES,
  WINDOW_BYTES + 1,
  2 * WINDOW_STEP_BYTES + CHUNK_MAX_BYTES,
  3 * WINDOW_BYTES + 12_345,
];

/** All of it is cut at the greatest length, and no such cut falls where a window begins. */
function withoutCuts(length: number): Buffer {
  const bytes = Buffer.alloc(length, "x");
  bytes.set(randomBytesOf(5, Math.min(length, 100 * KiB)));
  return bytes;
}

const kinds: readonly [string, (length: number) => Buffer][] = [
  ["noise", (length) => Buffer.from(randomBytesOf(1, length))],
  ["one byte again and again", (length) => Buffer.alloc(length, "x")],
  ["hardly any cuts", withoutCuts],
  ["what repeats itself", (length) => Buffer.alloc(length, randomBytesOf(3, 300 * KiB + 7))],
];

interface Found {
  readonly lengths: number[];
  readonly digests: string[];
  readonly bytes: Buffer;
}

async function found(content: WindowedContent, pool: ContentPool): Promise<Found> {
  const all: Found = { lengths: [], digests: [], bytes: Buffer.alloc(0) };
  const pieces: Buffer[] = [];
  for await (const { window, chunks, bytes } of readWindows(content, pool, undefined)) {
    chunks.lengths.forEach((length, index) => {
      all.lengths.push(length);
      all.digests.push(
        Buffer.from(chunks.digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)).toString("hex"),
      );
    });
    pieces.push(Buffer.from(bytes));
    pool.windows.giveBack(window);
  }
  return { ...all, bytes: Buffer.concat(pieces) };
}

function wanted(bytes: Buffer): Found {
  const lengths = chunkLengths(bytes);
  let at = 0;
  const digests = lengths.map((length) => {
    at += length;
    return Buffer.from(hashContentBytes(bytes.subarray(at - length, at))).toString("hex");
  });
  return { lengths, digests, bytes };
}

async function* inPiecesOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function expectSame(one: Found, other: Found): void {
  expect(one.lengths).toEqual(other.lengths);
  expect(one.digests).toEqual(other.digests);
  expect(Buffer.compare(one.bytes, other.bytes)).toBe(0);
}

describe.each([0, 2])("with %i threads", (workers) => {
  describe.each(kinds)("%s", (_, make) => {
    test.each(lengths)("of %i bytes", async (length) => {
      await prepareCompression();
      const pool = new ContentPool(nodeFileSystem, workers);
      onTestFinished(() => pool.close());
      const bytes = make(length);
      const file = path.join(temporaryFolder(), "file");
      writeFileSync(file, bytes);
      const content = FileContent.open(nodeFileSystem, file);
      onTestFinished(() => content.close());
      expectSame(await found(content, pool), wanted(bytes));
      for (const size of [1_000_003, length + 1]) {
        const stream = new StreamContent(inPiecesOf(bytes, size));
        expectSame(await found(stream, pool), wanted(bytes));
      }
    });
  });
});
