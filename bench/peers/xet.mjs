import path from "node:path";
import { fileURLToPath } from "node:url";
import { pythonWith } from "./find.mjs";

const driver = fileURLToPath(new URL("xet-steps.py", import.meta.url));

/** The engine of the Hugging Face hub against a folder, which is no documented use of it; no memory of files that did not change. */
export function xet() {
  const found = pythonWith("xet", "hf-xet");
  return {
    name: "hf-xet",
    version: found?.version,
    note: "through its Python library, with a folder as endpoint",
    leavesOut: {},
    begin: ({ tree, store, home }) => {
      const call = (step, label, folder) => ({
        argv: [found.python, driver, step, store, path.join(home, `${label}.json`), folder],
      });
      return {
        init: () => [{ argv: ["mkdir", store] }],
        add: (label) => [call("add", label, tree)],
        restore: (label, target) => [call("restore", label, target)],
      };
    },
  };
}
