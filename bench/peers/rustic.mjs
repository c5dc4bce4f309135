import { program, versionIn } from "./find.mjs";

/** Encrypts always. */
export function rustic() {
  const rustic = program("rustic");
  return {
    name: "rustic",
    version: rustic && versionIn([rustic, "--version"]),
    note: "encrypts; built without link-time optimisation",
    leavesOut: {},
    begin: ({ tree, store }) => {
      const env = { RUSTIC_PASSWORD: "bench", RUSTIC_NO_PROGRESS: "true" };
      const call = (cwd, ...args) => ({ argv: [rustic, "--repo", store, "--log-level", "warn", ...args], cwd, env });
      return {
        init: () => [call(undefined, "init")],
        add: (label) => [call(tree, "backup", "--label", label, ".")],
        restore: (label, target) => [call(undefined, "restore", "--filter-label", label, "latest", target)],
        verify: () => [call(undefined, "check", "--read-data")],
      };
    },
  };
}
