import path from "node:path";
import { program, versionIn } from "./find.mjs";

/** Whole files by MD5, with its default way into and out of the cache: a clone where that can be, else a copy. No git beside it. */
export function dvc() {
  const dvc = program("dvc");
  const env = { DVC_NO_ANALYTICS: "1", CI: "1" };
  return {
    name: "dvc",
    version: dvc && versionIn([dvc, "--version"], env),
    note: "whole files",
    leavesOut: {},
    begin: ({ workspace, store, home }) => {
      const siteCache = { ...env, DVC_SITE_CACHE_DIR: path.join(home, "site") };
      const call = (cwd, ...args) => ({ argv: [dvc, ...args], cwd, env: siteCache });
      const untimed = (command) => ({ ...command, untimed: true });
      const pointer = (label) => path.join(home, `${label}.pointer`);
      const prepare = (cwd) =>
        [call(cwd, "init", "--no-scm", "--force", "--quiet"), call(cwd, "cache", "dir", store)].map(untimed);
      // The tree is one folder of a workspace, so a download comes to lie in a folder of that name.
      const checkout = (label, target) => [
        untimed({ argv: ["cp", pointer(label), path.join(target, "tree.dvc")] }),
        call(target, "checkout", "--quiet"),
      ];
      return {
        init: () => prepare(workspace),
        add: (label) => [
          call(workspace, "add", "--quiet", "tree"),
          untimed({ argv: ["cp", path.join(workspace, "tree.dvc"), pointer(label)] }),
        ],
        restore: (label, target) => [...prepare(target), ...checkout(label, target)],
        restored: (target) => path.join(target, "tree"),
        switchTo: checkout,
      };
    },
  };
}
