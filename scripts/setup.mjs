// Installs what the lockfile names, unless it is installed: so that one command is all the set-up there is.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(root + file, "utf8")).packages;
  } catch {
    return {};
  }
}

function isInstalled() {
  const installed = packagesOf("node_modules/.package-lock.json");
  for (const [place, { version, optional }] of Object.entries(packagesOf("package-lock.json"))) {
    // Optional ones are those of other platforms too.
    if (place !== "" && !optional && installed[place]?.version !== version) return false;
  }
  try {
    // Built for another Node, it is there and does not load.
    const Database = createRequire(`${root}package.json`)("better-sqlite3");
    new Database(":memory:").close();
    return true;
  } catch {
    return false;
  }
}

if (!isInstalled()) {
  console.error("Installing dependencies (native parts are built from source where they have no binary: some minutes)");
  const { status } = spawnSync("npm", ["ci"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}
