/** Frames: bytes to write where nothing is compressed, bytes to read everywhere, and what is refused. */
import { hashContent } from "../../../src/digest/index.ts";
import { codecs, frameTypes } from "../../../src/objects/frame.ts";
import { type ObjectType, objectDigest } from "../../../src/objects/index.ts";
import { frameOf } from "../../support/frames.ts";
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

/** 40 lines with one more in their midst, going on from the 40 lines. */
const DELTA_OF_ONE: Uint8Array = unhex(
  "28b52ffd6099020d0200603131313161206e65770a3134130038388b0ac087748b2c6bdd070601ca01850145568902c6ab40d828e04a14485e05" +
    "c8468158a200f32a60840f688982c82a20",
);
/** The end of the one base and the beginning of the other, one after another. */
const DELTA_OF_TWO: Uint8Array = unhex("28b52ffd60ba03450000000100b75cf96720");

interface Described {
  readonly name: string;
  readonly type: ObjectType;
  readonly objects: readonly Uint8Array[];
  readonly compressed?: Uint8Array;
  /** What a delta goes on from. */
  readonly bases?: readonly Uint8Array[];
}

function described({ name, type, objects, compressed, bases }: Described): unknown {
  const codec = compressed === undefined ? codecs.none : bases === undefined ? codecs.zstd : codecs.delta;
  const object = (bytes: Uint8Array): unknown => ({ digest: objectDigest(type, bytes), bytes: hex(bytes) });
  const digests = bases?.map((base) => objectDigest(type, base)) ?? [];
  const stored = compressed === undefined ? undefined : { codec, payload: compressed, bases: digests };
  return {
    name,
    type: frameTypes[type],
    codec,
    objects: objects.map(object),
    ...(bases !== undefined && { bases: bases.map(object) }),
    hex: hex(frameOf(type, objects, stored)),
  };
}

export function frames(): unknown {
  const whole = lines(40);
  const pieces = [whole.subarray(0, 100), whole.subarray(100, 101), whole.subarray(101)];
  const words = text(new TextDecoder().decode(whole).replaceAll("line", "word"));
  const oneMore = join(whole.subarray(0, 300), text("a new line\n"), whole.subarray(300));
  const endAndBeginning = join(whole.subarray(200), words.subarray(0, 500));
  const emptyLeaf = unhex("9401009090");
  const listNode = join(
    "94020092",
    ...["11", "22"].map((digit) => join(encoded.array(2), "c420", digit.repeat(32), encoded.uint(1))),
    "90",
  );
  return {
    about: "Frames, their objects, and their bytes. Codec 1 is for reading: libraries write other compressed bytes.",
    valid: [
      { name: "one chunk of one byte", type: "chunk", objects: [Uint8Array.of(0)] },
      { name: "three chunks", type: "chunk", objects: [text("a"), text("bc"), text("a")] },
      { name: "a chunk of nothing", type: "chunk", objects: [new Uint8Array()] },
      { name: "a manifest node", type: "manifestNode", objects: [emptyLeaf] },
      { name: "a chunk list node", type: "chunkListNode", objects: [listNode] },
      {
        name: "4,096 objects",
        type: "chunk",
        objects: Array.from({ length: 4096 }, (_, at) => Uint8Array.of(at & 255)),
      },
      { name: "compressed, without its length", type: "chunk", objects: [whole], compressed: COMPRESSED_40_LINES },
      { name: "compressed, with its length", type: "chunk", objects: [whole], compressed: COMPRESSED_WITH_LENGTH },
      { name: "three compressed chunks", type: "chunk", objects: pieces, compressed: COMPRESSED_40_LINES },
      { name: "a delta", type: "chunk", objects: [oneMore], compressed: DELTA_OF_ONE, bases: [whole] },
      {
        name: "a delta of two",
        type: "chunk",
        objects: [endAndBeginning],
        compressed: DELTA_OF_TWO,
        bases: [whole, words],
      },
    ].map((each) => described(each as Described)),
    invalid: [...invalidHeads(), ...invalidBodies(), ...invalidCompressed(), ...invalidDeltas()],
  };
}

interface HeadFields {
  magic?: string;
  type?: number;
  codec?: number;
  flags?: string;
  count?: number;
  raw?: number;
  stored?: number;
  bases?: Uint8Array;
}

/** A frame with whatever is wrong in it. */
function frame(
  fields: HeadFields,
  payload: Uint8Array = content,
  lengths: readonly number[] = [payload.length],
): Uint8Array {
  return join(
    fields.magic ?? "41466631",
    Uint8Array.of(fields.type ?? 1, fields.codec ?? 0),
    fields.flags ?? "0000",
    uint32(fields.count ?? lengths.length),
    uint32(fields.raw ?? payload.length),
    uint32(fields.stored ?? payload.length),
    ...lengths.map(uint32),
    fields.bases ?? "",
    payload,
  );
}

const content = text("content");

/** A frame that is refused, whether its head is read, its objects, or an object of a digest. */
function refused(
  name: string,
  bytes: Uint8Array,
  why: string,
  code: Invalid["code"] = "DAMAGED",
  wanted: Uint8Array = content,
): Invalid & { wanted: string } {
  return { name, hex: hex(bytes), wanted: hashContent(wanted), why, code };
}

