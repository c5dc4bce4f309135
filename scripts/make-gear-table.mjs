// Prints the gear table of format 1 from its published seed, as it stands in src/chunking/gear.ts.
// The test of the room chunking makes it again and compares.
import { createRequire } from "node:module";

const { Blake3Hasher } = createRequire(import.meta.url)("@napi-rs/blake-hash");
const table = Buffer.alloc(1024);
for (let byte = 0; byte < 256; byte++) {
  Blake3Hasher.deriveKey("artifold format 1 gear table", Uint8Array.of(byte)).copy(table, byte * 4, 0, 4);
}
for (let at = 0; at < 1024; at += 32) {
  const words = [];
  for (let offset = 0; offset < 32; offset += 4) {
    words.push(
      `0x${table
        .readUInt32LE(at + offset)
        .toString(16)
        .padStart(8, "0")}`,
    );
  }
  console.log(`  ${words.join(", ")},`);
}
