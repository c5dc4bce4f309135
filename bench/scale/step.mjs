/** One step of the simulation, in a process of its own: node step.mjs ROOMS STEP ARGUMENTS… Prints its figures as JSON. */
import { createHash } from "node:crypto";
import { closeSync, ftruncateSync, mkdirSync, openSync, statSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { randomBytes } from "../corpora/seeded.mjs";
import { importRoom } from "../internals.mjs";
import {
  absentDigests,
  CHUNK_BYTES,
  PACK_CHUNKS,
  packDigests,
  pathOf,
  presentDigests,
  UPLOAD_PACKS,
} from "./numbers.mjs";

const LOOKUPS = 20_000;
const [rooms, step, ...args] = process.argv.slice(2);
const steps = { chunks, manifest, edit, remove, merge, lookUp, rows, lookUpRows };
console.log(JSON.stringify(await steps[step](...args)));

async function openEngine(folder) {
  const { Engine } = await importRoom(rooms, "store/engine");
  return Engine.open(folder, { user: "bench", workers: 0, create: true });
}

/** Packs with tables and without content, in uploads of some 10 GiB, each followed by what an upload does for the places. */
async function chunks(folder, packCount) {
  const { TableBuilder, encodeFoot, packPath, PACK_HEAD_BYTES } = await importRoom(rooms, "objects/index");
  const engine = await openEngine(folder);
  mkdirSync(path.join(engine.folder, "packs"), { recursive: true });
  const frames = {
    type: "chunk",
    frameLengths: new Uint32Array(PACK_CHUNKS).fill(CHUNK_BYTES),
    objectCounts: new Int32Array(PACK_CHUNKS).fill(1),
  };
  const writePack = (number) => {
    const table = new TableBuilder();
    table.add({ ...frames, digests: packDigests(number) }, PACK_HEAD_BYTES);
    const bytes = table.finish();
    const tableAt = PACK_HEAD_BYTES + PACK_CHUNKS * CHUNK_BYTES;
    const name = createHash("sha256").update(`scale ${number}`).digest("hex");
    const fd = openSync(path.join(engine.folder, packPath(name)), "w");
    ftruncateSync(fd, tableAt);
    for (const [index, part] of [bytes, encodeFoot(tableAt, bytes)].entries()) {
      writeSync(fd, part, 0, part.length, tableAt + (index === 0 ? 0 : bytes.length));
    }
    closeSync(fd);
    return { kind: "data", name, bytes: statSync(path.join(engine.folder, packPath(name))).size, objects: PACK_CHUNKS };
  };
  const mergeSeconds = [];
  for (let first = 0; first < Number(packCount); first += UPLOAD_PACKS) {
    const count = Math.min(UPLOAD_PACKS, Number(packCount) - first);
    const packs = Array.from({ length: count }, (_, index) => writePack(first + index));
    await engine.commit(() => ({ changes: [], content: { packs, frames: [] } }));
    const start = performance.now();
    await engine.tidy();
    mergeSeconds.push((performance.now() - start) / 1000);
  }
  await engine.close();
  const sum = mergeSeconds.reduce((total, each) => total + each, 0);
  return { uploads: mergeSeconds.length, mergeSeconds: sum, longestMergeSeconds: Math.max(...mergeSeconds) };
}

/** A manifest of many entries, built node by node as an upload does, and published as a version. */
async function manifest(folder, entryCount) {
  const { ManifestBuilder, encodeVersionRecord, versionId } = await importRoom(rooms, "manifest/index");
  const { ContentWriter } = await importRoom(rooms, "objects/index");
  const { digestFromBytes } = await importRoom(rooms, "digest/index");
  const engine = await openEngine(folder);
  const content = new ContentWriter(engine.fs, engine.folder, engine.objects);
  const builder = new ManifestBuilder(content.manifestNodes);
  let digests;
  for (let entry = 0; entry < Number(entryCount); entry++) {
    const at = entry % PACK_CHUNKS;
    if (at === 0) digests = packDigests(entry / PACK_CHUNKS);
    const digest = digestFromBytes(digests, at * 32);
    builder.add({
      path: pathOf(entry),
      kind: "file",
      size: CHUNK_BYTES,
      digest,
      chunkList: undefined,
      executable: false,
    });
    if (entry % 10_000 === 0) await content.ready();
  }
  const root = builder.finish();
  const written = await content.seal(root);
  const artifact = digestFromBytes(randomBytes("scale artifact", 32));
  const name = { team: "local", experiment: "uncategorized", type: "dataset", name: "scale" };
  const record = encodeVersionRecord({
    artifact,
    manifest: root,
    parents: [],
    createdAt: 0,
    createdBy: "bench",
    run: undefined,
    message: "",
    metadata: {},
    nonce: randomBytes("scale nonce", 16),
  });
  const sums = { entries: Number(entryCount), files: Number(entryCount), bytes: Number(entryCount) * CHUNK_BYTES };
  const version = {
    change: "version",
    artifact,
    version: versionId(record),
    number: 1,
    record,
    ...sums,
    newBytes: sums.bytes,
  };
  await engine.commit(() => ({ changes: [{ change: "artifact", artifact, ...name }, version], content: written }));
  content.close();
  await engine.tidy();
  await engine.close();
  const nodeBytes = written.packs.reduce((total, pack) => total + pack.bytes, 0);
  return { nodeBytes, nodes: written.packs.reduce((total, pack) => total + pack.objects, 0) };
}

/** Ten changes far apart: files added beside others. */
function edit(folder, entryCount) {
  return changed(folder, async (draft) => {
    for (let change = 0; change < 10; change++) {
      const place = pathOf(Math.floor((change * Number(entryCount)) / 10));
      await draft.add(Buffer.from(`change ${change}`), { as: `${place}.more` });
    }
  });
}

/** One file taken out by its path. */
function remove(folder, entryCount) {
  return changed(folder, (draft) => draft.remove(pathOf(Math.floor(Number(entryCount) / 3))));
}

async function changed(folder, change) {
  const { Store } = await importRoom(rooms, "store/index");
  const store = await Store.open(folder, { workers: 0, user: "bench" });
  const draft = await store.artifact({ name: "scale", type: "dataset" });
  await change(draft);
  const { version, writtenBytes } = await draft.upload();
  await draft.close();
  await store.close();
  return { version, stored: writtenBytes };
}

/** What an upload does for the places, where the runs were lost. */
async function merge(folder) {
  const engine = await openEngine(folder);
  const start = performance.now();
  await engine.tidy();
  await engine.close();
  return { mergeSeconds: (performance.now() - start) / 1000 };
}

/** Finds chunks that are there, and chunks that are not. */
async function lookUp(folder, packCount) {
  const engine = await openEngine(folder);
  const figures = timed(Number(packCount), (digests, at) => engine.objects.locateAt(digests, at) !== undefined);
  await engine.close();
  return figures;
}

/** The other way: a row of SQLite for each chunk, a transaction for each upload. */
async function rows(file, packCount) {
  const database = openRows(file);
  const insert = database.prepare("INSERT OR IGNORE INTO place VALUES (?, ?, ?, ?, ?)");
  const uploadSeconds = [];
  for (let first = 0; first < Number(packCount); first += UPLOAD_PACKS) {
    const start = performance.now();
    database.transaction(() => {
      for (let pack = first; pack < Math.min(first + UPLOAD_PACKS, Number(packCount)); pack++) {
        const digests = packDigests(pack);
        for (let chunk = 0; chunk < PACK_CHUNKS; chunk++) {
          insert.run(digests.subarray(chunk * 32, chunk * 32 + 32), pack, 32 + chunk * CHUNK_BYTES, CHUNK_BYTES, 0);
        }
      }
    })();
    uploadSeconds.push((performance.now() - start) / 1000);
  }
  database.close();
  const mean = (list) => list.reduce((total, each) => total + each, 0) / list.length;
  return {
    insertSeconds: uploadSeconds.reduce((total, each) => total + each, 0),
    firstUploadsSeconds: mean(uploadSeconds.slice(0, 5)),
    lastUploadsSeconds: mean(uploadSeconds.slice(-5)),
  };
}

async function lookUpRows(file, packCount) {
  const database = openRows(file);
  const find = database.prepare("SELECT file, offset, length, number FROM place WHERE digest = ?");
  const figures = timed(Number(packCount), (digests, at) => find.get(digests.subarray(at, at + 32)) !== undefined);
  database.close();
  return figures;
}

function openRows(file) {
  const Database = createRequire(import.meta.url)("better-sqlite3");
  const database = new Database(file);
  // As the catalog is opened, with more room in memory.
  for (const pragma of ["journal_mode = WAL", "synchronous = NORMAL", "cache_size = -65536"]) database.pragma(pragma);
  database.exec(
    "CREATE TABLE IF NOT EXISTS place (digest BLOB PRIMARY KEY, file INTEGER, offset INTEGER, length INTEGER, number INTEGER) WITHOUT ROWID",
  );
  return database;
}

/** Microseconds a lookup, of digests that are there and of some that are not; each asked for once, in no order. */
function timed(packCount, has) {
  const of = (digests, isThere) => {
    const start = performance.now();
    for (let at = 0; at < digests.length; at += 32) {
      if (has(digests, at) !== isThere) throw new Error("a digest was found that is not there, or not found that is");
    }
    return ((performance.now() - start) * 1000) / (digests.length / 32);
  };
  const absent = absentDigests(LOOKUPS);
  return { presentMicroseconds: of(presentDigests(packCount, LOOKUPS), true), absentMicroseconds: of(absent, false) };
}
