import path from "node:path";
import { program, versionIn } from "./find.mjs";

/** One file a chunk, and no memory of files that did not change. */
export function casync() {
  const casync = program("casync");
  return {
    name: "casync",
    version: casync && versionIn([casync, "--version"]),
    leavesOut: {},
    begin: ({ tree, store }) => {
      const index = (label) => path.join(store, `${label}.caidx`);
      const chunks = `--store=${path.join(store, "default.castr")}`;
      return {
        init: () => [{ argv: ["mkdir", store] }],
        add: (label) => [{ argv: [casync, "make", chunks, index(label), tree] }],
        restore: (label, target) => [{ argv: [casync, "extract", chunks, index(label), target] }],
      };
    },
  };
}
