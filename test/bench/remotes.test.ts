/** What remotes cost, counted: requests, how many of them one after another, and bytes. What it takes in time is for `bench/sync.mjs`. */
import { rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { logPosition, remotes } from "../../src/catalog/index.ts";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { openStore, type Store } from "../../src/index.ts";
import { artifactLog, type LogEvent } from "../../src/logs/index.ts";
import { encodeVersionRecord, versionId } from "../../src/manifest/index.ts";
import type { Remote } from "../../src/remote/index.ts";
import { type LogPosition, RemoteLog } from "../../src/sync/index.ts";
import { FaultyFileSystem, memoryPlace, settableClock } from "../../src/testing/index.ts";
import { makeBucket, openBucket } from "../support/buckets.ts";
import { randomBytesOf } from "../support/random.ts";
import { isInstalled, needs, startVersitygw } from "../support/servers.ts";
import { newFolder, openScratch, uploadFiles } from "../support/stores.ts";

interface Trace {
  readonly sums: { requests: number; inSequence: number; sent: number; received: number };
  reset(): void;
}

const bench = (name: string): Promise<unknown> =>
  import(pathToFileURL(fileURLToPath(new URL(`../../bench/${name}`, import.meta.url))).href);
const { traced, Trace } = (await bench("traced.mjs")) as {
  traced(remote: Remote, trace: Trace, pageKeys?: number): Remote;
  Trace: new () => Trace;
};

const KiB = 1024;
const MiB = 1024 * KiB;
const ENTRIES = 50_000;
const LARGE_BYTES = 64 * MiB;

/** A place that is empty: of a real S3 server, where there is one. */
async function makePlace(): Promise<() => Remote> {
  if (!isInstalled("versitygw")) return memoryPlace().open;
  const server = await startVersitygw();
  await makeBucket(server, "bucket-of-counts");
  return () => openBucket(server, "bucket-of-counts");
}

describe(`of many entries and a large file (${needs("versitygw")})`, () => {
  const folder = newFolder();
  const large = randomBytesOf(64, LARGE_BYTES);
  const trace = new Trace();
  let open: () => Remote;
  let store: Store;

  beforeAll(async () => {
    const place = await makePlace();
    open = () => traced(place(), trace);
    store = await openStore(folder, { workers: 0, user: "tester", openRemote: async () => open() });
    await store.remotes.add("origin", "/place");
    // What the place guarantees is found out once.
    await store.remotes.check("origin");
    await using draft = await store.artifact({ name: "sample", type: "dataset" });
    for (let number = 0; number < ENTRIES; number++) {
      await draft.add(Buffer.from(`sample ${number}\n`), { as: `folder-${number % 97}/sample-${number}.txt` });
    }
    await draft.add(large, { as: "folder-50/large.bin" });
    await draft.upload();
  });
  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  /** What a push comes to. */
  async function pushed(): Promise<Trace["sums"]> {
    trace.reset();
    await store.push();
    return trace.sums;
  }

  test("a first push takes requests by the bytes, not by the entries", async () => {
    const { requests, sent } = await pushed();
    expect(sent).toBeGreaterThan(LARGE_BYTES);
    expect(requests).toBeLessThanOrEqual(24);
  });

  test("a push of the same takes 5 requests and 16 KiB at most", async () => {
    const { requests, sent, received } = await pushed();
    expect(requests).toBeLessThanOrEqual(5);
    expect(sent + received).toBeLessThanOrEqual(16 * KiB);
  });

  test("4 KiB of the large file, read into an empty store, take 8 requests one after another and 1 MiB at most", async () => {
    for (const from of [LARGE_BYTES / 2, LARGE_BYTES - 4 * KiB, 20_000_001]) {
      const far = await openWithRemote(open);
      trace.reset();
      await far.pull({ metadataOnly: true });
      const bytes = await (await far.resolve("sample")).readRange("folder-50/large.bin", from, 4 * KiB);
      expect(Buffer.compare(bytes, large.subarray(from, from + 4 * KiB))).toBe(0);
      expect(trace.sums.inSequence).toBeLessThanOrEqual(8);
      expect(trace.sums.received).toBeLessThanOrEqual(MiB);
    }
  });

  test("a push of one changed file takes 12 requests and 64 KiB at most, and so do nearly all after it", async () => {
    const all: number[] = [];
    // Through checkpoints of its log of both lower levels, and runs of the index that are taken up.
    for (let number = 50; number < 120; number++) {
      await using draft = await store.artifact({ name: "sample", type: "dataset" });
      await draft.add(Buffer.from(`changed ${number}\n`), { as: `folder-${number % 97}/sample-${number}.txt` });
      await draft.upload();
      const { requests, sent, received } = await pushed();
      all.push(requests);
      if (number === 50) expect(sent + received).toBeLessThanOrEqual(64 * KiB);
      expect(sent + received).toBeLessThanOrEqual(128 * KiB);
    }
    expect(all[0]).toBeLessThanOrEqual(12);
    expect(all.filter((requests) => requests > 12).length).toBeLessThanOrEqual(8);
    expect(Math.max(...all)).toBeLessThanOrEqual(16);
  });
});

test("a clone of the metadata of 10,000 versions, each pushed by itself, takes 50 requests at most", async () => {
  const place = memoryPlace();
  const store = await openWithRemote(place.open);
  const first = await uploadFiles(store, { a: "first" });
  await store.push();
  await addVersions(store, place.open(), first.id, 9999);
  const far = await openScratch();
  const trace = new Trace();
  // A list of S3 brings a thousand keys.
  const { versions } = await far.pull({ remote: traced(place.open(), trace, 1000), metadataOnly: true });
  expect(versions).toHaveLength(10_000);
  expect((await far.resolve("sample")).version).toBe("V10000");
  expect(trace.sums.requests).toBeLessThanOrEqual(50);
});

test("the content of many small versions comes together: a few requests, and a few flushes", async () => {
  const [place, trace] = [memoryPlace(), new Trace()];
  const store = await openWithRemote(place.open);
  for (let at = 0; at < 100; at++) await uploadFiles(store, { a: `first ${at}`, b: "b".repeat(at) });
  await store.push();
  const fs = new FaultyFileSystem();
  const far = await openScratch(undefined, { fs });
  await far.pull({ remote: traced(place.open(), trace), metadataOnly: true });
  trace.reset();
  let flushes = 0;
  fs.decide = ({ name }) => {
    if (name === "flush") flushes++;
    return undefined;
  };
  await far.pull({ remote: traced(place.open(), trace) });
  expect((await far.resolve("sample:V50")).isComplete).toBe(true);
  expect(trace.sums.requests).toBeLessThanOrEqual(20);
  expect(flushes).toBeLessThanOrEqual(20);
  expect(flushes).toBeGreaterThan(0);
});

/** An empty store that knows a remote. */
async function openWithRemote(open: () => Remote): Promise<Store> {
  const store = await openScratch(undefined, { openRemote: async () => open() });
  await store.remotes.add("origin", "/place");
  return store;
}

/** Adds versions to the log of the only artifact of a store, one step each, as pushes do; without content, which a clone does not ask for. */
async function addVersions(store: Store, remote: Remote, parent: Digest, count: number): Promise<void> {
  const { catalog } = store.engine;
  const [artifact] = catalog.artifacts({});
  const id = artifact?.artifact as Digest;
  const [place] = remotes(catalog);
  const log = new RemoteLog(remote, artifactLog(id));
  let at = logPosition(catalog, place?.id as Digest, artifactLog(id)) as LogPosition;
  let last = parent;
  for (let number = 2; number <= count + 1; number++) {
    const record = encodeVersionRecord({
      artifact: id,
      manifest: hashContent(Buffer.from(`manifest ${number}`)),
      parents: [last],
      createdAt: number,
      createdBy: "tester",
      message: `step ${number}`,
      metadata: {},
      nonce: Buffer.alloc(16),
    });
    const event: LogEvent = { event: "version", number, record, entries: 1, files: 1, bytes: 7, newBytes: 7 };
    const writer = { by: "tester", clock: settableClock(number) };
    at = (await log.append(at, [event], { roots: [] }, writer)) as LogPosition;
    last = versionId(record);
  }
}
