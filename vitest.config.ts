import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    // Threads cannot run from source: tests start those that were built.
    alias: [
      {
        find: /^\.\/worker-script\.ts$/,
        replacement: fileURLToPath(new URL("test/support/worker-script.ts", import.meta.url)),
      },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Forks, not threads: tests change the working folder and the environment, and kill processes.
    pool: "forks",
  },
});
