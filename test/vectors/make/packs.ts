/** Tables, feet, and a whole pack. */
import { type Digest, hashContent, hashWithContext } from "../../../src/digest/index.ts";
import { codecs } from "../../../src/objects/frame.ts";
import {
  encodeFoot,
  type ObjectType,
  objectDigest,
  TableBuilder,
  type TablePlace,
} from "../../../src/objects/index.ts";
import { frameOf } from "../../support/frames.ts";
import { COMPRESSED_40_LINES, lines } from "./frames.ts";
import { changed, hex, type Invalid, join, replaced, text, uint32, uint64, unhex } from "./shape.ts";

/** A table and its foot, as they stand at the end of a file. */
interface TableVector {
  readonly name: string;
  /** Where the table begins in its file. */
  readonly offset: number;
  readonly rows: readonly (TablePlace & { readonly digest: Digest })[];
}

const id = (name: string): Digest => hashContent(text(name));

const valid: readonly TableVector[] = [
  { name: "no objects", offset: 32, rows: [] },
  { name: "one object", offset: 132, rows: [{ digest: id("a"), offset: 32, length: 100, index: 0, isDelta: false }] },
  {
    name: "two frames",
    offset: 232,
    rows: [
      { digest: id("a"), offset: 32, length: 100, index: 0, isDelta: false },
      { digest: id("b"), offset: 32, length: 100, index: 1, isDelta: false },
      { digest: id("c"), offset: 132, length: 100, index: 0, isDelta: true },
    ],
  },
  {
    name: "one object in frames 1, 255 and 256: ordered by bytes, the numbers are not",
    offset: 32 + 257 * 100,
    rows: Array.from({ length: 257 }, (_, frame) => ({
      digest: id([1, 255, 256].includes(frame) ? "a" : `other ${frame}`),
      offset: 32 + frame * 100,
      length: 100,
      index: 0,
      isDelta: false,
    })),
  },
  ...[2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1].map((offset) => ({
    name: `a frame at ${offset}`,
    offset: 32,
    rows: [{ digest: id("a"), offset, length: 278_680, index: 4095, isDelta: false }],
  })),
];

function tableOf(vector: TableVector): Uint8Array {
  const builder = new TableBuilder();
  for (const { digest, ...place } of vector.rows) builder.addObject(digest, place);
  return builder.finish();
}

export function tables(): unknown {
  return {
    about: "Tables with the feet that follow them. Rows of valid ones come in the order of their bytes.",
    valid: valid.map((vector) => {
      const table = tableOf(vector);
      const frames = [...new Set(vector.rows.map(({ offset }) => offset))];
      const bytesOf = ({ digest, offset }: (typeof vector.rows)[number]): string =>
        digest + hex(uint32(frames.indexOf(offset)));
      const rows = [...vector.rows].sort((left, right) => (bytesOf(left) < bytesOf(right) ? -1 : 1));
      const fileLength = vector.offset + table.length + 64;
      return { ...vector, rows, table: hex(table), foot: hex(encodeFoot(vector.offset, table)), fileLength };
    }),
    invalid: invalid(),
  };
}

function footOf(offset: number, table: Uint8Array, length: number | bigint = table.length): Uint8Array {
  return join(
    uint64(offset),
    uint64(length),
    hashWithContext("artifold format 1 table", table),
    "0000000000000000",
    hex(text("AFtable\x01")),
  );
}

