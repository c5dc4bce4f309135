// A reader of stores written from docs/format.md: it shares no code with artifold. It reads what the journal and the
// packs say, with no catalog, and believes nothing whose digest it has not made. What the journal means is in
// independent-changes.mjs, what logs of remotes mean in independent-steps.mjs.
import fs from "node:fs";
import path from "node:path";
import * as zstd from "@bokuweb/zstd-wasm";
import blake3 from "blake3";
import { Unpackr } from "msgpackr";
import { applyChange, applyCheckpoint } from "./independent-changes.mjs";
import { emptyState, listsOf } from "./independent-state.mjs";
import { check, derive, hash, readValue, u64 } from "./independent-values.mjs";

// Once: begun again, it takes its memory from under what is being read.
await zstd.init();
const decompressor = zstd.createDCtx();

/** Section 13: the store as a whole. */
export async function readStore(folder) {
  const mark = JSON.parse(fs.readFileSync(path.join(folder, "format.json"), "utf8"));
  check(mark.artifold === "store" && mark.format === 1 && mark.needs.length === 0, "the mark");
  check(mark.check === blake3.hash(`artifold store\n1\n${mark.id}`).toString("hex"), "the mark, by its check");
  const objects = new Map();
  const state = emptyState();
  readJournal(folder, state, objects);
  const object = (type, digest) => readObject(folder, objects, type, digest);
  return {
    ...listsOf(state),
    entries: (manifest) => [...entriesOf(object, manifest)],
    content: (entry) => contentOf(object, entry),
  };
}

/** Section 12: records in order, and what they say. */
function readJournal(folder, state, objects) {
  const names = fs.readdirSync(path.join(folder, "journal")).filter((name) => /^\d{8}\.segment$/.test(name));
  let previous = Buffer.alloc(32);
  let sequence = 0;
  for (const name of names.sort()) {
    const file = `journal/${name}`;
    const bytes = fs.readFileSync(path.join(folder, file));
    check(bytes.toString("latin1", 0, 8) === "AFjrnl\0\x01" && u64(bytes, 8) === Number(name.slice(0, 8)), "a head");
    check(
      derive("journal segment head", bytes.subarray(0, 32)).subarray(0, 16).equals(bytes.subarray(32, 48)),
      "a head",
    );
    const mark = bytes.subarray(16, 32);
    for (let at = 48; at < bytes.length; ) {
      const record = readRecord(bytes, at, mark);
      // What is left is a torn tail, or damage that this reader does not step over.
      if (record === undefined) break;
      sequence++;
      check(record.sequence === sequence && record.previous.equals(previous), "the chain");
      previous = record.digest;
      at = record.end;
      if (record.kind === 3) {
        readTable(file, bytes, objects);
        break;
      }
      applyRecord(folder, record, state, objects);
      placeFrames(file, bytes, record, objects);
    }
  }
}

function readRecord(bytes, at, mark) {
  if (bytes.length - at < 104 || bytes.toString("latin1", at, at + 4) !== "AFj1") return undefined;
  if (!bytes.subarray(at + 4, at + 20).equals(mark)) return undefined;
  const payloadEnd = at + 104 + bytes.readUInt32LE(at + 32);
  const attachmentAt = payloadEnd + 32;
  const end = attachmentAt + bytes.readUInt32LE(at + 36);
  if (end > bytes.length) return undefined;
  const digest = bytes.subarray(payloadEnd, attachmentAt);
  if (!derive("journal record", bytes.subarray(at, payloadEnd)).equals(digest)) return undefined;
  if (!hash(bytes.subarray(attachmentAt, end)).equals(bytes.subarray(at + 72, at + 104))) return undefined;
  return {
    kind: bytes.readUInt32LE(at + 20),
    sequence: u64(bytes, at + 24),
    previous: bytes.subarray(at + 40, at + 72),
    payload: bytes.subarray(at + 104, payloadEnd),
    digest,
    attachmentAt,
    end,
  };
}

const payloads = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

function applyRecord(folder, record, state, objects) {
  const payload = payloads.unpack(record.payload);
  if (record.kind === 2) return applyCheckpoint(payload, state);
  check(record.kind === 1, "a kind of record");
  for (const { name } of payload.packs) {
    const file = `packs/${name}.pack`;
    const bytes = fs.readFileSync(path.join(folder, file));
    check(hash(bytes).toString("hex") === name, "a pack's name");
    readTable(file, bytes, objects);
  }
  for (const { name } of payload.files ?? []) {
    const file = `files/${name}`;
    check(
      name.startsWith(`${hash(fs.readFileSync(path.join(folder, file))).toString("hex")}-`),
      "an adopted file's name",
    );
    readTable(file, fs.readFileSync(path.join(folder, `${file}.table`)), objects);
  }
  for (const change of payload.changes) applyChange(change, state);
}

/** Section 11: where the objects of a file lie, from its last 64 bytes. */
function readTable(file, bytes, objects) {
  const foot = bytes.subarray(-64);
  check(foot.toString("latin1", 56) === "AFtable\x01", "a foot");
  const table = bytes.subarray(u64(foot, 0), u64(foot, 0) + u64(foot, 8));
  check(derive("table", table).equals(foot.subarray(16, 48)), "a table");
  const rowsAt = 8 + table.readUInt32LE(0) * 12;
  for (let row = 0; row < table.readUInt32LE(4); row++) {
    const at = rowsAt + row * 38;
    const frameAt = 8 + table.readUInt32LE(at + 32) * 12;
    const place = {
      file,
      offset: u64(table, frameAt),
      length: table.readUInt32LE(frameAt + 8),
      index: table.readUInt16LE(at + 36) & 0x7fff,
    };
    objects.set(table.toString("hex", at, at + 32), place);
  }
}

