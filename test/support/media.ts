/** Small pictures and sounds, made here. */
import { crc32, deflateSync } from "node:zlib";

/** A square PNG of one colour. */
export function picture(side: number, grey: number): Buffer {
  const rows = Buffer.concat(Array.from({ length: side }, () => Buffer.from([0, ...new Array(side).fill(grey)])));
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.writeUInt8(8, 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** Silence as WAV: 8,000 samples a second of 8 bits. Without a length a tenth of a second. */
export function sound(samplesCount = 800): Buffer {
  const samples = Buffer.alloc(samplesCount, 128);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(8000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** A Parquet file of 120 rows with the columns id and label, compressed with Snappy: as a writer of Parquet made it. */
export const parquet: Buffer = Buffer.from(
  [
    "UEFSMRUGFcYHFdAHXBXwARUAFfABFQAVBhUAAADwAQHgA/TfAQAAAAABAAAAAgAAAAMAAAAEAAAABQAAAAYAAAAHAAAACAAAAAkA",
    "AAAKAAAACwAAAAwAAAANAAAADgAAAA8AAAAQAAAAEQAAABIAAAATAAAAFAAAABUAAAAWAAAAFwAAABgAAAAZAAAAGgAAABsAAAAc",
    "AAAAHQAAAB4AAAAfAAAAIAAAACEAAAAiAAAAIwAAACQAAAAlAAAAJgAAACcAAAAoAAAAKQAAACoAAAArAAAALAAAAC0AAAAuAAAA",
    "LwAAADAAAAAxAAAAMgAAADMAAAA0AAAANQAAADYAAAA3AAAAOAAAADkAAAA6AAAAOwAAADwAAAA9AAAAPgAAAD8AAABAAAAAQQAA",
    "AEIAAABDAAAARAAAAEUAAABGAAAARwAAAEgAAABJAAAASgAAAEsAAABMAAAATQAAAE4AAABPAAAAUAAAAFEAAABSAAAAUwAAAFQA",
    "AABVAAAAVgAAAFcAAABYAAAAWQAAAFoAAABbAAAAXAAAAF0AAABeAAAAXwAAAGAAAABhAAAAYgAAAGMAAABkAAAAZQAAAGYAAABn",
    "AAAAaAAAAGkAAABqAAAAawAAAGwAAABtAAAAbgAAAG8AAABwAAAAcQAAAHIAAABzAAAAdAAAAHUAAAB2AAAAdwAAABUEFSgVLEwV",
    "BBUAAAAUTAMAAABkb2cJAAAA6rOg7JaR7J20FQYVKBUsXBXwARUAFfABFRAVBhUAAADwAQERQAEfqqqqqqqqqqqqqqqqqqqqFQQZ",
    "PEgEcm9vdBUEABUCJQIYAmlkABUMJQIYBWxhYmVsJQAAFvABGRwZLCYIHBUCGRUAGRgCaWQVAhbwARb4BxaCCCYIPDYAKAR3AAAA",
    "GAQAAAAAABkcFQYVABUCAAAAJooIHBUMGSUAEBkYBWxhYmVsFQIW8AEWmAEWoAEm0AgmiggcNgAoCeqzoOyWkeydtBgDZG9nABks",
    "FQQVABUCABUGFRAVAgAAABaQCRbwATaiCQAoCWh5cGFycXVldBksHAAAHAAAAMcAAABQQVIx",
  ].join(""),
  "base64",
);

/** The same Parquet file with bytes that nobody needs between its columns and its foot, which says where the columns are. */
export function paddedParquet(padding: number): Buffer {
  const foot = parquet.length - 8 - parquet.readUInt32LE(parquet.length - 8);
  return Buffer.concat([parquet.subarray(0, foot), Buffer.alloc(padding), parquet.subarray(foot)]);
}

/** A film in WebM, of one VP8 key frame that is shown again and again, 25 times a second. */
export function film(
  frame: Uint8Array,
  size: { readonly width: number; readonly height: number },
  frames: number,
): Buffer {
  const block = (at: number): Buffer => {
    // Track 1, no time but the cluster's, a key frame.
    const simple = element("a3", Buffer.concat([Buffer.from([0x81, 0, 0, 0x80]), frame]));
    return element("1f43b675", Buffer.concat([element("e7", number(at * 40)), simple]));
  };
  const duration = Buffer.alloc(8);
  duration.writeDoubleBE(frames * 40);
  const video = Buffer.concat([element("b0", number(size.width)), element("ba", number(size.height))]);
  const track = Buffer.concat([
    ...[element("d7", number(1)), element("73c5", number(1)), element("83", number(1))],
    ...[element("86", Buffer.from("V_VP8")), element("e0", video)],
  ]);
  return Buffer.concat([
    element("1a45dfa3", Buffer.concat([element("4282", Buffer.from("webm")), element("4287", number(2))])),
    element(
      "18538067",
      Buffer.concat([
        element("1549a966", Buffer.concat([element("2ad7b1", number(1_000_000)), element("4489", duration)])),
        element("1654ae6b", element("ae", track)),
        ...Array.from({ length: frames }, (_, at) => block(at)),
      ]),
    ),
  ]);
}

/** An element of EBML, its length in eight bytes. */
function element(id: string, content: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE((1n << 56n) | BigInt(content.length));
  return Buffer.concat([Buffer.from(id, "hex"), length, content]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
