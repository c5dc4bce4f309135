// Installs what the lockfile names, unless it is installed: so that one command is all the set-up there is.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Says of which lockfile everything was tried, so that what cannot be built here is not tried each time. */
const tried = `${root}node_modules/.tried`;

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(root + file, "utf8")).packages;
  } catch {
    return {};
  }
}

function isTried() {
  try {
    return readFileSync(tried, "utf8") === digestOfLock();
  } catch {
    return false;
  }
}

function digestOfLock() {
  return createHash("sha256")
    .update(readFileSync(`${root}package-lock.json`))
    .digest("hex");
}

function isInstalled() {
  const installed = packagesOf("node_modules/.package-lock.json");
  const packages = packagesOf("package-lock.json");
  // Of optional ones most are of other platforms; those that the project names itself may not have been there the last time.
  const own = isTried() ? {} : packages[""].optionalDependencies;
  const isWanted = (place, optional) => place !== "" && (!optional || place.replace("node_modules/", "") in own);
  for (const [place, { version, optional }] of Object.entries(packages)) {
    if (isWanted(place, optional) && installed[place]?.version !== version) return false;
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
  writeFileSync(tried, digestOfLock());
}
