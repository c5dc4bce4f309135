/** Rows of versions, paths, and the hash that decides where nodes begin. */
import { EMPTY_DIGEST, hashContent } from "../../../src/digest/index.ts";
import { writeEntry } from "../../../src/manifest/entry.ts";
import { Encoder, type Entry } from "../../../src/manifest/index.ts";
import { murmur3 } from "../../../src/manifest/murmur.ts";
import { encoded, hex, type Invalid, join, text } from "./shape.ts";

const digest = hashContent(text("1"));
const list = hashContent(text("list"));
const { array, binary, nil, string, uint } = encoded;

/** The canonical bytes of an entry. */
export function rowOf(entry: Entry): Uint8Array {
  const encoder = new Encoder();
  writeEntry(encoder, entry);
  return encoder.bytes();
}

function file(path: string, size: number, fields: Partial<Entry & { kind: "file" }> = {}): Entry {
  const chunkList = size > 262_144 ? list : undefined;
  return {
    path,
    kind: "file",
    size,
    digest: size === 0 ? EMPTY_DIGEST : digest,
    chunkList,
    executable: false,
    ...fields,
  };
}

/** Entries with extras are what a newer artifold may write. */
const valid: readonly Entry[] = [
  file("a", 1),
  file("empty", 0),
  file("run.sh", 1, { executable: true }),
  file("one chunk at most", 262_144),
  file("two chunks at least", 262_145),
  file("small with a list", 16_385, { chunkList: list }),
  file("4 GiB less one", 2 ** 32 - 1),
  file("4 GiB", 2 ** 32),
  file("largest", 2 ** 53 - 1),
  file("고양이/사진.jpg", 1),
  file(`${"d/".repeat(255)}f`, 1),
  file("a".repeat(255), 1),
  file(`${`${"b".repeat(204)}/`.repeat(19)}${"c".repeat(201)}`, 1),
  file("back\\slash and : and \n and \u{1f408}", 1),
  { path: "folder", kind: "folder" },
  { path: "link", kind: "link", target: "folder/file" },
  { path: "a/b/link", kind: "link", target: "../../c/./d//" },
  { path: "loop", kind: "link", target: "." },
  { path: "ref", kind: "reference", uri: "s3://bucket/key", size: undefined, digest: undefined, etag: undefined },
  { path: "ref", kind: "reference", uri: "https://example.org/é", size: 2 ** 53 - 1, digest, etag: '"v1"' },
  file("extra", 1, {
    extras: [
      [1, Uint8Array.of(1, 2, 3)],
      [2 ** 53 - 1, new Uint8Array()],
    ],
  }),
  { path: "folder", kind: "folder", extras: [[3, new Uint8Array(1024)]] },
];

/** A row of a file of one byte, in pieces that can be exchanged. */
function fileRow(fields: {
  path?: Uint8Array;
  mode?: Uint8Array;
  size?: Uint8Array;
  digest?: Uint8Array;
  list?: Uint8Array;
  extras?: Uint8Array;
}): Uint8Array {
  return join(
    array(6),
    fields.path ?? string("a"),
    fields.mode ?? uint(0),
    fields.size ?? uint(1),
    fields.digest ?? join("c420", digest),
    fields.list ?? nil(),
    fields.extras ?? array(0),
  );
}

function refused(name: string, bytes: Uint8Array, why: string, code: Invalid["code"] = "DAMAGED"): Invalid {
  return { name, hex: hex(bytes), why, code };
}

const linkRow = (path: string, target: string): Uint8Array =>
  join(array(4), string(path), uint(3), string(target), array(0));
const referenceRow = (uri: string, etag: Uint8Array = nil()): Uint8Array =>
  join(array(7), string("r"), uint(4), string(uri), nil(), nil(), etag, array(0));

const badPaths: readonly (readonly [path: string, why: string])[] = [
  ["", "an empty path"],
  ["/a", "an absolute path, whose first part is empty"],
  ["a/", "an empty part at the end"],
  ["a//b", "an empty part"],
  [".", 'a part "."'],
  ["a/./b", 'a part "."'],
  ["..", 'a part ".."'],
  ["a/../b", 'a part ".."'],
  ["a\0b", "a NUL character"],
  ["a".repeat(256), "a part of 256 bytes"],
  ["é".repeat(128), "a part of 256 bytes in 128 characters"],
  [`${"d/".repeat(256)}f`, "257 parts"],
  [`${`${"b".repeat(204)}/`.repeat(19)}${"c".repeat(202)}`, "4,097 bytes"],
];

const badTargets: readonly (readonly [path: string, target: string, why: string])[] = [
  ["l", "", "a link to nothing"],
  ["l", "/etc/passwd", "an absolute target"],
  ["l", "..", "a target outside of the version"],
  ["a/l", "../../x", "a target outside of the version"],
  ["a/l", "b/../c", '".." after a name'],
  ["l", "a\0b", "a NUL character in the target"],
  ["l", "t".repeat(4097), "a target of 4,097 bytes"],
  ["l", "é".repeat(2049), "a target of 4,098 bytes in 2,049 characters"],
];

