/** artifold as a contender: its built command, a whole process for each step. */
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const command = [process.execPath, cli];
const names = ["--name", "bench", "--type", "dataset"];

/** Takes part in the steps of one corpus in one run. */
export function artifold() {
  const versionOf = new Map();
  const call = (place, ...args) => [{ argv: [...command, ...args, "--store", place.store, "--json", "--no-progress"] }];
  return {
    name: "artifold",
    // The first upload makes the store.
    init: () => [],
    upload: (place) => call(place, "upload", place.tree, "--mirror", ...names),
    download: (place, version, target) => call(place, "download", `bench:${versionOf.get(version)}`, "--to", target),
    switchTo: (place, version, target) => call(place, "download", `bench:${versionOf.get(version)}`, "--to", target),
    verify: (place) => call(place, "verify"),
    /** What an upload printed. */
    read: (version, stdout) => {
      const result = JSON.parse(stdout);
      if (result.version !== undefined && version !== undefined) versionOf.set(version, result.version);
      return result;
    },
  };
}

export function artifoldVersion() {
  return spawnSync(process.execPath, [cli, "--version"]).stdout.toString().trim();
}

export const library = path.join(path.dirname(cli), "index.js");