function invalidHeads(): Invalid[] {
  const whole = frame({});
  const tooMany = text("a".repeat(4097));
  return [
    refused("magic", frame({ magic: "41466632" }), "it does not begin with the mark of a frame"),
    refused("type 0", frame({ type: 0 }), "a type that is not known", "FORMAT_UNSUPPORTED"),
    refused("type 5", frame({ type: 5 }), "a type that is not known", "FORMAT_UNSUPPORTED"),
    refused("codec", frame({ codec: 3 }), "a codec that is not known", "FORMAT_UNSUPPORTED"),
    refused("lowest flag", frame({ flags: "0100" }), "a flag that is not known", "FORMAT_UNSUPPORTED"),
    refused("highest flag", frame({ flags: "0080" }), "a flag that is not known", "FORMAT_UNSUPPORTED"),
    refused("no objects", frame({}, content, []), "no objects"),
    refused(
      "too many objects",
      frame(
        {},
        tooMany,
        Array.from({ length: 4097 }, () => 1),
      ),
      "4,097 objects",
    ),
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
  return [
    refused("payload", changed(whole, whole.length - 1, 0), "bytes that are not those of the digest"),
    refused("digest of another type", frame({ type: 2 }), "bytes whose digest is made as those of nodes are"),
    refused("object too short", frame({}, content, [content.length - 1]), "objects that do not fill the frame"),
    refused("object too long", frame({}, content, [2 ** 32 - 1]), "objects that do not fill the frame"),
  ];
}

function invalidCompressed(): Invalid[] {
  const whole = lines(40);
  const good = COMPRESSED_40_LINES;
  const withLength = COMPRESSED_WITH_LENGTH;
  const zstd = (name: string, bytes: Uint8Array, why: string, raw: number = whole.length): Invalid =>
    refused(`zstd: ${name}`, frame({ codec: 1, raw }, bytes, [raw]), why, "DAMAGED", whole);
  // Blocks of type 1 that repeat no byte: the last one says so.
  const manyBlocks = join("28b52ffd0058", ...Array.from({ length: 64 }, () => "02000000"), "03000000");
  const bomb = join("28b52ffd0058", "020010", "61", "030010", "61");
  return [
    zstd("magic", changed(good, 0, 0), "no zstd frame"),
    zstd("reserved bit", changed(good, 4, 0x08), "a reserved bit of its descriptor"),
    zstd("checksum", join(changed(good, 4, 0x04), "00000000"), "a checksum of its own"),
    zstd("dictionary", join("28b52ffd015801", good.subarray(6)), "a dictionary"),
    zstd("window", changed(good, 5, 0x69), "a window above 8 MiB"),
    zstd("length", replaced(withLength, 5, Uint8Array.of(0x8f)), "it states another length"),
    zstd("shorter than stated", good, "it gives more bytes than the frame says", 909),
    zstd("longer than stated", good, "it gives fewer bytes than the frame says", 911),
    zstd("block type", changed(good, 6, (good[6] as number) | 0x06), "a block of a reserved type"),
    zstd("bytes after it", join(good, "00"), "bytes after its end"),
    zstd("two frames", join(good, good), "a second zstd frame after the first"),
    zstd("cut short", good.subarray(0, good.length - 1), "it ends too early"),
    zstd("many blocks", manyBlocks, "more than 64 blocks"),
    zstd("large", bomb, "blocks that give more bytes than the frame says"),
    zstd("nothing", new Uint8Array(), "no zstd frame"),
  ];
}

/** Deltas that are refused even by who has the bytes of what they should go on from. */
function invalidDeltas(): (Invalid & { base: string })[] {
  const whole = lines(40);
  const oneMore = join(whole.subarray(0, 300), text("a new line\n"), whole.subarray(300));
  const base = hashContent(whole);
  const delta = (bases: Uint8Array, raw = oneMore.length): Uint8Array =>
    frame({ codec: 2, raw, bases }, DELTA_OF_ONE, [raw]);
  const refusedWith = (name: string, bytes: Uint8Array, why: string, given = whole): Invalid & { base: string } => ({
    ...refused(`delta: ${name}`, bytes, why, "DAMAGED", oneMore),
    base: hex(given),
  });
  const tables = join("37a430ec", whole);
  return [
    refusedWith("no bases", delta(uint32(0)), "a delta without a base"),
    refusedWith("too many bases", delta(join(uint32(5), base.repeat(5))), "five bases"),
    refusedWith("cut short", delta(join(uint32(1), base)).subarray(0, 40), "it ends within its bases"),
    refusedWith("length", delta(join(uint32(1), base), 920), "it gives more bytes than the frame says"),
    refusedWith("other base", delta(join(uint32(1), base)), "a base of other bytes", text("x".repeat(910))),
    refusedWith("base with tables", delta(join(uint32(1), base)), "a base that begins as dictionaries do", tables),
    refusedWith("short base", delta(join(uint32(1), base)), "a base of less than 8 bytes", whole.subarray(0, 7)),
  ];
}