const badUris: readonly (readonly [uri: string, why: string])[] = [
  ["key", "no scheme"],
  ["1s:key", "a scheme that begins with a digit"],
  ["s3:", "nothing after the scheme"],
  ["s3://a b", "a space"],
  ["s3://a\x7f", "a control character"],
  [`s3:${"a".repeat(8190)}`, "8,193 bytes"],
];

function invalid(): Invalid[] {
  const long = (count: number): Uint8Array =>
    join(
      array(count * 2),
      ...Array.from({ length: count }, (_, at) => join(uint(at * 2 + 1), binary(new Uint8Array()))),
    );
  return [
    ...badPaths.map(([path, why]) => refused(`path: ${why}`, fileRow({ path: string(path) }), why)),
    ...badTargets.map(([path, target, why]) => refused(`link: ${why}`, linkRow(path, target), why)),
    ...badUris.map(([uri, why]) => refused(`reference: ${why}`, referenceRow(uri), why)),
    refused("reference: etag", referenceRow("a:b", string("e".repeat(1025))), "an etag of 1,025 bytes"),
    refused("path: binary", fileRow({ path: binary(text("a")) }), "binary where the path must stand"),
    refused("mode: unknown", fileRow({ mode: uint(5) }), "a kind of entry that is not known", "FORMAT_UNSUPPORTED"),
    refused("row: too short", join(array(2), string("a"), uint(2)), "fewer fields than any row has"),
    refused(
      "row: a folder with fields of a file",
      join(array(6), string("a"), uint(2), uint(0), nil(), nil(), array(0)),
      "a row of the wrong length",
    ),
    refused(
      "row: a file with fields of a folder",
      join(array(3), string("a"), uint(0), array(0)),
      "a row of the wrong length",
    ),
    refused("size: no shortest form", fileRow({ size: join("cc01") }), "a number that is not in its shortest form"),
    refused("size: float", fileRow({ size: join("cb3ff0000000000000") }), "a float"),
    refused("size: above the largest", fileRow({ size: join("cf0020000000000000") }), "a number above 2^53 - 1"),
    refused(
      "size: none with a digest of something",
      fileRow({ size: uint(0) }),
      "an empty file with another digest than that of nothing",
    ),
    refused(
      "size: large without a list",
      fileRow({ size: uint(262_145) }),
      "more than one chunk and no list of chunks",
    ),
    refused(
      "size: small with a list",
      fileRow({ size: uint(16_384), list: join("c420", list) }),
      "a list of chunks where there can be only one",
    ),
    refused("digest: short", fileRow({ digest: join("c41f", digest.slice(0, 62)) }), "a digest of 31 bytes"),
    refused("digest: nil", fileRow({ digest: nil() }), "a file without a digest"),
    refused("extras: odd length", fileRow({ extras: join(array(1), uint(1)) }), "a tag without a value"),
    refused(
      "extras: order",
      fileRow({ extras: join(array(4), uint(3), "c400", uint(1), "c400") }),
      "tags that do not ascend",
    ),
    refused("extras: twice", fileRow({ extras: join(array(4), uint(1), "c400", uint(1), "c400") }), "one tag twice"),
    refused("extras: too many", fileRow({ extras: long(17) }), "17 extras"),
    refused(
      "extras: too long",
      fileRow({ extras: join(array(2), uint(1), binary(new Uint8Array(1025))) }),
      "an extra of 1,025 bytes",
    ),
    refused(
      "extras: even",
      fileRow({ extras: join(array(2), uint(2), "c400") }),
      "an even tag that is not known",
      "FORMAT_UNSUPPORTED",
    ),
    refused(
      "extras: tag 0",
      fileRow({ extras: join(array(2), uint(0), "c400") }),
      "an even tag that is not known",
      "FORMAT_UNSUPPORTED",
    ),
    refused("row: bytes after its end", join(fileRow({}), "00"), "a byte after the row"),
  ];
}

export function entries(): unknown {
  return {
    about: "Rows of leaves. Extras are pairs of tag and hex. Digests are hex.",
    valid: valid.map((entry) => ({ entry: plainEntry(entry), hex: hex(rowOf(entry)) })),
    invalid: invalid(),
  };
}

/** An entry as JSON holds it. */
export function plainEntry(entry: Entry): unknown {
  const { extras, ...fields } = entry;
  return { ...fields, ...(extras && { extras: extras.map(([tag, value]) => [tag, hex(value)]) }) };
}

export function paths(): unknown {
  const ordered = [
    "!",
    "-",
    "A",
    "a",
    "a b",
    "a!",
    "a-",
    "a.b",
    "a/b",
    "a/b/c",
    "a0",
    "aa",
    "b",
    "é",
    "고",
    "\ue000",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
  ];
  const bytesOf = (path: string): Uint8Array => text(path);
  return {
    about:
      "Paths in their order, which is that of their UTF-8 bytes; and MurmurHash3 (x86, 32 bits) of paths by level.",
    ordered,
    hashes: ["", "a", "ab", "abc", "abcd", "abcde", "고양이/사진.jpg", "a".repeat(255)].flatMap((path) =>
      [0, 1, 2, 31].map((level) => {
        const bytes = bytesOf(path);
        return { path, level, hash: murmur3(bytes, 0, bytes.length, level) };
      }),
    ),
  };
}
