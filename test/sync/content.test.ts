/** Content on its way: everything that versions need is sent once, and read back from afar. */
import { chmodSync, closeSync, openSync, readdirSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Digest } from "../../src/digest/index.ts";
import { openStore, type Store, type Version } from "../../src/index.ts";
import type { PackName, RemotePlace } from "../../src/logs/index.ts";
import {
  decodeListNode,
  EMPTY_MANIFEST,
  findEntry,
  NodeReader,
  readChunkList,
  readEntries,
} from "../../src/manifest/index.ts";
import { Meter, type Remote } from "../../src/remote/index.ts";
import { ContentSender, type FindThere } from "../../src/sync/content-sender.ts";
import { addToIndex, readIndexTail } from "../../src/sync/index-tail.ts";
import { type HintMemory, noHints } from "../../src/sync/known-places.ts";
import { RemoteIndex } from "../../src/sync/remote-index.ts";
import { RemoteReader } from "../../src/sync/remote-reader.ts";
import { type MemoryPlace, memoryPlace } from "../../src/testing/index.ts";
import { copyingFileSystem } from "../support/copying-file-system.ts";
import { randomBytesOf } from "../support/random.ts";
import { textsOf, uploadFiles } from "../support/stores.ts";
import { MemoryKeeper, sourceOf } from "../support/sync.ts";
import { temporaryFolder } from "../support/temporary.ts";

let store: Store;
let place: MemoryPlace;

beforeEach(async () => {
  store = await openStore(`${temporaryFolder()}/store`, { workers: 0 });
  place = memoryPlace();
});
afterEach(() => store.close());

const nothingThere: FindThere = async () => new Map();

/** Hints in memory. */
function memoryOfHints(): HintMemory & { readonly hints: Map<Digest, readonly (RemotePlace | undefined)[]> } {
  const hints = new Map<Digest, readonly (RemotePlace | undefined)[]>();
  const roots = new Map<Digest, RemotePlace>();
  return {
    hints,
    hintsOf: (node) => hints.get(node),
    rootOf: (manifest) => roots.get(manifest),
    rememberHints: (node, children) => void hints.set(node, children),
    rememberRoot: (manifest, at) => void roots.set(manifest, at),
  };
}

interface Sending {
  readonly remote?: Remote;
  readonly base?: Digest;
  readonly memory?: HintMemory;
  readonly findThere?: FindThere;
}

async function send(versions: readonly Version[], options: Sending = {}): Promise<ContentSender> {
  const { remote = place.open() } = options;
  const sender = await sendWithout(versions, options);
  await addToIndex(remote, await readIndexTail(remote, 0, undefined, {}), sender.sent.sorted(), {});
  return sender;
}

function senderTo(remote: Remote, { memory = noHints, findThere = nothingThere }: Sending = {}): ContentSender {
  const group = "0123456789abcdef";
  const passedOver = async (): Promise<Set<PackName>> => new Set();
  return new ContentSender({ remote, group, source: sourceOf(store), findThere, passedOver, memory, call: {} });
}

/** Sends content that the index does not know. */
async function sendWithout(versions: readonly Version[], options: Sending = {}): Promise<ContentSender> {
  const { remote = place.open(), base = EMPTY_MANIFEST } = options;
  const sender = senderTo(remote, options);
  const bases = [base, ...versions.map(({ digest }) => digest)];
  await sender.sendChunks(versions.map(({ digest }, at) => ({ manifest: digest, base: bases[at] as Digest })));
  for (const [at, { digest }] of versions.entries()) await sender.sendNodes(digest, bases[at] as Digest);
  await sender.seal();
  await sender.settled();
  return sender;
}

/** Reads a version from afar: text by path. */
async function readBack(
  version: Version,
  memory: HintMemory = noHints,
  remote = place.open(),
): Promise<Record<string, string>> {
  const keeper = new MemoryKeeper();
  const reader = new RemoteReader(remote, { memory, keeper });
  const nodes = new NodeReader({ readNode: (digest) => reader.node(digest, "manifestNode") });
  const texts: Record<string, string> = {};
  for await (const batch of readEntries(nodes, version.digest)) {
    for (const entry of batch) {
      if (entry.kind !== "file") continue;
      const chunks: Digest[] = [];
      if (entry.size > 0 && entry.chunkList === undefined) chunks.push(entry.digest);
      else if (entry.chunkList !== undefined) {
        const lists = { readNode: (digest: Digest) => reader.node(digest, "chunkListNode") };
        for await (const some of readChunkList(lists, entry.chunkList, entry.size))
          chunks.push(...some.map((each) => each.digest));
      }
      await reader.fetch(chunks.map((digest) => ({ digest, type: "chunk" })));
      texts[entry.path] = Buffer.concat(chunks.map((digest) => keeper.chunks.get(digest) as Uint8Array)).toString(
        "latin1",
      );
    }
  }
  return texts;
}

