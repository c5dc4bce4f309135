/** Eight releases of one package, each on the last: how a program's files change. From the npm registry. */
import { execFileSync, spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { replaceFile } from "./files.mjs";

const PACKAGE = "typescript";
const RELEASES = ["5.4.2", "5.4.3", "5.4.4", "5.4.5", "5.5.2", "5.5.3", "5.5.4", "5.6.2"];

/** Steps of the later releases. */
export const laterReleases = RELEASES.slice(1).map((release) => `release-${release}`);

/** Releases of typescript; always all of them. */
export function npm() {
  const folderOf = (master, release) => path.join(master, release);
  return {
    about: `${RELEASES.length} releases of ${PACKAGE}, ${RELEASES[0]} to ${RELEASES.at(-1)}, each on the last`,
    missing: () => {
      const { status } = spawnSync("npm", ["view", `${PACKAGE}@${RELEASES[0]}`, "version"], { stdio: "ignore" });
      return status === 0 ? undefined : "the npm registry does not answer";
    },
    make: (tree, master) => {
      for (const release of RELEASES) unpack(release, folderOf(master, release));
      replaceTree(folderOf(master, RELEASES[0]), tree);
    },
    changes: Object.fromEntries(
      RELEASES.slice(1).map((release, index) => [
        laterReleases[index],
        { about: `release ${release}`, make: (tree, master) => replaceTree(folderOf(master, release), tree) },
      ]),
    ),
    steps: ["first", "unchanged", ...laterReleases, "download", "verify"],
  };
}

function unpack(release, folder) {
  mkdirSync(folder, { recursive: true });
  const options = ["--silent", "--pack-destination", folder];
  const file = execFileSync("npm", ["pack", `${PACKAGE}@${release}`, ...options], { encoding: "utf8" }).trim();
  execFileSync("tar", ["-xzf", file, "--strip-components=1"], { cwd: folder });
  rmSync(path.join(folder, file));
}

/** Makes a folder equal to another, and touches only what differs, as an installer that knows its work. */
function replaceTree(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(to))
    if (!exists(path.join(from, name))) rmSync(path.join(to, name), { recursive: true });
  for (const name of readdirSync(from)) {
    const [source, target] = [path.join(from, name), path.join(to, name)];
    const stat = lstatSync(source);
    if (stat.isDirectory()) replaceTree(source, target);
    else {
      const bytes = readFileSync(source);
      if (!exists(target) || !bytes.equals(readFileSync(target))) replaceFile(target, bytes, stat.mode);
    }
  }
}

function exists(file) {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
