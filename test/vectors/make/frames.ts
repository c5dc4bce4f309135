/** Frames: bytes to write where nothing is compressed, bytes to read everywhere, and what is refused. */
import { type Digest, hashContent, hashContentBytes, hashWithContext } from "../../../src/digest/index.ts";
import { encodeFrame, frameTypes } from "../../../src/objects/frame.ts";
import { type ObjectType, objectDigest } from "../../../src/objects/index.ts";
import { changed, encoded, hex, type Invalid, join, replaced, text, uint32, unhex } from "./shape.ts";

/** Lines of text: 910 bytes of them compress well. */
export function lines(count: number): Uint8Array {
  return text(Array.from({ length: count }, (_, number) => `row ${number}: a line of text\n`).join(""));
}

// Compressed once, by two libraries, and kept: each library may choose other bytes.
const blocks =
  "0d040002840d15a045c301c1cecb3f152b558da595b6c9f0c21f9b236ddbb6edffff93244912398c82183ab7500a54e0a82d6807c0345396085b" +
  "2805272080a3d2039e2857618a504e6115518ec214a19cc228a29cc22aa21c8529b2726915865691b3ca9955585945c82a375661621509ab0058" +
  "7d1ff3c9773ef689ef3ec63e717e710c";
/** 40 lines, without their length. */
export const COMPRESSED_40_LINES: Uint8Array = unhex(`28b52ffd0058${blocks}`);
/** 40 lines, with their length of 910 bytes in two, and a window of their own. */
const COMPRESSED_WITH_LENGTH: Uint8Array = unhex(`28b52ffd608e02${blocks}`);

function objectOf(type: ObjectType, bytes: Uint8Array): { digest: Digest; bytes: Uint8Array } {
  return { digest: objectDigest(type, bytes), bytes };
}

function described(name: string, type: ObjectType, objects: readonly Uint8Array[], compressed?: Uint8Array): unknown {
  const all = objects.map((bytes) => objectOf(type, bytes));
  return {
    name,
    type: frameTypes[type],
    codec: compressed === undefined ? 0 : 1,
    objects: all.map(({ digest, bytes }) => ({ digest, bytes: hex(bytes) })),
    hex: hex(encodeFrame(type, all, compressed)),
  };
}

export function frames(): unknown {
  const whole = lines(40);
  const pieces = [whole.subarray(0, 100), whole.subarray(100, 101), whole.subarray(101)];
  const emptyLeaf = unhex("9401009090");
  const listNode = join(
    "94020092",
    ...["11", "22"].map((digit) => join(encoded.array(2), "c420", digit.repeat(32), encoded.uint(1))),
    "90",
  );
  return {
    about: "Frames, their objects, and their bytes. Codec 1 is for reading: libraries write other compressed bytes.",
    valid: [
      described("one chunk of one byte", "chunk", [Uint8Array.of(0)]),
      described("three chunks", "chunk", [text("a"), text("bc"), text("a")]),
      described("a chunk of nothing", "chunk", [new Uint8Array()]),
      described("a manifest node", "manifestNode", [emptyLeaf]),
      described("a chunk list node", "chunkListNode", [listNode]),
      described(
        "1,024 objects",
        "chunk",
        Array.from({ length: 1024 }, (_, at) => Uint8Array.of(at & 255)),
      ),
      described("compressed, without its length", "chunk", [whole], COMPRESSED_40_LINES),
      described("compressed, with its length", "chunk", [whole], COMPRESSED_WITH_LENGTH),
      described("three compressed chunks", "chunk", pieces, COMPRESSED_40_LINES),
    ],
    invalid: [...invalidHeads(), ...invalidBodies(), ...invalidCompressed()],
  };
}

/** A frame with a right checksum, whatever else is wrong. */
function sealed(head: Uint8Array, payload: Uint8Array): Uint8Array {
  const checksum = unhex(hashWithContext("artifold format 1 frame", join(head, hashContentBytes(payload))));
  return join(head, payload, checksum.subarray(0, 16));
}

interface HeadFields {
  magic?: string;
  type?: number;
  codec?: number;
  flags?: string;
  count?: number;
  raw?: number;
  stored?: number;
}

function headOf(
  fields: HeadFields,
  rows: readonly (readonly [digest: string, length: number])[],
  payload: Uint8Array,
): Uint8Array {
  return join(
    fields.magic ?? "41466631",
    Uint8Array.of(fields.type ?? 1, fields.codec ?? 0),
    fields.flags ?? "0000",
    uint32(fields.count ?? rows.length),
    uint32(fields.raw ?? payload.length),
    uint32(fields.stored ?? payload.length),
    ...rows.map(([digest, length]) => join(digest, uint32(length))),
  );
}

const payload = text("content");
const digest = hashContent(payload);

function frame(fields: HeadFields): Uint8Array {
  return sealed(headOf(fields, [[digest, payload.length]], payload), payload);
}

function refused(name: string, bytes: Uint8Array, why: string, code: Invalid["code"] = "DAMAGED"): Invalid {
  return { name, hex: hex(bytes), why, code };
}

