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

/** A tenth of a second of silence as WAV: 8,000 samples a second of 8 bits. */
export function sound(): Buffer {
  const samples = Buffer.alloc(800, 128);
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
