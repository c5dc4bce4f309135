/** artifold as a contender: its built command, a whole process for each step; with its native zstd, and without. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const OPTIONAL = "zstd-napi";

/** The built command, as a contender in one run. */
export function artifold() {
  return contender("artifold", path.join(root, "dist", "cli.cjs"));
}

/**
 * The same where the optional dependency is not installed: a copy of `dist` beside links to all other packages. That is what
 * `npm install --omit=optional` gives.
 *
 * @param work folder for the copy
 */
export function artifoldWithoutNative(work) {
  const folder = path.join(work, "without-native");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, "node_modules"), { recursive: true });
  for (const name of ["dist", "package.json"])
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  for (const name of readdirSync(path.join(root, "node_modules"))) {
    if (name === OPTIONAL || name.startsWith(".")) continue;
    symlinkSync(path.join(root, "node_modules", name), path.join(folder, "node_modules", name));
  }
  return contender("artifold-wasm", path.join(folder, "dist", "cli.cjs"));
}

function contender(name, cli) {
  if (!existsSync(cli)) throw new Error(`${cli} is not built: npm run build`);
  const run = (...args) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" }).stdout;
  const knowsLater = /--verify[ =]/.test(run("download", "--help"));
  const zstd = JSON.parse(run("doctor", "--json", "--store", "/nonexistent")).findings.find(
    (each) => each.name === "zstd",
  );
  return {
    name,
    version: `${run("--version").trim()} with zstd by ${zstd.value}`,
    note: zstd.value === "wasm" ? "zstd in WebAssembly" : undefined,
    leavesOut: {},
    begin: (place) => steps([process.execPath, cli], knowsLater, place),
  };
}

function steps(command, knowsLater, { tree, store }) {
  const made = new Map();
  const call = (...args) => [{ argv: [...command, ...args, "--store", store, "--json", "--no-progress"] }];
  const download = (label, target, ...args) => call("download", `bench:${made.get(label)}`, "--to", target, ...args);
  return {
    add: () => call("upload", tree, "--mirror", "--name", "bench", "--type", "dataset"),
    restore: download,
    restoreLater: knowsLater ? (label, target) => download(label, target, "--verify", "later") : undefined,
    switchTo: download,
    verify: () => call("verify"),
    /** What an upload printed. */
    added: (label, stdout) => {
      const { version, changed, writtenBytes, newBytes } = JSON.parse(stdout);
      made.set(label, version);
      return { reported: { changed, writtenBytes, newBytes } };
    },
  };
}
