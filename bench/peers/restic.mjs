import { program, versionIn } from "./find.mjs";

/** Encrypts always. */
export function restic() {
  const restic = program("restic");
  return {
    name: "restic",
    version: restic && versionIn([restic, "version"]),
    note: "encrypts",
    leavesOut: {},
    begin: ({ tree, store }) => {
      const call = (cwd, ...args) => ({
        argv: [restic, "--quiet", "--repo", store, ...args],
        cwd,
        env: { RESTIC_PASSWORD: "bench" },
      });
      return {
        init: () => [call(undefined, "init")],
        add: (label) => [call(tree, "backup", "--tag", label, ".")],
        restore: (label, target) => [call(undefined, "restore", "latest", "--tag", label, "--target", target)],
        verify: () => [call(undefined, "check", "--read-data")],
      };
    },
  };
}
