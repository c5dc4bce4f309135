import { program, versionIn } from "./find.mjs";

/** Without encryption; lz4, its default. */
export function borg() {
  const borg = program("borg");
  return {
    name: "borg",
    version: borg && versionIn([borg, "--version"]),
    note: "lz4",
    leavesOut: {},
    begin: ({ tree, store, home }) => {
      const env = { BORG_BASE_DIR: home, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes" };
      const call = (cwd, ...args) => ({ argv: [borg, ...args], cwd, env });
      return {
        init: () => [call(undefined, "init", "--encryption", "none", store)],
        add: (label) => [call(tree, "create", `${store}::${label}`, ".")],
        restore: (label, target) => [call(target, "extract", `${store}::${label}`)],
        verify: () => [call(undefined, "check", "--verify-data", store)],
      };
    },
  };
}
