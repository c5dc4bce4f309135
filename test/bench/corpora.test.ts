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