/** Section 12: objects in the attachment of a record, named by it and found by its frames. */
function placeFrames(file, bytes, record, objects) {
  if (record.kind !== 1) return;
  const named = payloads.unpack(record.payload).objects ?? Buffer.alloc(0);
  let digestAt = 0;
  for (let at = record.attachmentAt; at < record.end; ) {
    const frame = readFrame(bytes.subarray(at, record.end));
    for (let index = 0; index < frame.lengths.length; index++, digestAt += 32) {
      objects.set(named.toString("hex", digestAt, digestAt + 32), { file, offset: at, length: frame.length, index });
    }
    at += frame.length;
  }
  check(digestAt === named.length, "the objects of a record");
}

/** Section 10. */
function readFrame(bytes) {
  check(bytes.toString("latin1", 0, 4) === "AFf1" && bytes[5] <= 2 && bytes.readUInt16LE(6) === 0, "a frame");
  const count = bytes.readUInt32LE(8);
  const basesAt = 20 + count * 4;
  const bases = [];
  let payloadAt = basesAt;
  if (bytes[5] === 2) {
    payloadAt += 4 + bytes.readUInt32LE(basesAt) * 32;
    for (let at = basesAt + 4; at < payloadAt; at += 32) bases.push(bytes.toString("hex", at, at + 32));
  }
  const length = payloadAt + bytes.readUInt32LE(16);
  return {
    type: bytes[4],
    codec: bytes[5],
    rawLength: bytes.readUInt32LE(12),
    lengths: Array.from({ length: count }, (_, index) => bytes.readUInt32LE(20 + index * 4)),
    bases,
    payload: bytes.subarray(payloadAt, length),
    length,
  };
}

/** The bytes of all objects of a frame. */
function rawOf(folder, objects, frame) {
  if (frame.codec === 0) return frame.payload;
  const options = { defaultHeapSize: frame.rawLength };
  if (frame.codec === 1) return Buffer.from(zstd.decompress(frame.payload, options));
  const base = Buffer.concat(frame.bases.map((digest) => readObject(folder, objects, frame.type, digest)));
  return Buffer.from(zstd.decompressUsingDict(decompressor, frame.payload, base, options));
}

const CHUNK = 1;
const MANIFEST_NODE = 2;
const CHUNK_LIST_NODE = 3;
const contexts = { [MANIFEST_NODE]: "manifest node", [CHUNK_LIST_NODE]: "chunk list node" };

function readObject(folder, objects, type, digest) {
  const place = objects.get(digest);
  check(place !== undefined, `an object that is nowhere: ${digest}`);
  const bytes = Buffer.alloc(place.length);
  const fd = fs.openSync(path.join(folder, place.file));
  fs.readSync(fd, bytes, 0, place.length, place.offset);
  fs.closeSync(fd);
  if (place.file.startsWith("files/")) {
    check(type === CHUNK && hash(bytes).toString("hex") === digest, "a chunk of an adopted file");
    return bytes;
  }
  const frame = readFrame(bytes);
  check(frame.type === type, "a type of object");
  const raw = rawOf(folder, objects, frame);
  check(raw.length === frame.rawLength, "a raw length");
  const from = frame.lengths.slice(0, place.index).reduce((sum, length) => sum + length, 0);
  const object = raw.subarray(from, from + frame.lengths[place.index]);
  const made = type === CHUNK ? hash(object) : derive(contexts[type], object);
  check(made.toString("hex") === digest, "an object's digest");
  return object;
}

/** Section 7: entries of a manifest, in order. */
function* entriesOf(object, digest, parent) {
  if (digest === "deac41ad022a5d50ff5ab31e406169954a33c2ee3dbc6c244ffad717b2282558") return;
  const [kind, level, rows] = readValue(object(MANIFEST_NODE, digest));
  check(kind === 1 && (parent === undefined || (level === parent.level - 1 && rows[0][0] === parent.path)), "a node");
  for (const row of rows) {
    if (level === 0) yield entryOf(row);
    else yield* entriesOf(object, row[1].toString("hex"), { level, path: row[0] });
  }
}

/** Section 6. */
function entryOf([path_, mode, ...fields]) {
  const digest = (bytes) => (bytes === null ? undefined : bytes.toString("hex"));
  if (mode <= 1) {
    const [size, content, chunkList] = fields;
    return {
      path: path_,
      kind: "file",
      size,
      digest: digest(content),
      chunkList: digest(chunkList),
      executable: mode === 1,
    };
  }
  if (mode === 2) return { path: path_, kind: "folder" };
  if (mode === 3) return { path: path_, kind: "link", target: fields[0] };
  check(mode === 4, "a mode");
  return {
    path: path_,
    kind: "reference",
    uri: fields[0],
    size: fields[1] ?? undefined,
    digest: digest(fields[2]),
    etag: fields[3] ?? undefined,
  };
}

/** Sections 6 and 8: the bytes of a file. */
function contentOf(object, { size, digest, chunkList }) {
  if (size === 0) return Buffer.alloc(0);
  const chunks = chunkList === undefined ? [object(CHUNK, digest)] : [...chunksOf(object, chunkList)];
  const bytes = Buffer.concat(chunks);
  check(bytes.length === size && hash(bytes).toString("hex") === digest, "the content of a file");
  return bytes;
}

function* chunksOf(object, digest) {
  const [kind, level, rows] = readValue(object(CHUNK_LIST_NODE, digest));
  check(kind === 2, "a chunk list");
  for (const row of rows) {
    if (level === 0) yield object(CHUNK, row[0].toString("hex"));
    else yield* chunksOf(object, row[0].toString("hex"));
  }
}