function files(count: number, seed = 1): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      `folder-${at % 7}/file-${at}.bin`,
      `content ${at * seed} `.repeat(at % 40),
    ]),
  );
}

const large = (seed: number, length: number): Uint8Array => randomBytesOf(seed, length);

async function keysOf(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of place.open().list(prefix)) keys.push(key);
  return keys;
}

describe("a version from afar", () => {
  test("is what was sent: small files", async () => {
    const texts = files(1000);
    const version = await uploadFiles(store, texts);
    await send([version]);
    expect(await readBack(version)).toEqual(texts);
  });

  test("is what was sent: large files, and nothing", async () => {
    const texts = {
      "a/empty": "",
      "a/large": Buffer.from(large(1, 3_000_000)).toString("latin1"),
      "b/larger": Buffer.from(large(2, 20_000_000)).toString("latin1"),
    };
    const version = await uploadFiles(store, {
      ...texts,
      "a/large": large(1, 3_000_000),
      "b/larger": large(2, 20_000_000),
    });
    await send([version]);
    expect(await readBack(version)).toEqual(texts);
    expect(await keysOf("p/")).toHaveLength(3);
  });

  test("is found without hints, by the index", async () => {
    const texts = files(300);
    const version = await uploadFiles(store, texts);
    await send([version]);
    const remote = place.open();
    const index = await RemoteIndex.open(remote, undefined, {});
    expect((await index.find([version.digest])).size).toBe(1);
    expect(await readBack(version, noHints, remote)).toEqual(texts);
  });

  test("without content is nothing to send", async () => {
    const version = await uploadFiles(store, { a: "1" });
    await using draft = await store.artifact({ name: "sample", type: "dataset" });
    await draft.remove("**");
    await draft.upload();
    const empty = await store.getArtifact({ name: "sample" });
    await send([empty]);
    expect(await keysOf("p/")).toEqual([]);
    expect(await readBack(empty)).toEqual({});
    expect(version.digest).not.toBe(empty.digest);
  });
});

describe("what is sent", () => {
  test("is nothing that the base has", async () => {
    const texts = files(2000);
    const first = await uploadFiles(store, texts);
    const memory = memoryOfHints();
    await send([first], { memory });
    const changed = { ...texts, "folder-3/file-3.bin": "changed" };
    const second = await uploadFiles(store, changed);
    const meter = new Meter();
    const { sent } = await send([second], { remote: meter.measure(place.open()), base: first.digest, memory });
    // One chunk; a leaf, its parents and the root; their hints.
    expect(sent.objectCount).toBeLessThan(10);
    expect(meter.sentBytes).toBeLessThan(40_000);
    expect(await readBack(second, memory)).toEqual(changed);
    expect(await readBack(first, memory)).toEqual(texts);
  });

  test("of a changed large file are its new chunks", async () => {
    const bytes = large(5, 10_000_000);
    const first = await uploadFiles(store, { a: bytes });
    const memory = memoryOfHints();
    await send([first], { memory });
    const changed = Uint8Array.from(bytes);
    changed[5_000_000] = (changed[5_000_000] as number) ^ 1;
    const second = await uploadFiles(store, { a: changed });
    const meter = new Meter();
    await send([second], { remote: meter.measure(place.open()), base: first.digest, memory });
    expect(meter.sentBytes).toBeLessThan(500_000);
    expect(await readBack(second, memory)).toEqual({ a: Buffer.from(changed).toString("latin1") });
  });

  test("of several versions each object once", async () => {
    const versions: Version[] = [];
    for (let count = 1; count <= 5; count++) versions.push(await uploadFiles(store, files(count * 50)));
    const { sent } = await send(versions);
    const rows = sent.sorted().rows;
    const digests = new Set<string>();
    for (let at = 0; at < rows.length; at += 48) digests.add(rows.toString("hex", at, at + 32));
    expect(digests.size).toBe(rows.length / 48);
    for (const [at, version] of versions.entries()) expect(await readBack(version)).toEqual(files((at + 1) * 50));
  });

  test("is nothing that was found there", async () => {
    const texts = files(500);
    const version = await uploadFiles(store, texts);
    await send([version]);
    const again = place.open();
    const index = await RemoteIndex.open(again, undefined, {});
    const { sent } = await send([version], { findThere: (digests) => index.find(digests) });
    expect(sent.objectCount).toBe(0);
  });

  test("is no chunk of another artifact that shares a frame", async () => {
    await using mine = await store.artifact({ name: "mine", type: "dataset" });
    await using others = await store.artifact({ name: "others", type: "dataset" });
    const secret = "a secret of another artifact ".repeat(20);
    await mine.add(Buffer.from("mine"), { as: "a" });
    await others.add(Buffer.from(secret), { as: "b" });
    await others.upload();
    await mine.upload();
    const version = await store.getArtifact({ name: "mine" });
    await send([version]);
    const bodies = await Promise.all((await keysOf("p/")).map((key) => place.open().read(key)));
    expect(Buffer.concat(bodies as Uint8Array[]).includes("another artifact")).toBe(false);
  });
});

