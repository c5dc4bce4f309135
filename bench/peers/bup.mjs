import { program, versionIn } from "./find.mjs";

/** Chunks in git packs. */
export function bup() {
  const bup = program("bup");
  return {
    name: "bup",
    version: bup && versionIn([bup, "--version"]),
    leavesOut: {},
    begin: ({ tree, store }) => {
      const call = (...args) => ({ argv: [bup, ...args], env: { BUP_DIR: store } });

      return {
        init: () => [call("init")],
        add: (label) => [call("index", tree), call("save", "--quiet", "--strip", "-n", label, tree)],
        restore: (label, target) => [call("restore", "--quiet", "-C", target, `/${label}/latest/.`)],
        verify: () => [call("fsck")],
      };
    },
  };
}
