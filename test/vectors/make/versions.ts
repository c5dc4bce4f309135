/** Version records and their ids. */
import { hashContent } from "../../../src/digest/index.ts";
import { encodeVersionRecord, type VersionRecord, versionId } from "../../../src/manifest/index.ts";
import { encoded, hex, type Invalid, join, text, unhex } from "./shape.ts";

const { array, binary, nil, string, uint } = encoded;
const artifact = hashContent(text("artifact"));
const manifest = hashContent(text("manifest"));
const nonce = unhex("000102030405060708090a0b0c0d0e0f");

function record(fields: Partial<VersionRecord> = {}): VersionRecord {
  return { artifact, manifest, parents: [], createdAt: 0, createdBy: "", message: "", metadata: {}, nonce, ...fields };
}

const parents = (count: number): VersionRecord["parents"] =>
  Array.from({ length: count }, (_, at) => hashContent(text(String(at))));

/** Objects in each other, the outermost counted. */
export function nested(depth: number): string {
  return `${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`;
}

const valid: readonly VersionRecord[] = [
  record(),
  record({
    parents: parents(2),
    createdAt: 1_700_000_000_000,
    createdBy: "mina",
    run: hashContent(text("run")),
    message: "고양이 🐈\n",
    metadata: { epochs: 3, rate: 0.1, tags: ["a", null, true], nested: { proto: "" } },
  }),
  record({ parents: parents(64) }),
  ...[2 ** 32 - 1, 2 ** 32, 8_640_000_000_000_000].map((createdAt) => record({ createdAt })),
  record({ createdBy: "é".repeat(512) }),
  record({ metadata: JSON.parse(nested(32)) }),
  record({ extras: [[1, Uint8Array.of(255)]] }),
];

/** A record in pieces that can be exchanged. */
function pieces(fields: {
  kind?: Uint8Array;
  parents?: Uint8Array;
  createdAt?: Uint8Array;
  createdBy?: Uint8Array;
  run?: Uint8Array;
  metadata?: Uint8Array;
  nonce?: Uint8Array;
  extras?: Uint8Array;
}): Uint8Array {
  return join(
    array(11),
    fields.kind ?? uint(3),
    "c420",
    artifact,
    "c420",
    manifest,
    fields.parents ?? array(0),
    fields.createdAt ?? uint(0),
    fields.createdBy ?? string(""),
    fields.run ?? nil(),
    string(""),
    fields.metadata ?? string("{}"),
    fields.nonce ?? binary(nonce),
    fields.extras ?? array(0),
  );
}

function invalid(): Invalid[] {
  const refused = (name: string, bytes: Uint8Array, why: string, code: Invalid["code"] = "DAMAGED"): Invalid => ({
    name,
    hex: hex(bytes),
    why,
    code,
  });
  const whole = pieces({});
  return [
    refused("kind", pieces({ kind: uint(1) }), "another kind of record"),
    refused("head", join("9a", whole.subarray(1)), "an array of another length"),
    refused(
      "parents",
      pieces({ parents: join(array(65), ...parents(65).map((parent) => join("c420", parent))) }),
      "65 parents",
    ),
    refused("parent", pieces({ parents: join(array(1), "c41f", "00".repeat(31)) }), "a parent of 31 bytes"),
    refused("time: float", pieces({ createdAt: join("cb4278bcfe56800000") }), "a float"),
    refused("time: too late", pieces({ createdAt: uint(8_640_000_000_000_001) }), "a time after the last one"),
    refused("maker", pieces({ createdBy: string("m".repeat(1025)) }), "1,025 bytes of a name"),
    refused("run", pieces({ run: string("") }), "a run that is no digest"),
    refused("metadata: no JSON", pieces({ metadata: string("{") }), "metadata that is not JSON"),
    refused("metadata: nothing", pieces({ metadata: string("") }), "metadata that is not JSON"),
    refused("metadata: array", pieces({ metadata: string("[]") }), "metadata that is no object"),
    refused("metadata: null", pieces({ metadata: string("null") }), "metadata that is no object"),
    refused("metadata: deep", pieces({ metadata: string(nested(33)) }), "33 objects in each other"),
    refused("nonce", pieces({ nonce: binary(new Uint8Array(15)) }), "a nonce of 15 bytes"),
    refused(
      "extras",
      pieces({ extras: join(array(2), uint(4), "c400") }),
      "an even tag that is not known",
      "FORMAT_UNSUPPORTED",
    ),
    refused("cut short", whole.subarray(0, whole.length - 1), "it ends too early"),
    refused("longer", join(whole, "00"), "a byte after its end"),
  ];
}

export function versions(): unknown {
  return {
    about: "Version records and their ids. The nonce is hex, extras are pairs of tag and hex.",
    valid: valid.map((each) => {
      const bytes = encodeVersionRecord(each);
      const { extras, ...fields } = each;
      const plainExtras = extras?.map(([tag, value]) => [tag, hex(value)]);
      return {
        record: { ...fields, nonce: hex(each.nonce), ...(plainExtras && { extras: plainExtras }) },
        hex: hex(bytes),
        id: versionId(bytes),
      };
    }),
    invalid: invalid(),
  };
}
