import path from "node:path";
import { program, versionIn } from "./find.mjs";

const settings = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0"].join(" ");

/** Loose objects, no gc: what `git add` and `git commit` do by themselves. */
export function git() {
  const git = program("git");
  return {
    name: "git",
    version: git && versionIn([git, "--version"]),
    note: "no gc",
    leavesOut: { big: "minutes for each version: all of it through zlib, on one core" },
    begin: (place) => inRepository(git, place, [], `${git} --git-dir "$0" fsck --full --no-progress`),
  };
}

/** All files in its own folder of objects, whole. */
export function gitLfs() {
  const git = program("git");
  const lfs = program("git-lfs");
  return {
    name: "git-lfs",
    version: git && lfs && versionIn([lfs, "version"]),
    note: "whole files",
    leavesOut: {},
    begin: (place) =>
      inRepository(
        git,
        place,
        [
          `${git} lfs install --skip-repo`,
          `mkdir -p ${path.join(place.store, "info")}`,
          // The attributes of a tree are not to be changed: those of the repository stand above them.
          `echo '* filter=lfs diff=lfs merge=lfs -text' > ${path.join(place.store, "info", "attributes")}`,
        ],
        `${git} --git-dir "$0" lfs fsck`,
      ),
  };
}

/** The repository lies outside of the tree. Ignore files of the tree do not count: all of it is to be kept. */
function inRepository(git, { tree, store, home }, prepare, check) {
  const outside = { GIT_CONFIG_GLOBAL: path.join(home, ".gitconfig"), GIT_CONFIG_SYSTEM: "/dev/null" };
  const inside = { ...outside, GIT_DIR: store, GIT_WORK_TREE: tree };

  const addAndCommit = `${git} ${settings} add -A -f && { ${git} diff --cached --quiet || ${git} ${settings} commit -qm "$0"; } && ${git} tag "$0"`;
  return {
    init: () => [
      { argv: ["sh", "-c", [`${git} init --quiet --bare ${store}`, ...prepare].join(" && ")], env: outside },
    ],
    add: (label) => [{ argv: ["sh", "-c", addAndCommit, label], env: inside, cwd: tree }],
    restore: (label, target) => [
      {
        argv: [git, "--git-dir", store, "worktree", "add", "--quiet", "--force", "--detach", target, label],
        env: outside,
      },
    ],
    // What git leaves in a working tree to find its repository.
    foreign: ".git",
    switchTo: (label, target) => [{ argv: [git, "checkout", "--quiet", "--detach", label], env: outside, cwd: target }],
    verify: () => [{ argv: ["sh", "-c", check, store], env: outside }],
  };
}
