/** Other tools that keep versions of folders, each with its own defaults. One that is not installed is not measured. */
import { spawnSync } from "node:child_process";
import path from "node:path";

const peers = { restic, borg, git, dvc };

/** The peers found on the search path, with their versions. */
export function installedPeers(wanted) {
  const found = [];
  for (const [name, make] of Object.entries(peers)) {
    if (wanted !== "all" && !wanted.includes(name)) continue;
    const version = nameAndVersion(name, name === "restic" ? "version" : "--version");
    if (version !== undefined) found.push({ name, version, make });
  }
  return found;
}

function nameAndVersion(program, argument) {
  const { status, stdout } = spawnSync(program, [argument], { env: { ...process.env, DVC_NO_ANALYTICS: "1" } });
  return status === 0 ? `${program} ${/\d+(\.\d+)+/.exec(stdout.toString())?.[0]}` : undefined;
}

/** Encrypts always. */
function restic() {
  const call = (place, args, cwd) => ({
    argv: ["restic", "--quiet", "--repo", place.store, "--cache-dir", path.join(place.scratch, "cache"), ...args],
    env: { RESTIC_PASSWORD: "bench" },
    ...(cwd !== undefined && { cwd }),
  });
  const restore = (place, version, target) => [
    call(place, ["restore", "latest", "--tag", version, "--target", target]),
  ];
  return {
    name: "restic",
    leavesOut: {},
    init: (place) => [call(place, ["init"])],
    upload: (place, version) => [call(place, ["backup", "--tag", version, "."], place.tree)],
    download: restore,
    switchTo: restore,
    verify: (place) => [call(place, ["check", "--read-data"])],
  };
}

/** Without encryption; compression lz4, its default. */
function borg() {
  const call = (place, args, cwd) => ({
    argv: ["borg", ...args],
    env: { BORG_BASE_DIR: place.scratch, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes" },
    ...(cwd !== undefined && { cwd }),
  });
  const extract = (place, version, target) => [call(place, ["extract", `${place.store}::${version}`], target)];
  return {
    name: "borg",
    leavesOut: {},
    init: (place) => [call(place, ["init", "--encryption", "none", place.store])],
    upload: (place, version) => [call(place, ["create", `${place.store}::${version}`, "."], place.tree)],
    download: extract,
    switchTo: extract,
    verify: (place) => [call(place, ["check", "--verify-data", place.store])],
  };
}

/** Loose objects, no gc: what `git add` and `git commit` do by themselves. */
function git() {
  const call = (place, args, cwd) => ({
    argv: ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0", ...args],
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
    cwd: cwd ?? place.tree,
  });
  const inStore = (place, ...args) => ["--git-dir", place.store, ...args];
  return {
    name: "git",
    leavesOut: {
      large: "compresses 2 GiB with zlib on one core: minutes for each version",
      tiny: "one file an object",
      "tiny-tenth": "one file an object",
    },
    init: (place) => [call(place, ["init", "--quiet", "--bare", place.store])],
    upload: (place, version) => {
      const git = "git -c user.name=bench -c user.email=bench@localhost -c gc.auto=0";
      const script = `${git} add -A && { ${git} diff --cached --quiet || ${git} commit -qm "$0"; } && ${git} tag "$0"`;
      const { env } = call(place, []);
      return [
        {
          argv: ["sh", "-c", script, version],
          env: { ...env, GIT_DIR: place.store, GIT_WORK_TREE: place.tree },
          cwd: place.tree,
        },
      ];
    },
    download: (place, version, target) => [
      call(place, inStore(place, "worktree", "add", "--quiet", "--force", "--detach", target, version)),
    ],
    switchTo: (place, version, target) => [call(place, ["checkout", "--quiet", "--detach", version], target)],
    verify: (place) => [call(place, inStore(place, "fsck", "--full"))],
  };
}

/** Copies between workspace and cache (its default where the file system cannot clone); no git beside it. */
function dvc() {
  const call = (place, args, cwd, untimed = false) => ({
    argv: ["dvc", ...args],
    env: { DVC_NO_ANALYTICS: "1", DVC_SITE_CACHE_DIR: path.join(place.scratch, "site"), CI: "1" },
    cwd,
    untimed,
  });
  const plain = (argv, cwd) => ({ argv, cwd, untimed: true });
  const workspace = (place, cwd) => [
    call(place, ["init", "--no-scm", "--force", "--quiet"], cwd, true),
    call(place, ["cache", "dir", place.store], cwd, true),
  ];
  const pointer = (place, version) => path.join(place.scratch, `${version}.pointer`);
  const checkout = (place, version, target) => [
    plain(["cp", pointer(place, version), path.join(target, "tree.dvc")], target),
    call(place, ["checkout", "--quiet"], target),
  ];
  return {
    name: "dvc",
    leavesOut: { tiny: "one file an object", "tiny-tenth": "one file an object" },
    init: (place) => workspace(place, path.dirname(place.tree)),
    upload: (place, version) => {
      const cwd = path.dirname(place.tree);
      return [call(place, ["add", "--quiet", "tree"], cwd), plain(["cp", "tree.dvc", pointer(place, version)], cwd)];
    },
    download: (place, version, target) => [...workspace(place, target), ...checkout(place, version, target)],
    switchTo: checkout,
    verify: undefined,
  };
}
