import { readFileSync } from "node:fs";
import { defineConfig } from "rolldown";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as {
  version: string;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

// A command starts several times faster from a few files than from a hundred modules.
export default defineConfig({
  input: {
    index: "src/index.ts",
    testing: "src/testing/index.ts",
    cli: "src/cli/main.ts",
    "content-worker": "src/worktree/content-worker.ts",
  },
  platform: "node",
  external: [/^node:/, ...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })],
  transform: { define: { ARTIFOLD_VERSION: JSON.stringify(manifest.version) } },
  output: {
    dir: "dist",
    format: "esm",
    sourcemap: true,
    entryFileNames: "[name].js",
    // All in one folder: the worker's script is found beside whatever file starts it.
    chunkFileNames: "chunk-[name]-[hash].js",
    cleanDir: true,
  },
});
