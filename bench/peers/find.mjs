/** Finds what install-peers.sh installed, and programs of the system. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const installed =
  process.env.ARTIFOLD_BENCH_PEERS ?? fileURLToPath(new URL("../../node_modules/.cache/bench-peers", import.meta.url));

/** A program: of the peer's own folder where it has one, else of the search path; `undefined` where there is none. */
export function program(name, peer = name) {
  const own = path.join(installed, peer, "bin", name);
  if (existsSync(own)) return own;
  const { status, stdout } = spawnSync("sh", ["-c", 'command -v "$0"', name], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The first number that a command prints; `undefined` where it fails. */
export function versionIn(argv, env = {}) {
  const { status, stdout } = spawnSync(argv[0], argv.slice(1), { encoding: "utf8", env: { ...process.env, ...env } });
  return status === 0 ? /\d+(\.\d+)*/.exec(stdout)?.[0] : undefined;
}

/** The Python of a peer's own environment, if it has the package. */
export function pythonWith(peer, distribution) {
  const python = path.join(installed, peer, "bin", "python");
  if (!existsSync(python)) return undefined;
  const version = versionIn([python, "-c", `import importlib.metadata as m; print(m.version("${distribution}"))`]);
  return version === undefined ? undefined : { python, version };
}
