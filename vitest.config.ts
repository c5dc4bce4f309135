import { availableParallelism } from "node:os";
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
    // The command keeps there what V8 made of it: not among the user's things, and once for all tests.
    env: { XDG_CACHE_HOME: fileURLToPath(new URL("node_modules/.cache/artifold-tests", import.meta.url)) },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Forks, not threads: tests change the working folder and the environment, and kill processes.
    pool: "forks",
    // Two on two cores as well: tests often wait for a disk or for a process of their own.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
