/** The corpora of the benchmark are the same on every machine: what they hold, scaled down, is pinned. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";

interface Change {
  make(tree: string, master: string): void;
}

interface Corpus {
  readonly steps: readonly string[];
  readonly changes: Readonly<Record<string, Change>>;
  make(tree: string, master: string): void;
}

const load = (name: string): Promise<unknown> =>
  import(pathToFileURL(fileURLToPath(new URL(`../../bench/${name}`, import.meta.url))).href);
const { corpusOf } = (await load("corpora/index.mjs")) as { corpusOf(name: string, scale: number): Corpus };
const { digestOf } = (await load("trees.mjs")) as { digestOf(folder: string): string };

const work = mkdtempSync(path.join(os.tmpdir(), "artifold-corpora-"));
afterEach(() => rmSync(work, { recursive: true, force: true }));

test.each([
  ["small", { first: "145442f1765069c7", oneFile: "23a953b2686f7ffc", v2: "ebd47941e2e78c9e" }],
  ["big", { first: "fc31dd186b02921b", v2: "dad46af1e5ad7497" }],
  ["text", { first: "3b523e0240db4bf2" }],
  ["tiny", { first: "9a828b5374cd8f0a", oneFile: "dd0ed1b5c216c111" }],
  ["photos", { first: "67541533fba44e6f", v2: "b26d774210b89c05" }],
  ["checkpoints", { first: "3c7b5c5b959b9d71", v2: "4778f2bc4650712c" }],
  // Written by SQLite, which puts its own version into the file: another version of better-sqlite3 gives other digests.
  ["database", { first: "0ee9fdea7b2a45aa", v2: "b5665fc89d7e3800" }],
  ["logs", { first: "83e387f279737d8a", v2: "ef2c18d20c8cac98" }],
  ["documents", { first: "09bbadc1876eeca6", v2: "df2b63c75542cd52" }],
  ["column", { first: "7845c957b8778708", v2: "0cc8b1bec33ae112" }],
  ["archive", { first: "9c2580689de4f274", v2: "ca0b3a640f005c1f" }],
  ["deep", { first: "0b662cedf781657c", v2: "22e0d81c90d6d90f" }],
])("%s is what it was, and so is each of its changes", (name, expected) => {
  const corpus = corpusOf(name, 0.001);
  const tree = path.join(work, "tree");
  corpus.make(tree, work);
  const digests: Record<string, string> = { first: digestOf(tree).slice(0, 16) };
  for (const step of corpus.steps) {
    const change = corpus.changes[step];
    change?.make(tree, work);
    if (change !== undefined) digests[step] = digestOf(tree).slice(0, 16);
  }
  expect(digests).toEqual(expected);
});
