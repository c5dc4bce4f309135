import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { prepareCompression } from "../../src/objects/index.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { ContentPool } from "../../src/worktree/content-pool.ts";
import { EffortChoice } from "../../src/worktree/effort-choice.ts";
import { type ChunkSink, Ingest } from "../../src/worktree/index.ts";
import { WINDOW_BYTES, Windows } from "../../src/worktree/windows.ts";
import { temporaryFolder } from "../support/folders.ts";
import { randomBytesOf } from "../support/random.ts";

const MiB = 1024 * 1024;

/** Lines that compress, each another. */
function textOf(length: number): Buffer {
  const lines: string[] = [];
  for (let line = 0, size = 0; size < length; line++) {
    lines.push(`line ${line}: ${Math.imul(line, 2654435761) >>> 0}\n`);
    size += (lines.at(-1) as string).length;
  }
  return Buffer.from(lines.join("")).subarray(0, length);
}

/** All windows can be had at once only when nobody has kept one. */
async function expectAllFree({ windows, width }: ContentPool): Promise<void> {
  const all = await Promise.all(Array.from({ length: width + 1 }, () => windows.take()));
  for (const window of all) windows.giveBack(window);
}

/** Takes what comes; fails where it is told to. */
function sinkThat(fails: () => boolean): ChunkSink {
  return {
    wants: () => true,
    addChunks: (frames) => frames.giveBack?.(),
    ready: async () => {
      if (fails()) throw new Error("no more room");
    },
  };
}

test("windows are given in the order in which they are asked for, and never to two at once", async () => {
  const windows = new Windows(2);
  const [one, other] = [await windows.take(), await windows.take()];
  expect(one.bytes.length).toBe(WINDOW_BYTES);
  one.bytes.fill(1);
  other.bytes.fill(2);
  expect(one.bytes.every((byte) => byte === 1)).toBe(true);
  const waiting = [windows.take(), windows.take()];
  windows.giveBack(other);
  expect(await waiting[0]).toBe(other);
  windows.giveBack(one);
  expect(await waiting[1]).toBe(one);
});

test.each([
  ["in place", 0],
  ["in threads", 2],
])("all windows come back from an ingest %s, whatever fails in it", async (_, workers) => {
  await prepareCompression();
  const folder = temporaryFolder();
  const sizes = [100, 50_000, 3 * MiB, 9 * MiB, 200, 5 * MiB];
  // One of several windows that compresses: threads share it.
  const contentOf = (number: number, size: number): Uint8Array =>
    number === 3 ? textOf(size) : randomBytesOf(number + 1, size);
  const digests = sizes.map((size, number) => hashContent(contentOf(number, size)));
  const files = sizes.map((size, number) => {
    const file = path.join(folder, `${number}`);
    fs.writeFileSync(file, contentOf(number, size));
    return { path: `${number}`, file, size };
  });
  const faulty = new FaultyFileSystem();
  const pool = new ContentPool(workers === 0 ? faulty : nodeFileSystem, workers);
  onTestFinished(() => pool.close());
  const lists = { writeNode: () => {} };
  await fc.assert(
    fc.asyncProperty(fc.nat(12), fc.nat(60), fc.nat(60), async (failsAt, readFailsAt, abortsAt) => {
      let calls = 0;
      let reads = 0;
      faulty.decide = ({ name }) => (name === "read" && reads++ === readFailsAt ? "EIO" : undefined);
      const controller = new AbortController();
      const ingest = new Ingest({
        pool,
        sink: sinkThat(() => calls++ === failsAt),
        lists,
        signal: controller.signal,
        onBytes: () => {
          if (calls >= abortsAt) controller.abort();
        },
      });
      const batches = (async function* given() {
        yield files;
      })();
      try {
        let seen = 0;
        for await (const results of ingest.files(batches)) {
          for (const result of results) {
            const wanted = files[seen++] as { path: string; size: number };
            if (result.kind === "failed") continue;
            expect(result.entry).toMatchObject({ path: wanted.path, size: wanted.size });
            expect(result.entry.digest).toBe(digests[Number(wanted.path)]);
          }
        }
        expect(seen).toBe(files.length);
      } catch (error) {
        expect((error as Error).message).toMatch(/no more room|aborted/);
      }
      await expectAllFree(pool);
    }),
    { numRuns: 25 },
  );
});

test("a stream that takes its time keeps no window from others", async () => {
  await prepareCompression();
  const pool = new ContentPool(nodeFileSystem, 0);
  const ingest = new Ingest({ pool, sink: sinkThat(() => false), lists: { writeNode: () => {} } });
  let goOn = (): void => {};
  const paused = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield randomBytesOf(1, 100);
    await paused;
    yield randomBytesOf(2, 100);
  }
  const streams = Array.from({ length: 20 }, (_, number) => ingest.content(`${number}`, slow(), false));
  await expectAllFree(pool);
  goOn();
  const whole = Buffer.concat([randomBytesOf(1, 100), randomBytesOf(2, 100)]);
  for (const entry of await Promise.all(streams))
    expect(entry).toMatchObject({ size: 200, digest: hashContent(whole) });
  await expectAllFree(pool);
});

test("threads that share a window make the same frames of it as one", async () => {
  await prepareCompression();
  // How thoroughly a part is compressed follows what came of parts before it that are done: here all are alike.
  const choice = vi.spyOn(EffortChoice.prototype, "next").mockReturnValue("high");
  onTestFinished(() => choice.mockRestore());
  const file = path.join(temporaryFolder(), "text");
  const bytes = textOf(9 * MiB);
  fs.writeFileSync(file, bytes);
  const packed = async (workers: number): Promise<{ entry: unknown; frames: string[] }> => {
    const pool = new ContentPool(nodeFileSystem, workers);
    onTestFinished(() => pool.close());
    const frames: string[] = [];
    const addChunks: ChunkSink["addChunks"] = (encoded) => {
      const all = Buffer.concat(encoded.pieces);
      let at = 0;
      for (const length of encoded.frameLengths) {
        frames.push(all.subarray(at, at + length).toString("latin1"));
        at += length;
      }
      encoded.giveBack?.();
    };
    const sink = { wants: () => true, addChunks, ready: async () => {} };
    const ingest = new Ingest({ pool, sink, lists: { writeNode: () => {} } });
    const files = (async function* given() {
      yield [{ path: "text", file, size: bytes.length }];
    })();
    const entries: unknown[] = [];
    for await (const some of ingest.files(files)) for (const each of some) entries.push(each);
    await expectAllFree(pool);
    // Windows come in any order.
    return { entry: (entries[0] as { entry: unknown }).entry, frames: frames.sort() };
  };
  const [alone, shared] = [await packed(0), await packed(2)];
  expect(shared.entry).toEqual(alone.entry);
  expect(shared.frames.length).toBeGreaterThan(30);
  expect(shared.frames).toEqual(alone.frames);
});
