// Makes src/chunking/gear-wasm.ts from src/chunking/gear.wat. With --check it only says whether that is what is there.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import loadWabt from "wabt";

const place = (name) => fileURLToPath(new URL(`../src/chunking/${name}`, import.meta.url));

/** The module of a text. */
async function assemble(text) {
  const wabt = await loadWabt();
  return Buffer.from(wabt.parseWat("gear.wat", unrolled(text), { simd: true, threads: true }).toBinary({}).buffer);
}

/** Writes out what is to be there several times: `{1024 + n}` becomes a number. */
function unrolled(text) {
  return text.replace(/ *;; unroll (\d+)\n(.*?) *;; end\n/gs, (_, times, body) =>
    Array.from({ length: Number(times) }, (__, n) =>
      body.replace(/\{(\d+) \+ n\}/g, (___, base) => String(Number(base) + n)),
    ).join(""),
  );
}

const bytes = await assemble(readFileSync(place("gear.wat"), "utf8"));
const lines = bytes.toString("base64").match(/.{1,112}/g);
const text = `/** The module that scripts/make-gear-wasm.mjs made of gear.wat: ${bytes.length} bytes. */
const base64: string =
${lines.map((line) => `  "${line}"`).join(" +\n")};

/** The module's bytes. */
export function gearModule(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
`;
if (process.argv.includes("--check")) process.exit(readFileSync(place("gear-wasm.ts"), "utf8") === text ? 0 : 1);
writeFileSync(place("gear-wasm.ts"), text);
