// Writes the golden vectors of the format into test/vectors. The test of the vectors makes them again and compares.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const bundle = path.join(root, "dist", "make-vectors.js");

await build({
  cwd: root,
  input: "test/vectors/make/index.ts",
  platform: "node",
  external: /^[^./]/,
  output: { file: bundle, format: "esm" },
});
const { makeVectors } = await import(pathToFileURL(bundle).href);
for (const [name, text] of await makeVectors()) fs.writeFileSync(path.join(root, "test", "vectors", name), text);
fs.rmSync(bundle);
