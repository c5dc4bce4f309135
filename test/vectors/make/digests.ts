/** Digests of content, and of our own things by their contexts. */
import { gearTable } from "../../../src/chunking/index.ts";
import { hashContent, hashWithContext } from "../../../src/digest/index.ts";
import { hex, seededBytes } from "./shape.ts";

/** Every context of format 1. */
export const CONTEXTS = [
  "artifold format 1 gear table",
  "artifold format 1 manifest node",
  "artifold format 1 chunk list node",
  "artifold format 1 version record",
  "artifold format 1 run record",
  "artifold format 1 table",
  "artifold format 1 journal segment head",
  "artifold format 1 journal record",
  "artifold format 1 place hints",
  "artifold format 1 log step",
  "artifold format 1 experiment",
  "artifold format 1 index head",
  "artifold format 1 index filter",
  "artifold format 1 index page",
] as const;

export function digests(): unknown {
  const inputs = [new Uint8Array(), Uint8Array.of(0), new TextEncoder().encode("abc"), seededBytes(1, 1025)];
  return {
    about: "Plain BLAKE3 of content, and BLAKE3 in key-derivation mode for each context. Inputs are hex.",
    content: [
      ...inputs.map((input) => ({ input: hex(input), digest: hashContent(input) })),
      { seed: 7, length: 1_000_000, digest: hashContent(seededBytes(7, 1_000_000)) },
    ],
    contexts: CONTEXTS.flatMap((context) =>
      inputs.slice(0, 3).map((input) => ({ context, input: hex(input), digest: hashWithContext(context, input) })),
    ),
  };
}

export function gear(): unknown {
  const bytes = new Uint8Array(gearTable.buffer.slice(0));
  return {
    about: "The 256 words of the gear table, as numbers, and the plain BLAKE3 of them as 1,024 bytes, little-endian.",
    words: [...gearTable].map((word) => word >>> 0),
    digest: hashContent(bytes),
  };
}