/** Each is a table, a foot and the length of the file; the object that is looked for is that of "a". */
function invalid(): unknown[] {
  const table = tableOf(valid[1] as TableVector);
  const foot = footOf(132, table);
  const fileLength = 132 + table.length + 64;
  const refused = (
    name: string,
    why: string,
    fields: { table?: Uint8Array; foot?: Uint8Array; fileLength?: number },
  ): unknown => {
    const bytes = fields.table ?? table;
    const own = fields.table === undefined ? foot : footOf(132, bytes);
    const length = fields.fileLength ?? 132 + bytes.length + 64;
    return {
      name,
      table: hex(bytes),
      foot: hex(fields.foot ?? own),
      fileLength: length,
      wanted: id("a"),
      why,
      code: "DAMAGED",
    };
  };
  return [
    refused("mark", "a foot without its mark", { foot: changed(foot, 63, 2) }),
    refused("padding", "bytes of the foot that must be zero", { foot: changed(foot, 48, 1) }),
    refused("foot too short", "63 bytes", { foot: foot.subarray(1) }),
    refused("digest", "a table of another digest", { table, foot: changed(foot, 16, (foot[16] as number) ^ 1) }),
    refused("gap", "a byte between table and foot", { fileLength: fileLength + 1 }),
    refused("beyond", "a table that begins beyond its file", { foot: replaced(foot, 0, uint64(2n ** 63n)) }),
    refused("too long", "a table above 64 MiB", {
      foot: footOf(0, table, 2 ** 26 + 1),
      fileLength: 2 ** 26 + 1 + 64,
    }),
    refused("no counts", "less than the two counts", { table: unhex("00000000000000") }),
    refused("counts", "counts that do not fit the length", { table: replaced(table, 4, uint32(2)) }),
    refused("frame number", "a row of a frame that is not there", { table: replaced(table, 8 + 12 + 32, uint32(1)) }),
    refused("frame's offset", "an offset above 2^53 - 1", { table: replaced(table, 8, uint64(2n ** 53n)) }),
    refused("frame's length", "a frame longer than any", { table: replaced(table, 16, uint32(278_681)) }),
  ];
}

/** A pack as a writer seals it, with the random bytes of its head given. */
export function packOf(
  kind: 1 | 2,
  random: string,
  all: readonly { type: ObjectType; objects: readonly Uint8Array[]; compressed?: Uint8Array }[],
): { bytes: Uint8Array; name: Digest; objects: number } {
  const parts: Uint8Array[] = [join(hex(text("AFpack\0\x01")), Uint8Array.of(kind), "00000000000000", random)];
  const table = new TableBuilder();
  let at = 32;
  let objects = 0;
  for (const { type, objects: contents, compressed } of all) {
    const stored = compressed === undefined ? undefined : { codec: codecs.zstd, payload: compressed };
    const frame = frameOf(type, contents, stored);
    contents.forEach((bytes, index) => {
      table.addObject(objectDigest(type, bytes), { offset: at, length: frame.length, index, isDelta: false });
    });
    parts.push(frame);
    at += frame.length;
    objects += contents.length;
  }
  const tableBytes = table.finish();
  const bytes = join(...parts, tableBytes, encodeFoot(at, tableBytes));
  return { bytes, name: hashContent(bytes), objects };
}

const RANDOM = "000102030405060708090a0b0c0d0e0f";

export function packs(): unknown {
  const contents = [[text("a"), text("b")], [lines(40)]];
  const { bytes, name, objects } = packOf(1, RANDOM, [
    { type: "chunk", objects: contents[0] as Uint8Array[] },
    { type: "chunk", objects: contents[1] as Uint8Array[], compressed: COMPRESSED_40_LINES },
  ]);
  const head = bytes.subarray(0, 32);
  const refused = (what: string, by: Uint8Array, why: string, code: Invalid["code"]): Invalid => ({
    name: what,
    hex: hex(by),
    why,
    code,
  });
  return {
    about: "A whole pack: its name, its objects, and its bytes. Invalid ones are heads.",
    valid: [
      {
        name,
        kind: "data",
        objects: contents.flat().map((content) => ({ digest: hashContent(content), bytes: hex(content) })),
        objectCount: objects,
        hex: hex(bytes),
      },
    ],
    invalidHeads: [
      refused("mark", changed(head, 7, 2), "it does not begin with the mark of a pack", "DAMAGED"),
      refused("kind", changed(head, 8, 3), "a kind that is not known", "FORMAT_UNSUPPORTED"),
      refused("padding", changed(head, 15, 1), "padding that is not zero", "DAMAGED"),
      refused("cut short", head.subarray(0, 31), "less than a head", "DAMAGED"),
    ],
  };
}
