/** Where contents are cut. */
import { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, CHUNK_TARGET_BYTES, chunkLengths } from "../../../src/chunking/index.ts";
import { hashContent } from "../../../src/digest/index.ts";
import { ChunkListBuilder } from "../../../src/manifest/index.ts";
import { seededBytes } from "./shape.ts";

/** A content that vectors describe instead of holding it. */
export interface DescribedContent {
  /** "seeded": the generator; "byte": one value repeated; "period": a seeded piece repeated. */
  readonly kind: "seeded" | "byte" | "period";
  readonly seed: number;
  readonly length: number;
  readonly period?: number;
}

export function contentOf(described: DescribedContent): Uint8Array {
  if (described.kind === "byte") return new Uint8Array(described.length).fill(described.seed);
  if (described.kind === "seeded") return seededBytes(described.seed, described.length);
  const piece = seededBytes(described.seed, described.period as number);
  return Uint8Array.from({ length: described.length }, (_, at) => piece[at % piece.length] as number);
}

const lengths = [
  0,
  1,
  CHUNK_MIN_BYTES - 1,
  CHUNK_MIN_BYTES,
  CHUNK_MIN_BYTES + 1,
  CHUNK_TARGET_BYTES,
  CHUNK_TARGET_BYTES + 1,
  CHUNK_MAX_BYTES,
  CHUNK_MAX_BYTES + 1,
  3_000_000,
];

export function chunks(): unknown {
  const contents: DescribedContent[] = [
    ...lengths.map((length) => ({ kind: "seeded", seed: 11, length }) as const),
    { kind: "seeded", seed: 12, length: 3_000_000 },
    { kind: "byte", seed: 0, length: CHUNK_MAX_BYTES * 2 + 5 },
    { kind: "byte", seed: 255, length: CHUNK_MAX_BYTES + CHUNK_MIN_BYTES },
    { kind: "period", seed: 13, length: 1_000_000, period: 70_000 },
  ];
  return {
    about: "Lengths of the chunks of contents, their digests, and the root of the chunk list where there is one.",
    contents: contents.map((content) => {
      const bytes = contentOf(content);
      const found = chunkLengths(bytes);
      const list = new ChunkListBuilder({ writeNode: () => {} });
      let at = 0;
      for (const length of found) {
        list.add({ digest: hashContent(bytes.subarray(at, at + length)), length });
        at += length;
      }
      return { ...content, digest: hashContent(bytes), chunks: found, chunkList: list.finish() ?? null };
    }),
  };
}