test("below a node that is sent for two artifacts all is looked at for each: what one relies on is no ground for the other", async () => {
  const bytes = large(5, 40_000_000);
  const first = await uploadFiles(store, { a: bytes });
  const changed = Uint8Array.from(bytes);
  changed[20_000_000] = (changed[20_000_000] as number) ^ 1;
  const second = await uploadFiles(store, { a: changed });
  const source = sourceOf(store);
  const sender = senderTo(place.open());
  const [own, others] = [
    { manifest: second.digest, base: first.digest },
    { manifest: second.digest, base: EMPTY_MANIFEST },
  ];
  await sender.sendChunks([own, others]);
  await sender.sendNodes(own.manifest, own.base);
  await sender.nextArtifact();
  await sender.sendNodes(others.manifest, others.base);
  await sender.seal();
  await sender.settled();
  const nodes = new NodeReader({ readNode: (digest) => source.readNode(digest, "manifestNode") });
  const { chunkList } = (await findEntry(nodes, second.digest, "a")) as { chunkList: Digest };
  const lists: Digest[] = [];
  const lookBelow = async (digest: Digest): Promise<void> => {
    lists.push(digest);
    const { level, rows } = decodeListNode(await source.readNode(digest, "chunkListNode"));
    if (level > 0) for (const row of rows) await lookBelow(row.digest);
  };
  await lookBelow(chunkList);
  expect(lists.length).toBeGreaterThan(3);
  expect(lists.filter((digest) => !sender.sent.has(digest))).toEqual([]);
});

test("of each of several artifacts it is known where its nodes lie", async () => {
  const [first, second] = [await uploadFiles(store, files(50)), await uploadFiles(store, files(50, 2), "other")];
  const memory = memoryOfHints();
  const sender = senderTo(place.open(), { memory });
  const contents = [first, second].map(({ digest }) => ({ manifest: digest, base: EMPTY_MANIFEST }));
  await sender.sendChunks(contents);
  await sender.sendNodes(first.digest, EMPTY_MANIFEST);
  await sender.nextArtifact();
  await sender.sendNodes(second.digest, EMPTY_MANIFEST);
  await sender.seal();
  await sender.settled();
  for (const { digest } of [first, second]) {
    expect(memory.hints.has(digest)).toBe(true);
    // With what stands behind it: its hints.
    expect((await sender.rootHint(digest, 0))?.place.extra).toBeGreaterThan(0);
  }
});

test("what is damaged here is not sent", async () => {
  const version = await uploadFiles(store, { "a.bin": large(9, 6_000_000), "b.txt": "b ".repeat(1000) });
  const folder = path.join(store.folder, "packs");
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    chmodSync(file, 0o600);
    const fd = openSync(file, "r+");
    writeSync(fd, Buffer.from([0xff, 0, 0xff]), 0, 3, 3_000_000);
    closeSync(fd);
  }
  await expect(send([version])).rejects.toMatchObject({ code: "DAMAGED" });
  expect(await keysOf("x/")).toEqual([]);
});

