// Makes dist: the bundles, their types, a command that can be started, and the dashboard.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { build as buildWeb } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

/** Makes bundles. All lie in one folder: the worker's script is found beside whatever file starts it. */
function bundle(input, output, define = {}) {
  return build({
    cwd: root,
    input,
    platform: "node",
    external: [/^node:/, ...Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })],
    transform: { define: { ARTIFOLD_VERSION: JSON.stringify(manifest.version), ...define } },
    logLevel: "warn",
    output: { dir: "dist", sourcemap: true, ...output },
  });
}

await bundle(
  {
    index: "src/index.ts",
    server: "src/server/index.ts",
    client: "src/client/index.ts",
    testing: "src/testing/index.ts",
  },
  { format: "esm", entryFileNames: "[name].js", chunkFileNames: "chunk-[name]-[hash].js", cleanDir: true },
);
// An upload of a small unchanged folder is mostly the start of the command. It does without the loader of modules, names and
// spaces, and what V8 makes of it is kept (src/platform/code-cache.ts). It prints no stack that names would be for.
const command = {
  format: "cjs",
  dynamicImportInCjs: false,
  entryFileNames: "[name].cjs",
  cleanDir: false,
  minify: true,
  sourcemap: false,
};
const { output } = await bundle(
  { command: "src/cli/main.ts" },
  { ...command, chunkFileNames: "command-[name]-[hash].cjs" },
);
const commandBuild = createHash("sha256");
for (const { code } of output) commandBuild.update(code);
await bundle({ cli: "src/cli/start.ts" }, command, {
  COMMAND_BUILD: JSON.stringify(commandBuild.digest("hex").slice(0, 16)),
});
// Each thread loads this anew: one file, and without the loader of modules, takes half the time.
await bundle(
  { "content-worker": "src/worktree/content-worker.ts" },
  { format: "cjs", entryFileNames: "[name].cjs", cleanDir: false },
);
execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
// What tests look at is what is shipped, whatever they say of where they run.
process.env.NODE_ENV = "production";
await buildWeb({ configFile: `${root}vite.config.ts` });
// As npm does when it installs a package.
chmodSync(`${root}dist/cli.cjs`, 0o755);
