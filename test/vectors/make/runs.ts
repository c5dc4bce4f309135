/** Run records and their ids. */
import { encodeRunRecord, type RunRecord, runId } from "../../../src/manifest/index.ts";
import { encoded, hex, type Invalid, join, unhex } from "./shape.ts";
import { nested } from "./versions.ts";

const { array, binary, nil, string, uint } = encoded;
const nonce = unhex("000102030405060708090a0b0c0d0e0f");

function record(fields: Partial<RunRecord> = {}): RunRecord {
  return {
    team: "local",
    experiment: "uncategorized",
    name: "sable-life-1",
    startedAt: 0,
    startedBy: "",
    command: [],
    config: {},
    nonce,
    ...fields,
  };
}

const valid: readonly RunRecord[] = [
  record(),
  record({
    team: "molamola.babo",
    experiment: "고양이",
    name: "sable-life-2",
    startedAt: 1_700_000_000_000,
    startedBy: "mina",
    command: ["python", "train.py", "--lr=0.1", ""],
    config: { lr: 0.1, layers: [64, 64], dropout: null, nested: { proto: "" } },
  }),
  record({ name: "고".repeat(128) }),
  record({ name: "\u{1d400}".repeat(128) }),
  ...[2 ** 32 - 1, 2 ** 32, 8_640_000_000_000_000].map((startedAt) => record({ startedAt })),
  record({ startedBy: "é".repeat(512) }),
  record({ command: Array.from({ length: 1024 }, () => "w") }),
  record({ command: ["é".repeat(32_768)] }),
  record({ config: JSON.parse(nested(32)) }),
  record({ extras: [[1, Uint8Array.of(255)]] }),
];

/** A record in pieces that can be exchanged. */
function pieces(fields: {
  kind?: Uint8Array;
  team?: Uint8Array;
  experiment?: Uint8Array;
  name?: Uint8Array;
  startedAt?: Uint8Array;
  startedBy?: Uint8Array;
  command?: Uint8Array;
  config?: Uint8Array;
  nonce?: Uint8Array;
  extras?: Uint8Array;
}): Uint8Array {
  return join(
    array(10),
    fields.kind ?? uint(4),
    fields.team ?? string("t"),
    fields.experiment ?? string("e"),
    fields.name ?? string("r"),
    fields.startedAt ?? uint(0),
    fields.startedBy ?? string(""),
    fields.command ?? array(0),
    fields.config ?? string("{}"),
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
  const words = (...given: readonly string[]): Uint8Array => join(array(given.length), ...given.map(string));
  return [
    refused("kind", pieces({ kind: uint(3) }), "another kind of record"),
    refused("head", join("99", whole.subarray(1)), "an array of another length"),
    refused("team: empty", pieces({ team: string("") }), "an empty name"),
    refused("experiment: empty", pieces({ experiment: string("") }), "an empty name"),
    refused("name: empty", pieces({ name: string("") }), "an empty name"),
    refused("name: long", pieces({ name: string("n".repeat(513)) }), "513 bytes of a name"),
    refused("name: nil", pieces({ name: nil() }), "a name that is no string"),
    refused("name: not UTF-8", pieces({ name: join("a1ff") }), "a string that is not UTF-8"),
    refused("time: float", pieces({ startedAt: join("cb4278bcfe56800000") }), "a float"),
    refused("time: too late", pieces({ startedAt: uint(8_640_000_000_000_001) }), "a time after the last one"),
    refused("starter", pieces({ startedBy: string("m".repeat(1025)) }), "1,025 bytes of a name"),
    refused("command: words", pieces({ command: words(...Array(1025).fill("")) }), "1,025 words"),
    refused("command: long", pieces({ command: words("w".repeat(65_536), "w") }), "65,537 bytes of words"),
    refused("command: string", pieces({ command: string("ls") }), "a command that is no array"),
    refused("config: no JSON", pieces({ config: string("{") }), "a config that is not JSON"),
    refused("config: array", pieces({ config: string("[]") }), "a config that is no object"),
    refused("config: deep", pieces({ config: string(nested(33)) }), "33 objects in each other"),
    refused("nonce", pieces({ nonce: binary(new Uint8Array(17)) }), "a nonce of 17 bytes"),
    refused(
      "extras",
      pieces({ extras: join(array(2), uint(2), "c400") }),
      "an even tag that is not known",
      "FORMAT_UNSUPPORTED",
    ),
    refused("cut short", whole.subarray(0, whole.length - 1), "it ends too early"),
    refused("longer", join(whole, "00"), "a byte after its end"),
  ];
}

export function runs(): unknown {
  return {
    about: "Run records and their ids. The nonce is hex, extras are pairs of tag and hex.",
    valid: valid.map((each) => {
      const bytes = encodeRunRecord(each);
      const { extras, ...fields } = each;
      const plainExtras = extras?.map(([tag, value]) => [tag, hex(value)]);
      return {
        record: { ...fields, nonce: hex(each.nonce), ...(plainExtras && { extras: plainExtras }) },
        hex: hex(bytes),
        id: runId(bytes),
      };
    }),
    invalid: invalid(),
  };
}