describe("an adopted file", () => {
  const head = Buffer.alloc(300_000, "a head of text, before what does not compress; ");
  const bytes = Buffer.concat([head, large(5, 17 * 1024 * 1024)]);
  let version: Version;
  let file: string;
  beforeEach(async () => {
    await store.close();
    const folder = `${temporaryFolder()}/adopting`;
    store = await openStore(folder, { workers: 0, fs: copyingFileSystem });
    const source = path.join(temporaryFolder(), "model");
    writeFileSync(source, bytes);
    await using draft = await store.artifact({ name: "sample", type: "dataset" });
    await draft.add(source, { as: "model" });
    await draft.upload();
    version = await store.resolve("sample");
    const [name] = readdirSync(path.join(folder, "files")).sort() as [string];
    file = path.join(folder, "files", name);
  });

  test("goes as frames of its chunks, and what of it compresses is compressed", async () => {
    await send([version]);
    expect(Buffer.from((await readBack(version))["model"] as string, "latin1").equals(bytes)).toBe(true);
    let sent = 0;
    for await (const { size } of place.open().list("p/")) sent += size;
    expect(sent).toBeLessThan(bytes.length - head.length / 2);
  });

  test("is not sent where a byte of it is wrong", async () => {
    chmodSync(file, 0o600);
    const fd = openSync(file, "r+");
    writeSync(fd, Uint8Array.of((bytes[9_000_000] as number) ^ 1), 0, 1, 9_000_000);
    closeSync(fd);
    await expect(send([version])).rejects.toMatchObject({ code: "DAMAGED" });
  });
});

test("packs are at most 16 MiB, and hold nothing but what the push needs", async () => {
  const version = await uploadFiles(store, { a: large(9, 40_000_000) });
  await send([version]);
  const sizes: number[] = [];
  for await (const { size } of place.open().list("p/")) sizes.push(size);
  expect(Math.max(...sizes)).toBeLessThan(16 * 1024 * 1024);
  expect(sizes.length).toBeLessThanOrEqual(4);
});

test("one entry of many costs a few reads one after another", async () => {
  const texts = files(5000);
  const version = await uploadFiles(store, texts);
  const sender = await send([version]);
  const root = await sender.rootHint(version.digest, 16 * 1024);
  const memory = memoryOfHints();
  memory.rememberRoot(version.digest, root?.place as RemotePlace);
  const meter = new Meter();
  const keeper = new MemoryKeeper();
  const reader = new RemoteReader(meter.measure(place.open()), { memory, keeper });
  const nodes = new NodeReader({ readNode: (digest) => reader.node(digest, "manifestNode") });
  const entry = await findEntry(nodes, version.digest, "folder-3/file-2754.bin");
  await reader.fetch([{ digest: (entry as { digest: Digest }).digest, type: "chunk" }]);
  // The root and the nodes down to a leaf, and the chunk: each by the hint beside the one before.
  const { level } = await nodes.root(version.digest);
  expect(level).toBeGreaterThan(0);
  expect(meter.requests).toBe(level + 2);
  expect([...keeper.chunks.values()].map((chunk) => Buffer.from(chunk).toString())).toContain(
    texts["folder-3/file-2754.bin"],
  );
});

test("names of packs are hashes of what they hold", async () => {
  const version = await uploadFiles(store, files(10));
  const { packs } = await send([version]);
  const { hashContent } = await import("../../src/digest/index.ts");
  for (const pack of packs as readonly PackName[]) {
    const bytes = (await place.open().read(`p/${pack}`)) as Uint8Array;
    expect(pack.endsWith(hashContent(bytes))).toBe(true);
  }
});

test("rows that are added behind an end which others have moved meanwhile are found, and so are those of the others", async () => {
  const [first, second] = [await uploadFiles(store, files(3)), await uploadFiles(store, files(3, 2))];
  const seen = await readIndexTail(place.open(), 0, undefined, {});
  await send([first]);
  const late = await sendWithout([second]);
  const position = await addToIndex(place.open(), seen, late.sent.sorted(), {});
  expect(position).toMatchObject({ epoch: 0, slot: 2 });
  for (const version of [first, second]) expect(await readBack(version)).toEqual(await textsOf(version));
  // Its own run is not read back.
  const meter = new Meter();
  expect(await readIndexTail(meter.measure(place.open()), 0, position, {})).toBe(position);
  expect(meter.requests).toBe(1);
});