function invalidHeads(): Invalid[] {
  const whole = frame({});
  const many = Array.from({ length: 1025 }, () => [hashContent(text("a")), 1] as const);
  const tooMany = text("a".repeat(1025));
  return [
    refused("magic", frame({ magic: "41466632" }), "it does not begin with the mark of a frame"),
    refused("type 0", frame({ type: 0 }), "a type that is not known", "FORMAT_UNSUPPORTED"),
    refused("type 4", frame({ type: 4 }), "a type that is not known", "FORMAT_UNSUPPORTED"),
    refused("codec", frame({ codec: 2 }), "a codec that is not known", "FORMAT_UNSUPPORTED"),
    refused("lowest flag", frame({ flags: "0100" }), "a flag that is not known", "FORMAT_UNSUPPORTED"),
    refused("highest flag", frame({ flags: "0080" }), "a flag that is not known", "FORMAT_UNSUPPORTED"),
    refused("no objects", sealed(headOf({}, [], payload), payload), "no objects"),
    refused("too many objects", sealed(headOf({}, many, tooMany), tooMany), "1,025 objects"),
    refused("raw length", frame({ raw: 262_145, codec: 1 }), "more than 256 KiB"),
    refused("stored length", frame({ raw: 6 }), "more stored bytes than raw ones"),
    refused("two lengths", frame({ raw: 8 }), "two lengths of what is stored as it is"),
    refused("only a head", whole.subarray(0, 20), "it ends too early"),
    refused("less than a head", whole.subarray(0, 19), "it ends too early"),
    refused("cut short", whole.subarray(0, whole.length - 1), "it ends too early"),
    refused("longer", join(whole, "00"), "a byte after its end"),
  ];
}

function invalidBodies(): Invalid[] {
  const whole = frame({});
  const other = hashContent(text("other"));
  return [
    refused("checksum", changed(whole, whole.length - 1, (whole.at(-1) as number) ^ 1), "a checksum that does not fit"),
    refused("head changed", changed(whole, 12, 8), "two lengths, and a checksum that does not fit"),
    refused("payload", changed(whole, 56, 0), "a payload that does not fit digest and checksum"),
    refused(
      "digest",
      sealed(headOf({}, [[other, payload.length]], payload), payload),
      "a right checksum and a digest of other bytes",
    ),
    refused("digest of another type", frame({ type: 2 }), "a right checksum and a digest made as those of chunks are"),
    refused(
      "object too short",
      sealed(headOf({}, [[digest, payload.length - 1]], payload), payload),
      "objects that do not fill the frame",
    ),
    refused(
      "object too long",
      sealed(headOf({}, [[digest, 2 ** 32 - 1]], payload), payload),
      "objects that do not fill the frame",
    ),
  ];
}

function invalidCompressed(): Invalid[] {
  const whole = lines(40);
  const good = COMPRESSED_40_LINES;
  const withLength = COMPRESSED_WITH_LENGTH;
  const stored = (bytes: Uint8Array, raw: number = whole.length): Uint8Array =>
    sealed(headOf({ codec: 1, raw }, [[hashContent(whole), raw]], bytes), bytes);
  // Blocks of type 1 that repeat no byte: the last one says so.
  const manyBlocks = join("28b52ffd0058", ...Array.from({ length: 64 }, () => "02000000"), "03000000");
  const bomb = join("28b52ffd0058", "020010", "61", "030010", "61");
  return [
    refused("zstd: magic", stored(changed(good, 0, 0)), "no zstd frame"),
    refused("zstd: reserved bit", stored(changed(good, 4, 0x08)), "a reserved bit of its descriptor"),
    refused("zstd: checksum", stored(join(changed(good, 4, 0x04), "00000000")), "a checksum of its own"),
    refused("zstd: dictionary", stored(join("28b52ffd015801", good.subarray(6))), "a dictionary"),
    refused("zstd: window", stored(changed(good, 5, 0x69)), "a window above 8 MiB"),
    refused("zstd: length", stored(replaced(withLength, 5, Uint8Array.of(0x8f))), "it states another length"),
    refused("zstd: shorter than stated", stored(good, 909), "it gives more bytes than the frame says"),
    refused("zstd: longer than stated", stored(good, 911), "it gives fewer bytes than the frame says"),
    refused("zstd: block type", stored(changed(good, 6, (good[6] as number) | 0x06)), "a block of a reserved type"),
    refused("zstd: bytes after it", stored(join(good, "00")), "bytes after its end"),
    refused("zstd: two frames", stored(join(good, good)), "a second zstd frame after the first"),
    refused("zstd: cut short", stored(good.subarray(0, good.length - 1)), "it ends too early"),
    refused("zstd: many blocks", stored(manyBlocks), "more than 64 blocks"),
    refused("zstd: large", stored(bomb), "blocks that give more bytes than the frame says"),
    refused("zstd: nothing", stored(new Uint8Array()), "no zstd frame"),
  ];
}
