/** All vectors of the format, by the names of their files. */
import { adopted } from "./adopted.ts";
import { chunkLists } from "./chunk-lists.ts";
import { chunks } from "./chunking.ts";
import { codec } from "./codec.ts";
import { digests, gear } from "./digests.ts";
import { entries, paths } from "./entries.ts";
import { frames } from "./frames.ts";
import { journals } from "./journals.ts";
import { manifests } from "./manifests.ts";
import { packs, tables } from "./packs.ts";
import { remotes } from "./remotes.ts";
import { runs } from "./runs.ts";
import { stores } from "./stores.ts";
import { versions } from "./versions.ts";

/** Makes every vector anew: file name and text. */
export async function makeVectors(): Promise<Map<string, string>> {
  const all: Record<string, unknown> = {
    digests: digests(),
    gear: gear(),
    chunks: chunks(),
    codec: codec(),
    paths: paths(),
    entries: entries(),
    manifests: await manifests(),
    "chunk-lists": chunkLists(),
    versions: versions(),
    runs: runs(),
    frames: frames(),
    tables: tables(),
    packs: packs(),
    adopted: adopted(),
    journals: journals(),
    stores: stores(),
    remotes: remotes(),
  };
  return new Map(Object.entries(all).map(([name, vector]) => [`${name}.json`, layOut(vector)]));
}

/** JSON with one value a line down to the second depth, so that a change shows as a few lines. */
function layOut(vector: unknown): string {
  const parts = Object.entries(vector as Record<string, unknown>).map(([key, value]) => {
    if (!Array.isArray(value) || value.length === 0) return `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
    return `${JSON.stringify(key)}: [\n${value.map((each) => `    ${JSON.stringify(each)}`).join(",\n")}\n  ]`;
  });
  return `{\n${parts.map((part) => `  ${part}`).join(",\n")}\n}\n`;
}
